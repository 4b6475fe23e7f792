"""Clients and subscriptions that are announced over REST."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from nautilus.core.rate_limit import TokenBucket
from nautilus.server.identity import current_identity, current_subject
from nautilus.server.schemas.websocket import (
    ConnectionRequest,
    RateLimit,
    SubscriptionsRequest,
    TopicRequest,
)
from nautilus.server.websocket.announcements import Announcement
from nautilus.server.websocket.client import Client
from nautilus.server.websocket.filters import filters_of
from nautilus.server.websocket.hub import Hub
from nautilus.server.websocket.kinds import check_client_pattern
from nautilus.server.websocket.session import refuse_forbidden, subscribed

if TYPE_CHECKING:
    from nautilus.server.deps import EngineDeps

__all__ = ["announced", "change_subscriptions_of"]

TICKET_SECONDS = 60.0


def announced(
    hub: Hub, body: ConnectionRequest, deps: EngineDeps[Any], host: str | None
) -> dict[str, Any]:
    """A ticket for one connection, with everything checked.

    Raises
    ------
    ParameterError
        A topic or filter that no client may have.
    """
    _check(body.subscriptions)
    limit = _bucket(body.rate_limit)
    payload = Announcement(
        client_id=body.client_id,
        connection_type=body.connection_type,
        subscriptions=tuple((one.topic, one.filters or {}) for one in body.subscriptions),
        limit=limit,
    )
    ticket = deps.platform.tickets.issue(current_identity(), payload)
    query = urlencode({"client_id": body.client_id, "conn_id": ticket})
    place = f"ws://{host}" if host else deps.platform.address("websocket").replace("http", "ws", 1)
    return {
        "connection_id": ticket,
        "client_id": body.client_id,
        "websocket_url": f"{place}/ws/stream?{query}",
        "subscriptions_active": len(body.subscriptions),
        "rate_limits": {
            "messages_per_second": limit.per_second if limit else None,
            "burst_limit": limit.capacity if limit else None,
            "current_usage": 0.0,
        },
        "expires_in_seconds": TICKET_SECONDS,
    }


async def change_subscriptions_of(
    hub: Hub, body: SubscriptionsRequest, deps: EngineDeps[Any]
) -> dict[str, Any]:
    """Change what a client hears on all of its connections, or what it will hear."""
    subject = current_subject()
    clients = [c for c in hub.clients.values() if _is(c, body.client_id, subject)]
    topics = [one.topic for one in body.subscriptions]
    added = removed = 0
    status = "active" if clients else "pending"
    if body.action == "subscribe":
        _check(body.subscriptions)
        added = len(set(topics))
        for one in body.subscriptions:
            for client in clients:
                await subscribed(hub, client, one.topic, one.filters)
        if not clients:
            wanted = [(one.topic, one.filters) for one in body.subscriptions]
            await deps.client_subscriptions.add(body.client_id, wanted, subject=subject)
    else:
        status = "removed"
        removed = sum(any([hub.unsubscribe(c, topic) for c in clients]) for topic in set(topics))
        stored = deps.client_subscriptions.remove(body.client_id, topics, subject=subject)
        removed += await stored
    details = [_detail(hub, one, status) for one in body.subscriptions]
    return {
        "subscriptions_added": added,
        "subscriptions_removed": removed,
        "active_subscriptions": len({p for c in clients for p in c.subscriptions}),
        "subscription_details": details,
    }


def _check(subscriptions: Iterable[TopicRequest]) -> None:
    for one in subscriptions:
        check_client_pattern(one.topic)
        refuse_forbidden(current_identity(), one.topic)
        filters_of(one.filters)


def _is(client: Client, client_id: str, subject: str | None) -> bool:
    whose = client.identity.subject if client.identity else None
    return client.client_id == client_id and whose == subject


def _bucket(limit: RateLimit | None) -> TokenBucket | None:
    if limit is None:
        return None
    burst = limit.burst_limit or max(1.0, limit.messages_per_second)
    return TokenBucket(capacity=burst, per_second=limit.messages_per_second)


def _detail(hub: Hub, one: TopicRequest, status: str) -> dict[str, Any]:
    seconds = filters_of(one.filters).update_frequency
    log = hub.logs.find(one.topic)
    return {
        "topic": one.topic,
        "status": status,
        "message_rate": None if seconds is None else f"{1.0 / seconds:g}/second",
        "last_message": log.last_at if log else None,
    }
