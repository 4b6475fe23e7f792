"""Simulated fundamentals: of stocks only, of known ones only."""

from __future__ import annotations

import pytest

from nautilus.core.errors import DataError, NotFoundError
from nautilus.marketdata import simulate_fundamentals


def test_a_fund_has_no_fundamentals():
    with pytest.raises(DataError, match="'SPY' is no stock and has no fundamentals"):
        simulate_fundamentals(["SPY"])


def test_an_unknown_symbol_is_said():
    with pytest.raises(NotFoundError, match="NOPE"):
        simulate_fundamentals(["NOPE"])


def test_an_alias_has_the_facts_of_its_symbol():
    facts = simulate_fundamentals(["GOOG", "GOOGL"])
    assert facts["book_value"]["GOOG"] == facts["book_value"]["GOOGL"]
