"""The bounded queue in front of one subscription, or of a group that shares its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nautilus.server.bus.interface import Mode, Overflow, QueueFullError
from nautilus.server.bus.messages import Message, data_from_bytes
from nautilus.server.bus.topics import family_of

__all__ = ["Channel", "Delivery"]


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A message on its way: its envelope, and the bytes that each handler reads anew.

    Fields are those of `Message`; `deliveries` counts this one and those before it.
    """

    topic: str
    source_engine: str
    body: bytes
    id: str
    timestamp: datetime
    request_id: str | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    deadline: datetime | None = None
    deliveries: int = 1

    def message(self) -> Message:
        """The message with data that nobody else holds."""
        return Message(
            topic=self.topic,
            source_engine=self.source_engine,
            data=data_from_bytes(self.body),
            id=self.id,
            timestamp=self.timestamp,
            target_engine=family_of(self.topic).target,
            request_id=self.request_id,
            correlation_id=self.correlation_id,
            reply_to=self.reply_to,
            deadline=self.deadline,
        )


class Channel:
    """Messages that wait for the members of one group, or for one observer.

    Parameters
    ----------
    pattern : str
    group : str
    mode : {"work", "broadcast"}
    capacity : int
    overflow : {"wait", "drop_oldest", "error"}
    """

    def __init__(
        self, pattern: str, group: str, mode: Mode, capacity: int, overflow: Overflow
    ) -> None:
        self.pattern = pattern
        self.group = group
        self.mode = mode
        self.overflow = overflow
        self.members = 0
        self.workers = 0
        self.handling = 0
        self.closed = False
        self.queue: asyncio.Queue[Delivery] = asyncio.Queue(capacity)

    @property
    def answers(self) -> bool:
        """Whether its handlers answer requests; observers only watch."""
        return self.mode == "work"

    def refuse_if_full(self) -> None:
        """Raise where the publisher wants to know."""
        if self.overflow == "error" and self.queue.full():
            raise QueueFullError(
                f"the queue of {self.group} on {self.pattern} is full"
                f" ({self.queue.maxsize} messages). Publish more slowly."
            )

    def offer(self, delivery: Delivery) -> tuple[bool, Delivery | None]:
        """(taken, what was dropped for it) without waiting."""
        dropped = None
        if self.queue.full():
            if self.overflow != "drop_oldest":
                return False, None
            dropped = self.queue.get_nowait()
        self.queue.put_nowait(delivery)
        return True, dropped

    async def put(self, delivery: Delivery, seconds: float) -> None:
        """Wait for room."""
        try:
            async with asyncio.timeout(seconds):
                await self.queue.put(delivery)
        except TimeoutError:
            raise QueueFullError(
                f"the queue of {self.group} on {self.pattern} stayed full"
                f" ({self.queue.maxsize} messages) for {seconds:g} s. Is its handler stuck?"
            ) from None

    def emptied(self) -> Iterator[Delivery]:
        """Take out everything that waits."""
        while not self.queue.empty():
            yield self.queue.get_nowait()
