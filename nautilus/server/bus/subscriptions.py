"""A handler of the bus in memory and the tasks that feed it."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.bus.interface import Handler, problem_of
from nautilus.server.bus.messages import Message, data_to_bytes
from nautilus.server.bus.queues import Channel, Delivery

if TYPE_CHECKING:
    from nautilus.server.bus.memory import MemoryBus

__all__ = ["CLOSED", "DeadLetter", "MemorySubscription", "handled_message"]

MOST_DELIVERIES = 5
CLOSED = {"code": UnavailableError.code, "message": "The engine that was asked has closed."}
_HANDLING: ContextVar[Message | None] = ContextVar("nautilus_handled_message", default=None)
_log = logging.getLogger("nautilus.server.bus")


def handled_message() -> Message | None:
    """The message that this task is handling."""
    return _HANDLING.get()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up."""

    message: Message
    group: str
    pattern: str
    error: str
    deliveries: int
    at: datetime


class MemorySubscription:
    """A handler and the tasks that feed it; see `interface.Subscription`."""

    def __init__(
        self, bus: MemoryBus, channel: Channel, handler: Handler, concurrency: int
    ) -> None:
        self.pattern = channel.pattern
        self.channel = channel
        self._bus = bus
        self._handler = handler
        self._closing = False
        self._busy: set[asyncio.Task[None]] = set()
        self._workers = [asyncio.create_task(self._work()) for _ in range(concurrency)]

    async def close(self) -> None:
        """Take no more messages; return once running handlers have ended."""
        if not self._closing:
            self._closing = True
            self._leave()
        others = [one for one in self._workers if one is not asyncio.current_task()]
        if others:
            await asyncio.wait(others, timeout=self._bus.broker.grace_seconds)
        late = [one for one in others if not one.done()]
        for worker in late:
            worker.cancel()
        if late:
            await asyncio.wait(late)

    def _leave(self) -> None:
        self._bus.left(self)
        for delivery in self._bus.broker.leave(self.channel):
            self._bus.give_up(self.channel, delivery)
        for worker in self._workers:
            if worker not in self._busy:
                worker.cancel()

    async def _work(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        while not self._closing:
            delivery = await self.channel.queue.get()
            self._busy.add(task)
            try:
                await self._deliver(delivery)
            finally:
                self._busy.discard(task)
            await asyncio.sleep(0)  # a long queue must not hold up the loop or the other members

    async def _deliver(self, delivery: Delivery) -> None:
        """Until it is handled, refused, expired or given up."""
        attempt = 1
        try:
            while not await self._attempt(delivery, attempt):
                await asyncio.sleep(self._bus.broker.retry_seconds * 2 ** (attempt - 1))
                attempt += 1
        except asyncio.CancelledError:
            self._bury(delivery, "the subscription closed before its handler ended", attempt)
            if self.channel.answers:
                self._bus.broker.answer(delivery.head.id, (None, CLOSED))
            raise

    async def _attempt(self, delivery: Delivery, attempt: int) -> bool:
        """Whether nothing is left to do; a request fails at once, since somebody waits."""
        bus, head = self._bus, delivery.head
        if head.expired(bus.broker.clock()):
            bus.count("expired")
            return True
        bus.count("received" if attempt == 1 else "redelivered")
        asked = head.reply_to is not None and self.channel.answers
        try:
            result = await self._handled(delivery)
            answer = data_to_bytes(result) if asked else None
        except Exception as error:
            bus.count("failed")
            return self._failed(delivery, error, attempt, asked)
        if asked:
            bus.broker.answer(head.id, (answer, None))
        return True

    def _failed(self, delivery: Delivery, error: Exception, attempt: int, asked: bool) -> bool:
        head = delivery.head
        if asked:
            if not isinstance(error, NautilusError):
                _log.error("the handler of %s failed", head.topic, exc_info=error)
            self._bus.broker.answer(head.id, (None, problem_of(error)))
            return True
        if attempt < MOST_DELIVERIES:
            return False
        _log.error("gave up %s %s after %d", head.topic, head.id, attempt, exc_info=error)
        self._bury(delivery, f"{type(error).__name__}: {error}", attempt)
        return True

    async def _handled(self, delivery: Delivery) -> Any:
        message = delivery.message()
        token = _HANDLING.set(message)
        try:
            async with asyncio.timeout(self._bus.broker.handler_seconds):
                return await self._handler(message)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancels this worker: something that the handler awaited was cancelled.
            raise RuntimeError("what the handler waited for was cancelled") from error
        finally:
            _HANDLING.reset(token)

    def _bury(self, delivery: Delivery, error: str, deliveries: int) -> None:
        broker, channel = self._bus.broker, self.channel
        self._bus.count("dead")
        broker.dead_letters.append(
            DeadLetter(
                delivery.message(),
                channel.group,
                channel.pattern,
                error,
                deliveries,
                broker.clock(),
            )
        )
