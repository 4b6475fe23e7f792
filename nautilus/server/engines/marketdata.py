"""Sources, subscriptions, history, quality and latency of market data."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built, not_built_socket
from nautilus.server.schemas.health import MarketdataHealth, SourceState
from nautilus.server.workers.feed import SimulatedFeed, running_feed

__all__ = ["MarketdataOwn", "health", "opened", "root_router", "router"]

KEYED_SOURCES = ("ibkr", "alpha_vantage", "yfinance")

router = engine_router("marketdata")
root_router = engine_router("marketdata")

not_built(router, "GET", "/sources", "data_sources", "Sources and the order they are asked in.")
not_built(router, "POST", "/subscribe", "subscribe", "Subscribe to live data of symbols.")
not_built(router, "POST", "/historical", "price_history", "Bars of a symbol.")
not_built(router, "GET", "/quality/{symbol}", "quality_report", "Quality of a symbol's data.")
not_built(router, "GET", "/latency", "latency_report", "Latency by source and symbol.")
not_built_socket(root_router, "/ws/marketdata/{subscription_id}", "live data of a subscription")


@dataclass(frozen=True, slots=True)
class MarketdataOwn:
    """The live feed; None where the simulated source is switched off."""

    feed: SimulatedFeed | None


@asynccontextmanager
async def opened(deps: EngineDeps[MarketdataOwn]) -> AsyncIterator[MarketdataOwn]:
    """Run the simulated feed while the engine lives."""
    if not deps.settings.simulated_fallback:
        yield MarketdataOwn(None)
        return
    running = running_feed(deps.bus, deps.history, clock=deps.clock, draining=deps.draining)
    async with running as feed:
        yield MarketdataOwn(feed)


async def health(deps: EngineDeps[MarketdataOwn]) -> MarketdataHealth:
    """What the engine is doing, with true values."""
    feed = deps.own.feed.status if deps.own and deps.own.feed else None
    sources = dict.fromkeys(KEYED_SOURCES, SourceState(status="not_configured", latency_ms=None))
    stopped = []
    if feed is not None:
        state = "connected" if feed.running else "stopped"
        sources[feed.source] = SourceState(status=state, latency_ms=None)
        if not feed.running and not deps.draining.is_set():
            stopped = ["The simulated feed has stopped."]
    since_today = deps.platform.started_at.date() == deps.clock().date()
    return MarketdataHealth(
        **await health_basics(deps, *stopped),
        data_sources_status=sources,
        data_points_ingested_today=feed.ticks if feed and since_today else None,
        avg_ingestion_latency_ms=None,
        active_streams=feed.leased if feed else 0,
    )
