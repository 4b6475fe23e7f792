from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import nautilus.analytics as na
from nautilus.core.errors import ParameterError

X = np.random.default_rng(8).standard_t(4, 500) * 0.01 + 0.0003


def by_search(losses: np.ndarray, tail: float) -> float:
    """The definition, minimised over log z."""
    top = losses.max()

    def bound(log_z: float) -> float:
        z = np.exp(log_z)
        return float(top + z * (np.log(np.mean(np.exp((losses - top) / z))) - np.log(tail)))

    return float(
        minimize_scalar(bound, bounds=(-20.0, 5.0), method="bounded", options={"xatol": 1e-12}).fun
    )


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_entropic_measures_minimise_their_definition(confidence: float) -> None:
    found = na.entropic_value_at_risk(X, confidence=confidence)
    assert found == pytest.approx(by_search(-X, 1 - confidence), rel=1e-7)
    falls = -na.drawdown_series(X)
    found = na.entropic_drawdown_at_risk(X, confidence=confidence)
    assert found == pytest.approx(by_search(falls, 1 - confidence), rel=1e-7)


def test_entropic_value_at_risk_of_normal_returns() -> None:
    """Ahmadi-Javid (2012), eq. 8: -mean + sigma sqrt(-2 log(1 - confidence))."""
    x = np.random.default_rng(0).normal(0.001, 0.01, 400_000)
    expected = -0.001 + 0.01 * np.sqrt(-2 * np.log(0.1))
    assert na.entropic_value_at_risk(x, confidence=0.9) == pytest.approx(expected, rel=0.01)


def test_a_tail_smaller_than_one_return_is_the_worst_one() -> None:
    x = X[:50]
    assert na.entropic_value_at_risk(x, confidence=0.99) == -x.min()
    assert na.conditional_drawdown_at_risk(x) == pytest.approx(-na.max_drawdown(x))


def test_conditional_drawdown_between_pain_and_maximum() -> None:
    falls = np.sort(-na.drawdown_series(X))[::-1]
    assert na.conditional_drawdown_at_risk(X, confidence=0.9) == pytest.approx(falls[:50].mean())
    assert na.conditional_drawdown_at_risk(X, confidence=1e-9) == pytest.approx(na.pain_index(X))


def test_rachev_by_hand() -> None:
    ordered = np.sort(X)
    expected = ordered[-25:].mean() / -ordered[:25].mean()
    assert na.rachev_ratio(X, confidence=0.95) == pytest.approx(expected)
    assert np.isnan(na.rachev_ratio([0.01, 0.02, 0.03]))


def test_tail_gini_tends_to_half_the_gini_difference() -> None:
    n = len(X)
    whole = na.gini_mean_difference(X) * (n - 1) / n / 2
    assert na.tail_gini(X, confidence=1e-12) == pytest.approx(whole)
    fine = np.linspace(0.0, 0.1, 100_001)
    quantile = np.sort(X)[np.minimum((fine * n).astype(int), n - 1)]
    lorenz = np.concatenate([[0.0], np.cumsum(quantile[:-1] * np.diff(fine))])
    area = np.trapezoid(X.mean() * fine - lorenz, fine)
    assert na.tail_gini(X, confidence=0.9) == pytest.approx(2 * area / 0.01, rel=1e-3)


def test_confidence_is_a_probability() -> None:
    for metric in (
        na.entropic_value_at_risk,
        na.entropic_drawdown_at_risk,
        na.conditional_drawdown_at_risk,
        na.rachev_ratio,
        na.tail_gini,
    ):
        with pytest.raises(ParameterError, match=r"got 99\. Pass 0\.99 for 99 %"):
            metric(X, confidence=99)


def test_ruin_has_no_drawdown_measure() -> None:
    ruined = [0.1, -1.2, 0.1]
    assert np.isnan(na.entropic_drawdown_at_risk(ruined))
    assert np.isnan(na.conditional_drawdown_at_risk(ruined))


def by_power_cones(losses: np.ndarray, tail: float, kappa: float) -> float:
    """The dual program of Cajas (2023)."""
    import cvxpy as cp

    n = len(losses)
    t, z = cp.Variable(), cp.Variable(nonneg=True)
    omega, psi, theta, epsilon = (cp.Variable(n) for _ in range(4))
    level = ((1 / (tail * n)) ** kappa - (1 / (tail * n)) ** -kappa) / (2 * kappa)
    scale = z * np.ones(n) / (2 * kappa)
    cones = [
        losses - t + epsilon + omega <= 0,
        cp.PowCone3D(scale * (1 + kappa), psi * (1 + kappa) / kappa, epsilon, 1 / (1 + kappa)),
        cp.PowCone3D(omega / (1 - kappa), theta / kappa, -scale, 1 - kappa),
    ]
    problem = cp.Problem(cp.Minimize(t + z * level + cp.sum(psi + theta)), cones)
    return float(problem.solve(solver="CLARABEL"))


@pytest.mark.parametrize(("confidence", "kappa"), [(0.95, 0.3), (0.8, 0.6), (0.5, 0.3)])
def test_relativistic_value_at_risk_solves_its_program(confidence: float, kappa: float) -> None:
    x = 100 * X[:120]
    found = na.relativistic_value_at_risk(x, confidence=confidence, kappa=kappa)
    assert found == pytest.approx(by_power_cones(-x, 1 - confidence, kappa), rel=2e-6)


def test_relativistic_measure_lies_between_the_entropic_one_and_the_worst() -> None:
    entropic = na.entropic_value_at_risk(X, confidence=0.95)
    values = [na.relativistic_value_at_risk(X, confidence=0.95, kappa=k) for k in (1e-4, 0.3, 0.99)]
    assert values[0] == pytest.approx(entropic, rel=1e-6)
    assert entropic < values[1] < values[2] <= -X.min()
    assert values[2] == pytest.approx(-X.min(), rel=0.02)
    fall = na.relativistic_drawdown_at_risk(X, confidence=0.95)
    assert na.entropic_drawdown_at_risk(X, confidence=0.95) < fall < -na.max_drawdown(X)
    with pytest.raises(ParameterError, match=r"`kappa` must be in \(0, 1\), got 1"):
        na.relativistic_value_at_risk(X, kappa=1)
