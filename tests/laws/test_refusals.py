"""Bad input gets an error that names the argument, says what came and loses nothing."""

import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus.core.errors import (
    DataError,
    NautilusError,
    OverlapError,
    ParameterError,
    ShapeError,
    TimeIndexError,
    UnitError,
)

from .cases import those
from .data import DAYS, LENGTH, arrays, pandas

every = pytest.mark.parametrize("case", those(lambda c: c.inputs))
of_returns = pytest.mark.parametrize("case", those(lambda c: "returns" in c.inputs))
against = pytest.mark.parametrize("case", those(lambda c: "benchmark_returns" in c.inputs))


def inputs(case, width=0):
    return [pandas(x) for x in arrays(case, width=width)]


def assert_refused(case, kind, data, words=""):
    with pytest.raises(kind) as caught:
        case(*data)
    assert isinstance(caught.value, NautilusError)
    assert words in str(caught.value)
    assert caught.value.field is None or caught.value.field in str(caught.value)


@every
def test_times_increase(case):
    first, *rest = inputs(case)
    assert_refused(
        case, TimeIndexError, [first[::-1], *rest], "must have strictly increasing times"
    )
    doubled = pd.concat([first.iloc[:5], first.iloc[4:-1]])
    assert_refused(case, TimeIndexError, [doubled, *rest], "is doubled")


@every
def test_words_are_no_numbers(case):
    first, *rest = inputs(case)
    assert_refused(case, DataError, [first.astype(str), *rest], "must hold numbers")
    words = pl.DataFrame({"day": DAYS[:3].to_list(), "KO": ["a", "b", "c"]})
    assert_refused(case, DataError, [words, *rest], "must hold numbers, got String in column 'KO'")
    assert_refused(case, DataError, [None, *rest], f"`{case.inputs[0]}` must be an array")


@every
def test_three_dimensions_and_ragged_rows_are_too_much(case):
    rest = arrays(case, width=0)[1:]
    assert_refused(case, ShapeError, [np.zeros((2, 2, 2)), *rest], "got 3-D")
    assert_refused(case, ShapeError, [[[1.0, 2.0], [3.0]], *rest], "ragged")


@pytest.mark.parametrize("case", those(lambda c: c.inputs and not c.panel))
def test_one_series_is_one_series(case):
    assert_refused(case, ShapeError, [pandas(x) for x in arrays(case, width=3)], "one series")


@of_returns
def test_prices_are_no_returns(case):
    first, *rest = inputs(case)
    prices = 100.0 * (1.0 + first).cumprod()
    assert_refused(case, UnitError, [prices, *rest], "`returns` look like prices")
    assert_refused(case, UnitError, [prices, *rest], "nautilus.analytics.simple_returns")


@against
def test_a_benchmark_of_prices_is_none(case):
    first, benchmark = inputs(case)
    prices = 100.0 * (1.0 + benchmark).cumprod()
    assert_refused(case, UnitError, [first, prices], "`benchmark_returns` look like prices")


def annual(case):
    return "periods_per_year" in inspect.signature(case.function).parameters


@pytest.mark.parametrize("case", those(lambda c: c.inputs and annual(c)))
def test_monthly_dates_are_not_taken_for_days(case):
    if inspect.signature(case.function).parameters["periods_per_year"].default is None:
        return
    months = pd.date_range("2000-01-31", periods=LENGTH, freq="ME")
    data = [pandas(x, months) for x in arrays(case, width=0)]
    assert_refused(case, UnitError, data, "the index is spaced monthly; pass 12.")


@against
def test_too_little_overlap_is_not_enough(case):
    first, benchmark = arrays(case, width=0)
    later = pandas(benchmark, DAYS[60:])
    assert_refused(case, OverlapError, [pandas(first), later], "of the first's times, need 90%")
    assert_refused(case, ShapeError, [first, benchmark[1:]], "must be of equal length")
    if "min_overlap" not in inspect.signature(case.function).parameters:
        return
    with pytest.raises(ParameterError, match="`min_overlap` must be in"):
        case.function(first, benchmark, **{**case.parameters, "min_overlap": 90})


@against
def test_naive_and_aware_times_do_not_mix(case):
    first, benchmark = arrays(case, width=0)
    aware = pandas(benchmark, DAYS.tz_localize("UTC"))
    assert_refused(case, TimeIndexError, [pandas(first), aware], "without a time zone and")


@pytest.mark.parametrize(
    "case", those(lambda c: c.inputs and {"confidence", "period", "window"} & set(c.parameters))
)
def test_options_out_of_range_are_refused_by_name(case):
    wrong = {"confidence": 99, "period": 0, "window": 0}
    for name in set(wrong) & set(case.parameters):
        given = dict(zip(case.inputs, arrays(case, width=0), strict=True))
        with pytest.raises(ParameterError) as caught:
            case.function(**given, **{**case.parameters, name: wrong[name]})
        assert f"`{name}` must be" in str(caught.value)
