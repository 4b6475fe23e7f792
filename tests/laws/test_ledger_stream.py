"""The ledger of a stream is the ledger of the book, to the bit, however it was interrupted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nautilus as nt
from nautilus.accounting import Dividend, Fee, Fill, FxRate, Mark, Split, Transfer, run_ledger

from .calls import JAN_2, JAN_3, JAN_4, events

METHODS = ("average", "fifo", "lifo", "hifo")
quantities = st.floats(-1e4, 1e4).filter(lambda q: abs(q) > 1e-6)
money = st.floats(0.01, 1e4)
symbols = st.sampled_from(["AAPL", "MSFT"])
currencies = {"AAPL": "USD", "MSFT": "USD", "SAP": "EUR"}
bought = st.builds(
    lambda symbol, *rest: Fill(JAN_2, symbol, *rest, currency=currencies[symbol]),
    st.sampled_from(sorted(currencies)),
    quantities,
    money,
    st.floats(0.0, 10.0),
)
happenings = st.one_of(
    bought,
    st.builds(Dividend, st.just(JAN_3), symbols, st.floats(0.0, 5.0)),
    st.builds(Split, st.just(JAN_3), symbols, st.floats(0.1, 10.0)),
    st.builds(Transfer, st.just(JAN_3), st.floats(-1e4, 1e4)),
    st.builds(Fee, st.just(JAN_3), st.floats(-10.0, 10.0), st.sampled_from(["USD", "EUR"])),
    st.builds(FxRate, st.just(JAN_3), st.just("EUR"), st.floats(0.5, 2.0)),
    st.builds(
        lambda *prices: Mark(JAN_4, dict(zip(sorted(currencies), prices, strict=True))),
        money,
        money,
        money,
    ),
)
histories = st.lists(happenings, max_size=20).map(lambda found: sorted(found, key=rank))


def rank(event):
    """Times rise; of one time, marks come last."""
    return event.timestamp, isinstance(event, Mark)


def streamed(history, cut, **options):
    stream = nt.stream(run_ledger, **options)
    for i, event in enumerate(history):
        if i == cut:
            stream = nt.Stream.of(json.loads(json.dumps(stream.snapshot(), allow_nan=False)))
        stream.update(event)
    return stream


@pytest.mark.parametrize("method", METHODS)
@given(history=histories, cut=st.integers(0, 20))
def test_event_by_event_is_the_whole_book(method, history, cut):
    options = {"cash": 1e5, "lot_method": method, "fx_rates": {"EUR": 1.1}}
    book = run_ledger(history, **options)  # its events are in the order of their ties
    assert streamed(book.events, cut, **options).value == book.ledger


@pytest.mark.parametrize("method", METHODS)
def test_every_cut_of_a_real_history_resumes(method):
    options = {"cash": 20_000.0, "lot_method": method}
    whole = run_ledger(events(), **options).ledger
    for cut in range(len(events())):
        assert streamed(events(), cut, **options).value == whole


def test_a_peek_and_a_copy_leave_the_book_alone():
    stream = streamed(events()[:3], 1, cash=20_000.0)
    before = stream.value
    assert stream.peek(events()[3]) != before
    twin = stream.copy()
    twin.update(events()[3])
    assert stream.value == before
    assert twin.value != before


@pytest.mark.parametrize("method", METHODS)
@given(fills=st.lists(st.tuples(symbols, quantities, money, st.floats(0.0, 10.0)), max_size=20))
def test_fills_in_columns_are_the_ledger_to_the_bit(method, fills):
    ledger = run_ledger([Fill(JAN_2, *f) for f in fills], lot_method=method).ledger
    found = nt.accounting.fills_pnl(*zip(*fills, strict=True), lot_method=method) if fills else None
    for i, symbol in enumerate(found.symbols if found else ()):
        holding = ledger.holdings[symbol]
        assert found.quantities[i] == holding.quantity
        assert found.fees_by_symbol[i] == holding.fees
        assert found.realised_by_symbol[i] == holding.realised


@pytest.mark.parametrize("method", METHODS)
@given(history=histories)
def test_every_book_reconciles(method, history):
    end = [Mark(JAN_4, dict.fromkeys(currencies, 100.0))]
    rates = {"EUR": 1.1}
    whole = run_ledger([*history, *end], cash=1e5, lot_method=method, fx_rates=rates)
    checked = nt.accounting.reconcile(whole)
    assert checked.reconciled, checked.max_residual
