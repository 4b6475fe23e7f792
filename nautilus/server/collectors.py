"""Metric families whose documented form the client library does not have."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from nautilus.server.metrics import EngineMetrics

__all__ = ["DocumentedCollector", "resident_bytes"]

QUANTILES = (0.5, 0.9, 0.95, 0.99)


class DocumentedCollector(Collector):
    """Counts of responses and messages, and the documented summaries with quantiles."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self.metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """The families of an engine, read when somebody scrapes."""
        yield _requests(self.metrics)
        yield _errors(self.metrics)
        yield _summary(
            "engine_request_duration_seconds", self.metrics, {"engine": self.metrics.row.name}
        )
        yield from _bus(self.metrics)
        if self.metrics.row.name == "analytics":
            yield _analytics_requests(self.metrics)
            yield _summary("analytics_request_duration_seconds", self.metrics, {})
            yield from _process(self.metrics)

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are made when they are read."""
        return iter(())


def _requests(metrics: EngineMetrics) -> Metric:
    family = CounterMetricFamily(
        "engine_requests", "Responses.", labels=("engine", "method", "endpoint", "status")
    )
    for (method, endpoint, status), count in metrics.requests.items():
        family.add_metric((metrics.row.name, method, endpoint, str(status)), count)
    return family


def _errors(metrics: EngineMetrics) -> Metric:
    family = CounterMetricFamily(
        "engine_errors", "Responses that are errors.", labels=("engine", "error_type")
    )
    for kind, count in metrics.errors.items():
        family.add_metric((metrics.row.name, kind), count)
    return family


def _analytics_requests(metrics: EngineMetrics) -> Metric:
    family = CounterMetricFamily("analytics_requests", "Responses.", labels=("method", "endpoint"))
    counts: Counter[tuple[str, str]] = Counter()
    for (method, endpoint, _), count in metrics.requests.items():
        counts[method, endpoint] += count
    for labels, count in counts.items():
        family.add_metric(labels, count)
    return family


def _bus(metrics: EngineMetrics) -> Iterator[Metric]:
    sent = CounterMetricFamily(
        "engine_messagebus_messages_sent",
        "Messages sent, by the first two tokens of their topic.",
        labels=("engine", "topic"),
    )
    for topic, count in metrics.messages_sent().items():
        sent.add_metric((metrics.row.name, topic), count)
    yield sent
    connected = GaugeMetricFamily(
        "engine_messagebus_connection_status", "1 while connected.", labels=("engine",)
    )
    connected.add_metric((metrics.row.name,), float(metrics.bus_connected()))
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
