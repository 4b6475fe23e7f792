"""From weights to whole shares: what to sell and buy, with cash that never goes below zero."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.costs import Costs
from nautilus.accounting.holdings import read_positions
from nautilus.core.checks import check_finite, check_non_negative
from nautilus.core.errors import DataError, LabelError, NotBuiltError, ParameterError
from nautilus.core.frames import cross_section, labelled_frame
from nautilus.core.results import Result
from nautilus.portfolio.share_counts import Book, Cost, cash_after, quantities

__all__ = ["RebalancePlan", "Trade", "rebalance"]

Floats = NDArray[np.float64]
CostModel = float | Costs | Callable[[str, float, float], float]

_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One order.

    Parameters
    ----------
    symbol : str
    side : {"sell", "buy"}
    quantity : float
        Units, negative for a sale.
    price : float
    value : float
        quantity * price * multiplier, negative for a sale.
    cost : float
    weight_before, weight_after, target_weight : float
        Fractions of the portfolio's value before the trades.
    """

    symbol: str
    side: str
    quantity: float
    price: float
    value: float
    cost: float
    weight_before: float
    weight_after: float
    target_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedTrade:
    """A wish that was left alone.

    Parameters
    ----------
    symbol : str
    value : float
        What reaching the target would have traded, in currency.
    reason : {"no_trade_band", "min_trade"}
    """

    symbol: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RebalancePlan(Result):
    """The trades that bring holdings to their targets, and what is then held.

    Parameters
    ----------
    orders : tuple of Trade
        Sells first, then buys, each in order of falling size.
    skipped : tuple of SkippedTrade
    portfolio_value : float
        Holdings at these prices plus cash, before the trades.
    cash_before, cash_after : float
    cost : float
        In currency.
    cost_bps : float or None
        Cost per traded value in basis points; None without trades.
    turnover : float
        One-way: half of the traded value plus half of the change of cash, over portfolio value.
    max_drift_before, max_drift_after : float
        Largest absolute difference between a weight and its target.
    quantities : mapping symbol -> float
        What is held after the trades, in order of symbol.
    """

    orders: tuple[Trade, ...]
    skipped: tuple[SkippedTrade, ...]
    portfolio_value: float
    cash_before: float
    cash_after: float
    cost: float
    cost_bps: float | None
    turnover: float
    max_drift_before: float
    max_drift_after: float
    quantities: Mapping[str, float]

    @property
    def trades(self) -> Any:
        """The orders as a pandas frame by symbol, sells first."""
        names = [name for name in Trade.__dataclass_fields__ if name != "symbol"]
        columns = {name: [getattr(order, name) for order in self.orders] for name in names}
        return labelled_frame([order.symbol for order in self.orders], columns, "symbol")

    def to_frame(self) -> Any:
        """The trades."""
        return self.trades


