"""Reward for the risk that the benchmark does not explain away: Treynor, M2, Fama."""

from __future__ import annotations

from typing import Any

from nautilus.analytics.comoments import comoments_of, lift_comoments, merge_comoments
from nautilus.analytics.measures import TWO, Measure, evaluate_pair, measured
from nautilus.analytics.options import rated
from nautilus.analytics.primitives import quotient, ratio, spread

__all__ = ["m_squared", "net_selectivity", "treynor_ratio"]


def reward_to_beta(aggregate: Any, rate: float, ppy: float) -> Any:
    n, mx, _, _, xy, yy, _, ly = aggregate
    slope = ratio(xy, yy) + 0.0 * ratio(1.0, spread(n, yy, ly))
    return quotient((mx - rate) * ppy, slope)


def matched_reward(aggregate: Any, rate: float, ppy: float) -> Any:
    n, mx, _, xx, _, yy, lx, ly = aggregate
    return (ratio(mx - rate, spread(n, xx, lx)) * spread(n, yy, ly) + rate) * ppy


def undiversified_reward(aggregate: Any, rate: float, ppy: float) -> Any:
    n, mx, my, xx, _, yy, lx, ly = aggregate
    fama = ratio(spread(n, xx, lx), spread(n, yy, ly))
    return (mx - rate - fama * (my - rate)) * ppy


TREYNOR = Measure(TWO, rated, comoments_of, reward_to_beta, lift_comoments, merge_comoments)
M2 = Measure(TWO, rated, comoments_of, matched_reward, lift_comoments, merge_comoments)
NET = Measure(TWO, rated, comoments_of, undiversified_reward, lift_comoments, merge_comoments)


@measured(TREYNOR, batch_only=("min_overlap",))
def treynor_ratio(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> Any:
    """Annual (arithmetic) mean excess return per unit of beta, as a fraction.

    mean(r - rf) * periods_per_year / beta.

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
    float, or one value per asset; NaN for fewer than two shared returns, for a constant benchmark
    and for a beta of zero. Periods with a NaN on either side are left out.

    References
    ----------
    Treynor (1965), How to Rate Management of Investment Funds, Harvard Business Review 43(1).

    Examples
    --------
    >>> round(treynor_ratio([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 4)
    0.1179
    """
    parameters = rated(risk_free_rate, periods_per_year)
    return evaluate_pair(
        TREYNOR, returns, benchmark_returns, parameters, periods_per_year, min_overlap
    )


@measured(M2, batch_only=("min_overlap",))
def m_squared(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> Any:
    """Annual (arithmetic) return of the portfolio at the benchmark's volatility, as a fraction.

    (mean(r - rf) * std(b) / std(r) + rf) * periods_per_year.

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
    float, or one value per asset; NaN for fewer than two shared returns and for constant returns.
    Periods with a NaN on either side are left out.

    References
    ----------
    Modigliani and Modigliani (1997), Risk-Adjusted Performance, Journal of Portfolio Management
    23(2).

    Examples
    --------
    >>> round(m_squared([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 4)
    0.1174
    """
    parameters = rated(risk_free_rate, periods_per_year)
    return evaluate_pair(M2, returns, benchmark_returns, parameters, periods_per_year, min_overlap)


@measured(NET, batch_only=("min_overlap",))
def net_selectivity(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> Any:
    """Fama's net selectivity per annum (arithmetic), as a fraction.

    (mean(r - rf) - std(r) / std(b) * mean(b - rf)) * periods_per_year: selectivity (Jensen's alpha)
    less the reward that the diversifiable risk taken should have earned.

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
    Fama (1972), Components of Investment Performance, Journal of Finance 27(3).

    Examples
    --------
    >>> round(net_selectivity([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12), 4)
    0.051
    """
    parameters = rated(risk_free_rate, periods_per_year)
    return evaluate_pair(NET, returns, benchmark_returns, parameters, periods_per_year, min_overlap)
