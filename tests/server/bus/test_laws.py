"""Nothing is lost: every message is handled, or is a dead letter, or was counted as dropped."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nautilus.server.bus import MemoryBroker

TOPIC = "risk.alerts.p1"
# The fixture only says which kind to open; every example opens its own.
each_kind = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@each_kind
@given(
    failures=st.lists(st.integers(0, 6), min_size=1, max_size=15),
    members=st.integers(1, 3),
    concurrency=st.integers(1, 3),
    capacity=st.integers(1, 4),
)
def test_each_message_is_handled_or_dead(open_broker, failures, members, concurrency, capacity):
    async def scenario():
        async with open_broker(grace_seconds=5.0) as broker:
            return await handled_by(broker)

    async def handled_by(broker):
        bus, deliveries, handled = broker.bus("risk"), Counter(), []
        settled = asyncio.Event()

        async def handler(message):
            number = message.data
            deliveries[number] += 1
            await asyncio.sleep(0)
            left = deliveries[number] <= failures[number]
            if not left:
                handled.append(number)
            gone = sum(k >= 5 and deliveries[n] == 5 for n, k in enumerate(failures))
            if len(handled) + gone == len(failures):
                settled.set()
            if left:
                raise ValueError(number)

        for _ in range(members):
            await bus.subscribe(TOPIC, handler, concurrency=concurrency, capacity=capacity)
        for number in range(len(failures)):
            await bus.publish(TOPIC, number)
        async with asyncio.timeout(10):
            await settled.wait()
        await broker.close()
        return handled, deliveries, broker

    handled, deliveries, broker = asyncio.run(scenario())
    expected = {number for number, count in enumerate(failures) if count < 5}
    assert sorted(handled) == sorted(expected)
    dead = sorted(letter.message.data for letter in broker.dead_letters)
    assert dead == sorted(set(range(len(failures))) - expected)
    assert deliveries == Counter({n: min(k + 1, 5) for n, k in enumerate(failures)})
    status = broker.status
    assert status.received == len(failures)
    assert status.redelivered == sum(deliveries.values()) - len(failures)
    assert (status.dead, status.dropped, status.waiting) == (len(dead), 0, 0)


@each_kind
@given(
    count=st.integers(1, 20),
    capacity=st.integers(1, 5),
    taken=st.integers(0, 20),
)
def test_what_an_observer_missed_is_counted_and_is_the_oldest(open_broker, count, capacity, taken):
    async def scenario():
        async with open_broker(grace_seconds=5.0) as broker:
            return await seen_from(broker)

    async def seen_from(broker):
        bus, seen, gate = broker.bus("websocket"), [], asyncio.Event()
        last = asyncio.Event()

        async def handler(message):
            seen.append(message.data)
            if message.data == count - 1:
                last.set()
            await gate.wait()

        await bus.subscribe(TOPIC, handler, mode="broadcast", capacity=capacity)
        for number in range(count):
            await bus.publish(TOPIC, number)
            if number == taken:
                await asyncio.sleep(0)
        gate.set()
        async with asyncio.timeout(10):
            await last.wait()
        await broker.close()
        return seen, broker.status.dropped

    seen, dropped = asyncio.run(scenario())
    assert len(seen) + dropped == count
    assert seen == sorted(seen)
    assert seen[-1] == count - 1
    assert seen[-min(capacity, len(seen)) :] == list(range(count))[-min(capacity, len(seen)) :]


@given(asked=st.integers(1, 12), close_after=st.integers(0, 12), concurrency=st.integers(1, 3))
def test_every_request_is_answered_or_refused_when_an_engine_closes(
    asked, close_after, concurrency
):
    async def scenario():
        broker = MemoryBroker(grace_seconds=5.0)
        risk, analytics = broker.bus("risk"), broker.bus("analytics")
        handled, enough = [], asyncio.Event()

        async def handler(message):
            handled.append(message.data)
            if len(handled) >= close_after:
                enough.set()
            await asyncio.sleep(0)
            return message.data

        await risk.subscribe("risk.check.request", handler, concurrency=concurrency)
        asks = [
            asyncio.create_task(analytics.request("risk.check.request", n, timeout=600))
            for n in range(asked)
        ]
        async with asyncio.timeout(10):
            if close_after <= asked:
                await asyncio.sleep(0) if close_after == 0 else await enough.wait()
                await risk.close()
            answers = await asyncio.gather(*asks, return_exceptions=True)
        await broker.close()
        return handled, answers

    handled, answers = asyncio.run(scenario())
    for number, answer in enumerate(answers):
        if number in handled:
            assert answer == number
        else:
            assert isinstance(answer, Exception)
            assert "clos" in str(answer) or "not running" in str(answer)