def rebalance(
    target_weights: Any,
    holdings: Any,
    prices: Any,
    *,
    cash: float = 0.0,
    costs: CostModel | None = None,
    lot_size: float | Mapping[str, float] = 1,
    no_trade_band: float = 0.0,
    min_trade: float = 0.0,
    lots: Any = None,
) -> RebalancePlan:
    """Whole-share trades towards target weights; cash stays at or above zero, costs included.

    Every traded asset goes to the whole number of lots below its target; then single lots are
    bought where the gap in currency is largest, while cash above its target pays for them. An asset
    within one lot of its target is left alone: a second call at the same prices trades nothing, or
    with costs at most a few lots.

    Parameters
    ----------
    target_weights : mapping or Series by symbol
        Fractions of portfolio value after costs, not negative, sum at most 1; the rest is cash. An
        asset that is held but not named is sold.
    holdings : mapping symbol -> quantity, or positions (sequence of `Position`, or frame)
    prices : mapping or Series by symbol
        One price for every held or wanted symbol; others are ignored.
    cash : float
        In account currency.
    costs : float, `accounting.Costs` or callable, optional
        Fraction of traded value (0.001 for 10 basis points), a cost model, or
        `cost(symbol, quantity, price) -> currency`.
    lot_size : float or mapping symbol -> float
        Units of one lot; 0 for fractional units.
    no_trade_band : float
        An asset whose weight is within this of its target is left alone.
    min_trade : float
        In currency: smaller trades are left out, and the rest is planned anew.
    lots : optional
        Tax lots: documented and not built yet.

    Returns
    -------
    RebalancePlan
        `.trades` as a frame, sells first.

    Raises
    ------
    LabelError
        A held or wanted symbol without a price.
    DataError
        A price that is not positive, or nothing to invest.
    ParameterError, NotBuiltError

    Examples
    --------
    >>> plan = rebalance({"A": 0.5, "B": 0.5}, {"A": 10}, {"A": 100.0, "B": 30.0})
    >>> [(t.symbol, t.quantity) for t in plan.orders], plan.cash_after
    ([('A', -5.0), ('B', 16.0)], 20.0)
    """
    if lots is not None:
        raise NotBuiltError("`lots` (tax lots) is documented and not built yet.", field="lots")
    book = _book(target_weights, holdings, prices, check_finite(cash, "cash"), lot_size)
    cost_of = _cost_model(costs, book)
    band = check_non_negative(no_trade_band, "no_trade_band")
    smallest = check_non_negative(min_trade, "min_trade")
    wanted = book.target * book.value - book.held * book.unit
    kept = np.abs(wanted) <= band * book.value if band > 0.0 else np.zeros(len(wanted), dtype=bool)
    left_alone = np.flatnonzero(kept & (np.abs(wanted) > _SLACK * book.value)).tolist()
    skipped = dict.fromkeys(left_alone, "no_trade_band")
    final = quantities(book, kept, cost_of)
    small = (final != book.held) & (np.abs(final - book.held) * book.unit < smallest)
    if small.any():
        skipped |= dict.fromkeys(np.flatnonzero(small).tolist(), "min_trade")
        final = quantities(book, kept | small, cost_of)
        still = (final != book.held) & (np.abs(final - book.held) * book.unit < smallest)
        skipped |= dict.fromkeys(np.flatnonzero(still).tolist(), "min_trade")
        final = np.where(still, book.held, final)
    return _plan(book, final, cost_of, {i: (float(wanted[i]), why) for i, why in skipped.items()})


def _book(target_weights: Any, holdings: Any, prices: Any, cash: float, lot_size: Any) -> Book:
    weights, labels = cross_section(target_weights, "target_weights")
    targets = dict(zip(labels, weights.tolist(), strict=True))
    _check_targets(targets)
    held, multipliers = _holdings(holdings)
    symbols = tuple(sorted({*targets, *held}, key=str))
    values, priced = cross_section(prices, "prices")
    known = dict(zip(priced, values.tolist(), strict=True))
    missing = [str(s) for s in symbols if s not in known]
    if missing:
        raise LabelError(
            f"`prices` lacks {', '.join(missing[:5])}; every held or wanted symbol needs one.",
            field="prices",
        )
    price = np.array([known[s] for s in symbols])
    bad = [f"{s} at {p}" for s, p in zip(symbols, price, strict=True) if not 0.0 < p < math.inf]
    if bad:
        raise DataError(f"`prices` must be positive, got {', '.join(bad[:5])}.", field="prices")
    quantity = np.array([held.get(s, 0.0) for s in symbols])
    unit = price * np.array([multipliers.get(s, 1.0) for s in symbols])
    value = cash + float(quantity @ unit)
    if not value > 0.0:
        raise DataError(
            f"there is nothing to invest: holdings and cash are worth {value:,.2f}.", field="cash"
        )
    wanted = np.array([targets.get(s, 0.0) for s in symbols])
    return Book(symbols, quantity, wanted, price, unit, _lots(lot_size, symbols), cash, value)


