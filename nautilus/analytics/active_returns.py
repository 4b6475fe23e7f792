"""Returns less benchmark returns: their spread, their reward, their wins."""

from __future__ import annotations

from typing import Any

from nautilus.analytics.aggregates import merge_spread
from nautilus.analytics.comoments import active_of, lift_active, lift_wins, merge_wins, wins_of
from nautilus.analytics.measures import TWO, Measure, evaluate_pair, measured
from nautilus.analytics.options import no_parameters, yearly
from nautilus.analytics.primitives import ratio, root, spread

__all__ = ["batting_average", "information_ratio", "tracking_error"]


def annual_active_spread(aggregate: Any, ppy: float) -> Any:
    n, _, squares, largest = aggregate
    return spread(n, squares, largest) * root(ppy)


def active_to_spread(aggregate: Any, ppy: float) -> Any:
    n, mean, squares, largest = aggregate
    return ratio(mean, spread(n, squares, largest)) * root(ppy)


TRACKING = Measure(TWO, yearly, active_of, annual_active_spread, lift_active, merge_spread)
INFORMATION = Measure(TWO, yearly, active_of, active_to_spread, lift_active, merge_spread)


@measured(TRACKING, batch_only=("min_overlap",))
def tracking_error(
    returns: Any,
    benchmark_returns: Any,
    *,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> Any:
    """Annualised standard deviation of active return, as a fraction.

    sqrt(periods_per_year) * std(r - b, ddof=1).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    periods_per_year : float
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    float, or one value per asset; NaN for fewer than two shared returns. Periods with a NaN on
    either side are left out.

    Raises
    ------
    OverlapError
        Fewer shared times than `min_overlap`; the message gives both ranges.

    References
    ----------
    Grinold and Kahn (2000), Active Portfolio Management, 2nd ed., ch. 5.

    Examples
    --------
    >>> round(tracking_error([0.01, 0.03, -0.02], [0.01, 0.01, -0.01], periods_per_year=12), 4)
    0.0529
    """
    parameters = yearly(periods_per_year)
    return evaluate_pair(
        TRACKING, returns, benchmark_returns, parameters, periods_per_year, min_overlap
    )


@measured(INFORMATION, batch_only=("min_overlap",))
def information_ratio(
    returns: Any,
    benchmark_returns: Any,
    *,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> Any:
    """Annualised mean active return over its standard deviation.

    mean(r - b) / std(r - b, ddof=1) * sqrt(periods_per_year).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    periods_per_year : float
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    float, or one value per asset; NaN for fewer than two shared returns and where the difference is
    constant. Periods with a NaN on either side are left out.

    Raises
    ------
    OverlapError
        Fewer shared times than `min_overlap`; the message gives both ranges.

    References
    ----------
    Grinold and Kahn (2000), Active Portfolio Management, 2nd ed., ch. 5.

    Examples
    --------
    >>> round(information_ratio([0.01, 0.03, -0.01], [0.01, 0.01, -0.01], periods_per_year=12), 4)
    2.0
    """
    parameters = yearly(periods_per_year)
    return evaluate_pair(
        INFORMATION, returns, benchmark_returns, parameters, periods_per_year, min_overlap
    )


def winning_share(aggregate: Any, *_: float) -> Any:
    n, wins = aggregate
    return ratio(wins, n)


BATTING = Measure(TWO, no_parameters, wins_of, winning_share, lift_wins, merge_wins)


@measured(BATTING, batch_only=("min_overlap",))
def batting_average(returns: Any, benchmark_returns: Any, *, min_overlap: float = 0.9) -> Any:
    """Share of periods with a return above the benchmark's, 0 to 1.

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
    float, or one value per asset; NaN without shared returns. Periods with a NaN on either side are
    left out.

    References
    ----------
    Grinold and Kahn (2000), Active Portfolio Management, 2nd ed., ch. 6.

    Examples
    --------
    >>> batting_average([0.02, -0.01, 0.03, 0.01], [0.01, -0.01, 0.02, 0.02])
    0.5
    """
    return evaluate_pair(BATTING, returns, benchmark_returns, (), None, min_overlap)
