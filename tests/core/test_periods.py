"""Calendar steps, rates, and values in a wrong unit."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError, UnitError
from nautilus.core.periods import (
    Period,
    check_periods_per_year,
    check_returns,
    parse_period,
    per_period_rate,
)

# ---- periods -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, end, day",
    [
        ("1D", "2024-03-01", "2024-02-29"),
        ("30D", "2024-03-31", "2024-03-01"),
        ("2W", "2024-01-15", "2024-01-01"),
        ("1M", "2024-03-31", "2024-02-29"),
        ("1M", "2023-03-30", "2023-02-28"),
        ("1M", "2024-01-15", "2023-12-15"),
        ("13m", "2024-01-31", "2022-12-31"),
        ("2Q", "2024-08-31", "2024-02-29"),
        ("1Y", "2024-02-29", "2023-02-28"),
        (" ytd ", "2024-05-05", "2023-12-31"),
        ("YTD", "2024-01-01", "2023-12-31"),
        ("all", "2024-05-05", "1677-09-22"),
        ("9999Y", "2024-05-05", "1677-09-22"),
        ("9999W", "1700-01-01", "1677-09-22"),
    ],
)
def test_a_period_starts_after_this_day(text, end, day):
    assert parse_period(text).start(end) == np.datetime64(day, "D")


@pytest.mark.parametrize(
    "end",
    [
        "2024-03-31",
        dt.date(2024, 3, 31),
        dt.datetime(2024, 3, 31, 23),
        np.datetime64("2024-03-31T23", "ns"),
        pd.Timestamp("2024-03-31 23:00"),
        pd.Timestamp("2024-03-31 23:00", tz="America/New_York"),
        dt.datetime(2024, 3, 31, 23, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
    ],
)
def test_the_day_is_the_one_on_the_callers_own_clock(end):
    assert parse_period("1M").start(end) == np.datetime64("2024-02-29")


def test_all_can_be_compared_with_nanoseconds():
    first = np.array(["1677-09-23", "2024-01-01"], dtype="M8[ns]")
    for text in ("ALL", "9999Y", "9999Q"):
        assert (first > parse_period(text).start("2024-01-01")).all()


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)), st.integers(1, 400))
def test_months_back_never_leave_the_month_they_aim_at(end, months):
    found = parse_period(f"{months}M").start(end).item()
    assert (end.year - found.year) * 12 + end.month - found.month == months
    assert found.day <= end.day


@pytest.mark.parametrize(
    "text", ["", "1", "D", "0D", "1H", "1.5M", "-1M", "10000D", "1 M", None, 30]
)
def test_what_is_no_period_is_told_what_one_looks_like(text):
    with pytest.raises(ParameterError) as caught:
        parse_period(text, "window")
    assert str(caught.value) == (
        f"`window` must be a count and a unit such as 1D, 30D, 1W, 1M, 1Y, or YTD, got {text!r}."
    )


def test_periods_are_values():
    assert parse_period("2q") == Period(2, "quarter")


# ---- rates -------------------------------------------------------------------------------------


def test_a_rate_compounds_back_to_the_year():
    assert (1 + per_period_rate(0.05, 252)) ** 252 - 1 == pytest.approx(0.05, abs=1e-13)
    assert per_period_rate(0.0, 12) == 0.0
    assert per_period_rate(1.0, 1) == pytest.approx(1.0)
    assert per_period_rate(1e-12, 12) == pytest.approx(1e-12 / 12, rel=1e-9)


@pytest.mark.parametrize(
    "rate, words",
    [
        (5, "`risk_free_rate` must be a fraction per annum, got 5. Pass 0.05 for 5 %."),
        (-1, "`risk_free_rate` must be above -1, got -1. Pass 0.02 for 2 % a year."),
        (np.nan, "`risk_free_rate` must be finite, got nan."),
        (np.inf, "`risk_free_rate` must be finite, got inf."),
        ("0.02", "`risk_free_rate` must be a number, got '0.02'."),
        (None, "`risk_free_rate` must be a number, got None."),
    ],
)
def test_a_rate_is_a_fraction(rate, words):
    with pytest.raises(ParameterError) as caught:
        per_period_rate(rate, 12)
    assert str(caught.value) == words
    assert caught.value.field == "risk_free_rate"


def test_the_periods_of_a_rate_are_positive():
    with pytest.raises(ParameterError, match="`periods_per_year` must be above 0, got 0"):
        per_period_rate(0.02, 0)


# ---- the spacing of an index -------------------------------------------------------------------


def index(freq, count=200):
    return pd.date_range("2015-01-01", periods=count, freq=freq).to_numpy().astype("M8[ns]")


@pytest.mark.parametrize(
    "freq, stated, word, usual",
    [
        ("B", 12, "daily", 252),
        ("W", 252, "weekly", 52),
        ("ME", 252, "monthly", 12),
        ("QE", 252, "quarterly", 4),
        ("YE", 252, "yearly", 1),
        ("h", 252, "hourly", 1638),
    ],
)
def test_another_spacing_is_named_with_the_number_to_pass(freq, stated, word, usual):
    with pytest.raises(UnitError) as caught:
        check_periods_per_year(index(freq), stated)
    assert str(caught.value) == (
        f"`periods_per_year` is {stated}, but the index is spaced {word}; pass {usual}."
    )


@pytest.mark.parametrize(
    "freq, stated",
    [("B", 252), ("B", 365), ("D", 365), ("D", 252), ("W", 52), ("ME", 12), ("QE", 4), ("YE", 1)],
)
def test_the_usual_numbers_pass(freq, stated):
    assert check_periods_per_year(index(freq), stated) == float(stated)


def test_one_hole_of_years_is_no_other_spacing():
    times = np.concatenate([index("B", 50), index("B", 50) + np.timedelta64(4000, "D")])
    assert check_periods_per_year(times, 252) == 252.0


def test_intraday_bars_of_few_sessions_pass_by_their_count():
    sessions = [np.arange(78) * np.timedelta64(5, "m") + day for day in index("B", 60)]
    assert check_periods_per_year(np.concatenate(sessions), 252 * 78) == 252 * 78


@pytest.mark.parametrize("times", [None, index("ME", 0), index("ME", 2), np.array([1, 2, 3])])
def test_without_enough_dates_there_is_nothing_to_compare(times):
    assert check_periods_per_year(times, 252) == 252.0


@pytest.mark.parametrize("stated", [0, -1, np.nan, "daily", None])
def test_periods_per_year_is_a_positive_number(stated):
    with pytest.raises(ParameterError, match="`periods_per_year` must be"):
        check_periods_per_year(None, stated)


# ---- prices as returns -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [[100.0, 101.0, 99.0], [0.3, 0.21, 0.5], [np.nan, 100.0, np.inf, 101.0, 99.0]],
)
def test_prices_are_refused_as_returns(values):
    column = np.array(values)
    first = column[np.isfinite(column)][0]
    for shape in (column, column[:, None], np.column_stack([np.zeros(len(column)), column])):
        with pytest.raises(UnitError) as caught:
            check_returns(shape)
        assert str(caught.value) == (
            f"`returns` look like prices (all above 0.2, the first is {first:g})."
            " Pass nautilus.analytics.simple_returns(prices)."
        )


@pytest.mark.parametrize(
    "values",
    [
        [],
        [100.0, 101.0],
        [0.3, 0.2, 0.5],
        [np.nan] * 5,
        [5.0, 5.0, -0.1],
        [np.nan, 3.0, np.inf, 3.0],
    ],
)
def test_what_could_be_returns_passes(values):
    check_returns(np.array(values, dtype=float))
    check_returns(np.array(values, dtype=float)[:, None])
    check_returns(np.empty((3, 0)))
