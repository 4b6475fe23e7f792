"""Technical indicators and fundamental features."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.health import FeaturesHealth

__all__ = ["health", "router"]

router = engine_router("features")

not_built(router, "POST", "/technical", "compute", "Technical indicators of bars.")
not_built(
    router, "POST", "/fundamental", "fundamental_features", "Fundamental features of a symbol."
)
not_built(
    router, "GET", "/stream/{symbol}", "stream_features", "Features as they change.", call=False
)
not_built(router, "POST", "/batch", "compute_batch", "Features of many symbols.")
not_built(
    router, "POST", "/importance", "feature_importance", "Which features tell about a target."
)


async def health(deps: EngineDeps[Any]) -> FeaturesHealth:
    """What the engine is doing, with true values."""
    return FeaturesHealth(
        **await health_basics(deps),
        features_calculated_today=0,
        active_streams=0,
        supported_indicators=0,
        avg_calculation_time_ms=None,
    )
