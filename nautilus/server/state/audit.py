"""Who changed what, and when: entries that nobody can change or remove."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from nautilus.core.checks import check_window
from nautilus.server.state.database import Database
from nautilus.server.state.rows import moment, moment_text
from nautilus.server.state.schema import audit_log as table

__all__ = ["ANONYMOUS", "AuditEntry", "AuditLog"]

ANONYMOUS = "anonymous"
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change.

    Parameters
    ----------
    sequence : int
        Its place in the order; the cursor of `AuditLog.entries`.
    at : datetime
    actor : str
        The authenticated subject, or "anonymous".
    action : str
        Such as "portfolio.limits".
    subject : str
        What was changed, such as "portfolio:p1".
    request_id : str or None
    before, after : Any
        The changed values; None where there was, or is, nothing.
    """

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    request_id: str | None
    before: Any
    after: Any


class AuditLog:
    """The append-only table of changes; the database refuses to update or delete its rows.

    Parameters
    ----------
    database : Database
    clock : callable
        The time now, UTC.

    Examples
    --------
    >>> import asyncio, tempfile
    >>> from nautilus.server.state.database import open_database
    >>> async def changed(database):
    ...     log = AuditLog(database)
    ...     await database.write(
    ...         log.record, "ann", "model.deployed", "model:m1", before=None, after={"version": 3})
    ...     return await log.entries(subject="model:m1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = open_database(f"sqlite:///{folder}/state.db")
    ...     [entry] = asyncio.run(changed(database))
    ...     database.close_now()
    >>> entry.actor, entry.action, entry.after
    ('ann', 'model.deployed', {'version': 3})
    """

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        connection: Connection,
        actor: str | None,
        action: str,
        subject: str,
        *,
        before: Any,
        after: Any,
        request_id: str | None = None,
    ) -> None:
        """Append an entry in the transaction of the change itself."""
        connection.execute(
            insert(table).values(
                at=moment_text(self._clock()),
                actor=actor or ANONYMOUS,
                action=action,
                subject=subject,
                request_id=request_id,
                before=json.dumps(before),
                after=json.dumps(after),
            )
        )

    async def entries(
        self, *, subject: str | None = None, after: int | None = None, limit: int = PAGE
    ) -> tuple[AuditEntry, ...]:
        """Entries in the order of the changes.

        Parameters
        ----------
        subject : str, optional
            Of this thing only.
        after : int, optional
            `sequence` of the last entry of the page before.
        limit : int
        """
        return await self._database.read(_entries, subject, after, check_window(limit, "limit"))


def _entries(
    connection: Connection, subject: str | None, after: int | None, limit: int
) -> tuple[AuditEntry, ...]:
    query = select(table).order_by(table.c.sequence).limit(limit)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    if after is not None:
        query = query.where(table.c.sequence > after)
    return tuple(
        AuditEntry(
            sequence=row.sequence,
            at=moment(row.at),
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            request_id=row.request_id,
            before=json.loads(row.before),
            after=json.loads(row.after),
        )
        for row in connection.execute(query)
    )
