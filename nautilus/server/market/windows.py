"""The window of a request for market data: from when to when, and as of when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from nautilus.core.errors import ParameterError
from nautilus.core.results import Reason
from nautilus.marketdata.trading_days import new_york_trading_days
from nautilus.server.history import last_session

__all__ = ["Window", "expected_rows", "window_of"]

DEFAULT_DAYS = 31
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
FIRST_YEAR, LAST_YEAR = 1700, 2200
_BARS_A_DAY = {"1m": 390, "5m": 78, "15m": 26, "30m": 13, "1h": 7, "4h": 2}


@dataclass(frozen=True, slots=True)
class Window:
    """First and last moment, both included, UTC; `as_of` is None for all that is known now."""

    start: datetime
    end: datetime
    as_of: datetime | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def days(self) -> tuple[date, date]:
        """First and last date."""
        return self.start.date(), self.end.date()

    def sessions(self, now: datetime) -> tuple[date, date] | None:
        """First and last closed New York session in the window; None if there is none."""
        first, last = self.days
        last = min(last, date.fromisoformat(str(last_session(now))))
        if last < first:
            return None
        found = [date.fromisoformat(str(day)) for day in new_york_trading_days(first, last)]
        return (found[0], found[-1]) if found else None


def window_of(start: str | None, end: str | None, as_of: str | None, now: datetime) -> Window:
    """A window as a request gives it; a date as `end` is the whole day.

    Raises
    ------
    ParameterError
        No date or time with its zone; reversed; in the future.

    Examples
    --------
    >>> window_of("2025-08-01", "2025-08-22", None, datetime(2025, 9, 1, tzinfo=UTC)).days
    (datetime.date(2025, 8, 1), datetime.date(2025, 8, 22))
    """
    last = now if end is None else _moment(end, "end_date", end=True)
    known = None if as_of is None else _moment(as_of, "as_of", end=True)
    if known is not None:
        last = min(last, known)
    first = last - DEFAULT_DAYS * DAY if start is None else _moment(start, "start_date")
    if first > now:
        raise ParameterError(
            f"`start_date` {start} is in the future, now is {now:%Y-%m-%dT%H:%M:%SZ}. What has"
            " not happened has no data.",
            field="start_date",
        )
    if last < first:
        raise ParameterError(
            f"`end_date` {end or as_of} is before `start_date` {start}. Swap them.",
            field="end_date",
        )
    reasons: tuple[Reason, ...] = ()
    if last >= now + DAY:
        message = f"`end_date` {end} is in the future; data ends {now:%Y-%m-%dT%H:%M:%SZ}."
        reasons = (Reason("END_IN_FUTURE", (), message),)
    return Window(first, min(last, now), known, reasons)


def expected_rows(window: Window, timeframe: str) -> int:
    """About how many bars one symbol has; an upper bound for the New York exchange."""
    days = (window.end - window.start).days + 1
    return days * _BARS_A_DAY.get(timeframe, 1)


def _moment(value: str, name: str, *, end: bool = False) -> datetime:
    try:
        if len(value) == 10:
            midnight = datetime.combine(date.fromisoformat(value), time(), UTC)
            return _possible(midnight, value, name) + (DAY - TICK if end else timedelta())
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ParameterError(
            f"`{name}` must be a date such as 2025-08-01 or a time such as 2025-08-01T13:30:00Z,"
            f" got {value[:64]!r}.",
            field=name,
        ) from error
    if moment.tzinfo is None:
        raise ParameterError(
            f"`{name}` {value} carries no zone. Write 2025-08-01T13:30:00Z, or a date alone.",
            field=name,
        )
    return _possible(moment, value, name).astimezone(UTC)


def _possible(moment: datetime, value: str, name: str) -> datetime:
    """A time that a market may have: the ends of the calendar cannot be moved to another zone."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ParameterError(
            f"`{name}` must be in a year from {FIRST_YEAR} to {LAST_YEAR}, got {value[:64]}.",
            field=name,
        )
    return moment
