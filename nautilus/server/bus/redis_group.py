"""Reading for a group that shares its messages: each goes to one consumer and is acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server.bus.engine_bus import EngineBus
from nautilus.server.bus.handling import MOST_DELIVERIES
from nautilus.server.bus.queues import Channel
from nautilus.server.bus.redis_connection import FAILURES, ResponseError, group_is_gone
from nautilus.server.bus.redis_entries import Fields, Recent, StoredDelivery, delivery_of
from nautilus.server.bus.redis_reader import BLOCK_MS, Reader
from nautilus.server.bus.redis_session import Session
from nautilus.server.bus.redis_tail import last_id
from nautilus.server.bus.topics import families_of, family_of, matches

__all__ = ["RETURNED", "GroupReader"]

RETURNED = "returned"  # holds what a closed consumer had taken and not handled
LONG_IDLE_MS = 10**9
LARGEST_WINDOW = 256
QUICK_SECONDS, SLOW_SECONDS = 0.01, 0.1
PAGE = 100
# SET NX for each key; which entry each holds then. One call for a batch.
REMEMBER = """
local first = {}
for i, key in ipairs(KEYS) do
  local entry = ARGV[i + 1]
  if not redis.call('SET', key, entry, 'NX', 'EX', ARGV[1]) then
    entry = redis.call('GET', key)
  end
  first[i] = entry
