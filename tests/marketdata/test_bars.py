import datetime as dt

import numpy as np
import pandas as pd
import pytest

from nautilus.core.errors import DataError, LabelError, ParameterError, TimeIndexError
from nautilus.marketdata.bars import Bar, adjust_prices, adjustment_factors, resample_bars
from nautilus.marketdata.simulation import simulate_market


def test_a_bar_that_contradicts_itself():
    with pytest.raises(DataError, match=r"open 9.0 and close 12.0 must lie in low 8.0..high 11.0"):
        Bar(timestamp=dt.datetime(2024, 1, 2), symbol="A", open=9.0, high=11.0, low=8.0, close=12.0)


def test_months_of_daily_bars():
    bars = simulate_market(["KO"], start="2024-01-02", end="2024-03-28").bars("KO")
    months = resample_bars(bars, timeframe="1M")
    assert months.index.strftime("%m-%d").tolist() == ["01-31", "02-29", "03-28"]
    january = bars.loc["2024-01"]
    assert months.iloc[0].tolist() == [
        january["open"].iloc[0],
        january["high"].max(),
        january["low"].min(),
        january["close"].iloc[-1],
        january["volume"].sum(),
    ]


def test_weeks_run_from_monday():
    days = pd.to_datetime(["2024-01-05", "2024-01-08", "2024-01-12", "2024-01-15"])
    weeks = resample_bars(pd.DataFrame({"close": [1.0, 2.0, 3.0, 4.0]}, index=days), timeframe="1w")
    assert weeks["close"].tolist() == [1.0, 3.0, 4.0]
    assert weeks.index.tolist() == [days[0], days[2], days[3]]


def test_twice_is_the_same_as_once():
    times = pd.date_range("2024-01-02 09:30", periods=390, freq="min", tz="America/New_York")
    rng = np.random.default_rng(0)
    bars = pd.DataFrame({"high": rng.random(390), "volume": rng.integers(1, 9, 390)}, index=times)
    direct = resample_bars(bars, timeframe="1h")
    by_steps = resample_bars(resample_bars(bars, timeframe="15m"), timeframe="1h")
    pd.testing.assert_frame_equal(direct, by_steps, check_freq=False)
    assert str(direct.index[0]) == "2024-01-02 09:00:00-05:00"


def test_what_resampling_refuses():
    times = pd.date_range("2024-01-02", periods=2)
    with pytest.raises(ParameterError, match="`timeframe` must be one of '1m'"):
        resample_bars(pd.DataFrame({"close": [1.0, 2.0]}, index=times), timeframe="2d")
    with pytest.raises(LabelError, match="`bars` has columns vwap; only open"):
        resample_bars(pd.DataFrame({"vwap": [1.0, 2.0]}, index=times), timeframe="1w")
    with pytest.raises(TimeIndexError, match="must be a pandas frame by time"):
        resample_bars(np.ones((2, 1)), timeframe="1w")


def test_split_and_dividend_leave_the_holders_return():
    days = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
    prices = pd.Series([100.0, 49.0, 50.0], index=days)
    adjusted = adjust_prices(prices, splits={"2024-01-03": 2.0}, dividends={"2024-01-03": 1.0})
    # Two new shares at 49 plus two dividends of 1 against one old share at 100: nothing earned.
    assert adjusted.tolist() == pytest.approx([49.0, 49.0, 50.0])


def test_real_splits_of_a_stock():
    days = pd.to_datetime(["2020-08-28", "2020-08-31"])
    raw = pd.Series([499.23, 129.04], index=days)
    assert adjust_prices(raw, splits={"2020-08-31": 4}).iloc[0] == pytest.approx(124.8075)


def test_what_adjusting_refuses():
    prices = pd.Series([10.0, 11.0], index=pd.to_datetime(["2024-01-02", "2024-01-03"]))
    with pytest.raises(LabelError, match="`splits` has ex-dates without a price: 2024-01-09"):
        adjust_prices(prices, splits={"2024-01-09": 2.0})
    with pytest.raises(DataError, match="a split ratio must be above 0, got 0"):
        adjust_prices(prices, splits={"2024-01-03": 0.0})
    with pytest.raises(DataError, match="must be below the close before it, 10"):
        adjust_prices(prices, dividends={"2024-01-03": 12.0})
    with pytest.raises(TimeIndexError, match="must be a Series by time"):
        adjust_prices([1.0, 2.0])


def test_two_dividends_of_a_day_are_one():
    factors = [
        adjustment_factors(np.array([100.0, 90.0]), dividends=paid, reinvest_at=at)[0][0]
        for paid in ([(1, 6.0)], [(1, 2.0), (1, 4.0)])
        for at in ("previous_close", "ex_date_close")
    ]
    assert factors == [0.94, 0.9375, 0.94, 0.9375]
