"""A handler and the tasks that feed it, the same for every kind of bus."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NautilusError
from nautilus.server.bus.handling import HANDLING, MOST_DELIVERIES
from nautilus.server.bus.interface import Handler, problem_of
from nautilus.server.bus.messages import data_to_bytes
from nautilus.server.bus.queues import Channel, Delivery

if TYPE_CHECKING:
    from nautilus.server.bus.engine_bus import EngineBus

__all__ = ["QueueSubscription"]

_log = logging.getLogger("nautilus.server.bus")


class QueueSubscription:
    """A handler and the tasks that feed it; see `interface.Subscription`."""

    def __init__(self, bus: EngineBus, channel: Channel, handler: Handler, concurrency: int):
        self.pattern = channel.pattern
        self.channel = channel
        self._bus = bus
        self._handler = handler
        self._closing = False
        self._busy: set[asyncio.Task[None]] = set()
        self._workers = [asyncio.create_task(self._work()) for _ in range(concurrency)]

    async def close(self) -> None:
        """Take no more messages; return once running handlers have ended."""
        last = not self._closing and self._leave()
        others = [one for one in self._workers if one is not asyncio.current_task()]
        if others:
            await asyncio.wait(others, timeout=self._bus.broker.grace_seconds)
        late = [one for one in others if not one.done()]
        for worker in late:
            worker.cancel()
        if late:
            await asyncio.wait(late)
        if last:
            await self._bus.broker.stop_feeding(self.channel)

    def _leave(self) -> bool:
        """Whether nobody is left on the channel."""
        self._closing = True
        self._bus.left(self)
        self.channel.workers -= len(self._workers)
        for delivery in self._bus.broker.leave(self.channel):
            self._bus.give_up(self.channel, delivery)
        for worker in self._workers:
            if worker not in self._busy:
                worker.cancel()
        return self.channel.closed

    async def _work(self) -> None:
        task, queue = asyncio.current_task(), self.channel.queue
        assert task is not None
        while not self._closing:
            delivery = await queue.get()
            self._busy.add(task)
            self.channel.handling += 1
            try:
                await self._deliver(delivery)
            finally:
                self.channel.handling -= 1
                self._busy.discard(task)
            if not queue.empty():
                await asyncio.sleep(0)  # a long queue must not hold up the loop or other members

    async def _deliver(self, delivery: Delivery) -> None:
        """Until it is handled, refused, expired or given up."""
        broker, attempt = self._bus.broker, delivery.deliveries
        try:
            while not await self._attempt(delivery, attempt):
                broker.retrying(self.channel, delivery, attempt)
                await asyncio.sleep(broker.retry_seconds * 2 ** (attempt - 1))
                attempt += 1
        except asyncio.CancelledError:
            broker.cut_off(self._bus, self.channel, delivery, attempt)
            raise
        broker.settled(self.channel, delivery)

    async def _attempt(self, delivery: Delivery, attempt: int) -> bool:
        """Whether nothing is left to do; a request fails at once, since somebody waits."""
        bus = self._bus
        if delivery.deadline is not None and bus.broker.clock() > delivery.deadline:
            bus.count("expired")
            return True
        bus.count("received" if attempt == 1 else "redelivered")
        asked = delivery.reply_to is not None and self.channel.answers
        try:
            result = await self._handled(delivery)
            answer = data_to_bytes(result) if asked else None
        except Exception as error:
            bus.count("failed")
            return self._failed(delivery, error, attempt, asked)
        if asked:
            bus.broker.reply(delivery, (answer, None))
        return True

    def _failed(self, delivery: Delivery, error: Exception, attempt: int, asked: bool) -> bool:
        if asked:
            if not isinstance(error, NautilusError):
                _log.error("the handler of %s failed", delivery.topic, exc_info=error)
            self._bus.broker.reply(delivery, (None, problem_of(error)))
            return True
        if attempt < MOST_DELIVERIES:
            return False
        _log.error("gave up %s %s after %d", delivery.topic, delivery.id, attempt, exc_info=error)
        self._bus.bury(self.channel, delivery, f"{type(error).__name__}: {error}", attempt)
        return True

    async def _handled(self, delivery: Delivery) -> Any:
        message = delivery.message()
        broker, token = self._bus.broker, HANDLING.set(message)
        try:
            with broker.limits.within(broker.handler_seconds):
                return await self._handler(message)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancels this worker: something that the handler awaited was cancelled.
            raise RuntimeError("what the handler waited for was cancelled") from error
        finally:
            HANDLING.reset(token)
