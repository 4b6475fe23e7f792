"""What holds for every indicator: stream = batch, compiled = interpreted, no look-ahead."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nautilus as nt
from nautilus.core import jit
from nautilus.indicators import ema, rsi, sma, warmup

CASES = [
    (rsi, {"period": 5}),
    (rsi, {"period": 3, "seed": "first"}),
    (ema, {"period": 4}),
    (ema, {"period": 6, "seed": "first"}),
    (sma, {"period": 5}),
    (sma, {"period": 1}),
]
every = pytest.mark.parametrize("function, options", CASES)
closes = st.lists(
    st.one_of(st.floats(1e-3, 1e6), st.just(100.0), st.just(float("nan"))), min_size=0, max_size=60
).map(lambda values: np.array(values, dtype=np.float64))


def bits(a):
    return np.ascontiguousarray(a, dtype=np.float64).view(np.int64)


def assert_bits(a, b):
    a, b = (np.asarray(x, dtype=np.float64) for x in (a, b))
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    np.testing.assert_array_equal(bits(a[~np.isnan(a)]), bits(b[~np.isnan(b)]))


@every
@given(close=closes)
def test_stream_equals_batch_to_the_bit(function, options, close):
    live = nt.stream(function, **options)
    assert_bits([live.update(x) for x in close], function(close, **options))


@every
@given(close=closes, cut=st.integers(0, 60))
def test_a_restart_from_a_snapshot_changes_nothing(function, options, close, cut):
    live = nt.stream(function, **options)
    for x in close[:cut]:
        live.update(x)
    if len(close[:cut]):
        live = nt.Stream.of(json.loads(json.dumps(live.snapshot())))
    rest = [live.update(x) for x in close[cut:]]
    assert_bits(rest, function(close, **options)[cut:])


@every
@given(close=closes, cut=st.integers(0, 60), factor=st.floats(0.1, 10))
def test_the_future_never_changes_the_past(function, options, close, cut, factor):
    changed = close.copy()
    changed[cut:] *= factor
    assert_bits(function(changed, **options)[:cut], function(close, **options)[:cut])


@every
def test_compiled_equals_interpreted_to_the_bit(function, options, monkeypatch):
    close = np.random.default_rng(1).normal(100, 5, 3000)
    close[::17] = np.nan
    monkeypatch.setenv("NAUTILUS_JIT", "0")
    interpreted = function(close, **options)
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    monkeypatch.setattr(jit, "_price", lambda *_: 0)
    assert_bits(function(close, **options), interpreted)


@every
def test_a_panel_is_its_columns(function, options):
    panel = np.random.default_rng(2).normal(100, 5, (50, 3))
    together = function(panel, **options)
    for column in range(3):
        assert_bits(together[:, column], function(panel[:, column], **options))


@every
def test_the_kind_that_came_goes_back(function, options):
    days = pd.date_range("2024-01-01", periods=30)
    close = pd.Series(np.arange(30.0) ** 1.5, index=days, name="KO")
    found = function(close, **options)
    assert found.index.equals(days)
    assert found.name == "KO"
    frame = pl.DataFrame({"day": days.to_list(), "KO": close.to_numpy()})
    assert function(frame, **options).columns == ["day", "KO"]
    assert_bits(function(frame, **options)["KO"].to_numpy(), found.to_numpy())


@every
def test_whole_numbers_count_as_prices(function, options):
    assert_bits(
        function([1, 2, 4, 3, 9, 7, 8], **options)[-1:],
        function(np.array([1.0, 2, 4, 3, 9, 7, 8]), **options)[-1:],
    )


@every
def test_a_fresh_start_forgets_its_seed(function, options):
    close = 100 * np.exp(np.random.default_rng(3).normal(0, 0.01, 2000).cumsum())
    n = warmup(function.__name__, **options)
    values = function(close, **options)
    assert np.isnan(values[: n.first - 1]).all()
    assert np.isfinite(values[n.first - 1])
    fresh = function(close[-n.forget :], **options)[-1]
    assert fresh == pytest.approx(values[-1], abs=1e-10, rel=1e-12)
