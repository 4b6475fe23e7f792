from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server.bus import MemoryBroker
from nautilus.server.state import AuditLog, Journal, Outbox, Portfolios, open_database
from nautilus.server.state.outbox import private_scope
from nautilus.server.state.outbox_rows import count_waiting
from nautilus.server.state.schema import outbox as table

TOPIC = "portfolio.updated.p1"


class Bus:
    """Keeps what is published; refuses while it is down; may be held up."""

    def __init__(self):
        self.got, self.down = [], False
        self.at_work, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()
        self.changed = asyncio.Condition()
        self.refused = 0

    async def __call__(self, message):
        self.at_work.set()
        await self.go.wait()
        async with self.changed:
            self.changed.notify_all()
            if self.down:
                self.refused += 1
                raise UnavailableError("the bus is down.")
            self.got.append(message)

    async def until(self, true):
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(true), 10)

    @property
    def numbers(self):
        return [message.data["n"] for message in self.got]


@asynccontextmanager
async def relay(database, bus, **options):
    outbox = Outbox(database, bus, **options)
    outbox.start()
    try:
        yield outbox
    finally:
        await outbox.close()


async def store(database, outbox, *numbers):
    for n in numbers:
        await database.write(outbox.enqueue, TOPIC, {"n": n}, request_id=f"r{n}")


async def settled(database):
    """All that was published is noted as published."""
    async with asyncio.timeout(10):
        while await database.read(count_waiting):
            await asyncio.sleep(0)


def test_messages_are_published_in_order_and_noted(database):
    async def scenario():
        bus = Bus()
        async with relay(database, bus, check_seconds=60.0) as outbox:
            await store(database, outbox, *range(150))
            await bus.until(lambda: len(bus.got) == 150)
            await settled(database)
        return bus

    bus = asyncio.run(scenario())
    assert bus.numbers == list(range(150))
    assert (bus.got[7].topic, bus.got[7].request_id) == (TOPIC, "r7")
    assert len({message.id for message in bus.got}) == 150


def test_a_transaction_that_fails_publishes_nothing(database):
    async def scenario():
        bus = Bus()
        async with relay(database, bus) as outbox:

            def half(connection):
                outbox.enqueue(connection, TOPIC, {"n": 1})
                raise RuntimeError("stop")

            with suppress(RuntimeError):
                await database.write(half)
            await store(database, outbox, 2)
            await bus.until(lambda: bus.got)
        return bus.numbers

    assert asyncio.run(scenario()) == [2]


@pytest.mark.parametrize(
    ("topic", "data"), [("no.such.topic", {}), (TOPIC, {"x": object()}), (TOPIC, "x" * 2**20)]
)
def test_what_no_bus_takes_is_refused_in_the_transaction(database, topic, data):
    outbox = Outbox(database, None)
    with pytest.raises(ParameterError):
        database.write_now(outbox.enqueue, topic, data)
    assert database.read_now(count_waiting) == 0


def test_while_the_bus_is_down_messages_wait_in_order(database, monkeypatch):
    monkeypatch.setattr("nautilus.server.state.outbox.FIRST_PAUSE", 0.001)

    async def scenario():
        bus = Bus()
        bus.down = True
        async with relay(database, bus) as outbox:
            await store(database, outbox, 1, 2)
            await bus.until(lambda: bus.refused >= 3)
            await store(database, outbox, 3)
            assert await outbox.waiting() == 3
            bus.down = False
            await bus.until(lambda: len(bus.got) == 3)
        return bus.numbers

    assert asyncio.run(scenario()) == [1, 2, 3]


def test_a_publisher_that_breaks_is_asked_again(database, monkeypatch, caplog):
    monkeypatch.setattr("nautilus.server.state.outbox.FIRST_PAUSE", 0.001)
    bus, broken = Bus(), [RuntimeError("a fault of ours")]

    async def publish(message):
        if broken:
            raise broken.pop()
        await bus(message)

    async def scenario():
        async with relay(database, publish) as outbox:
            await store(database, outbox, 1)
            await bus.until(lambda: bus.got)

    asyncio.run(scenario())
    assert bus.numbers == [1]
    assert "a fault of ours" in caplog.text


def test_of_two_that_take_the_first_lease_one_gets_it(url):
    async def scenario():
        bus, databases = Bus(), [open_database(url) for _ in range(4)]
        relays = [Outbox(database, bus) for database in databases]
        await store(databases[0], relays[0], 1)
        counts = await asyncio.gather(*(one.flush() for one in relays))
        for database in databases:
            database.close_now()
        return sum(counts), bus.numbers

    assert asyncio.run(scenario()) == (1, [1])


def test_closing_publishes_what_waits_and_keeps_what_cannot_be(database):
    async def scenario():
        bus = Bus()
        async with relay(database, bus) as outbox:
            await store(database, outbox, 1)
        bus.down = True
        async with relay(database, bus) as outbox:
            await store(database, outbox, 2)
        left = await database.read(count_waiting)
        bus.down = False
        async with relay(database, bus):
            pass
        return bus.numbers, left

    assert asyncio.run(scenario()) == ([1, 2], 1)


