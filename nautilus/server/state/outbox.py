"""Transactional outbox: a change and the message that tells of it are stored in one commit.

A relay in each process publishes what is stored, in order, at least once. Whoever publishes holds a
lease meanwhile, so that no two processes publish the same message at once; a message that comes a
second time, because a process died between publishing and noting it, has the same id.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from nautilus.core.errors import ConflictError, NautilusError, UnavailableError
from nautilus.server.bus.messages import data_to_bytes, new_id
from nautilus.server.bus.topics import check_topic
from nautilus.server.state.database import Database
from nautilus.server.state.outbox_rows import (
    PRIVATE,
    Lease,
    OutboxMessage,
    claim,
    count_waiting,
    peek,
    settle,
)
from nautilus.server.state.rows import moment_text
from nautilus.server.state.schema import outbox as table

__all__ = ["Outbox", "OutboxMessage", "private_scope"]

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
_log = logging.getLogger("nautilus.server.state")


def private_scope() -> str:
    """The scope of a bus that ends at this process: nobody else can publish for its readers."""
    return f"{PRIVATE}{uuid.uuid4()}"


class Outbox:
    """Messages that wait for the bus in the database.

    Parameters
    ----------
    database : Database
    publish : async callable
        Gets an `OutboxMessage`; returns when it is stored as safely as the bus can.
        UnavailableError brings it back later.
    scope : str
        Relays of one scope publish for each other: the bus is the same. `private_scope()` for a
        bus in memory.
    clock : callable
        The time now, UTC.
    lease : timedelta
        A relay that died is replaced after this.
    keep : timedelta
        How long a published message stays in the table.
    adopt_after : timedelta
        A message in the scope of a process that ended is published by another one after this.
    check_seconds : float
        How often to look for what a process left that died; its own messages wake the relay.

    Examples
    --------
    >>> import tempfile
    >>> from nautilus.server.state.database import open_database
    >>> async def told(database):
    ...     heard = asyncio.Queue()
    ...     outbox = Outbox(database, heard.put)
    ...     outbox.start()
    ...     await database.write(outbox.enqueue, "portfolio.updated.p1", {"version": 2})
    ...     message = await heard.get()
    ...     await outbox.close()
    ...     return message.topic, message.data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = open_database(f"sqlite:///{folder}/state.db")
    ...     print(asyncio.run(told(database)))
    ...     database.close_now()
    ('portfolio.updated.p1', {'version': 2})
    """

    def __init__(
        self,
        database: Database,
        publish: Callable[[OutboxMessage], Awaitable[None]],
        *,
        scope: str = "shared",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lease: timedelta = timedelta(seconds=30),
        keep: timedelta = timedelta(hours=1),
        adopt_after: timedelta = timedelta(seconds=60),
        check_seconds: float = 5.0,
    ) -> None:
        self._database = database
        self._publish = publish
        self._clock = clock
        self._lease = Lease(
            scope=scope, holder=str(uuid.uuid4()), length=lease, keep=keep, adopt_after=adopt_after
        )
        self._check_seconds = check_seconds
        self._mine = threading.local()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        database.after_commit.append(self._committed)

    def enqueue(
        self, connection: Connection, topic: str, data: Any, *, request_id: str | None = None
    ) -> str:
        """Store a message in the transaction of the caller; its id.

        It is published once that transaction is committed, and never if it is not.

        Raises
        ------
        ParameterError
            Unknown topic, or data that JSON cannot hold.
        """
        check_topic(topic)
        now = self._clock()
        message_id = new_id(now)
        connection.execute(
            insert(table).values(
                id=message_id,
                scope=self._lease.scope,
                topic=topic,
                data=data_to_bytes(data).decode(),
                request_id=request_id,
                created_at=moment_text(now),
            )
        )
        self._mine.enqueued = True
        return message_id

    def start(self) -> None:
        """Publish from now on, beginning with what an earlier process left."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def close(self, *, seconds: float = 5.0) -> None:
        """Publish what waits, for at most this long; the rest stays for the next start."""
        self._closing.set()
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)
            self._task.cancel()
            await asyncio.wait([self._task])
        self._loop = None
        if self._committed in self._database.after_commit:
            self._database.after_commit.remove(self._committed)

    async def waiting(self) -> int:
        """Messages that are not published yet, in all scopes."""
        return await self._database.read(count_waiting)

    async def flush(self) -> int:
        """Publish everything that waits now, unless another process is at it; how many."""
        batch, unclaimed = await self._database.read(peek, self._lease, self._clock())
        if unclaimed:
            try:
                batch = await self._database.write(claim, self._lease, self._clock())
            except ConflictError:  # the first lease of all, and another was first
                return 0
        published = 0
        while batch:
            batch, count = await self._published(batch)
            published += count
        return published

    async def _published(self, batch: list[OutboxMessage]) -> tuple[list[OutboxMessage], int]:
        """The next batch after this one, and how many of this one were published."""
        done: list[int] = []
        going_on = False
        loop = asyncio.get_running_loop()
        renew_at = loop.time() + self._lease.length.total_seconds() / 2
        try:
            for message in batch:
                await self._sent(message)
                done.append(message.sequence)
                if loop.time() > renew_at:
                    break
            going_on = True
        finally:
            following = await self._database.write(
                settle, self._lease, self._clock(), done, going_on
            )
        return following, len(done)

    async def _sent(self, message: OutboxMessage) -> None:
        try:
            await self._publish(message)
        except UnavailableError:
            raise
        except NautilusError as error:  # nothing would change at the next attempt
            _log.error("given up %s on %s: %s", message.id, message.topic, error)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            last = self._closing.is_set()
            self._wake.clear()
            try:
                await self.flush()
                pause, event, seconds = FIRST_PAUSE, self._wake, self._check_seconds
            except Exception as error:  # whatever it was, what is stored must be told of
                first = logging.WARNING if pause == FIRST_PAUSE else logging.DEBUG
                known = isinstance(error, UnavailableError)
                _log.log(first, "messages wait in the outbox: %s", error, exc_info=not known)
                event, seconds = self._closing, pause
                pause = min(pause * 2, LONGEST_PAUSE)
            if last:
                return
            await _either(event, seconds)

    def _committed(self) -> None:
        """In the thread that wrote: wake the relay if it wrote a message."""
        if getattr(self._mine, "enqueued", False):
            self._mine.enqueued = False
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._wake.set)


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, or so long."""
    waiting = asyncio.ensure_future(event.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()
