"""The bars that should be there: sessions of an exchange, its hours, half days and lunch breaks."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.errors import DataError, ParameterError
from nautilus.marketdata.calendars import exchange_calendar
from nautilus.marketdata.trading_days import Date, check_day

__all__ = [
    "MINUTES",
    "SessionHours",
    "bar_period",
    "completeness",
    "expected_bars",
    "session_hours",
]

Times = NDArray[np.datetime64]

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240}
TIMEFRAMES = (*MINUTES, "1d", "1w", "1M")
_DAY = np.timedelta64(1, "D")


class SessionHours(NamedTuple):
    """Stretches of trading in UTC, in order of time: two a session where there is a lunch break.

    Parameters
    ----------
    session : array of datetime64[D]
    open, close : array of datetime64[us]
        A bar may start from `open` on and before `close`.
    """

    session: Times
    open: Times
    close: Times


def expected_bars(
    calendar: str,
    start: Date,
    end: Date,
    *,
    timeframe: str = "1d",
    listed: Date | None = None,
    delisted: Date | None = None,
) -> Times:
    """Starts of the bars that an exchange should have from `start` to `end`, half days too.

    Parameters
    ----------
    calendar : str
        "XNYS", "XLON", "24/7" for what never closes, or another name of exchange_calendars.
    start, end : str, date or datetime64
        Sessions, both included.
    timeframe : {"1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"}
    listed, delisted : date, optional
        First and last session of the symbol: none is expected outside.

    Returns
    -------
    array of datetime64[us], UTC
        Intraday bars count from the open (seven hourly ones in a session of 6.5 hours, the last of
        30 minutes). A daily bar is midnight of its session, a weekly one the Monday and a monthly
        one the first of the month of any session in it.

    Raises
    ------
    NotFoundError, ParameterError, DataError, MissingExtraError
        As `sessions`.

    Examples
    --------
    >>> len(expected_bars("XNYS", "2025-08-01", "2025-08-22", timeframe="1h"))
    112
    >>> str(expected_bars("XNYS", "2025-11-28", "2025-11-28", timeframe="1m")[-1])
    '2025-11-28T17:59:00.000000'
    """
    check_choice(timeframe, "timeframe", TIMEFRAMES)
    first, last = check_day(start, "start"), check_day(end, "end")
    if last < first:
        raise ParameterError(f"`end` {last} is before `start` {first}.", field="end")
    first = first if listed is None else max(first, check_day(listed, "listed"))
    last = last if delisted is None else min(last, check_day(delisted, "delisted"))
    if last < first:
        return np.empty(0, dtype="datetime64[us]")
    hours = session_hours(calendar, first, last)
    if timeframe not in MINUTES:
        return np.unique(bar_period(hours.session.astype("datetime64[us]"), timeframe))
    return _starts(hours, np.timedelta64(MINUTES[timeframe], "m").astype("timedelta64[us]"))


def _starts(hours: SessionHours, step: np.timedelta64) -> Times:
    counts = -(-(hours.close - hours.open) // step)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(np.repeat(hours.open, counts) + offsets * step)


def bar_period(times: Times, timeframe: str) -> Times:
    """The day, Monday or first of the month that daily, weekly or monthly times fall into.

    Examples
    --------
    >>> str(bar_period(np.array(["2025-08-22T13:30"], dtype="datetime64[us]"), "1w")[0])[:10]
    '2025-08-18'
    """
    days = times.astype("datetime64[D]")
    if timeframe == "1w":  # the epoch was a Thursday
        days = days - (days.astype(np.int64) + 3) % 7
    elif timeframe == "1M":
        days = days.astype("datetime64[M]")
    return days.astype("datetime64[us]")


def completeness(times: Times, expected: Times) -> float:
    """Share of the expected bars that are there.

    Parameters
    ----------
    times, expected : array of datetime64[us]
        Of bars of one symbol, and as `expected_bars` gives them.

    Returns
    -------
    float
        NaN where none is expected.

    Examples
    --------
    >>> days = expected_bars("XNYS", "2025-08-01", "2025-08-06")
    >>> completeness(days[:3], days)
    0.75
    """
    return float(np.isin(expected, times).mean()) if len(expected) else float("nan")


def session_hours(calendar: str, start: Date, end: Date) -> SessionHours:
    """Opens and closes of the sessions from `start` to `end`, both included.

    Examples
    --------
    >>> hours = session_hours("XNYS", "2025-11-28", "2025-11-28")
    >>> str(hours.open[0])[:16], str(hours.close[0])[:16]
    ('2025-11-28T14:30', '2025-11-28T18:00')
    """
    first, last = check_day(start, "start"), check_day(end, "end")
    hours = _whole_years(str(calendar), first, last)
    low, high = np.searchsorted(hours.session, [first, last + _DAY])
    return SessionHours(hours.session[low:high], hours.open[low:high], hours.close[low:high])


def _whole_years(calendar: str, first: np.datetime64, last: np.datetime64) -> SessionHours:
    """Whole years are asked for, so that many ranges share one calendar."""
    years = first.astype("datetime64[Y]"), last.astype("datetime64[Y]") + 1
    try:
        return _hours(calendar, str(years[0].astype("datetime64[D]")), str(years[1] - _DAY))
    except DataError:  # the calendar begins or ends within the year
        return _hours(calendar, str(first), str(last))


@lru_cache(maxsize=32)
def _hours(calendar: str, first: str, last: str) -> SessionHours:
    """Exchanges that close at noon have two stretches a session."""
    schedule = exchange_calendar(calendar, first, last).schedule
    session = schedule.index.to_numpy().astype("datetime64[D]")
    opened, break_start, break_end, closed = (
        schedule[column].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
        for column in ("open", "break_start", "break_end", "close")
    )
    halves = ~np.isnat(break_start)
    morning_end = np.where(halves, break_start, closed)
    order = np.argsort(np.append(opened, break_end[halves]), kind="stable")
    made = SessionHours(
        np.append(session, session[halves])[order],
        np.append(opened, break_end[halves])[order],
        np.append(morning_end, closed[halves])[order],
    )
    for column in made:
        column.flags.writeable = False
    return made
