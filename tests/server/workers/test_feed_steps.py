from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.server.workers.feed_steps import (
    BLOCK,
    SECONDS_PER_YEAR,
    data_message,
    draw_block,
    open_symbol,
    step,
)

AT = datetime(2025, 8, 25, 14, 30, tzinfo=UTC)
CLOSES = np.array([154.0, 156.0, 155.25])
UNIT = st.floats(0.0, 1.0, exclude_max=True)


def test_the_volatility_is_that_of_the_daily_log_returns():
    closes = np.array([100.0, 101.0, 99.0, 103.0])
    feed = open_symbol("A", "2025-08-22", closes)
    moves = [math.log(101 / 100), math.log(99 / 101), math.log(103 / 99)]
    assert feed.volatility == pytest.approx(np.std(moves, ddof=1) * math.sqrt(252))
    assert (feed.mid, feed.close, feed.ticks, feed.volume) == (103.0, 103.0, 0, 0)


def test_a_flat_or_short_history_still_moves():
    assert open_symbol("A", "x", np.array([100.0, 100.0, 100.0])).volatility == 0.02
    assert open_symbol("A", "x", np.array([100.0])).volatility == 0.20


def test_the_documented_example():
    feed = open_symbol("AAPL", "2025-08-22", np.array([154.0, 156.0, 155.0]))
    feed, tick = step(feed, AT, 0.25, np.array([0.0, 0.9, 0.0, 0.0]))
    data = data_message(tick)
    assert (data["bid"], data["price"], data["ask"]) == (154.99, 155.0, 155.01)
    assert (data["change"], data["change_percent"], data["volume"]) == (0.0, 0.0, 0)


def test_the_move_is_a_martingale_of_the_stated_volatility():
    feed = open_symbol("A", "x", CLOSES)
    seconds = 3600.0
    scale = feed.volatility * math.sqrt(seconds / SECONDS_PER_YEAR)
    moved, _ = step(feed, AT, seconds, np.array([1.0, 0.9, 0.5, 0.5]))
    assert math.log(moved.mid / feed.mid) == pytest.approx(scale - scale**2 / 2)
    normals = np.random.default_rng(0).standard_normal(4000)
    ends = [step(feed, AT, seconds, np.array([z, 0.9, 0.5, 0.5]))[0].mid for z in normals]
    assert np.mean(ends) == pytest.approx(feed.mid, rel=4 * scale / math.sqrt(4000))


@given(st.floats(-6, 6), UNIT, UNIT, UNIT, st.floats(0.011, 1e5))
def test_quotes_never_cross(normal, trades, side, size, price):
    feed = open_symbol("A", "x", np.array([price, price * 1.01]))
    moved, tick = step(feed, AT, 0.25, np.array([normal, trades, side, size]))
    assert 0 < tick.bid < tick.ask
    assert tick.price in (tick.bid, tick.ask)
    assert moved.volume == tick.trade_size == tick.volume
    assert tick.trade_size in range(0, 1000, 100)
    assert (moved.ticks, feed.ticks) == (1, 0)


def test_draws_are_those_of_the_symbol_session_block_and_seed():
    first = draw_block("A", "2025-08-22", 0, 0)
    assert first.shape == (BLOCK, 4)
    assert (first == draw_block("A", "2025-08-22", 0, 0)).all()
    for other in (("B", "2025-08-22", 0, 0), ("A", "x", 0, 0), ("A", "2025-08-22", 1, 0)):
        assert (first != draw_block(*other)).any()
    assert (first != draw_block("A", "2025-08-22", 0, 1)).any()
    assert ((first[:, 1:] >= 0) & (first[:, 1:] < 1)).all()
