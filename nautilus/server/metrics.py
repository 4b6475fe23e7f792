"""What an engine counts: one registry per engine, every documented name, real values or none."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from nautilus.server.collectors import DocumentedCollector
from nautilus.server.windows import Window

if TYPE_CHECKING:
    from nautilus.server.bus.interface import Bus
    from nautilus.server.platform import Platform
    from nautilus.server.registry import EngineRow

__all__ = ["EngineMetrics", "portfolio_size", "short_endpoint"]

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STANDARD = frozenset(
    {
        "/health",
        "/live",
        "/ready",
        "/metrics",
        "/info",
        "/status",
        "/process",
        "/openapi.json",
        "/system/health/engines",
    }
)
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
    "websocket": (
        Business(("websocket_connections_active",), "Open connections.", (), "gauge"),
        Business(("websocket_messages_sent_total",), "Messages accepted for sending."),
        Business(
            ("websocket_messages_dropped_total",), "Messages that did not go out.", ("reason",)
        ),
        Business(("websocket_slow_consumer_disconnects_total",), "Clients closed for not reading."),
    ),
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

    def __init__(self, row: EngineRow) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.row = row
        self.bus: Bus | None = None
        self.platform: Platform | None = None
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
        self.registry.register(DocumentedCollector(self))

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

    @contextmanager
    def calculation(self) -> Iterator[None]:
        """While an operation runs; a stream is no calculation."""
        self.calculating += 1
        try:
            yield
        finally:
            self.calculating -= 1

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

    @property
    def shows_process(self) -> bool:
        """Whether this engine shows the process: one of each process, or sums would be wrong."""
        return self.platform is not None and self.platform.process_engine == self.row.name

    def bus_connected(self) -> bool:
        """Whether the bus carries messages; not before the engine started."""
        return self.bus is not None and bool(self.bus.status.connected)

    def messages_sent(self) -> dict[str, int]:
        """Messages sent by topic family, such as `risk.check`: ids are no labels."""
        return dict(self.bus.status.sent) if self.bus else {}

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


_REFUSED = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    422: "invalid_value",
}


def _error_type(status: int) -> str:
    if status >= 500:
        return {501: "not_built", 503: "unavailable"}.get(status, "internal_error")
    return _REFUSED.get(status, "refused_request")
