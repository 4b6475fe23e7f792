"""Technical indicators and fundamental features."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.indicators.registry import available
from nautilus.server.deps import EngineDeps, engine_deps
from nautilus.server.envelope import answer
from nautilus.server.features.bars import BarTable, joined, of_request, stored_or_nothing
from nautilus.server.features.batch import FeatureBatch, batch_of, frame_of
from nautilus.server.features.fundamental import fundamentals_of
from nautilus.server.features.importance import measured_importance
from nautilus.server.features.live import Streaming, events_of, streaming
from nautilus.server.features.technical import (
    most_bars_needed,
    plan_of,
    technicals,
    warm_up_indicators,
)
from nautilus.server.health import health_basics
from nautilus.server.long_operations import long_post
from nautilus.server.market.formats import FILE_ANSWERS, file_of
from nautilus.server.market.historical import Histories
from nautilus.server.market.sources import MarketSources
from nautilus.server.market.windows import window_of
from nautilus.server.routing import engine_router
from nautilus.server.schemas.features import (
    BatchReply,
    BatchRequest,
    FundamentalReply,
    FundamentalRequest,
    ImportanceReply,
    ImportanceRequest,
    TechnicalReply,
    TechnicalRequest,
)
from nautilus.server.schemas.health import FeaturesHealth
from nautilus.server.workers.leases import PriceLease

__all__ = ["FeaturesOwn", "health", "opened", "router"]

router = engine_router("features")
SymbolInPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:^=-]{1,32}$")]
BarLength = Annotated[str, Query(max_length=4, pattern=r"^([1-9][0-9]?s|[1-9][0-9]?m|1h)$")]
SESSIONS = {"D": 1.0, "W": 5.0, "M": 21.0, "Y": 252.0}


@dataclass(slots=True)
class FeaturesOwn:
    """Where bars and statements come from, and what was counted today."""

    histories: Histories
    day: date
    calculated: int = 0
    seconds: float = 0.0
    requests: int = 0
    streams: int = 0
    warming: asyncio.Task[None] | None = None

    def count(self, features: int, seconds: float, now: datetime) -> None:
        """Some features were calculated."""
        if now.date() != self.day:
            self.day, self.calculated, self.seconds, self.requests = now.date(), 0, 0.0, 0
        self.calculated += features
        self.seconds += seconds
        self.requests += 1


FeatureDeps = Annotated[EngineDeps[FeaturesOwn], Depends(engine_deps)]


@asynccontextmanager
async def opened(deps: EngineDeps[FeaturesOwn]) -> AsyncIterator[FeaturesOwn]:
    """Read the store that all engines of this host share, else the simulated market."""
    sources = MarketSources({}, deps.market, simulated=deps.settings.simulated_fallback)
    histories = Histories(sources, run=deps.cpu.thread, clock=deps.clock)
    own = FeaturesOwn(histories, deps.clock().date())
    try:
        yield own
    finally:
        if own.warming is not None:
            own.warming.cancel()


@router.post("/technical", operation_id="compute")
async def technical(body: TechnicalRequest, deps: FeatureDeps) -> TechnicalReply:
    """Technical indicators at the last bar; null, with the bars it takes, in the warm-up."""
    own, started = _own(deps), time.perf_counter()
    if own.warming is None and deps.settings.warm:
        own.warming = asyncio.create_task(deps.cpu.thread(warm_up_indicators))
    plan = plan_of(body.indicators, body.parameters)
    table = await _bars(body, most_bars_needed(plan), own, deps)
    found = await deps.cpu.thread(technicals, plan, table)
    elapsed = time.perf_counter() - started
    own.count(len(plan.columns), elapsed, deps.clock())
    return answer(
        TechnicalReply,
        {
            "symbol": body.symbol,
            "timestamp": None if table.times is None else table.times[-1],
            "technical_indicators": found.values,
            "feature_summary": found.summary,
            "warmup": found.warmup,
        },
        function="nautilus.indicators.compute",
        data_source=table.source,
        caveats=table.reasons,
        data_as_of=None if table.times is None else table.times[-1],
        n_observations=len(table),
        calculation_time_ms=round(elapsed * 1000, 3),
        indicators_calculated=len(plan.columns),
        data_points_used=len(table),
        history=body.history,
        history_bars=table.n_stored,
        simulated=table.simulated,
    )


async def _bars(
    body: TechnicalRequest, needed: int, own: FeaturesOwn, deps: EngineDeps[Any]
) -> BarTable:
    """Bars of the request, and earlier ones where it asks for them."""
    sent = of_request(body.data.ohlcv if body.data is not None else [])
    if body.history == "request":
        if not len(sent):
            raise ParameterError(
                "`data.ohlcv` has no bars. Send some, or ask for `history`: stored.",
                field="data.ohlcv",
            )
        return sent
    until = deps.clock()
    if len(sent) and sent.times is not None:
        until = min(until, body.data.ohlcv[0].timestamp or until)  # type: ignore[union-attr]
    stored = await stored_or_nothing(
        own.histories, body.symbol, body.timeframe, needed, until=until,
        fallback=body.fallback_enabled,
    )  # fmt: skip
    table = joined(stored, sent, body.timeframe)
    if not len(table):
        raise ParameterError(
            f"there are no bars of {body.symbol!r}: {stored.reasons[0].message}", field="symbol"
        )
    return table


@router.post("/fundamental", operation_id="fundamental_features")
async def fundamental(body: FundamentalRequest, deps: FeatureDeps) -> FundamentalReply:
    """Fundamental features of a symbol from what had been filed by a day, beside its industry."""
    own, started = _own(deps), time.perf_counter()
    until = window_of(None, body.as_of, None, deps.clock()).end
    known = [name for name in body.data_sources if name in own.histories.sources.imported()]
    company, sector, peers = await fundamentals_of(
        own.histories,
        body.symbol,
        body.feature_types,
        as_of=until,
        relative=body.normalization == "industry_relative",
        sources=known,
        fallback=body.fallback_enabled,
        run=deps.cpu.thread,
    )
    features = company.features
    own.count(16, time.perf_counter() - started, deps.clock())
    return answer(
        FundamentalReply,
        features,
        function="nautilus.factors.fundamental_features",
        data_source=company.source,
        data_as_of=features.period_end,
        price=company.price,
        price_date=company.price_date,
        sector=sector,
        peers=peers,
        fallback_used=bool(body.data_sources) and company.source not in body.data_sources,
        simulated=company.simulated,
    )


async def _listening(
    symbol: SymbolInPath, deps: FeatureDeps, timeframe: BarLength = "1m"
) -> AsyncIterator[tuple[Streaming, PriceLease]]:
    """The events of a symbol, for as long as the client listens."""
    own = _own(deps)
    own.streams += 1
    try:
        async with streaming(deps.bus, symbol, timeframe, draining=deps.draining) as found:
            yield found
    finally:
        own.streams -= 1


@router.get("/stream/{symbol}", operation_id="stream_features", response_class=EventSourceResponse)
async def stream(
    listening: Annotated[tuple[Streaming, PriceLease], Depends(_listening)],
    deps: FeatureDeps,
    heartbeat_seconds: Annotated[float, Query(ge=0.05, le=60.0)] = 15.0,
) -> AsyncIterator[ServerSentEvent]:
    """`technical_update` at each closed bar, `volume_spike` and `bollinger_breakout` as they begin.

    Bars are minutes of the bus, or of another length built from its trades.
    """
    events = events_of(
        *listening,
        heartbeat_seconds=heartbeat_seconds,
        draining=deps.draining,
        clock=deps.clock,
    )
    async for event in events:
        yield event


@long_post(
    router,
    "/batch",
    operation_id="compute_batch",
    response_model=BatchReply,
    responses=FILE_ANSWERS,
)
async def batch(body: BatchRequest, deps: FeatureDeps) -> Response | BatchReply:
    """Features of many symbols on a day as one table; a symbol that fails is listed."""
    own, started = _own(deps), time.perf_counter()
    until = window_of(None, body.calculation_date, None, deps.clock()).end
    found = await batch_of(
        own.histories,
        body.symbols,
        body.feature_types,
        day=body.calculation_date,
        until=until,
        fallback=body.fallback_enabled,
        run=deps.cpu.thread,
    )
    elapsed = time.perf_counter() - started
    own.count(len(found.rows) * (len(found.columns) - 1), elapsed, deps.clock())
    day = body.calculation_date or str(until.date())
    if body.output_format in ("csv", "parquet", "arrow"):
        return await deps.cpu.thread(_file, found, day, body.output_format)
    return answer(
        BatchReply,
        _batch_data(found, body, elapsed),
        function="nautilus.indicators.compute",
        data_source=", ".join(sorted(set(found.sources.values()))) or None,
        calculation_date=day,
        sources=found.sources if body.include_metadata else None,
        last_bars=found.last_bars if body.include_metadata else None,
        simulated=found.simulated,
    )


def _batch_data(found: FeatureBatch, body: BatchRequest, elapsed: float) -> dict[str, Any]:
    table = found.table
    asked = len(found.rows) + len(found.failed)
    shown: dict[str, Any] = {"columns": list(found.columns), "data": table}
    records = [dict(zip(found.columns, row, strict=True)) for row in table]
    frame = body.output_format == "dataframe"
    return {
        "batch_id": f"batch_{secrets.token_hex(8)}",
        "features_dataframe": shown if frame else None,
        "records": None if frame else records,
        "processing_statistics": {
            "symbols_processed": len(found.rows),
            "features_per_symbol": len(found.columns) - 1,
            "processing_time_ms": round(elapsed * 1000, 3),
            "success_rate": len(found.rows) / asked,
        },
        "failed": found.failed,
    }


def _file(found: FeatureBatch, day: str, form: str) -> Response:
    headers = {
        "X-Simulated": str(found.simulated).lower(),
        "X-Failed": "; ".join(found.failed),
    }
    return file_of(frame_of(found, day), form, f"features_{day}", headers)


@long_post(router, "/importance", operation_id="feature_importance")
async def importance(body: ImportanceRequest, deps: FeatureDeps) -> ImportanceReply:
    """How much each feature told of the returns that followed, beside what chance gives."""
    own, started = _own(deps), time.perf_counter()
    period = body.analysis_period
    found = await measured_importance(
        own.histories,
        body.features,
        body.symbols,
        horizon=int(body.target_variable.removeprefix("future_returns_").removesuffix("d")),
        sessions=max(1, round(int(period[:-1]) * SESSIONS[period[-1]])),
        method=body.method,
        n_permutations=body.n_permutations,
        seed=body.seed,
        until=deps.clock(),
        fallback=body.fallback_enabled,
        run=deps.cpu.thread,
        process=deps.cpu.process,
    )
    own.count(len(body.features), time.perf_counter() - started, deps.clock())
    return answer(
        ImportanceReply,
        found.result,
        function="nautilus.ml.feature_importance",
        data_source=found.source,
        data_as_of=found.last,
        n_observations=found.result.n_used,
        symbols=list(found.symbols),
        method=body.method,
        horizon=found.result.horizon,
        seed=body.seed,
        simulated=found.simulated,
    )


def _own(deps: EngineDeps[Any]) -> FeaturesOwn:
    if deps.own is None:
        raise UnavailableError("The engine has not started; /health says why.")
    own: FeaturesOwn = deps.own
    return own


async def health(deps: EngineDeps[Any]) -> FeaturesHealth:
    """What the engine is doing, with true values."""
    own: FeaturesOwn | None = deps.own
    today = own if own is not None and own.day == deps.clock().date() else None
    return FeaturesHealth(
        **await health_basics(deps),
        features_calculated_today=today.calculated if today else 0,
        active_streams=own.streams if own else 0,
        supported_indicators=len(available()),
        avg_calculation_time_ms=(
            1000.0 * today.seconds / today.requests if today and today.requests else None
        ),
    )
