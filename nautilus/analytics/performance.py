"""Growth, volatility and the ratios of the two."""

from __future__ import annotations

from typing import Any

from nautilus.analytics.aggregates import (
    lift_sides,
    lift_spread,
    merge_sides,
    merge_spread,
    sides_of,
    spread_of,
)
from nautilus.analytics.measures import ONE, Measure, evaluate, measured
from nautilus.analytics.options import no_parameters, rated, required, spanned, yearly
from nautilus.analytics.paths import growth_of, lift_growth, merge_growth
from nautilus.analytics.primitives import at_least, compounded, ratio, root, shortfall, spread

__all__ = [
    "annualized_return",
    "annualized_volatility",
    "downside_deviation",
    "mean_return",
    "sharpe_ratio",
    "sortino_ratio",
    "total_return",
]


def total_growth(aggregate: Any) -> Any:
    n, wealth = aggregate
    return at_least(n, 1.0, wealth - 1.0)


TOTAL = Measure(ONE, no_parameters, growth_of, total_growth, lift_growth, merge_growth)


@measured(TOTAL)
def total_return(returns: Any) -> Any:
    """Compounded return over the whole span, as a fraction.

    prod(1 + r) - 1.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    float, or one value per asset; NaN without returns, and where a return is below -1. NaN returns
    are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> round(total_return([0.10, -0.05]), 4)
    0.045
    """
    return evaluate(TOTAL, returns, (), None)


def annual_growth(aggregate: Any, ppy: float, shortest: float) -> Any:
    n, wealth = aggregate
    return at_least(n, shortest * ppy, compounded(wealth, ratio(ppy, n)))


ANNUAL = Measure(ONE, spanned, growth_of, annual_growth, lift_growth, merge_growth)


@measured(ANNUAL)
def annualized_return(returns: Any, *, periods_per_year: float = 252.0, force: bool = False) -> Any:
    """Geometric mean return per annum, as a fraction.

    prod(1 + r)^(periods_per_year / n) - 1, with n the number of returns used: a missing return is
    no period.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    periods_per_year : float
    force : bool
        Annualise a span below a quarter of a year as well. One day of 1 % would be 1,127 % a year.

    Returns
    -------
    float, or one value per asset; NaN below a quarter of a year, and where a return is below -1.
    NaN returns are left out.

    Raises
    ------
    UnitError
        Prices instead of returns, or an index of another frequency than `periods_per_year`.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> round(annualized_return([0.01, 0.02, -0.01], periods_per_year=12), 4)
    0.082
    """
    parameters = spanned(periods_per_year, force)
    return evaluate(ANNUAL, returns, parameters, periods_per_year)


def average(aggregate: Any, ppy: float) -> Any:
    n, mean, _, _ = aggregate
    return at_least(n, 1.0, mean * ppy)


MEAN = Measure(ONE, yearly, spread_of, average, lift_spread, merge_spread)


@measured(MEAN)
def mean_return(returns: Any, *, periods_per_year: float = 252.0) -> Any:
    """Arithmetic mean return per annum, as a fraction: mean(r) * periods_per_year.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    periods_per_year : float
        1 for the mean per period.

    Returns
    -------
    float, or one value per asset; NaN without returns. NaN returns are left out.

    References
    ----------
    Sharpe (1994), The Sharpe Ratio, Journal of Portfolio Management 21(1).

    Examples
    --------
    >>> round(mean_return([0.01, 0.03], periods_per_year=12), 4)
    0.24
    """
    return evaluate(MEAN, returns, yearly(periods_per_year), periods_per_year)


def annual_spread(aggregate: Any, ppy: float) -> Any:
    n, _, squares, largest = aggregate
    return spread(n, squares, largest) * root(ppy)


VOLATILITY = Measure(ONE, yearly, spread_of, annual_spread, lift_spread, merge_spread)


