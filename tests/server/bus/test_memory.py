"""What holds for the bus in memory only."""

from __future__ import annotations

import asyncio

import pytest

from nautilus.core.errors import UnavailableError
from nautilus.server.bus import MemoryBroker, NobodyAnswersError, QueueFullError
from nautilus.server.bus.topics import RISK_CHECK_REQUEST

TOPIC = "market.data.AAPL"


def test_it_knows_at_once_that_nobody_answers():
    async def scenario():
        broker = MemoryBroker()
        await broker.bus("analytics").request(RISK_CHECK_REQUEST, {}, timeout=600)

    with pytest.raises(NobodyAnswersError, match=r"nobody answers .*: the risk engine is not run"):
        asyncio.run(scenario())


def test_who_waits_when_the_engine_closes_is_told(inbox):
    async def scenario():
        broker = MemoryBroker(grace_seconds=0.01)
        box, risk, analytics = inbox(), broker.bus("risk"), broker.bus("analytics")
        box.gate.clear()
        await risk.subscribe(RISK_CHECK_REQUEST, box)
        asks = [
            asyncio.create_task(analytics.request(RISK_CHECK_REQUEST, n, timeout=600))
            for n in range(2)
        ]
        await box.until(1)
        await risk.close()
        answers = await asyncio.gather(*asks, return_exceptions=True)
        return answers, [letter.error for letter in broker.dead_letters], risk.status.dropped

    answers, dead, dropped = asyncio.run(scenario())
    assert [type(answer) for answer in answers] == [UnavailableError, UnavailableError]
    assert str(answers[0]) == "The engine that was asked has closed."
    assert dead == ["the subscription closed before its handler ended"]
    assert dropped == 1


def test_an_observer_that_is_cut_off_does_not_answer(inbox):
    async def scenario():
        broker = MemoryBroker(grace_seconds=0.0)
        observer, risk = inbox(), inbox(answer="done")
        observer.gate.clear()
        risk.gate.clear()
        seen = await broker.bus("websocket").subscribe(">", observer, mode="broadcast")
        await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, risk)
        ask = asyncio.create_task(broker.bus("analytics").request(RISK_CHECK_REQUEST, {}))
        await observer.until(1)
        await risk.until(1)
        await seen.close()
        risk.gate.set()
        return await ask

    assert asyncio.run(scenario()) == "done"


def test_closing_the_broker_ends_requests_and_refuses_more(inbox):
    async def scenario():
        broker = MemoryBroker(grace_seconds=0.01)
        box = inbox()
        box.gate.clear()
        await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, box)
        analytics = broker.bus("analytics")
        ask = asyncio.create_task(analytics.request(RISK_CHECK_REQUEST, {}, timeout=600))
        await box.until(1)
        await broker.close()
        with pytest.raises(UnavailableError, match="has closed"):
            await ask
        assert not broker.status.connected
        await broker.close()
        await broker.bus("late").publish(TOPIC, 1)

    with pytest.raises(UnavailableError, match="the message bus is closed"):
        asyncio.run(scenario())


def test_a_member_that_leaves_hands_its_share_to_the_others(inbox):
    async def scenario():
        broker = MemoryBroker(grace_seconds=5.0)
        stays, leaves, bus = inbox(), inbox(), broker.bus("risk")
        stays.gate.clear()
        leaves.gate.clear()
        await bus.subscribe(TOPIC, stays)
        leaving = await bus.subscribe(TOPIC, leaves)
        for number in range(6):
            await bus.publish(TOPIC, number)
        await stays.until(1)
        await leaves.until(1)
        closing = asyncio.create_task(leaving.close())
        await asyncio.sleep(0)
        stays.gate.set()
        leaves.gate.set()
        await closing
        await stays.until(5)
        return sorted(stays.data + leaves.data), bus.status.dropped

    assert asyncio.run(scenario()) == ([0, 1, 2, 3, 4, 5], 0)


def test_publishers_that_wait_for_a_closed_queue_go_on(inbox):
    async def scenario():
        broker = MemoryBroker(grace_seconds=0.01)
        bus, box = broker.bus("risk"), inbox()
        box.gate.clear()
        subscription = await bus.subscribe(TOPIC, box, capacity=1, overflow="wait")
        await bus.publish(TOPIC, 0)
        await box.until(1)
        await bus.publish(TOPIC, 1)
        waiting = [asyncio.create_task(bus.publish(TOPIC, n)) for n in (2, 3, 4)]
        await asyncio.sleep(0)
        await subscription.close()
        async with asyncio.timeout(5):
            await asyncio.gather(*waiting)
        return box.data, bus.status.dropped

    assert asyncio.run(scenario()) == ([0], 4)


def test_a_group_keeps_its_queue_between_members(inbox):
    async def scenario():
        broker = MemoryBroker()
        first, second = inbox(), inbox()
        await broker.bus("risk").subscribe(TOPIC, first, group="a")
        await broker.bus("ml").subscribe(TOPIC, second, group="b")
        await broker.bus("x").publish(TOPIC, 1)
        await first.until(1)
        await second.until(1)
        await broker.close()
        return first.data, second.data

    assert asyncio.run(scenario()) == ([1], [1])


def test_a_full_queue_can_refuse_the_publisher(inbox):
    async def scenario():
        broker = MemoryBroker()
        bus, box, other = broker.bus("websocket"), inbox(), inbox()
        box.gate.clear()
        await bus.subscribe("market.>", other)
        await bus.subscribe(TOPIC, box, capacity=1, overflow="error")
        await bus.publish(TOPIC, 0)
        await box.until(1)
        await bus.publish(TOPIC, 1)
        with pytest.raises(QueueFullError, match=r"queue of websocket on market\.data\.AAPL"):
            await bus.publish(TOPIC, 2)
        box.gate.set()
        await box.until(2)
        await other.until(2)
        return box.data, other.data

    assert asyncio.run(scenario()) == ([0, 1], [0, 1])


def test_a_full_queue_can_hold_up_the_publisher(inbox):
    async def scenario():
        broker = MemoryBroker()
        bus, box = broker.bus("risk"), inbox()
        box.gate.clear()
        await bus.subscribe(TOPIC, box, capacity=1, overflow="wait")
        await bus.publish(TOPIC, 0)
        await box.until(1)
        await bus.publish(TOPIC, 1)
        held_up = asyncio.create_task(bus.publish(TOPIC, 2))
        for _ in range(5):
            await asyncio.sleep(0)
        done = held_up.done()
        box.gate.set()
        await held_up
        await box.until(3)
        return done, box.data

    assert asyncio.run(scenario()) == (False, [0, 1, 2])


def test_a_publisher_is_not_held_up_for_ever(inbox):
    async def scenario():
        broker = MemoryBroker(room_seconds=0.01, grace_seconds=0.01)
        bus, box = broker.bus("risk"), inbox()
        box.gate.clear()
        await bus.subscribe(TOPIC, box, capacity=1, overflow="wait")
        await bus.publish(TOPIC, 0)
        await box.until(1)
        await bus.publish(TOPIC, 1)
        await bus.publish(TOPIC, 2)

    with pytest.raises(QueueFullError, match=r"stayed full \(1 messages\) for 0\.01 s. Is its"):
        asyncio.run(scenario())
