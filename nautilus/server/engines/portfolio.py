"""Optimisation, risk parity, rebalancing and factor portfolios."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.health import PortfolioHealth

__all__ = ["health", "router"]

router = engine_router("portfolio")

not_built(router, "POST", "/optimize", "mean_variance", "Weights of an efficient portfolio.")
not_built(router, "POST", "/optimize/risk_parity", "risk_parity", "Weights by risk budget.")
not_built(router, "POST", "/rebalance", "rebalance", "Trades from holdings to target weights.")
not_built(
    router, "POST", "/construct/factor_based", "factor_portfolio", "Weights by factor exposures."
)


async def health(deps: EngineDeps[Any]) -> PortfolioHealth:
    """What the engine is doing, with true values."""
    return PortfolioHealth(
        **await health_basics(deps),
        optimizations_completed_today=0,
        active_portfolios=await deps.portfolios.count(),
        avg_optimization_time_ms=None,
        rebalancing_jobs_active=0,
    )