@measured(VOLATILITY)
def annualized_volatility(returns: Any, *, periods_per_year: float = 252.0) -> Any:
    """Annualised standard deviation of returns, as a fraction.

    std(r, ddof=1) * sqrt(periods_per_year).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset; NaN for fewer than two returns, 0 for constant ones. NaN returns
    are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> round(annualized_volatility([0.01, 0.03, -0.01], periods_per_year=12), 4)
    0.0693
    """
    return evaluate(VOLATILITY, returns, yearly(periods_per_year), periods_per_year)


def reward_to_spread(aggregate: Any, rate: float, ppy: float) -> Any:
    n, mean, squares, largest = aggregate
    return ratio(mean - rate, spread(n, squares, largest)) * root(ppy)


SHARPE = Measure(ONE, rated, spread_of, reward_to_spread, lift_spread, merge_spread)


@measured(SHARPE)
def sharpe_ratio(
    returns: Any, *, risk_free_rate: float = 0.0, periods_per_year: float = 252.0
) -> Any:
    """Annualised mean excess return over its standard deviation.

    mean(r - rf) / std(r, ddof=1) * sqrt(periods_per_year), with rf the annual rate converted
    geometrically to one period.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset; NaN for fewer than two returns and for constant ones (a standard
    deviation below 8 eps of the largest return is 0). NaN returns are left out.

    Raises
    ------
    UnitError
        Prices instead of returns, or an index of another frequency than `periods_per_year`.

    References
    ----------
    Sharpe (1994), The Sharpe Ratio, Journal of Portfolio Management 21(1).

    Examples
    --------
    >>> round(sharpe_ratio([0.01, 0.03, -0.01], periods_per_year=12), 4)
    1.7321
    """
    return evaluate(SHARPE, returns, rated(risk_free_rate, periods_per_year), periods_per_year)


def annual_downside(aggregate: Any, _: float, ppy: float) -> Any:
    n, _, _, squares, _, _, largest = aggregate
    return shortfall(n, squares, largest) * root(ppy)


def reward_to_downside(aggregate: Any, _: float, ppy: float) -> Any:
    n, gains, losses, squares, _, _, largest = aggregate
    return ratio(ratio(gains - losses, n), shortfall(n, squares, largest)) * root(ppy)


DOWNSIDE = Measure(ONE, required, sides_of, annual_downside, lift_sides, merge_sides)


@measured(DOWNSIDE)
def downside_deviation(
    returns: Any, *, minimum_acceptable_return: float = 0.0, periods_per_year: float = 252.0
) -> Any:
    """Annualised root mean square of the shortfall below the acceptable return, as a fraction.

    sqrt(mean(min(r - mar, 0)^2)) * sqrt(periods_per_year); the mean is over all returns, not over
    the losing ones.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    minimum_acceptable_return : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset; 0 where nothing falls short, NaN without returns. NaN returns are
    left out.

    References
    ----------
    Sortino and van der Meer (1991), Downside Risk, Journal of Portfolio Management 17(4).

    Examples
    --------
    >>> round(downside_deviation([0.01, 0.03, -0.02], periods_per_year=12), 4)
    0.04
    """
    parameters = required(minimum_acceptable_return, periods_per_year)
    return evaluate(DOWNSIDE, returns, parameters, periods_per_year)


SORTINO = Measure(ONE, required, sides_of, reward_to_downside, lift_sides, merge_sides)


@measured(SORTINO)
def sortino_ratio(
    returns: Any, *, minimum_acceptable_return: float = 0.0, periods_per_year: float = 252.0
) -> Any:
    """Annualised mean return above the acceptable one over downside deviation.

    mean(r - mar) / sqrt(mean(min(r - mar, 0)^2)) * sqrt(periods_per_year); both means are over all
    returns.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    minimum_acceptable_return : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float

    Returns
    -------
    float, or one value per asset; NaN without returns and where nothing falls short. NaN returns
    are left out.

    References
    ----------
    Sortino and van der Meer (1991), Downside Risk, Journal of Portfolio Management 17(4).

    Examples
    --------
    >>> round(sortino_ratio([0.01, 0.03, -0.02], periods_per_year=12), 4)
    2.0
    """
    parameters = required(minimum_acceptable_return, periods_per_year)
    return evaluate(SORTINO, returns, parameters, periods_per_year)
