"""What an engine counts: one registry per engine, every documented name, real values or none."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from nautilus.server.registry import EngineRow

__all__ = ["EngineMetrics", "Window", "portfolio_size", "short_endpoint"]

QUANTILES = (0.5, 0.9, 0.95, 0.99)
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STANDARD = frozenset({"/health", "/live", "/ready", "/metrics", "/info", "/status", "/process"})
_PARAMETER = re.compile(r"/\{[^}]*\}[^/]*")


@dataclass(frozen=True, slots=True)
class Business:
    """A documented counter or gauge of one engine; several names may share one value."""

    names: tuple[str, ...]
    help: str
    labels: tuple[str, ...] = ()
    kind: str = "counter"


BUSINESS: dict[str, tuple[Business, ...]] = {
    "analytics": (
        Business(
            ("analytics_portfolios_processed_total", "analytics_portfolios_calculated_total"),
            "Portfolios calculated.",
        ),
        Business(
            ("analytics_pnl_calculations_total", "analytics_pnl_updates_total"),
            "P&L computed, by request or by stream.",
        ),
        Business(("analytics_attribution_analyses_total",), "Attributions computed."),
        Business(("analytics_calculation_errors_total",), "Refused calculations.", ("error_type",)),
        Business(
            ("analytics_calculation_time_seconds",),
            "Time of a calculation.",
            ("portfolio_size",),
            "histogram",
        ),
    ),
    "risk": (
        Business(("risk_limit_checks_total",), "Limits checked."),
        Business(("risk_breaches_detected_total",), "Breaches detected."),
    ),
    "factors": (Business(("factor_calculations_completed_total",), "Factor calculations."),),
    "ml": (Business(("ml_predictions_served_total",), "Predictions served."),),
    "websocket": (Business(("websocket_connections_active",), "Open connections.", (), "gauge"),),
    "strategy": (Business(("strategy_deployments_completed_total",), "Deployments completed."),),
}


def short_endpoint(route: str | None) -> str:
    """The documented short form of a route template.

    Examples
    --------
    >>> short_endpoint("/calculate/{portfolio_id}"), short_endpoint(None)
    ('/calculate', 'unmatched')
    """
    return _PARAMETER.sub("", route) or "/" if route else "unmatched"


def portfolio_size(positions: int) -> str:
    """The documented label: small up to 50 positions, medium up to 500, large.

    Examples
    --------
    >>> portfolio_size(50), portfolio_size(51), portfolio_size(501)
    ('small', 'medium', 'large')
    """
    return "small" if positions <= 50 else "medium" if positions <= 500 else "large"


class Window:
    """Durations of the last minutes, for averages and quantiles of now.

    Parameters
    ----------
    seconds : float
        Age after which a duration is forgotten.
    most : int
        Durations kept at most; the oldest go first.
    clock : callable
        Seconds that only grow.

    Examples
    --------
    >>> window = Window(60.0)
    >>> window.add(0.25)
    >>> window.mean(), window.quantile(0.95)
    (0.25, 0.25)
    """

    def __init__(
        self, seconds: float, most: int = 4096, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._born = clock()
        self._items: deque[tuple[float, float]] = deque(maxlen=most)

    def add(self, duration: float) -> None:
        """Remember a duration in seconds."""
        self._items.append((self._clock(), duration))

    def durations(self) -> list[float]:
        """Those not older than the window."""
        oldest = self._clock() - self.seconds
        while self._items and self._items[0][0] < oldest:
            self._items.popleft()
        return [duration for _, duration in self._items]

    def mean(self) -> float | None:
        """Mean in seconds; None when nothing happened."""
        durations = self.durations()
        return sum(durations) / len(durations) if durations else None

    def rate(self) -> float:
        """Durations per second, over the window or the time since it was opened."""
        count = len(self.durations())
        full = self._items.maxlen
        if full is not None and count == full:
            return count / max(self._clock() - self._items[0][0], 1e-9)
        return count / max(min(self.seconds, self._clock() - self._born), 1.0)

    def quantile(self, probability: float) -> float | None:
        """Smallest duration that this share does not exceed; None when nothing happened."""
        durations = sorted(self.durations())
        if not durations:
            return None
        return durations[min(len(durations) - 1, int(probability * len(durations)))]


class EngineMetrics:
    """Counters and timings of one engine.

    Examples
    --------
    >>> from nautilus.server.registry import engine_row
    >>> metrics = EngineMetrics(engine_row("risk"))
    >>> metrics.count("risk_limit_checks_total", 8)
    >>> metrics.total("risk_limit_checks_total")
    8.0
    """

    def __init__(self, row: EngineRow, bus: Callable[[], Any] | None = None) -> None:
        self.row = row
        self.bus = bus
        self.registry = CollectorRegistry()
        self.window = Window(60.0)
        self.quantiles = Window(300.0)
        self.active = 0
        self.calculating = 0
        self.requests: dict[tuple[str, str, int], int] = {}
        self.errors: dict[str, int] = {}
        self.seconds = 0.0
        self._cpu = (time.monotonic(), time.process_time())
        self._histogram = Histogram(
            "engine_request_duration_histogram_seconds",
            "Time to the first byte of a response.",
            ("engine", "method", "endpoint"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str], Any] = {}
        self._business = {
            name: metric
            for business in BUSINESS.get(row.name, ())
            for name, metric in self._made(business)
        }
        self.registry.register(_Documented(self))

    def _made(self, business: Business) -> list[tuple[str, list[Any]]]:
        kinds = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}
        made: list[Any] = [
            kinds[business.kind](name, business.help, business.labels, registry=self.registry)
            for name in business.names
        ]
        return [(name, made) for name in business.names]

    def observe(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a response by its route template; unknown paths and methods share one label."""
        endpoint = short_endpoint(route)
        method = method if method in _METHODS else "other"
        key = (method, endpoint, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        self.seconds += seconds
        self.quantiles.add(seconds)
        if endpoint not in STANDARD and endpoint != "unmatched":
            self.window.add(seconds)
        if status >= 400:
            self.error(_error_type(status))
        child = self._children.get((method, endpoint))
        if child is None:
            child = self._histogram.labels(self.row.name, method, endpoint)
            self._children[method, endpoint] = child
        child.observe(seconds)

    def error(self, error_type: str) -> None:
        """Count an error by its kind."""
        self.errors[error_type] = self.errors.get(error_type, 0) + 1

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a documented counter under all of its names."""
        for metric in self._business[name]:
            (metric.labels(**labels) if labels else metric).inc(amount)

    def put(self, name: str, value: float, **labels: str) -> None:
        """Set a documented gauge."""
        for metric in self._business[name]:
            (metric.labels(**labels) if labels else metric).set(value)

    def timed(self, name: str, seconds: float, **labels: str) -> None:
        """Add a duration to a documented histogram."""
        for metric in self._business[name]:
            (metric.labels(**labels) if labels else metric).observe(seconds)

    def total(self, name: str, **labels: str) -> float:
        """Current value of a documented counter or gauge."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def cpu_percent(self) -> float:
        """Processor time of the process per elapsed time since the last call, in percent."""
        now, used = time.monotonic(), time.process_time()
        (then, before), self._cpu = self._cpu, (now, used)
        return 100.0 * (used - before) / max(now - then, 1e-9)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Text and content type that a scraper asked for."""
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def _error_type(status: int) -> str:
    if status >= 500:
        return {501: "not_built", 503: "unavailable"}.get(status, "internal_error")
    return {404: "not_found", 422: "invalid_value"}.get(status, "refused_request")


class _Documented(Collector):
    """Families whose documented form the client library does not have."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self.metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._requests()
        yield from self._summaries()
        yield from self._bus()
        if self.metrics.row.name == "analytics":
            yield from _process(self.metrics)

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def _requests(self) -> Iterator[Metric]:
        m = self.metrics
        requests = CounterMetricFamily(
            "engine_requests", "Responses.", labels=("engine", "method", "endpoint", "status")
        )
        for (method, endpoint, status), count in m.requests.items():
            requests.add_metric((m.row.name, method, endpoint, str(status)), count)
        yield requests
        errors = CounterMetricFamily(
            "engine_errors", "Responses that are errors.", labels=("engine", "error_type")
        )
        for kind, count in m.errors.items():
            errors.add_metric((m.row.name, kind), count)
        yield errors
        if m.row.name == "analytics":
            own = CounterMetricFamily(
                "analytics_requests", "Responses.", labels=("method", "endpoint")
            )
            by_endpoint: dict[tuple[str, str], int] = {}
            for (method, endpoint, _), count in m.requests.items():
                key = (method, endpoint)
                by_endpoint[key] = by_endpoint.get(key, 0) + count
            for labels, count in by_endpoint.items():
                own.add_metric(labels, count)
            yield own

    def _summaries(self) -> Iterator[Metric]:
        m = self.metrics
        yield _summary("engine_request_duration_seconds", m, {"engine": m.row.name})
        if m.row.name == "analytics":
            yield _summary("analytics_request_duration_seconds", m, {})

    def _bus(self) -> Iterator[Metric]:
        m = self.metrics
        status = m.bus() if m.bus else None
        sent = CounterMetricFamily(
            "engine_messagebus_messages_sent", "Messages sent.", labels=("engine", "topic")
        )
        for topic, count in getattr(status, "sent", {}).items():
            sent.add_metric((m.row.name, topic), count)
        yield sent
        connected = GaugeMetricFamily(
            "engine_messagebus_connection_status", "1 while connected.", labels=("engine",)
        )
        connected.add_metric((m.row.name,), float(bool(getattr(status, "connected", False))))
        yield connected


def _summary(name: str, metrics: EngineMetrics, labels: dict[str, str]) -> Metric:
    """The documented summary: quantiles of five minutes, count and sum since the start."""
    family = Metric(name, "Time to the first byte of a response.", "summary")
    for probability in QUANTILES:
        value = metrics.quantiles.quantile(probability)
        if value is not None:
            family.add_sample(name, {**labels, "quantile": str(probability)}, value)
    family.add_sample(f"{name}_count", labels, sum(metrics.requests.values()))
    family.add_sample(f"{name}_sum", labels, metrics.seconds)
    return family


def _process(metrics: EngineMetrics) -> Iterator[Metric]:
    memory = resident_bytes()
    if memory is not None:
        yield GaugeMetricFamily(
            "analytics_memory_usage_bytes", "Resident memory of the process.", memory
        )
    yield GaugeMetricFamily(
        "analytics_cpu_utilization_percent",
        "Processor time of the process since the last scrape.",
        metrics.cpu_percent(),
    )


def resident_bytes() -> int | None:
    """Resident memory of this process; None where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
