"""Ticks of one source on their way in: decode, validate, leave out repeats, check, time, publish.

One fold with two doors: message by message, and an array of messages at once. Both keep the same
state to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_positive, check_window
from nautilus.core.results import Result
from nautilus.marketdata.latency import ClockOffset, LatencyHistogram, LatencyWindow
from nautilus.marketdata.sequences import ContentWindow, SequenceWindow
from nautilus.marketdata.tick_messages import (
    DepthTick,
    QuoteTick,
    Tick,
    TradeTick,
    decode_tick,
    decode_ticks,
)

__all__ = ["Ingestion", "IngestionCounts"]

_TIMED = 4_096  # latencies that wait for their histogram
_SECOND = 1_000_000_000
_NUMBERED_WITHOUT_HOLES = frozenset({TradeTick, DepthTick})


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionCounts(Result):
    """What has come from one source.

    Parameters
    ----------
    source : str
    received : int
        Messages, valid or not: published + invalid + duplicates + late.
    published : int
    invalid : int
        Refused by the decoder; `last_error` says why the last one was.
    duplicates, late : int
        Left out: came before; older than one that came before.
    lost : int
        Sequence numbers missing by now.
    jumps, crossed : int
        Published all the same: prices far from the one before, bids above asks.
    clock_offset_ms : float or None
    latency_is_relative : bool
        As `ClockOffset`.
    """

    source: str
    received: int
    published: int
    invalid: int
    duplicates: int
    late: int
    lost: int
    jumps: int
    crossed: int
    clock_offset_ms: float | None
    latency_is_relative: bool
    last_error: str | None


class _Stream:
    """Ticks of one kind and symbol."""

    __slots__ = ("contents", "histogram", "last_price", "numbers")

    def __init__(self, window: int, contiguous: bool) -> None:
        self.numbers = SequenceWindow(window, contiguous=contiguous)
        self.contents = ContentWindow(window)
        self.last_price = 0.0
        self.histogram = LatencyHistogram()


def _unseen(stream: _Stream, tick: Tick) -> bool:
    number = tick.sequence
    if number is None:
        return stream.contents.is_new(tick)
    numbers = stream.numbers
    first = tick.first_sequence if type(tick) is DepthTick else number
    if first - 1 == numbers.last:  # the usual case, without a call
        numbers.last = number
        return True
    return numbers.is_new(first, number)


class Ingestion:
    """Ticks of one source: decoded, validated, without repeats, checked, timed and published.

    A trade is the same as another if its number is, or, where it has none, if time and content are.
    Numbers of trades and depth have no holes: a hole is counted as lost until a late message fills
    it. Quotes that are older than the last are worthless and left out.

    Parameters
    ----------
    source : str
    publish : callable
        Called with a list of new ticks, in order.
    window : int
        Numbers or contents remembered per symbol and kind: the bound of the memory.
    jump_limit : float
        |price / price before - 1| above it counts as a jump.
    known_offset_ns : int, optional
        Receiver minus exchange clock; estimated where not given (see `ClockOffset`).

    Examples
    --------
    >>> came = []
    >>> live = Ingestion("example", came.extend)
    >>> raw = b'{"type": "trade", "symbol": "A", "timestamp": 1704205800000000, "price": 9.5,'
    >>> for end in (b' "size": 1, "sequence": 7}', b' "size": 1, "sequence": 7}', b' "size": -1}'):
    ...     live.update(raw + end, received_ns=1704205800000900000)
    >>> len(came), live.counts().duplicates, live.counts().invalid
    (1, 1, 1)
    """

    __slots__ = (
        "_clock",
        "_crossed",
        "_error",
        "_events",
        "_invalid",
        "_jump",
        "_jumps",
        "_published",
        "_receipts",
        "_received",
        "_recent",
        "_streams",
        "_timed",
        "publish",
        "source",
        "window",
    )

    def __init__(
        self,
        source: str,
        publish: Callable[[list[Tick]], object],
        *,
        window: int = 4_096,
        jump_limit: float = 0.1,
        known_offset_ns: int | None = None,
    ) -> None:
        self.source = source
        self.publish = publish
        self.window = check_window(window, "window")
        self._jump = check_positive(jump_limit, "jump_limit")
        self._clock = ClockOffset(known_offset_ns)
        self._recent = LatencyWindow(seconds=60)
        self._streams: dict[type, dict[str, _Stream]] = {
            kind: {} for kind in (TradeTick, QuoteTick, DepthTick)
        }
        self._received = self._published = self._invalid = self._jumps = self._crossed = 0
        self._error: str | None = None
        # Latencies are worked out some thousand at a time; the order of receipt is kept.
        self._events: list[int] = []
        self._receipts: list[int] = []
        self._timed: list[_Stream] = []

    def update(self, raw: bytes | str, received_ns: int) -> None:
        """Take one JSON message.

        Parameters
        ----------
        raw : bytes or str
        received_ns : int
            Wall clock of the receiver, nanoseconds since 1970 in UTC.
        """
        try:
            tick = decode_tick(raw)
        except msgspec.MsgspecError as error:
            self._refuse(str(error))
            return
        self._received += 1
        if self._is_new(tick, received_ns):
            self._published += 1
            self.publish([tick])

    def accept(self, ticks: Sequence[Tick], received_ns: int | Sequence[int]) -> None:
        """Take ticks that an adapter has decoded; those that are new are published as one list."""
        receipts = received_ns
        if isinstance(receipts, int):
            receipts = [receipts] * len(ticks)
        self._received += len(ticks)
        new = [t for t, at in zip(ticks, receipts, strict=True) if self._is_new(t, at)]
        if new:
            self._published += len(new)
            self.publish(new)

    def update_batch(self, raw: bytes, received_ns: int) -> None:
        """Take a JSON array of messages that came together: what `update` does one by one."""
        ticks, errors = decode_ticks(raw)
        for error in errors:
            self._refuse(error)
        self.accept(ticks, received_ns)

    def _refuse(self, reason: str) -> None:
        self._received += 1
        self._invalid += 1
        self._error = reason

    def _is_new(self, tick: Tick, received_ns: int) -> bool:
        kind = type(tick)
        streams = self._streams[kind]
        stream = streams.get(tick.symbol)
        if stream is None:
            stream = streams[tick.symbol] = _Stream(self.window, kind in _NUMBERED_WITHOUT_HOLES)
        if not _unseen(stream, tick):
            return False
        if kind is TradeTick:
            self._check_price(stream, tick.price)  # type: ignore[union-attr]
        elif kind is QuoteTick and tick.bid > tick.ask:  # type: ignore[union-attr]
            self._crossed += 1
        if tick.timestamp is not None:
            self._events.append(tick.timestamp)
            self._receipts.append(received_ns)
            self._timed.append(stream)
            if len(self._timed) >= _TIMED:
                self._time()
        return True

    def _check_price(self, stream: _Stream, price: float) -> None:
        before = stream.last_price
        if before and abs(price / before - 1.0) > self._jump:
            self._jumps += 1
        stream.last_price = price

    def _time(self) -> None:
        """Move the latencies that wait into their histograms."""
        if not self._timed:
            return
        received = np.array(self._receipts, dtype=np.int64)
        values = self._clock.latencies(np.array(self._events, dtype=np.int64) * 1_000, received)
        by_id = {id(stream): stream for stream in self._timed}
        owners = np.fromiter(map(id, self._timed), dtype=np.int64, count=len(self._timed))
        for rows in _groups(owners):
            by_id[int(owners[rows[0]])].histogram.record(values[rows])
        for rows in _groups(received // _SECOND):
            self._recent.record(values[rows], at=int(received[rows[0]]))
        self._events, self._receipts, self._timed = [], [], []

    def counts(self) -> IngestionCounts:
        """What has come so far."""
        self._time()
        streams = [s for by_symbol in self._streams.values() for s in by_symbol.values()]
        return IngestionCounts(
            source=self.source,
            received=self._received,
            published=self._published,
            invalid=self._invalid,
            duplicates=sum(s.numbers.duplicates + s.contents.duplicates for s in streams),
            late=sum(s.numbers.late for s in streams),
            lost=sum(s.numbers.lost for s in streams),
            jumps=self._jumps,
            crossed=self._crossed,
            clock_offset_ms=self._clock.clock_offset_ms,
            latency_is_relative=self._clock.latency_is_relative,
            last_error=self._error,
        )

    def latencies(self) -> dict[str, LatencyHistogram]:
        """Exchange to receipt, by symbol; merge them for the source."""
        self._time()
        merged: dict[str, LatencyHistogram] = {}
        for by_symbol in self._streams.values():
            for symbol, stream in by_symbol.items():
                if stream.histogram.count:
                    held = merged.get(symbol, LatencyHistogram())
                    merged[symbol] = held.merge(stream.histogram)
        return dict(sorted(merged.items()))

    def recent_latencies(self, *, at: int) -> LatencyHistogram:
        """Exchange to receipt, all symbols, of the 60 seconds that end with `at` (nanoseconds)."""
        self._time()
        return self._recent.histogram(at=at)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ingestion):
            return NotImplemented
        return self.counts() == other.counts() and self.latencies() == other.latencies()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ingestion({self.source!r}, received={self._received}, invalid={self._invalid})"


def _groups(keys: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows of each key, in their order."""
    order = np.argsort(keys, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)
