"""Events: what they refuse, and their JSON form."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Mark,
    Split,
    Transfer,
    event_from_dict,
    event_to_dict,
)
from nautilus.core.errors import DataError

AT = datetime(2024, 1, 2, 15, 30)


def test_numbers_of_any_kind_become_floats():
    fill = Fill(AT, "AAPL", np.int64(10), Decimal("185.5"), fee=np.float32(1.0))
    assert (fill.quantity, fill.price, fill.fee) == (10.0, 185.5, 1.0)
    assert all(type(x) is float for x in (fill.quantity, fill.price, fill.fee))


def test_pandas_times_become_plain_datetimes():
    fill = Fill(pd.Timestamp("2024-01-02 15:30", tz="America/New_York"), "AAPL", 1, 1.0)
    assert type(fill.timestamp) is datetime
    assert fill.timestamp.utcoffset() is not None


NAN = float("nan")


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: Fill(AT, "A", 0, 1.0), "not be 0. Pass a positive one for a purchase"),
        (lambda: Fill(AT, "A", 1, NAN), "`price` of the fill of A at 2024-01-02 must be finite"),
        (lambda: Fill(AT, "A", float("inf"), 1.0), "`quantity` of .* must be finite, got inf"),
        (lambda: Fill(AT, "A", "10", 1.0), "`quantity` .* must be a number, got '10'"),
        (lambda: Fill(AT, "A", True, 1.0), "`quantity` .* must be a number, got True"),
        (lambda: Fill(AT, "A", 1, np.array([1.0, 2.0])), "`price` .* must be a number"),
        (lambda: Fill(AT, "A", 1, 1.0, multiplier=0), "`multiplier` .* above 0, got 0.0"),
        (lambda: Fill(AT, "", 1, 1.0), "`symbol` of the fill at 2024-01-02 must be a name"),
        (lambda: Fill(AT, "A", 1, 1.0, currency=None), "`currency` of the fill .* be a name"),
        (lambda: Fill(date(2024, 1, 2), "A", 1, 1.0), "`timestamp` must be a datetime"),
        (lambda: Fill(pd.NaT, "A", 1, 1.0), "`timestamp` must be a datetime, got NaT"),
        (lambda: Split(AT, "A", 0), "`ratio` .* above 0, got 0.0. Pass 4.0 for 4:1"),
        (lambda: Dividend(AT, "A", NAN), "`amount` of the dividend of A"),
        (lambda: Fee(AT, NAN), "`amount` of the fee of USD"),
        (lambda: Transfer(AT, None), "`amount` of the transfer .* must be a number, got None"),
        (lambda: FxRate(AT, "EUR", -1.0), "`rate` of the fx_rate of EUR .* above 0, got -1.0"),
        (lambda: Mark(AT, [1.0]), "must be a mapping of symbol -> price, got list"),
        (lambda: Mark(AT, {"A": "x"}), "`prices` of the mark .* numbers, got 'x' for A"),
        (lambda: Mark(AT, {"A": float("inf")}), "must be numbers, got inf for A"),
    ],
)
def test_what_cannot_be_booked_says_so(make, text):
    with pytest.raises(DataError, match=text):
        make()


EVENTS = [
    Fill(AT, "AAPL", -10, 185.0, fee=1.0, currency="EUR", multiplier=50.0, fill_id="x1"),
    Dividend(AT, "AAPL", 0.24),
    Split(AT, "AAPL", 4),
    Fee(AT, 3.5, symbol="AAPL"),
    Transfer(datetime(2024, 1, 2, tzinfo=UTC), -100.0, "EUR"),
    FxRate(AT, "EUR", 1.09),
    Mark(AT, {"AAPL": 185.0, "MSFT": float("nan"), "KO": None}),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_events_survive_json_pickle_and_hashing(event):
    again = event_from_dict(json.loads(json.dumps(event_to_dict(event))))
    assert event_to_dict(again) == event_to_dict(event)
    assert isinstance(hash(event), int)
    assert type(pickle.loads(pickle.dumps(event))) is type(event)


def test_equal_marks_are_equal_and_read_only():
    first, second = Mark(AT, {"A": 1.0, "B": 2.0}), Mark(AT, pd.Series({"B": 2.0, "A": 1.0}))
    assert first == second
    assert hash(first) == hash(second)
    assert first != EVENTS[0]
    with pytest.raises(TypeError):
        first.prices["A"] = 3.0


def test_json_of_no_event_is_refused():
    with pytest.raises(DataError, match=r"`kind` must be one of fill, dividend, .*, got 'trade'"):
        event_from_dict({"kind": "trade"})
    with pytest.raises(DataError, match=r"a split has no field `factor`. Its fields are timestamp"):
        event_from_dict({"kind": "split", "timestamp": "2024-01-02", "factor": 2})
    with pytest.raises(DataError, match=r"a split needs `timestamp`"):
        event_from_dict({"kind": "split", "symbol": "A", "ratio": 2})
    with pytest.raises(DataError, match=r"`timestamp` must be ISO 8601 .* got 'soon'"):
        event_from_dict({"kind": "split", "timestamp": "soon", "symbol": "A", "ratio": 2})
    with pytest.raises(DataError, match=r"`timestamp` must be a datetime, got 5"):
        event_from_dict({"kind": "split", "timestamp": 5, "symbol": "A", "ratio": 2})


def test_cash_flow_of_a_fill():
    assert Fill(AT, "ES", 2, 100.0, fee=3.0, multiplier=50.0).cash_flow == -10_003.0
