"""The money-weighted return against counting sign changes of the present value on a fine grid."""

import numpy as np
import pytest

from nautilus.analytics import money_weighted_return
from nautilus.core.errors import DataError

GRID = np.unique(
    np.concatenate([np.geomspace(1e-6, 1.0, 4000) - 1.0, np.geomspace(1e-6, 1e4, 6000)])
)


def present_value(rates, amounts, days):
    years = (days - days[0]) / 365.0
    return (amounts / (1.0 + np.asarray(rates))[..., None] ** years).sum(axis=-1)


@pytest.mark.parametrize("seed", range(60))
def test_the_one_root_is_found_and_none_or_several_are_refused(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(2, 7)
    amounts = (rng.uniform(50, 150, size) * rng.choice([-1, 1], size)).round(2)
    amounts[:2] = -abs(amounts[0]), abs(amounts[1])
    days = 180.0 * np.sort(rng.choice(20, size, replace=False))
    values = present_value(GRID, amounts, days)
    changes = np.flatnonzero(np.sign(values[1:]) * np.sign(values[:-1]) < 0)
    if len(changes) != 1:
        with pytest.raises(DataError, match=f"have {len(changes) or 'no'} internal rate"):
            money_weighted_return(amounts, days)
        return
    found = money_weighted_return(amounts, days)
    assert GRID[changes[0]] <= found <= GRID[changes[0] + 1]
    size = np.abs(amounts / (1.0 + found) ** ((days - days[0]) / 365.0)).sum()
    assert abs(present_value(found, amounts, days)) <= 1e-12 * size
