"""What an analytics request is about: the portfolio, its events, its P&L and its record."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from nautilus.accounting.events import Event, Fill
from nautilus.accounting.holdings import Position
from nautilus.analytics.positions import PortfolioPnl, portfolio_pnl
from nautilus.analytics.summary import PerformanceSummary, performance_summary
from nautilus.core.errors import (
    DataError,
    MissingInputError,
    NautilusError,
    NotFoundError,
    UnavailableError,
)
from nautilus.core.periods import parse_period
from nautilus.core.results import Reason
from nautilus.server.bus import topics
from nautilus.server.deps import EngineDeps
from nautilus.server.metrics import EngineMetrics
from nautilus.server.schemas.analytics import CalculateRequest, PositionBody
from nautilus.server.track_records import (
    TrackRecord,
    backcast_record,
    sent_record,
    series_of,
    stored_record,
)

if TYPE_CHECKING:
    from nautilus.server.state.portfolio import Portfolio

__all__ = [
    "METRICS",
    "benchmark_of",
    "counted",
    "portfolio_of",
    "measured_performance",
    "pnl_of",
    "record_of",
    "stored_track",
    "tell",
]

_log = logging.getLogger("nautilus.server.analytics")
METRICS = (
    "sharpe_ratio",
    "max_drawdown",
    "annualized_volatility",
    "annualized_return",
    "total_return",
    "sortino_ratio",
)
AGAINST = ("alpha", "beta", "correlation", "tracking_error", "information_ratio")
MOST_TOLD = 1000


@contextmanager
def counted(metrics: EngineMetrics) -> Iterator[None]:
    """Count what is refused by its kind."""
    try:
        yield
    except NautilusError as error:
        invalid = (error.field or "").startswith("positions")
        kind = "invalid_position" if invalid else error.code
        metrics.count("analytics_calculation_errors_total", error_type=kind)
        raise


async def portfolio_of(
    portfolio_id: str, positions: Sequence[PositionBody] | None, body: Any, deps: EngineDeps[Any]
) -> tuple[Portfolio, str | None]:
    """The stored portfolio with the positions of the request in it, and where prices are from.

    Raises
    ------
    NotFoundError
        Nothing is stored and no positions were sent.
    MissingInputError
        A position without a price that nobody knows.
    """
    if positions is None:
        return await deps.portfolios.resolve(portfolio_id), None
    prices, source = await _prices(positions, body, deps)
    currency = getattr(body, "currency", None) or "USD"
    rows = [_position(one, prices, currency) for one in positions]
    found = await deps.portfolios.resolve(
        portfolio_id, positions=rows, benchmark=body.benchmark, at=deps.clock()
    )
    return found, source


def benchmark_of(portfolio: Portfolio, asked: str | None, deps: EngineDeps[Any]) -> str:
    """The benchmark that was asked for, that of the portfolio, or that of the settings."""
    return asked or portfolio.benchmark or deps.settings.benchmark


async def pnl_of(
    portfolio: Portfolio, body: CalculateRequest, deps: EngineDeps[Any]
) -> tuple[PortfolioPnl, tuple[Reason, ...]]:
    """P&L of the positions over fills that were sent, else over stored ones that explain them."""
    positions = portfolio.positions
    several = {position.currency for position in positions}
    options: dict[str, Any] = {
        "fx_rates": body.fx_rates,
        "base_currency": body.currency or (portfolio.base_currency if len(several) > 1 else None),
        "since": _since(body.calculation_options.time_period, deps.clock()),
    }
    events = _events(portfolio, body)
    prices = {p.symbol: p.price for p in positions} | body.prices if body.prices else None
    size = 20 * (len(positions) + len(events or ()))

    async def over(known: Sequence[Event] | None) -> PortfolioPnl:
        return await deps.cpu.run(size, portfolio_pnl, positions, prices, events=known, **options)

    found = await over(events)
    differs = next((r for r in found.reasons if r.code == "POSITIONS_DIFFER"), None)
    if body.fills is not None or differs is None:
        return found, ()
    message = "The stored fills leave other positions than these, so they are not used."
    return await over(None), (Reason("STORED_FILLS_DIFFER", (), message, differs.have, 0.0),)


async def record_of(
    portfolio: Portfolio,
    weights: Mapping[str, float],
    body: CalculateRequest,
    benchmark: str,
    deps: EngineDeps[Any],
) -> TrackRecord | None:
    """The series of the request, else the stored ones, else what the holdings would have had."""
    beside = None
    if body.benchmark_returns is not None:
        beside = series_of(body.benchmark_returns, "benchmark_returns")
    if body.returns is not None:
        own = series_of(body.returns, "returns")
        return sent_record(returns=own, benchmark=beside, symbol=benchmark)
    if body.nav_history is not None:
        own = series_of(body.nav_history, "nav_history")
        return sent_record(nav=own, benchmark=beside, symbol=benchmark)
    window = body.calculation_options.metrics_window
    stored = body.positions is None
    return await stored_track(
        portfolio, weights, window, benchmark, deps, stored=stored, simulated=body.fallback_enabled
    )


async def stored_track(
    portfolio: Portfolio,
    weights: Mapping[str, float],
    window: str,
    benchmark: str,
    deps: EngineDeps[Any],
    *,
    stored: bool = True,
    simulated: bool = True,
) -> TrackRecord | None:
    """What is stored, else a backcast; None where nobody knows the symbols, or no weights are."""
    found = None
    if stored:
        found = await stored_record(portfolio, deps.history, window, benchmark, simulated=simulated)
    if found is not None or not weights:
        return found
    try:
        return await backcast_record(
            weights, deps.history, window, benchmark, run=deps.cpu.thread, simulated=simulated
        )
    except (NotFoundError, MissingInputError, DataError) as error:
        _log.debug("no returns of %s: %s", portfolio.id, error)
        return None


async def measured_performance(
    record: TrackRecord | None, body: CalculateRequest, deps: EngineDeps[Any]
) -> tuple[PerformanceSummary | None, tuple[Reason, ...]]:
    """Ratio metrics of a record, and why some are not there."""
    if record is None:
        message = "No returns are known: send `returns` or `nav_history`, or known symbols."
        lost = tuple(f"performance_metrics.{name}" for name in (*METRICS, *AGAINST))
        return None, (Reason("INSUFFICIENT_DATA", lost, message, 0.0, 2.0),)
    names = METRICS if record.benchmark is None else (*METRICS, *AGAINST)
    options = body.calculation_options
    summary = await deps.cpu.run(
        2 * record.n,
        performance_summary,
        record.returns,
        record.benchmark,
        risk_free_rate=options.risk_free_rate,
        periods_per_year=options.periods_per_year,
        interval=None,
        metrics=names,
    )
    return summary, record.reasons


async def tell(
    portfolio: Portfolio, pnl: PortfolioPnl, performance: Mapping[str, Any], deps: EngineDeps[Any]
) -> None:
    """Publish P&L, positions and performance, and have the risk engine check the portfolio."""
    rows = [_told(one) for one in portfolio.positions[:MOST_TOLD]]
    common = {"portfolio_id": portfolio.id, "timestamp": deps.clock(), "currency": pnl.currency}
    told = {"total_pnl": pnl.total_pnl, "market_value": pnl.market_value}
    more = {"unrealized_pnl": pnl.unrealised_pnl, "realized_pnl": pnl.realised_pnl}
    messages = (
        (topics.portfolio_pnl(portfolio.id), {**common, **told, **more}),
        (topics.portfolio_positions(portfolio.id), {**common, "positions": rows}),
        (topics.portfolio_performance(portfolio.id), {**common, **performance}),
        (topics.RISK_CHECK_REQUEST, {**common, "positions": rows}),
    )
    for topic, data in messages:
        try:
            await deps.bus.publish(topic, data)
        except UnavailableError as error:  # the answer is right whether or not somebody hears it
            _log.warning("not published on %s: %s", topic, error)


def _events(portfolio: Portfolio, body: CalculateRequest) -> Sequence[Event] | None:
    if body.fills is not None:
        return [
            Fill(**{"currency": body.currency or "USD", **fill.model_dump(exclude_none=True)})
            for fill in body.fills
        ]
    return portfolio.events or None


def _since(period: str, now: datetime) -> datetime:
    """The first moment of a period that ends now."""
    day = parse_period(period, "calculation_options.time_period").start(now).item()
    return datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)


def _told(position: Position) -> dict[str, Any]:
    """A position under the documented names."""
    return {
        "symbol": position.symbol,
        "quantity": position.quantity,
        "avg_cost": position.average_cost,
        "current_price": position.price,
        "market_value": position.market_value,
        "asset_class": position.asset_class,
        "sector": position.sector,
        "currency": position.currency,
        "multiplier": position.multiplier,
    }


async def _prices(
    positions: Sequence[PositionBody], body: Any, deps: EngineDeps[Any]
) -> tuple[Mapping[str, float], str | None]:
    """Prices that are not those of the positions themselves, and where looked-up ones are from."""
    given: dict[str, float] = getattr(body, "prices", None) or {}
    unknown = {p.symbol: None for p in positions if p.current_price is None} if positions else {}
    unpriced = [symbol for symbol in unknown if symbol not in given]
    if not unpriced:
        return given, None
    try:
        panel = await deps.history.prices(unpriced, 1, frame=False)
    except NotFoundError as error:
        raise _no_price(unpriced[0], error.message) from error
    if panel.simulated and not body.fallback_enabled:
        raise _no_price(unpriced[0], "`fallback_enabled` is false.")
    return {**panel.last, **given}, panel.source


def _position(sent: PositionBody, prices: Mapping[str, float], currency: str) -> Position:
    own = sent.current_price
    return Position(
        sent.symbol,
        sent.quantity,
        prices[sent.symbol] if own is None else prices.get(sent.symbol, own),
        average_cost=sent.avg_cost,
        sector=sent.sector,
        asset_class=sent.asset_class,
        currency=sent.currency or currency,
        multiplier=sent.multiplier,
    )


def _no_price(symbol: str, why: str) -> MissingInputError:
    return MissingInputError(
        f"no price of {symbol} is known: {why} Send `current_price`.",
        field="positions.current_price",
    )


async def stored_comparison(
    portfolio_id: str,
    benchmark: str | None,
    period: str,
    deps: EngineDeps[Any],
    *,
    simulated: bool,
) -> TrackRecord:
    """The record of a stored portfolio that has its benchmark beside it.

    Raises
    ------
    NotFoundError
        Unknown portfolio.
    MissingInputError
        No returns of the portfolio or of the benchmark are known.
    """
    portfolio = await deps.portfolios.get(portfolio_id)
    symbol = benchmark_of(portfolio, benchmark, deps)
    positions = portfolio.positions
    weights = portfolio_pnl(positions).weights if positions else {}
    record = await stored_track(portfolio, weights, period, symbol, deps, simulated=simulated)
    if record is None:
        raise MissingInputError(
            f"no returns of {portfolio_id} are known: store fills or net asset values, or known"
            " symbols.",
            field="nav_history",
        )
    if record.benchmark is None:
        raise MissingInputError(record.reasons[-1].message, field="benchmark")
    return record
