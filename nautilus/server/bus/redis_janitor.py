"""What must be looked after now and then: work of processes that died, and keys that must live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from nautilus.server.bus.redis_connection import FAILURES, ResponseError
from nautilus.server.bus.redis_group import PAGE, RETURNED, GroupReader
from nautilus.server.bus.redis_session import Session

__all__ = ["Janitor"]

_log = logging.getLogger("nautilus.server.bus")


class Janitor:
    """Every so often, for each group that this process reads for.

    Parameters
    ----------
    session : Session
    readers : callable
        The group readers of now.
    seconds : float
        Between two rounds.
    idle_seconds : float
        A message whose consumer has not been heard of for so long is taken over. A consumer that is
        alive renews its claims every round, however slow its handlers are.
    forget_seconds : float
        A consumer that is idle for so long and holds nothing is deleted.
    """

    def __init__(
        self,
        session: Session,
        readers: Callable[[], Iterable[GroupReader]],
        *,
        seconds: float,
        idle_seconds: float,
        forget_seconds: float,
    ) -> None:
        self._session = session
        self._readers = readers
        self._seconds = seconds
        self._idle_ms = int(idle_seconds * 1000)
        self._forget_ms = int(forget_seconds * 1000)
        self._task = asyncio.create_task(self._run(), name="redis-janitor")

    async def close(self) -> None:
        """Stop between two rounds."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def tidy(self) -> None:
        """One round."""
        await self._session.client.expire(self._session.replies, self._session.reply_seconds)
        for reader in list(self._readers()):
            try:
                await self._tend(reader)
            except ResponseError as error:
                _log.warning("the group %s is left for the next round: %s", reader.name, error)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self.tidy()
            except FAILURES as error:
                self._session.link.lost(error)
            except Exception:
                _log.exception("the janitor comes again in %g s", self._seconds)

    async def _tend(self, reader: GroupReader) -> None:
        pending, lag = 0, 0
        known = True
        for stream in reader.streams:
            await self._renew(reader, stream)
            await self._take_over(reader, stream)
            await self._forget(reader, stream)
            group = await self._group(reader, stream)
            pending += int(group.get("pending", 0))
            known = known and group.get("lag") is not None
            lag += int(group.get("lag") or 0)
        reader.backlog = (pending, lag if known else None)

    async def _renew(self, reader: GroupReader, stream: bytes) -> None:
        held = reader.held(stream)
        if held:
            await self._session.client.xclaim(
                stream, reader.name, reader.consumer, 0, held, idle=0, justid=True
            )

    async def _take_over(self, reader: GroupReader, stream: bytes) -> None:
        cursor = b"0-0"
        while reader.room > 0:
            count = min(PAGE, reader.room)
            cursor, entries, *_ = await self._session.client.xautoclaim(
                stream, reader.name, reader.consumer, self._idle_ms, cursor, count
            )
            here = [(entry, fields) for entry, fields in entries if entry is not None]
            await reader.take_over(stream, here)
            if len(here) < len(entries):  # Redis 6 hands over what was trimmed away, unnamed
                await reader.take_again(stream)
            if cursor == b"0-0":
                return

    async def _forget(self, reader: GroupReader, stream: bytes) -> None:
        for one in await self._session.client.xinfo_consumers(stream, reader.name):
            name = one["name"].decode()
            old = one["idle"] >= self._forget_ms or name == RETURNED
            if old and one["pending"] == 0 and name != reader.consumer:
                await self._session.client.xgroup_delconsumer(stream, reader.name, name)

    async def _group(self, reader: GroupReader, stream: bytes) -> dict[str, Any]:
        for group in await self._session.client.xinfo_groups(stream):
            if group["name"] == reader.name.encode():
                return dict(group)
        return {}
