"""P&L, performance, attribution and benchmark comparison."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from nautilus.analytics.comparison import compare_to_benchmark
from nautilus.core.errors import UnavailableError
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
from nautilus.server.live_events import live_events
from nautilus.server.long_operations import long_post
from nautilus.server.metrics import portfolio_size
from nautilus.server.routing import engine_router
from nautilus.server.schemas.analytics import (
    AttributionReply,
    AttributionRequest,
    CalculateReply,
    CalculateRequest,
    ComparisonReply,
    PeriodWord,
    Rate,
)
from nautilus.server.schemas.bases import PortfolioId, Symbol
from nautilus.server.schemas.health import AnalyticsHealth, PerformanceNow
from nautilus.server.workers.pnl_hub import PnlHub, running_hub
from nautilus.server.workers.portfolio_pnl import LivePnl

__all__ = ["AnalyticsOwn", "health", "opened", "router"]

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


@long_post(router, "/attribution/{portfolio_id}", operation_id="attribute_active_return")
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


@dataclass(frozen=True, slots=True)
class AnalyticsOwn:
    """The workers of the portfolios that are watched."""

    hub: PnlHub


@asynccontextmanager
async def opened(deps: EngineDeps[AnalyticsOwn]) -> AsyncIterator[AnalyticsOwn]:
    """Run the workers while the engine lives."""
    running = running_hub(
        deps.bus,
        deps.portfolios,
        deps.draining,
        clock=deps.clock,
        counted=lambda: deps.metrics.count("analytics_pnl_updates_total"),
    )
    async with running as hub:
        yield AnalyticsOwn(hub)


async def live_portfolio(portfolio_id: PortfolioId, deps: Deps) -> AsyncIterator[LivePnl]:
    """The worker of a stored portfolio, for as long as the client listens."""
    if deps.own is None:
        raise UnavailableError("The live workers have not started; /health says why.")
    live = await deps.own.hub.join(portfolio_id)
    try:
        yield live
    finally:
        deps.own.hub.leave(live)


@router.get("/stream/{portfolio_id}", operation_id="stream_pnl", response_class=EventSourceResponse)
async def stream(
    live: Annotated[LivePnl, Depends(live_portfolio)],
    deps: Deps,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
    heartbeat_seconds: Annotated[float, Query(ge=0.05, le=60.0)] = 15.0,
) -> AsyncIterator[ServerSentEvent]:
    """P&L as it changes: `pnl_update` and `position_update`, data only, resumable by id."""
    events = live_events(
        live,
        last_event_id,
        heartbeat_seconds=heartbeat_seconds,
        draining=deps.draining,
        clock=deps.clock,
    )
    async for event in events:
        yield event


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
