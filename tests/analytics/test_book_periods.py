"""From a book to attribution: weights and contributions that sum to its returns."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from nautilus.accounting import Dividend, Fee, Fill, Transfer, run_ledger
from nautilus.analytics import book_history, brinson, link_effects, simple_returns
from nautilus.core.errors import NotEnoughDataError
from nautilus.core.results import unexplained

DAYS = pd.date_range("2024-01-02", periods=6, freq="B")
PRICES = pd.DataFrame(
    {"AAPL": [150.0, 151, 152, 149, 155, 156], "XOM": [100.0, 99, 101, 102, 102, 100]}, index=DAYS
)


def day(i, hour=10):
    return DAYS[i].to_pydatetime().replace(hour=hour)


def example():
    events = [
        Fill(day(0), "AAPL", 100, 149.5, fee=1.0),
        Fill(day(1), "XOM", 50, 100.0, fee=1.0),
        Fill(day(3), "AAPL", -40, 151.0, fee=1.0),
        Dividend(day(4), "XOM", 0.9),
        Fee(day(4), 3.0),
    ]
    return run_ledger(events, PRICES, cash=30_000)


def test_contributions_sum_to_the_returns_of_the_book():
    book = example()
    history = book_history(book)
    np.testing.assert_allclose(history.contribution_values.sum(axis=1), book.returns, atol=1e-15)
    np.testing.assert_allclose(history.weight_values.sum(axis=1), 1.0, atol=1e-15)
    assert list(history.weights.columns) == ["AAPL", "XOM", "cash"]
    assert unexplained(history) == ()


def test_first_periods_by_hand():
    history = book_history(example())
    # Day 0: bought at 149.5, closed at 150, fee 1. Day 1 starts with 15,000 of 30,049.
    assert history.contribution_values[0] == pytest.approx([49 / 30_000, 0.0, 0.0])
    assert history.weight_values[1] == pytest.approx([15_000 / 30_049, 0.0, 15_049 / 30_049])
    # Day 4: a fee of the account is a contribution of cash.
    assert history.contribution_values[4, 2] < 0.0


def test_flows_do_not_count_as_return():
    events = [
        Fill(day(0), "AAPL", 10, 150.0),
        Transfer(day(2), 5_000.0),
        Transfer(day(4), -2_000.0),
    ]
    book = run_ledger(events, PRICES[["AAPL"]], cash=2_000)
    history = book_history(book)
    np.testing.assert_allclose(history.contribution_values.sum(axis=1), book.returns, atol=1e-15)


def test_transaction_based_brinson_explains_the_book_to_the_last_digit():
    book = example()
    history = book_history(book)
    returns = simple_returns(PRICES).fillna(0.0).assign(cash=0.0)
    result = brinson(
        history.weights,
        {"AAPL": 0.5, "XOM": 0.5},
        returns,
        returns,
        sectors={"AAPL": "tech", "XOM": "energy", "cash": "cash"},
        portfolio_contributions=history.contributions,
        portfolio_total_returns=book.returns,
    )
    np.testing.assert_allclose(result.period_portfolio_returns, book.returns)
    assert abs(result.totals["residual"]) < 1e-14
    assert result.totals["trading"] != 0.0
    assert abs(link_effects(result).residual) < 1e-12


def test_periods_that_start_with_nothing_are_said():
    book = run_ledger([Fill(day(1), "AAPL", 1, 100.0)], PRICES[["AAPL"]])
    history = book_history(book)
    assert [r.code for r in history.reasons] == ["NOTHING_INVESTED"]
    assert unexplained(history) == ()


def test_a_book_without_marks_has_no_periods():
    with pytest.raises(NotEnoughDataError, match="never marked"):
        book_history(run_ledger([Fill(datetime(2024, 1, 2), "AAPL", 1, 100.0)]))
