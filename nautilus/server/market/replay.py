"""A day as it was, through the path of live data: what was recorded, else the simulated day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NotFoundError
from nautilus.marketdata.reference import known_symbols
from nautilus.server.bus.topics import market_quotes, market_trades
from nautilus.server.market.sources import SIMULATED
from nautilus.server.market.stored import MarketStore

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Event", "Replay", "day_of_ticks", "in_order", "replayed", "source_of_day"]

_COLUMNS = {
    "trades": ("symbol", "timestamp", "price", "size", "sequence"),
    "quotes": ("symbol", "timestamp", "bid", "bid_size", "ask", "ask_size", "sequence"),
}
_TOPICS: dict[str, Callable[[str], str]] = {"trades": market_trades, "quotes": market_quotes}
# Shorter pauses than this would be spent in waking up.
_LEAST_PAUSE = 0.001


@dataclass(frozen=True, slots=True)
class Replay:
    """Which day, how fast, and from which moment on."""

    day: date
    speed: float
    source: str | None = None
    as_of: datetime | None = None


def source_of_day(
    market: MarketStore, replay: Replay, symbols: Sequence[str], *, simulated: bool
) -> str:
    """Who has trades or quotes of that day: a stored source, else the simulated market.

    Off the event loop.

    Raises
    ------
    NotFoundError
        Nobody has, not even the simulated market where it may answer.
    """
    for name in _stored_sources(market, replay):
        if _stored(market, replay, symbols, name):
            return name
    known = set(known_symbols())
    if simulated and replay.source in (None, SIMULATED) and known.issuperset(symbols):
        return SIMULATED
    raise NotFoundError(
        f"nobody has trades or quotes of {', '.join(symbols[:5])} on {replay.day}. Store them by"
        " `Store.append('trades', ...)`.",
        field="replay.day",
    )


def day_of_ticks(
    market: MarketStore, replay: Replay, symbols: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Trades and quotes of a day by kind, of the source that the replay names.

    Off the event loop.
    """
    assert replay.source is not None
    found = _stored(market, replay, symbols, replay.source) if market.filled else {}
    if found or replay.source != SIMULATED:
        return found
    return _simulated(replay, symbols)


def _stored_sources(market: MarketStore, replay: Replay) -> list[str]:
    if not market.filled:
        return []
    store = market.open()
    known = [name for kind in _COLUMNS for name in store.sources(kind)]
    return [name for name in dict.fromkeys(known) if replay.source in (None, name)]


def _stored(
    market: MarketStore, replay: Replay, symbols: Sequence[str], source: str
) -> dict[str, pl.DataFrame]:
    store, found = market.open(), {}
    start = replay.as_of or replay.day
    for kind, columns in _COLUMNS.items():
        have = set(store.symbols(kind, source=source)).intersection(symbols)
        if have:
            found[kind] = store.read(
                kind, sorted(have), start, replay.day, source=source, columns=columns
            )
    return {kind: rows for kind, rows in found.items() if len(rows)}


def _simulated(replay: Replay, symbols: Sequence[str]) -> dict[str, pl.DataFrame]:
    import polars as pl

    from nautilus.marketdata.ticks import simulate_ticks

    trades, quotes = [], []
    for symbol in symbols:
        ticks = simulate_ticks(symbol, replay.day)
        trades.append(ticks.trades())
        quotes.append(ticks.quotes())
    found = {"trades": pl.concat(trades), "quotes": pl.concat(quotes)}
    if replay.as_of is not None:
        found = {k: r.filter(pl.col("timestamp") >= replay.as_of) for k, r in found.items()}
    return found


Event = tuple[datetime, str, dict[str, Any]]


async def replayed(
    events: Sequence[Event],
    source: str,
    speed: float,
    *,
    clock: Callable[[], float],
    pause: Callable[[float], Any],
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """(topic, message) of each tick at the time it comes, `speed` times as fast as it happened.

    Parameters
    ----------
    events : sequence of (time, kind, row)
        As `in_order` gives them.
    source : str
    speed : float
    clock : callable
        Seconds of a monotonic clock.
    pause : async callable
        `await pause(seconds)`.

    Notes
    -----
    Late is late: what is due while the reader was busy comes at once, in order, and nothing is
    left out.
    """
    began, first = clock(), None
    for at, kind, row in events:
        first = at if first is None else first
        due = began + (at - first).total_seconds() / speed
        if due - clock() > _LEAST_PAUSE:
            await pause(due - clock())
        else:
            await asyncio.sleep(0)
        yield _TOPICS[kind](row["symbol"]), {**row, "source": source, "replay": True}


def in_order(ticks: dict[str, pl.DataFrame]) -> list[Event]:
    """Ticks of all kinds and symbols as they came. Off the event loop."""
    found = [
        (row["timestamp"], rank, kind, row)
        # A quote stands before the trade of the same moment.
        for rank, kind in enumerate(("quotes", "trades"))
        if kind in ticks
        for row in ticks[kind].iter_rows(named=True)
    ]
    found.sort(key=lambda event: event[:2])
    return [(at, kind, row) for at, _, kind, row in found]
