from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import nautilus.analytics as na
from nautilus.core.results import unexplained

X = np.random.default_rng(3).standard_t(4, 300) * 0.01


def test_shape_as_in_scipy() -> None:
    assert na.skewness(X) == pytest.approx(stats.skew(X))
    assert na.kurtosis(X) == pytest.approx(stats.kurtosis(X))


def test_absolute_deviation_and_gini_by_all_pairs() -> None:
    assert na.mean_absolute_deviation(X) == pytest.approx(np.abs(X - X.mean()).mean())
    pairs = np.abs(X[:, None] - X[None, :])
    assert na.gini_mean_difference(X) == pytest.approx(pairs.sum() / (300 * 299))


def test_l_moments_of_a_small_sample_by_definition() -> None:
    """Hosking (1990), eq. 2.1: half the mean range of two, a third of the bend of three."""
    from itertools import combinations

    x = np.array([0.03, -0.02, 0.01, 0.04, -0.01, 0.0])
    two = np.mean([max(p) - min(p) for p in combinations(x, 2)]) / 2
    threes = [np.sort(p) for p in combinations(x, 3)]
    third = np.mean([p[2] - 2 * p[1] + p[0] for p in threes]) / 3
    fours = [np.sort(p) for p in combinations(x, 4)]
    fourth = np.mean([p[3] - 3 * p[2] + 3 * p[1] - p[0] for p in fours]) / 4
    found = na.l_moments(x)
    assert found.location == pytest.approx(x.mean())
    assert found.scale == pytest.approx(two)
    assert found.skewness == pytest.approx(third / two)
    assert found.kurtosis == pytest.approx(fourth / two)
    assert found.scale == pytest.approx(na.gini_mean_difference(x) / 2)


def test_l_moments_of_normal_returns() -> None:
    found = na.l_moments(np.random.default_rng(0).normal(0, 1, 200_000) * 0.01)
    assert found.scale == pytest.approx(0.01 / np.sqrt(np.pi), rel=0.01)
    assert found.kurtosis == pytest.approx(0.1226, abs=0.005)


@pytest.mark.parametrize("x", [[], [0.01], [0.01, 0.02], np.full(9, 0.01)])
def test_l_moments_explain_what_is_missing(x: object) -> None:
    found = na.l_moments(x)
    assert unexplained(found) == ()
    assert np.isnan(found.kurtosis)
    assert found.reasons[0].code == "INSUFFICIENT_DATA"


def test_l_moments_of_a_panel() -> None:
    panel = np.column_stack([X, X[::-1] * 2])
    found = na.l_moments(panel)
    assert found.scale.tolist() == pytest.approx([na.l_moments(X).scale, 2 * na.l_moments(X).scale])
    assert found.n_used.tolist() == [300.0, 300.0]


def test_extremes() -> None:
    assert na.best_return(X) == X.max()
    assert na.worst_return(X) == X.min()
