"""Periods and units: "1M" as a calendar step, annual rates per period, values in a wrong unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_finite, check_positive
from nautilus.core.errors import ParameterError, UnitError

__all__ = [
    "Period",
    "check_periods_per_year",
    "check_returns",
    "parse_period",
    "per_period_rate",
]

_YEAR = np.timedelta64(31_557_600, "s")  # 365.25 days
_FIRST_DAY = np.datetime64("1677-09-22", "D")  # of those that nanoseconds can hold
_NAMED_SPACINGS = (
    (1.6 * 252 * 6.5, "hourly", 252 * 6.5),
    (110.0, "daily", 252),
    (25.0, "weekly", 52),
    (8.0, "monthly", 12),
    (2.5, "quarterly", 4),
    (0.0, "yearly", 1),
)
_UNITS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar step back from a date: 30 days, 1 month, year to date.

    Parameters
    ----------
    count : int
    unit : {"day", "week", "month", "quarter", "year", "year_to_date", "all"}
    """

    count: int
    unit: str

    def start(self, end: Any) -> Any:
        """The day after which the period begins: data later than it belong to the period.

        Examples
        --------
        >>> str(parse_period("1M").start("2024-03-31"))
        '2024-02-29'
        """
        day = np.datetime64(_own_clock(end), "D")
        if self.unit == "all":
            return _FIRST_DAY
        return max(self._before(day), _FIRST_DAY)

    def _before(self, day: Any) -> Any:
        if self.unit == "year_to_date":
            return day.astype("M8[Y]").astype("M8[D]") - np.timedelta64(1, "D")
        if self.unit in ("day", "week"):
            return day - np.timedelta64(self.count * (7 if self.unit == "week" else 1), "D")
        months = self.count * {"month": 1, "quarter": 3, "year": 12}[self.unit]
        return _months_back(day, months)


def parse_period(text: str, name: str = "period") -> Period:
    """Read "1D", "30D", "1W", "1M", "2Q", "1Y", "YTD" or "ALL".

    Parameters
    ----------
    text : str
        Upper or lower case.
    name : str
        The caller's argument, for messages.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> parse_period("30D")
    Period(count=30, unit='day')
    """
    word = text.strip().upper() if isinstance(text, str) else ""
    if word in ("YTD", "ALL"):
        return Period(1, "year_to_date" if word == "YTD" else "all")
    match = re.fullmatch(r"(\d{1,4})([DWMQY])", word)
    if match is None or int(match[1]) == 0:
        raise ParameterError(
            f"`{name}` must be a count and a unit such as 1D, 30D, 1W, 1M, 1Y, or YTD,"
            f" got {text!r}.",
            field=name,
        )
    return Period(int(match[1]), _UNITS[match[2]])


def per_period_rate(
    annual_rate: float, periods_per_year: float, name: str = "risk_free_rate"
) -> float:
    """A rate per annum as a rate per period, geometrically: (1 + r)^(1/n) - 1.

    Examples
    --------
    >>> round(per_period_rate(0.12, 12), 6)
    0.009489
    """
    rate = check_finite(annual_rate, name)
    if rate <= -1:
        raise ParameterError(
            f"`{name}` must be above -1, got {annual_rate!r}. Pass 0.02 for 2 % a year.",
            field=name,
        )
    if rate > 1:
        raise ParameterError(
            f"`{name}` must be a fraction per annum, got {annual_rate!r}.",
            field=name,
            hint=f"Pass {rate / 100:g} for {rate:g} %.",
        )
    periods = check_positive(periods_per_year, "periods_per_year")
    return float(np.expm1(np.log1p(rate) / periods))


def check_periods_per_year(times: NDArray[Any] | None, periods_per_year: float) -> float:
    """`periods_per_year` as float, after a look at the index.

    Parameters
    ----------
    times : array of datetime64, or None
        Without dates there is nothing to compare with.
    periods_per_year : float

    Raises
    ------
    UnitError
        Both the median spacing and the count over the span are off by more than a factor of two.

    Examples
    --------
    >>> month_ends = np.arange("2020-01", "2023-01", dtype="M8[M]").astype("M8[ns]")
    >>> check_periods_per_year(month_ends, 252)
    Traceback (most recent call last):
    nautilus.core.errors.UnitError: `periods_per_year` is 252, but the index is spaced ...
    """
    stated = check_positive(periods_per_year, "periods_per_year")
    if times is None or len(times) < 3 or times.dtype.kind != "M":
        return stated
    by_count = float((len(times) - 1) / ((times[-1] - times[0]) / _YEAR))
    if 0.5 <= by_count / stated <= 2:
        return stated
    # The median costs as much as a metric: only where the count disagrees.
    if 0.5 <= float(_YEAR / np.median(np.diff(times))) / stated <= 2:
        return stated
    word, usual = next((w, n) for least, w, n in _NAMED_SPACINGS if by_count >= least)
    raise UnitError(
        f"`periods_per_year` is {stated:g}, but the index is spaced {word}; pass {usual:g}.",
        field="periods_per_year",
    )


def check_returns(values: NDArray[np.float64], name: str = "returns") -> None:
    """Refuse prices passed as returns: three or more finite values in a column, all above 0.2.

    Raises
    ------
    UnitError

    Examples
    --------
    >>> check_returns(np.array([[100.0], [101.0], [99.0]]))
    Traceback (most recent call last):
    nautilus.core.errors.UnitError: `returns` look like prices (all above 0.2, the first is 100)...
    """
    if not values.size:
        return
    finite = np.isfinite(values)
    smallest = np.where(finite, values, np.inf).min(axis=0)
    suspect = (finite.sum(axis=0) >= 3) & (smallest > 0.2)
    if suspect.any():
        column = values[:, int(np.argmax(suspect))] if values.ndim == 2 else values
        first = column[np.isfinite(column)][0]
        raise UnitError(
            f"`{name}` look like prices (all above 0.2, the first is {first:g})."
            " Pass nautilus.analytics.simple_returns(prices).",
            field=name,
        )


def _own_clock(end: Any) -> Any:
    """An aware time as its own clock shows it."""
    return end.replace(tzinfo=None) if getattr(end, "tzinfo", None) is not None else end


def _months_back(day: Any, months: int) -> Any:
    month = day.astype("M8[M]") - np.timedelta64(months, "M")
    within = (day - day.astype("M8[M]").astype("M8[D]")).astype(int)
    last = ((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(int) - 1
    return month.astype("M8[D]") + np.timedelta64(min(int(within), int(last)), "D")