def _check_targets(targets: Mapping[Any, float]) -> None:
    for symbol, weight in targets.items():
        if not 0.0 <= weight < math.inf:
            raise ParameterError(
                f"`target_weights` must not be negative, got {weight:g} for {symbol}."
                " Short targets are not built yet.",
                field="target_weights",
            )
    total = sum(targets.values())
    if total > 1.0 + 1e-6:
        raise ParameterError(
            f"`target_weights` must sum to at most 1, got {total:g}.", field="target_weights"
        )


def _holdings(holdings: Any) -> tuple[dict[Any, float], dict[Any, float]]:
    if hasattr(holdings, "items") and not hasattr(holdings, "columns"):
        pairs = dict(holdings.items())
        amounts, symbols = cross_section(pairs, "holdings") if pairs else (np.empty(0), ())
        return dict(zip(symbols, amounts.tolist(), strict=True)), {}
    found: dict[Any, float] = {}
    multipliers: dict[Any, float] = {}
    for position in read_positions(holdings, required=("symbol", "quantity")):
        found[position.symbol] = found.get(position.symbol, 0.0) + float(position.quantity)
        multipliers[position.symbol] = float(position.multiplier)
    return found, multipliers


def _lots(lot_size: Any, symbols: tuple[Any, ...]) -> Floats:
    if not isinstance(lot_size, Mapping):
        return np.full(len(symbols), check_non_negative(lot_size, "lot_size"))
    return np.array([check_non_negative(lot_size.get(s, 1), "lot_size") for s in symbols])


def _with_multiplier(costs: Callable[..., float]) -> Callable[..., float]:
    if isinstance(costs, Costs):
        return lambda symbol, quantity, price, m: costs(symbol, quantity, price, multiplier=m)
    return lambda symbol, quantity, price, _: costs(symbol, quantity, price)


def _cost_model(costs: CostModel | None, book: Book) -> Cost:
    if costs is None:
        return lambda change: np.zeros_like(change)
    if callable(costs):
        model = _with_multiplier(costs)

        def each(change: Floats) -> Floats:
            terms = (book.symbols, change.tolist(), book.price.tolist(), book.unit.tolist())
            rows = zip(*terms, strict=True)
            return np.array([model(s, q, p, u / p) if q != 0.0 else 0.0 for s, q, p, u in rows])

        return each
    rate = check_non_negative(costs, "costs")
    if rate >= 1.0:
        raise ParameterError(
            f"`costs` must be a fraction of traded value, got {rate:g}."
            f" Pass {rate / 10_000:g} for {rate:g} basis points.",
            field="costs",
        )
    return lambda change: rate * np.abs(change) * book.unit


def _plan(
    book: Book, final: Floats, cost_of: Cost, skipped: Mapping[int, tuple[float, str]]
) -> RebalancePlan:
    change = final - book.held
    cost = cost_of(change)
    traded = change * book.unit
    before, after = (q * book.unit / book.value for q in (book.held, final))
    order = [int(i) for i in np.lexsort((-np.abs(traded), traded > 0.0)) if change[i] != 0.0]
    orders = tuple(
        Trade(
            symbol=book.symbols[i],
            side="buy" if change[i] > 0.0 else "sell",
            quantity=float(change[i]),
            price=float(book.price[i]),
            value=float(traded[i]),
            cost=float(cost[i]),
            weight_before=float(before[i]),
            weight_after=float(after[i]),
            target_weight=float(book.target[i]),
        )
        for i in order
    )
    volume, paid = float(np.abs(traded).sum()), float(cost.sum())
    return RebalancePlan(
        orders=orders,
        skipped=tuple(
            SkippedTrade(symbol=book.symbols[i], value=v, reason=why)
            for i, (v, why) in skipped.items()
        ),
        portfolio_value=book.value,
        cash_before=book.cash,
        cash_after=cash_after(book, final, cost_of),
        cost=paid,
        cost_bps=1e4 * paid / volume if volume > 0.0 else None,
        turnover=0.5 * (volume + abs(float(traded.sum()))) / book.value,
        max_drift_before=float(np.abs(before - book.target).max()),
        max_drift_after=float(np.abs(after - book.target).max()),
        quantities=dict(zip(book.symbols, final.tolist(), strict=True)),
    )
