"""How late data are: log-linear histograms that merge by addition, and the offset of two clocks.

Latencies and times are whole nanoseconds. Wall clocks (event to receipt) and a monotonic clock
(receipt to publication) are never subtracted from one another.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nautilus.core.checks import check_fraction, check_window
from nautilus.core.errors import DataError, ParameterError

__all__ = ["ClockOffset", "LatencyHistogram", "LatencyWindow"]

Integers = NDArray[np.int64]

SUB_BUCKETS = 64
_BITS = 6  # 2**6 sub-buckets
# Exponent and first six bits of the fraction of a double are the bucket, shifted to start at 64.
_SHIFT = 52 - _BITS
_BASE = ((1023 + _BITS) << _BITS) - SUB_BUCKETS
_SECOND = 1_000_000_000


class LatencyHistogram:
    """Counts of latencies in buckets of equal relative width: 64 for each doubling.

    Values up to 128 ns have buckets of their own; above, a bucket is 1/64 of its octave wide and
    answers by its middle, so that no percentile is off by more than 1/128 (0.8 %). Two histograms
    merge by adding counts: the merged one is that of all values, to the bit. Percentiles of several
    symbols are those of the merged histogram; percentiles themselves must not be averaged.

    Attributes
    ----------
    count : int
        Latencies recorded.
    minimum, maximum : int or None
        In nanoseconds, exact; None before the first.

    References
    ----------
    Tene (2012), HdrHistogram: the layout of buckets.

    Examples
    --------
    >>> latencies = LatencyHistogram()
    >>> latencies.record([1_000_000, 2_000_000, 40_000_000])
    >>> latencies.count, round(latencies.percentile(0.5) / 1e6, 1), latencies.maximum
    (3, 2.0, 40000000)
    """

    __slots__ = ("_counts", "_total", "count", "maximum", "minimum")

    def __init__(self) -> None:
        self._counts: Integers = np.zeros(0, dtype=np.int64)
        self._total = 0
        self.count = 0
        self.minimum: int | None = None
        self.maximum: int | None = None

    def record(self, nanoseconds: ArrayLike) -> None:
        """Add a batch of latencies.

        Parameters
        ----------
        nanoseconds : array of int, or one int
            Not negative; `ClockOffset` makes them so where two clocks differ.

        Raises
        ------
        DataError
            A negative latency, or values that are no whole numbers. Nothing is recorded then.
        """
        values = np.atleast_1d(np.asarray(nanoseconds))
        if not values.size:
            return
        if values.dtype.kind not in "iu":
            raise DataError(
                f"latencies must be whole nanoseconds, got {values.dtype}.", field="nanoseconds"
            )
        self._add(values.astype(np.int64, copy=False).ravel())

    def _add(self, values: Integers) -> None:
        low, high = int(values.min()), int(values.max())
        if low < 0:
            raise DataError(
                f"a latency must be at least 0 ns, got {low}: the clocks differ. ClockOffset"
                " estimates by how much.",
                field="nanoseconds",
            )
        found = np.bincount(_buckets(values), minlength=len(self._counts)).astype(np.int64)
        found[: len(self._counts)] += self._counts
        self._counts = found
        # In two halves: a sum of days in nanoseconds would not fit into 64 bits.
        self._total += (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
        self.count += values.size
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)

    def merge(self, other: LatencyHistogram) -> LatencyHistogram:
        """The histogram of the latencies of both; neither is changed."""
        merged = LatencyHistogram()
        merged._counts = np.zeros(max(len(self._counts), len(other._counts)), dtype=np.int64)
        for part in (self, other):
            merged._counts[: len(part._counts)] += part._counts
        merged._total = self._total + other._total
        merged.count = self.count + other.count
        lows = [h.minimum for h in (self, other) if h.minimum is not None]
        highs = [h.maximum for h in (self, other) if h.maximum is not None]
        merged.minimum, merged.maximum = min(lows, default=None), max(highs, default=None)
        return merged

    @property
    def mean(self) -> float:
        """Mean in nanoseconds, exact before rounding; NaN when empty."""
        return self._total / self.count if self.count else math.nan

    def percentile(self, q: float) -> float:
        """The latency in nanoseconds that the share `q` of all does not exceed.

        Parameters
        ----------
        q : float
            From 0 to 1. Between two ranks the value is interpolated, as numpy's does.

        Returns
        -------
        float, within 0.8 % of the exact one; NaN when empty.
        """
        share = check_fraction(q, "q")
        if not self.count or self.minimum is None or self.maximum is None:
            return math.nan
        position = share * (self.count - 1)
        rank = math.floor(position)
        ranks = np.array([rank, min(rank + 1, self.count - 1)])
        places = np.searchsorted(np.cumsum(self._counts), ranks, side="right")
        below, above = np.clip(_middles(places), self.minimum, self.maximum)
        return float(below + (position - rank) * (above - below))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able snapshot: buckets that hold something, by their number."""
        used = np.flatnonzero(self._counts)
        return {
            "unit": "ns",
            "sub_buckets": SUB_BUCKETS,
            "count": self.count,
            "total": self._total,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "buckets": used.tolist(),
            "counts": self._counts[used].tolist(),
        }

    @classmethod
    def from_dict(cls, snapshot: Mapping[str, Any]) -> LatencyHistogram:
        """A histogram from `to_dict`, equal to the bit.

        Raises
        ------
        DataError
            Another unit or layout of buckets, or counts that do not add up.
        """
        layout = snapshot.get("unit"), snapshot.get("sub_buckets")
        if layout != ("ns", SUB_BUCKETS):
            raise DataError(
                f"a histogram must have unit 'ns' and {SUB_BUCKETS} sub-buckets, got {layout}.",
                field="snapshot",
            )
        made = cls()
        buckets = np.asarray(snapshot["buckets"], dtype=np.int64)
        made._counts = np.zeros(int(buckets.max(initial=-1)) + 1, dtype=np.int64)
        made._counts[buckets] = snapshot["counts"]
        made._total, made.count = int(snapshot["total"]), int(snapshot["count"])
        made.minimum, made.maximum = snapshot["minimum"], snapshot["maximum"]
        if int(made._counts.sum()) != made.count:
            raise DataError("the counts of the buckets do not add up to `count`.", field="snapshot")
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LatencyHistogram) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if not self.count:
            return "LatencyHistogram(count=0)"
        p50, p99 = (self.percentile(q) / 1e6 for q in (0.5, 0.99))
        return f"LatencyHistogram(count={self.count}, p50={p50:.3g} ms, p99={p99:.3g} ms)"


