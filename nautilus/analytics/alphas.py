"""Intercepts of returns on benchmark returns, per annum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus.analytics.betas import slope, whole_line
from nautilus.analytics.comoments import lift_comoments, merge_comoments
from nautilus.analytics.measures import TWO, Measure, evaluate_pair, measured, paired
from nautilus.analytics.options import rated
from nautilus.analytics.primitives import at_least, compounded, over_arrays, ratio, spread
from nautilus.core.results import Reason, Result

__all__ = ["AlphaBeta", "alpha", "alpha_beta", "compounded_alpha"]


def intercept(aggregate: Any, rate: float, ppy: float) -> Any:
    n, mx, my, _, xy, yy, _, ly = aggregate
    known = 0.0 * ratio(1.0, spread(n, yy, ly))
    return at_least(n, 2.0, (mx - rate - ratio(xy, yy) * (my - rate)) * ppy + known)


def compounded_intercept(aggregate: Any, rate: float, ppy: float) -> Any:
    n, mx, my, _, xy, yy, _, ly = aggregate
    known = 0.0 * ratio(1.0, spread(n, yy, ly))
    period = mx - rate - ratio(xy, yy) * (my - rate)
    return at_least(n, 2.0, compounded(1.0 + period, ppy) + known)


ALPHA = Measure(TWO, rated, whole_line, intercept, lift_comoments, merge_comoments, blockwise=False)
COMPOUNDED_ALPHA = Measure(
    TWO, rated, whole_line, compounded_intercept, lift_comoments, merge_comoments, blockwise=False
)


@measured(ALPHA, batch_only=("min_overlap",))
def alpha(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> Any:
    """Jensen's alpha per annum, arithmetic, as a fraction.

    (mean(r - rf) - beta * mean(b - rf)) * periods_per_year: multiplied, not compounded; see
    `compounded_alpha`.

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
    float, or one value per asset; NaN for fewer than two shared returns and for a constant
    benchmark. Periods with a NaN on either side are left out.

    Raises
    ------
    OverlapError
        Fewer shared times than `min_overlap`; the message gives both ranges.

    References
    ----------
    Jensen (1968), The Performance of Mutual Funds in the Period 1945-1964, Journal of Finance
    23(2).

    Examples
    --------
    >>> round(alpha([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 4)
    0.0514
    """
    parameters = rated(risk_free_rate, periods_per_year)
    return evaluate_pair(
        ALPHA, returns, benchmark_returns, parameters, periods_per_year, min_overlap
    )


@measured(COMPOUNDED_ALPHA, batch_only=("min_overlap",))
def compounded_alpha(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> Any:
    """Jensen's alpha of one period compounded over a year: (1 + a)^periods_per_year - 1.

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
    float, or one value per asset; NaN for fewer than two shared returns and for a constant
    benchmark. Periods with a NaN on either side are left out.

    References
    ----------
    Jensen (1968), The Performance of Mutual Funds in the Period 1945-1964, Journal of Finance
    23(2).

    Examples
    --------
    >>> round(compounded_alpha([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 4)
    0.0527
    """
    parameters = rated(risk_free_rate, periods_per_year)
    return evaluate_pair(
        COMPOUNDED_ALPHA, returns, benchmark_returns, parameters, periods_per_year, min_overlap
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlphaBeta(Result):
    """Both parameters of the line; unpacks as `alpha, beta = result`.

    Parameters
    ----------
    alpha : float or vector
        Per annum, arithmetic, a fraction.
    beta : float or vector
    n_used : float or vector
        Periods in which both returns are known.

    Examples
    --------
    >>> alpha_beta([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12)
    AlphaBeta(alpha=0.0514286, beta=1.35714, n_used=3)
    """

    alpha: Any
    beta: Any
    n_used: Any

    def __iter__(self) -> Iterator[Any]:
        return iter((self.alpha, self.beta))


def alpha_beta(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> AlphaBeta:
    """Alpha per annum (arithmetic) and beta of every column in one matrix product.

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
    AlphaBeta
        NaN with a reason for fewer than two shared returns and for a constant benchmark.

    Raises
    ------
    OverlapError
        Fewer shared times than `min_overlap`; the message gives both ranges.

    References
    ----------
    Jensen (1968), The Performance of Mutual Funds in the Period 1945-1964, Journal of Finance
    23(2).

    Examples
    --------
    >>> a, b = alpha_beta([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12)
    >>> round(a, 4), round(b, 4)
    (0.0514, 1.3571)
    """
    values, benchmark, like = paired(returns, benchmark_returns, periods_per_year, min_overlap)
    rate, ppy = rated(risk_free_rate, periods_per_year)
    with np.errstate(all="ignore"):
        line = whole_line(values.T, benchmark.T)
    n = line[0]
    slopes = over_arrays(slope)(line)
    undefined = np.isnan(slopes)
    message = "a line needs two shared returns and a benchmark that is not constant."
    reason = Reason("INSUFFICIENT_DATA", ("alpha", "beta"), message, float(n.min(initial=2.0)), 2.0)
    alphas = over_arrays(intercept)(line, rate, ppy)
    return AlphaBeta(
        **like.metrics({"alpha": alphas, "beta": slopes, "n_used": n}),
        reasons=(reason,) if undefined.any() else (),
    )
