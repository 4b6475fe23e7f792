"""Answers of the endpoints that every engine has."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from nautilus.server.schemas.bases import Body, Count, Envelope, Moment, Number, Text, View


class EngineStateView(View):
    status: Text
    response_time_ms: Number


class BusConnectivity(View):
    connected_engines: Count
    total_engines: Count
    connectivity_rate: Number


class EnginesHealthData(View):
    overall_status: Text
    engines_healthy: Count
    engines_total: Count
    engine_status: dict[str, EngineStateView]
    messagebus_connectivity: BusConnectivity


EnginesHealth = Envelope[EnginesHealthData]


class Operation(View):
    operation: Text
    method: Text
    path: Text
    scope: Text = Field(description="What a token needs for it.")
    summary: Text
    built: bool | None
    parameters: dict[str, Any] | None = Field(description="JSON schema of `parameters`.")


class InfoData(View):
    engine: Text
    title: Text
    display_name: Text
    api_version: Text
    library_version: Text
    port: Count
    paths: list[str] | None
    constants: dict[str, Any] | None = Field(description="The documented constant tables.")
    definitions: dict[str, str] | None
    units: dict[str, str] | None
    limits: dict[str, float] | None
    scopes: dict[str, str] | None = Field(description="What a token may do, where it needs one.")
    operations: list[Operation] | None
    not_built: list[str] | None
    streams: list[str] | None


Info = Envelope[InfoData]


class Versions(View):
    api: Text
    library: Text
    python: Text


class Requests(View):
    active: Count
    total: Count
    errors: Count
    avg_response_time_ms: Number
    requests_per_second: Number


class CpuQueue(View):
    workers: Count
    running: Count
    waiting: Count
    rejected: Count
    most_waiting: Count


class JobCounts(View):
    running: Count = 0
    queued: Count = 0


class BusState(View):
    kind: Text
    connected: bool | None
    messages_sent: Count
    received: Count
    failed: Count
    redelivered: Count
    dead: Count
    expired: Count
    dropped: Count
    timeouts: Count
    waiting: Count
    pending: Count
    lag: Count
    duplicates: Count
    unsent: Count


class EventLoop(View):
    lag_p99_ms: Number


class StatusData(View):
    engine: Text
    status: Text
    problems: list[str] | None
    started_at: Moment
    uptime_seconds: Number
    draining: bool | None
    warm: bool | None
    versions: Versions
    requests: Requests
    cpu: CpuQueue
    jobs: JobCounts
    messagebus: BusState
    database_connected: bool | None
    database_waiting: Count
    event_loop: EventLoop
    pid: Count
    memory_bytes: Count


Status = Envelope[StatusData]


class Live(View):
    status: Text


class Ready(View):
    status: Text
    database_connected: bool | None
    messagebus_connected: bool | None
    warm: bool | None
    draining: bool | None


class ProcessRequest(Body):
    operation: str = Field(description="One of `/info`'s operations.")
    parameters: dict[str, Any] = Field(default_factory=dict, max_length=1000)
