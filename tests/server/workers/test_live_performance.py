"""Live figures: the library's metrics over the stored returns with today's as the next one."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nautilus.analytics import annualized_volatility, max_drawdown, sharpe_ratio, total_return
from nautilus.server.state.portfolio import NavHistory, Portfolio
from nautilus.server.workers.live_book import PnlNow
from nautilus.server.workers.live_performance import LivePerformance, daily_return

AT = datetime(2025, 8, 25, tzinfo=UTC)


def now(**values):
    """P&L with prices of 10.0 each."""
    return PnlNow({}, frozenset(), dict.fromkeys(values, 10.0), values)


def stored(values):
    times = np.datetime64("2024-01-01", "us") + np.arange(len(values)) * np.timedelta64(1, "D")
    return Portfolio(id="p", nav=NavHistory(times, np.array(values), np.zeros(len(values))))


def test_a_long_and_a_short_position_share_what_was_invested():
    # 1,000 long from 8 to 10 gains 200; 500 short from 8 to 10 loses 100; 800 + 400 were at stake.
    found = daily_return(now(A=1000.0, B=-500.0), {"A": 8.0, "B": 8.0})
    assert math.isclose(found, 100.0 / 1200.0, rel_tol=1e-12)


def test_without_a_close_or_a_position_it_is_not_known():
    assert math.isnan(daily_return(now(A=1000.0), {}))
    assert math.isnan(daily_return(now(), {"A": 8.0}))


@given(st.lists(st.floats(0.5, 2.0), min_size=3, max_size=30), st.floats(8.0, 12.0))
def test_live_metrics_are_those_of_the_stored_returns_and_todays(factors, close):
    values = (100.0 * np.cumprod([1.0, *factors])).tolist()
    live = LivePerformance(stored(values))
    full = live.full_form(live.short_form(now(A=500.0), {"A": close}))
    returns = np.append(stored(values).nav.returns(), full["daily_return"])
    for name, function in (
        ("sharpe_ratio", sharpe_ratio),
        ("drawdown", max_drawdown),
        ("volatility", annualized_volatility),
        ("total_return", total_return),
    ):
        expected = float(function(returns))
        if math.isnan(expected):
            assert full[name] is None
        else:
            assert math.isclose(full[name], expected, rel_tol=1e-9, abs_tol=1e-12)
    assert full["n_observations"] == len(factors)


def test_two_updates_of_a_day_do_not_add_up():
    live = LivePerformance(stored([100.0, 110.0, 105.0]))
    closes = {"A": 8.0}
    once = live.full_form(live.short_form(now(A=500.0), closes))
    twice = live.full_form(live.short_form(now(A=500.0), closes))
    assert {**once, "pnl_change": 0.0} == twice
