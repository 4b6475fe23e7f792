"""Both roads to the statistics of a panel give the same table."""

from __future__ import annotations

import numpy as np
import pytest

import nautilus.analytics as na
from nautilus.analytics import panels
from nautilus.analytics.aggregates import extremes_of, moments_of, sides_of, spread_of
from nautilus.analytics.distribution import sizes_of
from nautilus.analytics.lower_moments import lower_of
from nautilus.analytics.panel_kernels import describe_rows
from nautilus.analytics.panels import PLACES, compiled_statistics, numpy_statistics
from nautilus.analytics.paths import growth_of, valley_of, water_of

X = np.random.default_rng(0).standard_t(4, (300, 12)) * 0.01
X[:50, 1] = np.nan
X[100, 2] = np.nan
X[:, 3] = np.nan
X[:, 4] = 0.001
X[10, 5] = -1.0
X[10, 6] = -1.5
# The running episode and the extremes of the path are states of the step, not results.
STATES = {valley_of: (2, 3), water_of: (2, 6, 8)}


def test_compiled_and_numpy_statistics_agree() -> None:
    compiled, plain = (road(X, set(PLACES)) for road in (compiled_statistics, numpy_statistics))
    shallow = compiled_statistics(X, {valley_of})[valley_of]
    for place in (0, 1, 4):
        defined = ~np.isnan(plain[valley_of][1])
        found, expected = shallow[place][defined], plain[valley_of][place][defined]
        assert np.allclose(found, expected, rtol=1e-12, atol=1e-13)
    for family in PLACES:
        for i, (a, b) in enumerate(zip(compiled[family], plain[family], strict=True)):
            if i in STATES.get(family, ()):
                continue
            defined = ~np.isnan(b)
            assert np.allclose(a[defined], b[defined], rtol=1e-12, atol=1e-13), (family, i)


@pytest.mark.parametrize("path", [0, 1, 2])
def test_interpreted_kernel_is_the_same_function(path: int) -> None:
    out = np.empty((X.shape[1], panels.WIDTH))
    with np.errstate(all="ignore"):
        describe_rows(np.ascontiguousarray(X.T), out, np.empty(len(X)), True, True, path)
    families = (moments_of, sides_of, sizes_of, extremes_of, lower_of)
    plain = numpy_statistics(X, set(families))
    for family in families:
        for place, expected in zip(PLACES[family], plain[family], strict=True):
            assert np.allclose(out[:, place], expected, rtol=1e-12, atol=1e-13)


def test_a_family_is_taken_from_one_that_holds_it() -> None:
    alone = numpy_statistics(X, {spread_of, growth_of})
    held = numpy_statistics(X, {spread_of, growth_of, moments_of, valley_of, water_of})
    for family in (spread_of, growth_of):
        for a, b in zip(alone[family], held[family], strict=True):
            assert np.allclose(a, b, rtol=1e-13, atol=0, equal_nan=True)


def test_summary_of_a_large_panel_is_the_same_without_numba(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(panels, "COMPILED_FROM", 1)
    compiled = na.performance_summary(X, interval=None)
    monkeypatch.setenv("NAUTILUS_JIT", "0")
    plain = na.performance_summary(X, interval=None)
    for name in plain.metrics:
        a, b = getattr(compiled, name), getattr(plain, name)
        assert np.allclose(a, b, rtol=1e-10, atol=1e-12, equal_nan=True), name


def test_no_columns_and_no_rows() -> None:
    for shape in ((5, 0), (0, 3)):
        table = numpy_statistics(np.empty(shape), set(PLACES))
        assert all(len(part) == shape[1] for family in table.values() for part in family)


def test_one_metric_of_a_large_panel_takes_the_compiled_road(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metrics = (
        na.sharpe_ratio,
        na.sortino_ratio,
        na.kappa_ratio,
        na.max_drawdown,
        na.ulcer_index,
        na.total_return,
        na.best_return,
        na.skewness,
        na.mean_absolute_deviation,
        lambda x: na.sortino_ratio(x, minimum_acceptable_return=0.02),
        lambda x: na.kappa_ratio(x, order=2),
    )
    plain = [metric(X) for metric in metrics]
    monkeypatch.setattr(panels, "COMPILED_FROM", 1)
    for metric, expected in zip(metrics, plain, strict=True):
        assert np.allclose(metric(X), expected, rtol=1e-11, atol=1e-12, equal_nan=True)
