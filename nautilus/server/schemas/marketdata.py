"""Sources, history, subscriptions, quality, latency and reference data of market data."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, AwareDatetime, Field, StringConstraints

from nautilus.server.schemas.bases import (
    Body,
    Count,
    Envelope,
    Metadata,
    Moment,
    Number,
    Symbol,
    Text,
    View,
)

__all__ = [
    "DataKind",
    "HistoricalMeta",
    "HistoricalReply",
    "HistoricalRequest",
    "LatencyReply",
    "QualityReply",
    "ReferenceReply",
    "SourceName",
    "SourcesReply",
    "SubscribeReply",
    "SubscribeRequest",
    "SubscriptionsReply",
    "SymbolsReply",
    "Timeframe",
    "UnsubscribedReply",
]

MOST_SYMBOLS = 500
SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Timeframe = Literal["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"]
DataKind = Literal["bars", "trades", "quotes", "macro", "fundamentals", "actions"]
LiveKind = Literal["quotes", "trades", "level1", "level2", "orderbook", "bars"]
Format = Literal["json", "csv", "parquet", "arrow"]
# A date, or a time with its zone: a time without one could be anybody's.
When = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}([T ].{1,32})?$", max_length=43)
]


class AttemptView(View):
    """A source that was asked and did not answer."""

    source: Text
    error: Text
    message: Text
    milliseconds: Number


# Sources.


class Documented(View):
    """Figures of the source's own documentation; nobody counted them here."""

    symbols: Count = None
    rate_limit: Text = None
    factors: Count = None
    asset_classes: list[str] | None = None
    data_types: list[str] | None = None


class SourceView(View):
    source_id: Text
    name: Text
    status: Text
    simulated: bool | None
    data_types: list[str] | None
    timeframes: list[str] | None
    symbols_supported: Count
    update_frequency: Text
    rate_limit: Text
    needs_key: bool | None
    adjustment: Text
    point_in_time: Text
    terms: Text
    latency_ms: Number
    requests: Count
    failures: Count
    documented: Documented | None


class SourcesData(View):
    available_sources: list[SourceView] | None
    failover_hierarchy: list[str] | None
    data_quality_scores: dict[str, Number] | None


SourcesReply = Envelope[SourcesData]


# History.


class HistoricalRequest(Body):
    symbol: Symbol
    data_type: DataKind = "bars"
    timeframe: Timeframe = "1d"
    start_date: When | None = None
    end_date: When | None = None
    sources: Annotated[list[SourceName], Field(max_length=20)] = Field(default_factory=list)
    fallback_enabled: bool = Field(
        default=True, description="Ask other sources, the simulated one last."
    )
    cache_result: bool = Field(default=True, description="Keep what a source sends in the store.")
    adjustment: Literal["none", "split", "total"] | None = Field(
        default=None, description="Of bars; by default as the source's prices are."
    )
    as_of: When | None = Field(default=None, description="Only what was known then.")
    format: Format = Field(default="json", description="csv, parquet or arrow are a file.")


class BarRow(View):
    """A bar; rows of other kinds have the columns of their table."""

    timestamp: Moment
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    vwap: Number = None


class RowQuality(View):
    completeness: Number
    source_reliability: Number
    latency_ms: Number


class Historical(View):
    symbol: Text
    data_type: Text
    timeframe: Text
    source_used: Text
    simulated: bool | None
    bars_count: Count
    data: list[BarRow] | list[dict[str, Any]] | None
    data_quality: RowQuality | None


class HistoricalMeta(Metadata):
    """What went into the answer."""

    request_time_ms: Number = None
    cache_hit: bool | None = None
    fallback_used: bool | None = None
    stale: bool | None = None
    simulated: bool | None = None
    adjustment: Text = None
    expected_basis: Text = None
    attempts: list[AttemptView] = Field(default_factory=list)


HistoricalReply = Envelope[Historical, HistoricalMeta]


# Quality.


class QualityFigures(View):
    data_completeness: Number = Field(validation_alias="completeness")
    timeliness_score: Number = Field(validation_alias="timeliness")
    accuracy_score: Number = Field(validation_alias="accuracy")
    consistency_score: Number = Field(validation_alias="consistency")
    plausibility_score: Number = Field(validation_alias="plausibility")
    score: Number


class IssueView(View):
    issue_type: Text
    timestamp: Moment
    severity: Text
    resolution: Text = Field(validation_alias=AliasChoices("action", "resolution"))
    value: Number
    expected: Number
    evidence: Text


