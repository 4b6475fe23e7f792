"""Leases on live prices, with and without a feed."""

from __future__ import annotations

import asyncio

import pytest

from nautilus.server.bus import MemoryBroker
from nautilus.server.bus.topics import FEED_ENSURE
from nautilus.server.workers.leases import PriceLease, leased


class Feed:
    """Answers requests as the feed does, or with an error."""

    def __init__(self):
        self.asked = []
        self.arrived = asyncio.Event()
        self.error = None

    async def __call__(self, message):
        self.asked.append(message.data["symbols"])
        self.arrived.set()
        if self.error is not None:
            raise self.error
        return {"symbols": message.data["symbols"], "unknown": {"X": "no"}, "source": "simulated"}

    async def next(self):
        async with asyncio.timeout(5):
            await self.arrived.wait()
        self.arrived.clear()


def test_it_asks_at_once_and_for_what_is_added():
    async def scenario():
        broker, feed = MemoryBroker(), Feed()
        await broker.bus("marketdata").subscribe(FEED_ENSURE, feed)
        draining = asyncio.Event()
        async with leased(broker.bus("analytics"), ["B", "A"], draining=draining) as lease:
            assert lease.running
            await lease.add(["A"])
            await lease.add(["C", "A"])
        return feed.asked, lease

    asked, lease = asyncio.run(scenario())
    assert asked == [["A", "B"], ["A", "B", "C"]]
    assert (lease.problem, lease.source, lease.unknown) == (None, "simulated", {"X": "no"})


def test_without_a_feed_it_says_why_there_are_no_prices():
    async def scenario():
        bus = MemoryBroker().bus("analytics")
        async with leased(bus, ["A"], draining=asyncio.Event()) as lease:
            return lease.running, lease.problem

    running, problem = asyncio.run(scenario())
    assert not running
    assert problem == f"nobody answers {FEED_ENSURE}: the marketdata engine is not running."


def test_it_is_renewed_until_the_server_drains_and_outlives_a_feed_that_is_away(caplog):
    caplog.set_level("INFO")

    async def scenario():
        broker, feed, draining, states = MemoryBroker(), Feed(), asyncio.Event(), []
        lease = PriceLease(broker.bus("analytics"), ["A"])
        marketdata = broker.bus("marketdata")

        async def wait(seconds):
            states.append((seconds, lease.running))
            if len(states) == 3:
                await marketdata.subscribe(FEED_ENSURE, feed)
            if len(states) == 5:
                draining.set()

        await lease.run(draining, wait=wait)
        return states, feed.asked

    states, asked = asyncio.run(scenario())
    assert states == [(20.0, False)] * 3 + [(20.0, True)] * 2
    assert asked == [["A"]] * 3
    assert caplog.text.count("no live prices for analytics: nobody answers") == 1


def test_the_block_ends_the_renewals():
    async def scenario():
        broker, feed = MemoryBroker(), Feed()
        await broker.bus("marketdata").subscribe(FEED_ENSURE, feed)
        async with leased(broker.bus("x"), ["A"], draining=asyncio.Event(), every=1e-4):
            for _ in range(3):
                await feed.next()
        count = len(feed.asked)
        await broker.close()
        return count, len(feed.asked)

    count, after = asyncio.run(scenario())
    assert after == count


def test_a_refusal_of_the_feed_is_told():
    async def scenario():
        from nautilus.core.errors import ParameterError

        broker, feed = MemoryBroker(), Feed()
        feed.error = ParameterError("too many.", field="symbols")
        await broker.bus("marketdata").subscribe(FEED_ENSURE, feed)
        lease = PriceLease(broker.bus("x"), ["A"])
        return await lease.renew(), lease.problem

    assert asyncio.run(scenario()) == (False, "too many.")


def test_nothing_is_asked_for_nothing():
    lease = PriceLease(MemoryBroker().bus("x"))
    assert asyncio.run(lease.renew())
    assert lease.symbols == set()


@pytest.mark.parametrize("seconds", [0.0, 1e-4])
def test_a_pause_ends_by_itself(seconds):
    from nautilus.server.workers.pauses import waiting_for

    async def scenario():
        draining = asyncio.Event()
        await waiting_for(draining)(seconds)
        return draining.is_set()

    assert asyncio.run(scenario()) is False
