"""Why P&L is what it is between two marks: prices, exchange rates, trading, income and costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.book import Book
from nautilus.accounting.events import Event, Fill, Mark, Split
from nautilus.accounting.journal import Journal, open_journal
from nautilus.accounting.ledger import Ledger
from nautilus.accounting.mark_times import mark_position
from nautilus.core.errors import ParameterError
from nautilus.core.frames import labelled_frame
from nautilus.core.results import Result

__all__ = ["PnlExplanation", "explain_pnl"]

Floats = NDArray[np.float64]
EFFECTS = ("price", "fx", "cross", "trading", "dividends", "fees")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PnlExplanation(Result):
    """P&L between two marks by cause, in base currency.

    Parameters
    ----------
    start, end : datetime
        The two marks.
    opening_nav, closing_nav, transfers : float
    price : float
        Price moves of what was held at `start`, at the exchange rate of `start`.
    fx : float
        Moves of exchange rates on what was held at `start`, cash included.
    cross : float
        The part that needed both moves.
    trading : float
        Fills of the period: from their price and rate to those of `end`; exchange rate moves of
        the cash that flowed.
    dividends, fees : float
        Received (paid on shorts), and paid.
    total : float
        closing_nav - opening_nav - transfers.
    residual : float
        total - (price + fx + cross + trading + dividends - fees): rounding only.
    symbols : tuple of str
        Symbols, and "cash EUR" for balances in a currency.
    by_symbol : mapping of effect -> array (symbol,)

    Examples
    --------
    >>> from nautilus.accounting import Mark, run_ledger
    >>> explain_pnl(run_ledger([Mark(datetime(2024, 1, 2), {})], cash=100.0)).total
    0.0
    """

    start: datetime
    end: datetime
    opening_nav: float
    closing_nav: float
    transfers: float
    price: float
    fx: float
    cross: float
    trading: float
    dividends: float
    fees: float
    total: float
    residual: float
    symbols: tuple[str, ...]
    by_symbol: dict[str, Floats]

    def to_frame(self) -> Any:
        """One row per symbol, effects and their total."""
        parts = self.by_symbol
        gained = parts["price"] + parts["fx"] + parts["cross"] + parts["trading"]
        total = gained + parts["dividends"] - parts["fees"]
        return labelled_frame(self.symbols, {**parts, "total": total}, "symbol")

    def plot(self, ax: Any = None) -> Any:
        """One bar per cause, fees below zero; returns the axes."""
        from nautilus.core.plot import bars

        sizes = [self.price, self.fx, self.cross, self.trading, self.dividends, -self.fees]
        return bars(ax, EFFECTS, sizes)


def explain_pnl(book: Book, start: Any = None, end: Any = None) -> PnlExplanation:
    """Split the P&L between two marks into price, FX, cross, trading, dividends and fees.

    With quantity q held at `start` (split-adjusted), prices p0, p1 and exchange rates r0, r1 of the
    two marks: price q (p1 - p0) r0, FX q p0 (r1 - r0), cross q (p1 - p0) (r1 - r0); each fill of
    the period q (p1 r1 - p r), at its own price and rate.

    Parameters
    ----------
    book : Book
    start, end : datetime, date or ISO string, optional
        The last mark at or before each; a date means the end of that day. The opening cash and
        the last mark by default.

    Returns
    -------
    PnlExplanation

    Raises
    ------
    NotEnoughDataError
        The book was never marked, or not by `end`.
    ParameterError
        `start` is not before `end`, or is no time.

    Examples
    --------
    >>> from nautilus.accounting import run_ledger
    >>> day = lambda n: datetime(2024, 1, n)
    >>> events = [Fill(day(2), "AAPL", 10, 180.0), Mark(day(2), {"AAPL": 182.0})]
    >>> events += [Fill(day(3), "AAPL", 5, 185.0, fee=1.0), Mark(day(3), {"AAPL": 190.0})]
    >>> why = explain_pnl(run_ledger(events, cash=10_000), "2024-01-02", "2024-01-03")
    >>> why.price, why.trading, why.fees, why.total
    (80.0, 25.0, 1.0, 104.0)
    """
    marks = [i for i, e in enumerate(book.events) if isinstance(e, Mark)]
    last = mark_position(book, marks, end, "end")
    first = -1 if start is None else mark_position(book, marks, start, "start")
    if first >= last:
        raise ParameterError(
            f"`start` ({start}) must have a mark before that of `end` ({end}); they share one.",
            field="start",
        )
    journal = _opened(book)
    for event in book.events[: first + 1]:
        journal.apply(event)
    before = journal.freeze()
    period = _Period()
    for event in book.events[first + 1 : last + 1]:
        booked = journal.duplicates
        journal.apply(event)
        if journal.duplicates == booked:
            period.take(event, journal)
    opened = before.nav if before.nav is not None else before.initial_cash
    began = book.events[first].timestamp if first >= 0 else book.events[0].timestamp
    return _explained(
        before, journal.freeze(), period, opened, (began, book.events[last].timestamp)
    )


@dataclass(slots=True)
class _Period:
    """What happened between the marks: fills as (symbol, quantity, price, rate), split-adjusted."""

    fills: list[tuple[str, float, float, float]] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)

    def take(self, event: Event, journal: Journal) -> None:
        if isinstance(event, Fill):
            size = event.quantity * event.multiplier
            rate = journal.fx_rates[event.currency]
            self.fills.append((event.symbol, size, event.price, rate))
        elif isinstance(event, Split):
            self.ratios[event.symbol] = self.ratios.get(event.symbol, 1.0) * event.ratio
            self.fills = [
                (s, q * event.ratio, p / event.ratio, r) if s == event.symbol else (s, q, p, r)
                for s, q, p, r in self.fills
            ]


def _opened(book: Book) -> Journal:
    ledger = book.ledger
    return open_journal(
        cash=ledger.initial_cash,
        lot_method=ledger.lot_method,
        fx_rates=book.fx_rates,
        base_currency=ledger.base_currency,
    )


def _explained(
    before: Ledger, after: Ledger, period: _Period, opened: float, times: tuple[datetime, datetime]
) -> PnlExplanation:
    rows = {symbol: _symbol_effects(before, after, period, symbol) for symbol in after.holdings}
    rows |= _cash_effects(before, after)
    columns = {
        name: np.array([row[i] for row in rows.values()], dtype=np.float64)
        for i, name in enumerate(EFFECTS)
    }
    sums = {name: math.fsum(values.tolist()) for name, values in columns.items()}
    assert after.nav is not None
    moved = after.base_transfers - before.base_transfers
    total = after.nav - opened - moved
    gained = math.fsum([*(sums[n] for n in EFFECTS[:-1]), -sums["fees"]])
    return PnlExplanation(
        start=times[0],
        end=times[1],
        opening_nav=opened,
        closing_nav=after.nav,
        transfers=moved,
        total=total,
        residual=total - gained,
        symbols=tuple(rows),
        by_symbol=columns,
        price=sums["price"],
        fx=sums["fx"],
        cross=sums["cross"],
        trading=sums["trading"],
        dividends=sums["dividends"],
        fees=sums["fees"],
    )


def _symbol_effects(
    before: Ledger, after: Ledger, period: _Period, symbol: str
) -> tuple[float, ...]:
    """One row of `EFFECTS`."""
    held, now = before.holdings.get(symbol), after.holdings[symbol]
    ratio = period.ratios.get(symbol, 1.0)
    later = after.fx_rates[now.currency]
    earlier = before.fx_rates.get(now.currency, later)
    quantity = held.quantity * held.multiplier * ratio if held else 0.0
    opening = before.prices.get(symbol, 0.0) / ratio
    fills = [fill[1:] for fill in period.fills if fill[0] == symbol]
    # Where nothing is held at the end the closing price cancels, so any will do.
    closing = after.prices[symbol] if now.lots else (fills[-1][1] if fills else opening)
    moved, rate_moved = closing - opening, later - earlier
    return (  # + 0.0: nothing times a fall is 0.0, not -0.0
        quantity * moved * earlier + 0.0,
        quantity * opening * rate_moved + 0.0,
        quantity * moved * rate_moved + 0.0,
        math.fsum(q * (closing * later - p * r) for q, p, r in fills),
        now.base_dividends - (held.base_dividends if held else 0.0),
        now.base_fees - (held.base_fees if held else 0.0),
    )


def _cash_effects(before: Ledger, after: Ledger) -> dict[str, tuple[float, ...]]:
    """Exchange rate gains of balances, and fees that belong to no symbol."""
    rows: dict[str, tuple[float, ...]] = {}
    for currency, balance in after.cash.items():
        later = after.fx_rates[currency]
        earlier = before.fx_rates.get(currency, later)
        opening = before.cash.get(currency, 0.0)
        gained = balance * later - after.cash_costs[currency]
        gained -= opening * earlier - before.cash_costs.get(currency, 0.0)
        fees = after.base_fees.get(currency, 0.0) - before.base_fees.get(currency, 0.0)
        held = opening * (later - earlier)
        # In base currency the difference of balance and cost is rounding, not a gain.
        flowed = gained - held if currency != after.base_currency else 0.0
        if currency != after.base_currency or fees:
            rows[f"cash {currency}"] = (0.0, held, 0.0, flowed, 0.0, fees)
    return rows
