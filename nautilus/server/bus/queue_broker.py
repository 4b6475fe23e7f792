"""What every broker keeps in its own process: queues by pattern, and answers that are awaited."""

from __future__ import annotations

import asyncio
import dataclasses
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from nautilus.core.checks import check_positive
from nautilus.server.bus.deadlines import Limits
from nautilus.server.bus.engine_bus import EngineBus
from nautilus.server.bus.handling import CLOSED, DeadLetter
from nautilus.server.bus.interface import BusStatus
from nautilus.server.bus.matching import TopicTrie
from nautilus.server.bus.queues import Channel, Delivery

__all__ = ["Answer", "QueueBroker", "utc_now"]

DEAD_LETTERS_KEPT = 200

Answer = tuple[bytes | None, dict[str, Any] | None]  # data, or the problem in its place


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)


class QueueBroker(ABC):
    """Queues in front of handlers; how messages get into them is up to the kind.

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
    """

    kind: str
    lost = "the message bus has lost its server"

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
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
        self.limits = Limits()
        self.totals = BusStatus(self.kind)
        self._buses: dict[int, EngineBus] = {}
        self._trie: TopicTrie[Channel] = TopicTrie()
        self._groups: dict[tuple[str, str], Channel] = {}
        self._joining = asyncio.Lock()
        self._answers: dict[str, asyncio.Future[Answer]] = {}

    @property
    def connected(self) -> bool:
        """Whether messages are carried now."""
        return not self.closed

    @property
    def status(self) -> BusStatus:
        """Counters over all engines."""
        waiting = sum(bus.status.waiting for bus in self._buses.values())
        pending, lag = self.backlog(self._groups.values())
        return dataclasses.replace(
            self.totals, connected=self.connected, waiting=waiting, pending=pending, lag=lag
        )

    def backlog(self, channels: Iterable[Channel]) -> tuple[int, int | None]:
        """(messages being handled, messages that nobody has taken) of groups that share work."""
        held = list(channels)
        return sum(one.handling for one in held), sum(one.queue.qsize() for one in held)

    def bus(self, engine: str) -> EngineBus:
        """A bus that speaks in this engine's name."""
        bus = EngineBus(self, engine)
        self._buses[id(bus)] = bus
        return bus

    async def close(self) -> None:
        """Let running handlers end, then refuse everything; requests that wait fail."""
        await asyncio.gather(*(bus.close() for bus in list(self._buses.values())))
        self.closed = True
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result((None, CLOSED))

    def forget(self, bus: EngineBus) -> None:
        """A bus has closed."""
        self._buses.pop(id(bus), None)

    async def join(self, bus: EngineBus, wanted: Channel, workers: int) -> Channel:
        """The queue of a group, which its first member brings; an observer has one of its own."""
        async with self._joining:
            found = wanted
            if wanted.answers:
                found = self._groups.setdefault((wanted.group, wanted.pattern), wanted)
            found.members += 1
            found.workers += workers
            if found is wanted:
                await self._begin(bus, wanted)
        return found

    async def _begin(self, bus: EngineBus, channel: Channel) -> None:
        self._trie.add(channel.pattern, channel)
        try:
            await self.feed(bus, channel)
        except BaseException:
            self.leave(channel)
            raise

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

    @abstractmethod
    def reply_to(self, engine: str) -> str:
        """Where answers to an engine of this process go."""

    @abstractmethod
    async def check_answered(self, topic: str) -> None:
        """Raise `NobodyAnswersError` where it is known that nobody would answer."""

    @abstractmethod
    async def send(self, bus: EngineBus, delivery: Delivery, *, durable: bool = False) -> None:
        """Carry a message to the queues that its topic goes to."""

    @abstractmethod
    def reply(self, delivery: Delivery, answer: Answer) -> None:
        """Carry an answer to who asked."""

    @abstractmethod
    def give_up(self, bus: EngineBus, channel: Channel, delivery: Delivery) -> None:
        """Nobody here will handle this message."""

    @abstractmethod
    def cut_off(
        self, bus: EngineBus, channel: Channel, delivery: Delivery, deliveries: int
    ) -> None:
        """The subscription closed while a handler ran."""

    def bury(self, delivery: Delivery, letter: DeadLetter) -> None:
        """Keep a dead letter."""
        self.dead_letters.append(letter)

    @abstractmethod
    def settled(self, channel: Channel, delivery: Delivery) -> None:
        """Nothing is left to do for this message: where it is stored, it may go."""

    @abstractmethod
    def retrying(self, channel: Channel, delivery: Delivery, deliveries: int) -> None:
        """It was delivered this often and will be once more."""

    @abstractmethod
    async def feed(self, bus: EngineBus, channel: Channel) -> None:
        """A channel has its first member: what matches goes into its queue from now on."""

    @abstractmethod
    async def stop_feeding(self, channel: Channel) -> None:
        """The last member has left and its handlers have ended."""
