"""Returns of today's holdings: the contributions' totals, joined by label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nautilus.analytics import backcast_returns, return_contributions
from nautilus.core.errors import DataError, LabelError, UnitError

DAYS = pd.bdate_range("2024-01-01", periods=40)
RETURNS = pd.DataFrame(
    np.random.default_rng(3).normal(0.0, 0.01, (40, 3)), index=DAYS, columns=["A", "B", "C"]
)


def test_it_is_the_total_of_the_contributions():
    weights = {"C": 0.2, "A": 0.5, "B": 0.3}
    expected = return_contributions(weights, RETURNS).period_portfolio_returns
    found = backcast_returns(weights, RETURNS)
    assert found.to_numpy() == pytest.approx(expected, abs=1e-16)
    assert found.index.equals(DAYS)


def test_what_is_not_held_may_be_unknown_and_the_rest_is_cash():
    holed = RETURNS.assign(C=np.nan)
    found = backcast_returns({"A": 0.5, "C": 0.0}, holed)
    assert found.to_numpy() == pytest.approx(0.5 * RETURNS["A"].to_numpy())


def test_what_is_refused():
    with pytest.raises(LabelError, match="a column for each weight, it lacks X"):
        backcast_returns({"X": 1.0}, RETURNS)
    with pytest.raises(DataError, match="`weights` of B must be finite"):
        backcast_returns({"A": 1.0, "B": np.nan}, RETURNS)
    with pytest.raises(DataError, match="`returns` of C must be known in every period"):
        backcast_returns({"A": 0.5, "C": 0.5}, RETURNS.assign(C=np.nan))
    with pytest.raises(UnitError, match="simple_returns"):
        backcast_returns({"A": 1.0}, 100.0 + RETURNS)
