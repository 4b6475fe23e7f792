"""Laws of every metric, from the one place where they are registered."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nautilus as nt
import nautilus.analytics as na
from nautilus.analytics.measures import TWO, measure_of

METRICS = [f for f in (getattr(na, name) for name in na.__all__) if measure_of(f) is not None]
TRIALS = {"n_trials": 10, "trial_sharpe_variance": 0.5}
returns = arrays(
    np.float64,
    st.integers(0, 90),
    elements=st.floats(-0.5, 0.19, allow_subnormal=False).map(lambda x: round(x, 9)),
)


def options(metric: Any) -> dict[str, Any]:
    needed = {"n_trials", "trial_sharpe_variance"} & set(inspect.signature(metric).parameters)
    return {name: TRIALS[name] for name in needed}


def inputs(metric: Any, x: np.ndarray, seed: int = 0) -> tuple[np.ndarray, ...]:
    if measure_of(metric).inputs != TWO:  # type: ignore[union-attr]
        return (x,)
    noise = np.random.default_rng(seed).normal(0.0, 0.02, len(x))
    return x, 0.5 * x + noise


def close(a: Any, b: Any, scale: float = 1.0, tolerance: float = 1e-12) -> bool:
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True))


def scale_of(metric: Any, args: tuple[np.ndarray, ...]) -> float:
    """Largest term of the metric: the value per unit of rounding of a return."""
    name = metric.__name__
    if name in ("minimum_track_record_length", "kappa_ratio", "net_selectivity"):
        return 1e4 * max(1.0, abs(np.nan_to_num(metric(*args, **options(metric)))))
    return 252.0


@pytest.mark.parametrize("metric", METRICS, ids=lambda f: f.__name__)
@given(x=returns, seed=st.integers(0, 9))
def test_a_panel_column_is_the_series(metric: Any, x: np.ndarray, seed: int) -> None:
    args = inputs(metric, x, seed)
    alone = metric(*args, **options(metric))
    panel = np.column_stack([x[::-1], x, np.full(len(x), np.nan)])
    assert isinstance(alone, float)
    together = metric(panel, *args[1:], **options(metric))
    assert close(together[1], alone, scale_of(metric, args))
    assert np.isnan(together[2])


@pytest.mark.parametrize("metric", METRICS, ids=lambda f: f.__name__)
@given(x=returns, where=st.lists(st.integers(0, 89), max_size=5))
def test_inserting_nan_is_dropping_it(metric: Any, x: np.ndarray, where: list[int]) -> None:
    args = inputs(metric, x)
    holes = [np.insert(a, [min(w, len(x)) for w in where], np.nan) for a in args]
    expected = metric(*args, **options(metric))
    assert close(metric(*holes, **options(metric)), expected, scale_of(metric, args))


STREAMED = [f for f in METRICS if measure_of(f).reduction is not None]  # type: ignore[union-attr]


@pytest.mark.parametrize("metric", STREAMED, ids=lambda f: f.__name__)
@given(x=returns, cut=st.integers(0, 90))
def test_stream_equals_batch(metric: Any, x: np.ndarray, cut: int) -> None:
    args = inputs(metric, x)
    live = nt.stream(metric, **options(metric))
    live.extend(*(a[:cut] for a in args))
    live = nt.Stream.of(live.snapshot())
    for row in zip(*(a[cut:] for a in args), strict=True):
        live.update(*row)
    expected = metric(*args, **options(metric))
    # A spread of rounding size decides on NaN or a number: both roads must agree only above it.
    assert close(live.value, expected, scale_of(metric, args), 1e-11) or _borderline(args)


def _borderline(args: tuple[np.ndarray, ...]) -> bool:
    return any(np.ptp(a) < 1e-9 for a in args if len(a))


@pytest.mark.parametrize("metric", METRICS, ids=lambda f: f.__name__)
def test_a_window_is_a_slice(metric: Any) -> None:
    x = np.random.default_rng(1).standard_t(4, 120) * 0.01
    x[[3, 50]] = np.nan
    args = inputs(metric, x)
    extra = {"benchmark_returns": args[1]} if len(args) == 2 else {}
    window = 70
    rolled = na.rolling(metric, x, window=window, **extra, **options(metric))
    assert np.isnan(rolled[: window - 1]).all()
    for t in (window - 1, window, 100, 119):
        expected = metric(*(a[t - window + 1 : t + 1] for a in args), **options(metric))
        assert close(rolled[t], expected, scale_of(metric, args))


@pytest.mark.parametrize("metric", METRICS, ids=lambda f: f.__name__)
def test_empty_one_row_and_all_nan_are_a_number_or_nan(metric: Any) -> None:
    for x in (np.empty(0), np.array([0.01]), np.full(5, np.nan)):
        value = metric(*inputs(metric, x), **options(metric))
        assert isinstance(value, float)
        assert not np.isinf(value)
        if not np.isfinite(x).any():
            assert np.isnan(value)
    assert metric(*inputs_2d(metric), **options(metric)).shape == (0,)


def inputs_2d(metric: Any) -> tuple[np.ndarray, ...]:
    pair = measure_of(metric).inputs == TWO  # type: ignore[union-attr]
    return (np.empty((3, 0)), np.zeros(3)) if pair else (np.empty((3, 0)),)


@pytest.mark.parametrize("metric", METRICS, ids=lambda f: f.__name__)
def test_read_only_and_strided_input(metric: Any) -> None:
    x = np.random.default_rng(2).normal(0.003, 0.01, 200)
    args = inputs(metric, x)
    expected = metric(*args, **options(metric))
    for a in args:
        a.flags.writeable = False
    assert metric(*args, **options(metric)) == expected
    wide = [np.repeat(a, 2)[::2] for a in args]
    assert close(metric(*wide, **options(metric)), expected)


@given(x=returns, factor=st.floats(0.01, 0.9))
def test_sharpe_and_other_ratios_do_not_change_with_leverage(x: np.ndarray, factor: float) -> None:
    if len(x) < 3 or np.ptp(x) < 1e-6:
        return
    for metric in (na.sharpe_ratio, na.sortino_ratio, na.omega_ratio, na.skewness, na.kurtosis):
        assert close(metric(x * factor), metric(x), 1.0, 1e-9)
    for metric in (na.annualized_volatility, na.gini_mean_difference, na.mean_absolute_deviation):
        assert close(metric(x * factor), factor * metric(x), 1e-3, 1e-9)


@given(x=returns)
def test_drawdown_is_between_minus_one_and_zero(x: np.ndarray) -> None:
    falls = na.drawdown_series(x)
    assert ((falls <= 0.0) & (falls >= -1.0)).all()
    if len(x):
        assert na.max_drawdown(x) == pytest.approx(falls.min())
        assert na.ulcer_index(x) >= na.pain_index(x) - 1e-15


@given(x=returns)
def test_tails_are_ordered(x: np.ndarray) -> None:
    if len(x) < 2:
        return
    entropic = na.entropic_value_at_risk(x, confidence=0.9)
    shortfall = -np.sort(x)[: max(1, len(x) // 10)].mean()
    assert entropic <= -x.min() + 1e-12
    if len(x) >= 10 and len(x) % 10 == 0:
        assert entropic >= shortfall - 1e-9
    deep = na.entropic_drawdown_at_risk(x, confidence=0.9)
    conditional = na.conditional_drawdown_at_risk(x, confidence=0.9)
    assert conditional - 1e-9 <= deep <= -na.max_drawdown(x) + 1e-12


@given(x=returns, t=st.integers(0, 90), change=st.floats(-0.5, 0.5))
def test_series_do_not_look_ahead(x: np.ndarray, t: int, change: float) -> None:
    changed = x.copy()
    changed[t:] = change
    pairs = (
        na.wealth_index,
        na.cumulative_returns,
        na.drawdown_series,
        lambda v: na.rolling(na.sharpe_ratio, v, window=5),
        lambda v: na.rolling(na.gini_mean_difference, v, window=5),
    )
    if (changed > 0.2).all():
        return
    for function in pairs:
        before, after = function(x)[:t], function(changed)[:t]
        assert np.array_equal(before, after, equal_nan=True)
