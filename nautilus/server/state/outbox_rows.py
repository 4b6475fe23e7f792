"""What the outbox does inside one transaction: take the lease, note what was published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from nautilus.server.state.rows import moment_text
from nautilus.server.state.schema import outbox, outbox_relays

__all__ = ["PRIVATE", "Lease", "OutboxMessage", "claim", "count_waiting", "peek", "settle"]

PRIVATE = "private:"
BATCH = 100
_FREE = ""  # before every time


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message as it was stored.

    Parameters
    ----------
    sequence : int
        Its place in the order.
    id : str
        The same however often it is published.
    topic : str
    data : Any
    request_id : str or None
        Of the request that changed what this tells of.
    """

    sequence: int
    id: str
    topic: str
    data: Any
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """How one relay takes its turn."""

    scope: str
    holder: str
    length: timedelta
    keep: timedelta
    adopt_after: timedelta

    @property
    def private(self) -> bool:
        """Whether no other process publishes to this bus."""
        return self.scope.startswith(PRIVATE)


def count_waiting(connection: Connection) -> int:
    """Messages that are not published yet."""
    query = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
    return int(connection.execute(query).scalar_one())


def peek(connection: Connection, lease: Lease, now: datetime) -> tuple[list[OutboxMessage], bool]:
    """The first messages, and whether they, or others, must be claimed before they are published.

    Nobody else publishes what is in a private scope, so a lease would only cost a write.
    """
    found = _waiting(connection, lease.scope)
    left = select(outbox.c.sequence).where(_left_behind(lease, now)).limit(1)
    orphans = connection.execute(left).first() is not None
    return found, orphans or bool(found and not lease.private)


def claim(connection: Connection, lease: Lease, now: datetime) -> list[OutboxMessage]:
    """The first messages, with the lease to publish them; none while another relay holds it.

    Who holds it looks once more before it lets go, so what was stored meanwhile is not forgotten.
    """
    if not lease.private and not _taken(connection, lease, now):
        return []
    connection.execute(update(outbox).where(_left_behind(lease, now)).values(scope=lease.scope))
    return _held(connection, lease, now, _waiting(connection, lease.scope))


def settle(
    connection: Connection, lease: Lease, now: datetime, done: list[int], going_on: bool
) -> list[OutboxMessage]:
    """Note what was published; the next messages, or none and the lease is free."""
    table = outbox_relays
    query = select(table.c.holder).where(table.c.scope == lease.scope).with_for_update()
    lost = connection.execute(query).scalar_one_or_none() not in (None, lease.holder)
    if done:
        noted = update(outbox).where(outbox.c.sequence.in_(done))
        connection.execute(noted.values(published_at=moment_text(now)))
    connection.execute(delete(outbox).where(outbox.c.published_at < moment_text(now - lease.keep)))
    if lost:
        return []
    return _held(connection, lease, now, _waiting(connection, lease.scope) if going_on else [])


def _taken(connection: Connection, lease: Lease, now: datetime) -> bool:
    table = outbox_relays
    query = select(table).where(table.c.scope == lease.scope).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        values = {"scope": lease.scope, "holder": lease.holder, "held_until": _FREE}
        connection.execute(insert(table).values(values))
        return True
    return bool(row.holder == lease.holder or row.held_until <= moment_text(now))


def _held(
    connection: Connection, lease: Lease, now: datetime, found: list[OutboxMessage]
) -> list[OutboxMessage]:
    """Hold the lease for what was found; let go where that is nothing."""
    if not lease.private:
        until = moment_text(now + lease.length) if found else _FREE
        own = outbox_relays.c.scope == lease.scope
        values = {"holder": lease.holder, "held_until": until}
        connection.execute(update(outbox_relays).where(own).values(values))
    return found


def _left_behind(lease: Lease, now: datetime) -> ColumnElement[bool]:
    """Messages of a process whose bus ended with it."""
    return and_(
        outbox.c.published_at.is_(None),
        outbox.c.scope != lease.scope,
        outbox.c.scope.startswith(PRIVATE),
        outbox.c.created_at < moment_text(now - lease.adopt_after),
    )


def _waiting(connection: Connection, scope: str) -> list[OutboxMessage]:
    query = (
        select(outbox)
        .where(outbox.c.scope == scope, outbox.c.published_at.is_(None))
        .order_by(outbox.c.sequence)
        .limit(BATCH)
    )
    return [
        OutboxMessage(
            sequence=row.sequence,
            id=row.id,
            topic=row.topic,
            data=json.loads(row.data),
            request_id=row.request_id,
        )
        for row in connection.execute(query)
    ]
