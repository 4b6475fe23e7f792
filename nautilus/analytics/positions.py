"""Profit and loss of the positions held now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.holdings import Position, read_positions
from nautilus.analytics.html_tables import html_table, percent
from nautilus.analytics.segments import read_segments
from nautilus.core.checks import check_positive
from nautilus.core.errors import DataError, LabelError, MissingInputError
from nautilus.core.frames import rows
from nautilus.core.results import Reason, Result

__all__ = ["PortfolioPnl", "portfolio_pnl"]

Floats = NDArray[np.float64]
UNCLASSIFIED = "UNCLASSIFIED"
_HTML_ROWS = 40


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
        """Bars of total P&L by symbol, largest first; returns the axes."""
        from nautilus.core.plot import new_axes

        ax = new_axes(title=f"P&L by security, {self.currency}") if ax is None else ax
        ordered = sorted(self.by_security.items(), key=lambda item: item[1])[-_HTML_ROWS:]
        ax.barh([name for name, _ in ordered], [value for _, value in ordered])
        ax.set_xlabel(f"P&L, {self.currency}")
        return ax

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
        reason ``NO_FILLS``.
    fx_rates : mapping of currency -> value of one unit in base currency, optional
        Needed when positions have several currencies, or one that is not `base_currency`.
    base_currency : str, optional
        The positions' own currency by default.

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
    held = read_positions(positions, required=_required(prices))
    if not held:
        raise DataError("`positions` must hold at least one position.", field="positions")
    realised = _Realised() if events is None else _ledger_totals(events, fx_rates, base_currency)
    currency, rates = _rates(held, fx_rates, base_currency)
    table = _table(held, _prices(held, prices), realised.average_costs, rates)
    return _pnl(table, realised, currency, has_events=events is not None)


@dataclass(frozen=True, slots=True)
class _Realised:
    """What the ledger over the events says, by symbol and in base currency."""

    realised: Mapping[str, float] = field(default_factory=dict)
    dividends: Mapping[str, float] = field(default_factory=dict)
    fees: Mapping[str, float] = field(default_factory=dict)
    average_costs: Mapping[str, float] = field(default_factory=dict)


def _ledger_totals(
    events: Any, fx_rates: Mapping[str, float] | None, base_currency: str | None
) -> _Realised:
    from nautilus.accounting import run_ledger

    book = run_ledger(events, fx_rates=fx_rates, base_currency=base_currency or "USD")
    lines = {row["symbol"]: row for row in rows(book.pnl)}
    return _Realised(
        realised={s: float(row["realised"]) for s, row in lines.items()},
        dividends={s: float(row["dividends"]) for s, row in lines.items()},
        fees={s: float(row["fees"]) for s, row in lines.items()},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Positions by symbol, in base currency."""

    symbols: tuple[str, ...]
    sectors: tuple[str, ...]
    asset_classes: tuple[str, ...]
    quantities: Floats
    market_values: Floats
    cost_bases: Floats
    gross_costs: Floats


def _required(prices: Any) -> tuple[str, ...]:
    return ("symbol", "quantity") if prices is not None else ("symbol", "quantity", "price")


def _prices(held: Sequence[Position], prices: Any) -> Floats:
    if prices is None:
        return np.array([p.price for p in held], dtype=np.float64)
    known = _latest(prices)
    missing = sorted({p.symbol for p in held if p.symbol not in known})
    if missing:
        raise LabelError(
            f"`prices` must have a price for {', '.join(missing[:5])}"
            f"{f' and {len(missing) - 5} more' if len(missing) > 5 else ''}.",
            field="prices",
        )
    return np.array([known[p.symbol] for p in held], dtype=np.float64)


def _latest(prices: Any) -> dict[Any, float]:
    part = read_segments(prices, "prices")
    return dict(zip(part.labels, part.values[-1].tolist(), strict=True))


def _rates(
    held: Sequence[Position], fx_rates: Mapping[str, float] | None, base_currency: str | None
) -> tuple[str, Floats]:
    """The base currency, and the value in it of one unit of each position's currency."""
    used = {p.currency for p in held}
    if base_currency is None and len(used) == 1:
        return next(iter(used)), np.ones(len(held))
    if base_currency is None:
        raise MissingInputError(
            f"`positions` have several currencies ({', '.join(sorted(used))})."
            " Pass base_currency= and fx_rates=.",
            field="base_currency",
        )
    known = {**(fx_rates or {}), base_currency: 1.0}
    missing = sorted(used - set(known))
    if missing:
        raise MissingInputError(
            f"`fx_rates` must give the value of one {missing[0]} in {base_currency}.",
            field="fx_rates",
        )
    for name in sorted(used):
        check_positive(known[name], f"fx_rates[{name}]")
    return base_currency, np.array([float(known[p.currency]) for p in held])


