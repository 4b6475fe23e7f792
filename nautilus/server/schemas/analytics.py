"""Bodies and views of P&L, performance, attribution, benchmark comparison and the live stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from nautilus.server.schemas.bases import (
    Body,
    Count,
    Envelope,
    Finite,
    LongBody,
    Many,
    Metadata,
    Moment,
    Number,
    Symbol,
    Text,
    View,
)

__all__ = [
    "AttributionReply",
    "AttributionRequest",
    "CalculateReply",
    "CalculateRequest",
    "ComparisonReply",
    "FillBody",
    "Heartbeat",
    "PeriodWord",
    "PointBody",
    "PnlUpdate",
    "PositionBody",
    "PositionUpdate",
    "Rate",
    "StreamReset",
]

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3,5}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PeriodWord = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,8}$")]
Rate = Annotated[float, Field(allow_inf_nan=False, gt=-1.0, le=10.0)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0.0)]
PerYear = Annotated[float, Field(allow_inf_nan=False, gt=0.0, le=525_600.0)]
Factors = Annotated[list[Label], Field(min_length=1, max_length=20)]


def _aware(moment: datetime) -> datetime:
    if not 1700 <= moment.year < 2200:  # what nanoseconds hold, with room for zones and windows
        raise ValueError("must be between the years 1700 and 2200")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_aware)]


class PositionBody(Body):
    """A position."""

    symbol: Symbol
    quantity: Finite
    avg_cost: Finite | None = Field(default=None, description="Price paid for one unit.")
    current_price: Finite | None = Field(
        default=None, description="Else the one in `prices`, else the last close that is known."
    )
    asset_class: Label | None = None
    sector: Label | None = None
    currency: Currency | None = Field(default=None, description="Default: the request's currency.")
    multiplier: Positive = Field(default=1.0, description="Units in one contract.")


class FillBody(Body):
    """A trade; its names are those of `nautilus.accounting.Fill`."""

    timestamp: Instant
    symbol: Symbol
    quantity: Finite = Field(description="Negative when sold.")
    price: Finite
    fee: Finite = 0.0
    currency: Currency | None = None
    multiplier: Positive = 1.0
    fill_id: Label | None = None


class PointBody(Body):
    """A value at a time; a plain number in a list is a value without one."""

    timestamp: Instant | None = None
    value: Finite | None


def _as_point(item: Any) -> Any:
    return item if isinstance(item, dict) else {"value": item}


SeriesBody = Many[
    Annotated[
        PointBody, BeforeValidator(_as_point, json_schema_input_type=Finite | PointBody | None)
    ]
]


class CalculationOptions(Body):
    """What to compute, and over which time."""

    include_attribution: bool = True
    time_period: PeriodWord = Field(
        default="1D", description="Realised P&L counts from fills of this period up to now."
    )
    metrics_window: PeriodWord = Field(default="1Y", description="Window of the ratio metrics.")
    risk_free_rate: Rate = Field(default=0.0, description="Per annum, converted geometrically.")
    periods_per_year: PerYear = Field(default=252.0, description="Of the returns.")


class CalculateRequest(Body):
    """Positions, or nothing for those that are stored; series that come with it win."""

    positions: Annotated[Many[PositionBody], Field(min_length=1)] | None = None
    benchmark: Symbol | None = None
    calculation_options: CalculationOptions = Field(default_factory=CalculationOptions)
    fills: Many[FillBody] | None = None
    prices: dict[Symbol, Finite] | None = Field(default=None, max_length=10_000)
    returns: SeriesBody | None = Field(default=None, description="Simple returns of the portfolio.")
    nav_history: SeriesBody | None = None
    benchmark_returns: SeriesBody | None = None
    currency: Currency | None = Field(
        default=None, description="Base currency; needed with several."
    )
    fx_rates: dict[Currency, Positive] | None = Field(
        default=None, max_length=200, description="Value of one unit in the base currency."
    )
    fallback_enabled: bool = Field(default=True, description="Let the simulated source answer.")

    @model_validator(mode="after")
    def _one_series(self) -> CalculateRequest:
        if self.returns is not None and self.nav_history is not None:
            raise ValueError("send `returns` or `nav_history`, not both")
        return self


class PerformanceMetrics(View):
    """Annualised, but the drawdown, which is <= 0; null where `metadata.warnings` says why."""

    sharpe_ratio: Number = None
    alpha: Number = Field(default=None, description="Jensen's, per annum.")
    beta: Number = None
    max_drawdown: Number = Field(default=None, description="<= 0.")
    volatility: Number = Field(default=None, validation_alias="annualized_volatility")
    annualized_return: Number = None
    total_return: Number = None
    sortino_ratio: Number = None
    correlation: Number = None
    tracking_error: Number = None
    information_ratio: Number = None


class PnlAttribution(View):
    """Total P&L in money."""

    attribution_unit: Text = "currency"
    sector_attribution: dict[str, Number] | None = Field(validation_alias="by_sector")
    security_attribution: dict[str, Number] | None = Field(validation_alias="by_security")
    asset_class_attribution: dict[str, Number] | None = Field(validation_alias="by_asset_class")


class Calculation(View):
    """P&L in money of `currency`; `_percent` is percent, the rest are fractions."""

    portfolio_id: Text
    total_pnl: Number
    total_pnl_percent: Number
    total_pnl_fraction: Number
    unrealized_pnl: Number = Field(validation_alias="unrealised_pnl")
    realized_pnl: Number = Field(validation_alias="realised_pnl")
    dividends: Number
    fees: Number
    market_value: Number
    cost_basis: Number
    currency: Text
    weights: dict[str, Number] | None
    performance_metrics: PerformanceMetrics | None
    attribution: PnlAttribution | None


class CalculationMeta(Metadata):
    """What went into the answer."""

    calculation_time_ms: Number
    positions_analyzed: Count
    benchmark_used: Text
    metrics_source: Text
    metrics_function: Text
    metrics_window: Text
    time_period: Text
    risk_free_rate: Number
    periods_per_year: Number
    simulated: bool | None


CalculateReply = Envelope[Calculation, CalculationMeta]


class SegmentReturns(Body):
    """Return of a segment on both sides."""

    portfolio: Finite
    benchmark: Finite


class AttributionRequest(LongBody):
    """What to attribute; inputs that come with it win over what is stored."""

    attribution_type: Literal["factor", "brinson", "sector"] = "factor"
    factors: Factors = Field(
        default_factory=lambda: ["size", "value", "momentum", "quality", "low_volatility"]
    )
    time_period: PeriodWord = "1M"
    benchmark: Symbol | None = None
    positions: Annotated[Many[PositionBody], Field(min_length=1)] | None = None
    portfolio_weights: dict[Label, Finite] | None = Field(default=None, max_length=10_000)
    benchmark_weights: dict[Label, Finite] | None = Field(default=None, max_length=10_000)
    sector_returns: dict[Label, SegmentReturns | Finite] | None = Field(
        default=None, max_length=10_000, description="One number stands for both sides."
    )
    returns: SeriesBody | None = None
    benchmark_returns: SeriesBody | None = None
    factor_returns: dict[Label, Finite | Many[Finite]] | None = Field(
        default=None, max_length=20, description="Of the period, or one for each return."
    )
    exposures: dict[Label, Finite] | None = Field(
        default=None, max_length=20, description="Active exposures; else by regression."
    )
    fallback_enabled: bool = True


class SegmentEffects(View):
    """Effects of one segment; selection without the interaction."""

    segment: Text
    allocation: Number = None
    selection: Number = None
    interaction: Number = None
    trading: Number = None


class AttributionData(View):
    """Two complete decompositions of the active return; never add them up."""

    portfolio_id: Text
    attribution_type: Text
    attribution_unit: Text = "return"
    total_return: Number = Field(validation_alias="portfolio_return")
    benchmark_return: Number
    active_return: Number
    factor_attribution: dict[str, Number] | None = Field(validation_alias="factor_effects")
    specific: Number = Field(validation_alias="specific_effect")
    factor_residual: Number
    factor_exposures: dict[str, Number] | None
    security_selection: Number = Field(
        validation_alias="selection_effect", description="The interaction included."
    )
    allocation_effect: Number
    interaction: Number = Field(
        validation_alias="interaction_effect", description="Part of `security_selection`."
    )
    trading_effect: Number
    residual: Number
    segments: list[SegmentEffects] | None = Field(validation_alias="segment_effects")


class AttributionMeta(Metadata):
    """What went into the answer."""

    benchmark_used: Text
    time_period: Text
    returns_source: Text
    segment_level: Text
    interaction_mode: Text = "with_selection"
    linking: Text
    simulated: bool | None


AttributionReply = Envelope[AttributionData, AttributionMeta]


class Comparison(View):
    """Figures for the period; `_annualized` ones are per annum. Fractions."""

    portfolio_id: Text
    benchmark: Text
    period: Text
    portfolio_return: Number
    benchmark_return: Number
    excess_return: Number
    tracking_error: Number
    information_ratio: Number
    correlation: Number
    beta: Number
    alpha: Number
    information_ratio_annualized: Number
    tracking_error_annualized: Number
    alpha_annualized: Number
    r_squared: Number
    up_capture: Number
    down_capture: Number
    n_observations: Count = Field(validation_alias="n_used")


class ComparisonMeta(Metadata):
    """What went into the answer."""

    benchmark_used: Text
    returns_source: Text
    risk_free_rate: Number
    periods_per_year: Number
    simulated: bool | None


ComparisonReply = Envelope[Comparison, ComparisonMeta]


class PnlUpdate(View):
    """A line of the stream: P&L of the portfolio, the sum of its positions."""

    event: Text = "pnl_update"
    portfolio_id: Text
    pnl: Number
    timestamp: Moment
    seq: Count
    simulated: bool | None


class PositionUpdate(View):
    """A line of the stream: one position at its newest price."""

    event: Text = "position_update"
    portfolio_id: Text
    symbol: Text
    current_price: Number
    pnl: Number
    timestamp: Moment
    seq: Count
    price_source: Text


class StreamReset(View):
    """What the client knows is void; everything that is known now follows."""

    event: Text = "reset"
    portfolio_id: Text
    reason: Text
    message: Text = None
    timestamp: Moment


class Heartbeat(View):
    """Nothing has changed; `no_prices` says that nothing ticks either."""

    event: Text = "heartbeat"
    portfolio_id: Text
    no_prices: bool | None
    timestamp: Moment
    seq: Count
