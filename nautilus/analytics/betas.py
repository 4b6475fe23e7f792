"""Slopes of returns on benchmark returns: of all periods, of rising and of falling ones."""

from __future__ import annotations

from typing import Any

from nautilus.analytics.comoments import (
    falling_of,
    lift_comoments,
    lift_falling,
    lift_rising,
    line_of,
    merge_comoments,
    rising_of,
)
from nautilus.analytics.measures import TWO, Measure, evaluate_pair, measured
from nautilus.analytics.options import no_parameters
from nautilus.analytics.primitives import at_least, ratio, spread

__all__ = ["beta", "down_beta", "up_beta"]


def slope(aggregate: Any, *_: float) -> Any:
    n, _, _, _, xy, yy, _, ly = aggregate
    known = 0.0 * ratio(1.0, spread(n, yy, ly))
    return at_least(n, 2.0, ratio(xy, yy) + known)


def whole_line(block: Any, benchmark: Any, *_: float) -> tuple[Any, ...]:
    """Statistics of the line in the places of the co-moments; those of x alone are not needed."""
    n, mx, my, xy, yy, ly = line_of(block, benchmark)
    return n, mx, my, None, xy, yy, None, ly


BETA = Measure(
    TWO, no_parameters, whole_line, slope, lift_comoments, merge_comoments, blockwise=False
)


@measured(BETA, batch_only=("min_overlap",))
def beta(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Slope of returns on benchmark returns: cov(r, b) / var(b).

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
    float, or one value per asset; NaN for fewer than two shared returns and for a constant
    benchmark. Periods with a NaN on either side are left out.

    Raises
    ------
    OverlapError
        Fewer shared times than `min_overlap`; the message gives both ranges.

    References
    ----------
    Sharpe (1964), Capital Asset Prices, Journal of Finance 19(3).

    Examples
    --------
    >>> round(beta([0.02, -0.01, 0.03], [0.01, -0.01, 0.02]), 4)
    1.3571
    """
    return evaluate_pair(BETA, returns, benchmark_returns, (), None, min_overlap)


UP_BETA = Measure(TWO, no_parameters, rising_of, slope, lift_rising, merge_comoments)
DOWN_BETA = Measure(TWO, no_parameters, falling_of, slope, lift_falling, merge_comoments)


@measured(UP_BETA, batch_only=("min_overlap",))
def up_beta(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Beta over the periods in which the benchmark rises (b > 0).

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
    float, or one value per asset; NaN for fewer than two such periods. Periods with a NaN on either
    side are left out.

    References
    ----------
    Ang, Chen and Xing (2006), Downside Risk, Review of Financial Studies 19(4).

    Examples
    --------
    >>> round(up_beta([0.02, -0.01, 0.03], [0.01, -0.01, 0.02]), 4)
    1.0
    """
    return evaluate_pair(UP_BETA, returns, benchmark_returns, (), None, min_overlap)


@measured(DOWN_BETA, batch_only=("min_overlap",))
def down_beta(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Beta over the periods in which the benchmark falls (b < 0).

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
    float, or one value per asset; NaN for fewer than two such periods. Periods with a NaN on either
    side are left out.

    References
    ----------
    Ang, Chen and Xing (2006), Downside Risk, Review of Financial Studies 19(4).

    Examples
    --------
    >>> round(down_beta([-0.02, -0.01, 0.03], [-0.01, -0.02, 0.02]), 4)
    -1.0
    """
    return evaluate_pair(DOWN_BETA, returns, benchmark_returns, (), None, min_overlap)
