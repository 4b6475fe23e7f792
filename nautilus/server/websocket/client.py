"""What one connection is owed, and what becomes of it when the client does not read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nautilus.core.rate_limit import TokenBucket
from nautilus.server.identity import Identity
from nautilus.server.topic_access import hears_everything, may_receive
from nautilus.server.websocket.kinds import Policy
from nautilus.server.websocket.links import Link
from nautilus.server.websocket.prepared import Prepared, told
from nautilus.server.websocket.subscriptions import ClientSubscription

__all__ = ["SLOW_CONSUMER", "Client", "Told"]

SOFT_BYTES = 64 * 1024
HARD_BYTES = 1024 * 1024
STUCK_SECONDS = 10.0
MOST_HELD = 256
SLOW_CONSUMER = 4008


@dataclass(slots=True)
class Told:
    """Counters over all clients, by which the hub knows what went out."""

    sent: int = 0
    bytes: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    slow_disconnects: int = 0

    def drop(self, reason: str, messages: int) -> None:
        """Count messages that did not go out."""
        if messages:
            self.dropped[reason] = self.dropped.get(reason, 0) + messages


class Client:
    """One open connection.

    Parameters
    ----------
    connection_id, client_id, connection_type : str
    link : Link
    opened_at : datetime
    soil : callable
        Called with the client when it is owed something, once until it was flushed.
    told : Told
    identity : Identity, optional
    limit : TokenBucket, optional
        Of messages out.
    """

    def __init__(
        self,
        connection_id: str,
        client_id: str,
        connection_type: str,
        link: Link,
        *,
        opened_at: datetime,
        soil: Callable[[Client], None],
        told: Told,
        identity: Identity | None = None,
        limit: TokenBucket | None = None,
    ) -> None:
        self.connection_id = connection_id
        self.client_id = client_id
        self.connection_type = connection_type
        self.link = link
        self.identity = identity
        self.opened_at = opened_at
        self.restricted = not hears_everything(identity)
        self.subscriptions: dict[str, ClientSubscription] = {}
        self.limit = limit
        self.sent = 0
        self.received = 0
        self.active_at = time.monotonic()
        self.closing: int | None = None
        self.dirty = False
        self._soil = soil
        self._told = told
        self._owed: list[Prepared] = []
        self._last: Prepared | None = None
        self._buffered = 0
        self._progress = time.monotonic()
        self._tokens = limit.full(time.monotonic()) if limit else None

    @property
    def oldest(self) -> float | None:
        """When the first message that it is owed reached the hub; None where it is owed nothing."""
        return self._owed[0].at if self._owed else None

    def may_receive(self, topic: str) -> bool:
        """Whether its token allows a topic."""
        return may_receive(self.identity, topic)

    def owe(self, message: Prepared) -> None:
        """Send it with the next flush; a message that two patterns match is owed once."""
        last = self._last
        if last is not None and message.sequence and message.sequence == last.sequence:
            return
        self._last = message
        self._owed.append(message)
        if not self.dirty:
            self.dirty = True
            self._soil(self)

    def flush(self, now: float) -> bool:
        """Write what is owed; False where something has to wait.

        Parameters
        ----------
        now : float
            Monotonic seconds.
        """
        self.dirty = False
        if self.closing is not None:
            self._owed.clear()
            return True
        buffered = self.link.buffered
        if buffered <= SOFT_BYTES and self._tokens is None:
            self._progress, self._buffered = now, buffered
            self._write(self._owed)
            self._owed = []
            return True
        return self._flush_slowly(now, buffered)

    def leave(self, code: int, reason: str) -> None:
        """Close it; a slow one is told to come back and resume."""
        if self.closing is None:
            self.closing = code
            self._owed.clear()
            self.link.leave(code, reason)

    def _write(self, messages: list[Prepared]) -> None:
        if not messages:
            return
        if self.link.write(messages):
            self.sent += len(messages)
            self.active_at = time.monotonic()
            self._told.sent += len(messages)
            self._told.bytes += sum([len(one.payload) for one in messages])
        else:
            self._told.drop("closed", len(messages))

    def _flush_slowly(self, now: float, buffered: int) -> bool:
        if buffered < self._buffered or buffered <= SOFT_BYTES:
            self._progress = now
        self._buffered = buffered
        self._owed = self._thinned(self._owed)
        if self._too_slow(now, buffered):
            self._told.slow_disconnects += 1
            self._told.drop("slow_consumer", len(self._owed))
            self.leave(SLOW_CONSUMER, "slow consumer: connect again and resume")
            return True
        if buffered <= SOFT_BYTES:
            allowed = self._allowed(now, len(self._owed))
            self._write(self._owed[:allowed])
            del self._owed[:allowed]
        return not self._owed

    def _too_slow(self, now: float, buffered: int) -> bool:
        stuck = buffered > SOFT_BYTES and now - self._progress > STUCK_SECONDS
        return stuck or buffered + sum(len(one.payload) for one in self._owed) > HARD_BYTES

    def _allowed(self, now: float, wanted: int) -> int:
        """How many messages the rate limit lets through; replies count as well."""
        if self.limit is None or self._tokens is None:
            return wanted
        allowed = 0
        while allowed < wanted:
            self._tokens, fine, _ = self.limit.step(self._tokens, now)
            if not fine:
                break
            allowed += 1
        return allowed

    def _thinned(self, owed: list[Prepared]) -> list[Prepared]:
        """The newest of each topic that may be conflated, the newest of those that may be lost."""
        kept: list[Prepared] = []
        seen: set[str] = set()
        lossy = 0
        lost: dict[str, list[Prepared]] = {}
        for message in reversed(owed):
            if message.policy is Policy.CONFLATE:
                if message.topic in seen:
                    self._told.drop("conflated", 1)
                    continue
                seen.add(message.topic)
            elif message.policy is Policy.DROP_OLDEST:
                lossy += 1
                if lossy > MOST_HELD:
                    lost.setdefault(message.topic, []).append(message)
                    continue
            kept.append(message)
        kept.reverse()
        return [*self._gaps(lost), *kept]

    def _gaps(self, lost: dict[str, list[Prepared]]) -> list[Prepared]:
        """What a client is told of messages that it will never get."""
        told_of = []
        for topic, messages in lost.items():
            self._told.drop("dropped_oldest", len(messages))
            span: dict[str, Any] = {"from": messages[-1].offset, "to": messages[0].offset}
            told_of.append(told("gap", topic=topic, dropped=len(messages), **span))
        return told_of
