"""Measured latencies: of the feed, of the work on a message, of a source's answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from nautilus.marketdata.latency import ClockOffset, LatencyHistogram

__all__ = ["Latencies"]

_BATCH = 1024
_MS = 1e6


class _Recorded:
    """Latencies that are put into a histogram some hundreds at a time: one costs 20 times less."""

    __slots__ = ("_histogram", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[int] = []
        self._histogram = LatencyHistogram()

    def add(self, nanoseconds: int) -> None:
        self._waiting.append(nanoseconds)
        if len(self._waiting) >= _BATCH:
            self._flush()

    @property
    def histogram(self) -> LatencyHistogram:
        self._flush()
        return self._histogram

    def _flush(self) -> None:
        self._histogram.record(self._waiting)
        self._waiting.clear()


class Latencies:
    """From the event to the receipt (`feed`), from the receipt to the publication (`processing`).

    Examples
    --------
    >>> latencies = Latencies()
    >>> latencies.record("binance", "BTCUSDT", event_ns=1_000, received_ns=500, published_ns=2_500)
    >>> latencies.by_symbol(["BTCUSDT"])["BTCUSDT"]["message_count"]
    1
    >>> latencies.by_source({})["binance"]["latency_is_relative"]
    True
    """

    def __init__(self) -> None:
        self._feed: defaultdict[str, _Recorded] = defaultdict(_Recorded)
        self._processing: defaultdict[str, _Recorded] = defaultdict(_Recorded)
        self._symbols: defaultdict[str, _Recorded] = defaultdict(_Recorded)
        self._clocks: defaultdict[str, ClockOffset] = defaultdict(ClockOffset)

    def same_clock(self, source: str) -> None:
        """Say that a source stamps its events by this machine's clock."""
        self._clocks[source] = ClockOffset(known_ns=0)

    def record(
        self,
        source: str,
        symbol: str,
        *,
        event_ns: int,
        received_ns: int,
        published_ns: int | None = None,
    ) -> None:
        """One message. Both clocks are wall clocks; the work is measured by one of them alone."""
        feed = self._clocks[source].latency(event_ns, received_ns)
        work = max((received_ns if published_ns is None else published_ns) - received_ns, 0)
        self._feed[source].add(feed)
        self._processing[source].add(work)
        self._symbols[symbol].add(feed + work)

    def overall(self) -> dict[str, Any]:
        """Of all messages: percentiles of the merged histograms."""
        merged = LatencyHistogram()
        for recorded in self._symbols.values():
            merged = merged.merge(recorded.histogram)
        return {
            "avg_latency_ms": merged.mean / _MS,
            **{f"p{q}_latency_ms": merged.percentile(q / 100) / _MS for q in (50, 95, 99)},
            "message_count": merged.count,
        }

    def by_source(self, answers_ms: Mapping[str, float | None]) -> dict[str, dict[str, Any]]:
        """Mean of each source; `answers_ms` is how long connectors took to answer."""
        found: dict[str, dict[str, Any]] = {
            name: {"api_latency_ms": ms, "total_latency_ms": ms} for name, ms in answers_ms.items()
        }
        for name, recorded in self._feed.items():
            feed, work = recorded.histogram.mean / _MS, self._processing[name].histogram.mean / _MS
            clock = self._clocks[name]
            found[name] = {
                **found.get(name, {}),
                "feed_latency_ms": feed,
                "processing_latency_ms": work,
                "total_latency_ms": feed + work,
                "message_count": recorded.histogram.count,
                "clock_offset_ms": clock.clock_offset_ms,
                "latency_is_relative": clock.latency_is_relative,
            }
        return found

    def by_symbol(self, symbols: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Mean and 99th percentile of each symbol that had messages, and of those asked for."""
        names = dict.fromkeys([*symbols, *self._symbols])
        empty = LatencyHistogram()
        histograms = {
            name: self._symbols[name].histogram if name in self._symbols else empty
            for name in names
        }
        return {
            name: {
                "avg_latency_ms": histogram.mean / _MS,
                "p99_latency_ms": histogram.percentile(0.99) / _MS,
                "message_count": histogram.count,
            }
            for name, histogram in histograms.items()
        }

    @property
    def mean_ms(self) -> float | None:
        """Mean of all messages; None before the first."""
        found = self.overall()
        return found["avg_latency_ms"] if found["message_count"] else None
