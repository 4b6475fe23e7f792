"""The ledger fold event by event: cash, holdings, dividends, splits, currencies, refusals."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest

import nautilus as nt
from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Ledger,
    Mark,
    Split,
    Transfer,
    apply_event,
    apply_fill,
    open_ledger,
)
from nautilus.core.errors import DataError, MissingInputError, ParameterError


def booked(*events, **options):
    ledger = open_ledger(**options)
    for event in events:
        ledger = apply_event(ledger, event)
    return ledger


def test_a_fill_moves_cash_and_position(fill):
    ledger = booked(fill(1, "AAPL", 10, 100.0, fee=2.0), cash=5_000)
    assert ledger.cash["USD"] == 3_998.0
    holding = ledger.holdings["AAPL"]
    assert (holding.quantity, holding.average_cost, holding.fees) == (10.0, 100.0, 2.0)
    assert holding.realised == 0.0


def test_the_ledger_before_stays_as_it_was(fill):
    before = open_ledger(cash=100)
    after = apply_fill(before, fill(1, "AAPL", 1, 10.0))
    assert before.cash["USD"] == 100.0
    assert not before.holdings
    assert after != before
    with pytest.raises(TypeError):
        after.cash["USD"] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.nav = 1.0


def test_multiplier_counts_in_cash_and_profit(fill):
    ledger = booked(
        fill(1, "ES", 2, 5_000.0, multiplier=50), fill(2, "ES", -2, 5_010.0, multiplier=50)
    )
    assert ledger.holdings["ES"].realised == 1_000.0
    assert ledger.cash["USD"] == 1_000.0


def test_openalgo_1100_cost_resets_at_flat(fill):
    """A position closed at a loss and opened again starts at zero unrealised, at its new price."""
    ledger = booked(
        fill(1, "NIFTY", 100, 50.0), fill(2, "NIFTY", -100, 45.0), fill(3, "NIFTY", 100, 47.0)
    )
    holding = ledger.holdings["NIFTY"]
    assert (holding.realised, holding.average_cost) == (-500.0, 47.0)
    value = nt.accounting.mark_to_market(ledger, {"NIFTY": 48.0})
    assert value.unrealised == 100.0


def test_openalgo_1328_the_reopened_average_is_that_of_the_new_fills_only(fill):
    ledger = booked(
        fill(1, "A", 10, 100.0), fill(2, "A", -10, 90.0), fill(3, "A", 10, 80.0),
        fill(4, "A", 10, 84.0),
    )  # fmt: skip
    assert ledger.holdings["A"].average_cost == 82.0


def test_dividends_are_received_on_longs_and_paid_on_shorts(fill, day):
    long = booked(fill(1, "KO", 100, 50.0), Dividend(day(2), "KO", 0.5))
    short = booked(fill(1, "KO", -100, 50.0), Dividend(day(2), "KO", 0.5))
    assert (long.holdings["KO"].dividends, long.cash["USD"]) == (50.0, -4_950.0)
    assert (short.holdings["KO"].dividends, short.cash["USD"]) == (-50.0, 4_950.0)


def test_dividends_and_splits_of_what_is_not_held_change_nothing(fill, day):
    flat = booked(fill(1, "KO", 1, 50.0), fill(1, "KO", -1, 50.0), cash=10)
    assert apply_event(flat, Dividend(day(2), "KO", 0.5)) == flat
    assert apply_event(flat, Dividend(day(2), "PEP", 0.5)) == flat
    assert apply_event(flat, Split(day(2), "PEP", 2)) == flat


@pytest.mark.parametrize("method", nt.accounting.lots.LOT_METHODS)
def test_a_split_scales_every_lot_and_keeps_what_was_paid(fill, day, mark, method):
    ledger = booked(
        fill(1, "AAPL", 10, 400.0), fill(1, "AAPL", 10, 500.0), mark(1, AAPL=500.0),
        Split(day(2), "AAPL", 4), lot_method=method,
    )  # fmt: skip
    holding = ledger.holdings["AAPL"]
    assert holding.quantity == 80.0
    assert sum(lot.quantity * lot.cost for lot in holding.lots) == 9_000.0
    assert ledger.prices["AAPL"] == 125.0


def test_fees_belong_to_a_symbol_or_to_a_currency(fill, day):
    ledger = booked(
        fill(1, "TSLA", -10, 200.0, fee=1.0),
        Fee(day(2), 5.0, symbol="TSLA"),
        Fee(day(2), 3.0),
        Fee(day(3), -0.5),
        Fee(day(3), 2.0, symbol="GME"),
    )
    assert ledger.holdings["TSLA"].fees == 6.0
    assert ledger.holdings["GME"].fees == 2.0
    assert dict(ledger.fees) == {"USD": 2.5}
    assert ledger.cash["USD"] == 2_000 - 1 - 5 - 3 + 0.5 - 2


def test_a_fee_before_the_first_trade_leaves_the_multiplier_open(fill, day):
    ledger = booked(Fee(day(1), 2.0, symbol="ES"), fill(2, "ES", 1, 100.0, multiplier=50))
    assert ledger.holdings["ES"].multiplier == 50.0


def test_transfers_are_no_profit(day):
    ledger = booked(Transfer(day(1), 500.0), Transfer(day(2), -200.0), cash=100)
    assert ledger.cash["USD"] == 400.0
    assert (ledger.transfers["USD"], ledger.base_transfers) == (300.0, 300.0)


def test_fills_with_an_id_seen_before_are_left_out_and_counted(fill):
    one = fill(1, "AAPL", 10, 100.0, fill_id="a")
    ledger = booked(one, one, fill(1, "AAPL", 10, 100.0), fill(1, "AAPL", 10, 100.0))
    assert ledger.duplicates == 1
    assert ledger.holdings["AAPL"].quantity == 30.0


def test_price_fx_and_cross_effect_of_a_foreign_share(day):
    """100 SAP at 100 EUR with 1.10, sold at 120 EUR with 1.20: 14,400 - 11,000 USD."""
    ledger = booked(
        FxRate(day(1), "EUR", 1.10),
        Fill(day(1), "SAP", 100, 100.0, currency="EUR"),
        FxRate(day(2), "EUR", 1.20),
        Fill(day(2), "SAP", -100, 120.0, currency="EUR"),
    )
    holding = ledger.holdings["SAP"]
    assert holding.realised == 2_000.0  # EUR
    assert holding.base_realised == pytest.approx(2_400.0)  # price 2,200, cross 200
    assert holding.base_fx == pytest.approx(1_000.0)
    assert ledger.cash["EUR"] == 2_000.0


def test_a_mark_strikes_net_asset_value_and_nothing_else_does(fill, mark, day):
    ledger = booked(fill(1, "AAPL", 10, 100.0), Transfer(day(1, 11), 50.0), cash=1_000)
    assert ledger.nav is None
    ledger = apply_event(ledger, mark(1, AAPL=110.0, MSFT=1.0))
    assert (ledger.nav, ledger.net_flow, ledger.pending_flow) == (1_150.0, 50.0, 0.0)
    assert ledger.marked_at == day(1, 16)
    assert dict(ledger.prices) == {"AAPL": 110.0}
    assert apply_event(ledger, Transfer(day(2), 10.0)).nav == 1_150.0


def test_a_mark_without_a_price_of_what_is_held_is_refused(fill, mark):
    ledger = booked(fill(1, "AAPL", -10, 100.0))
    with pytest.raises(DataError, match=r"price of AAPL at 2024-01-02, where -10 are held"):
        apply_event(ledger, mark(2, AAPL=float("nan")))
    with pytest.raises(DataError, match=r"must have a price of AAPL at 2024-01-02"):
        apply_event(ledger, mark(2, MSFT=1.0))
    flat = apply_event(ledger, fill(2, "AAPL", 10, 100.0))
    assert apply_event(flat, mark(2, AAPL=float("nan"))).nav == 0.0


def test_a_refused_event_leaves_no_trace(fill, mark):
    live = nt.stream(nt.accounting.run_ledger, cash=100)
    live.update(fill(1, "AAPL", 1, 10.0, fill_id="a"))
    before = live.value
    refused = [
        fill(2, "AAPL", 1, 10.0, currency="EUR", fill_id="b"),
        fill(2, "SAP", 1, 10.0, currency="EUR", fill_id="b"),
        fill(2, "AAPL", 1, 10.0, multiplier=10, fill_id="b"),
        mark(2, MSFT=1.0),
    ]
    for event in refused:
        with pytest.raises((DataError, MissingInputError)):
            live.update(event)
    assert live.value == before


def test_unknown_exchange_rates_are_asked_for(fill, day):
    with pytest.raises(MissingInputError, match=r"no exchange rate of EUR in USD is known at 2024"):
        booked(fill(1, "SAP", 1, 100.0, currency="EUR"))
    with pytest.raises(MissingInputError, match=r"Pass fx_rates=\{'EUR': ...\}"):
        booked(Transfer(day(1), 1.0, "EUR"))
    assert booked(Transfer(day(1), 1.0, "EUR"), fx_rates={"EUR": 1.1}).base_transfers == 1.1


def test_a_symbol_keeps_its_currency_and_while_held_its_multiplier(fill, day):
    held = booked(fill(1, "A", 1, 10.0), fx_rates={"EUR": 1.1})
    with pytest.raises(DataError, match=r"`currency` of A was USD before and is EUR at 2024-01-02"):
        apply_event(held, fill(2, "A", 1, 10.0, currency="EUR"))
    with pytest.raises(DataError, match=r"`multiplier` of A was 1.0 before and is 50.0"):
        apply_event(held, fill(2, "A", 1, 10.0, multiplier=50))
    with pytest.raises(DataError, match=r"`currency` of A was USD"):
        apply_event(held, Dividend(day(2), "A", 1.0, "EUR"))
    flat = apply_event(held, fill(2, "A", -1, 10.0))
    assert apply_event(flat, fill(3, "A", 1, 10.0, multiplier=50)).cash["USD"] == -500.0


def test_the_base_currency_is_worth_one(day):
    with pytest.raises(DataError, match=r"`rate` of the base currency USD is 1, got 1.1"):
        booked(FxRate(day(1), "USD", 1.1))
    assert booked(FxRate(day(1), "USD", 1.0)).fx_rates["USD"] == 1.0
    with pytest.raises(ParameterError, match=r"must give 1 for the base currency USD, got 2.0"):
        open_ledger(fx_rates={"USD": 2.0})


def test_options_are_checked():
    with pytest.raises(ParameterError, match=r"`lot_method` must be one of"):
        open_ledger(lot_method="oldest")
    with pytest.raises(ParameterError, match=r"`cash` must be finite, got nan"):
        open_ledger(cash=float("nan"))
    with pytest.raises(ParameterError, match=r"`fx_rates\[EUR\]` must be above 0, got 0"):
        open_ledger(fx_rates={"EUR": 0})
    with pytest.raises(ParameterError, match=r"`base_currency` must be a name such as 'USD', got"):
        open_ledger(base_currency="")
    with pytest.raises(ParameterError, match=r"`fx_rates` must map currency -> .* got list"):
        open_ledger(fx_rates=[1.0])
    with pytest.raises(DataError, match=r"`event` must be a Fill, Dividend, .* got int"):
        apply_event(open_ledger(), 3)


def test_a_ledger_survives_json_and_pickle(fill, mark, day):
    ledger = booked(
        fill(1, "A", 10, 0.1, fee=0.3, fill_id="x"), fill(1, "A", 5, 0.7), Fee(day(2), 0.1),
        FxRate(day(2), "EUR", 1.1), mark(2, A=0.2), cash=1 / 3, lot_method="hifo",
    )  # fmt: skip
    assert Ledger.from_dict(json.loads(json.dumps(ledger.to_dict()))) == ledger
    assert pickle.loads(pickle.dumps(ledger)) == ledger
    assert isinstance(hash(ledger), int)


def test_average_cost_of_several_lots_is_weighted(fill):
    ledger = booked(fill(1, "A", 10, 10.0), fill(1, "A", 30, 14.0), lot_method="fifo")
    assert ledger.holdings["A"].average_cost == 13.0
    flat = apply_event(ledger, fill(2, "A", -40, 20.0))
    assert flat.holdings["A"].average_cost is None


def test_mark_events_take_any_mapping(day):
    assert Mark(day(1), {"A": 1}).prices["A"] == 1.0
