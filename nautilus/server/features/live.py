"""Features of live bars as events: updates, volume spikes, breakouts of the bands."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi.sse import ServerSentEvent

from nautilus.core.errors import DataError, TimeIndexError
from nautilus.indicators.feature_events import FeatureEvents
from nautilus.marketdata.tick_bars import TickBar, TickBars
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import market_bars, market_trades
from nautilus.server.workers.leases import PriceLease, leased
from nautilus.server.workers.portfolio_pnl import first_of

__all__ = ["Streaming", "events_of", "streaming"]

MOST_WAITING = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Streaming:
    """One client's events: bars of the bus in, texts out; the oldest go if it does not read."""

    def __init__(self, symbol: str, timeframe: str) -> None:
        self.live = FeatureEvents(symbol)
        self.news = asyncio.Event()
        self.waiting: deque[tuple[int, bytes]] = deque(maxlen=MOST_WAITING)
        self.source: str | None = None
        self.refused = 0
        self._seq = 0
        self._bars = TickBars(timeframe)

    async def bar(self, message: Message) -> None:
        """A closed bar."""
        data = message.data
        self.source = data.get("source")
        self._take({**data, "timestamp": _moment(data["timestamp"])})

    async def trade(self, message: Message) -> None:
        """A trade, of which bars are built."""
        data = message.data
        self.source = data.get("source")
        at = int((_moment(data["timestamp"]) - EPOCH).total_seconds() * 1e6)
        for done in self._bars.update(
            self.live.symbol, at, float(data["price"]), float(data["size"])
        ):
            self._take(_bar(done))

    def _take(self, bar: Mapping[str, Any]) -> None:
        try:
            events = self.live.update(bar)
        except (DataError, TimeIndexError, KeyError, TypeError, ValueError):
            self.refused += 1
            return
        for event in events:
            self._seq += 1
            self.waiting.append((self._seq, orjson.dumps({**event, "source": self.source})))
        self.news.set()


@asynccontextmanager
async def streaming(
    bus: Bus, symbol: str, timeframe: str, *, draining: asyncio.Event
) -> AsyncIterator[tuple[Streaming, PriceLease]]:
    """Events of a symbol while the block runs; its prices are leased meanwhile."""
    stream = Streaming(symbol, timeframe)
    async with AsyncExitStack() as stack:
        minutes = timeframe == "1m"
        topic = market_bars(symbol) if minutes else market_trades(symbol)
        handler = stream.bar if minutes else stream.trade
        heard = await bus.subscribe(topic, handler, mode="broadcast")
        stack.push_async_callback(heard.close)
        lease = await stack.enter_async_context(leased(bus, [symbol], draining=draining))
        yield stream, lease


async def events_of(
    stream: Streaming,
    lease: PriceLease,
    *,
    heartbeat_seconds: float,
    draining: asyncio.Event,
    clock: Callable[[], datetime],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events until the server drains; a heartbeat where nothing happens."""
    while not draining.is_set():
        stream.news.clear()
        while stream.waiting:
            number, text = stream.waiting.popleft()
            yield ServerSentEvent(raw_data=text.decode(), id=str(number), retry=3_000)
        await first_of(stream.news, draining, timeout=heartbeat_seconds)
        if not stream.news.is_set() and not draining.is_set():
            beat = {
                "event": "heartbeat",
                "symbol": stream.live.symbol,
                "bars": stream.live.features.bars,
                "source": lease.source,
                "problem": lease.problem or lease.unknown.get(stream.live.symbol),
                "timestamp": clock().isoformat(),
            }
            yield ServerSentEvent(raw_data=orjson.dumps(beat).decode())


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value / 1e6, UTC)
    return datetime.fromisoformat(value)


def _bar(bar: TickBar) -> dict[str, Any]:
    return {**bar._asdict(), "timestamp": _moment(bar.timestamp)}
