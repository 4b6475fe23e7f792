"""Returns that stand out: Hampel's identifier, prints that revert, runs that stand still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.quality.bar_columns import BarColumns
from nautilus.marketdata.quality.issues import Issues, QualityIssue, number, runs, stamp

__all__ = [
    "Returns",
    "find_outliers",
    "find_spikes",
    "find_stale",
    "log_returns",
    "reverting",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HALF_WINDOW = 10
_TO_SIGMA = 1.4826  # of the median absolute deviation of a normal
_HAMPEL = 3.0
_SPIKE = 7.0  # sigmas of a bad print
_SPIKE_ALONE = 6.0  # of one whose bar meets no neighbour
_SPIKE_RETURN = 0.33  # of it that may stay after the next bar
_LEAST_SPIKE = 0.01
_STALE_CHANCE = 0.01  # of one such run by luck in the whole series
_LEAST_STALE = 5


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """Log returns between bars whose closes are positive, and their local spread.

    Parameters
    ----------
    rows : array of int
        Rows of the bars with a positive close; return i ends at row i.
    values, median, sigma : array
        The first return is 0. sigma = 1.4826 MAD of 21 returns around, at least a floor.
    """

    rows: NDArray[np.int64]
    values: Floats
    median: Floats
    sigma: Floats


def log_returns(bars: BarColumns, tick_size: float | None) -> Returns:
    """Returns of closes with Hampel's local median and spread.

    The deviations are from each bar's own rolling median. The spread is at least one tick, one
    basis point and a fifth of that of the whole series, so that a quiet hour has no outliers.
    """
    from scipy.ndimage import median_filter

    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(bars.close > 0)
    close = bars.close[rows]
    values = np.diff(np.log(close), prepend=np.log(close[:1]))
    if len(values) < 2:
        return Returns(rows, values, values, np.full(len(values), np.inf))
    width = 2 * HALF_WINDOW + 1
    median = median_filter(values, width, mode="reflect")
    deviation = np.abs(values - median)
    local = _TO_SIGMA * median_filter(deviation, width, mode="reflect")
    whole = _TO_SIGMA * float(np.median(np.abs(values - np.median(values))))
    floor = np.maximum(1e-4 if tick_size is None else tick_size / close, max(whole / 5, 1e-4))
    return Returns(rows, values, median, np.maximum(local, floor))


def find_outliers(bars: BarColumns, returns: Returns, issues: Issues) -> None:
    """Hampel (1974): |r - median| > 3 sigma. Real markets have many: low severity, one issue."""
    far = np.abs(returns.values - returns.median) / returns.sigma
    found = np.flatnonzero(far[1:] > _HAMPEL) + 1
    if not len(found):
        return
    worst = int(found[np.argmax(far[found])])
    issues.add(
        QualityIssue(
            "outlier",
            stamp(bars.times[returns.rows[worst]]),
            "low",
            number(float(np.expm1(returns.values[worst]))),
            number(float(np.expm1(returns.median[worst]))),
            "compare with another source",
            f"{len(found)} returns are more than 3 robust deviations from the median of 21;"
            f" this one is {far[worst]:.1f}",
        )
    )


def reverting(bars: BarColumns, returns: Returns) -> NDArray[np.int64]:
    """Places of moves that the next bar takes back: 7 sigma, or 6 of a bar that stands alone.

    A bar stands alone when its range meets neither that of the bar before nor of the one after.
    """
    r, sigma = returns.values, returns.sigma
    if len(r) < 3:
        return np.empty(0, dtype=np.int64)
    move, back = r[1:-1], r[2:]
    least = np.where(_alone(bars, returns.rows), _SPIKE_ALONE, _SPIKE)
    spread = np.maximum(least * np.minimum(sigma[1:-1], sigma[2:]), _LEAST_SPIKE)
    found = np.minimum(np.abs(move), np.abs(back)) > spread * (1 - _SPIKE_RETURN)
    found &= np.maximum(np.abs(move), np.abs(back)) > spread
    found &= np.abs(move + back) < _SPIKE_RETURN * np.maximum(np.abs(move), np.abs(back))
    return np.flatnonzero(found) + 1


def _alone(bars: BarColumns, rows: NDArray[np.int64]) -> Flags:
    low, high = bars.low[rows], bars.high[rows]
    above = (low[1:-1] > high[:-2]) & (low[1:-1] > high[2:])
    below = (high[1:-1] < low[:-2]) & (high[1:-1] < low[2:])
    return (above | below) & (high[1:-1] > low[1:-1])


def find_spikes(
    bars: BarColumns,
    returns: Returns,
    places: NDArray[np.int64],
    issues: Issues,
    explained: set[int],
) -> None:
    """Bad prints: the bars at `places` from `reverting` that nothing else explains."""
    r, sigma, rows = returns.values, returns.sigma, returns.rows

    def issue(i: int) -> QualityIssue:
        return QualityIssue(
            "spike",
            stamp(bars.times[rows[i]]),
            "medium",  # AMD rose 12 % on 2017-05-16 and fell 12 % on the day after: it happens
            float(bars.close[rows[i]]),
            float(bars.close[rows[i - 1]]),
            "compare with another source, leave it out of returns",
            f"{np.expm1(r[i]):+.1%}, then {np.expm1(r[i + 1]):+.1%};"
            f" {abs(r[i]) / sigma[i]:.0f} robust deviations",
        )

    for i in places.tolist():
        if int(rows[i]) not in explained:
            issues.add(issue(i), (int(rows[i]),))


def find_stale(bars: BarColumns, issues: Issues) -> None:
    """Runs of identical bars, longer than luck allows at the symbol's own rate of repeats.

    A bar repeats when all four prices equal those before, or when the close does on no volume. With
    rate p among n bars, runs of k are expected n p^k times; flagged from where that is below 0.01,
    never under five bars.
    """
    if len(bars) < _LEAST_STALE + 1:
        return
    same = np.ones(len(bars) - 1, dtype=bool)
    for prices in bars.prices:
        same &= prices[1:] == prices[:-1]
    if bars.volume is not None:
        same |= (bars.close[1:] == bars.close[:-1]) & (bars.volume[1:] == 0)
    found = runs(same)
    if not found:
        return
    longest = _stale_length(same, found)
    for first, end in found:
        if end - first >= longest:
            _stale_issue(bars, issues, first, end, longest)


def _stale_length(same: Flags, found: list[tuple[int, int]]) -> int:
    """Length from which a run is no luck; the longest run does not vouch for itself."""
    lengths = [end - first for first, end in found]
    others = len(same) - max(lengths)
    rate = (sum(lengths) - max(lengths)) / others if others else 0.0
    if rate <= 0:
        return _LEAST_STALE
    if rate >= 1:
        return len(same) + 1
    luck = np.log(_STALE_CHANCE / len(same)) / np.log(rate)
    return max(_LEAST_STALE, int(np.ceil(luck)))


def _stale_issue(bars: BarColumns, issues: Issues, first: int, end: int, longest: int) -> None:
    issues.add(
        QualityIssue(
            "stale",
            stamp(bars.times[first + 1]),
            "medium",
            float(end - first),
            float(longest - 1),
            "ask another source whether it traded",
            f"{end - first} bars repeat {bars.close[first]:g}; luck explains {longest - 1}",
        ),
        range(first + 1, end + 1),
    )
