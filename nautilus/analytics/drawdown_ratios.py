"""Depth and time under water as one number, and growth per unit of it."""

from __future__ import annotations

from typing import Any

from nautilus.analytics.measures import ONE, Measure, evaluate, measured
from nautilus.analytics.options import cushioned, grown, no_parameters, spanned
from nautilus.analytics.paths import (
    lift_valley,
    lift_water,
    merge_valley,
    merge_water,
    valley_of,
    water_of,
)
from nautilus.analytics.primitives import at_least, compounded, ratio, root

__all__ = [
    "burke_ratio",
    "calmar_ratio",
    "martin_ratio",
    "pain_index",
    "pain_ratio",
    "sterling_ratio",
    "ulcer_index",
]


def growth_to_depth(aggregate: Any, ppy: float, shortest: float) -> Any:
    n, wealth, _, _, worst = aggregate
    annual = at_least(n, shortest * ppy, compounded(wealth, ratio(ppy, n)))
    return ratio(annual, -worst)


CALMAR = Measure(ONE, spanned, valley_of, growth_to_depth, lift_valley, merge_valley)


@measured(CALMAR)
def calmar_ratio(returns: Any, *, periods_per_year: float = 252.0, force: bool = False) -> Any:
    """Annualised (geometric) return over the size of the worst drawdown.

    Young takes the last 36 months: pass those.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    periods_per_year : float
    force : bool
        Annualise a span below a quarter of a year as well.

    Returns
    -------
    float, or one value per asset; NaN without a drawdown and below a quarter of a year. NaN returns
    are left out.

    References
    ----------
    Young (1991), Calmar Ratio: A Smoother Tool, Futures 20(1).

    Examples
    --------
    >>> round(calmar_ratio([0.02, -0.01, 0.03], periods_per_year=12), 4)
    17.0282
    """
    return evaluate(CALMAR, returns, spanned(periods_per_year, force), periods_per_year)


def growth_to_cushion(aggregate: Any, cushion: float, ppy: float, shortest: float) -> Any:
    n, wealth, _, _, worst = aggregate
    annual = at_least(n, shortest * ppy, compounded(wealth, ratio(ppy, n)))
    return ratio(annual, cushion - worst)


STERLING = Measure(ONE, cushioned, valley_of, growth_to_cushion, lift_valley, merge_valley)


@measured(STERLING)
def sterling_ratio(
    returns: Any, *, excess: float = 0.1, periods_per_year: float = 252.0, force: bool = False
) -> Any:
    """Annualised (geometric) return over the size of the worst drawdown plus 10 %.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    excess : float
        Depth added to the worst drawdown, a fraction.
    periods_per_year : float
    force : bool
        Annualise a span below a quarter of a year as well.

    Returns
    -------
    float, or one value per asset; NaN below a quarter of a year. NaN returns are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4, with
    the worst drawdown instead of the mean of annual ones.

    Examples
    --------
    >>> round(sterling_ratio([0.02, -0.01, 0.03], periods_per_year=12), 4)
    1.548
    """
    parameters = cushioned(excess, periods_per_year, force)
    return evaluate(STERLING, returns, parameters, periods_per_year)


def root_mean_square(aggregate: Any) -> Any:
    n, _, _, _, squares, _, _, _, _, _, _, _ = aggregate
    return root(ratio(squares, n))


def mean_size(aggregate: Any) -> Any:
    n, _, _, total, _, _, _, _, _, _, _, _ = aggregate
    return ratio(-total, n)


ULCER = Measure(
    ONE, no_parameters, water_of, root_mean_square, lift_water, merge_water, associative=False
)
PAIN = Measure(ONE, no_parameters, water_of, mean_size, lift_water, merge_water, associative=False)


@measured(ULCER)
def ulcer_index(returns: Any) -> Any:
    """Root mean square of the drawdown series, as a fraction >= 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Martin and McCann (1989), The Investor's Guide to Fidelity Funds.

    Examples
    --------
    >>> round(ulcer_index([-0.1, 0.2, -0.5]), 4)
    0.2944
    """
    return evaluate(ULCER, returns, (), None)


