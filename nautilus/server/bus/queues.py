"""The bounded queue in front of one subscription, or of a group that shares its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from nautilus.server.bus.interface import Mode, Overflow, QueueFullError
from nautilus.server.bus.messages import Message, data_from_bytes

__all__ = ["Channel", "Delivery"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way: the envelope and the bytes that each handler reads anew."""

    head: Message
    body: bytes

    def message(self) -> Message:
        """The message with data that nobody else holds."""
        head = self.head
        return Message(
            topic=head.topic,
            source_engine=head.source_engine,
            data=data_from_bytes(self.body),
            id=head.id,
            timestamp=head.timestamp,
            target_engine=head.target_engine,
            request_id=head.request_id,
            correlation_id=head.correlation_id,
            reply_to=head.reply_to,
            deadline=head.deadline,
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
