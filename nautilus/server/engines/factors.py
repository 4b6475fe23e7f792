"""Factor calculation, correlation, synthesis and ranking."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.health import FactorsHealth

__all__ = ["health", "router"]

SOURCES = (
    "ibkr",
    "alpha_vantage",
    "fred",
    "edgar",
    "datagov",
    "trading_economics",
    "dbnomics",
    "yfinance",
)

router = engine_router("factors")

not_built(
    router, "POST", "/calculate", "compute_factors", "Factors of symbols from several sources."
)
not_built(
    router,
    "GET",
    "/correlation/{factor_id}",
    "factor_correlations",
    "Factors that move with this one.",
)
not_built(router, "POST", "/synthesize", "combine_factors", "One factor out of several.")
not_built(router, "GET", "/ranking", "rank_factors", "Best factors, with their luck line.")


async def health(deps: EngineDeps[Any]) -> FactorsHealth:
    """What the engine is doing, with true values."""
    return FactorsHealth(
        **await health_basics(deps),
        data_sources_connected=dict.fromkeys(SOURCES, False),
        total_factors_available=0,
        factors_calculated_today=0,
        avg_calculation_time_ms=None,
    )
