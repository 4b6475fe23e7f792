"""What a ledger is worth at given prices: unrealised P&L split into price, FX and cross effect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.journal import cash_value, market_value, no_price
from nautilus.accounting.ledger import Holding, Ledger
from nautilus.accounting.positions import closing_gains
from nautilus.core.checks import check_positive
from nautilus.core.errors import MissingInputError
from nautilus.core.frames import cross_section, labelled_frame
from nautilus.core.results import Result

__all__ = ["OpenGains", "Valuation", "mark_to_market", "open_gains"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OpenGains:
    """What closing a holding now would realise, in base currency.

    Parameters
    ----------
    unrealised : float
        Gain in the holding's currency at the present rate: price effect and cross effect.
    fx : float
        FX effect on the cost.
    cross : float
        The part of `unrealised` that needed both moves: gain x (rate - rate when opened).
    """

    unrealised: float
    fx: float
    cross: float


def open_gains(holding: Holding, price: float, rate: float) -> OpenGains:
    """Unrealised P&L of a holding: THE position step's gains, lot by lot.

    Examples
    --------
    >>> from nautilus.accounting.ledger import Lot
    >>> open_gains(Holding("AAPL", lots=(Lot(10.0, 150.0, 150.0),)), 155.0, 1.0).unrealised
    50.0
    """
    gain, fx, cross = 0.0, 0.0, 0.0
    for lot in holding.lots:
        gained, moved = closing_gains(lot.quantity, lot.cost, lot.base_cost, price, rate)
        gain, fx = gain + gained, fx + moved
        cross += gained * (rate - lot.base_cost / lot.cost) if moved and lot.cost else 0.0
    return OpenGains(
        gain * holding.multiplier * rate, fx * holding.multiplier, cross * holding.multiplier
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valuation(Result):
    """Net asset value and unrealised P&L at one set of prices, in base currency.

    Parameters
    ----------
    nav : float
        Cash and market values.
    cash : float
        All balances at the present exchange rates.
    market_value : float
        Sum over holdings, shorts negative.
    unrealised : float
        Price effect and cross effect of what is held.
    fx, cross : float
        FX effect on the cost of what is held; cross effect (part of `unrealised`).
    base_currency : str
    symbols : tuple of str
        What is held.
    quantities, prices, average_costs : array (symbol,)
        Prices and costs in each holding's currency.
    market_values, unrealised_by_symbol, fx_by_symbol : array (symbol,)

    Examples
    --------
    >>> from nautilus.accounting import open_ledger
    >>> mark_to_market(open_ledger(cash=100.0), {"AAPL": 185.0}).nav
    100.0
    """

    nav: float
    cash: float
    market_value: float
    unrealised: float
    fx: float
    cross: float
    base_currency: str
    symbols: tuple[str, ...]
    quantities: Floats
    prices: Floats
    average_costs: Floats
    market_values: Floats
    unrealised_by_symbol: Floats
    fx_by_symbol: Floats

    def to_frame(self) -> Any:
        """One row per holding."""
        return labelled_frame(
            self.symbols,
            {
                "quantity": self.quantities,
                "price": self.prices,
                "average_cost": self.average_costs,
                "market_value": self.market_values,
                "unrealised": self.unrealised_by_symbol,
                "fx": self.fx_by_symbol,
            },
            "symbol",
        )

    def plot(self, ax: Any = None) -> Any:
        """Market value by symbol; returns the axes."""
        from nautilus.core.plot import bars

        return bars(ax, self.symbols, self.market_values, horizontal=True)


def mark_to_market(
    ledger: Ledger, prices: Any, *, fx_rates: Mapping[str, float] | None = None
) -> Valuation:
    """Value a ledger at given prices; the ledger stays as it was.

    Unrealised P&L of a lot is quantity x (price - cost) x multiplier x rate; its FX effect is
    quantity x cost x multiplier x (rate - rate when opened).

    Parameters
    ----------
    ledger : Ledger
    prices : mapping of symbol -> price, pandas Series or polars frame (symbol, price)
        In each holding's currency; symbols that are not held are left out.
    fx_rates : mapping of currency -> base currency per unit, optional
        Instead of the ledger's last known rates.

    Returns
    -------
    Valuation

    Raises
    ------
    DataError
        No price, or NaN, for a symbol that is held.
    MissingInputError
        No exchange rate of a currency.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> from datetime import datetime
    >>> from nautilus.accounting import Fill, apply_event, open_ledger
    >>> ledger = open_ledger(cash=10_000)
    >>> ledger = apply_event(ledger, Fill(datetime(2024, 1, 2), "AAPL", 10, 185.0))
    >>> value = mark_to_market(ledger, {"AAPL": 190.0})
    >>> value.nav, value.unrealised
    (10050.0, 50.0)
    """
    values, labels = cross_section(prices, "prices")
    known = dict(zip((str(x) for x in labels), values.tolist(), strict=True))
    held = [h for h in ledger.holdings.values() if h.lots]
    for holding in held:
        if not math.isfinite(known.get(holding.symbol, math.nan)):
            raise no_price(holding.symbol, None, holding.quantity)
    return _valued(ledger, held, known, current_rates(ledger, fx_rates))


def current_rates(ledger: Ledger, fx_rates: Mapping[str, float] | None) -> dict[str, float]:
    """The ledger's rates, with the given ones instead where there are any."""
    given = {c: check_positive(r, f"fx_rates[{c}]") for c, r in (fx_rates or {}).items()}
    rates = {**ledger.fx_rates, **given, ledger.base_currency: 1.0}
    for currency in (*ledger.cash, *(h.currency for h in ledger.holdings.values())):
        if currency not in rates:
            raise MissingInputError(
                f"`fx_rates` must give the value of one {currency} in {ledger.base_currency}.",
                field="fx_rates",
            )
    return rates


def _valued(
    ledger: Ledger, held: list[Holding], prices: Mapping[str, float], rates: Mapping[str, float]
) -> Valuation:
    gains = [open_gains(h, prices[h.symbol], rates[h.currency]) for h in held]
    worth = [
        market_value(h.quantity, prices[h.symbol], h.multiplier, rates[h.currency]) for h in held
    ]
    cash = cash_value(ledger.cash, rates)
    nav = cash
    for value in worth:
        nav += value
    return Valuation(
        nav=nav,
        cash=cash,
        market_value=math.fsum(worth),
        unrealised=math.fsum(g.unrealised for g in gains),
        fx=math.fsum(g.fx for g in gains),
        cross=math.fsum(g.cross for g in gains),
        base_currency=ledger.base_currency,
        symbols=tuple(h.symbol for h in held),
        quantities=np.array([h.quantity for h in held], dtype=np.float64),
        prices=np.array([prices[h.symbol] for h in held], dtype=np.float64),
        average_costs=np.array([h.average_cost for h in held], dtype=np.float64),
        market_values=np.array(worth, dtype=np.float64),
        unrealised_by_symbol=np.array([g.unrealised for g in gains], dtype=np.float64),
        fx_by_symbol=np.array([g.fx for g in gains], dtype=np.float64),
    )
