"""Tail measures of returns and of drawdowns, as positive losses, and the ratio of both tails."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import by_row
from nautilus.analytics.distribution import itself
from nautilus.analytics.measures import ONE, Measure, evaluate, measured
from nautilus.analytics.options import tailed
from nautilus.analytics.paths import underwater
from nautilus.core.statistics import tail_mean

__all__ = [
    "conditional_drawdown_at_risk",
    "entropic_drawdown_at_risk",
    "entropic_value_at_risk",
    "rachev_ratio",
    "tail_gini",
]

NAN = float("nan")
ITERATIONS = 200
TOLERANCE = 1e-13

Floats = NDArray[np.float64]


def entropic(losses: Floats, tail: float) -> float:
    """Min over z > 0 of z log(mean(exp(loss / z)) / tail).

    The minimum is where the exponentially tilted losses have the relative entropy -log(tail); that
    entropy grows with 1/z, so that one safeguarded Newton search finds it.
    """
    n = len(losses)
    if not n:
        return NAN
    top = float(losses.max())
    gaps = losses - top
    wanted = -math.log(tail)
    reachable = math.log(n / np.count_nonzero(gaps == 0.0))
    deviation = float(losses.std())
    if wanted >= reachable or deviation <= 8 * np.finfo(float).eps * float(np.abs(losses).max()):
        return top
    low, high, tilt = 0.0, math.inf, math.sqrt(2.0 * wanted) / deviation
    for _ in range(ITERATIONS):
        weights = np.exp(tilt * gaps)
        mass = float(weights.sum())
        weights /= mass
        mean = float(np.dot(weights, gaps))
        entropy = tilt * mean - math.log(mass / n)
        if abs(entropy - wanted) <= TOLERANCE * wanted:
            break
        low, high = (tilt, high) if entropy < wanted else (low, tilt)
        variance = float(np.dot(weights, (gaps - mean) ** 2))
        step = (wanted - entropy) / (tilt * variance) if variance > 0.0 else 0.0
        proposed = tilt + step
        if not low < proposed < high or step == 0.0:
            proposed = 2.0 * tilt if high == math.inf else 0.5 * (low + high)
        if proposed == tilt:
            break
        tilt = proposed
    return top + (math.log(mass / n) + wanted) / tilt


def drawdowns_of(row: Floats) -> Floats:
    """Sizes of the drawdown series, >= 0."""
    sizes: Floats = np.negative(underwater(row[None, :])[3][0])
    return sizes


def entropic_loss(row: Floats, tail: float) -> tuple[float]:
    return (entropic(-row, tail),)


def entropic_fall(row: Floats, tail: float) -> tuple[float]:
    falls = drawdowns_of(row)
    return (NAN if np.isnan(falls).any() else entropic(falls, tail),)


def average_fall(row: Floats, tail: float) -> tuple[float]:
    falls = drawdowns_of(row)
    return (NAN if np.isnan(falls).any() else tail_mean(falls, tail, upper=True),)


def both_tails(row: Floats, tail: float) -> tuple[float]:
    down = -tail_mean(row, tail)
    return (tail_mean(row, tail, upper=True) / down if down > 0.0 else NAN,)


EVAR = Measure(ONE, tailed, by_row(entropic_loss), itself)
EDAR = Measure(ONE, tailed, by_row(entropic_fall), itself)
CDAR = Measure(ONE, tailed, by_row(average_fall), itself)
RACHEV = Measure(ONE, tailed, by_row(both_tails), itself)


@measured(CDAR)
def conditional_drawdown_at_risk(returns: Any, *, confidence: float = 0.99) -> Any:
    """Mean size of the deepest (1 - confidence) share of the drawdown series, a fraction >= 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.
    confidence : float
        In (0, 1). At 0 in the limit it is the pain index, at 1 the maximum drawdown.

    Returns
    -------
    float, or one value per asset; NaN without returns, and where a return is below -1. NaN returns
    are left out.

    References
    ----------
    Chekhlov, Uryasev and Zabarankin (2005), Drawdown Measure in Portfolio Optimization,
    International Journal of Theoretical and Applied Finance 8(1).

    Examples
    --------
    >>> round(conditional_drawdown_at_risk([-0.1, 0.2, -0.5, 0.1], confidence=0.5), 4)
    0.475
    """
    return evaluate(CDAR, returns, tailed(confidence), None)


@measured(EVAR)
def entropic_value_at_risk(returns: Any, *, confidence: float = 0.99) -> Any:
    """Entropic value at risk of one period, a positive loss as a fraction.

    min over z > 0 of z log(mean(exp(-r / z)) / (1 - confidence)): the tightest Chernoff bound on
    value at risk; it is at least the expected shortfall and at most the worst loss.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    confidence : float
        In (0, 1).

    Returns
    -------
    float, or one value per asset; the worst loss where 1 / (1 - confidence) reaches the number of
    returns. NaN without returns. NaN returns are left out.

    References
    ----------
    Ahmadi-Javid (2012), Entropic Value-at-Risk: A New Coherent Risk Measure, Journal of
    Optimization Theory and Applications 155(3), eq. 3.

    Examples
    --------
    >>> round(entropic_value_at_risk([-0.04, 0.0, 0.01, 0.02, 0.03], confidence=0.5), 4)
    0.0268
    """
    return evaluate(EVAR, returns, tailed(confidence), None)


@measured(EDAR)
def entropic_drawdown_at_risk(returns: Any, *, confidence: float = 0.99) -> Any:
    """Entropic value at risk of the drawdown series, a fraction >= 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.
    confidence : float
        In (0, 1).

    Returns
    -------
    float, or one value per asset; between the conditional drawdown at risk and the size of the
    maximum drawdown. NaN without returns, and where a return is below -1. NaN returns are left out.

    References
    ----------
    Cajas (2021), Entropic Portfolio Optimization: a Disciplined Convex Programming Framework.

    Examples
    --------
    >>> round(entropic_drawdown_at_risk([-0.1, 0.2, -0.5, 0.1], confidence=0.5), 4)
    0.4793
    """
    return evaluate(EDAR, returns, tailed(confidence), None)


@measured(RACHEV)
def rachev_ratio(returns: Any, *, confidence: float = 0.99) -> Any:
    """Mean of the best (1 - confidence) share of returns over the size of that of the worst.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions; pass `excess_returns` for the ratio over a rate.
    confidence : float
        In (0, 1), for both tails.

    Returns
    -------
    float, or one value per asset; NaN where the worst share has no loss on average. NaN returns are
    left out.

    References
    ----------
    Biglova, Ortobelli, Rachev and Stoyanov (2004), Different Approaches to Risk Estimation in
    Portfolio Theory, Journal of Portfolio Management 31(1).

    Examples
    --------
    >>> round(rachev_ratio([0.03, -0.01, 0.01, -0.02], confidence=0.75), 4)
    1.5
    """
    return evaluate(RACHEV, returns, tailed(confidence), None)


def lower_gini(row: Floats, tail: float) -> tuple[float]:
    """2 / tail^2 times the area between the mean line and the Lorenz curve up to `tail`."""
    n = len(row)
    if not n:
        return (NAN,)
    x = np.sort(row)
    centred = x - x.mean()
    lorenz = np.r_[0.0, np.cumsum(centred)] / n
    whole = min(int(n * tail * (1.0 + 1e-12)), n)
    area = float((lorenz[:whole] + lorenz[1 : whole + 1]).sum()) / (2.0 * n)
    part = tail - whole / n
    if whole < n and part > 0.0:
        area += part * float(lorenz[whole]) + 0.5 * part * part * float(centred[whole])
    return (-2.0 * area / (tail * tail),)


TAIL_GINI = Measure(ONE, tailed, by_row(lower_gini), itself)


@measured(TAIL_GINI)
def tail_gini(returns: Any, *, confidence: float = 0.99) -> Any:
    """Gini measure of the lower (1 - confidence) tail, per period, a fraction >= 0.

    With p = 1 - confidence and F(-1) the quantile function of the sample:
    2 / p^2 * integral over u in (0, p) of (m u - integral of F(-1) up to u). For p = 1 it is half
    the Gini mean difference (over all pairs, equal ones included).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    confidence : float
        In (0, 1).

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Ogryczak and Ruszczynski (2002), Dual Stochastic Dominance and Related Mean-Risk Models, SIAM
    Journal on Optimization 13(1), eq. 3.9.

    Examples
    --------
    >>> round(tail_gini([-0.02, 0.0, 0.02], confidence=0.5), 4)
    0.0178
    """
    return evaluate(TAIL_GINI, returns, tailed(confidence), None)
