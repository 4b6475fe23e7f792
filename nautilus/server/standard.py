"""The endpoints that every engine has, under both spellings."""

from __future__ import annotations

import os
import platform as python_platform
from dataclasses import asdict
from typing import Any, cast, get_type_hints

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

import nautilus
from nautilus.core.errors import NautilusError
from nautilus.server.collectors import resident_bytes
from nautilus.server.deps import Deps, EngineDeps
from nautilus.server.engine import EngineModule
from nautilus.server.envelope import answer
from nautilus.server.health import bus_connected, database_connected, problems, uptime_seconds
from nautilus.server.operations import Operations, described
from nautilus.server.routing import engine_router
from nautilus.server.schemas.bases import API_VERSION, MOST_ITEMS, Envelope, Failure
from nautilus.server.schemas.standard import (
    Info,
    Live,
    ProcessRequest,
    Ready,
    Status,
)
from nautilus.server.scopes import SCOPES
from nautilus.server.tables import engine_tables

__all__ = ["standard_router"]

UNITS = {
    "returns": "fraction per period; simple unless the name says log",
    "weights": "fraction of portfolio value",
    "volatility": "fraction per annum",
    "value_at_risk": "positive loss, fraction of portfolio value, 1 day at 99 %",
    "expected_shortfall": "positive loss, fraction of portfolio value, 97.5 % unless asked",
    "drawdown": "fraction, zero or negative",
    "money": "currency of the account",
    "quantity": "shares or contracts; short is negative",
    "*_percent": "percent",
    "change_percent": "fraction in WebSocket market data, as documented",
    "times": "UTC with Z",
}

DEFINITIONS = {
    "null": "could not be computed if metadata.warnings names the field; else does not apply",
    "metadata.function": "the library call that gives the same number in a notebook",
    "metadata.data_source": "the one source of every series in the answer",
    "success": "the request was processed; not that the portfolio is fine",
    "avg_response_time_ms": "time to first byte of this engine's operations in the last 60 s",
}

TEXT = {"type": "string"}


def standard_router(module: EngineModule, *, in_schema: bool) -> APIRouter:
    """Health, live, ready, metrics, info, status and process of one engine.

    Parameters
    ----------
    module : EngineModule
        Gives the engine's own health object.
    in_schema : bool
        Whether the OpenAPI document shows this spelling.
    """
    router = engine_router("standard")
    router.include_in_schema = in_schema
    add, own = router.add_api_route, get_type_hints(module.health)["return"]
    shown: dict[int | str, dict[str, Any]] = {200: {"model": own}, 503: {"model": own | Failure}}
    add("/health", _health(module), methods=["GET"], response_model=None, responses=shown)
    add("/live", live, methods=["GET"])
    add("/ready", ready, methods=["GET"], responses={503: {"model": Ready | Failure}})
    add(
        "/metrics",
        metrics,
        methods=["GET"],
        response_model=None,
        response_class=PlainTextResponse,
        responses={200: {"content": {"application/openmetrics-text": {"schema": TEXT}}}},
    )
    add("/info", info, methods=["GET"])
    add("/status", status, methods=["GET"])
    shown = {200: {"model": Envelope[Any]}}
    add("/process", process, methods=["POST"], response_model=None, responses=shown)
    return router


def _health(module: EngineModule) -> Any:
    async def health(deps: Deps) -> Response:
        """Whether this engine works, and what it is doing; 503 when it could not start."""
        state = await module.health(deps)
        code = 503 if state.status == "unhealthy" else 200
        return Response(state.model_dump_json(), code, media_type="application/json")

    return health


async def live() -> Live:
    """Whether the process answers; touches nothing else."""
    return Live(status="alive")


async def ready(deps: Deps, response: Response) -> Ready:
    """Whether to send requests here: 503 while draining or without state or bus."""
    connected, database = bus_connected(deps), await database_connected(deps)
    draining = deps.draining.is_set()
    fine = connected and database and not draining and not deps.problems
    response.status_code = 200 if fine else 503
    return Ready(
        status="ready" if fine else "not_ready",
        database_connected=database,
        messagebus_connected=connected,
        warm=deps.platform.warm,
        draining=draining,
    )


async def metrics(deps: Deps, request: Request) -> Response:
    """Counters and timings in the text format of Prometheus."""
    body, content_type = deps.metrics.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"content-type": content_type})


async def info(deps: Deps, request: Request) -> Info:
    """What this engine can do: tables, units, limits and operations with their schemas."""
    row, operations = deps.row, operations_of(request)
    body = {
        "engine": row.name,
        "title": row.title,
        "display_name": row.display_name,
        "api_version": API_VERSION,
        "library_version": nautilus.__version__,
        "port": row.port + deps.settings.port_offset,
        "paths": list(row.paths),
        "constants": engine_tables(row.name),
        "definitions": DEFINITIONS,
        "units": UNITS,
        "limits": {
            "max_body_bytes": deps.settings.max_body_bytes,
            "max_list_items": MOST_ITEMS,
            "max_calls_waiting": deps.settings.waiting,
            "max_request_seconds": deps.settings.request_seconds,
            "max_open_requests": deps.settings.open_requests,
        },
        "scopes": dict(SCOPES),
        "operations": described(request.app, operations, row.name),
        "not_built": operations.not_built,
        "streams": operations.streams,
    }
    return answer(Info, body)


async def status(deps: Deps) -> Status:
    """What this engine is doing now."""
    return answer(Status, await _state(deps))


async def _state(deps: EngineDeps[Any]) -> dict[str, Any]:
    found, counted, bus = await problems(deps), deps.metrics, deps.bus.status
    mean, lag = counted.window.mean(), deps.platform.loop.p99()
    return {
        "engine": deps.row.name,
        "status": "unhealthy" if deps.problems else "degraded" if found else "healthy",
        "problems": found,
        "started_at": deps.platform.started_at,
        "uptime_seconds": uptime_seconds(deps),
        "draining": deps.draining.is_set(),
        "warm": deps.platform.warm,
        "versions": {
            "api": API_VERSION,
            "library": nautilus.__version__,
            "python": python_platform.python_version(),
        },
        "requests": {
            "active": counted.active,
            "total": sum(counted.requests.values()),
            "errors": sum(counted.errors.values()),
            "avg_response_time_ms": None if mean is None else mean * 1000,
            "requests_per_second": counted.window.rate(),
        },
        "cpu": {
            "workers": deps.cpu.workers,
            "running": deps.cpu.running,
            "waiting": deps.cpu.waiting,
            "rejected": deps.cpu.rejected,
            "most_waiting": deps.settings.waiting,
        },
        "jobs": deps.jobs.active(deps.row.name),
        "messagebus": {**asdict(bus), "messages_sent": sum(bus.sent.values())},
        "database_connected": await database_connected(deps),
        "database_waiting": deps.platform.database.waiting,
        "event_loop": {"lag_p99_ms": None if lag is None else lag * 1000},
        "pid": os.getpid(),
        "memory_bytes": resident_bytes(),
    }


async def process(deps: Deps, body: ProcessRequest, request: Request) -> Response:
    """Run any operation of `/info` by name; the answer is that of its own endpoint."""
    try:
        return operations_of(request).forward(request, body.operation, body.parameters)
    except NautilusError:
        deps.metrics.error("unknown_operation")
        raise


def operations_of(request: Request) -> Operations:
    """The operations of the app that answers this request."""
    return cast(Operations, request.app.state.operations)
