"""Messages to all clients of an audience, asked for over REST."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from nautilus.core.errors import ParameterError
from nautilus.core.results import Reason
from nautilus.server.bus.messages import new_id
from nautilus.server.bus.topics import check_topic
from nautilus.server.identity import ForbiddenError, current_identity
from nautilus.server.schemas.websocket import BroadcastRequest
from nautilus.server.topic_access import may_receive
from nautilus.server.websocket.audience import Audience
from nautilus.server.websocket.hub import Hub
from nautilus.server.websocket.kinds import check_client_pattern

__all__ = ["broadcast_now", "nobody_heard"]

MOST_BYTES = 64 * 1024


def broadcast_now(hub: Hub, body: BroadcastRequest) -> dict[str, Any]:
    """Send it unless it has expired.

    Raises
    ------
    ParameterError
        No topic for clients, or a message that is too large.
    ForbiddenError
        The token does not allow the topic.
    """
    topic = check_client_pattern(check_topic(body.topic))
    if not may_receive(current_identity(), topic):
        raise ForbiddenError(f"your token does not allow {topic}.", field="topic")
    data = body.message.model_dump(exclude_none=True, exclude={"type"})
    if len(orjson.dumps(data, default=str)) > MOST_BYTES:
        raise ParameterError(
            f"`message` must be at most {MOST_BYTES:,} bytes of JSON.", field="message"
        )
    now, sent, targeted = hub.clock(), 0, 0
    if not _expired(body, now):
        audience = Audience(
            connection_types=_set(body.target_clients.connection_types),
            client_ids=_set(body.target_clients.client_ids),
            exclude_clients=frozenset(body.target_clients.exclude_clients),
            portfolio_id=body.target_clients.portfolio_id,
        )
        _, targeted, sent = hub.broadcast(audience, topic, data, body.message.type)
    return {
        "message_id": f"msg_{new_id(now)}",
        "broadcast_timestamp": now,
        "clients_targeted": targeted,
        "messages_sent": sent,
        "failed_sends": targeted - sent,
        "delivery_rate": sent / targeted if targeted else None,
    }


def nobody_heard(told: Mapping[str, Any], body: BroadcastRequest, now: datetime) -> list[Reason]:
    """Why a broadcast reached nobody."""
    if told["clients_targeted"]:
        return []
    fields = ("delivery_rate",)
    if _expired(body, now):
        message = f"The message expired at {body.message.expires_at}: nobody was told."
        return [Reason("EXPIRED", fields, message)]
    return [Reason("NOBODY_TARGETED", fields, "No connected client is meant by target_clients.")]


def _expired(body: BroadcastRequest, now: datetime) -> bool:
    ends = body.message.expires_at
    if ends is None:
        return False
    return (ends.replace(tzinfo=UTC) if ends.tzinfo is None else ends) <= now


def _set(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
