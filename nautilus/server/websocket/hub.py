"""Joins clients to the bus: numbers what comes, finds who wants it, and writes to each once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from nautilus.core.errors import ConflictError, ParameterError, UnavailableError
from nautilus.server.bus.interface import Bus, Subscription
from nautilus.server.bus.matching import TopicTrie
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import families_of
from nautilus.server.websocket.audience import Audience
from nautilus.server.websocket.client import Client, Told
from nautilus.server.websocket.filters import Filters
from nautilus.server.websocket.kinds import KINDS
from nautilus.server.websocket.leases import LiveLeases
from nautilus.server.websocket.logs import TopicLogs
from nautilus.server.websocket.prepared import Prepared, told
from nautilus.server.websocket.subscriptions import ClientSubscription
from nautilus.server.windows import Window

__all__ = ["Hub"]

MOST_SUBSCRIPTIONS = 1000
MOST_PER_SUBJECT = 16
AT_ONCE = 256  # clients that are written to before anybody else has a turn
RETRY_SECONDS = 0.05
SAMPLED = 16
RESTARTING = 1012
BROKEN = 1011
_log = logging.getLogger("nautilus.server.websocket")


class Hub:
    """All clients of the engine.

    Parameters
    ----------
    bus : Bus
    clock : callable
        The time now, UTC.
    most_clients : int
    logs : TopicLogs, optional
    """

    def __init__(
        self,
        bus: Bus,
        *,
        clock: Callable[[], datetime],
        most_clients: int,
        logs: TopicLogs | None = None,
    ) -> None:
        self.most_clients = most_clients
        self.clients: dict[str, Client] = {}
        self.logs = TopicLogs() if logs is None else logs
        self.told = Told()
        self.received = Window(60.0, most=16_384)
        self.latencies = Window(60.0)
        self.refused = 0
        self.accepted = 0
        self._today = clock().date()
        self._sent_before_today = 0
        self.leases = LiveLeases(bus)
        self.clock = clock
        self._bus = bus
        self._trie: TopicTrie[ClientSubscription] = TopicTrie()
        self._families: dict[str, Subscription] = {}
        self._following = asyncio.Lock()
        self._dirty: deque[Client] = deque()
        self._slow: set[Client] = set()
        self._flushing = False
        self._retry: asyncio.TimerHandle | None = None

    def check_room(self, subject: str | None) -> None:
        """Whether one more may connect.

        Raises
        ------
        UnavailableError
            Too many are connected, in all or by this subject.
        """
        if len(self.clients) >= self.most_clients:
            raise UnavailableError(
                f"{self.most_clients:,} clients are connected, no more can be. Try again later."
            )
        if subject is None:
            return
        mine = [c for c in self.clients.values() if c.identity and c.identity.subject == subject]
        if len(mine) >= MOST_PER_SUBJECT:
            raise UnavailableError(
                f"{subject} has {MOST_PER_SUBJECT} connections, which is the most. Close one."
            )

    def join(self, client: Client) -> None:
        """Take a client that was accepted."""
        if client.connection_id in self.clients:
            raise ConflictError(f"{client.connection_id} is connected already.")
        self.accepted += 1
        self.clients[client.connection_id] = client

    def left(self, client: Client) -> None:
        """Forget a client that has gone."""
        self.clients.pop(client.connection_id, None)
        self._slow.discard(client)
        client.closing = client.closing or 1000
        for pattern in list(client.subscriptions):
            self.unsubscribe(client, pattern)

    def subscribe(self, client: Client, pattern: str, filters: Filters) -> None:
        """Let a client hear what matches a pattern that is followed; its filters are replaced.

        Raises
        ------
        ParameterError
            It has too many subscriptions.
        """
        known = client.subscriptions.get(pattern)
        if known is None and len(client.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise ParameterError(
                f"a connection has at most {MOST_SUBSCRIPTIONS:,} subscriptions; use a wildcard or"
                " unsubscribe from some.",
                field="topics",
            )
        if known is not None:
            since = known.since
            self.unsubscribe(client, pattern)
        else:
            since = self.logs.sequence
        made = ClientSubscription(client, pattern, filters, since)
        client.subscriptions[pattern] = made
        self._trie.add(pattern, made)
        self.leases.want(pattern)

    def unsubscribe(self, client: Client, pattern: str) -> bool:
        """Whether there was such a subscription."""
        made = client.subscriptions.pop(pattern, None)
        if made is None:
            return False
        made.close()
        self._trie.remove(pattern, made)
        self.leases.unwant(pattern)
        return True

    async def follow(self, pattern: str) -> None:
        """Hear all families of a pattern from the bus; wildcards of clients never reach it."""
        async with self._following:
            for family in families_of(pattern):
                if family.name in self._families or family.name not in KINDS or family.target:
                    continue
                self._families[family.name] = await self._bus.subscribe(
                    f"{family.name}.>", self._arrived, mode="broadcast", capacity=16_384
                )

    async def close(self, code: int = RESTARTING, reason: str = "the server is stopping") -> None:
        """Send everybody away and hear no more."""
        for client in list(self.clients.values()):
            client.leave(code, reason)
        for subscription in self._families.values():
            await subscription.close()
        self._families.clear()
        if self._retry is not None:
            self._retry.cancel()

    async def _arrived(self, message: Message) -> None:
        self.publish(message.topic, message.data, message.timestamp)

    @property
    def sent_today(self) -> int:
        """Messages that went out since midnight UTC, or since the start."""
        self._turn_day(self.clock())
        return self.told.sent - self._sent_before_today

    def _turn_day(self, now: datetime) -> None:
        if now.date() != self._today:
            self._today, self._sent_before_today = now.date(), self.told.sent

    def publish(
        self, topic: str, data: Any, at: datetime, *, message_type: str | None = None
    ) -> Prepared:
        """Number a message and owe it to all who want it."""
        self._turn_day(at)
        message = self.logs.append(topic, data, at, message_type=message_type)
        for subscription in self._trie.match(topic):
            subscription.offer(message)
        return message

    def send(self, clients: Iterable[Client], message: Prepared) -> int:
        """Owe a message to these, whatever they subscribed to; how many are open."""
        count = 0
        for client in clients:
            if client.closing is None:
                client.owe(message)
                count += 1
        return count

    def broadcast(
        self, audience: Audience, topic: str, data: Any, message_type: str | None = None
    ) -> tuple[Prepared, int, int]:
        """Number a message and owe it to an audience.

        Returns
        -------
        tuple of (message, clients targeted, clients it was accepted for)
        """
        message = self.logs.append(topic, data, self.clock(), message_type=message_type)
        targets = [c for c in self.clients.values() if audience.holds(c) and c.may_receive(topic)]
        return message, len(targets), self.send(targets, message)

    async def on_broadcast(self, message: Message) -> None:
        """The handler of `websocket.broadcast`: `{client_filter, message: {type, topic, data}}`."""
        audience, inner = Audience.of(message.data.get("client_filter")), message.data["message"]
        data = inner.get("data", {k: v for k, v in inner.items() if k not in ("type", "topic")})
        self.broadcast(audience, inner.get("topic") or message.topic, data, inner.get("type"))

    def listeners(self, topic: str) -> tuple[ClientSubscription, ...]:
        """Subscriptions that match a topic."""
        return self._trie.match(topic)

    def resume(
        self, client: Client, topics: Mapping[str, tuple[int, str]], request_id: Any = None
    ) -> None:
        """Owe a client what it missed of topics it listens to; once, and before what comes next.

        What it has been owed since it subscribed on this connection is left out.
        """
        answers: dict[str, dict[str, Any]] = {}
        replayed: list[Prepared] = []
        for topic, (offset, epoch) in topics.items():
            mine = [s for s in self.listeners(topic) if s.client is client]
            missed = self.logs.after(topic, offset, epoch)
            before = min((s.since for s in mine), default=-1)
            wanted = [m for m in missed.messages if m.sequence <= before]
            shown = [s.shown(m) for m in wanted if (s := _taker(mine, m)) is not None]
            replayed += shown
            answers[topic] = {
                "recovered": missed.recovered and bool(mine),
                "replayed": len(shown),
                **self.logs.position(topic),
            }
        client.owe(told("resumed", topics=answers, request_id=request_id))
        for message in sorted(replayed, key=lambda one: one.sequence):
            client.owe(message)

    def popular(self, most: int = 10) -> list[dict[str, Any]]:
        """The patterns that most clients listen to."""
        counts = Counter(p for c in self.clients.values() for p in c.subscriptions)
        return [{"topic": topic, "subscribers": n} for topic, n in counts.most_common(most)]

    def soil(self, client: Client) -> None:
        """Flush this client at the end of this turn of the loop."""
        self._dirty.append(client)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Write to some; the rest has its turn after everybody else had one."""
        now = time.monotonic()
        for position in range(min(AT_ONCE, len(self._dirty))):
            client = self._dirty.popleft()
            if position % SAMPLED == 0:
                self._sample(client, now)
            if not self._flushed(client, now):
                self._try_again(client)
        if self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        else:
            self._flushing = False

    def _flushed(self, client: Client, now: float) -> bool:
        """One client that cannot be written to must not end the others."""
        try:
            return client.flush(now)
        except Exception:
            _log.exception("%s could not be written to", client.connection_id)
            client.leave(BROKEN, "the server failed on this connection")
            return True

    def _sample(self, client: Client, now: float) -> None:
        since = client.oldest
        if since is not None:
            self.latencies.add(now - since)

    def _try_again(self, client: Client) -> None:
        self._slow.add(client)
        if self._retry is None:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(RETRY_SECONDS, self._retry_slow)

    def _retry_slow(self) -> None:
        self._retry = None
        slow, self._slow = self._slow, set()
        for client in slow:
            if client.closing is None and not client.dirty:
                client.dirty = True
                self.soil(client)


def _taker(mine: list[ClientSubscription], message: Prepared) -> ClientSubscription | None:
    """The subscription through which a missed message reaches a client."""
    return next((one for one in mine if one.wanted(message)), None)
