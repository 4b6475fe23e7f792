"""Sources, subscriptions, history, quality and latency of market data."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built, not_built_socket
from nautilus.server.schemas.health import MarketdataHealth, SourceState

__all__ = ["health", "root_router", "router"]

SOURCES = ("ibkr", "alpha_vantage", "yfinance")

router = engine_router("marketdata")
root_router = engine_router("marketdata")

not_built(
    router, "GET", "/sources", "data_sources", "Sources and the order in which they are asked."
)
not_built(router, "POST", "/subscribe", "subscribe", "Subscribe to live data of symbols.")
not_built(router, "POST", "/historical", "price_history", "Bars of a symbol.")
not_built(router, "GET", "/quality/{symbol}", "quality_report", "Quality of the data of a symbol.")
not_built(router, "GET", "/latency", "latency_report", "Latency by source and symbol.")
not_built_socket(root_router, "/ws/marketdata/{subscription_id}", "live data of a subscription")


async def health(deps: EngineDeps[Any]) -> MarketdataHealth:
    """What the engine is doing, with true values."""
    not_configured = SourceState(status="not_configured", latency_ms=None)
    return MarketdataHealth(
        **await health_basics(deps),
        data_sources_status=dict.fromkeys(SOURCES, not_configured),
        data_points_ingested_today=0,
        avg_ingestion_latency_ms=None,
        active_streams=0,
    )
