"""Laws of the book over random histories: what must hold whatever happens."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nautilus as nt
from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Mark,
    Split,
    Transfer,
    apply_event,
    explain_pnl,
    mark_to_market,
    open_ledger,
    reconcile,
    run_ledger,
)
from nautilus.accounting.lots import LOT_METHODS

START = datetime(2024, 1, 2, 10)
CURRENCIES = {"A": "USD", "B": "USD", "C": "EUR"}
MULTIPLIERS = {"A": 1.0, "B": 50.0, "C": 1.0}
CASH = 10_000.0

symbols = st.sampled_from(sorted(CURRENCIES))
prices = st.integers(4, 400).map(lambda n: n / 4)
sizes = st.integers(-40, 40).filter(bool)


@st.composite
def histories(draw, size=25):
    """Events in order of time, beginning with an exchange rate and ending with a mark."""
    events = [FxRate(START, "EUR", 1.125)]
    count = draw(st.integers(1, size))
    for i in range(1, count + 1):
        events.append(draw(one_event(START + timedelta(hours=i))))
    closing = {s: draw(prices) for s in CURRENCIES}
    return [*events, Mark(START + timedelta(hours=count + 1), closing)]


def one_event(at):
    cash = st.integers(-400, 400).map(lambda n: n / 4)
    money = st.sampled_from(["USD", "EUR"])
    return st.one_of(
        fills(at),
        fills(at),
        fills(at),
        st.builds(
            lambda s, x: Dividend(at, s, x, CURRENCIES[s]), symbols, prices.map(lambda p: p / 16)
        ),
        st.builds(lambda s, r: Split(at, s, r), symbols, st.sampled_from([2.0, 4.0, 0.5])),
        st.builds(lambda x, c: Fee(at, x, c), cash, money),
        st.builds(lambda s, x: Fee(at, x, CURRENCIES[s], s), symbols, cash),
        st.builds(lambda x, c: Transfer(at, x, c), cash, money),
        st.builds(lambda r: FxRate(at, "EUR", r / 64), st.integers(48, 96)),
        st.builds(
            lambda p: Mark(at, dict(zip(CURRENCIES, p, strict=True))),
            st.tuples(prices, prices, prices),
        ),
    )


def fills(at):
    return st.builds(
        lambda s, q, p, f: Fill(at, s, q, p, f, CURRENCIES[s], MULTIPLIERS[s]),
        symbols, sizes, prices, st.sampled_from([0.0, 1.25]),
    )  # fmt: skip


methods = st.sampled_from(LOT_METHODS)


def scale_of(events):
    """The size of the money that moved, to which rounding is relative."""
    moved = sum(abs(e.quantity * e.price * e.multiplier) for e in events if isinstance(e, Fill))
    return CASH + 10 * moved


@given(histories(), methods)
def test_profit_is_what_net_asset_value_gained(events, method):
    book = run_ledger(events, cash=CASH, lot_method=method)
    gained = book.nav.iloc[-1] - CASH - book.ledger.base_transfers
    assert book.total_pnl == pytest.approx(gained, rel=0, abs=1e-12 * scale_of(events))


@given(histories(), methods)
def test_every_book_reconciles(events, method):
    checked = reconcile(run_ledger(events, cash=CASH, lot_method=method))
    assert checked.reconciled
    assert checked.max_residual < 1e-12


@given(histories())
def test_every_lot_method_earns_the_same_in_total(events):
    books = [run_ledger(events, cash=CASH, lot_method=m) for m in LOT_METHODS]
    tolerance = 1e-12 * scale_of(events)
    expected = pytest.approx(books[0].pnl["total"].tolist(), rel=0, abs=tolerance)
    for book in books[1:]:
        assert book.pnl["total"].tolist() == expected


@given(histories(), methods)
def test_batch_stream_and_pure_fold_agree_to_the_bit(events, method):
    book = run_ledger(events, cash=CASH, lot_method=method)
    live = nt.stream(run_ledger, cash=CASH, lot_method=method)
    pure = open_ledger(cash=CASH, lot_method=method)
    for event in book.events:
        live.update(event)
        pure = apply_event(pure, event)
    assert live.value == book.ledger == pure


@given(histories(), methods, st.integers(0, 30))
def test_a_restored_stream_is_the_unbroken_one_to_the_bit(events, method, at):
    whole = nt.stream(run_ledger, cash=CASH, lot_method=method)
    whole.extend(events)
    first = nt.stream(run_ledger, cash=CASH, lot_method=method)
    first.extend(events[:at])
    second = nt.Stream.of(json.loads(json.dumps(first.snapshot())))
    second.extend(events[at:])
    assert second.value == whole.value
    assert list(second.value.holdings) == list(whole.value.holdings)


@given(histories(), methods)
def test_ids_that_come_twice_change_nothing(events, method):
    named = [
        replace(e, fill_id=f"f{i}") if isinstance(e, Fill) else e for i, e in enumerate(events)
    ]
    doubled = [
        e for event in named for e in ([event, event] if isinstance(event, Fill) else [event])
    ]
    once = run_ledger(named, cash=CASH, lot_method=method).ledger
    twice = run_ledger(doubled, cash=CASH, lot_method=method).ledger
    assert replace(twice, duplicates=0) == once
    assert twice.duplicates == sum(isinstance(e, Fill) for e in events)


@given(histories(), methods)
def test_names_of_symbols_do_not_matter(events, method):
    other = {"A": "Z", "B": "Y", "C": "X"}

    def renamed(event):
        if isinstance(event, Mark):
            turned = {other[s]: p for s, p in reversed(event.prices.items())}
            return Mark(event.timestamp, turned)
        named = getattr(event, "symbol", None)
        return replace(event, symbol=other[named]) if named else event

    book = run_ledger(events, cash=CASH, lot_method=method)
    again = run_ledger([renamed(e) for e in events], cash=CASH, lot_method=method)
    assert again.nav.tolist() == book.nav.tolist()
    assert again.pnl.to_numpy().tolist() == book.pnl.to_numpy().tolist()


@given(histories(), methods)
def test_twice_the_money_is_twice_the_profit_to_the_bit(events, method):
    def doubled(event):
        if isinstance(event, Fill):
            return replace(event, quantity=2 * event.quantity, fee=2 * event.fee)
        return (
            replace(event, amount=2 * event.amount) if isinstance(event, (Fee, Transfer)) else event
        )

    book = run_ledger(events, cash=CASH, lot_method=method)
    again = run_ledger([doubled(e) for e in events], cash=2 * CASH, lot_method=method)
    assert (again.nav == 2 * book.nav).all()
    assert (again.pnl == 2 * book.pnl).all().all()


@given(histories(), methods)
def test_a_split_changes_units_and_no_money(events, method):
    """Four for one at the start, and everything after it in the new units."""
    first = Split(START, "A", 4.0)

    def in_new_units(event):
        if isinstance(event, Mark):
            return Mark(event.timestamp, {**event.prices, "A": event.prices["A"] / 4})
        if getattr(event, "symbol", None) != "A":
            return event
        if isinstance(event, Fill):
            return replace(event, quantity=4 * event.quantity, price=event.price / 4)
        return replace(event, amount=event.amount / 4) if isinstance(event, Dividend) else event

    opening = Fill(START - timedelta(hours=1), "A", 3.0, 50.0)
    book = run_ledger([opening, *events], cash=CASH, lot_method=method)
    again = run_ledger(
        [opening, first, *(in_new_units(e) for e in events)], cash=CASH, lot_method=method
    )
    assert again.nav.tolist() == book.nav.tolist()
    assert again.pnl.to_numpy().tolist() == book.pnl.to_numpy().tolist()


@given(histories(), methods)
def test_the_base_currency_is_a_unit_of_account(events, method):
    """The same book in euros is worth the same, at the rate of the mark."""

    def in_euros(event):
        return (
            FxRate(event.timestamp, "USD", 1 / event.rate) if isinstance(event, FxRate) else event
        )

    dollars = run_ledger(events, cash=0.0, lot_method=method)
    euros = run_ledger(
        [in_euros(e) for e in events], cash=0.0, lot_method=method, base_currency="EUR"
    )
    rate = dollars.ledger.fx_rates["EUR"]
    tolerance = 1e-11 * scale_of(events)
    assert euros.nav.iloc[-1] * rate == pytest.approx(dollars.nav.iloc[-1], rel=0, abs=tolerance)


@given(histories(), methods)
def test_a_mark_and_a_valuation_strike_the_same_net_asset_value(events, method):
    ledger = run_ledger(events, cash=CASH, lot_method=method).ledger
    assert mark_to_market(ledger, events[-1].prices).nav == ledger.nav


@given(histories(), methods)
def test_causes_of_profit_leave_nothing_over(events, method):
    book = run_ledger(events, cash=CASH, lot_method=method)
    tolerance = 1e-11 * scale_of(events)
    whole = explain_pnl(book)
    assert abs(whole.residual) <= tolerance
    assert whole.total == pytest.approx(book.total_pnl, rel=0, abs=tolerance)
    if len(book.marked_at) > 2:
        part = explain_pnl(book, book.marked_at[0], book.marked_at[-1])
        assert abs(part.residual) <= tolerance


@given(histories(), methods)
def test_trades_earn_what_was_realised(events, method):
    book = run_ledger(events, cash=CASH, lot_method=method)
    trades = book.trades
    earned = sum(h.base_realised + h.base_fx for h in book.ledger.holdings.values())
    gross = (trades["pnl"] + trades["fees"]).sum()
    assert gross == pytest.approx(earned, rel=0, abs=1e-11 * scale_of(events))
    assert (trades["holding_days"] >= 0).all()
