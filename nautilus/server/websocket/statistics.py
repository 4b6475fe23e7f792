"""What the hub counted, in the documented form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from nautilus.core.results import Reason
from nautilus.server.websocket.announcements import idle_seconds
from nautilus.server.websocket.hub import Hub

__all__ = ["missing_statistics", "per_type", "statistics", "success_rate"]

IDLE_SECONDS = 60.0
DOCUMENTED_TYPES = ("trading_dashboard", "mobile_app", "admin_panel", "api_client")


def statistics(hub: Hub, sent_per_second: float) -> Mapping[str, Any]:
    """Body of `/websocket/stats`."""
    clients = list(hub.clients.values())
    idle = sum(idle_seconds(client) > IDLE_SECONDS for client in clients)
    told = hub.told
    lost = sum(n for reason, n in told.dropped.items() if reason != "conflated")
    return {
        "connection_stats": {
            "total_connections": len(clients),
            "active_connections": len(clients) - idle,
            "idle_connections": idle,
            "connections_per_type": per_type(hub),
        },
        "message_stats": {
            "messages_sent_per_second": sent_per_second,
            "messages_received_per_second": hub.received.rate(),
            "avg_message_size_bytes": told.bytes / told.sent if told.sent else None,
            "total_messages_today": hub.sent_today,
            "messages_dropped": dict(told.dropped),
        },
        "performance_stats": {
            "avg_latency_ms": _milliseconds(hub.latencies.mean()),
            "p95_latency_ms": _milliseconds(hub.latencies.quantile(0.95)),
            "p99_latency_ms": _milliseconds(hub.latencies.quantile(0.99)),
            "connection_success_rate": success_rate(hub),
            "message_delivery_rate": told.sent / (told.sent + lost) if told.sent + lost else None,
        },
        "subscription_stats": {
            "total_subscriptions": sum(len(client.subscriptions) for client in clients),
            "most_popular_topics": hub.popular(),
        },
    }


def missing_statistics(hub: Hub) -> list[Reason]:
    """Why some of them are null."""
    reasons: list[Reason] = []
    fields: tuple[str, ...]
    if not hub.told.sent:
        fields = ("message_stats.avg_message_size_bytes", "performance_stats.message_delivery_rate")
        reasons.append(Reason("NO_MESSAGES", fields, "No message has been sent yet."))
    if hub.latencies.mean() is None:
        names = ("avg_latency_ms", "p95_latency_ms", "p99_latency_ms")
        fields = tuple(f"performance_stats.{name}" for name in names)
        reasons.append(Reason("NO_MESSAGES", fields, "No message was sent in the last minute."))
    if success_rate(hub) is None:
        fields = ("performance_stats.connection_success_rate",)
        reasons.append(Reason("NO_CONNECTIONS", fields, "Nobody has tried to connect yet."))
    return reasons


def per_type(hub: Hub) -> dict[str, int]:
    """Open connections by their type; the documented types are always there."""
    found = Counter(client.connection_type for client in hub.clients.values())
    return {**dict.fromkeys(DOCUMENTED_TYPES, 0), **found}


def success_rate(hub: Hub) -> float | None:
    """Share of the handshakes that were accepted; None before the first."""
    tried = hub.accepted + hub.refused
    return hub.accepted / tried if tried else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
