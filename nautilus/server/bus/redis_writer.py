"""Everything that one process writes to Redis, in order and in batches."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nautilus.core.errors import UnavailableError
from nautilus.server.bus.interface import QueueFullError
from nautilus.server.bus.redis_connection import FAILURES, Link

__all__ = ["Writer"]

LARGEST_BATCH = 200
MOST_WAITING = 10_000
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5

_log = logging.getLogger("nautilus.server.bus")


@dataclass(slots=True)
class _Command:
    words: tuple[Any, ...]
    expires: float
    done: asyncio.Future[Any] | None
    message: bool


class Writer:
    """A queue of commands and the task that sends them.

    What is put while a batch is on its way goes with the next one, so that batches grow with the
    load and nothing waits for a timer. A batch whose fate is unknown is sent again: readers know a
    message that comes twice by its id.

    Parameters
    ----------
    client : redis.asyncio.Redis
        Its own; closed with it.
    link : Link
    seconds : float
        A command that was not answered within this is given up.
    unsent : callable
        Told how many messages were given up.
    """

    def __init__(
        self, client: Any, link: Link, *, seconds: float, unsent: Callable[[int], None]
    ) -> None:
        self._client = client
        self._link = link
        self._seconds = seconds
        self._unsent = unsent
        self._waiting: deque[_Command] = deque()
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="redis-writer")

    def put(self, *words: Any, message: bool = False) -> None:
        """Send a command soon; nobody waits for its result."""
        self._append(words, None, message)

    async def store(self, *words: Any, room_seconds: float) -> Any:
        """Send a command and wait for its result."""
        await self.wait_for_room(room_seconds)
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._append(words, done, True)
        return await done

    async def flush(self) -> None:
        """Wait until everything put before is written."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._append(("PING",), done, False)
        await done

    async def wait_for_room(self, seconds: float) -> None:
        """Hold up who publishes faster than Redis takes.

        Raises
        ------
        QueueFullError
            Still full after `seconds`.
        """
        if self._room.is_set():
            return
        try:
            async with asyncio.timeout(seconds):
                await self._room.wait()
        except TimeoutError:
            raise QueueFullError(
                f"{len(self._waiting)} messages wait for Redis at {self._link.address}, which has"
                f" taken none for {seconds:g} s: {self._link.why}."
            ) from None

    async def close(self, seconds: float) -> None:
        """Write what is left, for at most this long."""
        self._closing.set()
        self._something.set()
        await asyncio.wait([self._task], timeout=seconds)
        self._task.cancel()
        await asyncio.wait([self._task])
        self._give_up(list(self._waiting))
        self._waiting.clear()
        await self._client.aclose()

    def _append(
        self, words: tuple[Any, ...], done: asyncio.Future[Any] | None, message: bool
    ) -> None:
        expires = asyncio.get_running_loop().time() + self._seconds
        command = _Command(words, expires, done, message)
        if self._task.done():
            self._give_up([command])
            return
        self._waiting.append(command)
        self._something.set()
        if len(self._waiting) >= MOST_WAITING:
            self._room.clear()

    async def _run(self) -> None:
        while self._waiting or not self._closing.is_set():
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                await asyncio.sleep(0)  # whoever publishes in this turn of the loop goes along
                size = min(LARGEST_BATCH, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(size)]
                if len(self._waiting) < MOST_WAITING // 2:
                    self._room.set()
                await self._written(batch)

    async def _written(self, batch: list[_Command]) -> None:
        pause = FIRST_PAUSE
        try:
            while batch:
                try:
                    results = await self._sent(batch)
                except FAILURES as error:
                    self._link.lost(error)
                    batch = self._unexpired(batch)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
                else:
                    self._link.found()
                    self._settle(batch, results)
                    return
        except asyncio.CancelledError:
            self._give_up(batch)
            raise
        except Exception:
            _log.exception("a batch of %d commands is given up", len(batch))
            self._give_up(batch)

    async def _sent(self, batch: list[_Command]) -> list[Any]:
        """Results by command; acknowledgements go last, merged by group."""
        acks: dict[tuple[Any, ...], list[Any]] = {}
        pipeline = self._client.pipeline(transaction=False)
        order = []
        for command in batch:
            if command.words[0] == "XACK":
                acks.setdefault(command.words[:3], []).append(command.words[3])
            else:
                pipeline.execute_command(*command.words)
                order.append(command)
        for head, entries in acks.items():
            pipeline.execute_command(*head, *entries)
        results = await pipeline.execute(raise_on_error=False)
        by_command = dict(zip(map(id, order), results, strict=False))
        return [by_command.get(id(command)) for command in batch]

    def _settle(self, batch: list[_Command], results: list[Any]) -> None:
        refused = 0
        for command, result in zip(batch, results, strict=True):
            failed = isinstance(result, Exception)
            if command.done is not None and not command.done.done():
                if isinstance(result, Exception):
                    command.done.set_exception(self._unavailable(result))
                else:
                    command.done.set_result(result)
            elif failed:
                _log.error("Redis refused %s: %s", command.words[0], result)
            refused += failed and command.message
        if refused:
            self._unsent(refused)

    def _unexpired(self, batch: list[_Command]) -> list[_Command]:
        now = asyncio.get_running_loop().time()
        self._give_up([one for one in batch if one.expires <= now])
        return [one for one in batch if one.expires > now]

    def _give_up(self, commands: list[_Command]) -> None:
        for command in commands:
            if command.done is not None and not command.done.done():
                command.done.set_exception(self._unavailable(self._link.why))
        lost = sum(command.message for command in commands)
        if lost:
            self._unsent(lost)

    def _unavailable(self, why: object) -> UnavailableError:
        return UnavailableError(
            f"Redis at {self._link.address} did not store this within {self._seconds:g} s: {why}."
            " Try again once it answers."
        )