def test_two_relays_of_one_bus_publish_each_message_once_and_in_order(url):
    async def scenario():
        bus, databases = Bus(), [open_database(url) for _ in range(2)]
        async with relay(databases[0], bus) as first, relay(databases[1], bus) as second:
            for n in range(40):
                await store(databases[n % 2], (first, second)[n % 2], n)
            await bus.until(lambda: len(bus.got) == 40)
            await settled(databases[0])
        for database in databases:
            database.close_now()
        return bus.numbers

    assert asyncio.run(scenario()) == list(range(40))


def test_what_another_process_stores_meanwhile_is_published_by_who_holds_the_lease(url):
    async def scenario():
        slow, other, databases = Bus(), Bus(), [open_database(url) for _ in range(2)]
        slow.go.clear()
        first, second = Outbox(databases[0], slow), Outbox(databases[1], other)
        await store(databases[0], first, 1)
        holding = asyncio.create_task(first.flush())
        await slow.at_work.wait()
        await store(databases[1], second, 2)
        nothing = await second.flush()
        slow.go.set()
        published = await holding
        for database in databases:
            database.close_now()
        return slow.numbers, other.numbers, nothing, published

    assert asyncio.run(scenario()) == ([1, 2], [], 0, 2)


def test_a_relay_that_died_is_replaced_after_its_lease_with_the_same_id(database, clock):
    async def scenario():
        stuck, alive = Bus(), Bus()
        stuck.go.clear()
        dead = Outbox(database, stuck, clock=clock)
        await store(database, dead, 1)
        dying = asyncio.create_task(dead.flush())
        await stuck.at_work.wait()
        heir = Outbox(database, alive, clock=clock)
        before = await heir.flush()
        clock.forward(seconds=31)
        after = await heir.flush()
        stuck.go.set()
        await dying
        return before, after, stuck.got[0].id == alive.got[0].id, await heir.flush()

    assert asyncio.run(scenario()) == (0, 1, True, 0)


def test_each_bus_in_memory_gets_what_its_own_process_stored(database, clock):
    async def scenario():
        mine, theirs = Bus(), Bus()
        one = Outbox(database, mine, scope=private_scope(), clock=clock)
        two = Outbox(database, theirs, scope=private_scope(), clock=clock)
        await store(database, one, 1)
        await store(database, two, 2)
        await one.flush()
        own = list(mine.numbers)
        clock.forward(seconds=61)
        await one.flush()
        return own, mine.numbers, theirs.numbers

    assert asyncio.run(scenario()) == ([1], [1, 2], [])


def test_a_shared_bus_is_left_alone_by_a_private_one(database, clock):
    async def scenario():
        bus = Bus()
        await store(database, Outbox(database, bus, clock=clock), 1)
        clock.forward(hours=1)
        return await Outbox(database, bus, scope=private_scope(), clock=clock).flush()

    assert asyncio.run(scenario()) == 0


def test_published_messages_are_forgotten_after_an_hour(database, clock):
    def stored(connection):
        return connection.execute(table.select()).all()

    async def scenario():
        outbox = Outbox(database, Bus(), clock=clock)
        counts = []
        for n in range(3):
            await store(database, outbox, n)
            await outbox.flush()
            counts.append(len(await database.read(stored)))
            clock.forward(minutes=40)
        return counts

    assert asyncio.run(scenario()) == [1, 2, 2]


def test_a_message_that_the_bus_refuses_for_good_does_not_hold_up_the_next(database, caplog):
    got = []

    async def publish(message):
        if message.data["n"] == 1:
            raise ParameterError("`topic` is not known any more.")
        got.append(message.data["n"])

    async def scenario():
        outbox = Outbox(database, publish)
        await store(database, outbox, 1, 2)
        return await outbox.flush()

    assert asyncio.run(scenario()) == 2
    assert got == [2]
    assert "given up" in caplog.text


def test_a_cancelled_flush_lets_go_of_the_lease(database):
    async def scenario():
        stuck, alive = Bus(), Bus()
        stuck.go.clear()
        first = Outbox(database, stuck)
        await store(database, first, 1)
        flushing = asyncio.create_task(first.flush())
        await stuck.at_work.wait()
        flushing.cancel()
        with suppress(asyncio.CancelledError):
            await flushing
        return await Outbox(database, alive).flush()

    assert asyncio.run(scenario()) == 1


def test_every_version_of_a_portfolio_is_announced_over_a_real_bus(database, clock):
    async def scenario():
        broker, heard = MemoryBroker(), asyncio.Queue()
        bus = broker.bus("portfolio")
        await broker.bus("risk").subscribe("portfolio.updated.>", heard.put)

        async def publish(message):
            await bus.publish(message.topic, message.data, durable=True, message_id=message.id)

        async with relay(database, publish, scope=private_scope()) as outbox:
            journal = Journal(outbox=outbox, audit=AuditLog(database))
            portfolios = Portfolios(database, journal=journal, clock=clock)
            await portfolios.create("p1")
            for weight in range(5):
                await portfolios.set_targets("p1", {"A": float(weight)})
            async with asyncio.timeout(10):
                messages = [await heard.get() for _ in range(6)]
        await broker.close()
        return messages

    messages = asyncio.run(scenario())
    assert [message.data["version"] for message in messages] == [1, 2, 3, 4, 5, 6]
    assert [message.data["what"] for message in messages] == ["created"] + ["targets"] * 5
    assert messages[0].topic == TOPIC
