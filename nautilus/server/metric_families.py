"""The metric families of every engine: names, kinds, labels, what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.metrics_core import Metric

__all__ = ["FAMILIES", "NO_PROC", "Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family.

    Parameters
    ----------
    name : str
        As a query spells it; counters end in `_total`.
    kind : {"counter", "gauge", "histogram", "summary"}
    help : str
        One sentence.
    labels : tuple of str
    engine : str, optional
        The only engine that has it; empty for all.
    absent : str, optional
        When there is no sample.

    Examples
    --------
    >>> metric = FAMILIES["engine_messagebus_pending"].metric({("risk",): 3.0})
    >>> metric.samples[0].labels, metric.samples[0].value
    ({'engine': 'risk'}, 3.0)
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ("engine",)
    engine: str = ""
    absent: str = ""

    def metric(self, values: Mapping[Any, float]) -> Metric:
        """The family with one sample for each tuple of label values."""
        metric = Metric(self.name.removesuffix("_total"), self.help, self.kind)
        for labels, value in values.items():
            metric.add_sample(self.name, dict(zip(self.labels, labels, strict=True)), value)
        return metric


_BUS = "engine_messagebus_"
NO_PROC = "where the system has no /proc"
_NO_REQUEST = "quantiles before the first response of the last five minutes"

_FAMILIES = (
    Family(
        "engine_requests_total",
        "counter",
        "Responses.",
        ("engine", "method", "endpoint", "status"),
        absent="before the first response",
    ),
    Family(
        "engine_errors_total",
        "counter",
        "Responses that are errors.",
        ("engine", "error_type"),
        absent="before the first error",
    ),
    Family(
        "engine_request_duration_seconds",
        "summary",
        "Time to the first byte of a response.",
        ("engine", "quantile"),
        absent=_NO_REQUEST,
    ),
    Family(
        "engine_request_duration_histogram_seconds",
        "histogram",
        "Time to the first byte of a response.",
        ("engine", "method", "endpoint"),
        absent="before the first response",
    ),
    Family("engine_requests_active", "gauge", "Requests that are being answered."),
    Family("engine_calculations_active", "gauge", "Operations that run now; a stream is none."),
    Family(
        _BUS + "messages_sent_total",
        "counter",
        "Messages sent, by the first two tokens of their topic.",
        ("engine", "topic"),
        absent="before the first message",
    ),
    Family(_BUS + "connection_status", "gauge", "1 while connected."),
    Family(_BUS + "received_total", "counter", "Messages given to handlers."),
    Family(_BUS + "failed_total", "counter", "Handler calls that raised."),
    Family(_BUS + "redelivered_total", "counter", "Handler calls after a failed one."),
    Family(_BUS + "dead_letters_total", "counter", "Messages given up after the last delivery."),
    Family(_BUS + "expired_total", "counter", "Messages dropped after their deadline."),
    Family(_BUS + "dropped_total", "counter", "Messages dropped from full or closed queues."),
    Family(_BUS + "duplicates_total", "counter", "Messages that came again and were left out."),
    Family(_BUS + "unsent_total", "counter", "Messages the server of the bus did not take."),
    Family(_BUS + "timeouts_total", "counter", "Requests that nobody answered in time."),
    Family(_BUS + "queue_depth", "gauge", "Messages in the queues of this engine."),
    Family(_BUS + "pending", "gauge", "Messages taken by this engine's groups, not yet handled."),
    Family(
        _BUS + "lag",
        "gauge",
        "Messages that no member of this engine's groups has taken yet.",
        absent="where Redis cannot say: entries were deleted from the middle of a stream",
    ),
    Family(
        "engine_event_loop_lag_seconds",
        "histogram",
        "How late the event loop of this process wakes a task.",
    ),
    Family("engine_database_waiting", "gauge", "Calls that wait for the database or run in it."),
    Family("engine_cpu_workers", "gauge", "Calls of the library that can run at once."),
    Family("engine_cpu_running", "gauge", "Calls of the library that run now."),
    Family("engine_cpu_waiting", "gauge", "Calls of the library that wait for a thread."),
    Family("engine_cpu_rejected_total", "counter", "Calls refused by 503 because too many wait."),
    Family(
        "engine_jobs_active",
        "gauge",
        "Jobs that run or are queued in this process.",
        ("engine", "status"),
        absent="where there is none",
    ),
    Family(
        "engine_jobs_total",
        "counter",
        "Jobs that ended in this process.",
        ("engine", "operation", "status"),
        absent="before the first job",
    ),
    Family(
        "analytics_requests_total",
        "counter",
        "Responses.",
        ("method", "endpoint"),
        "analytics",
        "before the first response",
    ),
    Family(
        "analytics_request_duration_seconds",
        "summary",
        "Time to the first byte of a response.",
        ("quantile",),
        "analytics",
        _NO_REQUEST,
    ),
    Family(
        "analytics_memory_usage_bytes",
        "gauge",
        "Resident memory of the process.",
        (),
        "analytics",
        NO_PROC,
    ),
    Family(
        "analytics_cpu_utilization_percent",
        "gauge",
        "Processor time of the process since the last scrape.",
        (),
        "analytics",
    ),
)

FAMILIES = {family.name: family for family in _FAMILIES}
