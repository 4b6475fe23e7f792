"""Profit and loss of the positions held now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.holdings import read_positions
from nautilus.analytics.html_tables import html_table, percent
from nautilus.analytics.position_table import (
    UNCLASSIFIED,
    PositionTable,
    Realised,
    base_rates,
    grouped,
    held_prices,
    ledger_totals,
    position_table,
    required_fields,
)
from nautilus.core.errors import DataError
from nautilus.core.results import Reason, Result

__all__ = ["PortfolioPnl", "portfolio_pnl"]

Floats = NDArray[np.float64]
_HTML_ROWS = 40
_MOST_BARS = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PortfolioPnl(Result):
    """Profit and loss of positions, in money of `currency` unless the name says percent.

    Parameters
    ----------
    total_pnl : float
        Unrealised + realised + dividends - fees.
    total_pnl_percent : float
        100 times `total_pnl` over the absolute cost of all positions; NaN when that is 0.
    unrealised_pnl, realised_pnl, dividends, fees : float
    market_value, cost_basis : float
        Sums over positions, shorts negative.
    gross_cost : float
        Sum of absolute costs.
    currency : str
    by_security, by_sector, by_asset_class : mapping of label -> total P&L
    weights : mapping of symbol -> fraction of `market_value`
    symbols : tuple of str
        Labels of the arrays below, one for each symbol.
    quantities, market_values, cost_bases, unrealised : array (symbol,)

    Examples
    --------
    >>> short = {"symbol": "X", "quantity": -10, "price": 90.0, "average_cost": 100.0}
    >>> portfolio_pnl([short])
    PortfolioPnl(total_pnl=100.00 USD, total_pnl_percent=10, market_value=-900.00, positions=1)
    """

    total_pnl: float
    total_pnl_percent: float
    unrealised_pnl: float
    realised_pnl: float
    dividends: float
    fees: float
    market_value: float
    cost_basis: float
    gross_cost: float
    currency: str
    by_security: Mapping[str, float]
    by_sector: Mapping[str, float]
    by_asset_class: Mapping[str, float]
    weights: Mapping[str, float]
    symbols: tuple[str, ...]
    quantities: Floats
    market_values: Floats
    cost_bases: Floats
    unrealised: Floats

    @property
    def total_pnl_fraction(self) -> float:
        """`total_pnl_percent` as a fraction."""
        return self.total_pnl_percent / 100.0

    @property
    def n_positions(self) -> int:
        """Number of different symbols."""
        return len(self.symbols)

    def to_frame(self) -> Any:
        """One row for each symbol: quantity, values, unrealised and total P&L, weight."""
        from nautilus.core.frames import labelled_frame

        columns = {
            "quantity": self.quantities,
            "market_value": self.market_values,
            "cost_basis": self.cost_bases,
            "unrealised_pnl": self.unrealised,
            "total_pnl": [self.by_security[s] for s in self.symbols],
            "weight": [self.weights[s] for s in self.symbols],
        }
        return labelled_frame(self.symbols, columns, "symbol")

    def plot(self, ax: Any = None) -> Any:
        """Bars of total P&L by symbol, the largest gains and losses; returns the axes."""
        from nautilus.core.plot import bars, new_axes

        far = sorted(self.by_security.items(), key=lambda item: -abs(item[1]))[:_MOST_BARS]
        shown = sorted(far, key=lambda item: -item[1])
        if ax is None:
            title, tall = f"P&L by security, {self.currency}", (8.0, max(3.6, 0.3 * len(shown)))
            ax = new_axes(title=title, size=tall)
        return bars(ax, [name for name, _ in shown], [value for _, value in shown], horizontal=True)

    def __repr__(self) -> str:
        return (
            f"PortfolioPnl(total_pnl={self.total_pnl:,.2f} {self.currency},"
            f" total_pnl_percent={self.total_pnl_percent:.4g},"
            f" market_value={self.market_value:,.2f}, positions={self.n_positions})"
        )

    def _repr_html_(self) -> str:
        held = zip(self.symbols, self.quantities, self.market_values, self.cost_bases, strict=True)
        lines = [
            [s, f"{q:,g}", f"{v:,.2f}", f"{c:,.2f}", f"{self.by_security[s]:,.2f}",
             percent(self.weights[s], 2)]
            for s, q, v, c in held
        ]  # fmt: skip
        total = [
            "total", "", f"{self.market_value:,.2f}", f"{self.cost_basis:,.2f}",
            f"{self.total_pnl:,.2f}", "",
        ]  # fmt: skip
        header = ["symbol", "quantity", "market value", "cost", "P&L", "weight"]
        notes = [
            f"P&L {self.total_pnl_percent:.2f} % of cost, in {self.currency}",
            *(r.message for r in self.reasons),
        ]
        return html_table("Portfolio P&L", header, [*lines[:_HTML_ROWS], total], notes)


def portfolio_pnl(
    positions: Any,
    prices: Any = None,
    *,
    events: Any = None,
    fx_rates: Mapping[str, float] | None = None,
    base_currency: str | None = None,
    since: datetime | None = None,
) -> PortfolioPnl:
    """P&L of the positions held now, in money of the base currency.

    Unrealised P&L of a position is quantity x (price - average cost) x multiplier, so a short
    (quantity < 0) gains when its price falls.

    Parameters
    ----------
    positions : sequence of Position or mappings, or a frame with those columns
        `Position(symbol, quantity, price, average_cost, sector, asset_class, currency,
        multiplier)`. Several rows of one symbol are added up.
    prices : mapping, Series or panel (time, symbol), optional
        Prices by symbol instead of those of the positions; of a panel the last row counts. It may
        name more symbols than are held.
    events : sequence of accounting events, optional
        Fills, dividends, fees ...: the ledger over them gives realised P&L, dividends and fees,
        and the average cost where a position has none. Without them realised P&L is 0.0 with
        reason ``NO_FILLS``. Quantities that differ from the ledger's are said
        (``POSITIONS_DIFFER``).
    fx_rates : mapping of currency -> value of one unit in base currency, optional
        Needed when positions have several currencies, or one that is not `base_currency`. Costs
        are converted at the same rate: positions alone do not know their FX effect.
    base_currency : str, optional
        The positions' own currency by default.
    since : datetime, optional
        Realised P&L, dividends and fees count from events at or after this time only; what is
        unrealised is always against cost.

    Returns
    -------
    PortfolioPnl
        `total_pnl_percent` is NaN (``UNDEFINED_RATIO``) when no cost stands against it; figures
        that need an unknown average cost are NaN (``COST_UNKNOWN``).

    Raises
    ------
    DataError
        A price, quantity, cost or multiplier that is NaN or infinite.
    LabelError
        A held symbol without a price in `prices`.
    MissingInputError
        Several currencies without `fx_rates`; a position without a required field.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> from nautilus.accounting.holdings import Position
    >>> held = [Position("AAPL", 100, 155.0, average_cost=150.0, sector="technology")]
    >>> result = portfolio_pnl(held)
    >>> result.total_pnl, round(result.total_pnl_percent, 4), dict(result.by_sector)
    (500.0, 3.3333, {'technology': 500.0})
    """
    held = read_positions(positions, required=required_fields(prices))
    if not held:
        raise DataError("`positions` must hold at least one position.", field="positions")
    currency, rates = base_rates(held, fx_rates, base_currency)
    realised = Realised() if events is None else ledger_totals(events, fx_rates, currency, since)
    table = position_table(held, held_prices(held, prices), realised.average_costs, rates)
    return _pnl(table, realised, currency, has_events=events is not None)


def _sums(labels: Sequence[str], values: Floats) -> dict[str, float]:
    members, names = grouped(labels)
    return dict(zip(names, np.bincount(members, values, len(names)).tolist(), strict=True))


def _pnl(
    table: PositionTable, realised: Realised, currency: str, *, has_events: bool
) -> PortfolioPnl:
    unrealised = table.market_values - table.cost_bases
    traded = {*realised.realised, *realised.dividends, *realised.fees}
    symbols = [*table.symbols, *sorted(traded - set(table.symbols))]
    closed = [UNCLASSIFIED] * (len(symbols) - len(table.symbols))
    pnl = np.array([realised.earned(s) for s in symbols], dtype=np.float64)
    pnl[: len(unrealised)] += unrealised
    total, gross = float(pnl.sum()), float(table.gross_costs.sum())
    value = float(table.market_values.sum())
    return PortfolioPnl(
        total_pnl=total,
        total_pnl_percent=100.0 * total / gross if gross else math.nan,
        unrealised_pnl=float(unrealised.sum()),
        realised_pnl=math.fsum(realised.realised.values()),
        dividends=math.fsum(realised.dividends.values()),
        fees=math.fsum(realised.fees.values()),
        market_value=value,
        cost_basis=float(table.cost_bases.sum()),
        gross_cost=gross,
        currency=currency,
        by_security=_sums(symbols, pnl),
        by_sector=_sums([*table.sectors, *closed], pnl),
        by_asset_class=_sums([*table.asset_classes, *closed], pnl),
        weights=_weights(table, value),
        symbols=table.symbols,
        quantities=table.quantities,
        market_values=table.market_values,
        cost_bases=table.cost_bases,
        unrealised=unrealised,
        reasons=_reasons(table, realised, gross, value, has_events=has_events),
    )


def _weights(table: PositionTable, value: float) -> dict[str, float]:
    shares = table.market_values / value if value else np.full(len(table.symbols), math.nan)
    return dict(zip(table.symbols, shares.tolist(), strict=True))


def _reasons(
    table: PositionTable, realised: Realised, gross: float, value: float, *, has_events: bool
) -> tuple[Reason, ...]:
    found = []
    if not has_events:
        message = "No fills were given, so realised P&L is not known and counts as 0."
        found.append(Reason("NO_FILLS", ("realised_pnl",), message))
    elif others := _not_as_booked(table, realised):
        message = f"Positions differ from what the events leave of {', '.join(others[:5])}."
        found.append(Reason("POSITIONS_DIFFER", ("total_pnl",), message, float(len(others)), 0.0))
    unknown = np.isnan(table.cost_bases)
    if unknown.any():
        names = [s for s, bad in zip(table.symbols, unknown, strict=True) if bad]
        message = f"No average cost is known for {', '.join(names[:5])}."
        found.append(Reason("COST_UNKNOWN", _NEEDS_COST, message, float((~unknown).sum())))
    elif not gross:
        message = "No cost stands against the P&L, so a percentage has no meaning."
        found.append(Reason("UNDEFINED_RATIO", _RATIOS, message, 0.0))
    if not value:
        message = "Market values sum to 0, so weights have no meaning."
        found.append(Reason("UNDEFINED_RATIO", ("weights",), message, 0.0))
    return tuple(found)


def _not_as_booked(table: PositionTable, realised: Realised) -> list[str]:
    """Symbols whose quantity is not the one that the ledger holds."""
    held = dict(zip(table.symbols, table.quantities.tolist(), strict=True))
    booked = realised.quantities
    return [
        s
        for s in dict.fromkeys((*held, *booked))
        if not math.isclose(held.get(s, 0.0), booked.get(s, 0.0), rel_tol=1e-9, abs_tol=1e-9)
    ]


_RATIOS = ("total_pnl_percent", "total_pnl_fraction")
_NEEDS_COST = (
    "total_pnl", *_RATIOS, "unrealised_pnl", "cost_basis", "gross_cost", "by_security",
    "by_sector", "by_asset_class", "cost_bases", "unrealised",
)  # fmt: skip
