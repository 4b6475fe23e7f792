"""Ticks of one source on their way in: decode, validate, leave out repeats, check, time, publish.

One fold with two doors: message by message, and an array of messages at once. Both keep the same
state to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nautilus.core.checks import check_positive, check_window
from nautilus.core.results import Result
from nautilus.marketdata.latency import ClockOffset, LatencyHistogram, LatencyWindow
from nautilus.marketdata.sequences import ContentWindow, SequenceWindow
from nautilus.marketdata.tick_messages import (
    DepthTick,
    QuoteTick,
    Tick,
    TickError,
    TradeTick,
    decode_tick,
    decode_ticks,
)

__all__ = ["Ingestion", "IngestionCounts"]

_TIMED = 512  # latencies that wait for their histogram
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

    __slots__ = ("contents", "histogram", "last_price", "numbers", "waiting")

    def __init__(self, window: int, contiguous: bool) -> None:
        self.numbers = SequenceWindow(window, contiguous=contiguous)
        self.contents = ContentWindow(window)
        self.last_price = 0.0
        self.histogram = LatencyHistogram()
        self.waiting: list[int] = []

    def time(self) -> None:
        """Move the latencies that wait into the histogram."""
        self.histogram.record(self.waiting)
        self.waiting.clear()


def _unseen(stream: _Stream, tick: Tick) -> bool:
    number = tick.sequence
    if number is None:
        return stream.contents.is_new(tick)
    numbers = stream.numbers
    first = min(tick.first_sequence, number) if type(tick) is DepthTick else number
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
        "_invalid",
        "_jump",
        "_jumps",
        "_published",
        "_received",
        "_recent",
        "_second",
        "_streams",
        "_waiting",
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
        self._second = 0
        self._waiting: list[int] = []

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
        except TickError as error:
            self._refuse(str(error))
            return
        self._received += 1
        if self._is_new(tick, received_ns):
            self._published += 1
            self.publish([tick])

    def accept(self, ticks: Sequence[Tick], received_ns: int | Sequence[int]) -> None:
        """Take ticks that an adapter has decoded; those that are new are published as one list."""
        self._received += len(ticks)
        if isinstance(received_ns, int):
            new = self._accept_together(ticks, received_ns)
        else:
            new = [t for t, at in zip(ticks, received_ns, strict=True) if self._is_new(t, at)]
        if new:
            self._published += len(new)
            self.publish(new)

    def _accept_together(self, ticks: Sequence[Tick], received_ns: int) -> list[Tick]:
        """New ticks of one moment: their latencies are worked out together."""
        new, timed, events = [], [], []
        for tick in ticks:
            stream = self._stream_if_new(tick)
            if stream is None:
                continue
            new.append(tick)
            if tick.timestamp is not None:
                timed.append(stream.waiting)
                events.append(tick.timestamp)
        if events:
            sent = 1_000 * np.array(events, dtype=np.int64)
            values = self._clock.latencies(sent, np.full(len(sent), received_ns)).tolist()
            for waiting, latency in zip(timed, values, strict=True):
                waiting.append(latency)
            self._remember(values, received_ns)
        return new

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
        stream = self._stream_if_new(tick)
        if stream is None:
            return False
        if tick.timestamp is not None:
            latency = self._clock.latency(1_000 * tick.timestamp, received_ns)
            stream.waiting.append(latency)
            self._remember((latency,), received_ns)
        return True

    def _stream_if_new(self, tick: Tick) -> _Stream | None:
        """The stream of a tick that has not come before, after its checks."""
        kind = type(tick)
        streams = self._streams[kind]
        stream = streams.get(tick.symbol)
        if stream is None:
            stream = streams[tick.symbol] = _Stream(self.window, kind in _NUMBERED_WITHOUT_HOLES)
        if not _unseen(stream, tick):
            return None
        if type(tick) is TradeTick:
            self._check_price(stream, tick.price)
        elif type(tick) is QuoteTick and tick.bid > tick.ask:
            self._crossed += 1
        if len(stream.waiting) >= _TIMED:
            stream.time()
        return stream

    def _check_price(self, stream: _Stream, price: float) -> None:
        before = stream.last_price
        if before and abs(price / before - 1.0) > self._jump:
            self._jumps += 1
        stream.last_price = price

    def _remember(self, latencies: Iterable[int], received_ns: int) -> None:
        """Latencies wait in short lists: a batch into a histogram costs little more than one."""
        if received_ns // _SECOND != self._second or len(self._waiting) >= _TIMED:
            self._time_recent()
            self._second = received_ns // _SECOND
        self._waiting.extend(latencies)

    def _time_recent(self) -> None:
        self._recent.record(self._waiting, at=self._second * _SECOND)
        self._waiting.clear()

    def counts(self) -> IngestionCounts:
        """What has come so far."""
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
        merged: dict[str, LatencyHistogram] = {}
        for by_symbol in self._streams.values():
            for symbol, stream in by_symbol.items():
                stream.time()
                if stream.histogram.count:
                    held = merged.get(symbol, LatencyHistogram())
                    merged[symbol] = held.merge(stream.histogram)
        return dict(sorted(merged.items()))

    def recent_latencies(self, *, at: int) -> LatencyHistogram:
        """Exchange to receipt, all symbols, of the 60 seconds that end with `at` (nanoseconds)."""
        self._time_recent()
        return self._recent.histogram(at=at)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ingestion):
            return NotImplemented
        return self.counts() == other.counts() and self.latencies() == other.latencies()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ingestion({self.source!r}, received={self._received}, invalid={self._invalid})"
