"""Expected against observed bars: what is missing, extra, doubled, out of order or shifted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.expected import MINUTES, SessionHours, bar_period
from nautilus.marketdata.quality.bar_columns import BarColumns
from nautilus.marketdata.quality.issues import Issues, QualityIssue, runs, stamp

__all__ = ["Coverage", "check_order", "coverage", "on_grid", "trading_hours"]

Times = NDArray[np.datetime64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many bars were expected, and how many of them are there."""

    n_expected: int
    n_missing: int
    n_extra: int
    n_off_grid: int
    longest_gap: int


def check_order(bars: BarColumns, issues: Issues) -> int:
    """How many bars are out of order; they and those whose time came before are issues."""
    steps = np.diff(bars.times).astype(np.int64)
    backward = np.flatnonzero(steps < 0) + 1
    order = np.argsort(bars.times, kind="stable")
    ordered = bars.times[order]
    again = order[1:][ordered[1:] == ordered[:-1]]
    issues.add_each(
        backward,
        lambda row: QualityIssue(
            "out_of_order",
            stamp(bars.times[row]),
            "medium",
            None,
            None,
            "sort by time",
            f"follows {stamp(bars.times[row - 1]):%Y-%m-%d %H:%M:%S}",
        ),
        bars=False,
    )
    issues.add_each(
        again, lambda row: _repeat(bars.times[row], "a second bar of the same time"), bars=False
    )
    return len(backward)


def _repeat(at: np.datetime64, evidence: str) -> QualityIssue:
    action = "keep one bar; the first is used here"
    return QualityIssue("duplicate", stamp(at), "high", None, None, action, evidence)


def coverage(times: Times, expected: Times, trading: Flags, issues: Issues) -> Coverage:
    """Compare sorted, unique times with those expected.

    A gap is one issue, and so are the bars before the open or after the close of a day; `trading`
    says which of the times are within trading hours.
    """
    places = np.searchsorted(times, expected)
    there = places < len(times)
    there[there] = times[places[there]] == expected[there]
    gaps = runs(~there)
    for first, end in gaps:
        _missing(issues, expected, first, end)
    extra = ~_contained(times, expected)
    if len(expected):
        extra &= ((times >= expected[0]) & (times <= expected[-1])) | ~trading
    issues.add_each(np.flatnonzero(extra & trading), lambda row: _extra(times[row]), bars=False)
    outside = np.flatnonzero(extra & ~trading)
    days, counts = np.unique(times[outside].astype("datetime64[D]"), return_counts=True)
    for day, count in zip(days, counts, strict=True):
        issues.add(_off_session(day, int(count)))
    longest = max((end - first for first, end in gaps), default=0)
    return Coverage(
        len(expected), int((~there).sum()), int(extra.sum()), int((extra & trading).sum()), longest
    )


def trading_hours(times: Times, hours: SessionHours, timeframe: str) -> Flags:
    """Which times lie between an open and a close; daily and longer bars all count."""
    if timeframe not in MINUTES or not len(hours.open):
        return np.ones(len(times), dtype=bool)
    places = np.searchsorted(hours.open, times, side="right") - 1
    inside = places >= 0
    inside[inside] = times[inside] < hours.close[places[inside]]
    return inside


def _extra(at: np.datetime64) -> QualityIssue:
    return QualityIssue(
        "extra_bar",
        stamp(at),
        "medium",
        None,
        None,
        "check the calendar and the time zone",
        "a bar at a time when none is expected",
    )


def _off_session(day: np.datetime64, count: int) -> QualityIssue:
    return QualityIssue(
        "off_session",
        stamp(day),
        "low",
        float(count),
        0.0,
        "keep apart from regular hours",
        f"{count} bars outside trading hours; their values are not checked",
    )


def _contained(times: Times, among: Times) -> NDArray[np.bool_]:
    places = np.searchsorted(among, times)
    inside = places < len(among)
    inside[inside] = among[places[inside]] == times[inside]
    return inside


def _missing(issues: Issues, expected: Times, first: int, end: int) -> None:
    until = f" to {stamp(expected[end - 1]):%Y-%m-%d %H:%M}" if end - first > 1 else ""
    issues.add(
        QualityIssue(
            "missing_data",
            stamp(expected[first]),
            "medium",
            0.0,
            float(end - first),
            "fetch again or ask another source; never interpolate",
            f"no bar at {stamp(expected[first]):%Y-%m-%d %H:%M}{until}, {end - first} expected",
        )
    )


def on_grid(bars: BarColumns, expected: Times, timeframe: str, issues: Issues) -> BarColumns:
    """Daily and longer bars by their period; stamps at another time of day are an issue."""
    if timeframe in MINUTES or not len(bars):
        return bars
    offsets = (bars.times - bars.times.astype("datetime64[D]")).astype(np.int64)
    off = np.flatnonzero(offsets)
    by_floor = bar_period(bars.times, timeframe)
    if not len(off):
        moved = by_floor
    else:
        # Local midnight east of Greenwich is the evening before in UTC.
        by_noon = bar_period(bars.times + np.timedelta64(12, "h"), timeframe)
        better = np.isin(by_noon, expected).sum() > np.isin(by_floor, expected).sum()
        moved = by_noon if better else by_floor
        hours = float(np.median(offsets[off])) / 3.6e9
        issues.add(
            QualityIssue(
                "timezone_shift",
                stamp(bars.times[off[0]]),
                "high",
                hours,
                0.0,
                "stamp daily bars with midnight UTC of their session",
                f"{len(off)} of {len(bars)} daily bars are stamped {hours:g} h after midnight UTC",
            ),
            off.tolist(),
        )
    rows = np.unique(moved, return_index=True)[1]
    again = np.delete(np.arange(len(moved)), rows)
    issues.add_each(
        again, lambda row: _repeat(bars.times[row], "a second bar of the same period"), bars=False
    )
    return replace(bars.take(rows), times=moved[rows])
