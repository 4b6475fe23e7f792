from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting import Dividend, Fill, Mark, Split
from nautilus.core.errors import DataError
from nautilus.server.state.held import FEW, Held, held_after

AT = datetime(2024, 1, 2, tzinfo=UTC)


def at(hours):
    return AT + timedelta(hours=hours)


@st.composite
def histories(draw):
    """Fills and splits of two symbols, mostly in the order of their times."""
    events = []
    for _ in range(draw(st.integers(1, 12))):
        when = at(draw(st.integers(0, 40)))
        symbol = draw(st.sampled_from(["A", "B"]))
        if draw(st.integers(0, 5)) == 0:
            events.append(Split(when, symbol, 2.0))
        else:
            quantity = draw(st.sampled_from([-30.0, -1.0, 0.1, 7.0, 30.0]))
            events.append(Fill(when, symbol, quantity, draw(st.sampled_from([1.0, 3.3, 10.0]))))
    if draw(st.booleans()):
        events.sort(key=lambda event: event.timestamp)
    return events


@given(histories(), st.data())
def test_what_is_carried_on_equals_what_is_worked_out_from_the_start(events, data):
    cut = data.draw(st.integers(0, len(events)))
    before = held_after(events[:cut]) if cut else None
    carried, whole = held_after(events, "USD", before), held_after(events)
    assert carried.positions == whole.positions
    assert carried.count == whole.count == len(events)


def test_nothing_new_is_the_same():
    before = held_after([Fill(AT, "A", 1, 1.0)])
    assert held_after([Fill(AT, "A", 1, 1.0)], "USD", before) is before
    assert held_after([]).positions == ()


def test_marks_only_tell_prices():
    events = [
        Fill(AT, "A", 10, 100.0, currency="EUR"),
        Mark(at(1), {"A": 120.0, "B": float("nan")}),
        Mark(at(2), {"A": float("nan")}),
        Dividend(at(3), "A", 1.0, "EUR"),
    ]
    (position,) = held_after(events).positions
    assert (position.price, position.average_cost, position.currency) == (120.0, 100.0, "EUR")


@pytest.mark.parametrize("events", [[0, 1], [1, 0]])
def test_a_split_changes_the_price_and_not_the_value(events):
    both = (Fill(AT, "A", 10, 100.0), Split(AT, "A", 4.0))
    (position,) = held_after([both[i] for i in events]).positions
    assert (position.quantity, position.price, position.average_cost) == (40.0, 25.0, 25.0)
    assert position.market_value == 1000.0


def test_a_split_of_what_was_never_held_is_nothing():
    assert held_after([Split(AT, "A", 4.0)]).positions == ()


def test_many_new_events_are_booked_at_once():
    events = [Fill(at(n), "A", 1.0, 10.0 + n) for n in range(FEW + 5)]
    assert (
        held_after(events, "USD", held_after(events[:2])).positions == held_after(events).positions
    )


def test_a_new_currency_is_no_obstacle():
    events = [Fill(AT, "A", 1, 1.0), Fill(at(1), "B", 1, 1.0, currency="CHF")]
    held = held_after(events, "USD", held_after(events[:1]))
    assert [position.currency for position in held.positions] == ["USD", "CHF"]


def test_what_no_ledger_can_book_is_refused():
    events = [Fill(AT, "A", 1, 1.0), Fill(at(1), "A", 1, 1.0, currency="EUR")]
    for before in (None, held_after(events[:1])):
        with pytest.raises(DataError, match="A"):
            held_after(events, "USD", before)


def test_before_the_first_event_nothing_is_held():
    assert Held().positions == ()