def _table(
    held: Sequence[Position], prices: Floats, ledger_costs: Mapping[str, float], rates: Floats
) -> _Table:
    quantities = np.array([p.quantity for p in held], dtype=np.float64)
    multipliers = np.array([p.multiplier for p in held], dtype=np.float64)
    known = [_cost(p, ledger_costs) for p in held]
    costs = np.array([math.nan if c is None else c for c in known], dtype=np.float64)
    given = np.array([0.0 if c is None else c for c in known], dtype=np.float64)
    for values, name in (
        (prices, "price"), (quantities, "quantity"), (multipliers, "multiplier"),
        (given, "average_cost"),
    ):  # fmt: skip
        _check_values(values, name, held)
    members, symbols = _grouped([p.symbol for p in held])
    units = quantities * multipliers * rates
    first = [held[i] for i in np.unique(members, return_index=True)[1]]

    def total(values: Floats) -> Floats:
        return np.bincount(members, values, len(symbols)).astype(np.float64)

    return _Table(
        symbols,
        tuple(p.sector or UNCLASSIFIED for p in first),
        tuple(p.asset_class or UNCLASSIFIED for p in first),
        total(quantities),
        total(units * prices),
        total(units * costs),
        total(np.abs(units * costs)),
    )


def _cost(position: Position, ledger_costs: Mapping[str, float]) -> float | None:
    if position.average_cost is not None:
        return position.average_cost
    return ledger_costs.get(position.symbol)


def _check_values(values: Floats, name: str, held: Sequence[Position]) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"`{name}` of {held[row].symbol} must be finite, got {values[row]}.",
            field=f"positions.{name}",
        )


def _grouped(labels: Sequence[Any]) -> tuple[NDArray[np.intp], tuple[Any, ...]]:
    names = tuple(dict.fromkeys(labels))
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[x] for x in labels], dtype=np.intp), names


def _sums(labels: Sequence[str], values: Floats) -> dict[str, float]:
    members, names = _grouped(labels)
    return dict(zip(names, np.bincount(members, values, len(names)).tolist(), strict=True))


def _pnl(table: _Table, realised: _Realised, currency: str, *, has_events: bool) -> PortfolioPnl:
    unrealised = table.market_values - table.cost_bases
    earned = np.array(
        [
            realised.realised.get(s, 0.0)
            + realised.dividends.get(s, 0.0)
            - realised.fees.get(s, 0.0)
            for s in table.symbols
        ]
    )
    held = unrealised + earned
    closed = {
        s: realised.realised[s] + realised.dividends.get(s, 0.0) - realised.fees.get(s, 0.0)
        for s in realised.realised
        if s not in set(table.symbols)
    }
    labels = [*table.symbols, *closed]
    pnl = np.append(held, list(closed.values()))
    rest = [UNCLASSIFIED] * len(closed)
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
        by_security=_sums(labels, pnl),
        by_sector=_sums([*table.sectors, *rest], pnl),
        by_asset_class=_sums([*table.asset_classes, *rest], pnl),
        weights=_weights(table, value),
        symbols=table.symbols,
        quantities=table.quantities,
        market_values=table.market_values,
        cost_bases=table.cost_bases,
        unrealised=unrealised,
        reasons=_reasons(table, gross, value, has_events=has_events),
    )


def _weights(table: _Table, value: float) -> dict[str, float]:
    shares = table.market_values / value if value else np.full(len(table.symbols), math.nan)
    return dict(zip(table.symbols, shares.tolist(), strict=True))


def _reasons(table: _Table, gross: float, value: float, *, has_events: bool) -> tuple[Reason, ...]:
    found = []
    if not has_events:
        message = "No fills were given, so realised P&L is not known and counts as 0."
        found.append(Reason("NO_FILLS", ("realised_pnl",), message))
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


_RATIOS = ("total_pnl_percent", "total_pnl_fraction")
_NEEDS_COST = (
    "total_pnl", *_RATIOS, "unrealised_pnl", "cost_basis", "gross_cost", "by_security",
    "by_sector", "by_asset_class", "cost_bases", "unrealised",
)  # fmt: skip
