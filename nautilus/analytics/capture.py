"""What share of the benchmark's rises and falls the returns take part in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus.analytics.aggregates import by_blocks
from nautilus.analytics.comoments import lift_capture, merge_capture, sides_with
from nautilus.analytics.measures import TWO, Measure, evaluate_pair, measured, paired
from nautilus.analytics.options import no_parameters
from nautilus.analytics.primitives import compounded, over_arrays, quotient, ratio
from nautilus.core.results import Reason, Result

__all__ = ["CaptureRatios", "capture_ratios", "down_capture", "up_capture"]


def rising_share(aggregate: Any) -> Any:
    _, n, mine, theirs, _, _, _ = aggregate
    exponent = ratio(1.0, n)
    return quotient(compounded(mine, exponent), compounded(theirs, exponent))


def falling_share(aggregate: Any) -> Any:
    _, _, _, _, n, mine, theirs = aggregate
    exponent = ratio(1.0, n)
    return quotient(compounded(mine, exponent), compounded(theirs, exponent))


UP = Measure(TWO, no_parameters, sides_with, rising_share, lift_capture, merge_capture)
DOWN = Measure(TWO, no_parameters, sides_with, falling_share, lift_capture, merge_capture)


@measured(UP, batch_only=("min_overlap",))
def up_capture(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Geometric mean return over that of the benchmark, in periods in which the benchmark rises.

    (prod(1 + r)^(1/n) - 1) / (prod(1 + b)^(1/n) - 1) over the n periods with b > 0; 1 is all of it.

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
    float, or one value per asset; NaN where the benchmark never rises. Periods with a NaN on either
    side are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> round(up_capture([0.02, -0.01, 0.02], [0.01, -0.01, 0.01]), 4)
    2.0
    """
    return evaluate_pair(UP, returns, benchmark_returns, (), None, min_overlap)


@measured(DOWN, batch_only=("min_overlap",))
def down_capture(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Geometric mean return over that of the benchmark, in periods in which the benchmark falls.

    (prod(1 + r)^(1/n) - 1) / (prod(1 + b)^(1/n) - 1) over the n periods with b < 0; below 1 loses
    less than the benchmark.

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
    float, or one value per asset; NaN where the benchmark never falls. Periods with a NaN on either
    side are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> round(down_capture([0.02, -0.005, 0.02], [0.01, -0.01, 0.01]), 4)
    0.5
    """
    return evaluate_pair(DOWN, returns, benchmark_returns, (), None, min_overlap)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaptureRatios(Result):
    """Share of the benchmark's rises and falls.

    Parameters
    ----------
    up, down : float or vector
        1 is all of it.
    ratio : float or vector
        up / down.
    n_up, n_down : float or vector
        Periods in which the benchmark rises and falls.

    Examples
    --------
    >>> capture_ratios([0.02, -0.005, 0.02], [0.01, -0.01, 0.01])
    CaptureRatios(up=2, down=0.5, ratio=4, n_up=2)
    """

    up: Any
    down: Any
    ratio: Any
    n_up: Any
    n_down: Any


def capture_ratios(
    returns: Any,
    benchmark_returns: Any,
    *,
    periods_per_year: float | None = None,
    min_overlap: float = 0.9,
) -> CaptureRatios:
    """Up and down capture and their ratio, by geometric mean returns.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    periods_per_year : float, optional
        Annualise both mean returns before dividing: (1 + m)^periods_per_year - 1. Daily returns of
        rising days alone then grow beyond reason; the default compares means per period.
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    CaptureRatios
        NaN with a reason where the benchmark never rises or never falls. Periods with a NaN on
        either side are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> shares = capture_ratios([0.02, -0.005, 0.02], [0.01, -0.01, 0.01])
    >>> round(shares.up, 4), round(shares.down, 4), round(shares.ratio, 4)
    (2.0, 0.5, 4.0)
    """
    values, benchmark, like = paired(returns, benchmark_returns, periods_per_year, min_overlap)
    aggregate = by_blocks(lambda block: sides_with(block, benchmark.T), values)
    years = 1.0 if periods_per_year is None else periods_per_year
    up = over_arrays(_share)(aggregate[1:4], years)
    down = over_arrays(_share)(aggregate[4:7], years)
    both = over_arrays(quotient_of)(up, down)
    missing = [n for n, v in (("up", up), ("down", down), ("ratio", both)) if np.isnan(v).any()]
    message = "the benchmark must rise and fall in at least one period, and no return be below -1."
    need = float(np.minimum(aggregate[1], aggregate[4]).min(initial=1.0))
    reason = Reason("NO_RISE_OR_FALL", tuple(missing), message, need, 1.0)
    return CaptureRatios(
        up=like.metric(up),
        down=like.metric(down),
        ratio=like.metric(both),
        n_up=like.metric(aggregate[1]),
        n_down=like.metric(aggregate[4]),
        reasons=(reason,) if missing else (),
    )


def _share(side: Any, years: float) -> Any:
    n, mine, theirs = side
    exponent = ratio(years, n)
    return quotient(compounded(mine, exponent), compounded(theirs, exponent))


def quotient_of(a: Any, b: Any) -> Any:
    return quotient(a, b)
