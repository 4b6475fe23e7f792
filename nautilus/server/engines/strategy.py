"""Strategy deployment, versions, rollback and tests."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.health import StrategyHealth

__all__ = ["health", "router"]

router = engine_router("strategy")

not_built(router, "POST", "/deploy", "deploy", "Take a strategy through the pipeline.")
not_built(
    router,
    "GET",
    "/deployments/{deployment_id}/status",
    "deployment_status",
    "Where a deployment stands.",
)
not_built(router, "POST", "/versions", "save_version", "Store a version of a strategy.")
not_built(router, "POST", "/rollback/{deployment_id}", "rollback", "Go back to an earlier version.")
not_built(router, "POST", "/test/{strategy_id}", "test_strategy", "Run the tests of a strategy.")


async def health(deps: EngineDeps[Any]) -> StrategyHealth:
    """What the engine is doing, with true values."""
    return StrategyHealth(
        **await health_basics(deps),
        active_deployments=0,
        strategies_deployed_today=0,
        avg_deployment_time_minutes=None,
        pipeline_success_rate=None,
        version_control_status="not_built",
    )
