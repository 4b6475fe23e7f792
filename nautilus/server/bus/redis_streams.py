"""The bus over Redis Streams: between processes and machines, and nothing acknowledged is lost.

A family of topics is a stream; a group that shares work is a Redis group named `{group}:{pattern}`;
observers read streams with a cursor of their own; answers come back through one stream per process.
A message is acknowledged after its handler, so it may come again: a handler whose effect must not
happen twice stores the id of the message with it. What is full here stays in its stream: no
publisher is held up by a slow reader, only by a Redis that takes nothing. Redis loses nothing that
it acknowledged if it runs with `appendonly yes` and `appendfsync always`; with `everysec` a kill or
a power cut may cost the last second.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import orjson

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server.bus.engine_bus import EngineBus, whose
from nautilus.server.bus.handling import CLOSED, DeadLetter
from nautilus.server.bus.interface import NobodyAnswersError
from nautilus.server.bus.queue_broker import Answer, QueueBroker
from nautilus.server.bus.queues import Channel, Delivery
from nautilus.server.bus.redis_connection import FAILURES, ResponseError
from nautilus.server.bus.redis_entries import (
    Fields,
    Recent,
    StoredDelivery,
    dead_fields,
    dead_letter_of,
    delivery_of,
    envelope_of,
)
from nautilus.server.bus.redis_group import GroupReader
from nautilus.server.bus.redis_janitor import Janitor
from nautilus.server.bus.redis_session import Session
from nautilus.server.bus.redis_tail import START, Tail
from nautilus.server.bus.topics import families_of, family_of, matches

__all__ = ["RedisBroker"]

ANSWERED_SECONDS = 5.0


class RedisBroker(QueueBroker):
    """Carries messages between processes; `open` it before use.

    Parameters
    ----------
    url : str
        `redis://`, `rediss://` or `unix://`.
    prefix : str
        Of every key.
    store_seconds : float
        A message that Redis did not take within this is given up.
    janitor_seconds : float
        Between two rounds of the janitor.
    idle_seconds : float
        Messages of a consumer that was not heard of for so long are taken over.
    forget_seconds : float
        Consumers that are idle for so long and hold nothing are deleted.
    remember_seconds : int
        For how long a message that is stored a second time is known.
    reply_seconds : int
        How long answers live that nobody fetches.
    **options
        Those of `QueueBroker`.
    """

    kind = "redis"

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "nautilus",
        store_seconds: float = 5.0,
        janitor_seconds: float = 15.0,
        idle_seconds: float = 60.0,
        forget_seconds: float = 3600.0,
        remember_seconds: int = 300,
        reply_seconds: int = 60,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.session = Session(url, prefix, reply_seconds=reply_seconds)
        self.lost = f"Redis at {self.session.link.address} does not answer"
        self._store_seconds = store_seconds
        self._remember_seconds = remember_seconds
        self._periods = {
            "seconds": janitor_seconds,
            "idle_seconds": idle_seconds,
            "forget_seconds": forget_seconds,
        }
        self._groups_read: dict[int, GroupReader] = {}
        self._observed: dict[int, tuple[EngineBus, set[bytes]]] = {}
        self._tails: dict[int, Tail] = {}
        self._seen = Recent()
        self._answered: dict[str, float] = {}

    async def open(self) -> RedisBroker:
        """Connect.

        Raises
        ------
        UnavailableError
            Redis does not answer, refuses, or is too old.
        """
        await self.session.open(store_seconds=self._store_seconds, unsent=self._unsent)
        self._replies = Tail(self.session, self._answer_arrived)
        self._observer = Tail(self.session, self._observe)
        await self._replies.read_from({self.session.replies: START})
        self.janitor = Janitor(self.session, self._groups_read.values, **self._periods)
        return self

    @property
    def connected(self) -> bool:
        """Whether Redis answered last."""
        return self.session.link.up and not self.closed

    def backlog(self, channels: Iterable[Channel]) -> tuple[int, int | None]:
        """As the janitor found it last, over all processes."""
        found = [one.backlog for c in channels if (one := self._groups_read.get(id(c)))]
        lags = [lag for _, lag in found if lag is not None]
        known = len(lags) == len(found)
        return sum(pending for pending, _ in found), sum(lags) if known else None

    async def close(self) -> None:
        """Let running handlers end, write what is left, and hang up."""
        if self.closed:
            return
        await super().close()
        await self.janitor.close()
        for tail in (self._replies, self._observer):
            await tail.stop(0.0)
        await self.session.close(self.grace_seconds)

    async def stored_dead_letters(self, most: int = 100) -> list[DeadLetter]:
        """The newest dead letters of all processes, the newest first."""
        found = await self.session.client.xrevrange(self.session.dead, count=most)
        return [dead_letter_of(fields) for _, fields in found if b"at" in fields]

    def reply_to(self, engine: str) -> str:
        """The stream that answers to this process come through."""
        return self.session.replies.decode()

    async def check_answered(self, topic: str) -> None:
        """Ask Redis who reads; that somebody does is remembered for a while."""
        if any(channel.answers for channel in self._trie.match(topic)):
            return
        if self._answered.get(topic, 0.0) > time.monotonic():
            return
        try:
            groups = await self.session.client.xinfo_groups(self.session.stream(family_of(topic)))
        except ResponseError:
            groups = []
        except FAILURES as error:
            self.session.link.lost(error)
            return
        patterns = [one["name"].decode().split(":", 1)[1] for one in groups if one["consumers"]]
        if not any(matches(pattern, topic) for pattern in patterns):
            raise NobodyAnswersError(f"nobody answers {topic}: {whose(topic)} is not running.")
        self._answered[topic] = time.monotonic() + ANSWERED_SECONDS

    async def send(self, bus: EngineBus, delivery: Delivery, *, durable: bool = False) -> None:
        """Store it; `durable` waits until it is."""
        words = self.session.store(family_of(delivery.topic), envelope_of(delivery))
        writer = self.session.writer
        if durable:
            await writer.store(*words, room_seconds=self.room_seconds)
        else:
            await writer.wait_for_room(self.room_seconds)
            writer.put(*words, message=True)
        bus.count_sent(delivery.topic)

    def reply(self, delivery: Delivery, answer: Answer) -> None:
        """Into the stream of who asked."""
        to = delivery.reply_to
        if to is None or not to.encode().startswith(self.session.key("reply", "")):
            return
        body, problem = answer
        what = {"problem": orjson.dumps(problem)} if problem else {"m": body or b"null"}
        self.session.reply(to, {"to": delivery.id, **what})

    async def feed(self, bus: EngineBus, channel: Channel) -> None:
        """Read for a group, or let an observer see what comes."""
        if ":" in channel.group:
            raise ParameterError(
                f"`group` must not contain ':', got {channel.group!r}.", field="group"
            )
        try:
            await self.session.writer.flush()
            if channel.answers:
                await self._feed_group(bus, channel)
            else:
                await self._feed_observer(bus, channel)
        except FAILURES as error:
            self.session.link.lost(error)
            raise UnavailableError(f"{self.lost}: {error}. Try again once it does.") from None

    async def join(self, bus: EngineBus, wanted: Channel, workers: int) -> Channel:
        """A further member lets the reader take more."""
        found = await super().join(bus, wanted, workers)
        reader = self._groups_read.get(id(found))
        if reader is not None:
            reader.grown()
        return found

    async def _feed_group(self, bus: EngineBus, channel: Channel) -> None:
        reader = GroupReader(self.session, bus, channel, remember_seconds=self._remember_seconds)
        await reader.join()
        self._groups_read[id(channel)] = reader
        reader.start()

    async def _feed_observer(self, bus: EngineBus, channel: Channel) -> None:
        streams = {self.session.stream(one) for one in families_of(channel.pattern)}
        self._observed[id(channel)] = bus, streams
        await self._observer.follow(streams)

    async def stop_feeding(self, channel: Channel) -> None:
        """Hand back what was taken and not handled."""
        if self._observed.pop(id(channel), None) is not None:
            self._observer.keep(set().union(*(streams for _, streams in self._observed.values())))
        reader = self._groups_read.pop(id(channel), None)
        if reader is not None:
            await reader.stop(self.grace_seconds)
            await reader.leave()

    def settled(self, channel: Channel, delivery: Delivery) -> None:
        """Acknowledge."""
        reader = self._groups_read.get(id(channel))
        if reader is not None and isinstance(delivery, StoredDelivery):
            reader.settled(delivery)

    def retrying(self, channel: Channel, delivery: Delivery, deliveries: int) -> None:
        """Let Redis count along."""
        reader = self._groups_read.get(id(channel))
        if reader is not None and isinstance(delivery, StoredDelivery):
            reader.retrying(delivery, deliveries)

    def bury(self, delivery: Delivery, letter: DeadLetter) -> None:
        """Keep a dead letter here and in Redis."""
        super().bury(delivery, letter)
        self.session.bury(dead_fields(letter))

    def give_up(self, bus: EngineBus, channel: Channel, delivery: Delivery) -> None:
        """Somebody else may handle it; who waits for its answer should not."""
        reader = self._groups_read.get(id(channel))
        if reader is None or not isinstance(delivery, StoredDelivery):
            bus.count("dropped")
        elif delivery.reply_to:
            bus.count("dropped")
            self.reply(delivery, (None, CLOSED))
            reader.settled(delivery)
        else:
            reader.released(delivery)

    def cut_off(
        self, bus: EngineBus, channel: Channel, delivery: Delivery, deliveries: int
    ) -> None:
        """As if it had never been taken."""
        self.give_up(bus, channel, delivery)

    async def _answer_arrived(self, stream: bytes, entry: bytes, fields: Fields) -> None:
        problem = fields.get(b"problem")
        answer = (fields.get(b"m"), None if problem is None else orjson.loads(problem))
        self.answer(fields[b"to"].decode(), answer)

    async def _observe(self, stream: bytes, entry: bytes, fields: Fields) -> None:
        try:
            delivery = delivery_of(stream, entry, fields)
        except ParameterError:
            return  # whoever works on this stream reports it
        if not self._seen.add(delivery.id):
            return
        for channel in self._trie.match(delivery.topic):
            if id(channel) not in self._observed:
                continue
            bus, _ = self._observed[id(channel)]
            taken, dropped = channel.offer(delivery)
            if not taken:
                await channel.queue.put(delivery)
            if dropped is not None:
                bus.count("dropped")

    def _unsent(self, messages: int) -> None:
        self.totals.unsent += messages
