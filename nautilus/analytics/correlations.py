"""How closely returns follow the benchmark."""

from __future__ import annotations

from typing import Any

from nautilus.analytics.comoments import comoments_of, lift_comoments, merge_comoments
from nautilus.analytics.measures import TWO, Measure, evaluate_pair, measured
from nautilus.analytics.options import no_parameters
from nautilus.analytics.primitives import capped, larger, ratio, spread

__all__ = ["correlation", "r_squared"]


def cosine(aggregate: Any, *_: float) -> Any:
    n, _, _, xx, xy, yy, lx, ly = aggregate
    deviations = spread(n, xx, lx) * spread(n, yy, ly) * (n - 1.0)
    return larger(capped(ratio(xy, deviations), 1.0), -1.0) + 0.0 * ratio(xy, deviations)


def squared_cosine(aggregate: Any, *_: float) -> Any:
    n, _, _, xx, xy, yy, lx, ly = aggregate
    deviations = spread(n, xx, lx) * spread(n, yy, ly) * (n - 1.0)
    c = ratio(xy, deviations)
    return capped(c * c, 1.0) + 0.0 * c


CORRELATION = Measure(TWO, no_parameters, comoments_of, cosine, lift_comoments, merge_comoments)
R_SQUARED = Measure(
    TWO, no_parameters, comoments_of, squared_cosine, lift_comoments, merge_comoments
)


@measured(CORRELATION, batch_only=("min_overlap",))
def correlation(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Pearson correlation of returns and benchmark returns, -1 to 1.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    float, or one value per asset; NaN for fewer than two shared returns and where either is
    constant. Periods with a NaN on either side are left out.

    References
    ----------
    Pearson (1895), Notes on Regression and Inheritance, Proceedings of the Royal Society 58.

    Examples
    --------
    >>> round(correlation([0.02, -0.01, 0.03], [0.01, -0.01, 0.02]), 4)
    0.9959
    """
    return evaluate_pair(CORRELATION, returns, benchmark_returns, (), None, min_overlap)


@measured(R_SQUARED, batch_only=("min_overlap",))
def r_squared(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Share of the variance of returns that the benchmark explains, 0 to 1.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    float, or one value per asset; NaN for fewer than two shared returns and where either is
    constant. Periods with a NaN on either side are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> round(r_squared([0.02, -0.01, 0.03], [0.01, -0.01, 0.02]), 4)
    0.9918
    """
    return evaluate_pair(R_SQUARED, returns, benchmark_returns, (), None, min_overlap)
