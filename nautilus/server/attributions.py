"""What an attribution request is about: its own inputs, or what is stored and simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from nautilus.accounting.book import run_ledger
from nautilus.accounting.events import Fill
from nautilus.analytics.book_periods import book_history
from nautilus.analytics.positions import portfolio_pnl
from nautilus.analytics.two_ways import ActiveAttribution, attribute_active_return
from nautilus.core.errors import MissingInputError, NotFoundError, ParameterError
from nautilus.core.frames import labelled_frame, time_frame
from nautilus.core.results import Reason
from nautilus.factors.style import STYLE_FACTORS, style_factor_returns
from nautilus.marketdata.fundamentals import simulate_fundamentals
from nautilus.marketdata.reference import find_instrument, known_symbols
from nautilus.server.calculations import benchmark_of, portfolio_of
from nautilus.server.deps import EngineDeps
from nautilus.server.schemas.analytics import AttributionRequest
from nautilus.server.track_records import panel_beside, series_of

if TYPE_CHECKING:
    from nautilus.server.panels import Panel
    from nautilus.server.state.portfolio import Portfolio

__all__ = ["Attributed", "attributed"]

FORMATION = 254  # sessions that momentum and low volatility read before the first day
FROM_PRICES = ("momentum", "low_volatility")
CASH = "cash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """An attribution and where its inputs are from."""

    result: ActiveAttribution
    factors: Sequence[str]
    source: str
    kind: str
    level: str
    benchmark: str | None
    simulated: bool = False
    as_of: date | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def factor_effects(self) -> dict[str, float | None]:
        """Effect of every factor that was asked for; None where it is not known."""
        known = self.result.factor_effects or {}
        return {name: known.get(name) for name in dict.fromkeys((*self.factors, *known))}


async def attributed(
    portfolio_id: str, body: AttributionRequest, deps: EngineDeps[Any]
) -> Attributed:
    """Attribution from the inputs of the request, else from what is stored for the portfolio.

    Raises
    ------
    MissingInputError
        A part of the inputs is missing; the message names the fields.
    NotFoundError
        Nothing is stored and neither inputs nor positions were sent.
    """
    weights = ("portfolio_weights", "benchmark_weights", "sector_returns")
    series = ("returns", "benchmark_returns", "factor_returns")
    if any(getattr(body, name) is not None for name in weights):
        _check_all(body, weights)
        return _of_segments(body)
    if body.returns is not None or body.benchmark_returns is not None:
        _check_all(body, series)
        return _of_series(body)
    if body.attribution_type == "sector":
        _check_all(body, weights)
    if body.factor_returns is not None:
        _check_all(body, series)
    return await _of_portfolio(portfolio_id, body, deps)


def _check_all(body: AttributionRequest, names: Sequence[str]) -> None:
    missing = [name for name in names if getattr(body, name) is None]
    if missing:
        raise MissingInputError(
            f"`{'`, `'.join(missing)}` must be sent as well: one answer never mixes sources.",
            field=missing[0],
            hint=f"Send all of {', '.join(names)}, or none of them for what is stored.",
        )


def _of_segments(body: AttributionRequest) -> Attributed:
    """One period: weights and returns of segments, factor returns with exposures."""
    given = body.sector_returns or {}
    sides = [
        {name: getattr(value, side, value) for name, value in given.items()}
        for side in ("portfolio", "benchmark")
    ]
    factors = _factor_table(body.factor_returns)
    result = attribute_active_return(
        portfolio_weights=body.portfolio_weights,
        benchmark_weights=body.benchmark_weights,
        portfolio_returns=sides[0],
        benchmark_returns=sides[1],
        factor_returns=factors,
        exposures=body.exposures if factors is not None else None,
    )
    lost = () if factors is not None else (_missing(_FACTOR_FIELDS, "factor_returns"),)
    return _from_request(body, result, "segment", lost)


def _of_series(body: AttributionRequest) -> Attributed:
    """Many periods: returns of both sides and of factors."""
    result = attribute_active_return(
        portfolio_returns=series_of(body.returns or (), "returns"),
        benchmark_returns=series_of(body.benchmark_returns or (), "benchmark_returns"),
        factor_returns=_factor_table(body.factor_returns),
        exposures=body.exposures,
    )
    return _from_request(body, result, "none", (_missing(_DECISION_FIELDS, "portfolio_weights"),))


def _from_request(
    body: AttributionRequest, result: ActiveAttribution, level: str, reasons: tuple[Reason, ...]
) -> Attributed:
    return Attributed(
        result=result,
        factors=list(body.factor_returns or {}),
        source="request",
        kind="request",
        level=level,
        benchmark=None,
        reasons=reasons,
    )


def _factor_table(given: Mapping[str, Any] | None) -> Any:
    if given is None:
        return None
    columns = {name: v if isinstance(v, list) else [v] for name, v in given.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise ParameterError(
            f"`factor_returns` must have one length, got {sorted(lengths)}.",
            field="factor_returns",
        )
    return labelled_frame(range(lengths.pop()), columns)


async def _of_portfolio(
    portfolio_id: str, body: AttributionRequest, deps: EngineDeps[Any]
) -> Attributed:
    """What the portfolio held in each session, by asset class, and style factors."""
    unknown = [name for name in body.factors if name not in STYLE_FACTORS]
    if unknown:
        raise ParameterError(
            f"`factors` must be of {', '.join(STYLE_FACTORS)}, got {unknown[0]!r}. Send"
            " `factor_returns` for others.",
            field="factors",
        )
    portfolio, _ = await portfolio_of(portfolio_id, body.positions, body, deps)
    symbol = benchmark_of(portfolio, body.benchmark, deps)
    booked = body.positions is None and bool(portfolio.events)
    held = await (_booked if booked else _backcast)(portfolio, body, symbol, deps)
    table, lost = await _styles(body.factors, held.panel, deps)
    result = await deps.cpu.thread(
        lambda: attribute_active_return(**held.inputs, factor_returns=table)
    )
    return Attributed(
        result=result,
        factors=body.factors,
        source=held.panel.source,
        kind="stored_fills" if booked else "holdings_backcast",
        level="asset_class",
        benchmark=symbol,
        simulated=held.panel.simulated,
        as_of=held.panel.as_of,
        reasons=lost,
    )


@dataclass(frozen=True, slots=True)
class _Held:
    panel: Panel
    inputs: dict[str, Any]


async def _panel(
    symbols: Sequence[str], body: AttributionRequest, benchmark: str, deps: EngineDeps[Any]
) -> Panel:
    panel, lost = await panel_beside(symbols, deps.history, body.time_period, benchmark)
    if panel.benchmark is None:
        raise MissingInputError(
            f"{lost[0].message} Send `benchmark_weights` and `sector_returns`.", field="benchmark"
        )
    if panel.simulated and not body.fallback_enabled:
        raise MissingInputError(
            "only the simulated source knows these symbols, and `fallback_enabled` is false. Send"
            " `portfolio_weights`, `benchmark_weights` and `sector_returns`.",
            field="portfolio_weights",
        )
    return panel


async def _booked(
    portfolio: Portfolio, body: AttributionRequest, benchmark: str, deps: EngineDeps[Any]
) -> _Held:
    """Weights and contributions of the ledger over the stored fills, marked at each close."""
    symbols = list(dict.fromkeys(e.symbol for e in portfolio.events if isinstance(e, Fill)))
    panel = await _panel(symbols, body, benchmark, deps)
    first = min(event.timestamp for event in portfolio.events)
    days = (deps.clock() - first).days + 1
    closes = await deps.history.prices(symbols, f"{days}D")
    rows = panel.returns.index

    def book() -> tuple[Any, Any]:
        kept = run_ledger(portfolio.events, closes.prices, cash=portfolio.cash)
        history = book_history(kept)
        shared = rows.intersection(history.weights.index)
        return history.weights.loc[shared], history.contributions.loc[shared]

    weights, contributions = await deps.cpu.thread(book)
    inputs = _inputs(portfolio, panel, weights, benchmark)
    return _Held(panel, {**inputs, "portfolio_contributions": contributions})


async def _backcast(
    portfolio: Portfolio, body: AttributionRequest, benchmark: str, deps: EngineDeps[Any]
) -> _Held:
    """Today's weights in every session."""
    weights = portfolio_pnl(portfolio.positions).weights
    panel = await _panel(list(weights), body, benchmark, deps)
    constant = {name: [weight] * panel.n for name, weight in weights.items()}
    frame = time_frame(panel.returns.index, constant)
    return _Held(panel, _inputs(portfolio, panel, frame, benchmark))


