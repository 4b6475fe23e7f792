"""The bus of one engine: checks, envelopes and counters, whatever carries the messages."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from nautilus.core.checks import check_choice, check_positive, check_window
from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.bus.handling import DeadLetter, handled_message
from nautilus.server.bus.interface import (
    BusStatus,
    Handler,
    Mode,
    Overflow,
    Reply,
    RequestTimeoutError,
    error_from_problem,
    usual_overflow,
)
from nautilus.server.bus.messages import data_from_bytes, data_to_bytes, new_id
from nautilus.server.bus.queues import Channel, Delivery
from nautilus.server.bus.subscriptions import QueueSubscription
from nautilus.server.bus.topics import check_pattern, check_topic, family_of

if TYPE_CHECKING:
    from nautilus.server.bus.queue_broker import QueueBroker

__all__ = ["EngineBus", "whose"]


class EngineBus:
    """The bus of one engine; see `interface.Bus` for what each call promises."""

    def __init__(self, broker: QueueBroker, engine: str) -> None:
        self.engine = engine
        self.broker = broker
        self.closed = False
        self._status = BusStatus(broker.kind)
        self._subscriptions: list[QueueSubscription] = []

    @property
    def status(self) -> BusStatus:
        """Counters of this engine's side."""
        channels = list({id(one.channel): one.channel for one in self._subscriptions}.values())
        pending, lag = self.broker.backlog([one for one in channels if one.answers])
        return dataclasses.replace(
            self._status,
            connected=self.broker.connected and not self.closed,
            waiting=sum(channel.queue.qsize() for channel in channels),
            pending=pending,
            lag=lag,
        )

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter, here and in the totals."""
        for status in (self._status, self.broker.totals):
            setattr(status, name, getattr(status, name) + amount)

    def count_sent(self, topic: str) -> None:
        """One more of its family."""
        name = family_of(topic).name
        self._status.sent[name] += 1
        self.broker.totals.sent[name] += 1

    async def publish(
        self, topic: str, data: Any, *, durable: bool = False, message_id: str | None = None
    ) -> None:
        """Send to every subscription that matches."""
        delivery = self._delivery(topic, data, message_id=message_id)
        await self.broker.send(self, delivery, durable=durable)

    async def subscribe(
        self,
        pattern: str,
        handler: Handler,
        *,
        mode: Mode = "work",
        group: str | None = None,
        concurrency: int = 1,
        capacity: int = 1024,
        overflow: Overflow | None = None,
    ) -> QueueSubscription:
        """Handle what matches a pattern from now on."""
        self._refuse_if_closed()
        check_pattern(pattern)
        check_choice(mode, "mode", ("work", "broadcast"))
        policy = overflow or usual_overflow(pattern, mode)
        check_choice(policy, "overflow", ("wait", "drop_oldest", "error"))
        check_window(concurrency, "concurrency")
        check_window(capacity, "capacity")
        wanted = Channel(pattern, group or self.engine, mode, capacity, policy)
        channel = await self.broker.join(self, wanted, concurrency)
        subscription = QueueSubscription(self, channel, handler, concurrency)
        self._subscriptions.append(subscription)
        return subscription

    async def request(self, topic: str, data: Any, *, timeout: float = 5.0) -> Any:
        """The first answer."""
        seconds = check_positive(timeout, "timeout")
        delivery = self._delivery(topic, data, seconds)
        answer = self.broker.expect(delivery.id)
        try:
            with self.broker.limits.within(seconds):
                await self.broker.check_answered(topic)
                await self.broker.send(self, delivery)
                body, problem = await answer
        except TimeoutError:
            self.count("timeouts")
            why = f"{whose(topic)} is busy" if self.broker.connected else self.broker.lost
            raise RequestTimeoutError(
                f"{topic} was not answered within {seconds:g} s: {why}."
            ) from None
        finally:
            self.broker.unexpect(delivery.id)
        if problem is not None:
            raise error_from_problem(problem, topic)
        return None if body is None else data_from_bytes(body)

    async def request_all(
        self, requests: Iterable[tuple[str, Any]], *, timeout: float = 5.0
    ) -> list[Reply]:
        """Ask all at once; errors stand in the place of their answer."""
        return list(
            await asyncio.gather(*(self._reply(topic, data, timeout) for topic, data in requests))
        )

    async def close(self) -> None:
        """Close all subscriptions of this engine; then refuse to publish."""
        await asyncio.gather(*(one.close() for one in list(self._subscriptions)))
        self.closed = True
        self.broker.forget(self)

    def left(self, subscription: QueueSubscription) -> None:
        """A subscription has closed."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def give_up(self, channel: Channel, delivery: Delivery) -> None:
        """Leave a message that nobody here will handle, and tell who waits for its answer."""
        self.broker.give_up(self, channel, delivery)

    def bury(self, channel: Channel, delivery: Delivery, error: str, deliveries: int) -> None:
        """Keep a message among the dead letters."""
        self.count("dead")
        self.broker.bury(
            delivery,
            DeadLetter(
                delivery.message(),
                channel.group,
                channel.pattern,
                error,
                deliveries,
                self.broker.clock(),
            ),
        )

    async def _reply(self, topic: str, data: Any, timeout: float) -> Reply:
        try:
            return Reply(topic, await self.request(topic, data, timeout=timeout))
        except NautilusError as error:
            return Reply(topic, error=error)

    def _delivery(
        self,
        topic: str,
        data: Any,
        timeout: float | None = None,
        *,
        message_id: str | None = None,
    ) -> Delivery:
        self._refuse_if_closed()
        check_topic(topic)
        broker, handled = self.broker, handled_message()
        now = broker.clock()
        return Delivery(
            topic=topic,
            source_engine=self.engine,
            body=data_to_bytes(data),
            id=message_id or new_id(now),
            timestamp=now,
            request_id=handled.request_id if handled else broker.request_id(),
            correlation_id=handled.id if handled else None,
            reply_to=None if timeout is None else broker.reply_to(self.engine),
            deadline=None if timeout is None else now + timedelta(seconds=timeout),
        )

    def _refuse_if_closed(self) -> None:
        if self.closed or self.broker.closed:
            raise UnavailableError("the message bus is closed: the server is stopping.")


def whose(topic: str) -> str:
    """Who should answer."""
    target = family_of(topic).target
    return f"the {target} engine" if target else "whoever should"
