"""Market timing: does the exposure rise before the market does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.measures import paired
from nautilus.analytics.options import rated
from nautilus.core.results import Reason, Result

__all__ = ["MarketTiming", "henriksson_merton", "treynor_mazuy"]

NAN = float("nan")
LEAST = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketTiming(Result):
    """Least squares of excess returns on the market and on its timing term.

    Parameters
    ----------
    alpha : float or vector
        Selectivity per annum, arithmetic, a fraction.
    beta : float or vector
    gamma : float or vector
        Above zero where exposure is higher in rising markets.
    gamma_standard_error : float or vector
        Of ordinary least squares.
    n_used : float or vector

    Examples
    --------
    >>> b = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])
    >>> henriksson_merton(0.5 * b + 0.6 * np.maximum(b, 0), b).gamma.__round__(4)
    0.6
    """

    alpha: Any
    beta: Any
    gamma: Any
    gamma_standard_error: Any
    n_used: Any


def treynor_mazuy(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> MarketTiming:
    """Timing by a quadratic line: r - rf = alpha + beta (b - rf) + gamma (b - rf)^2.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    risk_free_rate : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    MarketTiming
        NaN with a reason for fewer than four shared returns or a benchmark with fewer than three
        different ones. Periods with a NaN on either side are left out.

    References
    ----------
    Treynor and Mazuy (1966), Can Mutual Funds Outguess the Market?, Harvard Business Review 44(4).

    Examples
    --------
    >>> b = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])
    >>> timing = treynor_mazuy(0.001 + 0.9 * b + 2 * b**2, b, periods_per_year=12)
    >>> round(timing.alpha, 4), round(timing.beta, 4), round(timing.gamma, 4)
    (0.012, 0.9, 2.0)
    """
    return _fitted(
        returns, benchmark_returns, risk_free_rate, periods_per_year, min_overlap, np.square
    )


def henriksson_merton(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> MarketTiming:
    """Timing by a broken line: r - rf = alpha + beta (b - rf) + gamma max(b - rf, 0).

    Beta is the exposure in falling markets, beta + gamma that in rising ones.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    risk_free_rate : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    MarketTiming
        NaN with a reason for fewer than four shared returns or a benchmark without both signs.
        Periods with a NaN on either side are left out.

    References
    ----------
    Henriksson and Merton (1981), On Market Timing and Investment Performance II, Journal of
    Business 54(4).

    Examples
    --------
    >>> b = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])
    >>> timing = henriksson_merton(0.5 * b + 0.6 * np.maximum(b, 0), b, periods_per_year=12)
    >>> round(timing.beta, 4), round(timing.gamma, 4)
    (0.5, 0.6)
    """
    return _fitted(
        returns,
        benchmark_returns,
        risk_free_rate,
        periods_per_year,
        min_overlap,
        lambda x: np.maximum(x, 0.0),
    )


def _fitted(
    returns: Any, benchmark_returns: Any, rf: float, ppy: float, min_overlap: float, term: Any
) -> MarketTiming:
    values, benchmark, like = paired(returns, benchmark_returns, ppy, min_overlap)
    rate, ppy = rated(rf, ppy)
    x = benchmark[:, 0] - rate
    lines = np.array([_line(column - rate, x, term(x)) for column in values.T]).reshape(-1, 5)
    fields = ("alpha", "beta", "gamma", "gamma_standard_error")
    scaled = lines * np.array([ppy, 1.0, 1.0, 1.0, 1.0])
    undefined = tuple(f for i, f in enumerate(fields) if np.isnan(lines[:, i]).any())
    message = "timing needs four shared returns and a benchmark that moves enough to tell apart."
    reason = Reason(
        "INSUFFICIENT_DATA", undefined, message, float(lines[:, 4].min(initial=LEAST)), LEAST
    )
    return MarketTiming(
        **{f: like.metric(scaled[:, i]) for i, f in enumerate(fields)},
        n_used=like.metric(lines[:, 4]),
        reasons=(reason,) if undefined else (),
    )


def _line(y: Floats, x: Floats, z: Floats) -> tuple[float, float, float, float, int]:
    """(alpha, beta, gamma, standard error of gamma, n) by least squares in scaled columns."""
    known = ~(np.isnan(y) | np.isnan(x))
    n = int(known.sum())
    if n < LEAST:
        return NAN, NAN, NAN, NAN, n
    columns = np.column_stack([np.ones(n), x[known], z[known]])
    scale = np.sqrt((columns**2).sum(axis=0))
    if not (scale > 0.0).all():
        return NAN, NAN, NAN, NAN, n
    fit, _, rank, _ = np.linalg.lstsq(columns / scale, y[known], rcond=1e-10)
    if rank < 3:
        return NAN, NAN, NAN, NAN, n
    residuals = y[known] - columns @ (fit / scale)
    variance = float(np.dot(residuals, residuals)) / (n - 3)
    gram = np.linalg.inv((columns / scale).T @ (columns / scale))
    error = float(np.sqrt(variance * gram[2, 2])) / scale[2]
    alpha, beta, gamma = fit / scale
    return float(alpha), float(beta), float(gamma), float(error), n
