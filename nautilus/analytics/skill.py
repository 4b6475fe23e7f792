"""Skill or luck: Sharpe ratios corrected for autocorrelation, fat tails, length and many trials."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import by_row, lift_moments, merge_moments, moments_of
from nautilus.analytics.distribution import itself
from nautilus.analytics.measures import ONE, Measure, evaluate, measured
from nautilus.analytics.options import rated
from nautilus.analytics.primitives import at_least, normal_probability, ratio, root, spread
from nautilus.core.checks import check_finite, check_non_negative, check_probability, check_window

__all__ = [
    "autocorrelation_adjusted_sharpe_ratio",
    "deflated_sharpe_ratio",
    "expected_maximum_sharpe",
    "minimum_track_record_length",
    "probabilistic_sharpe_ratio",
]

NAN = float("nan")
EULER = 0.5772156649015329

Floats = NDArray[np.float64]


def against(
    benchmark_sharpe: float = 0.0, risk_free_rate: float = 0.0, periods_per_year: float = 252.0
) -> tuple[float, float, float]:
    """(Sharpe ratio to beat per period, rate per period, periods per year)."""
    rate, ppy = rated(risk_free_rate, periods_per_year)
    return check_finite(benchmark_sharpe, "benchmark_sharpe") / math.sqrt(ppy), rate, ppy


def confident(
    benchmark_sharpe: float = 0.0,
    confidence: float = 0.95,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
) -> tuple[float, float, float, float]:
    """The same, with the normal quantile of the confidence."""
    quantile = NormalDist().inv_cdf(check_probability(confidence, "confidence"))
    return *against(benchmark_sharpe, risk_free_rate, periods_per_year), quantile


def tried(
    n_trials: int,
    trial_sharpe_variance: float,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
) -> tuple[float, float, float]:
    """(expected best Sharpe ratio of the trials per period, rate per period, periods per year)."""
    luck = expected_maximum_sharpe(n_trials, trial_sharpe_variance)
    return against(luck, risk_free_rate, periods_per_year)


def probability_above(aggregate: Any, hurdle: float, rate: float, _: float) -> Any:
    n, mean, squares, cubes, fourths, largest = aggregate
    sharpe = ratio(mean - rate, spread(n, squares, largest))
    deviation = root(ratio(squares, n))
    skew = ratio(ratio(cubes, n), deviation * deviation * deviation)
    kurt = ratio(ratio(fourths, n), deviation * deviation * deviation * deviation)
    variance = 1.0 - skew * sharpe + (kurt - 1.0) / 4.0 * sharpe * sharpe
    score = ratio((sharpe - hurdle) * root(n - 1.0), root(variance))
    return at_least(n, 4.0, normal_probability(score))


def periods_needed(aggregate: Any, hurdle: float, rate: float, _: float, quantile: float) -> Any:
    n, mean, squares, cubes, fourths, largest = aggregate
    sharpe = ratio(mean - rate, spread(n, squares, largest))
    deviation = root(ratio(squares, n))
    skew = ratio(ratio(cubes, n), deviation * deviation * deviation)
    kurt = ratio(ratio(fourths, n), deviation * deviation * deviation * deviation)
    variance = 1.0 - skew * sharpe + (kurt - 1.0) / 4.0 * sharpe * sharpe
    distance = ratio(quantile, sharpe - hurdle)
    return at_least(n, 4.0, 1.0 + variance * distance * distance)


PROBABILISTIC = Measure(ONE, against, moments_of, probability_above, lift_moments, merge_moments)
DEFLATED = Measure(ONE, tried, moments_of, probability_above, lift_moments, merge_moments)
NEEDED = Measure(ONE, confident, moments_of, periods_needed, lift_moments, merge_moments)


@measured(PROBABILISTIC)
def probabilistic_sharpe_ratio(
    returns: Any,
    *,
    benchmark_sharpe: float = 0.0,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
) -> Any:
    """Probability that the true Sharpe ratio is above a benchmark, 0 to 1.

    Phi((s - s*) sqrt(n - 1) / sqrt(1 - g3 s + (g4 - 1) / 4 s^2)), with s and s* per period and g3,
    g4 skewness and kurtosis (3 for normal) of the returns.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_sharpe : float
        Per annum, as `sharpe_ratio` gives it.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset; NaN for fewer than four returns and for constant ones. NaN
    returns are left out.

    References
    ----------
    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2),
    eq. 11.

    Examples
    --------
    >>> returns = [0.02, -0.01, 0.03, 0.01, -0.02, 0.02]
    >>> round(probabilistic_sharpe_ratio(returns, periods_per_year=12), 4)
    0.8064
    """
    parameters = against(benchmark_sharpe, risk_free_rate, periods_per_year)
    return evaluate(PROBABILISTIC, returns, parameters, periods_per_year)


@measured(DEFLATED)
def deflated_sharpe_ratio(
    returns: Any,
    *,
    n_trials: int,
    trial_sharpe_variance: float,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
) -> Any:
    """Probability that the true Sharpe ratio is above what the best of n trials has by luck.

    The probabilistic Sharpe ratio against `expected_maximum_sharpe(n_trials,
    trial_sharpe_variance)`.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period of the strategy that was chosen, fractions.
    n_trials : int
        Independent variants that were tried, the chosen one included.
    trial_sharpe_variance : float
        Variance over the trials of their annual Sharpe ratios.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset, 0 to 1; NaN for fewer than four returns and for constant ones.
    NaN returns are left out.

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management
    40(5), eq. 1 and 2.

    Examples
    --------
    >>> returns = [0.02, -0.01, 0.03, 0.01, -0.02, 0.02]
    >>> round(
    ...     deflated_sharpe_ratio(
    ...         returns, n_trials=10, trial_sharpe_variance=0.5, periods_per_year=12
    ...     ),
    ...     4,
    ... )
    0.586
    """
    parameters = tried(n_trials, trial_sharpe_variance, risk_free_rate, periods_per_year)
    return evaluate(DEFLATED, returns, parameters, periods_per_year)


def expected_maximum_sharpe(n_trials: int, trial_sharpe_variance: float) -> float:
    """Sharpe ratio that the best of n trials without skill is expected to show: the luck line.

    sqrt(variance) * ((1 - g) Phi^-1(1 - 1/n) + g Phi^-1(1 - 1/(n e))), g = 0.5772...; 0 for one
    trial.

    Parameters
    ----------
    n_trials : int
        Independent variants that were tried.
    trial_sharpe_variance : float
        Variance over the trials of their Sharpe ratios; the result is in the same unit.

    Returns
    -------
    float

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management
    40(5), eq. 1.

    Examples
    --------
    >>> round(expected_maximum_sharpe(100, 1.0), 4)
    2.5306
    """
    n = check_window(n_trials, "n_trials")
    deviation = math.sqrt(check_non_negative(trial_sharpe_variance, "trial_sharpe_variance"))
    if n == 1:
        return 0.0
    quantile = NormalDist().inv_cdf
    return deviation * (
        (1.0 - EULER) * quantile(1.0 - 1.0 / n) + EULER * quantile(1.0 - 1.0 / (n * math.e))
    )


@measured(NEEDED)
def minimum_track_record_length(
    returns: Any,
    *,
    benchmark_sharpe: float = 0.0,
    confidence: float = 0.95,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
) -> Any:
    """Number of returns after which the Sharpe ratio would be above a benchmark with confidence.

    1 + (1 - g3 s + (g4 - 1) / 4 s^2) (Phi^-1(confidence) / (s - s*))^2, per period.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_sharpe : float
        Per annum, as `sharpe_ratio` gives it.
    confidence : float
        In (0, 1).
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset; NaN where the Sharpe ratio is not above the benchmark, for fewer
    than four returns and for constant ones. NaN returns are left out.

    References
    ----------
    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2),
    eq. 13.

    Examples
    --------
    >>> returns = [0.02, -0.01, 0.03, 0.01, -0.02, 0.02]
    >>> round(minimum_track_record_length(returns, periods_per_year=12), 1)
    19.1
    """
    parameters = confident(benchmark_sharpe, confidence, risk_free_rate, periods_per_year)
    return evaluate(NEEDED, returns, parameters, periods_per_year)


def lagged(
    risk_free_rate: float = 0.0, periods_per_year: float = 252.0, lags: int | None = None
) -> tuple[float, float, float]:
    """(rate per period, periods per year, lags or -1 for the rule)."""
    rate, ppy = rated(risk_free_rate, periods_per_year)
    return rate, ppy, -1.0 if lags is None else float(check_window(lags, "lags"))


def correlated_sharpe(row: Floats, rate: float, ppy: float, lags: float) -> tuple[float]:
    """Sharpe ratio per period times the factor of Lo's equation 20."""
    n = len(row)
    if n < 2:
        return (NAN,)
    deviations = row - row[0]
    deviations = deviations - deviations.mean()
    squares = float(np.dot(deviations, deviations))
    deviation = math.sqrt(squares / (n - 1))
    if deviation <= 8 * np.finfo(float).eps * float(np.abs(row).max()):
        return (NAN,)
    m = int(lags) if lags > 0 else default_lags(n, ppy)
    scale = ppy
    for k in range(1, min(m, n - 1, math.ceil(ppy) - 1) + 1):
        scale += 2.0 * (ppy - k) * float(np.dot(deviations[k:], deviations[:-k])) / squares
    return ((float(row.mean()) - rate) / deviation * ppy / math.sqrt(scale) if scale > 0 else NAN,)


