"""Trading days of the New York Stock Exchange by rule: simulated history needs no calendar library.

Holidays follow NYSE Rule 7.2. Closings decreed at short notice cannot follow from a rule; those
since 2010 are listed.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import ParameterError

__all__ = [
    "FULL_DAY_MINUTES",
    "Date",
    "check_day",
    "easter_sunday",
    "new_york_half_days",
    "new_york_holidays",
    "new_york_opens",
    "new_york_trading_days",
]

Days = NDArray[np.datetime64]
Date = str | dt.date | np.datetime64

_JUNETEENTH_SINCE = 2022
FULL_DAY_MINUTES, HALF_DAY_MINUTES = 390, 210
_NEW_YORK = ZoneInfo("America/New_York")
# Hurricane Sandy; the funerals of Presidents Bush and Carter.
_DECREED = ("2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09")


def check_day(value: Date, name: str) -> np.datetime64:
    """A date as datetime64[D], or an error that says what to pass; a time of day is cut off.

    Examples
    --------
    >>> str(check_day("2024-01-31", "start"))
    '2024-01-31'
    """
    plain = value.date() if isinstance(value, dt.datetime) else value
    try:
        found: np.datetime64 = np.array([plain], dtype="datetime64[ns]").astype("datetime64[D]")[0]
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError(
            f"`{name}` must be a date such as '2024-01-31', got {value!r}.", field=name
        ) from error
    if np.isnat(found):
        raise ParameterError(f"`{name}` must be a date, got NaT.", field=name)
    return found


def new_york_trading_days(start: Date, end: Date) -> Days:
    """Sessions of the New York Stock Exchange from `start` to `end`, both included.

    Parameters
    ----------
    start, end : str, date or datetime64
        Right from 2010 on; before that, decreed closings are not known.

    Returns
    -------
    array of datetime64[D]

    Examples
    --------
    >>> days = new_york_trading_days("2025-12-24", "2025-12-29")
    >>> days.astype(str).tolist()
    ['2025-12-24', '2025-12-26', '2025-12-29']
    """
    first, last = check_day(start, "start"), check_day(end, "end")
    days = np.arange(first, last + 1)
    years = range(int(str(first)[:4]), int(str(last)[:4]) + 1)
    closed = [day for year in years for day in new_york_holidays(year)]
    open_days: Days = days[np.is_busday(days, holidays=np.array(closed, dtype="datetime64[D]"))]
    return open_days


def new_york_holidays(year: int) -> list[np.datetime64]:
    """Weekdays of one year on which the exchange is closed, observed dates.

    A holiday on a Sunday moves to Monday, on a Saturday to Friday; New Year's Day on a Saturday is
    not made up for (NYSE Rule 7.2).

    Examples
    --------
    >>> [str(day) for day in new_york_holidays(2022)][:3]
    ['2022-01-17', '2022-02-21', '2022-04-15']
    """
    fixed = ["07-04", "12-25"] + (["06-19"] if year >= _JUNETEENTH_SINCE else [])
    days = [_observed(np.datetime64(f"{year}-{day}")) for day in fixed]
    new_year = np.datetime64(f"{year}-01-01")
    days += [] if _weekday(new_year) == 5 else [_observed(new_year)]
    days += [
        _nth_weekday(year, 1, 0, 3),
        _nth_weekday(year, 2, 0, 3),
        easter_sunday(year) - 2,
        _last_monday_of_may(year),
        _nth_weekday(year, 9, 0, 1),
        _nth_weekday(year, 11, 3, 4),
    ]
    days += [np.datetime64(day) for day in _DECREED if day.startswith(str(year))]
    return sorted(days)


def new_york_half_days(year: int) -> list[np.datetime64]:
    """Sessions of one year that end at 13:00: July 3rd, the day after Thanksgiving, December 24th.

    The eve of a holiday that is itself closed for it, or a Friday before a Monday, is none.

    Examples
    --------
    >>> [str(day) for day in new_york_half_days(2025)]
    ['2025-07-03', '2025-11-28', '2025-12-24']
    """
    eves = [np.datetime64(f"{year}-{day}") for day in ("07-03", "12-24")]
    return [
        *(day for day in eves[:1] if _weekday(day) < 4),
        _nth_weekday(year, 11, 3, 4) + 1,
        *(day for day in eves[1:] if _weekday(day) < 4),
    ]


def new_york_opens(days: Days) -> tuple[Days, NDArray[np.int64]]:
    """When each session opens, UTC, and how many minutes it has.

    Parameters
    ----------
    days : array of datetime64[D]
        Sessions from 2010 on.

    Returns
    -------
    tuple of (array of datetime64[s], array of int)

    Examples
    --------
    >>> opens, minutes = new_york_opens(np.array(["2025-08-01", "2025-11-28"], dtype="M8[D]"))
    >>> opens.astype(str).tolist(), minutes.tolist()
    (['2025-08-01T13:30:00', '2025-11-28T14:30:00'], [390, 210])
    """
    opens = [
        dt.datetime.combine(day, dt.time(9, 30), _NEW_YORK).astimezone(dt.UTC).replace(tzinfo=None)
        for day in days.astype("M8[D]").tolist()
    ]
    years = sorted({day.year for day in opens})
    half = np.array([day for year in years for day in new_york_half_days(year)], dtype="M8[D]")
    short = np.isin(days.astype("M8[D]"), half)
    return (
        np.array(opens, dtype="M8[s]"),
        np.where(short, HALF_DAY_MINUTES, FULL_DAY_MINUTES).astype(np.int64),
    )


def easter_sunday(year: int) -> np.datetime64:
    """Easter Sunday of the Gregorian calendar (Meeus 1991, Astronomical Algorithms, ch. 8).

    Examples
    --------
    >>> str(easter_sunday(2024))
    '2024-03-31'
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * l) // 451
    month, day = divmod(h + l - 7 * m + 114, 31)
    return np.datetime64(f"{year}-{month:02d}-{day + 1:02d}")


def _last_monday_of_may(year: int) -> np.datetime64:
    last = np.datetime64(f"{year}-05-31")
    return last - _weekday(last)


def _nth_weekday(year: int, month: int, weekday: int, n: int) -> np.datetime64:
    first = np.datetime64(f"{year}-{month:02d}-01")
    return first + (weekday - _weekday(first)) % 7 + 7 * (n - 1)


def _weekday(day: np.datetime64) -> int:
    """Monday is 0; the epoch was a Thursday."""
    return int((day.astype("datetime64[D]").astype(np.int64) + 3) % 7)


def _observed(day: np.datetime64) -> np.datetime64:
    return day + {5: -1, 6: 1}.get(_weekday(day), 0)
