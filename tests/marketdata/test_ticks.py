"""Simulated trades and quotes: grouped by the minute they are the simulated minute bars."""

import datetime as dt
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata import simulate_market, simulate_ticks
from nautilus.marketdata.quality import tick_quality
from nautilus.marketdata.tick_bars import TickBars

DAYS = st.sampled_from(["2025-08-01", "2025-11-28", "2015-01-05", "2024-07-03"])
NAMES = st.sampled_from(["AAPL", "SPY", "GLD", "SIM042", "SIM400"])


@given(NAMES, DAYS, st.integers(0, 5))
def test_the_trades_of_a_minute_are_its_bar(symbol, day, seed):
    bars = simulate_market([symbol], start=day, end=day, timeframe="1m", seed=seed)
    ticks = simulate_ticks(symbol, day, seed=seed)
    minutes = ticks.times.astype("M8[m]")
    first = np.flatnonzero(np.append(True, minutes[1:] != minutes[:-1]))
    last = np.append(first[1:], len(minutes)) - 1
    assert np.array_equal(minutes[first].astype("M8[ns]"), bars.times)
    assert np.array_equal(ticks.price[first], bars.open[:, 0])
    assert np.array_equal(ticks.price[last], bars.close[:, 0])
    assert np.array_equal(np.maximum.reduceat(ticks.price, first), bars.high[:, 0])
    assert np.array_equal(np.minimum.reduceat(ticks.price, first), bars.low[:, 0])
    assert np.array_equal(np.add.reduceat(ticks.size, first), bars.volume[:, 0])


@given(NAMES, DAYS)
def test_a_trade_lies_between_bid_and_ask_in_whole_cents(symbol, day):
    ticks = simulate_ticks(symbol, day)
    assert (ticks.bid <= ticks.price).all()
    assert (ticks.price <= ticks.ask).all()
    assert (ticks.bid < ticks.ask).all()
    for quote in (ticks.bid, ticks.ask):
        assert np.array_equal(quote, np.round(quote, 2))
    assert np.array_equal(ticks.sequence, np.arange(1, len(ticks.price) + 1))
    assert (np.diff(ticks.times) >= np.timedelta64(0)).all()
    assert (ticks.size >= 1).all()


def test_the_fold_over_trades_gives_the_bars_too():
    ticks = simulate_ticks("AAPL", "2025-08-01")
    bars, fold = simulate_market(["AAPL"], start="2025-08-01", end="2025-08-01", timeframe="1h"), []
    opened = bars.times[0].astype("M8[us]").item().replace(tzinfo=dt.UTC)
    stream = TickBars("1h", origin=opened)
    for at, price, size in zip(ticks.times.astype(int), ticks.price, ticks.size, strict=True):
        fold += stream.update("AAPL", int(at), float(price), float(size))
    fold += stream.finish()
    assert [bar.close for bar in fold] == bars.close[:, 0].tolist()
    assert [bar.volume for bar in fold] == bars.volume[:, 0].tolist()


def test_trades_come_in_clusters():
    """Gaps of a Poisson process have a coefficient of variation of 1."""
    gaps = np.diff(simulate_ticks("AAPL", "2025-08-01").times).astype(float)
    assert 1.2 < gaps.std() / gaps.mean() < 4.0


def test_the_same_seed_gives_the_same_bytes_whoever_else_is_asked_for():
    one, two = (simulate_ticks("AAPL", "2025-08-01") for _ in range(2))
    digest = [hashlib.sha256(t.price.tobytes() + t.size.tobytes()).hexdigest() for t in (one, two)]
    assert digest[0] == digest[1]
    other = simulate_ticks("AAPL", "2025-08-01", seed=1)
    assert not np.array_equal(one.price[:100], other.price[:100])


def test_the_ticks_pass_the_checks_of_the_quality_report():
    ticks = simulate_ticks("AAPL", "2025-08-01")
    # Brownlees and Gallo's gamma: between equal prices the spread is zero, a tick is no error.
    report = tick_quality(ticks.trades(), quotes=ticks.quotes(), granularity=0.02)
    assert report.consistency == 1.0


@pytest.mark.parametrize(
    ("symbol", "day", "error", "words"),
    [
        ("APPL", "2025-08-01", NotFoundError, "Did you mean"),
        ("AAPL", "2025-08-02", ParameterError, "is no session .* is 2025-08-01"),
        ("AAPL", "2009-08-03", ParameterError, "where the simulation runs"),
    ],
)
def test_what_there_is_none_of(symbol, day, error, words):
    with pytest.raises(error, match=words):
        simulate_ticks(symbol, day)
