"""Technical and fundamental features, in one answer, in batches and as they change."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from nautilus.server.schemas.bases import (
    Body,
    Count,
    Envelope,
    LongBody,
    Metadata,
    Moment,
    Number,
    Symbol,
    Text,
    View,
)
from nautilus.server.schemas.marketdata import SourceName, Timeframe, When

__all__ = [
    "BatchReply",
    "BatchRequest",
    "FundamentalReply",
    "FundamentalRequest",
    "ImportanceReply",
    "ImportanceRequest",
    "TechnicalReply",
    "TechnicalRequest",
]

MOST_BARS = 100_000
Group = Literal["momentum", "trend", "volume", "volatility"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")]
FeatureType = Literal["valuation", "profitability", "growth", "efficiency"]
Option = float | Annotated[str, StringConstraints(max_length=32)]


# Technical.


class Bar(Body):
    timestamp: AwareDatetime | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None


class Bars(Body):
    ohlcv: Annotated[list[Bar], Field(max_length=MOST_BARS)]


class TechnicalRequest(Body):
    symbol: Symbol
    data: Bars | None = Field(default=None, description="Bars in order; none with stored history.")
    indicators: dict[Group, Annotated[list[Name], Field(max_length=64)]] | None = Field(
        default=None, max_length=4, description="By group; without it all 27."
    )
    parameters: Annotated[dict[Name, Option], Field(max_length=128)] = Field(
        default_factory=dict, description="`rsi_period`, `macd_fast`: indicator and option."
    )
    history: Literal["request", "stored"] = Field(
        default="request", description="stored: earlier bars of one source are put before."
    )
    timeframe: Timeframe = Field(default="1d", description="Of the bars.")
    fallback_enabled: bool = Field(default=True, description="Let the simulated source answer.")


class SignalCounts(View):
    bullish_signals: Count
    bearish_signals: Count
    neutral_signals: Count
    overall_signal: Text
    signal_strength: Number
    signals: dict[str, str] | None = None


class Needed(View):
    have: Count
    need: Count


class Technical(View):
    symbol: Text
    timestamp: Moment
    technical_indicators: dict[str, dict[str, Number]] | None
    feature_summary: SignalCounts | None
    warmup: dict[str, Needed] | None = Field(
        description="Bars there are and bars a value takes, for what is null."
    )


class TechnicalMeta(Metadata):
    """What went into the answer."""

    calculation_time_ms: Number = None
    indicators_calculated: Count = None
    data_points_used: Count = None
    history: Text = None
    history_bars: Count = None
    simulated: bool | None = None


TechnicalReply = Envelope[Technical, TechnicalMeta]


# Fundamental.


class FundamentalRequest(Body):
    symbol: Symbol
    data_sources: Annotated[list[SourceName], Field(max_length=20)] = Field(default_factory=list)
    feature_types: Annotated[list[FeatureType], Field(min_length=1, max_length=4)] = Field(
        default=["valuation", "profitability", "growth", "efficiency"]
    )
    normalization: Literal["industry_relative", "none"] = "industry_relative"
    as_of: When | None = Field(default=None, description="Only what had been filed by then.")
    fallback_enabled: bool = True


class Ranking(View):
    percentile: Number
    rank: Count
    total_companies: Count


class Fundamental(View):
    symbol: Text
    fundamental_features: dict[str, dict[str, Number]] | None
    fundamental_score: Number
    industry_ranking: Ranking | None
    period_end: Moment
    as_of: Moment


class FundamentalMeta(Metadata):
    """What went into the answer."""

    price: Number = None
    price_date: Moment = None
    sector: Text = None
    peers: list[str] = Field(default_factory=list)
    fallback_used: bool | None = None
    simulated: bool | None = None


FundamentalReply = Envelope[Fundamental, FundamentalMeta]


# Batches.


class BatchRequest(LongBody):
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=500)]
    feature_types: Annotated[
        list[Literal["technical", "fundamental"]], Field(min_length=1, max_length=2)
    ] = Field(default=["technical", "fundamental"])
    calculation_date: When | None = None
    output_format: Literal["dataframe", "records", "csv", "parquet", "arrow"] = "dataframe"
    include_metadata: bool = True
    fallback_enabled: bool = True


class FeatureTable(View):
    columns: list[str] | None
    data: list[list[Any]] | None


class BatchStatistics(View):
    symbols_processed: Count
    features_per_symbol: Count
    processing_time_ms: Number
    success_rate: Number


class Batch(View):
    batch_id: Text
    features_dataframe: FeatureTable | None = None
    records: list[dict[str, Any]] | None = None
    processing_statistics: BatchStatistics | None
    failed: dict[str, str] | None = Field(description="Symbols without features, and why.")


class BatchMeta(Metadata):
    """What went into the answer."""

    calculation_date: Text = None
    sources: dict[str, str] | None = None
    last_bars: dict[str, str] | None = Field(
        default=None, description="Date of the last bar of each symbol: a stale one shows here."
    )
    simulated: bool | None = None


BatchReply = Envelope[Batch, BatchMeta]


# Importance.


class ImportanceRequest(LongBody):
    target_variable: Annotated[
        str, StringConstraints(pattern=r"^future_returns_[1-9][0-9]{0,2}d$")
    ] = "future_returns_1d"
    features: Annotated[list[Name], Field(min_length=1, max_length=60)]
    analysis_period: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}[DWMY]$")] = "1Y"
    method: Literal["mutual_information", "permutation", "correlation"] = "mutual_information"
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=100)] | None = None
    n_permutations: Annotated[int, Field(ge=19, le=999)] = 99
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    fallback_enabled: bool = True


class Importance(View):
    feature: Text
    importance_score: Number
    rank: Count
    correlation_to_target: Number
    raw_score: Number
    noise_floor: Number
    p_value: Number
    above_noise: bool | None


class Importances(View):
    feature_importance: list[Importance] | None
    feature_groups: dict[str, Number] | None


class ImportanceMeta(Metadata):
    """What went into the answer."""

    symbols: list[str] = Field(default_factory=list)
    method: Text = None
    horizon: Count = None
    seed: Count = None
    simulated: bool | None = None


ImportanceReply = Envelope[Importances, ImportanceMeta]
