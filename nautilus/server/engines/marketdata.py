"""Sources, subscriptions, history, quality and latency of market data."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from nautilus.core.errors import UnavailableError
from nautilus.marketdata.reference import find_instrument, known_symbols
from nautilus.marketdata.sources import open_sources
from nautilus.server.deps import EngineDeps, deps_of, engine_deps
from nautilus.server.envelope import answer
from nautilus.server.health import health_basics
from nautilus.server.history import History
from nautilus.server.market.answers import (
    asked_of,
    attempts_of,
    completeness_of,
    file_answer,
    history_data,
    shown,
)
from nautilus.server.market.bus_requests import answer_requests
from nautilus.server.market.formats import FILE_ANSWERS
from nautilus.server.market.historical import Histories
from nautilus.server.market.latencies import Latencies
from nautilus.server.market.opening import opened_subscription
from nautilus.server.market.quality import Qualities, calendar_of
from nautilus.server.market.recording import TickRecorder, recorded
from nautilus.server.market.socket import serve
from nautilus.server.market.sources import SIMULATED, MarketSources
from nautilus.server.market.subscriptions import Subscription, Subscriptions
from nautilus.server.routing import engine_router
from nautilus.server.schemas.health import MarketdataHealth, Recording, SourceState
from nautilus.server.schemas.marketdata import (
    HistoricalReply,
    HistoricalRequest,
    LatencyReply,
    QualityReply,
    ReferenceReply,
    SourceName,
    SourcesReply,
    SubscribeReply,
    SubscribeRequest,
    SubscriptionsReply,
    SymbolsReply,
    Timeframe,
    UnsubscribedReply,
    When,
)
from nautilus.server.workers.feed import SimulatedFeed, running_feed

__all__ = ["MarketdataOwn", "health", "opened", "root_router", "router"]

router = engine_router("marketdata")
root_router = engine_router("marketdata")

SubscriptionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
SymbolInPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:^=-]{1,32}$")]
DOCUMENTED = ("AAPL", "MSFT", "GOOGL", "TSLA", "NVDA", "SPY", "TLT", "GLD")


@dataclass(frozen=True, slots=True)
class MarketdataOwn:
    """What this engine holds; `feed` is None where the simulated source is switched off."""

    feed: SimulatedFeed | None
    sources: MarketSources
    histories: Histories
    qualities: Qualities
    latencies: Latencies
    subscriptions: Subscriptions
    recorder: TickRecorder | None


MarketDeps = Annotated[EngineDeps[MarketdataOwn], Depends(engine_deps)]


@asynccontextmanager
async def opened(deps: EngineDeps[MarketdataOwn]) -> AsyncIterator[MarketdataOwn]:
    """Answer the other engines and run the simulated feed while the engine lives."""
    simulated = deps.settings.simulated_fallback
    quotas = deps.settings.market_folder / "quotas.db"
    sources = MarketSources(
        open_sources(os.environ, clock=deps.clock, state_path=quotas),
        deps.market,
        simulated=simulated,
    )
    histories = Histories(sources, run=deps.cpu.thread, clock=deps.clock)
    qualities = Qualities(histories, run=deps.cpu.thread, clock=deps.clock)
    latencies, subscriptions = Latencies(), Subscriptions(deps.clock)
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(answer_requests(deps.bus, histories, deps.clock))
            feed = None
            if simulated:
                running = _simulated_feed(deps, sources, latencies)
                feed = await stack.enter_async_context(running)
            recording = recorded(
                deps.bus,
                deps.market,
                deps.settings.record,
                run=deps.cpu.thread,
                draining=deps.draining,
            )
            recorder = await stack.enter_async_context(recording)
            yield MarketdataOwn(
                feed, sources, histories, qualities, latencies, subscriptions, recorder
            )
    finally:
        await sources.close()


def _simulated_feed(
    deps: EngineDeps[Any], sources: MarketSources, latencies: Latencies
) -> AbstractAsyncContextManager[SimulatedFeed]:
    return running_feed(
        deps.bus,
        History(clock=deps.clock, run=deps.cpu.thread),
        clock=deps.clock,
        draining=deps.draining,
        speed=deps.settings.feed_speed,
        real=sources.real_symbols,
        latencies=latencies,
    )


@router.get("/sources", operation_id="data_sources")
async def sources(deps: MarketDeps) -> SourcesReply:
    """Sources, what they offer, how they have answered, and the order they are asked in."""
    own = _own(deps)
    rows = await deps.cpu.thread(own.sources.rows)
    scores: dict[str, float | None] = dict.fromkeys(row.source_id for row in rows)
    body = {
        "available_sources": rows,
        "failover_hierarchy": await deps.cpu.thread(own.sources.hierarchy),
        "data_quality_scores": scores | own.qualities.scores,
    }
    return answer(SourcesReply, body, function="nautilus.marketdata.sources.available_sources")


@router.post(
    "/historical",
    operation_id="price_history",
    response_model=HistoricalReply,
    responses=FILE_ANSWERS,
)
async def historical(body: HistoricalRequest, deps: MarketDeps) -> Response | HistoricalReply:
    """Rows of a symbol from one source, and which one."""
    own = _own(deps)
    asked = asked_of(body, deps.clock())
    found = await own.histories.find(asked)
    if body.format != "json":
        return await deps.cpu.thread(file_answer, asked, found, body.format)
    completeness, basis = await deps.cpu.thread(completeness_of, asked, found, deps.clock())
    return answer(
        HistoricalReply,
        history_data(asked, found, completeness, own.sources.tallies),
        function="nautilus.marketdata.price_history",
        data_source=found.source,
        caveats=found.reasons,
        data_as_of=found.rows["timestamp"].max() if "timestamp" in found.rows.columns else None,
        n_observations=len(found.rows),
        request_time_ms=found.latency_ms,
        cache_hit=found.cache_hit,
        fallback_used=found.fallback_used,
        stale=found.stale,
        simulated=found.simulated,
        adjustment=found.adjustment,
        expected_basis=basis,
        attempts=attempts_of(found),
    )


@router.get("/quality/{symbol}", operation_id="quality_report")
async def quality(
    symbol: SymbolInPath,
    deps: MarketDeps,
    timeframe: Annotated[Timeframe, Query()] = "1d",
    start_date: Annotated[When | None, Query()] = None,
    end_date: Annotated[When | None, Query()] = None,
    source: Annotated[SourceName | None, Query()] = None,
    fallback_enabled: bool = True,
) -> QualityReply:
    """What is missing, late, contradictory or denied by another source; nothing is repaired."""
    own = _own(deps)
    body = HistoricalRequest(
        symbol=symbol,
        timeframe=timeframe,
        start_date=start_date,
        end_date=end_date,
        sources=[source] if source else [],
        fallback_enabled=fallback_enabled,
    )
    done = await own.qualities.of(asked_of(body, deps.clock()))
    report, tallies = done.report, own.sources.tallies
    names = [*own.sources.opened, *done.scores]
    return answer(
        QualityReply,
        report,
        function="nautilus.marketdata.quality_report",
        data_source=done.source,
        merged={
            "symbol": symbol,
            "source": done.source,
            "simulated": done.simulated,
            "calendar": calendar_of(symbol),
            "quality_metrics": report,
            "source_comparison": {
                name: {
                    "quality_score": done.scores.get(name),
                    "uptime": tallies[name].reliability,
                    "agreement": report.accuracy_by_source.get(name),
                    "requests": tallies[name].requests,
                }
                for name in dict.fromkeys(names)
            },
        },
        data_as_of=report.end,
        n_observations=report.n_bars,
        simulated=done.simulated,
        expected_basis=report.expected_basis,
    )


@router.get("/latency", operation_id="latency_report")
async def latency(deps: MarketDeps) -> LatencyReply:
    """Measured latency by source and symbol; null where nothing was measured."""
    own = _own(deps)
    answers = {name: source.latency() for name, source in own.sources.opened.items()}
    body = {
        "overall_latency": own.latencies.overall(),
        "source_latency": own.latencies.by_source(answers),
        "latency_by_symbol": own.latencies.by_symbol(DOCUMENTED),
    }
    return answer(LatencyReply, body, function="nautilus.marketdata.LatencyHistogram")


@router.post("/subscribe", operation_id="subscribe")
async def subscribe(body: SubscribeRequest, deps: MarketDeps, request: Request) -> SubscribeReply:
    """Open a subscription; its WebSocket sends what passes its filters."""
    own = _own(deps)
    subscription = await opened_subscription(body, own.sources, own.subscriptions, deps)
    live = _rate(own.feed, subscription)
    host = request.headers.get("host")
    address = f"http://{host}" if host else deps.platform.address("marketdata")
    return answer(
        SubscribeReply,
        shown(subscription, address=address, per_second=live),
        data_source=subscription.source,
        simulated=subscription.simulated,
        fallback_used=bool(subscription.attempts),
    )


@router.get("/subscriptions", operation_id="live_subscriptions")
async def subscriptions(deps: MarketDeps) -> SubscriptionsReply:
    """Subscriptions of who asks."""
    own = _own(deps)
    address = deps.platform.address("marketdata")
    rows = [shown(one, address=address, per_second=None) for one in own.subscriptions.own()]
    return answer(SubscriptionsReply, {"subscriptions": rows, "total": len(rows)})


@router.delete("/subscriptions/{subscription_id}", operation_id="unsubscribe")
async def unsubscribe(subscription_id: SubscriptionId, deps: MarketDeps) -> UnsubscribedReply:
    """End a subscription; its client is sent away."""
    _own(deps).subscriptions.cancel(subscription_id)
    return answer(UnsubscribedReply, {"subscription_id": subscription_id, "cancelled": True})


@router.get("/reference/{symbol}", operation_id="find_instrument")
async def reference(symbol: SymbolInPath, deps: MarketDeps) -> ReferenceReply:
    """What a symbol is: sector, asset class, exchange, currency."""
    return answer(
        ReferenceReply, find_instrument(symbol), function="nautilus.marketdata.find_instrument"
    )


@router.get("/symbols", operation_id="known_symbols")
async def symbols(
    deps: MarketDeps,
    source: Annotated[SourceName | None, Query()] = None,
    simulated_names: bool = False,
) -> SymbolsReply:
    """Symbols that are stored or simulated; the 500 SIM names only where they are asked for."""
    own = _own(deps)
    found = {name: sorted(held) for name, held in own.sources.imported().items()}
    if own.sources.simulated:
        found[SIMULATED] = list(known_symbols(simulated=simulated_names))
    if source is not None:
        own.sources.checked([source])
        found = {source: found.get(source, [])}
    names = list(dict.fromkeys(name for held in found.values() for name in held))
    body = {
        "symbols": names,
        "total": len(names),
        "by_source": {n: len(h) for n, h in found.items()},
    }
    return answer(SymbolsReply, body, function="nautilus.marketdata.known_symbols")


@root_router.websocket("/ws/marketdata/{subscription_id}")
async def stream(socket: WebSocket, subscription_id: SubscriptionId) -> None:
    """The messages of a subscription."""
    deps: EngineDeps[MarketdataOwn] = deps_of(socket)
    own = _own(deps)
    if deps.draining.is_set():
        raise UnavailableError("the server is stopping. Connect again in a few seconds.")
    subscription = own.subscriptions.connect(subscription_id)
    await serve(
        socket,
        subscription,
        own.subscriptions,
        bus=deps.bus,
        market=deps.market,
        draining=deps.draining,
        run=deps.cpu.thread,
    )


def _rate(feed: SimulatedFeed | None, subscription: Subscription) -> float | None:
    """Messages a second before filters; of a replay nobody knows before."""
    if feed is None or subscription.replay is not None:
        return None
    return feed.per_second(subscription.data_types, len(subscription.symbols))


def _own(deps: EngineDeps[Any]) -> MarketdataOwn:
    if deps.own is None:
        raise UnavailableError("The engine has not started; /health says why.")
    own: MarketdataOwn = deps.own
    return own


async def health(deps: EngineDeps[MarketdataOwn]) -> MarketdataHealth:
    """What the engine is doing, with true values."""
    own = deps.own
    feed = own.feed.status if own and own.feed else None
    states = {
        name: SourceState(status=own.sources.status(name), latency_ms=source.latency())
        for name, source in (own.sources.opened if own else {}).items()
    }
    stopped: list[str] = []
    if feed is not None:
        state = "connected" if feed.running else "stopped"
        states[feed.source] = SourceState(status=state, latency_ms=None)
        if not feed.running and not deps.draining.is_set():
            stopped = ["The simulated feed has stopped."]
    recording = own.recorder.status if own and own.recorder else None
    if recording is not None and recording.problem is not None:
        stopped.append(f"Live ticks wait in memory: {recording.problem}")
    since_today = deps.platform.started_at.date() == deps.clock().date()
    return MarketdataHealth(
        **await health_basics(deps, *stopped),
        data_sources_status=states,
        data_points_ingested_today=feed.ticks if feed and since_today else None,
        avg_ingestion_latency_ms=own.latencies.mean_ms if own else None,
        active_streams=feed.leased if feed else 0,
        recording=Recording.model_validate(recording) if recording else None,
    )
