"""From prices to returns, from returns to wealth, and to months and years."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.measures import prepared
from nautilus.analytics.options import no_parameters, rated
from nautilus.core.checks import check_choice
from nautilus.core.errors import TimeIndexError
from nautilus.core.folds import Fold, apply, folded
from nautilus.core.frames import Like, labelled_frame, read

__all__ = [
    "aggregate_returns",
    "cumulative_returns",
    "excess_returns",
    "log_returns",
    "monthly_returns",
    "simple_returns",
    "wealth_index",
]

NAN = float("nan")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Floats = NDArray[np.float64]


def price_init() -> tuple[float]:
    return (NAN,)


def price_step(state: tuple[float], price: float) -> tuple[tuple[float], float]:
    previous = state[0]
    change = price / previous - 1.0 if previous > 0.0 and price >= 0.0 else NAN
    return (price,), change


SIMPLE = Fold(("prices",), price_init, price_step, no_parameters)


@folded(SIMPLE)
def simple_returns(prices: Any) -> Any:
    """Relative change of prices, as fractions: p(t) / p(t-1) - 1.

    Parameters
    ----------
    prices : array (time,) or (time, asset)
        Positive.

    Returns
    -------
    array
        Same length and kind; the first is NaN. NaN for exactly the bars that read a missing price,
        a negative price, or a previous price of zero.

    References
    ----------
    Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, eq. 1.4.1.

    Examples
    --------
    >>> simple_returns(np.array([100.0, 110.0, 99.0])).round(4).tolist()
    [nan, 0.1, -0.1]
    """
    values, like = read(prices, "prices")
    result = np.full(values.shape, NAN)
    before, after = values[:-1], values[1:]
    with np.errstate(all="ignore"):
        # Divisions and subtractions round alike everywhere, so this equals the step to the bit.
        result[1:] = np.where((before > 0.0) & (after >= 0.0), after / before - 1.0, NAN)
    return like.series(result)


def log_returns(prices: Any) -> Any:
    """Change of the logarithm of prices: log(p(t) / p(t-1)).

    They add up over time; simple returns add up over assets. Metrics of this package take simple
    returns.

    Parameters
    ----------
    prices : array (time,) or (time, asset)
        Positive.

    Returns
    -------
    array
        Same length and kind; the first is NaN. NaN for exactly the bars that read a missing price
        or one that is not positive.

    References
    ----------
    Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, eq. 1.4.5.

    Examples
    --------
    >>> log_returns(np.array([100.0, 110.0, 99.0])).round(4).tolist()
    [nan, 0.0953, -0.1054]
    """
    values, like = read(prices, "prices")
    result = np.full(values.shape, NAN)
    before, after = values[:-1], values[1:]
    with np.errstate(all="ignore"):
        result[1:] = np.where((before > 0.0) & (after > 0.0), np.log(after / before), NAN)
    return like.series(result)


def excess_returns(
    returns: Any, *, risk_free_rate: float = 0.0, periods_per_year: float = 252.0
) -> Any:
    """Returns less the risk-free rate of one period, as fractions.

    r - ((1 + risk_free_rate)^(1 / periods_per_year) - 1).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    risk_free_rate : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float

    Returns
    -------
    array
        Same length and kind; NaN where the return is NaN.

    References
    ----------
    Sharpe (1994), The Sharpe Ratio, Journal of Portfolio Management 21(1).

    Examples
    --------
    >>> excess_returns(np.array([0.02]), risk_free_rate=0.1268, periods_per_year=12).round(4)
    array([0.01])
    """
    values, like = prepared(returns, periods_per_year)
    return like.series(values - rated(risk_free_rate, periods_per_year)[0])


def wealth_init() -> tuple[float]:
    return (1.0,)


def wealth_step(state: tuple[float], value: float) -> tuple[tuple[float], float]:
    if value != value:
        return state, NAN
    wealth = state[0] * (1.0 + value)
    return (wealth,), wealth


def cumulative_step(state: tuple[float], value: float) -> tuple[tuple[float], float]:
    if value != value:
        return state, NAN
    wealth = state[0] * (1.0 + value)
    return (wealth,), wealth - 1.0


WEALTH = Fold(("returns",), wealth_init, wealth_step, no_parameters)
CUMULATIVE = Fold(("returns",), wealth_init, cumulative_step, no_parameters)


@folded(WEALTH)
def wealth_index(returns: Any) -> Any:
    """Value of 1 invested before the first return: the running product of 1 + r.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    array
        Same length and kind; the first value already holds the first return. A NaN return is no
        period: NaN there, and wealth goes on from where it was.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> wealth_index(np.array([0.1, -0.1])).round(4).tolist()
    [1.1, 0.99]
    """
    _, _ = prepared(returns, None)
    return apply(WEALTH, (returns,), ())[0]


@folded(CUMULATIVE)
def cumulative_returns(returns: Any) -> Any:
    """Compounded return since before the first return, as fractions: wealth less 1.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    array
        Same length and kind. A NaN return is no period: NaN there, and compounding goes on.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> cumulative_returns(np.array([0.1, -0.1])).round(4).tolist()
    [0.1, -0.01]
    """
    _, _ = prepared(returns, None)
    return apply(CUMULATIVE, (returns,), ())[0]


def aggregate_returns(returns: Any, *, frequency: str = "month") -> Any:
    """Returns compounded over calendar weeks, months, quarters or years.

    Parameters
    ----------
    returns : Series or frame with times
        Simple returns per period, fractions.
    frequency : {"week", "month", "quarter", "year"}
        Weeks begin on Monday. Dates are those of the index in its own zone.

    Returns
    -------
    Series or frame
        Same kind; each period at its last time in the index. NaN returns are left out; a period
        without any return is NaN.

    Raises
    ------
    TimeIndexError
        No times.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> from nautilus.core.frames import time_series
    >>> days = np.array(["2024-01-30", "2024-01-31", "2024-02-01"], dtype="M8[ns]")
    >>> aggregate_returns(time_series(days, [0.1, 0.1, -0.1])).round(4).tolist()
    [0.21, -0.1]
    """
    check_choice(frequency, "frequency", _NUMBERED)
    values, like = prepared(returns, None)
    grown, last = _compounded(values, _NUMBERED[frequency](_days(like)))
    return like.at(last).series(grown)


def monthly_returns(returns: Any) -> Any:
    """Returns by calendar month: one row per year, columns Jan to Dec and Year, as fractions.

    Parameters
    ----------
    returns : Series or one-column frame with times
        Simple returns per period, fractions.

    Returns
    -------
    pandas frame
        NaN for months without returns; Year compounds the returns that there are.

    Raises
    ------
    TimeIndexError
        No times.
    ShapeError
        More than one column.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> from nautilus.core.frames import time_series
    >>> days = np.array(["2024-01-30", "2024-01-31", "2024-02-01"], dtype="M8[ns]")
    >>> monthly_returns(time_series(days, [0.1, 0.1, -0.1])).round(4)[["Jan", "Feb", "Year"]]
           Jan  Feb   Year
    year
    2024  0.21 -0.1  0.089
    """
    values, like = read(returns, "returns", ndim=1)
    _, _ = prepared(values, None)
    days = _days(like)
    months = days.astype("M8[M]").astype(np.int64)
    grown, last = _compounded(values, months)
    totals, ends = _compounded(values, months // 12)
    years = months[ends] // 12 + 1970
    table = np.full((len(years), 12), NAN)
    table[np.searchsorted(years, months[last] // 12 + 1970), months[last] % 12] = grown[:, 0]
    columns = {name: table[:, i] for i, name in enumerate(MONTHS)}
    return labelled_frame(years.tolist(), {**columns, "Year": totals[:, 0]}, "year")


_NUMBERED = {
    # Days since Monday 1969-12-29.
    "week": lambda days: (days.astype(np.int64) + 3) // 7,
    "month": lambda days: days.astype("M8[M]").astype(np.int64),
    "quarter": lambda days: days.astype("M8[M]").astype(np.int64) // 3,
    "year": lambda days: days.astype("M8[Y]").astype(np.int64),
}


def _days(like: Like) -> NDArray[Any]:
    """Calendar days of the index, in its own zone."""
    if like.times is None or like.times.dtype.kind != "M":
        raise TimeIndexError(
            "`returns` must be indexed by time to be put into calendar periods."
            " Pass a pandas Series with dates, or a polars frame with a date column.",
            field="returns",
        )
    times: NDArray[Any] = like.times
    if like.aware:
        local = (
            like.index.tz_localize(None)
            if like.kind == "pandas"
            else like.index.dt.replace_time_zone(None)
        )
        times = local.to_numpy()
    return times.astype("M8[D]")


def _compounded(values: Floats, numbers: NDArray[np.int64]) -> tuple[Floats, NDArray[np.intp]]:
    """(compounded return of each period, position of its last row)."""
    if not len(values):
        return np.empty((0, values.shape[1])), np.empty(0, dtype=np.intp)
    first = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    missing = np.isnan(values)
    grown = np.multiply.reduceat(np.where(missing, 1.0, 1.0 + values), first, axis=0) - 1.0
    grown[np.logical_and.reduceat(missing, first, axis=0)] = NAN
    return grown, np.r_[first[1:], len(values)] - 1
