"""What a book held and what each holding earned, mark by mark: the inputs of attribution."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.book import Book, pnl_lines
from nautilus.accounting.events import Mark
from nautilus.accounting.journal import market_value, open_journal
from nautilus.accounting.ledger import Ledger
from nautilus.analytics.segments import CASH
from nautilus.core.errors import NotEnoughDataError
from nautilus.core.frames import time_frame
from nautilus.core.results import Reason, Result

__all__ = ["BookHistory", "book_history"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookHistory(Result):
    """Weights and contributions of a book by symbol, cash last.

    Parameters
    ----------
    symbols : tuple of str
        Labels of the columns below; the last one is ``cash``.
    marked_at : tuple of datetime
        Ends of the periods.
    weight_values : array (period, symbol)
        Market value at the start of the period over what was invested, fractions.
    contribution_values : array (period, symbol)
        P&L of the period over what was invested: trades, fees, dividends and FX included.

    Examples
    --------
    >>> from nautilus.accounting import Fill, Mark, run_ledger
    >>> bought = Fill(datetime(2024, 1, 2), "AAPL", 10, 100.0)
    >>> marks = [Mark(datetime(2024, 1, d), {"AAPL": p}) for d, p in ((2, 100.0), (3, 110.0))]
    >>> book = run_ledger([bought, *marks], cash=2_000)
    >>> history = book_history(book)
    >>> history.weight_values.tolist(), history.contribution_values.tolist()
    ([[0.0, 1.0], [0.5, 0.5]], [[0.0, 0.0], [0.05, 0.0]])
    """

    symbols: tuple[str, ...]
    marked_at: tuple[datetime, ...]
    weight_values: Floats
    contribution_values: Floats

    @property
    def weights(self) -> Any:
        """Weights at the start of each period: a pandas frame for `brinson`."""
        return self._frame(self.weight_values)

    @property
    def contributions(self) -> Any:
        """Contributions of each period: a pandas frame for `brinson(portfolio_contributions=)`."""
        return self._frame(self.contribution_values)

    def to_frame(self) -> Any:
        """Contributions by period and symbol."""
        return self.contributions

    def _frame(self, values: Floats) -> Any:
        columns = {symbol: values[:, i] for i, symbol in enumerate(self.symbols)}
        return time_frame(list(self.marked_at), columns)


def book_history(book: Book) -> BookHistory:
    """Weights and contributions of each period between marks, as fractions.

    A period starts with the NAV of the mark before plus what came in. Weights are the market
    values of that mark over it, the rest is cash; contributions are the change of each symbol's
    P&L over it and sum to `book.returns`.

    Parameters
    ----------
    book : Book
        Of `run_ledger` with prices or marks.

    Returns
    -------
    BookHistory
        NaN (``NOTHING_INVESTED``) for periods that start with nothing.

    Raises
    ------
    NotEnoughDataError
        A book that was never marked.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 5.

    Examples
    --------
    >>> from nautilus.accounting import Fill, Mark, run_ledger
    >>> bought = Fill(datetime(2024, 1, 3), "AAPL", 10, 100.0)
    >>> marks = [Mark(datetime(2024, 1, d), {"AAPL": p}) for d, p in ((2, 99.0), (3, 104.0))]
    >>> book = run_ledger([bought, *marks], cash=2_000)
    >>> book_history(book).contributions["AAPL"].tolist()
    [0.0, 0.02]
    """
    if not book.marked_at:
        raise NotEnoughDataError(
            "`book` was never marked, so it has no periods. Pass prices= to run_ledger.",
            field="book",
        )
    symbols = (*book.ledger.holdings, CASH)
    values, earned = _by_mark(book, symbols)
    before = np.concatenate([[book.ledger.initial_cash], book.nav_values[:-1]])
    invested = before + np.maximum(book.flow_values, 0.0)
    base = np.where(invested > 0.0, invested, np.nan)[:, None]
    started = np.vstack([np.zeros(len(symbols)), values[:-1]])
    weights = started / base
    weights[:, -1] = 1.0 - weights[:, :-1].sum(axis=1)
    made = np.diff(earned, axis=0, prepend=np.zeros((1, len(symbols)))) / base
    return BookHistory(
        symbols=symbols,
        marked_at=book.marked_at,
        weight_values=weights,
        contribution_values=made,
        reasons=_reasons(invested),
    )


def _by_mark(book: Book, symbols: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Market values and P&L so far (mark, symbol), in base currency."""
    ledger = book.ledger
    journal = open_journal(
        cash=ledger.initial_cash,
        lot_method=ledger.lot_method,
        fx_rates=dict(book.fx_rates),
        base_currency=ledger.base_currency,
    )
    place = {symbol: i for i, symbol in enumerate(symbols)}
    values, earned = np.zeros((2, len(book.marked_at), len(symbols)))
    mark = 0
    for event in book.events:
        journal.apply(event)
        if isinstance(event, Mark):
            _record(journal.freeze(), place, values[mark], earned[mark])
            mark += 1
    return values, earned


def _record(ledger: Ledger, place: dict[str, int], values: Floats, earned: Floats) -> None:
    for line in pnl_lines(ledger):
        earned[place.get(line.symbol, place[CASH])] += line.total
    for symbol, holding in ledger.holdings.items():
        if holding.lots:
            price, rate = ledger.prices[symbol], ledger.fx_rates[holding.currency]
            values[place[symbol]] = market_value(holding.quantity, price, holding.multiplier, rate)


def _reasons(invested: Floats) -> tuple[Reason, ...]:
    empty = int((invested <= 0.0).sum())
    if not empty:
        return ()
    message = f"{empty} periods start with nothing invested."
    fields = ("weight_values", "contribution_values")
    return (Reason("NOTHING_INVESTED", fields, message, float(empty), 0.0),)
