"""explain_pnl: causes that add up to the profit between two marks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Split,
    Transfer,
    explain_pnl,
    run_ledger,
)
from nautilus.core.errors import NotEnoughDataError, ParameterError
from nautilus.core.results import unexplained


@pytest.fixture
def book(fill, mark, day):
    events = [
        FxRate(day(1), "EUR", 1.1), fill(1, "A", 10, 100.0, fill_id="a"),
        Fill(day(1, 11), "SAP", 10, 100.0, 0.0, "EUR"), mark(1, A=102.0, SAP=101.0),
        FxRate(day(2), "EUR", 1.2), fill(2, "A", 5, 104.0, fee=2.0),
        fill(2, "A", 10, 100.0, fill_id="a"), Dividend(day(2), "SAP", 1.0, "EUR"),
        Split(day(2, 12), "A", 2), Transfer(day(2), 300.0), Fee(day(2), 4.0),
        mark(2, A=55.0, SAP=103.0),
        fill(3, "A", -30, 56.0), mark(3, SAP=103.0),
    ]  # fmt: skip
    return run_ledger(events, cash=10_000)


def test_causes_between_two_marks(book):
    why = explain_pnl(book, "2024-01-01", "2024-01-02")
    rows = why.to_frame()
    assert rows.loc["A", "price"] == pytest.approx(10 * (110 - 102))
    assert rows.loc["A", "trading"] == pytest.approx(5 * (110 - 104))
    assert rows.loc["A", "fees"] == 2.0
    assert rows.loc["SAP", "price"] == pytest.approx(10 * 2 * 1.1)
    assert rows.loc["SAP", "fx"] == pytest.approx(10 * 101 * 0.1)
    assert rows.loc["SAP", "cross"] == pytest.approx(10 * 2 * 0.1)
    assert rows.loc["SAP", "dividends"] == pytest.approx(12.0)
    assert rows.loc["cash EUR", "fx"] == pytest.approx(-1_000 * 0.1)
    assert rows.loc["cash USD", "fees"] == 4.0
    assert why.total == pytest.approx(why.closing_nav - why.opening_nav - 300)
    assert why.transfers == 300.0
    assert why.residual == pytest.approx(0.0, abs=1e-9)
    assert rows["total"].sum() == pytest.approx(why.total)
    assert unexplained(why) == ()


def test_from_the_opening_cash_to_the_last_mark(book):
    why = explain_pnl(book)
    assert (why.opening_nav, why.end) == (10_000.0, book.marked_at[-1])
    assert why.total == pytest.approx(book.total_pnl)
    assert why.residual == pytest.approx(0.0, abs=1e-9)


def test_a_bar_for_each_cause(book):
    assert len(explain_pnl(book).plot().patches) == 6


def test_what_was_closed_needs_no_closing_price(book):
    why = explain_pnl(book, "2024-01-02", "2024-01-03")
    assert why.total == pytest.approx(30.0)  # 30 at 55 sold at 56
    assert why.residual == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "start",
    ["2024-01-01", date(2024, 1, 1), datetime(2024, 1, 1, 20), pd.Timestamp("2024-01-01 16:00")],
)
def test_times_are_dates_datetimes_or_text(book, start):
    assert explain_pnl(book, start, "2024-01-02T23:00:00").start == book.marked_at[0]


def test_times_are_checked(book):
    with pytest.raises(
        NotEnoughDataError, match=r"`start` \(2023-01-01\) is before the first mark"
    ):
        explain_pnl(book, "2023-01-01")
    with pytest.raises(NotEnoughDataError, match=r"`end` \(2023-01-01\) is before the first mark"):
        explain_pnl(book, None, "2023-01-01")
    with pytest.raises(ParameterError, match=r"they share one"):
        explain_pnl(book, "2024-01-02", "2024-01-02")
    with pytest.raises(
        ParameterError, match=r"`start` must be a date such as 2024-03-31, got 'Q1'"
    ):
        explain_pnl(book, "Q1")
    with pytest.raises(ParameterError, match=r"must be a date, a datetime or ISO 8601 text, got 3"):
        explain_pnl(book, 3)
    with pytest.raises(ParameterError, match=r"`start` must be without a time zone like the marks"):
        explain_pnl(book, datetime(2024, 1, 2, tzinfo=UTC))


def test_a_book_without_marks_has_nothing_to_explain(fill):
    with pytest.raises(NotEnoughDataError, match=r"`book` was never marked"):
        explain_pnl(run_ledger([fill(1, "A", 1, 1.0)]))
