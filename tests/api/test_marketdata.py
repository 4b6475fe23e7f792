from __future__ import annotations

import asyncio
from typing import Any

from nautilus.server import Settings, create_app, open_platform
from nautilus.server.bus import Message


def test_a_leased_symbol_ticks_for_another_engine_and_shows_in_health(tmp_path):
    settings = Settings(database=str(tmp_path / "state.db"), demo=False)

    async def heard() -> tuple[Message, dict[str, Any]]:
        async with open_platform(settings) as platform:
            app = create_app("marketdata", platform=platform)
            async with app.router.lifespan_context(app):
                async with asyncio.timeout(10):
                    while not app.state.deps.own.feed.status.running:
                        await asyncio.sleep(0)
                analytics = platform.broker.bus("analytics")
                quotes: asyncio.Queue[Message] = asyncio.Queue()
                await analytics.subscribe("market.quotes.AAPL", quotes.put, mode="broadcast")
                body = {"symbols": ["AAPL"]}
                lease = await analytics.request("market.feed.ensure.request", body)
                assert lease["symbols"] == ["AAPL"]
                quote = await asyncio.wait_for(quotes.get(), 10)
                return quote, (await module_health(app)).model_dump()

    quote, health = asyncio.run(heard())
    assert quote.source_engine == "marketdata"
    assert quote.data["source"] == "simulated"
    assert 0 < quote.data["bid"] < quote.data["ask"]
    assert health["active_streams"] == 1
    assert health["data_points_ingested_today"] > 0
    assert health["data_sources_status"]["simulated"]["status"] == "connected"
    assert health["data_sources_status"]["ibkr"]["status"] == "not_configured"


async def module_health(app):
    from nautilus.server.engines import marketdata

    return await marketdata.health(app.state.deps)


def test_without_the_simulated_source_there_is_no_feed(tmp_path):
    from starlette.testclient import TestClient

    database = str(tmp_path / "state.db")
    settings = Settings(database=database, demo=False, simulated_fallback=False)
    with TestClient(create_app("marketdata", settings=settings)) as client:
        health = client.get("/health").json()
    assert health["status"] == "healthy"
    assert "simulated" not in health["data_sources_status"]
    assert health["active_streams"] == 0


def test_a_feed_that_stopped_makes_the_engine_degraded(clients):
    client = clients["marketdata"]
    feed = client.app.state.deps.own.feed
    running = feed._running
    feed._running = False
    try:
        health = client.get("/health").json()
    finally:
        feed._running = running
    assert health["status"] == "degraded"
    assert health["problems"] == ["The simulated feed has stopped."]
