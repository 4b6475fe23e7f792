"""Minutes inside simulated days: they add up to the day and to every length between, to the bit."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.marketdata import resample_bars, sessions, simulate_market
from nautilus.marketdata.expected import expected_bars, session_hours
from nautilus.marketdata.trading_days import new_york_half_days, new_york_trading_days

MONTH = {"start": "2025-11-03", "end": "2025-12-31"}  # two half days
NAMES = ("AAPL", "SPY", "TLT", "SIM042")
LENGTHS = ("1m", "5m", "15m", "30m", "1h", "4h")


def sha(market):
    arrays = (market.open, market.high, market.low, market.close, market.volume, market.vwap)
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def days_of(market):
    """(first, last) row of each session."""
    days = market.times.astype("M8[D]")
    first = np.flatnonzero(np.append(True, days[1:] != days[:-1]))
    return first, np.append(first[1:], len(days)) - 1


@pytest.mark.parametrize("timeframe", LENGTHS)
def test_bars_of_any_length_add_up_to_the_day(timeframe):
    daily = simulate_market(NAMES, **MONTH)
    market = simulate_market(NAMES, timeframe=timeframe, **MONTH)
    first, last = days_of(market)
    assert np.array_equal(market.open[first], daily.open)
    assert np.array_equal(market.close[last], daily.close)
    assert np.array_equal(np.maximum.reduceat(market.high, first), daily.high)
    assert np.array_equal(np.minimum.reduceat(market.low, first), daily.low)
    assert np.array_equal(np.add.reduceat(market.volume, first), daily.volume)


def test_a_bar_holds_its_own_prices():
    market = simulate_market(NAMES, timeframe="5m", **MONTH)
    assert (market.low <= np.minimum(market.open, market.close)).all()
    assert (market.high >= np.maximum(market.open, market.close)).all()
    assert ((market.low <= market.vwap) & (market.vwap <= market.high)).all()
    assert (market.volume == np.round(market.volume)).all()


@pytest.mark.parametrize("timeframe", LENGTHS[1:-1])
def test_resampled_minutes_are_the_longer_bars(timeframe):
    """Up to half an hour the clock's own boundaries are those of the session."""
    minutes = simulate_market(["AAPL"], timeframe="1m", **MONTH).bars("AAPL").drop(columns="vwap")
    bars = simulate_market(["AAPL"], timeframe=timeframe, **MONTH).bars("AAPL")
    if timeframe == "1h":  # hours of the clock begin at 14:00, those of the session at 14:30
        minutes.index = minutes.index - np.timedelta64(30, "m")
        bars.index = bars.index - np.timedelta64(30, "m")
    merged = resample_bars(minutes, timeframe=timeframe)
    assert merged.equals(bars.drop(columns="vwap")[list(merged.columns)])


@pytest.mark.parametrize(("timeframe", "count"), [("1h", 112), ("1m", 6240)])
def test_the_sessions_of_a_known_month(timeframe, count):
    market = simulate_market(["SPY"], start="2025-08-01", end="2025-08-22", timeframe=timeframe)
    assert len(market.times) == count
    assert str(market.times[0])[:16] == "2025-08-01T13:30"
    assert market.prices().index.tz is not None


@pytest.mark.parametrize("timeframe", LENGTHS)
def test_bars_stand_where_the_exchange_calendar_expects_them(timeframe):
    market = simulate_market(["SPY"], timeframe=timeframe, **MONTH)
    expected = expected_bars("XNYS", MONTH["start"], MONTH["end"], timeframe=timeframe)
    assert np.array_equal(market.times.astype("M8[us]"), expected)


def test_half_days_by_rule_are_those_of_the_calendar():
    hours = session_hours("XNYS", "2010-01-01", "2026-12-31")
    known = hours.session[hours.close - hours.open < np.timedelta64(390, "m")]
    ours = np.array([d for y in range(2010, 2027) for d in new_york_half_days(y)], dtype="M8[D]")
    assert np.array_equal(np.sort(known), np.sort(ours[np.isin(ours, days_from_rule())]))


def days_from_rule():
    days = new_york_trading_days("2010-01-01", "2026-12-31")
    assert np.array_equal(
        days, sessions("XNYS", "2010-01-01", "2026-12-31").to_numpy().astype("M8[D]")
    )
    return days


@given(st.sets(st.sampled_from(NAMES), min_size=1), st.integers(0, 30), st.integers(0, 20))
def test_a_day_depends_on_nothing_else_that_is_asked_for(names, skip, more):
    whole = simulate_market(NAMES, start="2024-06-20", end="2024-08-30", timeframe="1h", seed=5)
    start = np.datetime64("2024-06-20") + skip
    part = simulate_market(
        sorted(names), start=start, end=start + 10 + more, timeframe="1h", seed=5
    )
    rows = np.isin(whole.times, part.times)
    columns = [NAMES.index(name) for name in sorted(names)]
    for field in ("open", "high", "low", "close", "volume", "vwap"):
        assert np.array_equal(getattr(part, field), getattr(whole, field)[rows][:, columns])


def test_the_same_seed_gives_the_same_bytes():
    found = [simulate_market(["AAPL"], timeframe="1m", **MONTH) for _ in range(2)]
    assert sha(found[0]) == sha(found[1])
    assert sha(found[0]) != sha(simulate_market(["AAPL"], timeframe="1m", seed=1, **MONTH))


def test_more_is_going_on_at_the_open_and_at_the_close():
    market = simulate_market(
        [f"SIM{n:03d}" for n in range(1, 6)], start="2024-01-02", end="2024-06-28", timeframe="1m"
    )
    moves = np.abs(np.log(market.close / market.open)).reshape(-1, 390, 5)
    middle = moves[:, 180:210].mean()
    assert moves[:, :30].mean() > 1.3 * middle
    assert moves[:, -30:].mean() > 1.3 * middle
    volume = market.volume.reshape(-1, 390, 5)
    assert volume[:, :30].mean() > 1.3 * volume[:, 180:210].mean()


@pytest.mark.parametrize("timeframe", ["1w", "1M"])
def test_weeks_and_months_are_those_of_resample_bars(timeframe):
    year = {"start": "2024-01-02", "end": "2024-12-31"}
    ours = simulate_market(["KO"], timeframe=timeframe, **year).bars("KO")
    assert ours.equals(
        resample_bars(simulate_market(["KO"], **year).bars("KO"), timeframe=timeframe)
    )
