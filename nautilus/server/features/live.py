"""Features of live bars as events: updates, volume spikes, breakouts of the bands."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi.sse import ServerSentEvent

from nautilus.core.errors import DataError, TimeIndexError
from nautilus.indicators.live import FeatureSet
from nautilus.marketdata.tick_bars import TickBar, TickBars
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import market_bars, market_trades
from nautilus.server.workers.leases import PriceLease, leased
from nautilus.server.workers.portfolio_pnl import first_of

__all__ = ["LiveFeatures", "Streaming", "events_of", "streaming"]

MOST_WAITING = 1_000
SPIKE_RATIO = 1.5
VOLUME_BARS = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPECS: tuple[Any, ...] = (
    ("rsi", {}, "rsi"),
    "macd",
    "stochastic",
    ("sma", {}, "sma"),
    ("ema", {}, "ema"),
    "bollinger_bands",
    ("atr", {}, "atr"),
    "obv",
    "vwap",
    ("volume_sma", {"period": VOLUME_BARS}, "volume_ma"),
)


class LiveFeatures:
    """A fold: a bar in, the events that it makes out.

    - ``technical_update``: the indicators after the bar; null while they warm up.
    - ``volume_spike``: the bar's volume is above 1.5 times the mean of the 20 before it.
    - ``bollinger_breakout``: the close is outside the bands of the bar before it.

    The last two come once, when it begins, and again only after it has ended.

    Examples
    --------
    >>> live = LiveFeatures("AAPL")
    >>> bar = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 5.0}
    >>> [event["event"] for event in live.update({**bar, "timestamp": EPOCH})]
    ['technical_update']
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.features = FeatureSet(SPECS)
        self._spike = False
        self._outside = 0

    def update(self, bar: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Events of one closed bar.

        Raises
        ------
        DataError, LabelError, TimeIndexError
            A bar that cannot be; nothing is taken.
        """
        before = self.features.value or {}
        values = self.features.update(bar)
        at = {"symbol": self.symbol, "timestamp": bar["timestamp"].isoformat()}
        shown = {name: value if math.isfinite(value) else None for name, value in values.items()}
        events = [{"event": "technical_update", **at, **shown}]
        events += self._volume_spike(float(bar["volume"]), before, at)
        events += self._breakout(float(bar["close"]), before, at)
        return events

    def _volume_spike(
        self, volume: float, before: Mapping[str, float], at: dict[str, Any]
    ) -> list[dict[str, Any]]:
        mean = before.get("volume_ma", math.nan)
        was, self._spike = self._spike, volume > SPIKE_RATIO * mean
        if was or not self._spike:
            return []
        ratio = volume / mean if mean > 0.0 else None
        return [
            {"event": "volume_spike", **at, "volume": volume, "volume_ma": mean,
             "spike_ratio": ratio}
        ]  # fmt: skip

    def _breakout(
        self, price: float, before: Mapping[str, float], at: dict[str, Any]
    ) -> list[dict[str, Any]]:
        upper = before.get("bollinger_upper", math.nan)
        lower = before.get("bollinger_lower", math.nan)
        was, self._outside = self._outside, (price > upper) - (price < lower)
        if self._outside in (0, was):
            return []
        signal = "BULLISH" if self._outside > 0 else "BEARISH"
        return [
            {"event": "bollinger_breakout", **at, "price": price, "upper_band": upper,
             "lower_band": lower, "signal": signal}
        ]  # fmt: skip


class Streaming:
    """One client's events: bars of the bus in, texts out; the oldest go if it does not read."""

    def __init__(self, symbol: str, timeframe: str) -> None:
        self.live = LiveFeatures(symbol)
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
