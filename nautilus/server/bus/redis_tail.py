"""Reading streams from now on, everything, without taking it from anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from nautilus.server.bus.redis_connection import ResponseError
from nautilus.server.bus.redis_entries import Fields
from nautilus.server.bus.redis_reader import BLOCK_MS, Reader
from nautilus.server.bus.redis_session import Session

__all__ = ["START", "Tail", "last_id"]

START = b"0-0"
MOST_AT_ONCE = 200

Take = Callable[[bytes, bytes, Fields], Awaitable[None]]


class Tail(Reader):
    """Gives every new entry of its streams to `take`.

    Parameters
    ----------
    session : Session
    take : async callable
        Gets stream, entry id and fields.
    """

    def __init__(self, session: Session, take: Take) -> None:
        super().__init__(session)
        self._take = take
        self._cursors: dict[bytes, bytes] = {}
        self._changed = asyncio.Event()
        self._picked_up = asyncio.Event()

    async def follow(self, streams: Iterable[bytes]) -> None:
        """Read these too, from now on."""
        new = {one: await last_id(self._shared, one) for one in streams if one not in self._cursors}
        await self.read_from(new)

    async def read_from(self, cursors: Mapping[bytes, bytes]) -> None:
        """Read these too, after the given entries; returns once it does."""
        if not cursors:
            return
        self._cursors.update(cursors)
        self._picked_up.clear()
        self._changed.set()
        if self._task is None:
            self.start()
        await self._nudge(self._picked_up, BLOCK_MS / 1000)

    def keep(self, streams: Iterable[bytes]) -> None:
        """Read no others any more."""
        kept = set(streams)
        for stream in [one for one in self._cursors if one not in kept]:
            del self._cursors[stream]

    async def _step(self) -> None:
        self._picked_up.set()
        if not self._cursors:
            self._changed.clear()
            await self._changed.wait()
            return
        found = await self._own.xread(dict(self._cursors), count=MOST_AT_ONCE, block=BLOCK_MS)
        for stream, entries in found:
            for entry, fields in entries:
                if stream not in self._cursors:
                    break
                self._cursors[stream] = entry
                await self._take(stream, entry, fields)


async def last_id(client: Any, stream: bytes) -> bytes:
    """Id of the last entry that a stream ever had."""
    try:
        return bytes((await client.xinfo_stream(stream))["last-generated-id"])
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        return START
