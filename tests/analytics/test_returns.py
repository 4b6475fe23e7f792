from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nautilus as nt
import nautilus.analytics as na
from nautilus.core.errors import ParameterError, ShapeError, TimeIndexError, UnitError

NAN = np.nan
prices = st.lists(st.floats(0.01, 1e6) | st.just(NAN) | st.sampled_from([0.0, -1.0]), max_size=30)


def test_simple_returns_by_hand() -> None:
    found = na.simple_returns(np.array([100.0, 110.0, NAN, 121.0, 0.0, 5.0]))
    assert found == pytest.approx([NAN, 0.1, NAN, NAN, -1.0, NAN], nan_ok=True)


def test_a_negative_price_has_no_return() -> None:
    assert np.isnan(na.simple_returns(np.array([20.0, -37.0, 10.0]))).all()


@given(values=prices)
def test_simple_returns_stream_to_the_bit(values: list[float]) -> None:
    live = nt.stream(na.simple_returns)
    found = [live.update(x) for x in values]
    assert np.array_equal(found, na.simple_returns(np.array(values)), equal_nan=True)


def test_log_returns_add_up() -> None:
    found = na.log_returns(np.array([100.0, 110.0, 99.0, 0.0, 50.0]))
    assert found[1] + found[2] == pytest.approx(np.log(0.99))
    assert np.isnan(found[[0, 3, 4]]).all()


def test_excess_returns_take_the_rate_of_one_period() -> None:
    found = na.excess_returns(
        np.array([0.02, NAN]), risk_free_rate=0.1268250301, periods_per_year=12
    )
    assert found == pytest.approx([0.01, NAN], nan_ok=True)


def test_wealth_starts_at_one_before_the_first_return() -> None:
    r = np.array([NAN, 0.1, NAN, -0.5])
    assert na.wealth_index(r) == pytest.approx([NAN, 1.1, NAN, 0.55], nan_ok=True)
    assert na.cumulative_returns(r) == pytest.approx([NAN, 0.1, NAN, -0.45], nan_ok=True)


def test_series_keep_their_kind_and_index() -> None:
    days = pd.date_range("2024-01-01", periods=3, tz="Asia/Tokyo")
    series = pd.Series([0.1, 0.0, -0.1], days, name="fund")
    wealth = na.wealth_index(series)
    assert wealth.name == "fund"
    assert wealth.index.equals(days)
    assert isinstance(na.cumulative_returns(pl.Series("x", [0.1, 0.2])), pl.Series)


def test_months_follow_the_zone_of_the_index() -> None:
    """Midnight in Tokyo on 1 February is still January in UTC."""
    days = pd.DatetimeIndex(["2024-01-31", "2024-02-01"]).tz_localize("Asia/Tokyo")
    monthly = na.aggregate_returns(pd.Series([0.1, 0.2], days))
    assert monthly.tolist() == pytest.approx([0.1, 0.2])
    assert monthly.index.equals(days)
    utc = days.tz_convert("UTC").tz_localize(None).to_numpy()
    frame = pl.DataFrame({"t": utc, "r": [0.1, 0.2]}).with_columns(
        pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    )
    assert na.aggregate_returns(frame)["r"].to_list() == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("frequency", "count"), [("week", 53), ("month", 12), ("quarter", 4), ("year", 1)]
)
def test_calendar_periods_compound_to_the_whole(frequency: str, count: int) -> None:
    days = pd.bdate_range("2024-01-01", "2024-12-31")
    r = pd.DataFrame(np.random.default_rng(0).normal(0, 0.01, (len(days), 2)), days, ["a", "b"])
    grouped = na.aggregate_returns(r, frequency=frequency)
    assert grouped.shape == (count, 2)
    assert grouped.index[-1] == days[-1]
    assert ((1 + grouped).prod() - 1).to_numpy() == pytest.approx(((1 + r).prod() - 1).to_numpy())


def test_a_month_without_returns_is_nan() -> None:
    days = pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-04-30"])
    r = pd.Series([0.1, NAN, -0.1], days)
    assert na.aggregate_returns(r).tolist() == pytest.approx([0.1, NAN, -0.1], nan_ok=True)
    table = na.monthly_returns(r)
    assert table.loc[2024, ["Feb", "Mar"]].isna().all()
    assert table.loc[2024, "Year"] == pytest.approx(-0.01)


def test_monthly_returns_over_a_turn_of_the_year() -> None:
    days = pd.DatetimeIndex(["2023-12-29", "2024-01-02", "2024-01-03"])
    table = na.monthly_returns(pd.Series([0.1, 0.1, 0.1], days))
    assert table.index.tolist() == [2023, 2024]
    assert table.loc[2023, "Dec"] == pytest.approx(0.1)
    assert table.loc[2024, "Jan"] == pytest.approx(0.21)
    assert table.loc[2024, "Year"] == pytest.approx(0.21)


def test_calendar_periods_need_times() -> None:
    for function in (na.aggregate_returns, na.monthly_returns):
        with pytest.raises(TimeIndexError, match="`returns` must be indexed by time"):
            function([0.1, 0.2])


def test_frequency_is_one_of_a_list() -> None:
    with pytest.raises(ParameterError, match=r"`frequency` must be one of 'week', 'month'"):
        na.aggregate_returns([0.1], frequency="M")


def test_monthly_returns_takes_one_series() -> None:
    with pytest.raises(ShapeError, match="`returns` must be one series, got 2 columns"):
        na.monthly_returns(np.zeros((3, 2)))


def test_series_functions_refuse_prices() -> None:
    for function in (na.wealth_index, na.cumulative_returns, na.drawdown_series):
        with pytest.raises(UnitError, match="look like prices"):
            function(np.array([100.0, 101.0, 102.0]))


def test_empty_input_gives_empty_output() -> None:
    empty = np.empty(0)
    for function in (na.simple_returns, na.log_returns, na.wealth_index, na.drawdown_series):
        assert len(function(empty)) == 0
    dated = pd.Series([], pd.DatetimeIndex([]), dtype=float)
    assert len(na.aggregate_returns(dated)) == len(na.monthly_returns(dated)) == 0
