"""Exchange sessions from `exchange_calendars` (extra `data`)."""

from __future__ import annotations

import importlib.util
import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from nautilus.core.errors import (
    DataError,
    MissingExtraError,
    NotFoundError,
    ParameterError,
    TimeIndexError,
)
from nautilus.core.frames import read
from nautilus.marketdata.reference import close_names
from nautilus.marketdata.trading_days import Date, check_day

__all__ = ["align_to_sessions", "sessions"]


def sessions(calendar: str, start: Date, end: Date) -> Any:
    """Session labels of an exchange from `start` to `end`, both included, half days too.

    Parameters
    ----------
    calendar : str
        Market identifier code (ISO 10383) such as "XNYS", or another name that exchange_calendars
        knows.
    start, end : str, date or datetime64

    Returns
    -------
    DatetimeIndex
        Naive midnights: labels, not instants.

    Raises
    ------
    NotFoundError
        Unknown calendar; close names are given.
    ParameterError
        `end` before `start`.
    DataError
        The calendar does not reach that far.
    MissingExtraError

    Examples
    --------
    >>> len(sessions("XNYS", "2025-08-01", "2025-08-22"))
    16
    """
    first, last = check_day(start, "start"), check_day(end, "end")
    if last < first:
        raise ParameterError(f"`end` {last} is before `start` {first}.", field="end")
    found = exchange_calendar(str(calendar), str(first), str(last)).sessions
    days = found.to_numpy().astype("datetime64[D]")
    return found[(days >= first) & (days <= last)].rename(None)


def align_to_sessions(prices: Any, calendar: str) -> Any:
    """Prices on exactly the sessions between their first and last row; nothing is filled in.

    Parameters
    ----------
    prices : pandas Series or DataFrame
        Session labels without a zone.
    calendar : str

    Returns
    -------
    Series or DataFrame
        A session without a row is NaN; a row that is no session is left out.

    Raises
    ------
    TimeIndexError
        No index of dates, or one that carries a zone or a time of day.
    NotFoundError, MissingExtraError, DataError

    Examples
    --------
    >>> import pandas as pd
    >>> prices = pd.Series([10.0, 11.0], index=pd.to_datetime(["2025-07-03", "2025-07-07"]))
    >>> align_to_sessions(prices, "XNYS").tolist()
    [10.0, 11.0]
    """
    _, like = read(prices, "prices")
    times = like.times
    if like.kind != "pandas" or times is None or times.dtype.kind != "M" or like.aware:
        raise TimeIndexError(
            "`prices` must be a pandas Series or frame with session labels that carry no zone."
            " tz_localize(None) drops a zone.",
            field="prices",
        )
    if bool((times != times.astype("datetime64[D]")).any()):
        raise TimeIndexError(
            "`prices` must be indexed by days, but some times have an hour.", field="prices"
        )
    if not len(times):
        return prices
    return prices.reindex(sessions(calendar, times[0], times[-1]))


@lru_cache(maxsize=8)
def exchange_calendar(name: str, first: str, last: str) -> Any:
    if importlib.util.find_spec("exchange_calendars") is None:
        raise MissingExtraError(
            "exchange sessions need the extra `data`.", hint="pip install 'nautilus-quant[data]'"
        )
    import exchange_calendars

    known = exchange_calendars.get_calendar_names(include_aliases=True)
    if name not in known:
        raise NotFoundError(
            f"unknown calendar {name!r}.{close_names(name, known)}", field="calendar"
        )
    # The library refuses ranges of less than a few sessions.
    margin = np.timedelta64(14, "D")
    start, end = np.datetime64(first) - margin, np.datetime64(last) + margin
    try:
        with warnings.catch_warnings():
            # It trips over deprecations of the newest pandas that its callers cannot help.
            warnings.simplefilter("ignore")
            return exchange_calendars.get_calendar(name, start=str(start), end=str(end))
    except ValueError as error:
        raise DataError(f"calendar {name!r}: {error}", field="calendar") from error