def _inputs(portfolio: Portfolio, panel: Panel, weights: Any, benchmark: str) -> dict[str, Any]:
    """The benchmark is one holding of its own asset class; cash earns nothing."""
    rows = weights.index
    own = panel.returns.loc[rows]
    if CASH in weights.columns:
        own[CASH] = 0.0
    classes = {p.symbol: p.asset_class for p in portfolio.positions if p.asset_class}
    labels = dict.fromkeys((*weights.columns, benchmark))
    return {
        "portfolio_weights": weights,
        "benchmark_weights": {benchmark: 1.0},
        "portfolio_returns": own,
        "benchmark_returns": time_frame(rows, {benchmark: panel.benchmark.loc[rows].to_numpy()}),
        "sectors": {label: _asset_class(label, classes) for label in labels},
    }


def _asset_class(label: str, known: Mapping[str, str]) -> str:
    if label == CASH:
        return CASH
    try:
        return known.get(label) or find_instrument(label).asset_class
    except NotFoundError:
        return "unclassified"


async def _styles(
    factors: Sequence[str], panel: Panel, deps: EngineDeps[Any]
) -> tuple[Any, tuple[Reason, ...]]:
    """Returns of the style factors in the sessions of a panel, from the same source."""
    stocks = [s for s in known_symbols(simulated=False) if find_instrument(s).kind == "stock"]
    closes = await deps.history.prices(stocks, panel.n + FORMATION, end=panel.as_of)
    facts = simulate_fundamentals(stocks) if closes.simulated else None
    known = [name for name in factors if facts is not None or name in FROM_PRICES]
    lost = tuple(
        Reason(
            "FACTOR_UNAVAILABLE",
            (f"factor_effects.{name}",),
            f"{name} needs fundamentals, and {closes.source} has none.",
        )
        for name in factors
        if name not in known
    )
    if not known:
        return None, lost
    table = await deps.cpu.thread(
        style_factor_returns, closes.prices, factors=known, fundamentals=facts
    )
    return table.loc[panel.returns.index], lost


def _missing(fields: Sequence[str], name: str) -> Reason:
    return Reason("MISSING_INPUT", tuple(fields), f"`{name}` was not sent.")


_FACTOR_FIELDS = ("factor_effects", "specific_effect", "factor_residual", "factor_exposures")
_DECISION_FIELDS = (
    "allocation_effect", "selection_effect", "interaction_effect", "trading_effect", "residual",
    "segment_effects",
)  # fmt: skip
