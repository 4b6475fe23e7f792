"""Idempotency keys: a request that comes twice is carried out once and answered alike."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from nautilus.core.errors import ConflictError, ParameterError
from nautilus.server.state.database import Database
from nautilus.server.state.rows import moment, moment_text
from nautilus.server.state.schema import idempotency_keys as table

__all__ = [
    "Claim",
    "IdempotencyKeys",
    "KeyReusedError",
    "StillRunsError",
    "StoredAnswer",
    "fingerprint",
]

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class KeyReusedError(ParameterError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"


class StillRunsError(ConflictError):
    """The first request with this key has no answer yet."""

    code = "request_in_progress"
    retry_after = 1


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first request with this key was answered."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry out the request; ends with `finish` or `release`."""

    scope: str
    key: str
    token: str


def fingerprint(body: Any) -> str:
    """SHA-256 of a JSON-able body, whatever the order of its fields.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class IdempotencyKeys:
    """Keys by scope, such as "risk.limits".

    Parameters
    ----------
    database : Database
    clock : callable
        The time now, UTC.
    keep : timedelta
        How long an answer is repeated.
    lease : timedelta
        A claim whose holder died is free again after this.

    Examples
    --------
    >>> import asyncio, tempfile
    >>> from nautilus.server.state.database import open_database
    >>> async def twice(keys):
    ...     claim = await keys.claim("risk.limits", "k1", {"value": 0.1})
    ...     await keys.finish(claim, 200, '{"success":true}')
    ...     return await keys.claim("risk.limits", "k1", {"value": 0.1})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = open_database(f"sqlite:///{folder}/state.db")
    ...     print(asyncio.run(twice(IdempotencyKeys(database))))
    ...     database.close_now()
    StoredAnswer(status=200, body='{"success":true}')
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        keep: timedelta = timedelta(hours=24),
        lease: timedelta = timedelta(minutes=5),
    ) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep
        self._lease = lease

    async def claim(self, scope: str, key: str, body: Any) -> Claim | StoredAnswer:
        """The right to carry out a request, or the answer it already got.

        Raises
        ------
        StillRunsError
            The first request with this key has not been answered.
        KeyReusedError
            It had another body.
        ParameterError
            The key is empty, too long or not printable ASCII.
        """
        if _KEY.fullmatch(key) is None:
            raise ParameterError(
                "`Idempotency-Key` must be 1 to 200 printable ASCII characters without spaces.",
                field="Idempotency-Key",
            )
        claim = Claim(scope, key, str(uuid.uuid4()))
        return await self._database.write(
            _claim, claim, fingerprint(body), self._clock(), self._keep, self._lease
        )

    async def finish(self, claim: Claim, status: int, body: str) -> None:
        """Keep the answer for whoever asks again."""
        await self._database.write(_finish, claim, status, body)

    async def release(self, claim: Claim) -> None:
        """The request failed before it changed anything: it may be sent again."""
        await self._database.write(_release, claim)


def _claim(
    connection: Connection,
    claim: Claim,
    print_: str,
    now: datetime,
    keep: timedelta,
    lease: timedelta,
) -> Claim | StoredAnswer:
    connection.execute(delete(table).where(table.c.claimed_at < moment_text(now - keep)))
    same = and_(table.c.scope == claim.scope, table.c.key == claim.key)
    row = connection.execute(select(table).where(same).with_for_update()).one_or_none()
    values = {"fingerprint": print_, "claim": claim.token, "claimed_at": moment_text(now)}
    if row is None:
        connection.execute(insert(table).values(scope=claim.scope, key=claim.key, **values))
        return claim
    if row.fingerprint != print_:
        raise KeyReusedError(
            f"`Idempotency-Key` {claim.key!r} was used with another body. Use a new key.",
            field="Idempotency-Key",
        )
    if row.status is not None:
        return StoredAnswer(row.status, row.body)
    if moment(row.claimed_at) > now - lease:
        raise StillRunsError(
            f"the first request with `Idempotency-Key` {claim.key!r} still runs. Ask again later.",
            field="Idempotency-Key",
        )
    connection.execute(update(table).where(same).values(**values))
    return claim


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(
        table.c.scope == claim.scope, table.c.key == claim.key, table.c.claim == claim.token
    )


def _finish(connection: Connection, claim: Claim, status: int, body: str) -> None:
    connection.execute(update(table).where(_held(claim)).values(status=status, body=body))


def _release(connection: Connection, claim: Claim) -> None:
    connection.execute(delete(table).where(_held(claim), table.c.status.is_(None)))
