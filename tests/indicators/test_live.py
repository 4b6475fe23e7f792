"""Many indicators of live bars: equal to history, restarted, and refusing what cannot be."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus import indicators as i
from nautilus.core import panel_states
from nautilus.core.errors import DataError, LabelError, ParameterError, TimeIndexError

from .test_features import bars

START = dt.datetime(2025, 7, 1, 13, 30, tzinfo=dt.UTC)


def rows(frame):
    return [
        {**row, "timestamp": row["timestamp"].to_pydatetime()}
        for row in frame.drop(columns="symbol").to_dict("records")
    ]


def assert_same(found, expected):
    table = pd.DataFrame(found)
    assert table.columns.tolist() == expected.columns.tolist()
    np.testing.assert_array_equal(table.to_numpy(), expected.to_numpy())


@given(seed=st.integers(0, 99), cut=st.integers(0, 80))
def test_bar_by_bar_and_through_a_snapshot_it_is_compute_to_the_bit(seed, cut):
    frame = bars("A", 80, seed)
    live, found = i.FeatureSet(i.available()), []
    for n, bar in enumerate(rows(frame)):
        if n == cut:
            live = i.FeatureSet.of(json.loads(json.dumps(live.snapshot(), allow_nan=False)))
        peeked = live.peek(bar)
        found.append(live.update(bar))
        assert str(peeked) == str(found[-1])
    expected = i.compute(frame, i.available(), by="symbol").drop(columns=["symbol", "timestamp"])
    assert_same(found, expected)
    assert live.bars == 80


def test_a_panel_is_its_symbols():
    frames = {s: bars(s, 60, n) for n, s in enumerate("XYZ")}
    specs = ["rsi", ("ema", {"period": 5}), "vwap", "keltner_channels"]
    live = i.FeatureSet(specs, symbols=list(frames))
    found = []
    for n in range(60):
        bar = {c: [frames[s][c].iloc[n] for s in "XYZ"] for c in live.fields}
        bar["timestamp"] = frames["X"]["timestamp"].iloc[n].to_pydatetime()
        found.append(live.update(bar))
        if n == 30:
            live = i.FeatureSet.of(json.loads(json.dumps(live.snapshot())))
    for number, symbol in enumerate("XYZ"):
        expected = i.compute(frames[symbol], specs).drop(columns="timestamp")
        assert_same([{k: v[number] for k, v in row.items()} for row in found], expected)


def test_a_compiled_panel_is_the_interpreted_one_to_the_bit(monkeypatch):
    """Through a snapshot and a copy, and where compiling begins in the middle."""
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    frames = [bars(s, 70, n) for n, s in enumerate("XYZ")]
    slow = i.FeatureSet(i.available(), symbols="XYZ")
    fast = i.FeatureSet(i.available(), symbols="XYZ")
    monkeypatch.setattr("nautilus.core.panel_states.is_loaded", lambda loop: compiling)
    compiling = False
    for n in range(70):
        bar = {c: [frame[c].iloc[n] for frame in frames] for c in slow.fields}
        bar["timestamp"] = frames[0]["timestamp"].iloc[n].to_pydatetime()
        compiling = False
        expected = slow.update(bar)
        compiling = n > 5
        found = fast.update(bar)
        assert str(found) == str(expected)
        if n == 30:
            assert fast == slow
            fast = i.FeatureSet.of(json.loads(json.dumps(fast.snapshot())))
        if n == 40:
            fast = fast.copy()


def test_a_panel_is_compiled_when_it_is_warmed_up(monkeypatch):
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    live = i.FeatureSet(["rsi"], symbols=["A", "B"])
    live.warm_up()
    assert all(panel_states.is_loaded(panel._loop) for panel in live._panels)
    assert live.update({"close": [1.0, 2.0]})["rsi_14"][0] != 0.0


def test_a_copy_goes_its_own_way():
    live = i.FeatureSet([("sma", {"period": 2})])
    live.update({"close": 1.0})
    other = live.copy()
    assert other.update({"close": 5.0}) == {"sma_2": 3.0}
    assert live.update({"close": 2.0}) == {"sma_2": 1.5}
    assert live.value == {"sma_2": 1.5}


BAR = {"high": 2.0, "low": 1.0, "close": 1.5, "volume": 10.0}


@pytest.mark.parametrize(
    ("bar", "error", "words"),
    [
        ({"close": 1.0}, LabelError, "`bar` lacks 'high'; it needs high, low, close, volume"),
        ({**BAR, "high": 0.5}, DataError, "got 0.5 and 1. Swap"),
        ({**BAR, "volume": -1.0}, DataError, "`volume` must not be negative, got -1"),
        ({**BAR, "timestamp": "now"}, TimeIndexError, "must be a datetime with a zone"),
        ({**BAR, "timestamp": START}, TimeIndexError, "is not after the bar before"),
    ],
)
def test_a_bar_that_cannot_be_is_refused_and_nothing_is_taken(bar, error, words):
    live = i.FeatureSet(["atr", "obv"])
    live.update({**BAR, "timestamp": START})
    before = live.snapshot()
    with pytest.raises(error, match=words):
        live.update(bar)
    assert live.snapshot() == before


def test_a_panel_wants_a_value_for_every_symbol():
    live = i.FeatureSet(["atr"], symbols=["A", "B"])
    with pytest.raises(DataError, match="must hold 2 values of 'high', one per symbol, got 1"):
        live.update({"high": [1.0], "low": [1.0, 1.0], "close": [1.0, 1.0]})
    with pytest.raises(DataError, match="got 1 and 2 of B"):
        live.update({"high": [1.0, 1.0], "low": [1.0, 2.0], "close": [1.0, 1.0]})


def test_what_is_no_snapshot():
    with pytest.raises(ParameterError, match="must be what FeatureSet"):
        i.FeatureSet.of({"version": 0})
