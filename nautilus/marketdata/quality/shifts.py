"""Whole sessions stamped in another time zone."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.expected import MINUTES, SessionHours
from nautilus.marketdata.quality.issues import Issues, QualityIssue, runs, stamp

__all__ = ["shifted_sessions"]

Times = NDArray[np.datetime64]

_MIN_BARS = 3  # of a session, to tell a shift from a gap
_QUARTER = 15 * 60 * 1_000_000  # no zone is off by less, in microseconds


def shifted_sessions(
    times: Times, hours: SessionHours, timeframe: str, issues: Issues
) -> NDArray[np.int64]:
    """Shift of each bar in microseconds: whole sessions that begin and end too early or too late.

    A session counts as shifted when first and last bar are off by the same multiple of a quarter of
    an hour. Markets that never close have no first bar: no shift can be seen.
    """
    shifts = np.zeros(len(times), dtype=np.int64)
    if timeframe not in MINUTES or len(times) < _MIN_BARS:
        return shifts
    _, first_rows = np.unique(hours.session, return_index=True)
    last_rows = np.append(first_rows[1:], len(hours.session)) - 1
    opened, closed = hours.open[first_rows], hours.close[last_rows]
    step = np.timedelta64(MINUTES[timeframe], "m").astype("timedelta64[us]")
    last_bar = opened + (closed - opened - np.timedelta64(1, "us")) // step * step
    middles = opened + (closed - opened) // 2
    borders = middles[:-1] + (middles[1:] - middles[:-1]) // 2
    nearest = np.searchsorted(borders, times, side="right")
    starts = np.flatnonzero(np.append(True, nearest[1:] != nearest[:-1]))
    ends = np.append(starts[1:], len(times))
    which = nearest[starts]
    early = (times[starts] - opened[which]).astype(np.int64)
    late = (times[ends - 1] - last_bar[which]).astype(np.int64)
    shifted = (
        (early == late) & (early != 0) & (early % _QUARTER == 0) & (ends - starts >= _MIN_BARS)
    )
    shifted &= (closed - opened)[which] < np.timedelta64(24, "h")
    for first, end in runs(shifted):
        for a, b in _equal(early, first, end):
            shifts[starts[a] : ends[b - 1]] = early[a]
            _shift_issue(issues, times[starts[a]], early[a], b - a, (starts[a], ends[b - 1]))
    return shifts


def _equal(values: NDArray[np.int64], first: int, end: int) -> list[tuple[int, int]]:
    cuts = [first, *(np.flatnonzero(np.diff(values[first:end])) + first + 1).tolist(), end]
    return list(itertools.pairwise(cuts))


def _shift_issue(
    issues: Issues, at: np.datetime64, shift: np.int64, sessions: int, rows: tuple[int, int]
) -> None:
    issues.add(
        QualityIssue(
            "timezone_shift",
            stamp(at),
            "high",
            float(shift) / 3.6e9,
            0.0,
            "take the offset off the stamps",
            f"{sessions} session(s) begin and end {float(shift) / 3.6e9:+g} h from the exchange's",
        ),
        range(*rows),
    )
