"""Every indicator has a row, a stream and a warm-up that keeps its promise."""

import inspect

import numpy as np
import pytest

import nautilus as nt

from .cases import CASES
from .compare import assert_close, columns, parts
from .data import arrays

ROWS = [c for c in CASES if c.function.__module__.startswith("nautilus.indicators.") and c.inputs]
every = pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in ROWS])


@pytest.mark.parametrize("name", nt.indicators.available())
def test_every_available_indicator_is_public_and_has_a_row(name):
    assert name in nt.indicators.__all__
    assert [c for c in ROWS if c.function is getattr(nt.indicators, name)]


@every
def test_parameters_may_come_by_position(case):
    data = arrays(case, width=0)
    signature = inspect.signature(case.function).parameters
    positions = [case.parameters.get(n, p.default) for n, p in signature.items()][len(data) :]
    for a, b in zip(parts(case.function(*data, *positions)), parts(case(*data)), strict=True):
        np.testing.assert_array_equal(a, b)


@every
def test_the_first_value_comes_when_the_warm_up_says(case):
    bars = nt.indicators.warmup(case.function.__name__, **case.parameters)
    data = arrays(case, width=0)
    firsts = [np.flatnonzero(np.isfinite(columns(p)[:, 0]))[0] + 1 for p in parts(case(*data))]
    assert max(firsts) == bars.first


def remembering(case):
    return nt.indicators.warmup(case.function.__name__, **case.parameters).forget is None


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in ROWS if remembering(c)])
def test_what_never_forgets_goes_on_from_a_snapshot_alone(case):
    data = arrays(case, width=0, length=200)
    whole, late = case(*data), case(*[x[-60:] for x in data])
    assert any(
        not np.array_equal(columns(a)[-60:], columns(b))
        for a, b in zip(parts(whole), parts(late), strict=True)
    )


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in ROWS if not remembering(c)])
def test_a_start_from_a_tail_forgets_its_seed(case):
    bars = nt.indicators.warmup(case.function.__name__, **case.parameters)
    data = arrays(case, width=0, length=bars.forget + 300)
    whole, late = case(*data), case(*[x[-bars.forget :] for x in data])
    for a, b in zip(parts(late), parts(whole), strict=True):
        assert_close(columns(a)[-1] / 100.0, columns(b)[-1] / 100.0)


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in ROWS if c.nan == "skip"])
def test_an_infinite_bar_is_no_bar_either(case, bad):
    spoiled = arrays(case, width=0, length=60)
    for x in spoiled:
        x[[0, 7, 8, 40]] = bad
    missing = [np.where(np.isinf(x), np.nan, x) for x in spoiled]
    for a, b in zip(parts(case(*spoiled)), parts(case(*missing)), strict=True):
        np.testing.assert_array_equal(a, b)
