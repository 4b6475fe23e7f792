"""Folds over history: panels, windows and metrics, interpreted, compiled and in threads alike."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core import jit, segments
from nautilus.core.errors import LabelError, ShapeError
from nautilus.core.folds import Fold, Reduction, Window, apply, folded, registered, windowed

NAN = float("nan")


class Range(NamedTuple):
    low: float
    high: float


def no_parameters() -> tuple[float, ...]:
    return ()


def period_only(period: int = 3) -> tuple[float, ...]:
    return (float(period),)


def total_init() -> tuple[float]:
    return (0.0,)


def total_step(state, x):
    if x != x:
        return state, NAN
    value = state[0] + x / 3.0
    return (value,), value


def range_init() -> tuple[tuple[float], float]:
    return (0.0,), 0.0


def range_step(state, high, low, scale):
    (seen,), spread = state
    spread = spread + (high - low) * scale
    return ((seen + 1.0,), spread), (low - spread, high + spread)


def identity(x, period):
    return (x,)


def add(earlier, later):
    return (earlier[0] + later[0],)


def first(total, period):
    return total[0]


def order_lift(x, period):
    return x, x


def order_merge(earlier, later):
    return earlier[0], later[1]


def order_finish(aggregate, period):
    return aggregate[1] * 1000.0 + aggregate[0]


def beta_lift(a, b):
    if a != a or b != b:
        return 0.0, 0.0
    return a * b, b * b


def beta_merge(earlier, later):
    return earlier[0] + later[0], earlier[1] + later[1]


def beta_finish(total):
    return total[0] / total[1] if total[1] > 0.0 else NAN


TOTAL = Fold(("x",), total_init, total_step, no_parameters)
RANGE = Fold(("high", "low"), lambda scale: range_init(), range_step, lambda scale: (scale,), Range)
SUM = Window(("x",), identity, add, first, period_only)
ENDS = Window(("x",), order_lift, order_merge, order_finish, period_only)
BETA = Reduction(("a", "b"), beta_lift, beta_merge, beta_finish, no_parameters)


def random(*shape, missing=7):
    values = np.random.default_rng(5).normal(100, 5, shape)
    values.reshape(-1)[::missing] = np.nan
    return values


@pytest.fixture
def compile_all(monkeypatch):
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    monkeypatch.setattr(jit, "_price", lambda function: 0)


# ---- one bar, one window -----------------------------------------------------------------------


def test_a_fold_is_its_step_over_the_bars():
    assert apply(TOTAL, ([3.0, NAN, 6.0],), ())[0].tolist()[::2] == [1.0, 3.0]
    assert np.isnan(apply(TOTAL, ([3.0, NAN, 6.0],), ())[0][1])


def test_a_window_reads_exactly_its_bars_in_their_order():
    values = np.arange(1.0, 10.0)
    for period in range(1, 10):
        found = apply(ENDS, (values,), (float(period),))[0]
        assert np.isnan(found[: period - 1]).all()
        ends = [values[i] * 1000 + values[i - period + 1] for i in range(period - 1, 9)]
        assert found[period - 1 :].tolist() == ends


def test_a_bad_tick_leaves_no_trace_after_its_window():
    values = np.ones(12)
    values[3], values[7] = np.nan, np.inf
    found = apply(SUM, (values,), (2.0,))[0]
    np.testing.assert_array_equal(
        found, [np.nan, 2, 2, np.nan, np.nan, 2, 2, np.inf, np.inf, 2, 2, 2]
    )


def test_a_period_longer_than_history_is_all_warm_up():
    assert np.isnan(apply(SUM, ([1.0, 2.0],), (5.0,))[0]).all()


@given(values=st.lists(st.integers(-50, 50), max_size=40), period=st.integers(1, 12))
def test_a_window_is_the_sum_of_its_slice(values, period):
    found = apply(SUM, (np.array(values, dtype=float),), (float(period),))[0]
    for i in range(period - 1, len(values)):
        assert found[i] == sum(values[i - period + 1 : i + 1])


# ---- shapes and kinds --------------------------------------------------------------------------


def test_several_outputs_come_as_arrays_in_the_kind_of_the_first_input():
    days = pd.date_range("2024-01-01", periods=3)
    high = pd.Series([2.0, 3.0, 4.0], index=days, name="KO")
    low, top = apply(RANGE, (high, [1.0, 1.0, 1.0]), (1.0,))
    assert low.tolist() == [0.0, -2.0, -5.0]
    assert top.tolist() == [3.0, 6.0, 10.0]
    assert low.index.equals(days)
    assert low.name == "KO"


@pytest.mark.parametrize("shape", [(0,), (1,), (0, 3), (1, 3), (3, 0), (3, 1)])
@pytest.mark.parametrize(
    "fold, inputs, parameters", [(TOTAL, 1, ()), (SUM, 1, (2.0,)), (RANGE, 2, (1.0,))]
)
def test_any_shape_is_kept(fold, inputs, parameters, shape):
    outputs = apply(fold, [np.ones(shape)] * inputs, parameters)
    assert [o.shape for o in outputs] == [shape] * fold.width


def test_a_panel_is_its_columns_and_inputs_are_left_alone():
    values = random(30, 4)
    kept = values.copy()
    values.flags.writeable = False
    for fold, parameters in ((TOTAL, ()), (SUM, (5.0,))):
        together = apply(fold, (values,), parameters)[0]
        for j in range(4):
            np.testing.assert_array_equal(
                together[:, j], apply(fold, (values[:, j],), parameters)[0]
            )
    np.testing.assert_array_equal(values, kept)


def test_rows_backwards_and_every_second_column_are_read_as_they_are():
    values = random(30, 6)[::-1, ::2]
    np.testing.assert_array_equal(
        apply(TOTAL, (values,), ())[0], apply(TOTAL, (np.ascontiguousarray(values),), ())[0]
    )


def test_panels_of_several_inputs_join_by_label():
    high = pd.DataFrame({"A": [2.0, 3.0], "B": [5.0, 6.0]})
    low = pd.DataFrame({"B": [4.0, 4.0], "A": [1.0, 1.0]})
    found = apply(RANGE, (high, low), (0.0,))[0]
    assert found.to_dict("list") == {"A": [1.0, 1.0], "B": [4.0, 4.0]}
    with pytest.raises(LabelError, match="`low` must name the same assets: it lacks A"):
        apply(RANGE, (high, low[["B"]].assign(C=1.0)), (0.0,))
    with pytest.raises(ShapeError, match="`high` has 2 rows and `low` 1"):
        apply(RANGE, (high, low.iloc[:1]), (0.0,))


# ---- the same bits, however they are run -------------------------------------------------------


@pytest.mark.parametrize(
    "fold, inputs, parameters",
    [(TOTAL, (random(400),), ()), (SUM, (random(400),), (7.0,)), (ENDS, (random(400),), (1.0,)),
     (RANGE, (random(400, 2), random(400, 2)), (0.1,))],
)  # fmt: skip
def test_compiled_equals_interpreted_to_the_bit(fold, inputs, parameters, compile_all, monkeypatch):
    fast = apply(fold, inputs, parameters)
    monkeypatch.setenv("NAUTILUS_JIT", "0")
    for a, b in zip(fast, apply(fold, inputs, parameters), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("off", [True, False])
def test_a_panel_in_threads_is_the_panel_in_turn(off, compile_all, monkeypatch):
    values = random(50, 8)
    if off:
        monkeypatch.setenv("NAUTILUS_JIT", "0")
    serial = [apply(f, (values,), p)[0] for f, p in ((TOTAL, ()), (SUM, (5.0,)))]
    monkeypatch.setattr(segments, "_PARALLEL_WORK", 1)
    threads = [apply(f, (values,), p)[0] for f, p in ((TOTAL, ()), (SUM, (5.0,)))]
    for a, b in zip(serial, threads, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("fold, parameters", [(TOTAL, ()), (SUM, (2.0,))])
def test_a_panel_counts_each_bar_once(fold, parameters, monkeypatch):
    monkeypatch.setattr(jit, "_work_done", 0)
    monkeypatch.setattr(jit, "_loaded", set())
    monkeypatch.setattr(jit, "_price", lambda function: 10**9)
    apply(fold, (np.ones((10, 7)),), parameters)
    assert jit.counted_work() == 70


def test_a_panel_compiles_when_all_its_columns_together_pay(monkeypatch):
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    monkeypatch.setattr(jit, "_work_done", 0)
    monkeypatch.setattr(jit, "_loaded", set())
    monkeypatch.setattr(jit, "_price", lambda function: 60)
    apply(TOTAL, (np.ones((10, 6)),), ())
    assert jit.counted_work() == 60
    apply(TOTAL, (np.ones((10, 1)),), ())
    assert jit.counted_work() == 60


def test_run_goes_on_from_any_state(compile_all, monkeypatch):
    values = random(100)
    for fold, parameters in ((TOTAL, ()), (SUM, (7.0,)), (ENDS, (4.0,))):
        whole = apply(fold, (values,), parameters)[0]
        for cut in (0, 1, 6, 50, 100):
            state, (head,) = fold.run(
                fold.start(parameters), [values[:cut].copy()], parameters, cut
            )
            monkeypatch.setenv("NAUTILUS_JIT", "0" if cut == 50 else "1")
            _, (tail,) = fold.run(state, [values[cut:].copy()], parameters, 100 - cut)
            np.testing.assert_array_equal(np.concatenate([head, tail]), whole)


# ---- metrics -----------------------------------------------------------------------------------


def test_a_metric_starts_at_its_zero_and_leaves_missing_pairs_out():
    assert BETA.start(()) == (0.0, 0.0)
    _, (value,) = BETA.run(
        BETA.start(()), [np.array([1.0, NAN, 4.0]), np.array([1.0, 5.0, 2.0])], (), 3
    )
    assert value.tolist() == [9.0 / 5.0]
    assert BETA.updater(())(BETA.start(()), (2.0, 1.0))[1] == (2.0,)
    assert np.isnan(BETA.updater(())(BETA.start(()), (NAN, 1.0))[1][0])


def test_the_rolling_metric_is_the_metric_of_each_slice(compile_all, monkeypatch):
    a, b = random(60), random(60, missing=11)
    fast = windowed(BETA, [a, b], 5, ())
    monkeypatch.setenv("NAUTILUS_JIT", "0")
    slow = windowed(BETA, [a, b], 5, ())
    np.testing.assert_array_equal(fast, slow)
    assert np.isnan(fast[:4]).all()
    for i in range(4, 60):
        whole = BETA.run(BETA.start(()), [a[i - 4 : i + 1], b[i - 4 : i + 1]], (), 5)[1][0][0]
        assert fast[i] == pytest.approx(whole, rel=1e-13)


def test_a_rolling_metric_of_nothing_is_nothing():
    assert windowed(BETA, [np.empty(0), np.empty(0)], 5, ()).shape == (0,)


# ---- the registry ------------------------------------------------------------------------------


def test_a_registered_function_is_found_by_itself_and_by_name():
    @folded(TOTAL, batch_only=["prices"])
    def thirds(x, prices=None):
        return apply(TOTAL, (x,), ())[0]

    entry = registered(thirds)
    assert entry.function is thirds
    assert entry.batch_only == ("prices",)
    assert entry.name.endswith(".thirds")
    assert registered(entry.name) is entry
    assert registered(print) is None
    assert registered("indicators.nothing") is None


def test_functions_of_the_library_are_named_by_package():
    from nautilus.indicators import rsi

    assert registered(rsi).name == "indicators.rsi"


def test_polars_goes_through_a_fold_with_its_times():
    frame = pl.DataFrame({"t": pd.date_range("2024-01-01", periods=2).to_list(), "A": [1, None]})
    found = apply(TOTAL, (frame,), ())[0]
    assert found["t"].equals(frame["t"])
    assert found["A"][0] == 1 / 3
