"""One conversation: what a client may say, what it is answered, and when it is sent away."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from nautilus.core.errors import NautilusError, ParameterError
from nautilus.core.rate_limit import TokenBucket
from nautilus.server.identity import ForbiddenError, Identity
from nautilus.server.topic_access import may_subscribe
from nautilus.server.websocket.client import Client
from nautilus.server.websocket.filters import NOTHING_FILTERED, filters_of
from nautilus.server.websocket.hub import Hub
from nautilus.server.websocket.kinds import check_client_pattern
from nautilus.server.websocket.prepared import told

__all__ = ["Session", "subscribed"]

COMMANDS = TokenBucket(capacity=100, per_second=20.0)
MOST_BAD = 10
MOST_TOPICS = 1000
POLICY_VIOLATION = 1008


async def subscribed(hub: Hub, client: Client, topic: Any, filters: Any) -> str:
    """Subscribe a client to one topic as it was sent; the checked pattern.

    Raises
    ------
    ParameterError
        No topic for clients, wrong filters, or too many.
    ForbiddenError
        Its token does not allow it.
    """
    if not isinstance(topic, str):
        raise ParameterError("`topic` must be text such as market.data.AAPL.", field="topics")
    wanted = filters_of(filters)
    check_client_pattern(topic)
    refuse_forbidden(client.identity, topic)
    await hub.follow(topic)
    hub.subscribe(client, topic, wanted)
    return topic


def refuse_forbidden(identity: Identity | None, pattern: str) -> None:
    """Raise where a token allows nothing that a pattern matches."""
    if not may_subscribe(identity, pattern):
        raise ForbiddenError(f"your token does not allow {pattern}.", field="topics")


class Session:
    """Answers the messages of one client.

    Parameters
    ----------
    hub : Hub
    client : Client
    """

    def __init__(self, hub: Hub, client: Client) -> None:
        self._hub = hub
        self._client = client
        self._commands = COMMANDS.full(time.monotonic())
        self._bad = 0
        self._answers = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "resume": self._resume,
            "ping": self._ping,
        }

    async def take(self, text: str | bytes) -> None:
        """Answer one message; too many bad ones end the connection."""
        client = self._client
        client.received += 1
        client.active_at = time.monotonic()
        self._hub.received.add(float(len(text)))
        self._commands, fine, wait = COMMANDS.step(self._commands, client.active_at)
        request_id = None
        try:
            body = _read(text)
            request_id = _request_id(body)
            if not fine:
                raise RateLimitedError(f"too many commands; wait {wait:.2f} s.")
            answer = self._answers.get(str(body.get("type")))
            if answer is None:
                known = ", ".join(self._answers)
                raise UnknownMessageError(f"`type` must be one of {known}.", field="type")
            await answer(body, request_id)
        except NautilusError as error:
            self._refuse(error, request_id)

    def _refuse(self, error: NautilusError, request_id: Any) -> None:
        self._client.owe(told("error", **_problem(error), request_id=request_id))
        if isinstance(error, (UnknownMessageError, RateLimitedError)):
            self._bad += 1
        if self._bad >= MOST_BAD:
            self._client.leave(POLICY_VIOLATION, f"{MOST_BAD} messages were malformed or too many")

    async def _subscribe(self, body: Mapping[str, Any], request_id: Any) -> None:
        """All that can be; each topic that cannot is an error of its own."""
        done, refused = [], []
        for topic, filters in _wanted(body):
            try:
                done.append(await subscribed(self._hub, self._client, topic, filters))
            except NautilusError as error:
                refused.append({"topic": str(topic)[:256], **_problem(error)})
        positions = {t: self._hub.logs.position(t) for t in done if "*" not in t and ">" not in t}
        self._client.owe(
            told("subscribed", topics=done, positions=positions, request_id=request_id)
        )
        for problem in refused:
            self._client.owe(told("error", **problem, request_id=request_id))

    async def _unsubscribe(self, body: Mapping[str, Any], request_id: Any) -> None:
        topics = [topic for topic, _ in _wanted(body)]
        done = [t for t in topics if self._hub.unsubscribe(self._client, str(t))]
        self._client.owe(told("unsubscribed", topics=done, request_id=request_id))

    async def _resume(self, body: Mapping[str, Any], request_id: Any) -> None:
        """Positions by topic; what the client does not listen to yet is subscribed first."""
        positions = _positions(body.get("topics"))
        for topic in positions:
            refuse_forbidden(self._client.identity, topic)
            await self._hub.follow(topic)
        for topic in positions:  # from here on nothing can come in between
            if not self._listens(topic):
                self._hub.subscribe(self._client, topic, NOTHING_FILTERED)
        self._hub.resume(self._client, positions, request_id)

    def _listens(self, topic: str) -> bool:
        return any(s.client is self._client for s in self._hub.listeners(topic))

    async def _ping(self, body: Mapping[str, Any], request_id: Any) -> None:
        self._client.owe(told("pong", timestamp=self._hub.clock(), request_id=request_id))


class UnknownMessageError(ParameterError):
    """Not a message that this server knows."""

    code = "unknown_message"


class RateLimitedError(NautilusError):
    """Too many commands."""

    code = "rate_limited"


def _read(text: str | bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise UnknownMessageError(
            'a message must be a JSON object such as {"type": "ping"}.', field="type"
        )
    return body


def _request_id(body: Mapping[str, Any]) -> Any:
    """What the client calls this message, if it is short."""
    given = body.get("request_id")
    short = isinstance(given, int) or (isinstance(given, str) and len(given) <= 64)
    return given if short else None


def _problem(error: NautilusError) -> dict[str, Any]:
    found = error.to_dict()
    return {name: found.get(name) for name in ("code", "field", "message", "hint")}


def _wanted(body: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """(topic, filters) pairs: `topics` share `filters`; `subscriptions` bring their own."""
    shared = body.get("filters", body.get("filter"))
    listed = body.get("topics", body.get("topic", []))
    topics = listed if isinstance(listed, list) else [listed]
    pairs = [(topic, shared) for topic in topics]
    more = body.get("subscriptions", [])
    if not isinstance(more, list) or not all(isinstance(one, dict) for one in more):
        raise ParameterError("`subscriptions` must be a list of objects.", field="subscriptions")
    pairs += [(one.get("topic"), one.get("filters", one.get("filter"))) for one in more]
    if not pairs or len(pairs) > MOST_TOPICS:
        raise ParameterError(
            f"`topics` must hold 1 to {MOST_TOPICS:,} topics, got {len(pairs)}.", field="topics"
        )
    return pairs


def _positions(given: Any) -> dict[str, tuple[int, str]]:
    right = isinstance(given, dict) and 0 < len(given) <= MOST_TOPICS
    if not right or not all(_is_position(one) for one in given.values()):
        raise ParameterError(
            '`topics` must be like {"risk.alerts.p1": {"offset": 7, "epoch": "..."}}, as the last'
            " message of each topic had them.",
            field="topics",
        )
    for topic in given:
        check_client_pattern(topic)
        if "*" in topic or ">" in topic:
            raise ParameterError(f"resume exact topics, got {topic!r}.", field="topics")
    return {topic: (one["offset"], one["epoch"]) for topic, one in given.items()}


def _is_position(one: Any) -> bool:
    if not isinstance(one, dict):
        return False
    offset = one.get("offset")
    numbered = isinstance(offset, int) and not isinstance(offset, bool)
    return numbered and isinstance(one.get("epoch"), str)
