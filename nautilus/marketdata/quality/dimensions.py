"""The stretch of time a report is about, how timely its bars are, and the score."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import NotEnoughDataError, ParameterError
from nautilus.marketdata.expected import MINUTES, SessionHours, expected_bars, session_hours
from nautilus.marketdata.quality.bar_columns import BarColumns, Times
from nautilus.marketdata.trading_days import Date, check_day

__all__ = ["Span", "span_of", "timeliness", "weighted_score"]

WEIGHTS = {
    "completeness": 0.3,
    "timeliness": 0.15,
    "accuracy": 0.2,
    "consistency": 0.2,
    "plausibility": 0.15,
}
_DAY = np.timedelta64(1, "D")
# 02:00 UTC of the day after; a quarter of an hour, as delayed feeds are.
_DAILY_SLA = dt.timedelta(hours=26)
_INTRADAY_SLA = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Span:
    """Which bars are asked about.

    Parameters
    ----------
    first, last : datetime64[D]
        Days around them: a session may begin the evening before.
    open_start, open_end : bool
        Whether the bars themselves say where the stretch begins and ends.
    """

    calendar: str
    timeframe: str
    first: np.datetime64
    last: np.datetime64
    open_start: bool
    open_end: bool
    listed: Date | None
    delisted: Date | None
    now: np.datetime64 | None
    sla: dt.timedelta

    def expected(self) -> Times:
        """Every bar the exchange should have had on these days."""
        return expected_bars(
            self.calendar,
            self.first,
            self.last,
            timeframe=self.timeframe,
            listed=self.listed,
            delisted=self.delisted,
        )

    def hours(self) -> SessionHours:
        """Trading hours of these days."""
        return session_hours(self.calendar, self.first, self.last)

    def inside(self, times: Times) -> NDArray[np.bool_]:
        """Which times belong to the days asked about; all where the bars themselves say so."""
        hours, inside = self.hours(), np.ones(len(times), dtype=bool)
        low, high = self.first.astype("datetime64[us]"), (self.last + _DAY).astype("datetime64[us]")
        if len(hours.open):  # a session may begin the evening before
            low, high = min(low, hours.open[0]), max(high, hours.close[-1])
        if not self.open_start:
            inside &= times >= low
        return inside if self.open_end else inside & (times < high)

    def cut(self, expected: Times, times: Times) -> Times:
        """What is expected, from the first bar there is and up to what is due."""
        if self.open_start and len(times):
            expected = expected[expected >= times[0]]
        if self.now is not None:
            return expected[self.due(expected) <= self.now]
        return expected[expected <= times[-1]] if self.open_end and len(times) else expected

    def due(self, times: Times) -> Times:
        """When bars should be known: their end, or their last day, and the agreed delay."""
        delay = np.timedelta64(int(self.sla.total_seconds() * 1e6), "us")
        if self.timeframe in MINUTES:
            return times + np.timedelta64(MINUTES[self.timeframe], "m") + delay
        if self.timeframe == "1M":
            months = times.astype("datetime64[M]") + 1
            return np.asarray(months.astype("datetime64[us]") - _DAY + delay)
        return np.asarray(times + (4 * _DAY if self.timeframe == "1w" else 0 * _DAY) + delay)


def span_of(
    bars: BarColumns,
    calendar: str,
    timeframe: str,
    *,
    days: tuple[Date | None, Date | None],
    life: tuple[Date | None, Date | None],
    now: dt.datetime | None,
    sla: dt.timedelta | None,
) -> Span:
    """The stretch from `days` where given, else from the bars and `now`."""
    start, end = days
    at = None if now is None else _instant(now)
    if not len(bars) and (start is None or (end is None and at is None)):
        raise NotEnoughDataError(
            "`bars` holds none. Pass `start` and `end` to say what should be there.", field="bars"
        )
    if sla is not None and sla <= dt.timedelta(0):
        raise ParameterError(f"`sla` must be above 0, got {sla}.", field="sla")
    first = bars.times.min() - _DAY if start is None else check_day(start, "start")
    if end is not None:
        last = check_day(end, "end")
    else:
        last = (bars.times.max() if at is None else at) + _DAY
    first, last = first.astype("datetime64[D]"), last.astype("datetime64[D]")
    if last < first:
        raise ParameterError(f"`end` {last} is before `start` {first}.", field="end")
    usual = _INTRADAY_SLA if timeframe in MINUTES else _DAILY_SLA
    opens = start is None, end is None
    return Span(calendar, timeframe, first, last, *opens, *life, at, sla or usual)


def _instant(now: dt.datetime) -> np.datetime64:
    if now.tzinfo is None:
        raise ParameterError(
            f"`now` must be aware, got {now.isoformat()}. Pass datetime.now(UTC).", field="now"
        )
    return np.datetime64(now.astimezone(dt.UTC).replace(tzinfo=None), "us")


def timeliness(bars: BarColumns, expected: Times, span: Span) -> float | None:
    """Share of bars known when due.

    Without knowledge times, and with `now`: 1 if the last bar due is there, else
    exp(-delay / sla) of the first one that is overdue. None without either.
    """
    if bars.knowledge is not None and not bool(np.isnat(bars.knowledge).all()):
        known = ~np.isnat(bars.knowledge)
        return float((bars.knowledge[known] <= span.due(bars.times[known])).mean())
    if span.now is None:
        return None
    overdue = expected[expected > bars.times[-1]] if len(bars) else expected
    if not len(overdue):
        return 1.0
    delay = (span.now - span.due(overdue[:1])[0]).astype(np.int64) / 1e6
    return math.exp(-float(delay) / span.sla.total_seconds())


def weighted_score(figures: Mapping[str, float | None]) -> tuple[float, dict[str, float]]:
    """Weighted geometric mean of the figures there are, and the weights used.

    Examples
    --------
    >>> weighted_score({"completeness": 1.0, "accuracy": 0.0, "timeliness": None})
    (0.0, {'completeness': 0.6, 'accuracy': 0.4})
    """
    there = {k: v for k, v in figures.items() if v is not None and math.isfinite(v)}
    whole = sum(WEIGHTS[k] for k in there)
    weights = {k: WEIGHTS[k] / whole for k in there}
    if any(v <= 0 for v in there.values()):
        return 0.0, weights
    return math.exp(sum(weights[k] * math.log(v) for k, v in there.items())), weights
