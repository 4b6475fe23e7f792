"""Gains against losses: what the two sides of a threshold say."""

from __future__ import annotations

from typing import Any

from nautilus.analytics.aggregates import lift_sides, merge_sides, sides_of
from nautilus.analytics.lower_moments import lift_lower, lower_of, merge_lower
from nautilus.analytics.measures import ONE, Measure, evaluate, measured
from nautilus.analytics.options import ordered, required, unannualized, weighed
from nautilus.analytics.primitives import power, ratio, root, shortfall

__all__ = [
    "gain_to_pain_ratio",
    "hit_rate",
    "kappa_ratio",
    "omega_ratio",
    "payoff_ratio",
    "profit_factor",
    "prospect_ratio",
    "upside_potential_ratio",
]


def omega(aggregate: Any, *_: float) -> Any:
    _, gains, losses, _, _, _, _ = aggregate
    return ratio(gains, losses)


OMEGA = Measure(ONE, required, sides_of, omega, lift_sides, merge_sides)


@measured(OMEGA)
def omega_ratio(
    returns: Any, *, minimum_acceptable_return: float = 0.0, periods_per_year: float = 252.0
) -> Any:
    """Sum of returns above the acceptable one over the sum of shortfalls below it.

    sum(max(r - mar, 0)) / sum(max(mar - r, 0)).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    minimum_acceptable_return : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset; NaN where nothing falls short. NaN returns are left out.

    References
    ----------
    Keating and Shadwick (2002), A Universal Performance Measure, Journal of Performance
    Measurement 6(3).

    Examples
    --------
    >>> round(omega_ratio([0.03, -0.01, 0.01]), 4)
    4.0
    """
    parameters = required(minimum_acceptable_return, periods_per_year)
    return evaluate(OMEGA, returns, parameters, periods_per_year)


def kappa(aggregate: Any, _: float, ppy: float, order: float) -> Any:
    n, excess, lower, _ = aggregate
    return ratio(ratio(excess, n), power(ratio(lower, n), 1.0 / order)) * root(ppy)


KAPPA = Measure(ONE, ordered, lower_of, kappa, lift_lower, merge_lower)


@measured(KAPPA)
def kappa_ratio(
    returns: Any,
    *,
    minimum_acceptable_return: float = 0.0,
    periods_per_year: float = 252.0,
    order: float = 3.0,
) -> Any:
    """Annualised mean return above the acceptable one over the root of a lower partial moment.

    mean(r - mar) / mean(max(mar - r, 0)^order)^(1/order) * sqrt(periods_per_year). Order 2 is the
    Sortino ratio; order 1 is omega - 1, annualised.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    minimum_acceptable_return : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float
        1 for the figure per period.
    order : float
        Above 0.

    Returns
    -------
    float, or one value per asset; NaN where nothing falls short. NaN returns are left out.

    References
    ----------
    Kaplan and Knowles (2004), Kappa: A Generalized Downside Risk-Adjusted Performance Measure.

    Examples
    --------
    >>> round(kappa_ratio([0.03, -0.01, 0.01], order=2, periods_per_year=1), 4)
    1.7321
    """
    parameters = ordered(minimum_acceptable_return, periods_per_year, order)
    return evaluate(KAPPA, returns, parameters, periods_per_year)


def gain_to_pain(aggregate: Any, *_: float) -> Any:
    _, gains, losses, _, _, _, _ = aggregate
    return ratio(gains - losses, losses)


PAIN = Measure(ONE, unannualized, sides_of, gain_to_pain, lift_sides, merge_sides)


@measured(PAIN)
def gain_to_pain_ratio(returns: Any) -> Any:
    """Sum of all returns over the size of the sum of the negative ones.

    Schwager takes monthly returns: pass `aggregate_returns(returns)` for his figure.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without losses. NaN returns are left out.

    References
    ----------
    Schwager (2012), Hedge Fund Market Wizards, appendix A.

    Examples
    --------
    >>> round(gain_to_pain_ratio([0.03, -0.01, 0.01]), 4)
    3.0
    """
    return evaluate(PAIN, returns, unannualized(), None)


PROFIT = Measure(ONE, unannualized, sides_of, omega, lift_sides, merge_sides)