def default_lags(n: int, ppy: float) -> int:
    """All lags within a year for monthly or coarser returns, else the rule of Newey and West."""
    return math.ceil(ppy) - 1 if ppy <= 12 else int(4 * (n / 100) ** (2 / 9))


CORRELATED = Measure(ONE, lagged, by_row(correlated_sharpe), itself)


@measured(CORRELATED)
def autocorrelation_adjusted_sharpe_ratio(
    returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    lags: int | None = None,
) -> Any:
    """Annualised Sharpe ratio without the assumption that returns are uncorrelated over time.

    s q / sqrt(q + 2 sum over k of (q - k) rho(k)), with s the ratio per period, q periods per year
    and rho(k) the autocorrelation at lag k; the usual factor sqrt(q) is the case rho = 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float
    lags : int, optional
        Autocorrelations used, at most periods_per_year - 1. By default all of them up to twelve
        periods per year, as Lo does; else floor(4 (n / 100)^(2/9)), since hundreds of estimated
        autocorrelations are mostly noise.

    Returns
    -------
    float, or one value per asset; NaN for fewer than two returns, for constant ones, and where the
    autocorrelations leave no variance. NaN returns are left out.

    References
    ----------
    Lo (2002), The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4), eq. 20.

    Examples
    --------
    >>> smooth = [0.01, 0.012, 0.011, 0.009, 0.002, -0.001, 0.0, 0.004, 0.008, 0.01, 0.012, 0.011]
    >>> round(autocorrelation_adjusted_sharpe_ratio(smooth, periods_per_year=12, lags=1), 2)
    3.46
    """
    parameters = lagged(risk_free_rate, periods_per_year, lags)
    return evaluate(CORRELATED, returns, parameters, periods_per_year)
