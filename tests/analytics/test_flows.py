from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyxirr import xirr

import nautilus.analytics as na
from nautilus.core.errors import DataError, NotEnoughDataError, ParameterError, ShapeError


def test_time_weighted_return_ignores_the_size_of_flows() -> None:
    values = np.array([100.0, 110.0, 210.0 * 1.1])
    assert na.time_weighted_return(values, [0.0, 0.0, 100.0], timing="start") == pytest.approx(0.21)
    later = np.array([100.0, 110.0, 110.0 * 1.1 + 100.0])
    assert na.time_weighted_return(later, [0.0, 0.0, 100.0], timing="end") == pytest.approx(0.21)


def test_time_weighted_return_in_the_middle_is_dietz() -> None:
    found = na.time_weighted_return([100.0, 160.0], [0.0, 50.0], timing="middle")
    assert found == pytest.approx(10 / 125)


@given(
    growth=st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=12),
    seed=st.integers(0, 100),
)
def test_time_weighted_return_undoes_any_flows(growth: list[float], seed: int) -> None:
    flows = np.random.default_rng(seed).uniform(0.0, 50.0, len(growth) + 1)
    values = [100.0]
    for rate, flow in zip(growth, flows[1:], strict=True):
        values.append(values[-1] * (1 + rate) + flow)
    expected = np.prod(1 + np.array(growth)) - 1
    assert na.time_weighted_return(values, flows) == pytest.approx(expected, abs=1e-9)


def test_time_weighted_return_refuses() -> None:
    with pytest.raises(NotEnoughDataError, match="`values` must hold at least 2 values, got 1"):
        na.time_weighted_return([100.0])
    with pytest.raises(ShapeError, match="`flows` must have 2 values like `values`, got 1"):
        na.time_weighted_return([100.0, 110.0], [1.0])
    with pytest.raises(DataError, match="period 2 begins with 0"):
        na.time_weighted_return([100.0, 0.0, 50.0])
    with pytest.raises(DataError, match="`values` must be finite, got nan at place 1"):
        na.time_weighted_return([100.0, np.nan, 50.0])
    with pytest.raises(ParameterError, match="`timing` must be one of"):
        na.time_weighted_return([100.0, 110.0], timing="noon")


def test_modified_dietz_by_hand() -> None:
    """Bacon (2008), exhibit 2.7: 74.2, 37.1 on day 14 of 31, 104.4."""
    end = na.modified_dietz(74.2, 104.4, [37.1], flow_days=[14], days=31)
    start = na.modified_dietz(74.2, 104.4, [37.1], flow_days=[14], days=31, timing="start")
    assert end == pytest.approx(-6.9 / (74.2 + 17 / 31 * 37.1))
    assert start == pytest.approx(-6.9 / (74.2 + 18 / 31 * 37.1))
    middle = na.modified_dietz(74.2, 104.4, [37.1], flow_days=[14], days=31, timing="middle")
    assert start < middle < end or end < middle < start


def test_modified_dietz_without_flows_is_the_simple_return() -> None:
    assert na.modified_dietz(100.0, 110.0, days=30) == pytest.approx(0.1)


def test_modified_dietz_refuses() -> None:
    with pytest.raises(ParameterError, match="`flow_days` must lie in 0 to 31, got 32 to 32"):
        na.modified_dietz(1.0, 1.0, [1.0], flow_days=[32], days=31)
    with pytest.raises(ShapeError, match="`flow_days` must have 1 values like `flows`, got 0"):
        na.modified_dietz(1.0, 1.0, [1.0], days=31)
    with pytest.raises(DataError, match="average capital must be above 0, got -9"):
        na.modified_dietz(1.0, 1.0, [-10.0], flow_days=[0], days=31)


FLOWS = [
    ([-100.0, 110.0], [date(2024, 1, 1), date(2024, 12, 31)]),
    (
        [-1000.0, 200.0, 300.0, 700.0],
        [date(2020, 3, 1), date(2021, 5, 7), date(2022, 1, 1), date(2024, 2, 29)],
    ),
    ([-500.0, -500.0, 800.0], [date(2023, 1, 1), date(2023, 6, 1), date(2024, 1, 1)]),
    ([110.0, -100.0], [date(2024, 12, 31), date(2024, 1, 1)]),
]


@pytest.mark.parametrize(("amounts", "dates"), FLOWS)
def test_money_weighted_return_is_xirr(amounts: list[float], dates: list[date]) -> None:
    assert na.money_weighted_return(amounts, dates) == pytest.approx(xirr(dates, amounts), abs=1e-8)


@given(
    received=st.lists(st.floats(1.0, 500.0), min_size=1, max_size=8),
    paid=st.floats(50.0, 1000.0),
)
def test_money_weighted_return_makes_the_present_value_zero(
    received: list[float], paid: float
) -> None:
    amounts = [-paid, *received]
    days = [365.0 * i for i in range(len(amounts))]
    rate = na.money_weighted_return(amounts, days)
    value = sum(a / (1 + rate) ** (d / 365) for a, d in zip(amounts, days, strict=True))
    assert abs(value) <= 1e-7 * sum(map(abs, amounts))


def test_several_rates_of_return_are_refused_and_listed() -> None:
    years = [0.0, 365.0, 730.0]
    with pytest.raises(
        DataError, match=r"have 2 internal rates of return \(10\.0000%, 20\.0000%\)"
    ):
        na.money_weighted_return([-100.0, 230.0, -132.0], years)


def test_a_rate_of_return_needs_both_signs_and_a_root() -> None:
    with pytest.raises(DataError, match="all have one sign"):
        na.money_weighted_return([100.0, 50.0], [0.0, 365.0])
    with pytest.raises(DataError, match="have no internal rate of return"):
        na.money_weighted_return([100.0, -100.0, 100.0], [0.0, 365.0, 730.0])
    with pytest.raises(ShapeError, match="`times` must have 2 values like `amounts`, got 1"):
        na.money_weighted_return([-1.0, 2.0], [0.0])


def test_times_may_be_dates_texts_numbers_or_moments_with_a_zone() -> None:
    amounts = [-100.0, 110.0]
    dates = pd.DatetimeIndex(["2024-01-01", "2024-12-31"])
    for times in (
        dates,
        dates.tz_localize("Asia/Tokyo"),
        list(dates),
        [0, 365],
        pl.Series(["2024-01-01", "2024-12-31"]),
    ):
        assert na.money_weighted_return(amounts, times) == pytest.approx(0.1)
    with pytest.raises(DataError, match="`times` must be dates or days as numbers, got 'soon'"):
        na.money_weighted_return(amounts, ["2024-01-01", "soon"])
