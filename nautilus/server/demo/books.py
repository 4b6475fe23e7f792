"""Demo portfolios with prices: fills, the book kept from them, and what is held at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np

from nautilus.accounting.book import Book, run_ledger
from nautilus.accounting.events import Event, Fill, Mark
from nautilus.accounting.holdings import Position
from nautilus.marketdata.reference import find_instrument
from nautilus.marketdata.simulation import SimulatedMarket, simulate_market
from nautilus.server.demo.portfolios import DemoPortfolio, Order
from nautilus.server.state.portfolio import NavHistory

__all__ = ["DemoBook", "demo_books"]

# 14:35 UTC is in the New York session in winter and summer; at 21:00 UTC it has closed.
FILLED, CLOSED = time(14, 35, tzinfo=UTC), time(21, 0, tzinfo=UTC)
FEE_PER_SHARE, LEAST_FEE = 0.005, 1.0


@dataclass(frozen=True, slots=True)
class DemoBook:
    """What is stored of a demo portfolio."""

    portfolio: DemoPortfolio
    fills: tuple[Fill, ...]
    nav: NavHistory
    positions: tuple[Position, ...]
    cash: float
    at: datetime


def demo_books(
    portfolios: Sequence[DemoPortfolio], last: np.datetime64, *, seed: int = 0
) -> tuple[DemoBook, ...]:
    """Books of these portfolios from their first order to the session `last`.

    Examples
    --------
    >>> from nautilus.server.demo.portfolios import DEMO
    >>> book = demo_books(DEMO[:1], np.datetime64("2023-01-04"))[0]
    >>> len(book.fills), len(book.nav), round(float(book.nav.values[0]), -5)
    (5, 2, 1000000.0)
    """
    symbols = list(dict.fromkeys(s for one in portfolios for s in one.symbols))
    first = min(order.day for one in portfolios for order in one.orders)
    market = simulate_market(symbols, start=first, end=last, seed=seed)
    return tuple(_book(one, market) for one in portfolios)


def _book(portfolio: DemoPortfolio, market: SimulatedMarket) -> DemoBook:
    days = [day.item() for day in market.times.astype("M8[D]")]
    due = [order for order in portfolio.orders if date.fromisoformat(order.day) <= days[-1]]
    fills = tuple(_fill(portfolio, n, order, market, days) for n, order in enumerate(due, 1))
    marks = _marks(portfolio.symbols, market, days)
    book = run_ledger([*fills, *marks], cash=portfolio.cash)
    times = np.array([t.replace(tzinfo=None) for t in book.marked_at], dtype="M8[us]")
    return DemoBook(
        portfolio=portfolio,
        fills=fills,
        nav=NavHistory(times, book.nav_values, book.flow_values),
        positions=_positions(book),
        cash=book.cash,
        at=book.marked_at[-1],
    )


def _fill(
    portfolio: DemoPortfolio, number: int, order: Order, market: SimulatedMarket, days: list[date]
) -> Fill:
    day = date.fromisoformat(order.day)
    price = float(market.open[days.index(day), market.symbols.index(order.symbol)])
    shares = float(round(order.money / price))
    return Fill(
        datetime.combine(day, FILLED),
        order.symbol,
        shares,
        price,
        fee=max(LEAST_FEE, round(FEE_PER_SHARE * abs(shares), 2)),
        fill_id=f"{portfolio.id}-{number:04d}",
    )


def _marks(symbols: Sequence[str], market: SimulatedMarket, days: list[date]) -> list[Event]:
    columns = [market.symbols.index(symbol) for symbol in symbols]
    return [
        Mark(datetime.combine(day, CLOSED), dict(zip(symbols, row, strict=True)))
        for day, row in zip(days, market.close[:, columns].tolist(), strict=True)
    ]


def _positions(book: Book) -> tuple[Position, ...]:
    ledger = book.ledger
    return tuple(
        Position(
            held.symbol,
            held.quantity,
            ledger.prices[held.symbol],
            average_cost=held.average_cost,
            sector=find_instrument(held.symbol).sector,
            asset_class=find_instrument(held.symbol).asset_class,
        )
        for held in ledger.holdings.values()
        if held.lots
    )
