"""mark_to_market: net asset value and unrealised P&L at given prices."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

from nautilus.accounting import Fill, FxRate, apply_event, mark_to_market, open_ledger
from nautilus.core.errors import DataError, MissingInputError, ParameterError
from nautilus.core.results import unexplained


@pytest.fixture
def ledger(day):
    found = open_ledger(cash=100_000, lot_method="fifo")
    for event in (
        FxRate(day(1), "EUR", 1.10),
        Fill(day(1), "SAP", 100, 100.0, currency="EUR"),
        Fill(day(1), "ES", -2, 5_000.0, multiplier=50),
        FxRate(day(2), "EUR", 1.20),
    ):
        found = apply_event(found, event)
    return found


def test_price_fx_and_cross_effect(ledger):
    value = mark_to_market(ledger, {"SAP": 120.0, "ES": 4_990.0, "other": 1.0})
    assert value.unrealised == pytest.approx(2_400 + 1_000)  # SAP price 2,200 and cross 200; ES
    assert value.cross == pytest.approx(200.0)
    assert value.fx == pytest.approx(1_000.0)
    assert value.market_value == pytest.approx(100 * 120 * 1.2 - 2 * 4_990 * 50)
    assert value.cash == pytest.approx(100_000 - 10_000 * 1.2 + 500_000)
    assert value.nav == pytest.approx(value.cash + value.market_value)
    assert value.symbols == ("SAP", "ES")
    assert unexplained(value) == ()


def test_given_rates_go_before_the_known_ones(ledger):
    before = mark_to_market(ledger, {"SAP": 100.0, "ES": 5_000.0}, fx_rates={"EUR": 1.10})
    assert before.nav == pytest.approx(100_000)
    assert before.fx == pytest.approx(0.0, abs=1e-9)


def test_series_frames_and_mappings_are_the_same_prices(ledger):
    values = {"ES": 4_990.0, "SAP": 120.0}
    expected = mark_to_market(ledger, values)
    frame = pl.DataFrame({"asset": list(values), "price": list(values.values())})
    for prices in (pd.Series(values), frame, pd.DataFrame([values], index=["2024-01-02"])):
        assert mark_to_market(ledger, prices).nav == expected.nav


def test_the_table_has_a_row_per_holding(ledger):
    table = mark_to_market(ledger, {"SAP": 120.0, "ES": 4_990.0}).to_frame()
    assert table.index.tolist() == ["SAP", "ES"]
    assert table.loc["ES", "unrealised"] == 1_000.0
    assert table.loc["ES", "average_cost"] == 5_000.0


def test_a_valuation_draws_a_bar_per_holding(ledger):
    value = mark_to_market(ledger, {"SAP": 120.0, "ES": 4_990.0})
    assert len(value.plot().patches) == 2


def test_a_missing_price_is_an_error(ledger):
    with pytest.raises(DataError, match=r"must have a price of SAP, where 100 are held"):
        mark_to_market(ledger, {"ES": 1.0})
    with pytest.raises(DataError, match=r"must have a price of ES, where -2 are held"):
        mark_to_market(ledger, {"ES": float("nan"), "SAP": 1.0})


def test_rates_are_checked(ledger):
    with pytest.raises(ParameterError, match=r"`fx_rates\[EUR\]` must be above 0"):
        mark_to_market(ledger, {"SAP": 1.0, "ES": 1.0}, fx_rates={"EUR": -1.0})


def test_a_ledger_of_unknown_rates_asks_for_them(ledger):
    from dataclasses import replace

    forgotten = replace(ledger, fx_rates={"USD": 1.0})
    with pytest.raises(MissingInputError, match=r"the value of one EUR in USD"):
        mark_to_market(forgotten, {"SAP": 1.0, "ES": 1.0})


def test_an_empty_ledger_is_its_cash():
    value = mark_to_market(open_ledger(cash=7.0), {"A": 1.0})
    assert (value.nav, value.market_value, value.symbols) == (7.0, 0.0, ())
