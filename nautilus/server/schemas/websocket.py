"""Connections, subscriptions, broadcasts and statistics of the WebSocket engine."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, ConfigDict, Field, StringConstraints

from nautilus.server.schemas.bases import (
    Body,
    Count,
    Envelope,
    Moment,
    Number,
    Text,
    View,
)

__all__ = [
    "BroadcastReply",
    "BroadcastRequest",
    "ClosedReply",
    "ConnectionReply",
    "ConnectionRequest",
    "ConnectionsReply",
    "StatsReply",
    "SubscriptionsReply",
    "SubscriptionsRequest",
]

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Topic = Annotated[str, StringConstraints(min_length=3, max_length=256)]
Rate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
MOST_TOPICS = 1000


class TopicRequest(Body):
    topic: Topic
    filters: Annotated[dict[str, Any], Field(max_length=10)] | None = Field(
        default=None, validation_alias=AliasChoices("filters", "filter")
    )


class RateLimit(Body):
    messages_per_second: Rate
    burst_limit: Annotated[float, Field(ge=1, le=1_000_000, allow_inf_nan=False)] | None = None


class ConnectionRequest(Body):
    client_id: Name
    connection_type: Name = "api_client"
    subscriptions: Annotated[list[TopicRequest], Field(max_length=MOST_TOPICS)] = Field(
        default_factory=list
    )
    rate_limit: RateLimit | None = None


class RateLimits(View):
    messages_per_second: Number
    burst_limit: Number = None
    current_usage: Number


class Connection(View):
    connection_id: Text
    client_id: Text
    websocket_url: Text
    subscriptions_active: Count
    rate_limits: RateLimits | None
    expires_in_seconds: Number = None


ConnectionReply = Envelope[Connection]


class SubscriptionsRequest(Body):
    client_id: Name
    action: Literal["subscribe", "unsubscribe"] = "subscribe"
    subscriptions: Annotated[list[TopicRequest], Field(min_length=1, max_length=MOST_TOPICS)]


class SubscriptionDetail(View):
    topic: Text
    status: Text
    message_rate: Text
    last_message: Moment


class Subscriptions(View):
    subscriptions_added: Count
    subscriptions_removed: Count
    active_subscriptions: Count
    subscription_details: list[SubscriptionDetail]


SubscriptionsReply = Envelope[Subscriptions]


class BroadcastMessage(Body):
    model_config = ConfigDict(extra="allow")

    type: Name | None = None
    expires_at: datetime | None = None


class TargetClients(Body):
    connection_types: Annotated[list[Name], Field(max_length=1000)] | None = None
    client_ids: Annotated[list[Name], Field(max_length=10_000)] | None = None
    exclude_clients: Annotated[list[Name], Field(max_length=10_000)] = Field(default_factory=list)
    portfolio_id: Name | None = None


class BroadcastRequest(Body):
    topic: Topic
    message: BroadcastMessage
    target_clients: TargetClients = Field(default_factory=TargetClients)


class Broadcast(View):
    message_id: Text
    broadcast_timestamp: Moment
    clients_targeted: Count
    messages_sent: Count
    failed_sends: Count
    delivery_rate: Number


BroadcastReply = Envelope[Broadcast]


class ConnectionStats(View):
    total_connections: Count
    active_connections: Count
    idle_connections: Count
    connections_per_type: dict[str, int]


class MessageStats(View):
    messages_sent_per_second: Number
    messages_received_per_second: Number
    avg_message_size_bytes: Number
    total_messages_today: Count
    messages_dropped: dict[str, int]


class PerformanceStats(View):
    avg_latency_ms: Number
    p95_latency_ms: Number
    p99_latency_ms: Number
    connection_success_rate: Number
    message_delivery_rate: Number


class PopularTopic(View):
    topic: Text
    subscribers: Count


class SubscriptionStats(View):
    total_subscriptions: Count
    most_popular_topics: list[PopularTopic]


class Stats(View):
    connection_stats: ConnectionStats
    message_stats: MessageStats
    performance_stats: PerformanceStats
    subscription_stats: SubscriptionStats


StatsReply = Envelope[Stats]


class OpenConnection(View):
    connection_id: Text
    client_id: Text
    connection_type: Text
    subject: Text
    opened_at: Moment
    subscriptions: Count
    messages_sent: Count
    messages_received: Count
    buffered_bytes: Count


class Connections(View):
    connections: list[OpenConnection]
    total_connections: Count
    connections_per_type: dict[str, int]


ConnectionsReply = Envelope[Connections]


class Closed(View):
    connection_id: Text
    closed: bool | None


ClosedReply = Envelope[Closed]
