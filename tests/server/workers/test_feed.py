"""The simulated feed: leases, ticks and what it publishes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from nautilus.core.errors import MissingInputError, ParameterError
from nautilus.server.bus import MemoryBroker, NobodyAnswersError
from nautilus.server.bus.topics import FEED_ENSURE
from nautilus.server.history import History
from nautilus.server.workers import feed as feed_module
from nautilus.server.workers.feed import SESSIONS_READ, SimulatedFeed, running_feed

NOW = datetime(2025, 8, 25, 14, 30, tzinfo=UTC)


class World:
    """A feed on a bus, with a clock that moves when told to."""

    def __init__(self, **options):
        self.now = NOW
        self.broker = MemoryBroker(retry_seconds=0.0)
        self.history = History(clock=self.clock, **options)
        self.bus = self.broker.bus("marketdata")
        self.feed = SimulatedFeed(self.bus, self.history, clock=self.clock)
        self.seen = []

    def clock(self):
        return self.now

    async def keep(self, message):
        self.seen.append(message)
        if len(self.seen) >= self.wanted:
            self.enough.set()

    async def listening(self, wanted=1, pattern="market.>"):
        self.wanted, self.enough = wanted, asyncio.Event()
        await self.broker.bus("analytics").subscribe(pattern, self.keep)

    async def serving(self):
        await self.bus.subscribe(FEED_ENSURE, self.feed.ensure)

    async def ensure(self, *symbols):
        return await self.broker.bus("analytics").request(FEED_ENSURE, {"symbols": list(symbols)})

    async def until_enough(self):
        async with asyncio.timeout(5):
            await self.enough.wait()


def test_a_lease_names_what_is_fed_and_what_is_unknown():
    async def scenario():
        world = World()
        await world.serving()
        return await world.ensure("AAPL", "APPL", "AAPL"), world.feed.status

    reply, status = asyncio.run(scenario())
    assert reply["symbols"] == ["AAPL"]
    assert list(reply["unknown"]) == ["APPL"]
    assert reply["unknown"]["APPL"].startswith("unknown symbol 'APPL'. Did you mean AAPL")
    assert (reply["lease_seconds"], reply["source"]) == (60.0, "simulated")
    assert (status.leased, status.ticks, status.running) == (1, 0, False)


def test_a_tick_publishes_quote_trade_and_data_of_leased_symbols_only():
    async def scenario():
        world = World()
        await world.serving()
        await world.ensure("AAPL", "MSFT")
        world.seen.clear()
        await world.listening(4, "market.*.*")
        count = await world.feed.tick()
        await world.until_enough()
        last = (await world.history.prices(["AAPL"], 1)).last["AAPL"]
        return count, world.seen, last

    count, seen, last = asyncio.run(scenario())
    assert count == 2
    families = {message.topic for message in seen}
    assert {"market.quotes.AAPL", "market.data.AAPL", "market.quotes.MSFT"} <= families
    data = next(m.data for m in seen if m.topic == "market.data.AAPL")
    assert set(data) == {
        "symbol",
        "price",
        "change",
        "change_percent",
        "volume",
        "bid",
        "ask",
        "timestamp",
        "source",
    }
    assert data["source"] == "simulated"
    assert data["bid"] <= data["price"] <= data["ask"]
    assert data["price"] == pytest.approx(last, rel=0.005)
    assert data["change"] == pytest.approx(data["price"] - last, abs=1e-3)
    assert data["timestamp"] == "2025-08-25T14:30:00Z"
    quote = next(m.data for m in seen if m.topic == "market.quotes.AAPL")
    assert (quote["bid"], quote["ask"]) == (data["bid"], data["ask"])
    assert quote["bid_size"] >= 100


def test_trades_happen_at_bid_or_ask_and_add_to_the_volume():
    async def scenario():
        world = World()
        await world.serving()
        await world.ensure("AAPL")
        await world.listening(200, "market.*.AAPL")
        async with asyncio.timeout(5):
            while not world.enough.is_set():
                await world.feed.tick()
                await asyncio.sleep(0)
        return world.seen

    seen = asyncio.run(scenario())
    quotes, traded = {}, 0
    for message in seen:
        data = message.data
        if message.topic == "market.quotes.AAPL":
            quotes = data
        elif message.topic == "market.trades.AAPL":
            assert data["price"] in (quotes["bid"], quotes["ask"])
            assert data["size"] % 100 == 0
            traded += data["size"]
        elif message.topic == "market.orderbook.AAPL":
            assert [data["bids"][0][0], data["asks"][0][0]] == [quotes["bid"], quotes["ask"]]
        elif message.topic == "market.data.AAPL":
            assert data["volume"] == traded
    assert traded > 0


def test_a_lease_that_is_not_renewed_ends():
    async def scenario():
        world = World()
        await world.serving()
        await world.ensure("AAPL", "MSFT")
        world.now += timedelta(seconds=59)
        await world.ensure("MSFT")
        world.now += timedelta(seconds=1)
        counts = [await world.feed.tick()]
        world.now += timedelta(seconds=59)
        counts.append(await world.feed.tick())
        await world.ensure("AAPL")
        return counts, world.feed.status.leased

    assert asyncio.run(scenario()) == ([1, 0], 1)


def test_the_path_of_a_symbol_depends_on_nobody_else():
    async def path(*symbols):
        world = World()
        await world.serving()
        await world.ensure(*symbols)
        await world.listening(5, "market.data.AAPL")
        for _ in range(5):
            await world.feed.tick()
        await world.until_enough()
        return [message.data for message in world.seen]

    alone, beside = asyncio.run(path("AAPL")), asyncio.run(path("TSLA", "AAPL"))
    assert alone == beside
    assert len({data["price"] for data in alone}) > 1


def test_after_a_session_has_closed_paths_go_on_from_its_close():
    async def scenario():
        world = World()
        await world.serving()
        await world.ensure("AAPL")
        await world.feed.tick()
        world.now = datetime(2025, 8, 25, 21, 0, tzinfo=UTC)
        await world.ensure("AAPL")
        await world.listening(1, "market.data.AAPL")
        await world.feed.tick()
        await world.until_enough()
        panel = await world.history.prices(["AAPL"], 1)
        return world.seen[0].data, panel

    data, panel = asyncio.run(scenario())
    assert str(panel.as_of) == "2025-08-25"
    assert data["price"] - data["change"] == pytest.approx(panel.last["AAPL"], abs=1e-3)


def test_without_the_simulated_source_there_is_no_simulated_feed():
    async def scenario():
        world = World(simulated_fallback=False)
        await world.serving()
        await world.ensure("AAPL")

    with pytest.raises(MissingInputError, match="no source has prices of AAPL"):
        asyncio.run(scenario())


@pytest.mark.parametrize("data", [{}, {"symbols": "AAPL"}, {"symbols": [1]}, [], None])
def test_a_request_without_a_list_of_symbols_is_refused(data):
    async def scenario():
        world = World()
        await world.serving()
        await world.broker.bus("analytics").request(FEED_ENSURE, data)

    with pytest.raises(ParameterError, match="`symbols` must be a list of symbols"):
        asyncio.run(scenario())


def test_leases_are_bounded(monkeypatch):
    monkeypatch.setattr(feed_module, "MOST_LEASED", 1)

    async def scenario():
        world = World()
        await world.serving()
        await world.ensure("AAPL")
        await world.ensure("MSFT")

    with pytest.raises(ParameterError, match="would make 2 leased symbols, the feed ticks at"):
        asyncio.run(scenario())


def test_a_subscriber_that_is_too_slow_does_not_stop_the_feed():
    async def scenario():
        world = World()
        await world.serving()
        await world.ensure("AAPL")
        stuck = asyncio.Event()

        async def never(message):
            await stuck.wait()

        await world.broker.bus("risk").subscribe(
            "market.data.AAPL", never, capacity=1, overflow="error"
        )
        for _ in range(4):
            await world.feed.tick()
        stuck.set()
        return world.feed.status

    status = asyncio.run(scenario())
    assert (status.ticks, status.dropped) == (4, 3)


def test_it_runs_until_the_server_drains():
    async def scenario():
        world, draining = World(), asyncio.Event()
        await world.listening(6, "market.data.AAPL")
        # A loop that never pauses starves the thread that simulates: have the closes at hand.
        await world.history.prices(["AAPL"], SESSIONS_READ, frame=False)
        paused, leased = asyncio.Event(), asyncio.Event()
        pauses = []

        async def wait(seconds):
            pauses.append(seconds)
            paused.set()
            if len(world.seen) >= 6 and leased.is_set():
                draining.set()
            await asyncio.sleep(0)

        task = asyncio.create_task(world.feed.run(draining, wait=wait))
        async with asyncio.timeout(5):
            await paused.wait()
            assert world.feed.status.running
            await world.ensure("AAPL")
            leased.set()
            await task
        with pytest.raises(NobodyAnswersError):
            await world.ensure("AAPL")
        return pauses, world.feed.status.running

    pauses, running = asyncio.run(scenario())
    assert set(pauses) == {0.25}
    assert not running


def test_a_running_feed_ends_with_its_block_or_at_once_when_draining():
    async def scenario():
        world, draining = World(), asyncio.Event()
        options = {"clock": world.clock, "draining": draining, "interval": 3600.0}
        await world.listening(2, "market.data.AAPL")
        async with running_feed(world.bus, world.history, **options) as feed:
            await world.ensure("AAPL")  # in the very turn in which the block begins
            assert feed.status.running
        assert not feed.status.running
        async with running_feed(world.bus, world.history, **options) as feed:
            assert feed.status.running
            draining.set()
            async with asyncio.timeout(5):
                while feed.status.running:
                    await asyncio.sleep(0)

    asyncio.run(scenario())


def test_a_feed_that_cannot_subscribe_says_so_and_the_engine_goes_on(caplog):
    class Broken:
        async def subscribe(self, topic, handler):
            raise ConnectionError("no bus")

    async def scenario():
        world = World()
        options = {"clock": world.clock, "draining": asyncio.Event()}
        async with running_feed(Broken(), world.history, **options) as feed:
            return feed.status.running

    assert asyncio.run(scenario()) is False
    assert "the simulated feed has stopped" in caplog.text


def test_a_feed_that_breaks_says_so(caplog):
    async def scenario():
        world = World()
        broken = asyncio.Event()

        def clock():
            broken.set()
            raise RuntimeError("no time")

        options = {"clock": clock, "draining": asyncio.Event()}
        async with running_feed(world.bus, world.history, **options) as feed:
            await broken.wait()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return feed.status.running

    assert asyncio.run(scenario()) is False
    assert "the simulated feed has stopped" in caplog.text


def test_the_interval_is_positive():
    with pytest.raises(ParameterError, match="`interval` must be above 0"):
        SimulatedFeed(World().bus, History(), interval=0)


def test_numbers_go_on_when_a_path_begins_anew_and_trades_have_their_own():
    """A subscriber knows a repeat by its number: a new session must not look like an old one."""

    async def scenario():
        world = World()
        await world.serving()
        await world.ensure("AAPL")
        await world.listening(10**9, "market.*.AAPL")
        for day in (0, 1):
            world.now = NOW + timedelta(days=day)
            await world.ensure("AAPL")
            for _ in range(20):
                await world.feed.tick()
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        return world.seen

    seen = asyncio.run(scenario())
    for topic in ("market.quotes.AAPL", "market.trades.AAPL", "market.orderbook.AAPL"):
        numbers = [m.data["sequence"] for m in seen if m.topic == topic]
        assert len(numbers) > 10
        assert numbers == list(range(1, len(numbers) + 1))
