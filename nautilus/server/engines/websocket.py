"""Connections, subscriptions and broadcasts to clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Query, Request
from starlette.websockets import WebSocket

from nautilus.core.errors import UnavailableError
from nautilus.server.bus.topics import WEBSOCKET_BROADCAST
from nautilus.server.deps import Deps, EngineDeps
from nautilus.server.envelope import answer
from nautilus.server.health import health_basics
from nautilus.server.idempotent import IDEMPOTENT
from nautilus.server.routing import engine_router
from nautilus.server.schemas.health import WebsocketHealth
from nautilus.server.schemas.websocket import (
    BroadcastReply,
    BroadcastRequest,
    ClosedReply,
    ConnectionReply,
    ConnectionRequest,
    ConnectionsReply,
    StatsReply,
    SubscriptionsReply,
    SubscriptionsRequest,
)
from nautilus.server.websocket.announcements import converse, find, own_connections
from nautilus.server.websocket.broadcasts import broadcast_now, nobody_heard
from nautilus.server.websocket.hub import Hub
from nautilus.server.websocket.meter import Meter
from nautilus.server.websocket.registrations import announced, change_subscriptions_of
from nautilus.server.websocket.statistics import (
    missing_statistics,
    per_type,
    statistics,
    success_rate,
)

__all__ = ["WebsocketOwn", "health", "opened", "root_router", "router"]

router = engine_router("websocket")
root_router = engine_router("websocket")


@dataclass(frozen=True, slots=True)
class WebsocketOwn:
    """The hub of all clients, and what is measured of it."""

    hub: Hub
    meter: Meter


@asynccontextmanager
async def opened(deps: EngineDeps[WebsocketOwn]) -> AsyncIterator[WebsocketOwn]:
    """Hear the bus while the engine lives; send everybody away when the server drains."""
    hub = Hub(deps.bus, clock=deps.clock, most_clients=deps.settings.max_connections)
    meter = Meter(hub, deps.metrics)
    await deps.bus.subscribe(WEBSOCKET_BROADCAST, hub.on_broadcast, mode="broadcast")

    async def drained() -> None:
        await deps.draining.wait()
        await hub.close()

    tasks = [
        asyncio.create_task(drained(), name="websocket drain"),
        asyncio.create_task(hub.leases.run(deps.draining), name="websocket leases"),
        asyncio.create_task(meter.run(deps.draining), name="websocket meter"),
    ]
    try:
        yield WebsocketOwn(hub, meter)
    finally:
        await hub.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@root_router.websocket("/ws/stream")
async def stream(
    socket: WebSocket,
    deps: Deps,
    client_id: Annotated[str | None, Query(max_length=64)] = None,
    conn_id: Annotated[str | None, Query(max_length=64)] = None,
) -> None:
    """Live messages: subscribe, unsubscribe, resume, ping."""
    await converse(_hub(deps), socket, deps, client_id, conn_id)


@router.post("/connections", operation_id="register_connection")
async def register_connection(
    body: ConnectionRequest, deps: Deps, request: Request
) -> ConnectionReply:
    """Announce a client and its subscriptions; the URL opens one connection within a minute."""
    return answer(ConnectionReply, announced(_hub(deps), body, deps, request.headers.get("host")))


@router.get("/connections", operation_id="open_connections")
async def open_connections(deps: Deps) -> ConnectionsReply:
    """Who is connected; with authentication, the connections of who asks."""
    hub = _hub(deps)
    rows = [
        {
            "connection_id": client.connection_id,
            "client_id": client.client_id,
            "connection_type": client.connection_type,
            "subject": client.identity.subject if client.identity else None,
            "opened_at": client.opened_at,
            "subscriptions": len(client.subscriptions),
            "messages_sent": client.sent,
            "messages_received": client.received,
            "buffered_bytes": client.link.buffered,
        }
        for client in own_connections(hub)
    ]
    body = {
        "connections": rows,
        "total_connections": len(rows),
        "connections_per_type": per_type(hub),
    }
    return answer(ConnectionsReply, body)


@router.delete("/connections/{connection_id}", operation_id="close_connection")
async def close_connection(
    connection_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")], deps: Deps
) -> ClosedReply:
    """Close a connection."""
    find(_hub(deps), connection_id).leave(1000, "closed by request")
    return answer(ClosedReply, {"connection_id": connection_id, "closed": True})


@router.post("/subscriptions", operation_id="change_subscriptions")
async def change_subscriptions(body: SubscriptionsRequest, deps: Deps) -> SubscriptionsReply:
    """Subscribe or unsubscribe a client; one that is not connected finds it when it connects."""
    return answer(SubscriptionsReply, await change_subscriptions_of(_hub(deps), body, deps))


@router.post("/broadcast", operation_id="broadcast", dependencies=[IDEMPOTENT])
async def broadcast(body: BroadcastRequest, deps: Deps) -> BroadcastReply:
    """Send a message to clients; sent is accepted for sending, not received."""
    told = broadcast_now(_hub(deps), body)
    return answer(BroadcastReply, told, caveats=nobody_heard(told, body, deps.clock()))


@router.get("/stats", operation_id="connection_statistics")
async def connection_statistics(deps: Deps) -> StatsReply:
    """Connections, messages and latencies."""
    hub = _hub(deps)
    body = statistics(hub, deps.own.meter.sent_per_second)
    return answer(StatsReply, body, caveats=missing_statistics(hub))


async def health(deps: EngineDeps[WebsocketOwn]) -> WebsocketHealth:
    """What the engine is doing, with true values."""
    hub = deps.own.hub if deps.own else None
    mean = hub.latencies.mean() if hub else None
    return WebsocketHealth(
        **await health_basics(deps),
        active_connections=len(hub.clients) if hub else 0,
        max_connections=deps.settings.max_connections,
        messages_sent_today=hub.sent_today if hub else 0,
        avg_message_latency_ms=None if mean is None else round(mean * 1000, 3),
        connection_success_rate=success_rate(hub) if hub else None,
    )


def _hub(deps: EngineDeps[Any]) -> Hub:
    if deps.own is None:
        raise UnavailableError("The hub has not started; /health says why.")
    hub: Hub = deps.own.hub
    return hub
