"""The bus inside one process and one event loop: copying, bounded, redelivering."""

from __future__ import annotations

from nautilus.server.bus.engine_bus import EngineBus, whose
from nautilus.server.bus.handling import CLOSED
from nautilus.server.bus.interface import NobodyAnswersError
from nautilus.server.bus.queue_broker import Answer, QueueBroker
from nautilus.server.bus.queues import Channel, Delivery

__all__ = ["MemoryBroker"]


class MemoryBroker(QueueBroker):
    """Carries messages between the engines of one process; all calls from one event loop.

    `durable` changes nothing in memory.

    Examples
    --------
    >>> import asyncio
    >>> from nautilus.server.bus import Message
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

    kind = "memory"

    def reply_to(self, engine: str) -> str:
        """A name only; answers go straight to who waits."""
        return f"reply.{engine}"

    async def check_answered(self, topic: str) -> None:
        """Everybody who could answer is in this process."""
        for channel in self._trie.match(topic):
            if channel.answers:
                return
        raise NobodyAnswersError(f"nobody answers {topic}: {whose(topic)} is not running.")

    async def send(self, bus: EngineBus, delivery: Delivery, *, durable: bool = False) -> None:
        """Into every queue at once; wait for room where the queue says so."""
        channels = self._trie.match(delivery.topic)
        for channel in channels:
            channel.refuse_if_full()
        bus.count_sent(delivery.topic)
        full = []
        for channel in channels:
            taken, dropped = channel.offer(delivery)
            if not taken:
                full.append(channel)
            if dropped is not None:
                self.give_up(bus, channel, dropped)
        for channel in full:
            await channel.put(delivery, self.room_seconds)
            if channel.closed:
                for one in channel.emptied():
                    self.give_up(bus, channel, one)

    def reply(self, delivery: Delivery, answer: Answer) -> None:
        """Wake who asked."""
        self.answer(delivery.id, answer)

    def give_up(self, bus: EngineBus, channel: Channel, delivery: Delivery) -> None:
        """Drop it, and tell who waits for its answer."""
        bus.count("dropped")
        if channel.answers and delivery.reply_to:
            self.answer(delivery.id, (None, CLOSED))

    def cut_off(
        self, bus: EngineBus, channel: Channel, delivery: Delivery, deliveries: int
    ) -> None:
        """It is lost with this process, so it is kept among the dead letters."""
        bus.bury(channel, delivery, "the subscription closed before its handler ended", deliveries)
        if channel.answers:
            self.answer(delivery.id, (None, CLOSED))

    async def feed(self, bus: EngineBus, channel: Channel) -> None:
        """Nothing to start: `send` fills the queue."""

    async def stop_feeding(self, channel: Channel) -> None:
        """Nothing to stop."""

    def settled(self, channel: Channel, delivery: Delivery) -> None:
        """Nothing is stored."""

    def retrying(self, channel: Channel, delivery: Delivery, deliveries: int) -> None:
        """Nothing is stored."""
