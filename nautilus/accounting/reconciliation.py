"""Does the book add up: cash and positions against what was earned, by symbol and by currency."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.book import Book
from nautilus.accounting.events import Fill
from nautilus.accounting.ledger import Holding, Ledger
from nautilus.core.checks import check_positive
from nautilus.core.errors import DataError
from nautilus.core.frames import labelled_frame
from nautilus.core.results import Result

__all__ = ["Reconciliation", "reconcile"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconciliation(Result):
    """Two independent counts of the same money, and what is between them.

    Parameters
    ----------
    reconciled : bool
        Every residual is within `tolerance` of the money that moved.
    tolerance : float
        Allowed residual as a share of the money that moved.
    max_residual : float
        The largest residual in size, as such a share.
    symbols : tuple of str
    traded, market_values, realised, unrealised : array (symbol,)
        Money in each symbol's currency: cash from its fills before fees (counted from the events),
        value at the last mark, and P&L of the ledger.
    residuals : array (symbol,)
        traded + market value - realised - unrealised.
    currencies : tuple of str
    balances, earned, transfers, invested : array (currency,)
        Cash of the ledger; realised and unrealised P&L and dividends less fees; opening balance
        and external flows; market value of what is held.
    currency_residuals : array (currency,)
        balance + invested - transfers - earned.
    nav_residual : float
        Net asset value - opening cash - transfers - total P&L, in base currency.

    Examples
    --------
    >>> from nautilus.accounting import run_ledger
    >>> reconcile(run_ledger([], cash=100.0)).reconciled
    True
    """

    reconciled: bool
    tolerance: float
    max_residual: float
    symbols: tuple[str, ...]
    traded: Floats
    market_values: Floats
    realised: Floats
    unrealised: Floats
    residuals: Floats
    currencies: tuple[str, ...]
    balances: Floats
    earned: Floats
    transfers: Floats
    invested: Floats
    currency_residuals: Floats
    nav_residual: float

    def to_frame(self) -> Any:
        """One row per symbol, one per currency."""
        symbols = {
            "cash": self.traded,
            "market_value": self.market_values,
            "transfers": np.zeros(len(self.symbols)),
            "earned": self.realised + self.unrealised,
            "residual": self.residuals,
        }
        currencies = {
            "cash": self.balances,
            "market_value": self.invested,
            "transfers": self.transfers,
            "earned": self.earned,
            "residual": self.currency_residuals,
        }
        labels = [*self.symbols, *(f"cash {c}" for c in self.currencies)]
        joined = {name: np.concatenate([symbols[name], currencies[name]]) for name in symbols}
        return labelled_frame(labels, joined, "symbol")


def reconcile(book: Book, *, tolerance: float = 1e-9) -> Reconciliation:
    """Check that cash + positions x mark == opening cash + transfers + P&L, and show what is left.

    By symbol the cash side is counted from the fills themselves, with exactly rounded sums; by
    currency it is the ledger's balance. P&L comes from the position step.

    Parameters
    ----------
    book : Book
        Marked at least once after its last fill of each symbol that is held.
    tolerance : float
        Allowed residual as a share of the money that moved.

    Returns
    -------
    Reconciliation
        It never raises for a residual: `reconciled` and the residuals say what does not add up.

    Raises
    ------
    DataError
        A held symbol was never marked.

    Examples
    --------
    >>> from datetime import datetime
    >>> from nautilus.accounting import Mark, run_ledger
    >>> fills = [Fill(datetime(2024, 1, 2), "AAPL", 10, 185.0, fee=1.0)]
    >>> book = run_ledger([*fills, Mark(datetime(2024, 1, 2), {"AAPL": 190.0})], cash=10_000)
    >>> checked = reconcile(book)
    >>> checked.reconciled, checked.residuals.tolist(), checked.currency_residuals.tolist()
    (True, [0.0], [0.0])
    """
    share = check_positive(tolerance, "tolerance")
    ledger = book.ledger
    holdings = list(ledger.holdings.values())
    flows = _flows(book)
    worth, open_gains = _marked(ledger, holdings)
    traded = _floats(math.fsum(flows.get(h.symbol, [])) for h in holdings)
    realised = _floats(h.realised for h in holdings)
    residuals = traded + worth - realised - open_gains
    by_currency = _currencies(ledger, holdings, worth, open_gains)
    left = by_currency[0] + by_currency[3] - by_currency[2] - by_currency[1]
    nav_left = _nav_residual(book, worth)
    scale = _money_moved(ledger, flows)
    largest = max([0.0, abs(nav_left) / scale, *_shares(residuals, scale), *_shares(left, scale)])
    return Reconciliation(
        reconciled=largest <= share,
        tolerance=share,
        max_residual=largest,
        symbols=tuple(h.symbol for h in holdings),
        traded=traded,
        market_values=worth,
        realised=realised,
        unrealised=open_gains,
        residuals=residuals,
        currencies=tuple(ledger.cash),
        balances=by_currency[0],
        earned=by_currency[1],
        transfers=by_currency[2],
        invested=by_currency[3],
        currency_residuals=left,
        nav_residual=nav_left,
    )


def _flows(book: Book) -> dict[str, list[float]]:
    """Cash of each symbol's fills before fees, straight from the events."""
    seen: set[str] = set()
    flows: dict[str, list[float]] = {}
    for event in book.events:
        if isinstance(event, Fill) and event.fill_id not in seen:
            if event.fill_id is not None:
                seen.add(event.fill_id)
            paid = -event.quantity * event.price * event.multiplier
            flows.setdefault(event.symbol, []).append(paid)
    return flows


