"""Bars that contradict themselves: each check counts what it looked at and what it found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.quality.bar_columns import BarColumns
from nautilus.marketdata.quality.issues import Issues, QualityIssue, number, stamp

__all__ = ["Checks", "check_bars"]

Flags = NDArray[np.bool_]
Checks = dict[str, dict[str, int]]

# Vendors store floats of 32 bits, adjusted by factors: a high may be below the close by as much.
_ROUNDING = 2e-6


def check_bars(
    bars: BarColumns, issues: Issues, *, jump_limit: float, tick_size: float | None
) -> Checks:
    """Checks of single bars and of neighbours; the share of violations is 1 - consistency."""
    checks: Checks = {}
    if not len(bars):
        return checks
    open_, high, low, close = bars.prices
    finite = np.isfinite(open_) & np.isfinite(high) & np.isfinite(low) & np.isfinite(close)
    zero = finite & ((open_ == 0) | (high == 0) | (low == 0) | (close == 0))
    negative = finite & (np.minimum(low, np.minimum(open_, close)) < 0)
    good = finite & ~zero & ~negative
    slack = _ROUNDING * np.abs(close)
    inside = np.minimum(open_, close) - low, high - np.maximum(open_, close)
    _add(checks, issues, bars, "missing_value", np.ones(len(bars), dtype=bool), ~finite)
    _add(checks, issues, bars, "zero_as_missing", finite, zero)
    _add(checks, issues, bars, "negative_price", finite, negative)
    _add(checks, issues, bars, "price_above_high", good, good & (inside[1] < -slack))
    _add(checks, issues, bars, "price_below_low", good, good & (inside[0] < -slack))
    _volume(checks, issues, bars)
    if bars.vwap is not None:
        known = good & np.isfinite(bars.vwap)
        outside = (bars.vwap < low - slack) | (bars.vwap > high + slack)
        _add(checks, issues, bars, "vwap_outside_range", known, known & outside)
    _jumps(checks, issues, bars, good, jump_limit)
    if tick_size is not None:
        ticks = close / tick_size
        off = np.abs(ticks - np.round(ticks)) > 1e-6 * np.maximum(1.0, np.abs(ticks))
        _add(checks, issues, bars, "off_tick", good, good & off)
    return checks


def _volume(checks: Checks, issues: Issues, bars: BarColumns) -> None:
    if bars.volume is None:
        return
    known = np.isfinite(bars.volume)
    missing = np.isfinite(bars.close) & ~known
    everywhere = np.ones(len(bars), dtype=bool)
    if known.any():  # a source without volume has none anywhere
        _add(checks, issues, bars, "missing_volume", everywhere, missing)
    _add(checks, issues, bars, "negative_volume", known, known & (bars.volume < 0))


def _jumps(
    checks: Checks, issues: Issues, bars: BarColumns, good: Flags, jump_limit: float
) -> None:
    pairs = np.append(False, good[1:] & good[:-1])
    gaps = np.zeros(len(bars))
    rows = np.flatnonzero(pairs)
    gaps[rows] = np.abs(bars.open[rows] / bars.close[rows - 1] - 1.0)
    _add(checks, issues, bars, "jump", pairs, pairs & (gaps > jump_limit))


_WORDS = {
    "missing_value": ("high", "fetch again or ask another source", "a price that is no number"),
    "zero_as_missing": ("high", "read it as missing", "a price of exactly 0"),
    "negative_price": ("high", "fetch again", "a price below 0"),
    "price_above_high": ("high", "fetch again", "open or close above the high"),
    "price_below_low": ("high", "fetch again", "open or close below the low"),
    "missing_volume": ("medium", "fetch again", "prices without a volume"),
    "negative_volume": ("high", "fetch again", "a volume below 0"),
    "vwap_outside_range": ("high", "fetch again", "the average price is outside low..high"),
    "jump": ("low", "compare with another source", "opens far from the close before"),
    "off_tick": ("medium", "check the tick size", "no multiple of the tick size"),
}


def _bounds(name: str, bars: BarColumns, row: int) -> tuple[float, float]:
    """What was found, and what it was compared with."""
    open_, close = bars.open[row], bars.close[row]
    if name == "price_above_high":
        return max(open_, close), bars.high[row]
    if name == "price_below_low":
        return min(open_, close), bars.low[row]
    if name == "negative_volume" and bars.volume is not None:
        return bars.volume[row], 0.0
    if name == "vwap_outside_range" and bars.vwap is not None:
        return bars.vwap[row], close
    return (open_, bars.close[row - 1]) if name == "jump" else (close, np.nan)


def _add(
    checks: Checks, issues: Issues, bars: BarColumns, name: str, looked: Flags, found: Flags
) -> None:
    rows = np.flatnonzero(found)
    checks[name] = {"checked": int(looked.sum()), "violations": len(rows)}
    severity, action, evidence = _WORDS[name]

    def issue(row: int) -> QualityIssue:
        value, expected = (number(float(x)) for x in _bounds(name, bars, row))
        at = stamp(bars.times[row])
        return QualityIssue(name, at, severity, value, expected, action, evidence)

    issues.add_each(rows, issue)
