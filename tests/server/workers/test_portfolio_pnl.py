"""Workers of live P&L: one per portfolio, a bounded ring, resets, and the ways it ends."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from nautilus.accounting import Position
from nautilus.core.errors import NotFoundError, ParameterError, UnavailableError
from nautilus.server.bus import MemoryBroker
from nautilus.server.bus.topics import (
    FEED_ENSURE,
    PORTFOLIO_ENSURE,
    market_quotes,
    market_trades,
)
from nautilus.server.live_events import live_events
from nautilus.server.state import AuditLog, Journal, Outbox, Portfolios, open_database
from nautilus.server.workers import pnl_hub, portfolio_pnl
from nautilus.server.workers.pnl_hub import PnlHub

NOW = datetime(2025, 8, 25, 14, 30, tzinfo=UTC)
HELD = [Position("AAPL", 100, 155.0, average_cost=150.0), Position("MSFT", 10, 400.0)]
APPLE = HELD[:1]


class World:
    """A hub over a real bus and a real database."""

    def __init__(self, broker, portfolios, draining, **options):
        self.broker, self.portfolios, self.draining = broker, portfolios, draining
        self.bus, self.counted, self.leases = broker.bus("marketdata"), [], []
        self.hub = PnlHub(
            broker.bus("analytics"),
            portfolios,
            draining,
            clock=lambda: NOW,
            counted=lambda: self.counted.append(1),
            **options,
        )

    async def quote(self, symbol, bid, ask):
        await self.bus.publish(market_quotes(symbol), {"symbol": symbol, "bid": bid, "ask": ask})

    async def trade(self, symbol, price):
        await self.bus.publish(market_trades(symbol), {"symbol": symbol, "price": price})

    async def lease(self, message):
        self.leases.append(message.data["symbols"])
        return {}

    def events(self, live, last=None, heartbeat=0.05):
        return live_events(
            live,
            last,
            heartbeat_seconds=heartbeat,
            draining=self.draining,
            clock=lambda: NOW,
        )


@asynccontextmanager
async def world(tmp_path, **options):
    broker = MemoryBroker(retry_seconds=0.0)
    database = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    bus = broker.bus("portfolio")
    outbox = Outbox(database, lambda one: bus.publish(one.topic, one.data), clock=lambda: NOW)
    journal = Journal(outbox=outbox, audit=AuditLog(database))
    portfolios = Portfolios(database, journal=journal, clock=lambda: NOW)
    found = World(broker, portfolios, asyncio.Event(), **options)
    outbox.start()
    await found.bus.subscribe(FEED_ENSURE, found.lease)
    try:
        yield found
    finally:
        await found.hub.close()
        await outbox.close()
        await broker.close()
        await database.close()


def run(tmp_path, scenario, **options):
    async def whole():
        async with asyncio.timeout(20), world(tmp_path, **options) as opened:
            return await scenario(opened)

    return asyncio.run(whole())


async def first(stream, wanted):
    """Data of the first event that is wanted, and of all before it."""
    seen = []
    async for event in stream:
        seen.append(json.loads(event.raw_data))
        if wanted(seen[-1]):
            await stream.aclose()
            return seen
    return seen


def is_pnl(value):
    return lambda data: data["event"] == "pnl_update" and data["pnl"] == value


def test_a_quote_marks_at_its_mid_and_wins_over_trades(tmp_path):
    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        live = await w.hub.join("p")
        stream = w.events(live)
        await first(w.events(live), is_pnl(500.0))
        await w.trade("AAPL", 156.0)
        await first(w.events(live), is_pnl(600.0))
        await w.quote("AAPL", 155.0, 155.5)
        await first(w.events(live), is_pnl(525.0))
        await w.trade("AAPL", 10.0)
        await w.quote("AAPL", 151.0, 151.0)
        seen = await first(stream, is_pnl(100.0))
        return seen, w.leases, len(w.counted), live.no_prices

    seen, leases, counted, silent = run(tmp_path, scenario)
    assert -14_000.0 not in {data["pnl"] for data in seen}
    assert leases[0] == ["AAPL"]
    assert counted >= 3
    assert silent is False


def test_a_position_without_a_cost_is_null(tmp_path):
    async def scenario(w):
        await w.portfolios.save_snapshot("p", HELD)
        live = await w.hub.join("p")
        return await first(w.events(live), lambda data: data["event"] == "pnl_update")

    apple, microsoft, whole = run(tmp_path, scenario)
    assert (apple["pnl"], microsoft["pnl"], whole["pnl"]) == (500.0, None, None)


def test_all_clients_of_a_portfolio_share_one_worker_that_stays_a_while(tmp_path):
    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        one, two = await asyncio.gather(w.hub.join("p"), w.hub.join("p"))
        w.hub.leave(one)
        w.hub.leave(two)
        again = await w.hub.join("p")
        return one is two is again, w.hub.active

    assert run(tmp_path, scenario) == (True, 1)


def test_a_worker_without_clients_ends(tmp_path):
    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        one = await w.hub.join("p")
        w.hub.leave(one)
        while w.hub.active:
            await asyncio.sleep(0)
        return one.epoch != (await w.hub.join("p")).epoch

    assert run(tmp_path, scenario, linger_seconds=0.0)


def test_a_client_that_is_too_slow_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(portfolio_pnl, "RING_BYTES", 400)

    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        live = await w.hub.join("p")
        stream = w.events(live)
        await anext(stream)
        await anext(stream)
        for price in (151.0, 152.0, 153.0):
            await w.quote("AAPL", price, price)
            await first(w.events(live), is_pnl(100.0 * (price - 150.0)))
        return await first(stream, is_pnl(300.0))

    reset, *rest = run(tmp_path, scenario)
    assert (reset["event"], reset["reason"]) == ("reset", "too_slow")
    assert [data["event"] for data in rest] == ["position_update", "pnl_update"]


def test_a_portfolio_that_changes_goes_on_with_the_prices_that_are_known(tmp_path):
    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        live = await w.hub.join("p")
        await w.quote("AAPL", 152.0, 152.0)
        await first(w.events(live), is_pnl(200.0))
        await w.portfolios.save_snapshot("p", [Position("AAPL", 1, 155.0, average_cost=150.0)])
        return await first(w.events(live, f"{live.epoch}-{live.seq}"), is_pnl(2.0))

    seen = run(tmp_path, scenario)
    assert [d["event"] for d in seen if d["event"] != "heartbeat"] == [
        "reset",
        "position_update",
        "pnl_update",
    ]


def test_a_portfolio_that_is_deleted_ends_the_stream_and_says_so(tmp_path):
    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        live = await w.hub.join("p")
        stream = w.events(live)
        await first(w.events(live), is_pnl(500.0))
        await w.portfolios.delete("p")
        return await first(stream, lambda data: False), w.hub.active

    seen, active = run(tmp_path, scenario)
    assert seen[-1]["reason"] == "ended"
    assert "p" in seen[-1]["message"]
    assert active == 0


def test_a_silent_feed_is_said_in_heartbeats_and_draining_ends_them(tmp_path):
    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        live = await w.hub.join("p")
        stream = w.events(live, heartbeat=0.01)
        async for event in stream:
            data = json.loads(event.raw_data)
            if data["event"] == "heartbeat":
                w.draining.set()
        return data, event.id

    data, name = run(tmp_path, scenario)
    assert (data["no_prices"], name) == (True, None)


def test_a_feed_that_falls_silent_is_asked_again_before_the_lease_is_due(tmp_path, monkeypatch):
    monkeypatch.setattr(portfolio_pnl, "SILENT_SECONDS", 0.01)

    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        await w.hub.join("p")
        await w.quote("AAPL", 152.0, 152.0)
        while len(w.leases) < 3:
            await asyncio.sleep(0)
        return w.leases

    assert run(tmp_path, scenario)[:3] == [["AAPL"]] * 3


def test_what_cannot_be_watched(tmp_path, monkeypatch):
    async def scenario(w):
        with pytest.raises(NotFoundError, match="nobody"):
            await w.hub.join("nobody")
        monkeypatch.setattr(pnl_hub, "MOST_PORTFOLIOS", 0)
        with pytest.raises(UnavailableError, match="0 portfolios are watched, no more can be"):
            await w.hub.join("p")
        return w.hub.active

    assert run(tmp_path, scenario) == 0


def test_who_watches_by_the_bus_holds_a_lease_and_hears_the_documented_form(tmp_path, monkeypatch):
    monkeypatch.setattr(pnl_hub, "LEASE_SECONDS", 30.0)

    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        told, performed = asyncio.Queue(), asyncio.Queue()
        for topic, box in (("portfolio.pnl.p", told), ("portfolio.performance.p", performed)):
            await w.bus.subscribe(topic, lambda m, box=box: box.put(m.data), mode="broadcast")
        await w.bus.subscribe(PORTFOLIO_ENSURE, w.hub.ensure)
        answers = [
            await w.bus.request(PORTFOLIO_ENSURE, {"portfolio_ids": ["p", "x"]}) for _ in range(2)
        ]
        clients = (await w.hub.join("p")).clients
        seen = []
        for bid in (155.0, 156.0):
            data = {"symbol": "AAPL", "bid": bid, "ask": bid, "previous_close": 154.0}
            await w.bus.publish(market_quotes("AAPL"), data)
            seen.append((await told.get(), await performed.get()))
        return answers, clients, seen

    answers, clients, seen = run(tmp_path, scenario)
    assert [answer["portfolio_ids"] for answer in answers] == [["p"], ["p"]]
    assert "'x'" in answers[0]["unknown"]["x"]
    assert clients == 2  # the lease is one, however often it is renewed
    (first_told, _), (second_told, second_performed) = seen
    assert (first_told["total_pnl"], first_told["pnl_change"]) == (500.0, None)
    assert (second_told["total_pnl"], second_told["pnl_change"]) == (600.0, 100.0)
    assert second_told["market_value"] == 15_600.0
    assert second_told["daily_return"] == pytest.approx(2.0 / 154.0, rel=1e-12)
    assert second_performed["sharpe_ratio"] is None
    assert second_performed["pnl"] == 600.0


def test_a_lease_that_is_not_renewed_ends_its_worker(tmp_path, monkeypatch):
    monkeypatch.setattr(pnl_hub, "LEASE_SECONDS", 0.0)

    async def scenario(w):
        await w.portfolios.save_snapshot("p", APPLE)
        await w.bus.subscribe(PORTFOLIO_ENSURE, w.hub.ensure)
        await w.bus.request(PORTFOLIO_ENSURE, {"portfolio_ids": ["p"]})
        while w.hub.active:
            await asyncio.sleep(0)
        return w.hub.active

    assert run(tmp_path, scenario, linger_seconds=0.0) == 0


@pytest.mark.parametrize("data", [None, {}, {"portfolio_ids": "p"}, {"portfolio_ids": [1]}])
def test_a_lease_names_its_portfolios(tmp_path, data):
    async def scenario(w):
        await w.bus.subscribe(PORTFOLIO_ENSURE, w.hub.ensure)
        with pytest.raises(ParameterError, match="must be a list of ids"):
            await w.bus.request(PORTFOLIO_ENSURE, data)
        return True

    assert run(tmp_path, scenario)
