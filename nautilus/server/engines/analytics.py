"""P&L, performance, attribution and benchmark comparison."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import Query

from nautilus.analytics.comparison import compare_to_benchmark
from nautilus.server.attributions import attributed
from nautilus.server.calculations import (
    benchmark_of,
    counted,
    measured_performance,
    pnl_of,
    portfolio_of,
    record_of,
    stored_comparison,
    tell,
)
from nautilus.server.deps import Deps, EngineDeps
from nautilus.server.envelope import answer
from nautilus.server.health import database_connected, health_basics
from nautilus.server.metrics import portfolio_size
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.analytics import (
    AttributionReply,
    AttributionRequest,
    CalculateReply,
    CalculateRequest,
    ComparisonReply,
    PeriodWord,
    Rate,
)
from nautilus.server.schemas.common import PortfolioId, Symbol
from nautilus.server.schemas.health import AnalyticsHealth, PerformanceNow

__all__ = ["health", "router"]

router = engine_router("analytics")


@router.post("/calculate/{portfolio_id}", operation_id="portfolio_pnl")
async def calculate(
    portfolio_id: PortfolioId, body: CalculateRequest, deps: Deps
) -> CalculateReply:
    """P&L and performance of a portfolio."""
    started = time.perf_counter()
    with counted(deps.metrics):
        portfolio, priced = await portfolio_of(portfolio_id, body.positions, body, deps)
        pnl, caveats = await pnl_of(portfolio, body, deps)
        benchmark = benchmark_of(portfolio, body.benchmark, deps)
        record = await record_of(portfolio, pnl.weights, body, benchmark, deps)
        summary, missing = await measured_performance(record, body, deps)
        if body.positions is not None:
            await deps.portfolios.save_snapshot(portfolio_id, portfolio.positions)
    elapsed = time.perf_counter() - started
    deps.metrics.count("analytics_portfolios_processed_total")
    deps.metrics.count("analytics_pnl_calculations_total")
    size = portfolio_size(pnl.n_positions)
    deps.metrics.timed("analytics_calculation_time_seconds", elapsed, portfolio_size=size)
    options = body.calculation_options
    reply = answer(
        CalculateReply,
        pnl,
        function="nautilus.analytics.portfolio_pnl",
        data_source=record.source if record else priced or "request",
        merged={
            "portfolio_id": portfolio_id,
            "performance_metrics": summary if summary is not None else {},
            "attribution": pnl if options.include_attribution else None,
        },
        caveats=[*caveats, *missing],
        data_as_of=record.as_of if record else None,
        n_observations=record.n if record else 0,
        calculation_time_ms=round(elapsed * 1000, 3),
        positions_analyzed=pnl.n_positions,
        benchmark_used=record.benchmark_symbol if record else None,
        metrics_source=record.kind if record else None,
        metrics_function="nautilus.analytics.performance_summary",
        metrics_window=options.metrics_window,
        time_period=options.time_period,
        risk_free_rate=options.risk_free_rate,
        periods_per_year=options.periods_per_year,
        simulated=record.simulated if record else None,
    )
    metrics = reply.data.performance_metrics if reply.data else None
    await tell(portfolio, pnl, metrics.model_dump() if metrics else {}, deps)
    return reply


@router.post("/attribution/{portfolio_id}", operation_id="attribute_active_return")
async def attribution(
    portfolio_id: PortfolioId, body: AttributionRequest, deps: Deps
) -> AttributionReply:
    """Where the active return came from, by decisions and by factors."""
    with counted(deps.metrics):
        found = await attributed(portfolio_id, body, deps)
    deps.metrics.count("analytics_attribution_analyses_total")
    return answer(
        AttributionReply,
        found.result,
        function="nautilus.analytics.attribute_active_return",
        data_source=found.source,
        merged={
            "portfolio_id": portfolio_id,
            "attribution_type": body.attribution_type,
            "factor_effects": found.factor_effects,
        },
        caveats=found.reasons,
        data_as_of=found.as_of,
        n_observations=found.result.n_periods,
        benchmark_used=found.benchmark,
        time_period=body.time_period,
        returns_source=found.kind,
        segment_level=found.level,
        linking="carino",
        simulated=found.simulated,
    )


@router.get("/benchmark/{portfolio_id}", operation_id="compare_to_benchmark")
async def benchmark_comparison(
    portfolio_id: PortfolioId,
    deps: Deps,
    benchmark: Annotated[Symbol | None, Query()] = None,
    period: Annotated[PeriodWord, Query()] = "1M",
    risk_free_rate: Annotated[Rate, Query()] = 0.0,
    fallback_enabled: bool = True,
) -> ComparisonReply:
    """A stored portfolio against its benchmark over a period."""
    with counted(deps.metrics):
        record = await stored_comparison(
            portfolio_id, benchmark, period, deps, simulated=fallback_enabled
        )
        result = compare_to_benchmark(
            record.returns, record.benchmark, risk_free_rate=risk_free_rate
        )
    return answer(
        ComparisonReply,
        result,
        function="nautilus.analytics.compare_to_benchmark",
        data_source=record.source,
        merged={
            "portfolio_id": portfolio_id,
            "benchmark": record.benchmark_symbol,
            "period": period,
        },
        data_as_of=record.as_of,
        n_observations=record.n,
        benchmark_used=record.benchmark_symbol,
        returns_source=record.kind,
        risk_free_rate=risk_free_rate,
        periods_per_year=result.periods_per_year,
        simulated=record.simulated,
    )


not_built(
    router,
    "GET",
    "/stream/{portfolio_id}",
    "stream_pnl",
    "P&L as it changes, as server-sent events.",
    call=False,
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
