"""Bars from trades: one by one is the array, late trades change nothing."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError, ShapeError
from nautilus.marketdata import TickBars

TRADES = st.lists(
    st.tuples(
        st.integers(0, 400_000_000),
        st.floats(0.01, 1e6),
        st.floats(0.001, 1e6),
    ),
    max_size=60,
)


@given(TRADES, st.integers(0, 60), st.sampled_from(["1s", "1m", "7m"]), st.booleans())
def test_an_array_is_the_trades_one_by_one_to_the_bit(trades, cut, timeframe, in_order):
    trades = sorted(trades) if in_order else trades
    single, batch = TickBars(timeframe), TickBars(timeframe)
    one_by_one, by_array = [], []
    for part in (trades[:cut], trades[cut:]):
        for at, price, size in part:
            one_by_one += single.update("A", at, price, size)
        columns = np.array(part, dtype=np.float64).reshape(-1, 3).T
        by_array += batch.update_batch("A", columns[0].astype(np.int64), columns[1], columns[2])
        one_by_one += single.finish(200_000_000)
        by_array += batch.finish(200_000_000)
        assert single == batch
    assert one_by_one == by_array
    starts = [bar.timestamp for bar in [*one_by_one, *single.finish()]]
    assert starts == sorted(set(starts))
    assert single.late + sum(b.trade_count for b in [*one_by_one, *batch.finish()]) == len(trades)


def at(text):
    moment = dt.datetime.fromisoformat(f"2024-01-02T{text}+00:00")
    return int(moment.timestamp()) * 1_000_000


def test_a_bar_has_what_a_bar_has():
    bars = TickBars("5m")
    for time, price, size in (("14:31:00", 10.0, 1), ("14:32:00", 12.0, 3), ("14:34:59", 9.0, 2)):
        assert bars.update("A", at(time), price, size) == []
    (bar,) = bars.update("A", at("14:35:00"), 11.0, 1)
    assert (bar.open, bar.high, bar.low, bar.close) == (10.0, 12.0, 9.0, 9.0)
    assert (bar.volume, bar.vwap, bar.trade_count) == (6.0, 64 / 6, 3)
    assert f"{bar.timestamp:%H:%M}" == "14:30"


def test_a_trade_that_comes_too_late_changes_nothing():
    bars = TickBars("1m")
    bars.update("A", at("14:31:00"), 10.0, 1)
    assert bars.update("A", at("14:30:59"), 99.0, 1) == []
    assert bars.finish(at("14:31:59")) == []
    assert bars.finish(at("14:32:00"))[0].high == 10.0
    assert bars.update("A", at("14:31:30"), 99.0, 1) == []
    assert bars.late == 2
    assert repr(bars) == "TickBars('1m', growing=0, late=2)"


def test_hourly_bars_may_begin_at_the_open_of_the_exchange():
    bars = TickBars("1h", origin=dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC))
    bars.update("A", at("15:29:59"), 10.0, 0.0)
    (bar,) = bars.update("A", at("15:30:00"), 11.0, 1)
    assert f"{bar.timestamp:%H:%M}" == "14:30"
    assert np.isnan(bar.vwap)


def test_bad_requests_are_refused():
    with pytest.raises(ParameterError, match="such as \"5m\", got '5'"):
        TickBars("5")
    with pytest.raises(ParameterError, match="`origin` must be aware"):
        TickBars("1h", origin=dt.datetime(2024, 1, 2))
    with pytest.raises(ShapeError, match="must be of one length"):
        TickBars("1h").update_batch("A", [1, 2], [1.0], [1.0])
