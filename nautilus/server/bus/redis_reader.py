"""A task that blocks on streams through a connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from nautilus.server.bus.redis_connection import FAILURES

if TYPE_CHECKING:
    from nautilus.server.bus.redis_session import Session

__all__ = ["BLOCK_MS", "SOCKET_SECONDS", "Reader"]

BLOCK_MS = 1000
SOCKET_SECONDS = BLOCK_MS / 1000 + 3.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
NUDGE_SECONDS = 0.02

_log = logging.getLogger("nautilus.server.bus")


class Reader(ABC):
    """Calls `_step` until it is stopped; what fails is tried again after a pause.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._own = session.connect()
        self._shared = session.client
        self._link = session.link
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: int | None = None

    @abstractmethod
    async def _step(self) -> None:
        """Read once, for at most about `BLOCK_MS`."""

    async def _connected(self) -> None:
        """A connection was made, the first or after a failure."""
        self._link.found()

    def _failed(self, error: BaseException) -> None:
        """Something failed; all is done again after a pause."""
        if isinstance(error, FAILURES):
            self._link.lost(error)

    def start(self) -> None:
        """Begin to read."""
        self._task = asyncio.create_task(self._run(), name=type(self).__name__)

    async def stop(self, seconds: float) -> None:
        """End without dropping what Redis is just handing over."""
        self._stopping.set()
        if self._task is not None:
            await self._nudge(self._ended, seconds)
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._own.aclose()

    async def _nudge(self, event: asyncio.Event, seconds: float) -> None:
        """Wake a read that blocks, until the event has come or time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not event.is_set() and loop.time() < deadline:
            if self._connection is not None:
                with contextlib.suppress(*FAILURES):
                    await self._shared.client_unblock(self._connection)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), NUDGE_SECONDS)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        try:
            while not self._stopping.is_set():
                pause = await self._once(pause)
        finally:
            self._ended.set()

    async def _once(self, pause: float) -> float:
        """One step; the pause that a failure after it would need."""
        try:
            if self._connection is None:
                self._connection = await self._own.client_id()
                await self._connected()
            await self._step()
        except Exception as error:
            if not isinstance(error, FAILURES):
                _log.exception("a reader begins again")
            self._failed(error)
            self._connection = None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            return min(2 * pause, LONGEST_PAUSE)
        self._link.found()
        return FIRST_PAUSE
