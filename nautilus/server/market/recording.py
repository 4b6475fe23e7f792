"""Live ticks into the store, durable within a second, so that any day can be replayed."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import market_quotes, market_trades
from nautilus.server.market.stored import MarketStore
from nautilus.server.workers.leases import leased
from nautilus.server.workers.pauses import waiting_for

__all__ = ["RecordingStatus", "TickRecorder", "recorded"]

FLUSH_SECONDS = 1.0
MOST_WAITING = 500_000
CAPACITY = 16_384
# Files of one second each are merged before a day has too many of them to open.
FLUSHES_BETWEEN_MERGES = 600
_FIELDS = {
    "trades": ("price", "size"),
    "quotes": ("bid", "bid_size", "ask", "ask_size"),
}
_LARGEST = 2**62
_log = logging.getLogger("nautilus.server.market")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """What has become of the ticks that were heard.

    Parameters
    ----------
    symbols : tuple of str
    stored : int
        On disk: they outlive a kill.
    waiting : int
        Heard and not yet on disk: what a kill would lose, a second of ticks as a rule.
    refused : int
        Not ticks, or such that the store does not take.
    dropped : int
        The oldest that waited, while the disk took none and memory had to be bounded.
    problem : str or None
        Why the last attempt to store failed; it is made again every second.
    """

    symbols: tuple[str, ...]
    stored: int
    waiting: int
    refused: int
    dropped: int
    problem: str | None


class TickRecorder:
    """Trades and quotes as they are published, under the source that they name.

    Parameters
    ----------
    market : MarketStore
    symbols : sequence of str
    run : async callable
        Runs a function off the event loop.
    most_waiting : int
        Ticks kept in memory while the disk takes none.
    """

    def __init__(
        self,
        market: MarketStore,
        symbols: Sequence[str],
        *,
        run: Callable[..., Awaitable[Any]],
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.symbols = tuple(dict.fromkeys(symbols))
        self._market = market
        self._run = run
        self._most = most_waiting
        self._waiting: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._stored = self._refused = self._dropped = self._flushes = 0
        self._problem: str | None = None
        self._flushing = asyncio.Lock()

    @property
    def status(self) -> RecordingStatus:
        """Counts since the server started."""
        waiting = sum(map(len, self._waiting.values()))
        return RecordingStatus(
            self.symbols, self._stored, waiting, self._refused, self._dropped, self._problem
        )

    async def heard(self, message: Message) -> None:
        """The handler of `market.trades.*` and `market.quotes.*`."""
        kind = message.topic.split(".")[1]
        try:
            row = self._row(kind, message.data)
        except (KeyError, TypeError, ValueError, OverflowError):
            self._refused += 1
            return
        self._waiting[kind, str(message.data.get("source") or "unnamed")].append(row)

    def _row(self, kind: str, data: Row) -> Row:
        at, symbol = data["timestamp"], str(data["symbol"])
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        values = {name: float(data[name]) for name in _FIELDS[kind]}
        for name, value in values.items():
            if not math.isfinite(value) or value < 0.0 or (value == 0.0 and "size" not in name):
                raise ValueError(f"{name} {value}")
        self._numbers[kind, symbol] += 1
        sequence = data.get("sequence")
        number = int(self._numbers[kind, symbol] if sequence is None else sequence)
        if not 0 <= number < _LARGEST:
            raise ValueError(f"sequence {number}")
        return {
            "symbol": symbol,
            "timestamp": moment.astimezone(UTC),
            **values,
            "sequence": number,
        }

    async def flush(self) -> None:
        """Make durable what waits; what the disk does not take stays for the next time."""
        async with self._flushing:
            taken, self._waiting = self._waiting, defaultdict(list)
            problem = None
            for (kind, source), rows in taken.items():
                try:
                    stored = await self._run(self._append, kind, source, rows)
                except (UnavailableError, OSError) as error:  # another writer, or a full disk
                    problem = str(error)
                    self._keep(kind, source, rows)
                except Exception:  # the recording goes on with what comes next
                    _log.exception("%d %s of %s were not stored", len(rows), kind, source)
                    self._refused += len(rows)
                else:
                    self._stored += stored
                    self._refused += len(rows) - stored
            if problem is not None and self._problem is None:
                _log.error("live ticks wait in memory: %s", problem)
            self._problem = problem
            self._flushes += bool(taken)
            if problem is None and self._flushes >= FLUSHES_BETWEEN_MERGES:
                await self._merge()

    def _append(self, kind: str, source: str, rows: list[Row]) -> int:
        """How many of the rows the store has now; a bad one does not take others with it."""
        import polars as pl

        try:
            done = self._market.open().append(kind, pl.DataFrame(rows), source=source)
        except (UnavailableError, OSError):
            raise
        except NautilusError as error:
            if len(rows) == 1:
                _log.warning("a tick of %s was refused: %s", source, error)
                return 0
            middle = len(rows) // 2
            return self._append(kind, source, rows[:middle]) + self._append(
                kind, source, rows[middle:]
            )
        return done.rows + done.known

    def _keep(self, kind: str, source: str, rows: list[Row]) -> None:
        kept = self._waiting[kind, source]
        kept[:0] = rows
        excess = sum(map(len, self._waiting.values())) - self._most
        if excess > 0:
            self._dropped += min(excess, len(kept))
            del kept[:excess]

    async def _merge(self) -> None:
        self._flushes = 0
        try:
            await self._run(self._market.open().compact)
        except NautilusError as error:
            _log.warning("the files of live ticks were not merged: %s", error)

    async def close(self) -> None:
        """Store what waits, and merge the files of the session."""
        await self.flush()
        if self._stored:
            await self._merge()


@asynccontextmanager
async def recorded(
    bus: Bus,
    market: MarketStore,
    symbols: Sequence[str],
    *,
    run: Callable[..., Awaitable[Any]],
    draining: asyncio.Event,
) -> AsyncIterator[TickRecorder | None]:
    """Record these symbols until the block ends; None where there are none."""
    if not symbols:
        yield None
        return
    recorder = TickRecorder(market, symbols, run=run)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(recorder.close)
        topics = [
            topic(one) for one in recorder.symbols for topic in (market_trades, market_quotes)
        ]
        for topic in topics:
            heard = await bus.subscribe(
                topic, recorder.heard, mode="broadcast", capacity=CAPACITY, overflow="wait"
            )
            stack.push_async_callback(heard.close)
        stop = asyncio.Event()
        task = asyncio.create_task(_flushing(recorder, stop), name="tick recorder")
        stack.push_async_callback(_ended, task, stop)
        await stack.enter_async_context(leased(bus, recorder.symbols, draining=draining))
        yield recorder


async def _flushing(recorder: TickRecorder, stop: asyncio.Event) -> None:
    wait = waiting_for(stop)
    while not stop.is_set():
        await wait(FLUSH_SECONDS)
        await recorder.flush()


async def _ended(task: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Let it end: what a cancelled flush had taken would be in memory no more, and not on disk."""
    stop.set()
    await asyncio.wait([task])
