"""A stored portfolio as a live ledger: marked by prices, read as P&L by position."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from nautilus.accounting.book import run_ledger
from nautilus.accounting.events import Event, Fill, Mark
from nautilus.accounting.holdings import Position
from nautilus.accounting.profits import PnlLine, pnl_lines
from nautilus.core.streams import Stream, stream

if TYPE_CHECKING:
    from nautilus.accounting.ledger import Ledger
    from nautilus.server.state.portfolio import Portfolio

__all__ = ["LiveBook", "PnlNow", "opening_events"]


@dataclass(frozen=True, slots=True)
class PnlNow:
    """P&L of every position at one time, in base currency; `total` is their sum.

    A position whose cost is not known has NaN, and so has the total. `values` are the market
    values of what is held, by symbol.
    """

    lines: Mapping[str, PnlLine]
    unknown: frozenset[str]
    prices: Mapping[str, float]
    values: Mapping[str, float]

    def of(self, symbol: str) -> float:
        """Realised and unrealised P&L, dividends and FX less fees of a position."""
        return math.nan if symbol in self.unknown else self.lines[symbol].total

    @property
    def total(self) -> float:
        """Sum over the positions."""
        return math.fsum(self.of(symbol) for symbol in self.lines)

    @property
    def market_value(self) -> float:
        """Sum over the positions."""
        return math.fsum(self.values.values())


class LiveBook:
    """`nautilus.stream(run_ledger)` over the events of a portfolio and then over marks.

    Parameters
    ----------
    portfolio : Portfolio
    at : datetime
        Time of the opening mark, UTC.

    Raises
    ------
    MissingInputError
        A currency whose exchange rate is not known.

    Examples
    --------
    >>> from datetime import UTC
    >>> from nautilus.server.state.portfolio import Portfolio, Snapshot
    >>> at = datetime(2025, 8, 23, 10, 30, tzinfo=UTC)
    >>> held = (Position("AAPL", 100, 155.0, average_cost=150.0),)
    >>> book = LiveBook(Portfolio(id="p", snapshot=Snapshot(held, at)), at)
    >>> book.mark({"AAPL": 155.25}, at).total
    525.0
    """

    def __init__(self, portfolio: Portfolio, at: datetime) -> None:
        self.version = portfolio.version
        events, self._unknown = opening_events(portfolio, at)
        self._ledger: Stream = stream(
            run_ledger, cash=portfolio.cash, base_currency=portfolio.base_currency
        )
        for event in events:
            self._ledger.update(event)
        self._prices = {p.symbol: p.price for p in portfolio.positions}
        self.symbols = tuple(self._prices)
        self.simulated = portfolio.simulated

    def mark(self, prices: Mapping[str, float], at: datetime) -> PnlNow:
        """P&L after these prices; symbols that are not held are left out."""
        self._prices.update({s: price for s, price in prices.items() if s in self._prices})
        self._ledger.update(Mark(at, dict(self._prices)))
        ledger = self._ledger.value
        lines = {line.symbol: line for line in pnl_lines(ledger)}
        return PnlNow(lines, self._unknown, dict(self._prices), _market_values(ledger))


def _market_values(ledger: Ledger) -> dict[str, float]:
    return {
        held.symbol: held.quantity
        * ledger.prices.get(held.symbol, math.nan)
        * held.multiplier
        * ledger.fx_rates[held.currency]
        for held in ledger.holdings.values()
        if held.quantity
    }


def opening_events(portfolio: Portfolio, at: datetime) -> tuple[list[Event], frozenset[str]]:
    """The stored events where they leave the stored positions, else purchases of these at cost.

    Returns
    -------
    tuple of (list of events, frozenset of symbols whose cost is not known)
    """
    snapshot = portfolio.snapshot
    stated = snapshot is not None and not portfolio.outdated and snapshot.source == "request"
    if portfolio.events and not stated:
        return list(portfolio.events), frozenset()
    held = [p for p in portfolio.positions if p.quantity]
    unknown = frozenset(p.symbol for p in held if p.average_cost is None)
    before = at - timedelta(microseconds=1)
    return [_purchase(position, before) for position in held], unknown


def _purchase(position: Position, at: datetime) -> Fill:
    paid = position.price if position.average_cost is None else position.average_cost
    return Fill(
        at,
        position.symbol,
        position.quantity,
        paid,
        currency=position.currency,
        multiplier=position.multiplier,
    )
