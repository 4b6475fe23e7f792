"""The simulated live feed: ticks the symbols that somebody leased, and publishes what they do."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_positive
from nautilus.core.errors import NotFoundError, ParameterError, UnavailableError
from nautilus.marketdata.reference import find_instrument
from nautilus.marketdata.tick_bars import TickBars
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import (
    FEED_ENSURE,
    market_bars,
    market_data,
    market_orderbook,
    market_quotes,
    market_trades,
)
from nautilus.server.history import History
from nautilus.server.market.latencies import Latencies
from nautilus.server.workers.feed_steps import (
    BLOCK,
    TRADE_PROBABILITY,
    SymbolFeed,
    bar_message,
    book_message,
    data_message,
    draw_block,
    open_symbol,
    quote_message,
    step,
    trade_message,
)
from nautilus.server.workers.pauses import Wait, waiting_for

__all__ = ["FeedStatus", "SimulatedFeed", "running_feed"]

LEASE_SECONDS = 60.0
MOST_LEASED = 2000
SESSIONS_READ = 61
BREATH = 32
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger("nautilus.server.feed")


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """What the feed is doing."""

    running: bool
    leased: int
    ticks: int
    dropped: int
    source: str = "simulated"


class SimulatedFeed:
    """Prices for who asks: a lease of 60 s by `market.feed.ensure.request {symbols}`.

    Publishes `market.quotes.{symbol}`, `market.orderbook.{symbol}` and `market.data.{symbol}` at
    every tick, `market.trades.{symbol}` when something trades, and `market.bars.{symbol}` when a
    minute of trades is over. Paths continue the last daily close of the history's simulated source
    and begin anew with each session.

    Parameters
    ----------
    bus : Bus
        Of the market data engine.
    history : History
        Of simulated closes alone.
    clock : callable
        The time now, UTC.
    interval : float
        Seconds between ticks.
    lease_seconds : float
    seed : int
    speed : float
        How many seconds of trading pass in one: prices move as much further, ticks come as often.
    real : callable
        Symbols that have real prices: simulated ones would not fit beside them.
    latencies : Latencies, optional
        Told of every tick.
    """

    def __init__(
        self,
        bus: Bus,
        history: History,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        interval: float = 0.25,
        lease_seconds: float = LEASE_SECONDS,
        seed: int = 0,
        speed: float = 1.0,
        real: Callable[[], Collection[str]] = tuple,
        latencies: Latencies | None = None,
    ) -> None:
        self.interval = check_positive(interval, "interval")
        self.speed = check_positive(speed, "speed")
        self.lease_seconds = check_positive(lease_seconds, "lease_seconds")
        self._bus = bus
        self._history = history
        self._clock = clock
        self._seed = seed
        self._real = real
        self._latencies = latencies
        if latencies is not None:
            latencies.same_clock("simulated")
        self._minutes = TickBars("1m")
        self._numbers: Counter[str] = Counter()
        self._until: dict[str, datetime] = {}
        self._paths: dict[str, SymbolFeed] = {}
        self._draws: dict[str, tuple[tuple[str, int], NDArray[np.float64]]] = {}
        self._ticks = 0
        self._dropped = 0
        self._running = False
        self.answering = asyncio.Event()

    @property
    def status(self) -> FeedStatus:
        """What the feed is doing."""
        return FeedStatus(self._running, len(self._until), self._ticks, self._dropped)

    async def ensure(self, message: Message) -> dict[str, Any]:
        """Lease symbols, or renew their lease: the handler of `market.feed.ensure.request`.

        Returns
        -------
        dict
            `symbols` leased, `unknown` {symbol: why}, `lease_seconds`, `source`.

        Raises
        ------
        ParameterError
            Not a list of symbols, or more than can be leased.
        """
        asked = _symbols_of(message.data)
        known, unknown = _split(asked, self._real())
        if len({*self._until, *known}) > MOST_LEASED:
            raise ParameterError(
                f"`symbols` would make {len({*self._until, *known})} leased symbols, the feed"
                f" ticks at most {MOST_LEASED}.",
                field="symbols",
            )
        until = self._clock() + timedelta(seconds=self.lease_seconds)
        new = [symbol for symbol in known if symbol not in self._until]
        # Renewed before anything is awaited, so that none of them expires meanwhile.
        self._until.update(dict.fromkeys((s for s in known if s in self._until), until))
        await self._open(new)
        self._until.update(dict.fromkeys(new, until))
        return {
            "symbols": known,
            "unknown": unknown,
            "lease_seconds": self.lease_seconds,
            "source": "simulated",
        }

    async def tick(self) -> int:
        """Move and publish every leased symbol once; the number of symbols."""
        now = self._clock()
        self._drop_expired(now)
        await self._reopen()
        for bar in self._minutes.finish(_microseconds(now)):
            await self._tell(market_bars(bar.symbol), bar_message(bar))
        symbols = tuple(self._until)
        for position, symbol in enumerate(symbols, 1):
            await self._publish(symbol, now)
            if position % BREATH == 0:
                await asyncio.sleep(0)  # let requests in between
        return len(symbols)

    async def run(self, draining: asyncio.Event, *, wait: Wait | None = None) -> None:
        """Tick until the server drains.

        Parameters
        ----------
        draining : asyncio.Event
        wait : async callable, optional
            `await wait(seconds)` returns after the pause between ticks, or when draining is set.
        """
        pause = wait or waiting_for(draining)
        subscription = await self._bus.subscribe(FEED_ENSURE, self.ensure)
        self._running = True
        self.answering.set()
        try:
            while not draining.is_set():
                await self.tick()
                await pause(self.interval)
        finally:
            self._running = False
            await subscription.close()

    async def _publish(self, symbol: str, now: datetime) -> None:
        began, received = time.perf_counter_ns(), time.time_ns()
        path = self._paths[symbol]
        seconds = self.interval * self.speed
        self._paths[symbol], tick = step(path, now, seconds, self._next_draws(path))
        self._ticks += 1
        await self._number(market_quotes(symbol), quote_message(tick))
        if tick.trade_size:
            await self._number(market_trades(symbol), trade_message(tick))
            self._minutes.update(symbol, _microseconds(now), tick.price, tick.trade_size)
        await self._number(market_orderbook(symbol), book_message(tick))
        await self._tell(market_data(symbol), data_message(tick))
        if self._latencies is not None:
            worked = time.perf_counter_ns() - began
            self._latencies.record(
                "simulated",
                symbol,
                event_ns=_microseconds(now) * 1000,
                received_ns=received,
                published_ns=received + worked,
            )

    async def _number(self, topic: str, data: dict[str, Any]) -> None:
        """Publish with the next number of the topic: they go on when a path begins anew."""
        self._numbers[topic] += 1
        await self._tell(topic, {**data, "sequence": self._numbers[topic]})

    async def _tell(self, topic: str, data: dict[str, Any]) -> None:
        try:
            await self._bus.publish(topic, data)
        except UnavailableError:  # a subscriber that is too slow misses this one
            self._dropped += 1

    def _next_draws(self, path: SymbolFeed) -> NDArray[np.float64]:
        block, row = divmod(path.ticks, BLOCK)
        key, drawn = self._draws.get(path.symbol, (None, None))
        if drawn is None or key != (path.session, block):
            drawn = draw_block(path.symbol, path.session, block, self._seed)
            self._draws[path.symbol] = ((path.session, block), drawn)
        row_of_tick: NDArray[np.float64] = drawn[row]
        return row_of_tick

    async def _open(self, symbols: Sequence[str]) -> None:
        """Begin paths at the last daily close."""
        if not symbols:
            return
        panel = await self._history.prices(symbols, SESSIONS_READ, frame=False)
        session = str(panel.as_of)
        for symbol, closes in zip(panel.symbols, panel.values.T, strict=True):
            self._paths[symbol] = open_symbol(symbol, session, closes)

    async def _reopen(self) -> None:
        """After a session has closed its close is where all paths go on."""
        session = str(self._history.session())
        try:
            await self._open([s for s in self._until if self._paths[s].session != session])
        except UnavailableError as error:  # the paths go on from where they are until the next tick
            _log.info("no new closes yet: %s", error)

    def _drop_expired(self, now: datetime) -> None:
        for symbol in [s for s, until in self._until.items() if until <= now]:
            del self._until[symbol], self._paths[symbol]
            self._draws.pop(symbol, None)

    def per_second(self, kinds: Collection[str], n_symbols: int) -> float:
        """Messages a second of so many symbols: trades come with 60 % of the ticks."""
        each = sum({"trades": TRADE_PROBABILITY, "bars": self.interval / 60}.get(k, 1.0)
                   for k in kinds)  # fmt: skip
        return each * n_symbols / self.interval


@asynccontextmanager
async def running_feed(
    bus: Bus,
    history: History,
    *,
    clock: Callable[[], datetime],
    draining: asyncio.Event,
    interval: float = 0.25,
    seed: int = 0,
    speed: float = 1.0,
    real: Callable[[], Collection[str]] = tuple,
    latencies: Latencies | None = None,
) -> AsyncIterator[SimulatedFeed]:
    """A feed that gives leases when the block begins, until it ends or the server drains."""
    feed = SimulatedFeed(
        bus,
        history,
        clock=clock,
        interval=interval,
        seed=seed,
        speed=speed,
        real=real,
        latencies=latencies,
    )
    task = asyncio.create_task(feed.run(draining), name="simulated feed")
    task.add_done_callback(_log_failure)
    answering = asyncio.create_task(feed.answering.wait())
    try:
        await asyncio.wait([task, answering], return_when=asyncio.FIRST_COMPLETED)
        yield feed
    finally:
        answering.cancel()
        task.cancel()
        await asyncio.wait([task])


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("the simulated feed has stopped", exc_info=error)


def _symbols_of(data: Any) -> list[str]:
    symbols = data.get("symbols") if isinstance(data, dict) else None
    if not isinstance(symbols, list) or not all(isinstance(s, str) for s in symbols):
        raise ParameterError(
            '`symbols` must be a list of symbols: {"symbols": ["AAPL"]}.', field="symbols"
        )
    return list(dict.fromkeys(symbols))


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _split(symbols: Sequence[str], real: Collection[str]) -> tuple[list[str], dict[str, str]]:
    """(known, why the others are not)."""
    known, unknown = [], {}
    for symbol in symbols:
        if symbol in real:
            unknown[symbol] = f"real prices of {symbol} are stored; simulated ones do not fit."
            continue
        try:
            find_instrument(symbol)
        except NotFoundError as error:
            unknown[symbol] = str(error)
        else:
            known.append(symbol)
    return known, unknown
