"""What all readers and writers of one process share: names, one connection, one writer."""

from __future__ import annotations

import math
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from nautilus.core.errors import UnavailableError
from nautilus.server.bus.redis_connection import FAILURES, Link, connect
from nautilus.server.bus.redis_reader import SOCKET_SECONDS
from nautilus.server.bus.redis_writer import Writer
from nautilus.server.bus.topics import Family

__all__ = ["Session"]

OLDEST_SERVER = (6, 2)
COMMAND_SECONDS = 3.0
MOST_ASKERS = 1000
PRICES_KEPT, MESSAGES_KEPT, DEAD_KEPT, ANSWERS_KEPT = 10_000, 100_000, 10_000, 1000


class Session:
    """The names that a prefix gives, and the way to Redis.

    Parameters
    ----------
    url : str
    prefix : str
        Of every key; several buses may share one Redis.
    reply_seconds : int
        How long answers live that nobody fetches.
    """

    writer: Writer

    def __init__(self, url: str, prefix: str, *, reply_seconds: int) -> None:
        self.url = url
        self.prefix = prefix
        self.reply_seconds = reply_seconds
        self.link = Link(url)
        self.client = connect(url, socket_seconds=COMMAND_SECONDS)
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.replies = self.key("reply", self.consumer)
        self.dead = self.key("dead")
        self._renewed: dict[str, float] = {}

    async def open(self, *, store_seconds: float, unsent: Callable[[int], None]) -> None:
        """Greet the server.

        Raises
        ------
        UnavailableError
            It does not answer, refuses, or is too old.
        """
        try:
            info = await self.client.info("server")
        except FAILURES as error:
            await self.client.aclose()
            raise UnavailableError(
                f"Redis at {self.link.address} does not answer ({error})."
                " Start it (redis-server --appendonly yes --appendfsync always), correct --bus or"
                " NAUTILUS_BUS, or take --bus memory, which needs no server but one process."
            ) from None
        version = str(info["redis_version"])
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_SERVER:
            await self.client.aclose()
            raise UnavailableError(
                f"Redis at {self.link.address} must be 6.2 or newer, got {version}. Update it."
            )
        self.link.found()
        plain = connect(self.url, socket_seconds=COMMAND_SECONDS)
        plain.response_callbacks.clear()  # the writer counts answers and reads none of them
        self.writer = Writer(plain, self.link, seconds=store_seconds, unsent=unsent)

    async def close(self, seconds: float) -> None:
        """Write what is left, and hang up."""
        self.writer.put("DEL", self.replies)
        await self.writer.close(seconds)
        await self.client.aclose()

    def connect(self) -> Any:
        """A connection for a read that blocks."""
        return connect(self.url, socket_seconds=SOCKET_SECONDS)

    def key(self, *parts: str) -> bytes:
        """`nautilus:...`."""
        return ":".join((self.prefix, *parts)).encode()

    def stream(self, family: Family) -> bytes:
        """Where messages of a family are stored."""
        return self.key(family.name)

    def store(self, family: Family, envelope: bytes) -> tuple[Any, ...]:
        """The command that stores a message."""
        most = PRICES_KEPT if family.latest else MESSAGES_KEPT
        return "XADD", self.stream(family), "MAXLEN", "~", most, "*", "m", envelope

    def reply(self, to: str, fields: Mapping[str, Any]) -> None:
        """Send an answer to where it was asked for."""
        words = [word for pair in fields.items() for word in pair]
        self.writer.put("XADD", to, "MAXLEN", "~", ANSWERS_KEPT, "*", *words)
        now = time.monotonic()
        if self._renewed.get(to, -math.inf) < now - self.reply_seconds / 4:
            if len(self._renewed) >= MOST_ASKERS:
                self._renewed.clear()
            self._renewed[to] = now
            self.writer.put("EXPIRE", to, self.reply_seconds)

    def bury(self, fields: Mapping[Any, Any]) -> None:
        """Store a dead letter."""
        words = [word for pair in fields.items() for word in pair]
        self.writer.put("XADD", self.dead, "MAXLEN", "~", DEAD_KEPT, "*", *words)