class Compared(View):
    quality_score: Number
    uptime: Number
    agreement: Number = None
    requests: Count = None


class QualityData(View):
    symbol: Text
    source: Text
    simulated: bool | None
    timeframe: Text
    calendar: Text
    expected_basis: Text
    start: Moment
    end: Moment
    n_bars: Count
    n_expected: Count
    n_missing: Count
    n_extra: Count
    longest_gap: Count
    quality_metrics: QualityFigures | None
    weights: dict[str, Number] | None
    checks: dict[str, dict[str, int]] | None
    issue_counts: dict[str, int] | None
    quality_issues: list[IssueView] | None = Field(validation_alias="issues")
    source_comparison: dict[str, Compared] | None


QualityReply = Envelope[QualityData, HistoricalMeta]


# Latency.


class OverallLatency(View):
    avg_latency_ms: Number
    p50_latency_ms: Number
    p95_latency_ms: Number
    p99_latency_ms: Number
    message_count: Count = None


class SourceLatency(View):
    feed_latency_ms: Number = None
    api_latency_ms: Number = None
    processing_latency_ms: Number = None
    total_latency_ms: Number = None
    message_count: Count = None
    clock_offset_ms: Number = None
    latency_is_relative: bool | None = None


class SymbolLatency(View):
    avg_latency_ms: Number
    p99_latency_ms: Number = None
    message_count: Count


class LatencyData(View):
    overall_latency: OverallLatency | None
    source_latency: dict[str, SourceLatency] | None
    latency_by_symbol: dict[str, SymbolLatency] | None


LatencyReply = Envelope[LatencyData]


# Live subscriptions.


class DeliveryConfig(Body):
    delivery_method: Literal["websocket", "messagebus"] = "websocket"
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 1
    max_latency_ms: Annotated[float, Field(ge=1, le=60_000)] = 100.0
    deduplicate: bool = True
    conflate: bool = Field(
        default=True, description="A slow client gets the newest quote; trades are never dropped."
    )


class LiveFilters(Body):
    min_price_change: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Absolute, in the currency of the symbol."
    )
    min_volume_change: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Absolute, in shares since the last message that was sent."
    )


class ReplayRequest(Body):
    day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    speed: Annotated[float, Field(ge=1, le=1000)] = 1.0
    source: SourceName | None = None
    as_of: AwareDatetime | None = Field(default=None, description="Begin in the middle of the day.")


class SubscribeRequest(Body):
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=MOST_SYMBOLS)]
    data_types: Annotated[list[LiveKind], Field(min_length=1, max_length=6)] = Field(
        default=["quotes", "trades"]
    )
    sources: Annotated[list[SourceName], Field(max_length=20)] = Field(default_factory=list)
    delivery_config: DeliveryConfig = Field(default_factory=DeliveryConfig)
    filters: LiveFilters = Field(default_factory=LiveFilters)
    replay: ReplayRequest | None = Field(
        default=None, description="A stored day through the same path instead of live data."
    )
    fallback_enabled: bool = True


class SubscriptionView(View):
    subscription_id: Text
    symbols_subscribed: Count
    data_streams_active: Count
    estimated_messages_per_second: Number
    websocket_endpoint: Text
    symbols: list[str] | None
    topics: list[str] | None
    unknown: dict[str, str] | None
    source_used: Text
    simulated: bool | None
    expires_at: Moment
    connected: bool | None
    sent: Count
    filtered: Count
    conflated: Count
    duplicates: Count
    attempts: list[AttemptView] | None


class SubscriptionsData(View):
    subscriptions: list[SubscriptionView] | None
    total: Count


class Unsubscribed(View):
    subscription_id: Text
    cancelled: bool | None


SubscribeReply = Envelope[SubscriptionView, HistoricalMeta]
SubscriptionsReply = Envelope[SubscriptionsData]
UnsubscribedReply = Envelope[Unsubscribed]


# Reference data.


class InstrumentView(View):
    symbol: Text
    name: Text
    kind: Text
    asset_class: Text
    sector: Text
    gics_sector: Text
    exchange: Text
    currency: Text
    simulated_only: bool | None = Field(
        validation_alias=AliasChoices("simulated_only", "simulated")
    )
    classification: Text
    sources: dict[str, list[datetime]] | None = None


class SymbolsData(View):
    symbols: list[str] | None
    total: Count
    by_source: dict[str, int] | None


ReferenceReply = Envelope[InstrumentView]
SymbolsReply = Envelope[SymbolsData]
