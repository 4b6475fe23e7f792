"""reconcile: two counts of the same money, and a residual that shows when one is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Split,
    Transfer,
    reconcile,
    run_ledger,
)
from nautilus.core.errors import DataError, ParameterError
from nautilus.core.results import unexplained


@pytest.fixture
def book(fill, mark, day):
    events = [
        fill(1, "A", 10, 10.3, fee=1.0), fill(1, "ES", -2, 5_000.0, multiplier=50, fee=4.0),
        FxRate(day(1), "EUR", 1.1), Fill(day(1, 11), "SAP", 7, 99.9, 2.0, "EUR"),
        mark(1, A=11.0, ES=4_990.0, SAP=101.0),
        Dividend(day(2), "A", 0.24), Dividend(day(2), "SAP", 2.0, "EUR"), Split(day(2), "A", 3),
        Fee(day(2), 3.0), Fee(day(2), 1.0, "EUR", "SAP"), Transfer(day(2), 500.0, "EUR"),
        FxRate(day(3), "EUR", 1.2), fill(3, "A", -12, 3.9), fill(3, "A", -40, 4.0, fee=1.0),
        mark(3, A=4.1, ES=5_005.0, SAP=98.0),
    ]  # fmt: skip
    return run_ledger(events, cash=50_000, lot_method="fifo")


def test_a_book_with_everything_in_it_adds_up(book):
    checked = reconcile(book)
    assert checked.reconciled
    assert checked.max_residual < 1e-12
    assert checked.nav_residual == pytest.approx(0.0, abs=1e-9)
    assert checked.symbols == ("A", "ES", "SAP")
    assert checked.currencies == ("USD", "EUR")
    assert checked.transfers.tolist() == [50_000.0, 500.0]
    assert unexplained(checked) == ()


def test_the_table_shows_symbols_and_currencies(book):
    table = reconcile(book).to_frame()
    assert table.index.tolist() == ["A", "ES", "SAP", "cash USD", "cash EUR"]
    assert table["residual"].abs().max() < 1e-9
    money = table["cash"] + table["market_value"] - table["transfers"] - table["earned"]
    assert money.abs().max() < 1e-9


def test_wealthfolio_1414_a_wrong_book_is_told_apart(book):
    wrong = dict(book.ledger.holdings)
    wrong["A"] = replace(wrong["A"], realised=wrong["A"].realised + 5.0)
    checked = reconcile(replace(book, ledger=replace(book.ledger, holdings=wrong)))
    assert not checked.reconciled
    assert checked.residuals[0] == pytest.approx(-5.0)
    assert checked.currency_residuals[0] == pytest.approx(-5.0)
    lost = replace(book.ledger, cash={**book.ledger.cash, "EUR": 0.0})
    missing = book.ledger.cash["EUR"]
    assert reconcile(replace(book, ledger=lost)).currency_residuals[1] == pytest.approx(-missing)


def test_a_holding_without_a_mark_cannot_be_checked(fill):
    with pytest.raises(DataError, match=r"`book` holds A, which was never marked"):
        reconcile(run_ledger([fill(1, "A", 1, 1.0)]))
    closed = run_ledger([fill(1, "A", 1, 1.0), fill(2, "A", -1, 2.0)])
    assert reconcile(closed).reconciled


def test_tolerance_is_checked(book):
    with pytest.raises(ParameterError, match=r"`tolerance` must be above 0, got 0"):
        reconcile(book, tolerance=0)


def test_duplicates_do_not_count_twice(fill, mark):
    trade = fill(1, "A", 1, 10.0, fill_id="x")
    assert reconcile(run_ledger([trade, trade, mark(1, A=11.0)], cash=100)).reconciled


def test_an_empty_book_adds_up():
    assert reconcile(run_ledger([], cash=10)).reconciled
