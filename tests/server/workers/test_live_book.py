"""The live ledger: the stored events and then marks, equal to the ledger over both."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from nautilus.accounting import Fill, Mark, Position, run_ledger
from nautilus.core.errors import MissingInputError
from nautilus.server.state.portfolio import Portfolio, Snapshot
from nautilus.server.workers.live_book import LiveBook, opening_events

NOW = datetime(2025, 8, 25, 14, 30, tzinfo=UTC)
FILLS = (
    Fill(NOW - timedelta(days=3), "AAPL", 100, 150.0, fee=1.0),
    Fill(NOW - timedelta(days=2), "AAPL", -40, 160.0, fee=1.0),
    Fill(NOW - timedelta(days=2), "MSFT", -10, 400.0),
)


def stated(*positions, events=()):
    return Portfolio(id="p", events=events, snapshot=Snapshot(positions, NOW, None, len(events)))


def test_the_documented_position():
    book = LiveBook(stated(Position("AAPL", 100, 155.0, average_cost=150.0)), NOW)
    now = book.mark({"AAPL": 155.25}, NOW)
    assert (now.of("AAPL"), now.total) == (525.0, 525.0)


def test_stored_fills_give_the_pnl_of_the_ledger_over_the_same_marks_to_the_bit():
    portfolio = Portfolio(id="p", cash=100_000.0, events=FILLS)
    book = LiveBook(portfolio, NOW)
    now = book.mark({"AAPL": 155.25, "MSFT": 390.0, "TSLA": 1.0}, NOW)
    expected = run_ledger([*FILLS, Mark(NOW, {"AAPL": 155.25, "MSFT": 390.0})], cash=100_000.0).pnl[
        "total"
    ]
    assert {name: now.of(name) for name in now.lines} == expected.to_dict()
    assert now.total == math.fsum(expected)
    assert book.symbols == ("AAPL", "MSFT")


def test_positions_that_were_stated_win_over_older_fills():
    portfolio = stated(Position("AAPL", 1, 155.0, average_cost=150.0), events=FILLS)
    events, unknown = opening_events(portfolio, NOW)
    assert [(e.symbol, e.quantity, e.price) for e in events] == [("AAPL", 1, 150.0)]
    assert unknown == frozenset()


def test_a_position_without_a_cost_has_no_pnl_and_neither_has_the_whole():
    book = LiveBook(stated(Position("A", 1, 10.0), Position("B", 1, 10.0, average_cost=9.0)), NOW)
    now = book.mark({"A": 11.0}, NOW)
    assert math.isnan(now.of("A"))
    assert now.of("B") == 1.0
    assert math.isnan(now.total)


def test_an_exchange_rate_that_is_not_known_is_said():
    with pytest.raises(MissingInputError, match="EUR"):
        LiveBook(stated(Position("SAP", 1, 200.0, average_cost=190.0, currency="EUR")), NOW)


def test_nothing_held_earns_nothing():
    book = LiveBook(stated(Position("AAPL", 0, 155.0, average_cost=150.0)), NOW)
    assert book.mark({}, NOW).total == 0.0
