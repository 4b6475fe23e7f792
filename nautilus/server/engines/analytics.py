"""P&L, performance, attribution and benchmark comparison."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import database_connected, health_basics
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.health import AnalyticsHealth, PerformanceNow

__all__ = ["health", "router"]

router = engine_router("analytics")

not_built(
    router,
    "POST",
    "/calculate/{portfolio_id}",
    "portfolio_performance",
    "P&L and performance of a portfolio.",
)
not_built(
    router,
    "GET",
    "/stream/{portfolio_id}",
    "stream_pnl",
    "P&L as it changes, as server-sent events.",
    call=False,
)
not_built(
    router,
    "POST",
    "/attribution/{portfolio_id}",
    "attribution",
    "Where the active return came from.",
)
not_built(
    router,
    "GET",
    "/benchmark/{portfolio_id}",
    "compare_to_benchmark",
    "A portfolio against its benchmark.",
)


async def health(deps: EngineDeps[Any]) -> AnalyticsHealth:
    """What the engine is doing, with true values."""
    now = deps.metrics.window
    mean = now.mean()
    return AnalyticsHealth(
        **await health_basics(deps),
        database_connected=await database_connected(deps),
        last_health_check=deps.clock(),
        performance_metrics=PerformanceNow(
            avg_response_time_ms=None if mean is None else mean * 1000,
            requests_per_second=now.rate(),
            active_calculations=deps.metrics.calculating,
        ),
    )
