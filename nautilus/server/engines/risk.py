"""Limit checks, monitoring, breaches and risk reports."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.health import RiskHealth

__all__ = ["health", "router"]

router = engine_router("risk")

not_built(
    router, "POST", "/check/{portfolio_id}", "check_limits", "Check limits of a portfolio now."
)
not_built(
    router,
    "POST",
    "/monitor/start",
    "start_monitoring",
    "Check limits of a portfolio again and again.",
)
not_built(router, "POST", "/limits", "set_limits", "Set limits of a portfolio.")
not_built(
    router,
    "GET",
    "/breaches/{portfolio_id}",
    "breach_history",
    "Breaches of a portfolio in a period.",
)
not_built(router, "POST", "/report/generate", "risk_report", "Write a risk report.")
not_built(
    router,
    "GET",
    "/reports/{report_id}.{format}",
    "download_risk_report",
    "Download a report.",
    call=False,
)


async def health(deps: EngineDeps[Any]) -> RiskHealth:
    """What the engine is doing, with true values."""
    return RiskHealth(
        **await health_basics(deps),
        monitoring_active=False,
        monitored_portfolios=0,
        breach_alerts_sent=0,
        risk_checks_performed=int(deps.metrics.total("risk_limit_checks_total")),
        avg_check_time_ms=None,
    )
