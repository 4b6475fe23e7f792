"""The outbox over a real Redis: what is stored is announced, also after Redis was away."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager

from nautilus.server.bus.redis_streams import RedisBroker
from nautilus.server.state import AuditLog, Journal, Outbox, Portfolios
from tests.services.redis import running_redis


@asynccontextmanager
async def announced(url, database):
    """Portfolios whose changes go to Redis, and the queue where they arrive."""
    options = {"prefix": f"test-{uuid.uuid4().hex}", "retry_seconds": 0.0, "store_seconds": 0.2}
    broker, heard = await RedisBroker(url, **options).open(), asyncio.Queue()
    bus = broker.bus("portfolio")
    await broker.bus("risk").subscribe("portfolio.updated.>", heard.put)

    async def publish(message):
        await bus.publish(message.topic, message.data, durable=True, message_id=message.id)

    outbox = Outbox(database, publish)
    outbox.start()
    journal = Journal(outbox=outbox, audit=AuditLog(database))
    try:
        yield Portfolios(database, journal=journal), heard, outbox
    finally:
        await outbox.close()
        await broker.close()


async def versions(heard, count):
    async with asyncio.timeout(20):
        return [(await heard.get()).data["version"] for _ in range(count)]


def test_while_redis_is_away_changes_are_stored_and_told_of_later_in_order(database, monkeypatch):
    monkeypatch.setattr("nautilus.server.state.outbox.LONGEST_PAUSE", 0.1)

    async def scenario(server):
        async with announced(server.url, database) as (portfolios, heard, outbox):
            await portfolios.create("p1")
            before = await versions(heard, 1)
            server.kill()
            for weight in range(5):
                await portfolios.set_targets("p1", {"A": float(weight)})
            waiting = await outbox.waiting()
            server.start()
            return before, waiting, await versions(heard, 5)

    with running_redis(append_only=True) as server:
        before, waiting, after = asyncio.run(scenario(server))
    assert (before, waiting) == ([1], 5)
    assert after == [2, 3, 4, 5, 6]


def test_what_is_published_twice_is_handled_once(redis_server):
    async def scenario():
        broker, heard = await RedisBroker(redis_server.url, prefix=uuid.uuid4().hex).open(), []
        bus, done = broker.bus("portfolio"), asyncio.Event()

        async def handle(message):
            heard.append((message.id, message.data))
            if message.data == "last":
                done.set()

        await broker.bus("risk").subscribe("portfolio.updated.>", handle)
        for message_id, data in (("m1", "first"), ("m1", "first"), ("m2", "last")):
            await bus.publish("portfolio.updated.p1", data, durable=True, message_id=message_id)
        await asyncio.wait_for(done.wait(), 20)
        await broker.close()
        return heard

    assert asyncio.run(scenario()) == [("m1", "first"), ("m2", "last")]