@measured(PROFIT)
def profit_factor(returns: Any) -> Any:
    """Sum of the positive returns over the size of the sum of the negative ones.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without losses. NaN returns are left out.

    References
    ----------
    Schwager (2012), Hedge Fund Market Wizards, appendix A.

    Examples
    --------
    >>> round(profit_factor([0.03, -0.01, 0.01]), 4)
    4.0
    """
    return evaluate(PROFIT, returns, unannualized(), None)


def payoff(aggregate: Any, *_: float) -> Any:
    _, gains, losses, _, winners, losers, _ = aggregate
    return ratio(ratio(gains, winners), ratio(losses, losers))


PAYOFF = Measure(ONE, unannualized, sides_of, payoff, lift_sides, merge_sides)


@measured(PAYOFF)
def payoff_ratio(returns: Any) -> Any:
    """Mean positive return over the size of the mean negative one.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without gains or without losses. NaN returns are left out.

    References
    ----------
    Schwager (2012), Hedge Fund Market Wizards, appendix A.

    Examples
    --------
    >>> round(payoff_ratio([0.03, -0.01, 0.01]), 4)
    2.0
    """
    return evaluate(PAYOFF, returns, unannualized(), None)


def winning_share(aggregate: Any, *_: float) -> Any:
    n, _, _, _, winners, _, _ = aggregate
    return ratio(winners, n)


HITS = Measure(ONE, unannualized, sides_of, winning_share, lift_sides, merge_sides)


@measured(HITS)
def hit_rate(returns: Any) -> Any:
    """Share of positive returns, 0 to 1; a return of zero is no hit.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Grinold and Kahn (2000), Active Portfolio Management, 2nd ed., ch. 6.

    Examples
    --------
    >>> hit_rate([0.03, -0.01, 0.01, 0.0])
    0.5
    """
    return evaluate(HITS, returns, unannualized(), None)


def upside_potential(aggregate: Any, _: float, ppy: float) -> Any:
    n, gains, _, squares, _, _, largest = aggregate
    return ratio(ratio(gains, n), shortfall(n, squares, largest)) * root(ppy)


UPSIDE = Measure(ONE, required, sides_of, upside_potential, lift_sides, merge_sides)


@measured(UPSIDE)
def upside_potential_ratio(
    returns: Any, *, minimum_acceptable_return: float = 0.0, periods_per_year: float = 252.0
) -> Any:
    """Annualised mean gain above the acceptable return over downside deviation.

    mean(max(r - mar, 0)) / sqrt(mean(min(r - mar, 0)^2)) * sqrt(periods_per_year).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    minimum_acceptable_return : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float
        1 for the figure per period.

    Returns
    -------
    float, or one value per asset; NaN where nothing falls short. NaN returns are left out.

    References
    ----------
    Sortino, van der Meer and Plantinga (1999), The Dutch Triangle, Journal of Portfolio
    Management 26(1).

    Examples
    --------
    >>> round(upside_potential_ratio([0.03, -0.01, 0.01], periods_per_year=1), 4)
    2.3094
    """
    parameters = required(minimum_acceptable_return, periods_per_year)
    return evaluate(UPSIDE, returns, parameters, periods_per_year)


def prospect(aggregate: Any, _: float, ppy: float, aversion: float) -> Any:
    n, gains, losses, squares, _, _, largest = aggregate
    return ratio(ratio(gains - aversion * losses, n), shortfall(n, squares, largest)) * root(ppy)


PROSPECT = Measure(ONE, weighed, sides_of, prospect, lift_sides, merge_sides)


@measured(PROSPECT)
def prospect_ratio(
    returns: Any, *, periods_per_year: float = 252.0, loss_aversion: float = 2.25
) -> Any:
    """Annualised mean return with losses felt more than gains, over downside deviation.

    mean(max(r, 0) + loss_aversion * min(r, 0)) / sqrt(mean(min(r, 0)^2)) * sqrt(periods_per_year).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    periods_per_year : float
        1 for the figure per period.
    loss_aversion : float
        2.25 after Tversky and Kahneman (1992).

    Returns
    -------
    float, or one value per asset; NaN without losses. NaN returns are left out.

    References
    ----------
    Watanabe (2006), Is Sharpe Ratio Still Effective?, Journal of Performance Measurement 11(1),
    with an acceptable return of 0.

    Examples
    --------
    >>> round(prospect_ratio([0.03, -0.01, 0.01], periods_per_year=1), 4)
    1.0104
    """
    return evaluate(PROSPECT, returns, weighed(periods_per_year, loss_aversion), periods_per_year)
