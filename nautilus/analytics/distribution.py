"""Shape of the returns: extremes, asymmetry, tails, and spreads that resist outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import (
    by_row,
    centred,
    extremes_of,
    lift_extremes,
    lift_moments,
    merge_extremes,
    merge_moments,
    moments_of,
)
from nautilus.analytics.measures import ONE, Measure, evaluate, measured, prepared
from nautilus.analytics.options import no_parameters
from nautilus.analytics.primitives import at_least, ratio, root, spread
from nautilus.core.results import Reason, Result

__all__ = [
    "LMoments",
    "best_return",
    "gini_mean_difference",
    "kurtosis",
    "l_moments",
    "mean_absolute_deviation",
    "skewness",
    "worst_return",
]

NAN = float("nan")

Floats = NDArray[np.float64]


def highest(aggregate: Any) -> Any:
    n, _, high = aggregate
    return at_least(n, 1.0, high)


def lowest(aggregate: Any) -> Any:
    n, low, _ = aggregate
    return at_least(n, 1.0, low)


BEST = Measure(ONE, no_parameters, extremes_of, highest, lift_extremes, merge_extremes)
WORST = Measure(ONE, no_parameters, extremes_of, lowest, lift_extremes, merge_extremes)


@measured(BEST)
def best_return(returns: Any) -> Any:
    """Largest return of one period, as a fraction.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> best_return([0.01, 0.03, -0.02])
    0.03
    """
    return evaluate(BEST, returns, (), None)


@measured(WORST)
def worst_return(returns: Any) -> Any:
    """Smallest return of one period, as a fraction.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> worst_return([0.01, 0.03, -0.02])
    -0.02
    """
    return evaluate(WORST, returns, (), None)


def third_standardised(aggregate: Any) -> Any:
    n, _, squares, cubes, _, largest = aggregate
    deviation = root(ratio(squares, n))
    shape = ratio(ratio(cubes, n), deviation * deviation * deviation)
    return at_least(n, 3.0, shape + 0.0 * ratio(1.0, spread(n, squares, largest)))


def fourth_standardised(aggregate: Any) -> Any:
    n, _, squares, _, fourths, largest = aggregate
    variance = ratio(squares, n)
    shape = ratio(ratio(fourths, n), variance * variance) - 3.0
    return at_least(n, 4.0, shape + 0.0 * ratio(1.0, spread(n, squares, largest)))


SKEW = Measure(ONE, no_parameters, moments_of, third_standardised, lift_moments, merge_moments)
KURT = Measure(ONE, no_parameters, moments_of, fourth_standardised, lift_moments, merge_moments)


@measured(SKEW)
def skewness(returns: Any) -> Any:
    """Third standardised moment: mean((r - m)^3) / mean((r - m)^2)^1.5.

    Moments of the sample itself (ddof=0, no small-sample factor).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN for fewer than three returns and for constant ones. NaN
    returns are left out.

    References
    ----------
    Joanes and Gill (1998), Comparing Measures of Sample Skewness and Kurtosis, The Statistician
    47(1), g1.

    Examples
    --------
    >>> round(skewness([0.0, 0.0, 0.03]), 4)
    0.7071
    """
    return evaluate(SKEW, returns, (), None)


@measured(KURT)
def kurtosis(returns: Any) -> Any:
    """Excess kurtosis: mean((r - m)^4) / mean((r - m)^2)^2 - 3; 0 for normal returns.

    Moments of the sample itself (ddof=0, no small-sample factor).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN for fewer than four returns and for constant ones. NaN
    returns are left out.

    References
    ----------
    Joanes and Gill (1998), Comparing Measures of Sample Skewness and Kurtosis, The Statistician
    47(1), g2.

    Examples
    --------
    >>> round(kurtosis([-0.01, 0.01, -0.01, 0.01]), 4)
    -2.0
    """
    return evaluate(KURT, returns, (), None)


def sizes_of(block: Floats, *_: float) -> tuple[Any, ...]:
    """Count and sum of absolute deviations from the mean."""
    deviations, n = centred(block)[::2]
    return n, np.abs(deviations).sum(axis=1)


def mean_deviation(aggregate: Any) -> Any:
    n, sizes = aggregate
    return at_least(n, 1.0, ratio(sizes, n))


DEVIATION = Measure(ONE, no_parameters, sizes_of, mean_deviation)


@measured(DEVIATION)
def mean_absolute_deviation(returns: Any) -> Any:
    """Mean distance of returns from their mean, per period, as a fraction: mean(|r - m|).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Konno and Yamazaki (1991), Mean-Absolute Deviation Portfolio Optimization Model, Management
    Science 37(5).

    Examples
    --------
    >>> round(mean_absolute_deviation([0.01, 0.03]), 4)
    0.01
    """
    return evaluate(DEVIATION, returns, (), None)


def mean_difference(row: Floats) -> tuple[float]:
    """Mean distance of two different returns, from their order."""
    n = len(row)
    if n < 2:
        return (NAN,)
    weights = 2.0 * np.arange(n) - (n - 1.0)
    ordered = np.sort(row)
    # The weights sum to 0: shifted first, equal returns are exactly 0 apart.
    return (float(np.dot(weights, ordered - ordered[0])) * 2.0 / (n * (n - 1.0)),)


def itself(aggregate: Any, *_: float) -> Any:
    return aggregate[0]


GINI = Measure(ONE, no_parameters, by_row(mean_difference), itself)


@measured(GINI)
def gini_mean_difference(returns: Any) -> Any:
    """Mean distance of two different returns, per period, as a fraction.

    mean(|r(i) - r(j)|) over all pairs i != j.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN for fewer than two returns. NaN returns are left out.

    References
    ----------
    Yitzhaki (1982), Stochastic Dominance, Mean Variance, and Gini's Mean Difference, American
    Economic Review 72(1).

    Examples
    --------
    >>> round(gini_mean_difference([0.0, 0.01, 0.03]), 4)
    0.02
    """
    return evaluate(GINI, returns, (), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LMoments(Result):
    """Linear combinations of order statistics: location, scale, shape.

    Parameters
    ----------
    location : float or vector
        First L-moment, the mean, a fraction.
    scale : float or vector
        Second L-moment, half the Gini mean difference, a fraction.
    skewness : float or vector
        L-skewness, -1 to 1.
    kurtosis : float or vector
        L-kurtosis, -0.25 to 1; 0.1226 for normal returns.
    n_used : float or vector

    Examples
    --------
    >>> l_moments([0.0, 0.01, 0.02, 0.03])
    LMoments(location=0.015, scale=0.00833333, skewness=..., kurtosis=...)
    """

    location: Any
    scale: Any
    skewness: Any
    kurtosis: Any
    n_used: Any


def l_statistics(row: Floats) -> tuple[float, float, float, float]:
    """The first four from probability-weighted moments."""
    x, n = np.sort(row), len(row)
    i = np.arange(n)
    # Only the location moves with a shift; without it nearly equal returns lose their digits.
    first = float(x[0]) if n else NAN
    weight, b = np.ones(n), [NAN] * 4
    for r in range(min(4, n)):
        if r:
            weight = weight * (i - r + 1.0) / (n - r)
        b[r] = float(np.dot(weight, x - first)) / n
    second = 2 * b[1] - b[0]
    third = 6 * b[2] - 6 * b[1] + b[0]
    fourth = 20 * b[3] - 30 * b[2] + 12 * b[1] - b[0]
    shaped = n > 1 and second > 8 * np.finfo(float).eps * float(np.abs(x).max())
    return (
        first + b[0],
        second,
        third / second if shaped else NAN,
        fourth / second if shaped else NAN,
    )


def l_moments(returns: Any) -> LMoments:
    """L-moments of the returns: spread and shape that outliers move little.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    LMoments
        L-skewness needs three returns, L-kurtosis four; NaN with a reason for fewer and for
        constant returns. NaN returns are left out.

    References
    ----------
    Hosking (1990), L-moments, Journal of the Royal Statistical Society B 52(1), eq. 2.1 and 3.1.

    Examples
    --------
    >>> moments = l_moments([0.0, 0.01, 0.02, 0.03])
    >>> round(moments.location, 4), round(moments.scale, 4), abs(round(moments.skewness, 4))
    (0.015, 0.0083, 0.0)
    """
    values, like = prepared(returns, None)
    columns = np.array([l_statistics(c[~np.isnan(c)]) for c in values.T]).reshape(-1, 4)
    names = ("location", "scale", "skewness", "kurtosis")
    n = (~np.isnan(values)).sum(axis=0)
    undefined = tuple(name for i, name in enumerate(names) if np.isnan(columns[:, i]).any())
    message = "L-moments need 1, 2, 3 and 4 returns that are not all the same."
    reason = Reason("INSUFFICIENT_DATA", undefined, message, float(n.min(initial=4)), 4.0)
    return LMoments(
        **{name: like.metric(columns[:, i]) for i, name in enumerate(names)},
        n_used=like.metric(n.astype(np.float64)),
        reasons=(reason,) if undefined else (),
    )
