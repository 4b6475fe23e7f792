"""Connections, subscriptions and broadcasts to clients."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built, not_built_socket
from nautilus.server.schemas.health import WebsocketHealth

__all__ = ["health", "root_router", "router"]

MOST_CONNECTIONS = 1000

router = engine_router("websocket")
root_router = engine_router("websocket")

not_built(
    router,
    "POST",
    "/connections",
    "register_connection",
    "Announce a client and its subscriptions.",
)
not_built(
    router, "POST", "/subscriptions", "change_subscriptions", "Subscribe or unsubscribe a client."
)
not_built(router, "POST", "/broadcast", "broadcast", "Send a message to clients.")
not_built(router, "GET", "/stats", "connection_statistics", "Connections, messages and latencies.")
not_built_socket(root_router, "/ws/stream", "live messages")


async def health(deps: EngineDeps[Any]) -> WebsocketHealth:
    """What the engine is doing, with true values."""
    return WebsocketHealth(
        **await health_basics(deps),
        active_connections=int(deps.metrics.total("websocket_connections_active")),
        max_connections=MOST_CONNECTIONS,
        messages_sent_today=0,
        avg_message_latency_ms=None,
        connection_success_rate=None,
    )
