"""Prices on another scale: pence for pounds, splits not recorded or applied on another day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.quality.bar_columns import Actions, BarColumns
from nautilus.marketdata.quality.issues import Issues, QualityIssue, stamp
from nautilus.marketdata.quality.outliers import Returns

__all__ = ["find_splits", "find_unit_errors"]

Floats = NDArray[np.float64]

_UNIT = np.log(100.0)
_UNIT_WIDTH = np.log(1.5)  # a true move on top of the factor 100
# New shares for old that companies choose; 1.25 and less cannot be told from news.
RATIOS = np.array([1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50])
_SPLIT_WIDTH = 0.05
_SPLIT_SIGMAS = 8.0
_RECORDED_SIGMAS = 4.0
_NEAR = 10  # bars between a split and the day it was applied to prices
_VOLUME_BARS = 20
_NEWS = 3.0  # times the volume that a split would bring


def find_unit_errors(bars: BarColumns, returns: Returns, issues: Issues) -> set[int]:
    """Prices near 100 times or a hundredth of the others; returns the rows.

    Closes are put on levels: each move of about a factor 100 changes the level. Bars off the level
    of most bars are flagged; which of the two is right, one series alone cannot tell. Single prices
    are compared with the close brought back to that level.
    """
    jump = np.abs(np.abs(returns.values) - _UNIT) < _UNIT_WIDTH
    levels = np.cumsum(np.where(jump, np.sign(returns.values), 0.0))
    usual = _most_frequent(levels) if len(levels) else 0.0
    close = bars.close[returns.rows] / 100.0 ** (levels - usual)
    wrong = levels != usual
    base = np.log(_reference(close))
    for prices in (bars.open, bars.high, bars.low):
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = np.abs(np.log(prices[returns.rows]) - base)
        wrong |= np.abs(apart - _UNIT) < _UNIT_WIDTH
    found = returns.rows[wrong]
    expected = dict(zip(returns.rows[wrong].tolist(), close[wrong].tolist(), strict=True))
    issues.add_each(
        found,
        lambda row: QualityIssue(
            "unit_error",
            stamp(bars.times[row]),
            "high",
            float(bars.close[row]),
            expected[row],
            "multiply or divide by 100 once the unit is known",
            f"open {bars.open[row]:g} high {bars.high[row]:g} low {bars.low[row]:g}"
            f" close {bars.close[row]:g} against {expected[row]:g} on the level of most bars",
        ),
    )
    return set(found.tolist()) | set(returns.rows[np.flatnonzero(jump)].tolist())


def _reference(close: Floats) -> Floats:
    """The close before, so that one bad close does not judge its own bar."""
    return np.append(close[:1], close[:-1])


def _most_frequent(levels: Floats) -> float:
    values, counts = np.unique(levels, return_counts=True)
    return float(values[np.argmax(counts)])


class _Jump(NamedTuple):
    row: int
    before: int
    ratio: float  # new shares for old that would explain the move
    very: bool  # far enough to be flagged without a recorded split


def find_splits(
    bars: BarColumns,
    returns: Returns,
    actions: Actions,
    issues: Issues,
    *,
    adjusted: bool,
    explained: set[int],
    reverting: set[int],
) -> set[int]:
    """Moves by the ratio of a split: recorded but applied on another day, or not recorded at all.

    As traded, a price falls by the ratio on the ex-date and nowhere else. Split-adjusted prices do
    not move by it anywhere. Volume that moves inversely makes an unrecorded one more likely; a
    move that the next bar takes back is none.
    """
    days = bars.times.astype("datetime64[D]")
    found: set[int] = set()
    for jump in _jumps(bars, returns, explained):
        near = _recorded(jump, days, actions)
        if near is None:
            if jump.very and _in_table(jump.ratio) and jump.row not in reverting:
                found.add(jump.row)
                _unrecorded(bars, jump, issues)
        elif adjusted or near[0] != days[jump.row] or near[2]:
            found.add(jump.row)
            _misapplied(bars, jump, near, issues)
    if not adjusted:
        _unapplied(bars, returns, days, actions, issues, found)
    return found


def _jumps(bars: BarColumns, returns: Returns, explained: set[int]) -> list[_Jump]:
    size = np.abs(returns.values)
    far = size > np.maximum(_RECORDED_SIGMAS * returns.sigma, np.log(1.25))
    far[:1] = False
    jumps = []
    for i in np.flatnonzero(far).tolist():
        row, before = int(returns.rows[i]), int(returns.rows[i - 1])
        if row not in explained:
            very = size[i] > _SPLIT_SIGMAS * returns.sigma[i]
            jumps.append(_Jump(row, before, _ratio(bars, row, before), bool(very)))
    return jumps


def _ratio(bars: BarColumns, row: int, before: int) -> float:
    """Of the overnight move where it is nearer to a split than that from close to close."""
    ratios = [bars.close[before] / bars.close[row]]
    if bars.open[row] > 0:
        ratios.append(bars.close[before] / bars.open[row])
    return float(min(ratios, key=_off_table))


def _off_table(ratio: float) -> float:
    return float(np.abs(np.log(RATIOS) - abs(np.log(ratio))).min())


def _in_table(ratio: float) -> bool:
    return _off_table(ratio) < _SPLIT_WIDTH


def _recorded(
    jump: _Jump, days: NDArray[np.datetime64], actions: Actions
) -> tuple[np.datetime64, float, bool] | None:
    """(ex-date, ratio, the wrong way round) of a recorded split that the move equals."""
    low = days[max(jump.row - _NEAR, 0)]
    high = days[min(jump.row + _NEAR, len(days) - 1)] + np.timedelta64(1, "D")
    move = np.log(jump.ratio)
    for day, ratio in zip(actions.split_days, actions.split_ratios, strict=True):
        if low <= day <= high and abs(abs(move) - abs(np.log(ratio))) < 2 * _SPLIT_WIDTH:
            return day, float(ratio), bool(np.sign(move) != np.sign(np.log(ratio)))
    return None


def _misapplied(
    bars: BarColumns, jump: _Jump, near: tuple[np.datetime64, float, bool], issues: Issues
) -> None:
    issues.add(
        QualityIssue(
            "split_misapplied",
            stamp(bars.times[jump.row]),
            "high",
            jump.ratio,
            near[1],
            "adjust the bars between this one and the ex-date by the ratio",
            f"prices move by {jump.ratio:.4g}; the split of {near[1]:g} has its ex-date {near[0]}",
        ),
        (jump.row,),
    )


def _unrecorded(bars: BarColumns, jump: _Jump, issues: Issues) -> None:
    volume = _volume_ratio(bars, jump.row)
    severity = _by_volume(volume, jump.ratio)
    issues.add(
        QualityIssue(
            "split_without_action",
            stamp(bars.times[jump.row]),
            severity,
            float(bars.close[jump.row]),
            float(bars.close[jump.before]) / _nearest(jump.ratio),
            "look for a split on this day, or for news",
            f"moves by {jump.ratio:.4g}, near the ratio {_nearest(jump.ratio):g};"
            f" no split recorded; {_said(volume)}",
        ),
        (jump.row,),
    )


def _by_volume(volume: float | None, ratio: float) -> str:
    """Volume by the ratio of the split speaks for one, far more than that for news."""
    if volume is None:
        return "medium"
    off = np.log(volume / ratio)
    if abs(off) < abs(np.log(ratio)) / 2:
        return "high"
    return "low" if off > np.log(_NEWS) else "medium"


def _said(volume: float | None) -> str:
    return "no volume" if volume is None else f"median volume times {volume:.3g}"


def _nearest(ratio: float) -> float:
    best = float(RATIOS[np.argmin(np.abs(np.log(RATIOS) - abs(np.log(ratio))))])
    return best if ratio > 1 else 1.0 / best


def _volume_ratio(bars: BarColumns, row: int) -> float | None:
    if bars.volume is None:
        return None
    before, after = bars.volume[max(row - _VOLUME_BARS, 0) : row], bars.volume[row:][:_VOLUME_BARS]
    before, after = before[before > 0], after[after > 0]
    return float(np.median(after) / np.median(before)) if len(before) and len(after) else None


def _unapplied(
    bars: BarColumns,
    returns: Returns,
    days: NDArray[np.datetime64],
    actions: Actions,
    issues: Issues,
    found: set[int],
) -> None:
    """As-traded prices that do not move on the ex-date of a split."""
    for day, ratio in zip(actions.split_days, actions.split_ratios, strict=True):
        row = int(np.searchsorted(days, day))
        if row == 0 or row >= len(days) or days[row] != day:
            continue
        move = bars.close[row - 1] / bars.close[row]
        if row not in found and abs(np.log(move)) < abs(np.log(ratio)) / 2:
            found.add(row)
            _misapplied(
                bars, _Jump(row, row - 1, float(move), True), (day, float(ratio), False), issues
            )