@measured(PAIN)
def pain_index(returns: Any) -> Any:
    """Mean size of the drawdown series, as a fraction >= 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Becker (2006), Zephyr Associates; Bacon (2008), 2nd ed., ch. 4.

    Examples
    --------
    >>> round(pain_index([-0.1, 0.2, -0.5]), 4)
    0.2
    """
    return evaluate(PAIN, returns, (), None)


def growth_to_ulcer(aggregate: Any, rate: float, ppy: float, shortest: float) -> Any:
    n, wealth, _, _, squares, _, _, _, _, _, _, _ = aggregate
    annual = at_least(n, shortest * ppy, compounded(wealth, ratio(ppy, n)))
    return ratio(annual - rate, root(ratio(squares, n)))


def growth_to_pain(aggregate: Any, rate: float, ppy: float, shortest: float) -> Any:
    n, wealth, _, total, _, _, _, _, _, _, _, _ = aggregate
    annual = at_least(n, shortest * ppy, compounded(wealth, ratio(ppy, n)))
    return ratio(annual - rate, ratio(-total, n))


def growth_to_episodes(aggregate: Any, rate: float, ppy: float, shortest: float) -> Any:
    n, wealth, _, _, _, _, _, _, _, _, _, squared = aggregate
    annual = at_least(n, shortest * ppy, compounded(wealth, ratio(ppy, n)))
    return ratio(annual - rate, root(squared))


MARTIN = Measure(ONE, grown, water_of, growth_to_ulcer, lift_water, merge_water, associative=False)
PAINFUL = Measure(ONE, grown, water_of, growth_to_pain, lift_water, merge_water, associative=False)
BURKE = Measure(
    ONE, grown, water_of, growth_to_episodes, lift_water, merge_water, associative=False
)


@measured(MARTIN)
def martin_ratio(
    returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    force: bool = False,
) -> Any:
    """Annualised (geometric) return above the risk-free rate over the ulcer index.

    Also called the ulcer performance index.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float
    force : bool
        Annualise a span below a quarter of a year as well.

    Returns
    -------
    float, or one value per asset; NaN without a drawdown and below a quarter of a year. NaN returns
    are left out.

    References
    ----------
    Martin and McCann (1989), The Investor's Guide to Fidelity Funds.

    Examples
    --------
    >>> round(martin_ratio([0.02, -0.01, 0.03], periods_per_year=12), 4)
    29.4936
    """
    parameters = grown(risk_free_rate, periods_per_year, force)
    return evaluate(MARTIN, returns, parameters, periods_per_year)


@measured(PAINFUL)
def pain_ratio(
    returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    force: bool = False,
) -> Any:
    """Annualised (geometric) return above the risk-free rate over the pain index.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float
    force : bool
        Annualise a span below a quarter of a year as well.

    Returns
    -------
    float, or one value per asset; NaN without a drawdown and below a quarter of a year. NaN returns
    are left out.

    References
    ----------
    Becker (2006), Zephyr Associates; Bacon (2008), 2nd ed., ch. 4.

    Examples
    --------
    >>> round(pain_ratio([0.02, -0.01, 0.03], periods_per_year=12), 4)
    51.0845
    """
    parameters = grown(risk_free_rate, periods_per_year, force)
    return evaluate(PAINFUL, returns, parameters, periods_per_year)


@measured(BURKE)
def burke_ratio(
    returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    force: bool = False,
) -> Any:
    """Annualised (geometric) return above the risk-free rate over the root of squared drawdowns.

    (R - rf) / sqrt(sum(depth^2)), one depth per drawdown from peak to trough.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float
    force : bool
        Annualise a span below a quarter of a year as well.

    Returns
    -------
    float, or one value per asset; NaN without a drawdown and below a quarter of a year. NaN returns
    are left out.

    References
    ----------
    Burke (1994), A Sharper Sharpe Ratio, Futures 23(3).

    Examples
    --------
    >>> round(burke_ratio([0.02, -0.01, 0.03], periods_per_year=12), 4)
    17.0282
    """
    parameters = grown(risk_free_rate, periods_per_year, force)
    return evaluate(BURKE, returns, parameters, periods_per_year)