def _buckets(values: Integers) -> Integers:
    bits: Integers = values.astype(np.float64).view(np.int64)
    return np.where(values < SUB_BUCKETS, values, (bits >> _SHIFT) - _BASE)


def _middles(buckets: Integers) -> NDArray[np.float64]:
    """Middle of the whole numbers that fall into a bucket."""
    shift = np.maximum(buckets // SUB_BUCKETS - 1, 0)
    low = np.where(buckets < SUB_BUCKETS, buckets, (buckets % SUB_BUCKETS + SUB_BUCKETS) << shift)
    return low + ((np.int64(1) << shift) - 1) / 2.0


class LatencyWindow:
    """Latencies of the last seconds: a ring of histograms, one for each second.

    Parameters
    ----------
    seconds : int
        Length of the window.

    Examples
    --------
    >>> window = LatencyWindow(seconds=60)
    >>> window.record([5_000], at=1_000_000_000)
    >>> window.histogram(at=59_000_000_000).count, window.histogram(at=61_000_000_000).count
    (1, 0)
    """

    __slots__ = ("_ring", "seconds")

    def __init__(self, seconds: int = 60) -> None:
        self.seconds = check_window(seconds, "seconds")
        self._ring: list[tuple[int, LatencyHistogram]] = [
            (-self.seconds, LatencyHistogram()) for _ in range(self.seconds)
        ]

    def record(self, nanoseconds: ArrayLike, *, at: int) -> None:
        """Add a batch to the second of `at` (nanoseconds); a second that has left is left out."""
        second = at // _SECOND
        held, histogram = self._ring[second % self.seconds]
        if held > second:
            return
        if held != second:
            histogram = LatencyHistogram()
            self._ring[second % self.seconds] = (second, histogram)
        histogram.record(nanoseconds)

    def histogram(self, *, at: int) -> LatencyHistogram:
        """All latencies of the window that ends with the second of `at`."""
        last = at // _SECOND
        merged = LatencyHistogram()
        for second, part in self._ring:
            if last - self.seconds < second <= last and part.count:
                merged = merged.merge(part)
        return merged


class ClockOffset:
    """The latency of a feed when the clocks of exchange and receiver differ.

    received - event holds the latency and the difference of the clocks. Nothing arrives before it
    is sent, so the rolling minimum of received - event is taken as the offset where the true one is
    unknown, or where it proves wrong (a latency below 0). What remains is the latency above that of
    the fastest message of the window: `latency_is_relative`.

    Parameters
    ----------
    known_ns : int, optional
        Receiver minus exchange clock, from NTP or PTP.
    window_seconds : int
        How far back the minimum looks, so that a drift of the clocks is followed.

    Examples
    --------
    >>> clock = ClockOffset()
    >>> clock.latencies([10_000, 20_000], [7_000, 19_000]).tolist()
    [0, 2000]
    >>> clock.clock_offset_ms, clock.latency_is_relative
    (-0.003, True)
    """

    __slots__ = ("_minima", "_offset", "known_ns", "window_seconds")

    def __init__(self, known_ns: int | None = None, window_seconds: int = 300) -> None:
        if known_ns is not None and not isinstance(known_ns, int):
            raise ParameterError(
                f"`known_ns` must be whole nanoseconds, got {known_ns!r}.", field="known_ns"
            )
        self.known_ns = known_ns
        self.window_seconds = check_window(window_seconds, "window_seconds")
        # (second, least difference), both increasing: the first is the minimum of the window.
        self._minima: deque[tuple[int, int]] = deque()
        self._offset: int | None = known_ns

    @property
    def clock_offset_ms(self) -> float | None:
        """Receiver minus exchange clock in milliseconds; None before the first message."""
        return None if self._offset is None else self._offset / 1e6

    @property
    def latency_is_relative(self) -> bool:
        """Whether the offset is an estimate, so that latencies start at 0 by construction."""
        return self.known_ns is None or self._offset != self.known_ns

    def latency(self, event_ns: int, received_ns: int) -> int:
        """Latency in nanoseconds of one message; never negative."""
        difference = received_ns - event_ns
        if self._minima and self._offset is not None:
            second, smallest = self._minima[-1]
            if difference >= smallest and received_ns // _SECOND == second:
                return difference - self._offset  # the usual case: no minimum changes
        least = self._remember(received_ns // _SECOND, difference)
        offset = least if self.known_ns is None or least < self.known_ns else self.known_ns
        self._offset = offset
        return difference - offset

    def latencies(self, event_ns: ArrayLike, received_ns: ArrayLike) -> Integers:
        """Latencies of a batch in order of receipt: what `latency` gives one by one, to the bit."""
        received = np.asarray(received_ns, dtype=np.int64)
        differences = received - np.asarray(event_ns, dtype=np.int64)
        if not differences.size:
            return differences
        seconds = received // _SECOND
        starts = np.flatnonzero(np.append(True, seconds[1:] != seconds[:-1]))
        least = np.empty_like(differences)
        for start, end in zip(starts, np.append(starts[1:], len(seconds)), strict=True):
            running = np.minimum.accumulate(differences[start:end])
            second = int(seconds[start])
            before = self._remember(second, int(running[0]))
            self._remember(second, int(running[-1]))
            least[start:end] = np.minimum(running, before)
        offsets = least if self.known_ns is None else np.minimum(least, self.known_ns)
        self._offset = int(offsets[-1])
        return differences - offsets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClockOffset) and self._state() == other._state()

    __hash__ = None  # type: ignore[assignment]

    def _state(self) -> tuple[object, ...]:
        return self.known_ns, self.window_seconds, self._offset, list(self._minima)

    def __repr__(self) -> str:
        relative = self.latency_is_relative
        return f"ClockOffset({self.clock_offset_ms} ms, latency_is_relative={relative})"

    def _remember(self, second: int, difference: int) -> int:
        minima = self._minima
        while minima and minima[-1][1] >= difference:
            minima.pop()
        if not minima or minima[-1][0] < second:
            minima.append((second, difference))
        while minima[0][0] <= second - self.window_seconds and len(minima) > 1:
            minima.popleft()
        return minima[0][1]
