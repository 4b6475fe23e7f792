"""Relativistic value at risk: a tail measure between the entropic one and the worst loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import by_row
from nautilus.analytics.distribution import itself
from nautilus.analytics.measures import ONE, Measure, evaluate, measured
from nautilus.analytics.tails import drawdowns_of
from nautilus.core.checks import check_probability

__all__ = ["relativistic_drawdown_at_risk", "relativistic_value_at_risk"]

NAN = float("nan")
STEPS = 200
TOLERANCE = 1e-13
# In standard deviations: below, all weight is on the worst loss; above, on none in particular.
LEAST_SCALE, MOST_SCALE = 1e-9, 1e9

Floats = NDArray[np.float64]


def deformed(confidence: float = 0.99, kappa: float = 0.3) -> tuple[float, float]:
    """(share of the tail, deformation of the logarithm)."""
    return 1.0 - check_probability(confidence, "confidence"), check_probability(kappa, "kappa")


def deformed_log(x: float, kappa: float) -> float:
    """(x^kappa - x^-kappa) / (2 kappa); the logarithm for kappa towards 0."""
    return math.sinh(kappa * math.log(x)) / kappa


def relativistic(losses: Floats, tail: float, kappa: float) -> float:
    """Largest sum(q loss) over probabilities q with sum(q log_k q) <= log_k(1 / (tail n)).

    At scale z of the multiplier of the bound, q is a closed form of (loss - t) / z; t makes the q
    sum to 1; their entropy falls with z: a root within a root.
    """
    n = len(losses)
    if not n:
        return NAN
    top, spread = float(losses.max()), float(losses.std())
    if tail * n <= 1.0 or spread <= 8 * np.finfo(float).eps * float(np.abs(losses).max()):
        return top
    gaps = (losses - top) / spread
    wanted = deformed_log(1.0 / (tail * n), kappa)
    low, high = math.log(LEAST_SCALE), math.log(MOST_SCALE)
    logs = np.full(n, -math.log(n))
    while high - low > TOLERANCE * max(abs(low), abs(high), 1.0):
        middle = 0.5 * (low + high)
        logs = _tilted(gaps, math.exp(middle), kappa)
        terms = np.exp((1.0 + kappa) * logs) - np.exp((1.0 - kappa) * logs)
        above = float(terms.sum()) / (2.0 * kappa) > wanted
        low, high = (middle, high) if above else (low, middle)
    return top + spread * float(np.dot(np.exp(logs), gaps))


def _tilted(gaps: Floats, z: float, kappa: float) -> Floats:
    """Logarithms of the probabilities at scale z: a bracketed Newton search for t.

    The slope of q log_k q is y where log q = (asinh(kappa y / s) + h) / kappa, with
    s = sqrt(1 - kappa^2) and h = log((1 - kappa) / (1 + kappa)) / 2.
    """
    s, h = math.sqrt(1.0 - kappa * kappa), 0.5 * math.log((1.0 - kappa) / (1.0 + kappa))
    # Between the t that gives the worst loss all the weight and the t that gives it 1 / n.
    low = -z * s / kappa * math.sinh(-h)
    high = -z * s / kappa * math.sinh(-kappa * math.log(len(gaps)) - h)
    t = 0.5 * (low + high)
    for _ in range(STEPS):
        y = kappa * (gaps - t) / z
        logs = (np.arcsinh(y / s) + h) / kappa
        largest = float(logs.max())
        weights = np.exp(logs - largest)
        mass = float(weights.sum())
        excess = largest + math.log(mass)
        low, high = (t, high) if excess > 0.0 else (low, t)
        slope = float(np.dot(weights, 1.0 / np.sqrt(y * y + s * s))) / (mass * z)
        proposed = t + excess / slope
        if not low < proposed < high:
            proposed = 0.5 * (low + high)
        if abs(excess) <= TOLERANCE or proposed == t:
            break
        t = proposed
    return np.asarray(logs - excess)


def relativistic_loss(row: Floats, tail: float, kappa: float) -> tuple[float]:
    return (relativistic(-row, tail, kappa),)


def relativistic_fall(row: Floats, tail: float, kappa: float) -> tuple[float]:
    falls = drawdowns_of(row)
    return (NAN if np.isnan(falls).any() else relativistic(falls, tail, kappa),)


RLVAR = Measure(ONE, deformed, by_row(relativistic_loss), itself)
RLDAR = Measure(ONE, deformed, by_row(relativistic_fall), itself)


@measured(RLVAR)
def relativistic_value_at_risk(
    returns: Any, *, confidence: float = 0.99, kappa: float = 0.3
) -> Any:
    """Relativistic value at risk of one period, a positive loss as a fraction.

    max of sum(q loss) over probabilities q with sum(q log_k q) <= log_k(1 / ((1 - confidence) n)),
    log_k x = (x^kappa - x^-kappa) / (2 kappa).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    confidence : float
        In (0, 1).
    kappa : float
        In (0, 1): towards 0 it is the entropic value at risk, towards 1 the worst loss.

    Returns
    -------
    float, or one value per asset; the worst loss where 1 / (1 - confidence) reaches the number of
    returns. NaN without returns. NaN returns are left out.

    References
    ----------
    Cajas (2023), Portfolio Optimization of Relativistic Value at Risk; Kaniadakis (2001),
    Non-linear Kinetics Underlying Generalized Statistics, Physica A 296.

    Examples
    --------
    >>> returns = [-0.04, 0.0, 0.01, 0.02, 0.03]
    >>> round(relativistic_value_at_risk(returns, confidence=0.5), 4)
    0.0283
    """
    return evaluate(RLVAR, returns, deformed(confidence, kappa), None)


@measured(RLDAR)
def relativistic_drawdown_at_risk(
    returns: Any, *, confidence: float = 0.99, kappa: float = 0.3
) -> Any:
    """Relativistic value at risk of the drawdown series, a fraction >= 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.
    confidence : float
        In (0, 1).
    kappa : float
        In (0, 1): towards 0 it is the entropic measure, towards 1 the maximum drawdown.

    Returns
    -------
    float, or one value per asset; NaN without returns, and where a return is below -1. NaN returns
    are left out.

    References
    ----------
    Cajas (2023), Portfolio Optimization of Relativistic Value at Risk.

    Examples
    --------
    >>> round(relativistic_drawdown_at_risk([-0.1, 0.2, -0.5, 0.1], confidence=0.5), 4)
    0.4811
    """
    return evaluate(RLDAR, returns, deformed(confidence, kappa), None)
