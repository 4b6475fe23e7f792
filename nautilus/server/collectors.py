"""What is read when somebody scrapes: responses, bus, event loop, queues and the process."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from nautilus.server.metric_families import FAMILIES

if TYPE_CHECKING:
    from nautilus.server.bus.interface import BusStatus
    from nautilus.server.loop_watch import LoopWatch
    from nautilus.server.metrics import EngineMetrics
    from nautilus.server.platform import Platform

__all__ = ["DocumentedCollector", "process_families", "resident_bytes"]

QUANTILES = (0.5, 0.9, 0.95, 0.99)
_OF_BUS = {
    "dead_letters_total": "dead",
    "queue_depth": "waiting",
    "pending": "pending",
    **{
        f"{name}_total": name
        for name in (
            "received",
            "failed",
            "redelivered",
            "expired",
            "dropped",
            "duplicates",
            "unsent",
            "timeouts",
        )
    },
}


class DocumentedCollector(Collector):
    """The families of an engine that are not counted where things happen."""

    def __init__(self, metrics: EngineMetrics) -> None:
        self.metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """The families, with true values or without samples."""
        metrics = self.metrics
        yield from _responses(metrics)
        yield from _bus(metrics)
        yield from _platform(metrics)
        if metrics.row.name == "analytics":
            yield from _analytics(metrics)
        if metrics.shows_process:
            yield from process_families()

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are made when they are read."""
        return iter(())


def _responses(metrics: EngineMetrics) -> Iterator[Metric]:
    own = metrics.row.name
    counts = {(own, m, e, str(s)): float(n) for (m, e, s), n in metrics.requests.items()}
    yield FAMILIES["engine_requests_total"].metric(counts)
    errors = {(own, kind): float(count) for kind, count in metrics.errors.items()}
    yield FAMILIES["engine_errors_total"].metric(errors)
    yield _summary("engine_request_duration_seconds", metrics, {"engine": own})
    yield FAMILIES["engine_requests_active"].metric({(own,): metrics.active})
    yield FAMILIES["engine_calculations_active"].metric({(own,): metrics.calculating})


def _summary(name: str, metrics: EngineMetrics, labels: dict[str, str]) -> Metric:
    """The documented summary: quantiles of five minutes, count and sum since the start."""
    family = FAMILIES[name].metric({})
    for probability in QUANTILES:
        value = metrics.quantiles.quantile(probability)
        if value is not None:
            family.add_sample(name, {**labels, "quantile": str(probability)}, value)
    family.add_sample(f"{name}_count", labels, sum(metrics.requests.values()))
    family.add_sample(f"{name}_sum", labels, metrics.seconds)
    return family


def _bus(metrics: EngineMetrics) -> Iterator[Metric]:
    own = metrics.row.name
    sent = {(own, topic): float(count) for topic, count in metrics.messages_sent().items()}
    yield FAMILIES["engine_messagebus_messages_sent_total"].metric(sent)
    connected = {(own,): float(metrics.bus_connected())}
    yield FAMILIES["engine_messagebus_connection_status"].metric(connected)
    if metrics.bus is not None:
        yield from _backlog(own, metrics.bus.status)


def _backlog(own: str, status: BusStatus) -> Iterator[Metric]:
    for name, field in _OF_BUS.items():
        yield FAMILIES[f"engine_messagebus_{name}"].metric({(own,): getattr(status, field)})
    lag = {} if status.lag is None else {(own,): float(status.lag)}
    yield FAMILIES["engine_messagebus_lag"].metric(lag)


def _platform(metrics: EngineMetrics) -> Iterator[Metric]:
    """What the engines of a process share; the label says who was asked."""
    platform, own = metrics.platform, (metrics.row.name,)
    if platform is None:
        return
    yield _lag(platform.loop, own[0])
    for name, value in _queues(platform).items():
        yield FAMILIES[f"engine_{name}"].metric({own: value})
    active = platform.jobs.active(own[0])
    running = {(*own, status): float(count) for status, count in active.items()}
    yield FAMILIES["engine_jobs_active"].metric(running)
    ended = {key: float(count) for key, count in platform.jobs.ended.items() if key[0] == own[0]}
    yield FAMILIES["engine_jobs_total"].metric(ended)


def _queues(platform: Platform) -> dict[str, float]:
    cpu = platform.cpu
    return {
        "database_waiting": platform.database.waiting,
        "cpu_workers": cpu.workers,
        "cpu_running": cpu.running,
        "cpu_waiting": cpu.waiting,
        "cpu_rejected_total": cpu.rejected,
    }


def _lag(watch: LoopWatch, engine: str) -> Metric:
    name = "engine_event_loop_lag_seconds"
    family, labels, count = FAMILIES[name].metric({}), {"engine": engine}, 0
    for bound, count in watch.cumulative():
        family.add_sample(f"{name}_bucket", {**labels, "le": bound}, count)
    family.add_sample(f"{name}_count", labels, count)
    family.add_sample(f"{name}_sum", labels, watch.total)
    return family


def _analytics(metrics: EngineMetrics) -> Iterator[Metric]:
    """The names of the analytics page of the documentation."""
    counts: Counter[tuple[str, ...]] = Counter()
    for (method, endpoint, _), count in metrics.requests.items():
        counts[method, endpoint] += count
    yield FAMILIES["analytics_requests_total"].metric(counts)
    yield _summary("analytics_request_duration_seconds", metrics, {})
    memory = resident_bytes()
    yield FAMILIES["analytics_memory_usage_bytes"].metric({} if memory is None else {(): memory})
    used = metrics.cpu_percent()
    yield FAMILIES["analytics_cpu_utilization_percent"].metric({(): used})


def process_families() -> Iterator[Metric]:
    """Memory, processor time, files, threads and garbage collection of this process."""
    yield from _process_registry().collect()
    threads = threading.active_count()
    yield GaugeMetricFamily("process_python_threads", "Threads that run Python.", threads)


@cache
def _process_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def resident_bytes() -> int | None:
    """Resident memory of this process; None where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
