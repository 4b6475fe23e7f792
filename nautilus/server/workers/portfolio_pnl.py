"""Live P&L of one portfolio: its worker, and a ring of events that any number of clients read."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.topics import FEED_ENSURE
from nautilus.server.bus.topics import portfolio_performance as performance_topic
from nautilus.server.bus.topics import portfolio_pnl as pnl_topic
from nautilus.server.bus.topics import portfolio_positions as positions_topic
from nautilus.server.schemas.analytics import PnlUpdate, PositionUpdate, StreamReset
from nautilus.server.workers.live_book import LiveBook, PnlNow
from nautilus.server.workers.live_performance import LivePerformance

__all__ = ["LiveEvent", "LivePnl", "first_of"]

RING_BYTES = 1024 * 1024
LEASE_SECONDS = 20.0
SILENT_SECONDS = 2.0
SETTLE_SECONDS = 0.05
QUIET_SECONDS = 5.0
_log = logging.getLogger("nautilus.server.analytics")


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One line of a stream."""

    seq: int
    key: str
    text: str


class LivePnl:
    """P&L of one portfolio as it changes.

    Parameters
    ----------
    portfolio_id : str
    book : LiveBook
    performance : LivePerformance
    bus : Bus
    clock : callable
        The time now, UTC.
    counted : callable
        Called at each update of the P&L.
    """

    def __init__(
        self,
        portfolio_id: str,
        book: LiveBook,
        performance: LivePerformance,
        bus: Bus,
        *,
        clock: Callable[[], datetime],
        counted: Callable[[], None],
    ) -> None:
        self.portfolio_id = portfolio_id
        self.epoch = secrets.token_hex(6)
        self.clients = 0
        self.news = asyncio.Event()
        self.problem: str | None = None
        self._book = book
        self._performance = performance
        self._bus = bus
        self._clock = clock
        self._counted = counted
        self._seq = 0
        self._ring: deque[LiveEvent] = deque()
        self._ring_bytes = 0
        self._latest: dict[str, LiveEvent] = {}
        self._quotes: dict[str, float] = {}
        self._trades: dict[str, float] = {}
        self._waiting: dict[str, float] = {}
        self._sources: dict[str, str] = {}
        self._closes: dict[str, float] = {}
        self._dirty = asyncio.Event()
        self._ticked: float | None = None
        self._stored_simulated = book.simulated
        self._emit(book.symbols, book.mark({}, clock()))

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is held."""
        return self._book.symbols

    @property
    def version(self) -> int:
        """Version of the portfolio that this follows."""
        return self._book.version

    @property
    def seq(self) -> int:
        """Number of the last event."""
        return self._seq

    @property
    def _simulated(self) -> bool:
        return self._stored_simulated or "simulated" in self._sources.values()

    @property
    def no_prices(self) -> bool:
        """Whether nothing has ticked lately."""
        return self._silent_for(QUIET_SECONDS)

    def _silent_for(self, seconds: float) -> bool:
        return self._ticked is None or time.monotonic() - self._ticked > seconds

    def after(self, seq: int) -> list[LiveEvent] | None:
        """Events after that number; None where some of them are gone."""
        if seq > self._seq or (self._ring and seq < self._ring[0].seq - 1):
            return None
        return [event for event in self._ring if event.seq > seq] if seq < self._seq else []

    def now(self) -> list[LiveEvent]:
        """The last event of each position and of the portfolio, in order."""
        return sorted(self._latest.values(), key=lambda event: event.seq)

    def quote(self, symbol: str, price: float, source: str, close: float | None = None) -> None:
        """The mid of a quote, which wins over trades, and the last daily close."""
        self._quotes[symbol] = price
        if close is not None:
            self._closes[symbol] = close
        self._take(symbol, price, source)

    def trade(self, symbol: str, price: float, source: str) -> None:
        """A trade, which marks where there are no quotes."""
        self._trades[symbol] = price
        if symbol not in self._quotes:
            self._take(symbol, price, source)

    def reopen(self, book: LiveBook, performance: LivePerformance) -> None:
        """Go on with another state of the portfolio: clients begin anew."""
        self._book, self._stored_simulated = book, book.simulated
        self._performance = performance
        self._latest.clear()
        self._add("reset", _reset_text(self.portfolio_id, "portfolio_updated", self._clock()))
        known = {s: p for s, p in {**self._trades, **self._quotes}.items() if s in book.symbols}
        self._emit(book.symbols, book.mark(known, self._clock()))

    def fail(self, message: str) -> None:
        """End the streams and say why."""
        self.problem = message
        self._tell()

    async def run(self, draining: asyncio.Event) -> None:
        """Mark and publish whenever something has ticked, until the server drains."""
        asked = float("-inf")
        while not draining.is_set():
            # A feed that died and came back has forgotten who needs what: silence asks again.
            pause = SILENT_SECONDS if self._silent_for(SILENT_SECONDS) else LEASE_SECONDS
            if time.monotonic() >= asked + pause:
                await self._lease()
                asked = time.monotonic()
            await first_of(self._dirty, draining, timeout=SILENT_SECONDS)
            if self._dirty.is_set():
                await self._flush()
                await first_of(draining, timeout=SETTLE_SECONDS)

    async def _flush(self) -> None:
        self._dirty.clear()
        changed, self._waiting = self._waiting, {}
        now = self._book.mark(changed, self._clock())
        self._emit(changed, now)
        self._counted()
        rows = [_row(now, symbol) for symbol in changed]
        body = {
            "portfolio_id": self.portfolio_id,
            "timestamp": self._clock(),
            "simulated": self._simulated,
        }
        short = self._performance.short_form(now, self._closes)
        full = self._performance.full_form(short)
        for topic, data in (
            (pnl_topic(self.portfolio_id), {**body, **short}),
            (positions_topic(self.portfolio_id), {**body, "positions": rows}),
            (performance_topic(self.portfolio_id), {**body, **full}),
        ):
            try:
                await self._bus.publish(topic, data)
            except UnavailableError as error:  # who is too slow misses this one
                _log.debug("not published on %s: %s", topic, error)

    async def _lease(self) -> None:
        if not self.symbols:
            return
        try:
            await self._bus.request(FEED_ENSURE, {"symbols": list(self.symbols)}, timeout=2.0)
        except NautilusError as error:  # heartbeats say `no_prices` until a feed answers
            _log.info("no live prices for %s: %s", self.portfolio_id, error)

    def _take(self, symbol: str, price: float, source: str) -> None:
        if symbol in self._book.symbols:
            self._sources[symbol] = source
            self._ticked = time.monotonic()
            self._waiting[symbol] = price
            self._dirty.set()

    def _emit(self, symbols: Any, now: PnlNow) -> None:
        """Events of these positions and of the whole."""
        at = self._clock()
        booked = [s for s in now.lines if s in symbols or s not in self._latest]
        for symbol in booked:
            view = PositionUpdate(
                portfolio_id=self.portfolio_id,
                symbol=symbol,
                current_price=now.prices.get(symbol),
                pnl=now.of(symbol),
                timestamp=at,
                seq=self._seq + 1,
                price_source=self._sources.get(symbol, "stored"),
            )
            self._add(symbol, view.model_dump_json())
        whole = PnlUpdate(
            portfolio_id=self.portfolio_id,
            pnl=now.total,
            timestamp=at,
            seq=self._seq + 1,
            simulated=self._simulated,
        )
        self._add("", whole.model_dump_json())
        self._tell()

    def _add(self, key: str, text: str) -> None:
        self._seq += 1
        event = LiveEvent(self._seq, key, text)
        self._ring.append(event)
        self._ring_bytes += len(text)
        while self._ring_bytes > RING_BYTES and len(self._ring) > 1:
            self._ring_bytes -= len(self._ring.popleft().text)
        if key != "reset":
            self._latest[key] = event

    def _tell(self) -> None:
        self.news.set()
        self.news = asyncio.Event()


async def first_of(*events: asyncio.Event, timeout: float) -> None:
    """Wait until one of the events is set, or the time is over."""
    if any(event.is_set() for event in events):
        return
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _row(now: PnlNow, symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "current_price": now.prices[symbol],
        "pnl": _finite(now.of(symbol)),
    }


def _finite(value: float) -> float | None:
    return value if value == value else None


def _reset_text(portfolio_id: str, reason: str, at: datetime) -> str:
    return StreamReset(portfolio_id=portfolio_id, reason=reason, timestamp=at).model_dump_json()