end
return first
"""

_log = logging.getLogger("nautilus.server.bus")

Entry = tuple[bytes, bytes]  # stream, id


class GroupReader(Reader):
    """Feeds a channel from one Redis group on each stream that its pattern may match.

    It takes little at first, so that other processes get their share, and more while handlers are
    quick.

    Parameters
    ----------
    session : Session
    bus : EngineBus
        Its counters and its dead letters.
    channel : Channel
    remember_seconds : int
        For how long a message that comes in a second entry is known.
    """

    def __init__(
        self, session: Session, bus: EngineBus, channel: Channel, *, remember_seconds: int
    ) -> None:
        super().__init__(session)
        self.channel = channel
        self.streams = tuple(session.stream(one) for one in families_of(channel.pattern))
        self.name = f"{channel.group}:{channel.pattern}"
        self.consumer = session.consumer
        self.backlog: tuple[int, int | None] = (0, 0)
        self._bus = bus
        self._writer = session.writer
        self._remember_seconds = remember_seconds
        self._remember = session.client.register_script(REMEMBER)
        self._cursors: dict[bytes, bytes] = {}
        self._taken: dict[Entry, StoredDelivery] = {}
        self._handled = Recent()
        self._window = 1
        self._room = asyncio.Event()

    async def join(self) -> None:
        """Make the groups where they are missing: a new one starts at now, a lost one where it was.

        Whoever emptied Redis also emptied the streams, so everything in them is new.
        """
        for stream in self.streams:
            start = self._cursors.get(stream, b"$")
            try:
                await self._shared.xgroup_create(stream, self.name, start, mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
            await self._shared.xgroup_createconsumer(stream, self.name, self.consumer)
            if start == b"$":
                self._cursors[stream] = await last_id(self._shared, stream)

    @property
    def room(self) -> int:
        """How many messages more may be taken over."""
        return max(self.channel.queue.maxsize, self.channel.workers) - len(self._taken)

    def held(self, stream: bytes) -> list[bytes]:
        """Entries of a stream that were taken and are not handled yet."""
        return [entry for where, entry in self._taken if where == stream]

    def grown(self) -> None:
        """There is more room, or another worker."""
        self._room.set()

    def settled(self, delivery: StoredDelivery) -> None:
        """Acknowledge."""
        self._taken.pop((delivery.stream, delivery.entry), None)
        self._handled.add(delivery.id)
        self._writer.put("XACK", delivery.stream, self.name, delivery.entry)
        self._room.set()

    def released(self, delivery: StoredDelivery) -> None:
        """Leave it to somebody else."""
        self._taken.pop((delivery.stream, delivery.entry), None)

    def retrying(self, delivery: StoredDelivery, deliveries: int) -> None:
        """Let Redis know how often it was tried, in case this process dies of it."""
        words = ("XCLAIM", delivery.stream, self.name, self.consumer, 0, delivery.entry)
        self._writer.put(*words, "RETRYCOUNT", deliveries, "JUSTID")

    async def stop(self, seconds: float) -> None:
        """End; what was taken stays taken until `leave`."""
        self._stopping.set()
        self._room.set()
        await super().stop(seconds)

    async def _connected(self) -> None:
        """Fetch what Redis gave to a connection that died before it arrived."""
        await super()._connected()
        await self.join()
        for stream in self.streams:
            await self.take_again(stream)

    def _failed(self, error: BaseException) -> None:
        if not group_is_gone(error):
            super()._failed(error)

    async def _step(self) -> None:
        room = await self._free()
        if self._stopping.is_set():
            return
        streams = dict.fromkeys(self.streams, ">")
        found = await self._own.xreadgroup(
            self.name, self.consumer, streams, count=room, block=BLOCK_MS
        )
        await self.take(
            (stream, entry, fields, 1) for stream, got in found for entry, fields in got
        )

    async def _free(self) -> int:
        """How many to ask for, once there is room."""
        workers = max(1, self.channel.workers)
        most = min(LARGEST_WINDOW, max(self.channel.queue.maxsize, workers))
        self._window = min(max(self._window, workers), most)
        loop = asyncio.get_running_loop()
        began = loop.time()
        while len(self._taken) > max(self.channel.workers - 1, self._window // 2):
            if not await self._more_room() or self._stopping.is_set():
                return LARGEST_WINDOW
        waited = loop.time() - began
        if waited < QUICK_SECONDS:
            self._window = min(2 * self._window, most)
        elif waited > SLOW_SECONDS:
            self._window = workers
        return max(1, self._window - len(self._taken))

    async def _more_room(self) -> bool:
        """False where the newest counts and what waits may be dropped."""
        self._room.clear()
        if self.channel.overflow != "drop_oldest":
            await self._room.wait()
            return True
        try:
            await asyncio.wait_for(self._room.wait(), SLOW_SECONDS)
        except TimeoutError:
            return False
        return True

    async def take_again(self, stream: bytes) -> None:
        """What this consumer holds according to Redis; entries that were taken already are left."""
        after = b"0"
        while True:
            found = await self._shared.xreadgroup(
                self.name, self.consumer, {stream: after}, count=PAGE
            )
            entries = [one for _, some in found for one in some]
            if not entries:
                return
            await self.take_over(stream, entries)
            after = entries[-1][0]

    async def take_over(self, stream: bytes, entries: list[tuple[bytes, Fields]]) -> None:
        """Take entries that were delivered before, to this consumer or another.

        What was acknowledged since it was read is over: nobody holds it any more.
        """
        if not entries:
            return
        times = await self._times(stream, entries[0][0], entries[-1][0])
        await self.take(
            (stream, entry, fields, times[entry]) for entry, fields in entries if entry in times
        )

    async def _times(self, stream: bytes, first: bytes, last: bytes) -> dict[bytes, int]:
        """How often each entry was delivered that this consumer holds."""
        found: dict[bytes, int] = {}
        while True:
            held = await self._shared.xpending_range(
                stream, self.name, first, last, LARGEST_WINDOW, self.consumer
            )
            found.update((one["message_id"], int(one["times_delivered"])) for one in held)
            if len(held) < LARGEST_WINDOW:
                return found
            first = b"(" + held[-1]["message_id"]

    async def take(self, entries: Iterable[tuple[bytes, bytes, Fields, int]]) -> None:
        """Queue entries that are for this channel and were not taken before."""
        wanted = []
        for stream, entry, fields, deliveries in entries:
            self._cursors[stream] = max(self._cursors.get(stream, b""), entry, key=_order)
            delivery = self._wanted(stream, entry, fields, deliveries)
            if delivery is not None:
                wanted.append(delivery)
        for delivery, first in zip(wanted, await self._first(wanted), strict=True):
            if (delivery.stream, delivery.entry) in self._taken:
                continue  # taken over and read again at the same time
            if first == delivery.entry:
                await self._queue(delivery)
            else:
                self._bus.count("duplicates")
                self._acknowledge(delivery.stream, delivery.entry)

    def _wanted(
        self, stream: bytes, entry: bytes, fields: Fields, deliveries: int
    ) -> StoredDelivery | None:
        if (stream, entry) in self._taken:
            return None
        if not fields:  # trimmed away while it waited to be handled
            self._bus.count("dropped")
            self._acknowledge(stream, entry)
            return None
        try:
            delivery = delivery_of(stream, entry, fields, deliveries)
        except ParameterError as error:
            _log.error("gave up an entry: %s", error)
            self._bus.count("dead")
            self._session.bury({**fields, "group": self.channel.group, "error": str(error)})
            self._acknowledge(stream, entry)
            return None
        if not matches(self.channel.pattern, delivery.topic):
            self._acknowledge(stream, entry)
            return None
        if delivery.id in self._handled:
            self._bus.count("duplicates")
            self._acknowledge(stream, entry)
            return None
        return delivery

    async def _first(self, deliveries: list[StoredDelivery]) -> list[bytes]:
        """The entry in which each message came first; prices are not worth asking."""
        asked = [one for one in deliveries if not family_of(one.topic).latest]
        if not asked:
            return [one.entry for one in deliveries]
        found = await self._remember(
            keys=[self._session.key("once", self.name, one.id) for one in asked],
            args=[self._remember_seconds, *(one.entry for one in asked)],
        )
        first = {one.id: entry for one, entry in zip(asked, found, strict=True)}
        return [first.get(one.id) or one.entry for one in deliveries]

    async def _queue(self, delivery: StoredDelivery) -> None:
        if self.channel.closed:
            return  # it is handed back with all that is pending
        if delivery.deliveries > MOST_DELIVERIES:
            why = "every process that took it ended before it was handled"
            self._bus.bury(self.channel, delivery, why, MOST_DELIVERIES)
            self._handled.add(delivery.id)  # whoever reads it before it is acknowledged
            self._acknowledge(delivery.stream, delivery.entry)
            return
        self._taken[delivery.stream, delivery.entry] = delivery
        taken, dropped = self.channel.offer(delivery)
        if not taken:
            await self._wait_for_room(delivery)
        if isinstance(dropped, StoredDelivery):
            self._bus.count("dropped")
            self.settled(dropped)

    async def _wait_for_room(self, delivery: StoredDelivery) -> None:
        """There may be fewer places than workers, who have not come for theirs yet."""
        try:
            await self.channel.queue.put(delivery)
        except asyncio.CancelledError:
            self.released(delivery)
            raise

    def _acknowledge(self, stream: bytes, entry: bytes) -> None:
        self._writer.put("XACK", stream, self.name, entry)

    async def leave(self) -> None:
        """Hand back what was taken and not handled, and go."""
        for delivery in self.channel.emptied():
            if isinstance(delivery, StoredDelivery):
                self.released(delivery)
        try:
            await self._writer.flush()
            for stream in self.streams:
                while ids := await self._abandoned(stream):
                    await self._shared.xclaim(
                        stream, self.name, RETURNED, 0, ids, idle=LONG_IDLE_MS, justid=True
                    )
                if not self._taken:
                    await self._shared.xgroup_delconsumer(stream, self.name, self.consumer)
        except (*FAILURES, UnavailableError) as error:
            _log.warning("left %s without handing back: %s", self.name, error)

    async def _abandoned(self, stream: bytes) -> list[bytes]:
        mine = await self._shared.xpending_range(
            stream, self.name, "-", "+", PAGE, consumername=self.consumer
        )
        held = [one["message_id"] for one in mine]
        return [entry for entry in held if (stream, entry) not in self._taken]


def _order(entry: bytes) -> tuple[int, int]:
    if not entry:
        return 0, 0
    milliseconds, _, number = entry.partition(b"-")
    return int(milliseconds), int(number)
