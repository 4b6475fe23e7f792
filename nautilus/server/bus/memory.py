"""The bus inside one process and one event loop: copying, bounded, redelivering."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from nautilus.core.checks import check_choice, check_positive, check_window
from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.bus.interface import (
    BusStatus,
    Handler,
    Mode,
    NobodyAnswersError,
    Overflow,
    Reply,
    RequestTimeoutError,
    error_from_problem,
    usual_overflow,
)
from nautilus.server.bus.matching import TopicTrie
from nautilus.server.bus.messages import Message, data_from_bytes, data_to_bytes, new_id
from nautilus.server.bus.queues import Channel, Delivery
from nautilus.server.bus.subscriptions import (
    CLOSED,
    DeadLetter,
    MemorySubscription,
    handled_message,
)
from nautilus.server.bus.topics import check_pattern, check_topic, family_of

__all__ = ["MemoryBroker", "MemoryBus"]

DEAD_LETTERS_KEPT = 200

Answer = tuple[bytes | None, dict[str, Any] | None]  # data, or the problem in its place


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryBroker:
    """Carries messages between the engines of one process; all calls from one event loop.

    Parameters
    ----------
    clock : callable
        The time now, UTC.
    request_id : callable
        Id of the HTTP request being served, or None.
    retry_seconds : float
        Pause before the second delivery, doubled before each further one.
    handler_seconds : float
        A handler that runs longer is cancelled and counts as failed.
    room_seconds : float
        A publisher waits this long for room in a full queue.
    grace_seconds : float
        A closing subscription waits this long for handlers that run.

    Examples
    --------
    >>> async def ask() -> object:
    ...     broker = MemoryBroker()
    ...     risk, analytics = broker.bus("risk"), broker.bus("analytics")
    ...     async def check(message: Message) -> object:
    ...         return {"status": "WITHIN_LIMITS", "asked_by": message.source_engine}
    ...     await risk.subscribe("risk.check.request", check)
    ...     answer = await analytics.request("risk.check.request", {"portfolio_id": "p1"})
    ...     await broker.close()
    ...     return answer
    >>> asyncio.run(ask())
    {'status': 'WITHIN_LIMITS', 'asked_by': 'analytics'}
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = _now,
        request_id: Callable[[], str | None] = lambda: None,
        retry_seconds: float = 0.02,
        handler_seconds: float = 60.0,
        room_seconds: float = 5.0,
        grace_seconds: float = 2.0,
    ) -> None:
        self.clock = clock
        self.request_id = request_id
        self.retry_seconds = retry_seconds
        self.handler_seconds = check_positive(handler_seconds, "handler_seconds")
        self.room_seconds = check_positive(room_seconds, "room_seconds")
        self.grace_seconds = grace_seconds
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.closed = False
        self.totals = BusStatus("memory")
        self._buses: dict[int, MemoryBus] = {}
        self._trie: TopicTrie[Channel] = TopicTrie()
        self._groups: dict[tuple[str, str], Channel] = {}
        self._answers: dict[str, asyncio.Future[Answer]] = {}

    @property
    def status(self) -> BusStatus:
        """Counters over all engines."""
        waiting = sum(bus.status.waiting for bus in self._buses.values())
        return dataclasses.replace(self.totals, connected=not self.closed, waiting=waiting)

    def bus(self, engine: str) -> MemoryBus:
        """A bus that speaks in this engine's name."""
        bus = MemoryBus(self, engine)
        self._buses[id(bus)] = bus
        return bus

    async def close(self) -> None:
        """Let running handlers end, then refuse everything; requests that wait fail."""
        await asyncio.gather(*(bus.close() for bus in list(self._buses.values())))
        self.closed = True
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result((None, CLOSED))

    def forget(self, bus: MemoryBus) -> None:
        """A bus has closed."""
        self._buses.pop(id(bus), None)

    def channel(
        self, pattern: str, group: str, mode: Mode, capacity: int, overflow: Overflow
    ) -> Channel:
        """The queue of a group, made by its first member; an observer has one of its own."""
        found = self._groups.get((group, pattern)) if mode == "work" else None
        if found is None:
            found = Channel(pattern, group, mode, capacity, overflow)
            self._trie.add(pattern, found)
            if mode == "work":
                self._groups[group, pattern] = found
        found.members += 1
        return found

    def leave(self, channel: Channel) -> Iterable[Delivery]:
        """A member has left; what waited for the last one is given up."""
        channel.members -= 1
        if channel.members:
            return ()
        channel.closed = True
        self._trie.remove(channel.pattern, channel)
        if channel.answers:
            self._groups.pop((channel.group, channel.pattern), None)
        return channel.emptied()

    def matching(self, topic: str) -> tuple[Channel, ...]:
        """Queues that a topic goes to."""
        return self._trie.match(topic)

    def expect(self, message_id: str) -> asyncio.Future[Answer]:
        """Where the answer to a request will be."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[message_id] = future
        return future

    def unexpect(self, message_id: str) -> None:
        """Nobody waits for this answer any more."""
        self._answers.pop(message_id, None)

    def answer(self, message_id: str, answer: Answer) -> None:
        """The first answer counts."""
        future = self._answers.get(message_id)
        if future is not None and not future.done():
            future.set_result(answer)


class MemoryBus:
    """The bus of one engine; see `interface.Bus` for what each call promises."""

    def __init__(self, broker: MemoryBroker, engine: str) -> None:
        self.engine = engine
        self.broker = broker
        self.closed = False
        self._status = BusStatus("memory")
        self._subscriptions: list[MemorySubscription] = []

    @property
    def status(self) -> BusStatus:
        """Counters of this engine's side."""
        channels = {id(one.channel): one.channel for one in self._subscriptions}
        waiting = sum(channel.queue.qsize() for channel in channels.values())
        connected = not (self.closed or self.broker.closed)
        return dataclasses.replace(self._status, connected=connected, waiting=waiting)

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter, here and in the totals."""
        for status in (self._status, self.broker.totals):
            setattr(status, name, getattr(status, name) + amount)

    async def publish(self, topic: str, data: Any, *, durable: bool = False) -> None:
        """Send to every subscription that matches; `durable` changes nothing in memory."""
        await self._send(self._delivery(topic, data))

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
    ) -> MemorySubscription:
        """Handle what matches a pattern from now on."""
        self._refuse_if_closed()
        check_pattern(pattern)
        check_choice(mode, "mode", ("work", "broadcast"))
        policy = overflow or usual_overflow(pattern, mode)
        check_choice(policy, "overflow", ("wait", "drop_oldest", "error"))
        check_window(concurrency, "concurrency")
        check_window(capacity, "capacity")
        channel = self.broker.channel(pattern, group or self.engine, mode, capacity, policy)
        subscription = MemorySubscription(self, channel, handler, concurrency)
        self._subscriptions.append(subscription)
        return subscription

    async def request(self, topic: str, data: Any, *, timeout: float = 5.0) -> Any:
        """The first answer."""
        seconds = check_positive(timeout, "timeout")
        delivery = self._delivery(topic, data, seconds)
        if not any(channel.answers for channel in self.broker.matching(topic)):
            raise NobodyAnswersError(f"nobody answers {topic}: {_whose(topic)} is not running.")
        answer = self.broker.expect(delivery.head.id)
        try:
            async with asyncio.timeout(seconds):
                await self._send(delivery)
                body, problem = await answer
        except TimeoutError:
            self.count("timeouts")
            raise RequestTimeoutError(
                f"{topic} was not answered within {seconds:g} s: {_whose(topic)} is busy."
            ) from None
        finally:
            self.broker.unexpect(delivery.head.id)
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

    def left(self, subscription: MemorySubscription) -> None:
        """A subscription has closed."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def give_up(self, channel: Channel, delivery: Delivery) -> None:
        """Drop a message that nobody will handle, and tell who waits for its answer."""
        self.count("dropped")
        if channel.answers and delivery.head.reply_to:
            self.broker.answer(delivery.head.id, (None, CLOSED))

    async def _reply(self, topic: str, data: Any, timeout: float) -> Reply:
        try:
            return Reply(topic, await self.request(topic, data, timeout=timeout))
        except NautilusError as error:
            return Reply(topic, error=error)

    def _delivery(self, topic: str, data: Any, timeout: float | None = None) -> Delivery:
        self._refuse_if_closed()
        check_topic(topic)
        body = data_to_bytes(data)
        broker, handled = self.broker, handled_message()
        now = broker.clock()
        head = Message(
            topic=topic,
            source_engine=self.engine,
            data=None,
            id=new_id(now),
            timestamp=now,
            target_engine=family_of(topic).target,
            request_id=handled.request_id if handled else broker.request_id(),
            correlation_id=handled.id if handled else None,
            reply_to=None if timeout is None else f"reply.{self.engine}",
            deadline=None if timeout is None else now + timedelta(seconds=timeout),
        )
        return Delivery(head, body)

    async def _send(self, delivery: Delivery) -> None:
        topic = delivery.head.topic
        channels = self.broker.matching(topic)
        for channel in channels:
            channel.refuse_if_full()
        for status in (self._status, self.broker.totals):
            status.sent[family_of(topic).name] += 1
        full = []
        for channel in channels:
            taken, dropped = channel.offer(delivery)
            if not taken:
                full.append(channel)
            if dropped is not None:
                self.give_up(channel, dropped)
        for channel in full:
            await channel.put(delivery, self.broker.room_seconds)
            if channel.closed:
                for one in channel.emptied():
                    self.give_up(channel, one)

    def _refuse_if_closed(self) -> None:
        if self.closed or self.broker.closed:
            raise UnavailableError("the message bus is closed: the server is stopping.")


def _whose(topic: str) -> str:
    target = family_of(topic).target
    return f"the {target} engine" if target else "whoever should"
