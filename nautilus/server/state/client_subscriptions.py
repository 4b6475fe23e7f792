"""What the clients of the WebSocket asked for before they connected, or while they were away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select

from nautilus.core.errors import DataError
from nautilus.server.state.database import Database
from nautilus.server.state.rows import moment, moment_text
from nautilus.server.state.schema import client_subscriptions as table

__all__ = ["ClientSubscriptions", "StoredSubscription"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSubscription:
    """One topic that a client asked for.

    Parameters
    ----------
    client_id : str
    subject : str or None
        Who is authenticated; None without authentication.
    topic : str
        A topic or a pattern, as it came.
    filters : mapping
    created_at, expires_at : datetime
    """

    client_id: str
    subject: str | None
    topic: str
    filters: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime


class ClientSubscriptions:
    """Subscriptions of WebSocket clients by (subject, client id), until they expire.

    Parameters
    ----------
    database : Database
    clock : callable
        The time now, UTC.
    keep : timedelta
        How long a subscription is kept after it was last asked for.

    Examples
    --------
    >>> import asyncio, tempfile
    >>> from nautilus.server.state.database import open_database
    >>> async def asked(repository):
    ...     wanted = [("market.quotes.AAPL", {}), ("risk.alerts.p1", {"severity": "HIGH"})]
    ...     await repository.add("client-1", wanted)
    ...     await repository.remove("client-1", ["market.quotes.AAPL"])
    ...     return [(one.topic, dict(one.filters)) for one in await repository.of("client-1")]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = open_database(f"sqlite:///{folder}/state.db")
    ...     print(asyncio.run(asked(ClientSubscriptions(database))))
    ...     database.close_now()
    [('risk.alerts.p1', {'severity': 'HIGH'})]
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        keep: timedelta = timedelta(hours=24),
    ) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep

    async def add(
        self,
        client_id: str,
        wanted: Iterable[tuple[str, Mapping[str, Any] | None]],
        *,
        subject: str | None = None,
    ) -> tuple[StoredSubscription, ...]:
        """Keep (topic, filters) pairs; a topic that is kept already gets the new filters.

        Raises
        ------
        DataError
            Filters that JSON cannot hold.
        """
        now = self._clock()
        kept = {
            topic: StoredSubscription(
                client_id=client_id,
                subject=subject,
                topic=topic,
                filters=MappingProxyType(dict(filters or {})),
                created_at=now,
                expires_at=now + self._keep,
            )
            for topic, filters in wanted
        }
        rows = [_row(one) for one in kept.values()]
        await self._database.write(_add, _whose(client_id, subject), rows, now)
        return tuple(kept.values())

    async def of(
        self, client_id: str, *, subject: str | None = None
    ) -> tuple[StoredSubscription, ...]:
        """What a client has asked for and has not expired, oldest first."""
        return await self._database.read(_of, _whose(client_id, subject), self._clock())

    async def remove(
        self, client_id: str, topics: Iterable[str] | None = None, *, subject: str | None = None
    ) -> int:
        """Forget these topics of a client, or all by None; the number that was kept."""
        chosen = None if topics is None else tuple(topics)
        return await self._database.write(_remove, _whose(client_id, subject), chosen)

    async def purge(self) -> int:
        """Forget what has expired; the number of it."""
        return await self._database.write(_purge, self._clock())


def _whose(client_id: str, subject: str | None) -> ColumnElement[bool]:
    return and_(table.c.client_id == client_id, table.c.subject == (subject or ""))


def _row(one: StoredSubscription) -> dict[str, Any]:
    try:
        filters = json.dumps(dict(one.filters), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"`filters` of {one.topic!r} must be what JSON can hold: {error}.", field="filters"
        ) from error
    return {
        "subject": one.subject or "",
        "client_id": one.client_id,
        "topic": one.topic,
        "filters": filters,
        "created_at": moment_text(one.created_at),
        "expires_at": moment_text(one.expires_at),
    }


def _add(
    connection: Connection, whose: ColumnElement[bool], rows: list[dict[str, Any]], now: datetime
) -> None:
    _purge(connection, now)
    for row in rows:
        connection.execute(delete(table).where(whose, table.c.topic == row["topic"]))
    if rows:
        connection.execute(insert(table), rows)


def _of(
    connection: Connection, whose: ColumnElement[bool], now: datetime
) -> tuple[StoredSubscription, ...]:
    query = (
        select(table)
        .where(whose, table.c.expires_at > moment_text(now))
        .order_by(table.c.created_at, table.c.topic)
    )
    return tuple(
        StoredSubscription(
            client_id=row.client_id,
            subject=row.subject or None,
            topic=row.topic,
            filters=MappingProxyType(json.loads(row.filters)),
            created_at=moment(row.created_at),
            expires_at=moment(row.expires_at),
        )
        for row in connection.execute(query)
    )


def _remove(
    connection: Connection, whose: ColumnElement[bool], topics: tuple[str, ...] | None
) -> int:
    if topics is None:
        return int(connection.execute(delete(table).where(whose)).rowcount)
    found = (connection.execute(delete(table).where(whose, table.c.topic == one)) for one in topics)
    return sum(int(one.rowcount) for one in found)


def _purge(connection: Connection, now: datetime) -> int:
    ended = delete(table).where(table.c.expires_at <= moment_text(now))
    return int(connection.execute(ended).rowcount)