def _money_moved(ledger: Ledger, flows: dict[str, list[float]]) -> float:
    """What rounding is relative to; 1.0 for a book in which nothing moved."""
    traded = [abs(paid) for amounts in flows.values() for paid in amounts]
    moved = [abs(amount) for amount in ledger.transfers.values()]
    return math.fsum([abs(ledger.initial_cash), *traded, *moved]) or 1.0


def _marked(ledger: Ledger, holdings: list[Holding]) -> tuple[Floats, Floats]:
    """Market value and unrealised P&L in each symbol's own currency."""
    worth, gains = [], []
    for holding in holdings:
        price = ledger.prices.get(holding.symbol)
        if holding.lots and price is None:
            raise DataError(
                f"`book` holds {holding.symbol}, which was never marked. Run the ledger with"
                " prices, or add a Mark.",
                field="book",
            )
        at = price or 0.0
        worth.append(holding.quantity * at * holding.multiplier)
        gain = math.fsum(lot.quantity * (at - lot.cost) for lot in holding.lots)
        gains.append(gain * holding.multiplier)
    return _floats(worth), _floats(gains)


def _currencies(
    ledger: Ledger, holdings: list[Holding], worth: Floats, gains: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """(balance, earned, opening cash and transfers, invested) of each currency."""
    rows = []
    for currency, balance in ledger.cash.items():
        mine = [i for i, h in enumerate(holdings) if h.currency == currency]
        booked = [h.realised + h.dividends - h.fees for h in holdings if h.currency == currency]
        earned = math.fsum([*booked, *gains[mine].tolist(), -ledger.fees.get(currency, 0.0)])
        opening = ledger.initial_cash if currency == ledger.base_currency else 0.0
        put_in = opening + ledger.transfers.get(currency, 0.0)
        rows.append((balance, earned, put_in, math.fsum(worth[mine].tolist())))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return columns[0], columns[1], columns[2], columns[3]


def _nav_residual(book: Book, worth: Floats) -> float:
    ledger = book.ledger
    rates = [ledger.fx_rates[h.currency] for h in ledger.holdings.values()]
    held = math.fsum(w * r for w, r in zip(worth.tolist(), rates, strict=True))
    put_in = ledger.initial_cash + ledger.base_transfers
    return book.cash + held - put_in - book.total_pnl


def _shares(residuals: Floats, scale: float) -> list[float]:
    return [abs(r) / scale for r in residuals.tolist()]


def _floats(values: Any) -> Floats:
    return np.array(list(values), dtype=np.float64)
