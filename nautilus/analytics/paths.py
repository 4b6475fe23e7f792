"""Statistics of the path of wealth: growth, worst fall, time and depth under water.

Wealth starts at 1 before the first return, so a loss on the first day is a drawdown. A return below
-1 loses more than everything: growth and drawdown are then undefined and every element is NaN.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Episodes", "episodes_of", "growth_of", "underwater", "valley_of", "water_of"]

NAN = float("nan")

Floats = NDArray[np.float64]
Aggregate = tuple[Any, ...]


# Count and growth factor.


def lift_growth(value: float, *_: float) -> tuple[float, float]:
    if value != value:
        return 0.0, 1.0
    return 1.0, (1.0 + value if value >= -1.0 else NAN)


def merge_growth(earlier: Any, later: Any) -> tuple[float, float]:
    return earlier[0] + later[0], earlier[1] * later[1]


def growth_of(block: Floats, *_: float) -> Aggregate:
    """Count and growth factor."""
    n, factors = factors_of(block)
    return n, factors.prod(axis=1)


# Count, growth, highest and lowest wealth on the way (both from 1), worst fall from a peak.


def lift_valley(value: float, *_: float) -> tuple[float, float, float, float, float]:
    if value != value:
        return 0.0, 1.0, 1.0, 1.0, 0.0
    wealth = 1.0 + value if value >= -1.0 else NAN
    if value > 0.0:
        return 1.0, wealth, wealth, 1.0, 0.0
    return 1.0, wealth, 1.0, wealth, wealth - 1.0


def merge_valley(earlier: Any, later: Any) -> tuple[float, float, float, float, float]:
    """The worst fall is inside one part, or from the earlier peak to the later low."""
    n, growth, highest, lowest, worst = earlier
    m, growth2, highest2, lowest2, worst2 = later
    high, low = growth * highest2, growth * lowest2
    across = low / highest - 1.0
    worst = worst2 if worst2 < worst else worst
    return (
        n + m,
        growth * growth2,
        high if high > highest else highest,
        low if low < lowest else lowest,
        across if across < worst else worst,
    )


def valley_of(block: Floats, *_: float) -> Aggregate:
    """Count, growth, highest and lowest wealth on the way, worst fall."""
    n, wealth, peaks, depths = underwater(block)
    return (
        n,
        wealth[:, -1] if wealth.shape[1] else np.ones(len(block)),
        peaks[:, -1] if wealth.shape[1] else np.ones(len(block)),
        wealth.min(axis=1, initial=1.0),
        depths.min(axis=1, initial=0.0),
    )


# Time and depth under water: a step over the path, exact in order, not a merge of two parts.
# Count, wealth, peak, sum and sum of squares of drawdowns, worst; then of the episodes: periods of
# the running one, longest, depth of the running one, number, sum and sum of squares of depths.

Water = tuple[float, float, float, float, float, float, float, float, float, float, float, float]


def lift_water(value: float, *_: float) -> Water:
    """One return in the second place; `merge_water` takes it from there."""
    if value != value:
        return 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    wealth = 1.0 + value if value >= -1.0 else NAN
    return 1.0, wealth, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


def merge_water(earlier: Any, later: Any) -> Water:
    """The state after one more return; `later` is a lifted return, never a longer part."""
    if later[0] == 0.0:
        return earlier  # type: ignore[no-any-return]
    n, wealth, peak, total, squares, worst, run, longest, depth, count, depths, squared = earlier
    wealth = wealth * later[1]
    if wealth >= peak:
        longest = run + 1.0 if run > 0.0 and run + 1.0 > longest else longest
        return (
            n + 1.0,
            wealth,
            wealth,
            total,
            squares,
            worst,
            0.0,
            longest,
            0.0,
            count,
            depths,
            squared,
        )
    fall = wealth / peak - 1.0
    if run == 0.0:
        count += 1.0
    deepest = fall if fall < depth else depth
    return (
        n + 1.0,
        wealth,
        peak,
        total + fall,
        squares + fall * fall,
        fall if fall < worst else worst,
        run + 1.0,
        run + 1.0 if run + 1.0 > longest else longest,
        deepest,
        count,
        depths + (deepest - depth),
        squared + (deepest * deepest - depth * depth),
    )


def water_of(block: Floats, *_: float) -> Aggregate:
    """What `merge_water` arrives at, with the running episode left out."""
    n, wealth, peaks, depths = underwater(block)
    rows, missing = len(block), np.isnan(block)
    falls = np.where(missing, 0.0, depths) if missing.any() else depths
    found = episodes_of(depths, ~missing)
    longest = np.zeros(rows)
    np.maximum.at(longest, found.row, found.periods)
    count = np.bincount(found.row, minlength=rows).astype(np.float64)
    total = np.bincount(found.row, weights=found.depth, minlength=rows)
    squares = np.bincount(found.row, weights=found.depth**2, minlength=rows)
    last = np.ones(rows) if not wealth.shape[1] else wealth[:, -1]
    peak = np.ones(rows) if not wealth.shape[1] else peaks[:, -1]
    undefined = np.where(np.isnan(last), NAN, 0.0)
    return (
        n,
        last,
        peak,
        falls.sum(axis=1),
        np.einsum("ij,ij->i", falls, falls),
        depths.min(axis=1, initial=0.0),
        undefined,
        longest + undefined,
        undefined,
        count + undefined,
        total + undefined,
        squares + undefined,
    )


class Episodes(NamedTuple):
    """Drawdowns of a block of rows, in order of row and time."""

    row: NDArray[np.intp]
    start: NDArray[np.intp]
    end: NDArray[np.intp]  # position of the recovery, or the length where it is still open
    depth: Floats
    periods: Floats


def underwater(block: Floats) -> tuple[Any, Floats, Floats, Floats]:
    """(counts, wealth, peaks, drawdowns) of rows of returns; a NaN return leaves wealth alone."""
    n, factors = factors_of(block)
    wealth = np.multiply.accumulate(factors, axis=1)
    peaks = np.maximum.accumulate(wealth, axis=1)
    np.maximum(peaks, 1.0, out=peaks)
    depths = wealth / peaks
    depths -= 1.0
    return n, wealth, peaks, depths


def factors_of(block: Floats) -> tuple[Floats, Floats]:
    """(counts, growth factors): 1 for a missing return, NaN for one below -1."""
    factors = 1.0 + block
    # A minimum is NaN as soon as one value is, and then nothing is known of the others.
    if not block.size or float(factors.min()) >= 0.0:
        return np.full(len(block), float(block.shape[1])), factors
    missing = np.isnan(block)
    factors[factors < 0.0] = NAN
    factors[missing] = 1.0
    return block.shape[1] - missing.sum(axis=1, dtype=np.float64), factors


def episodes_of(depths: Floats, valid: NDArray[np.bool_]) -> Episodes:
    """Runs of negative drawdowns; periods count valid returns from the first below the peak to the
    recovery, both included.
    """
    rows, length = depths.shape
    edge = np.zeros((rows, length + 2), dtype=np.int8)
    edge[:, 1:-1] = depths < 0.0
    change = np.diff(edge, axis=1)
    row, start = np.nonzero(change == 1)
    end = np.nonzero(change == -1)[1]
    if not len(row):
        none = np.empty(0, dtype=np.intp)
        return Episodes(none, none, none, np.empty(0), np.empty(0))
    depth = np.minimum.reduceat(depths.ravel(), row * length + start)
    seen = np.cumsum(valid, axis=1)
    upto = seen[row, np.minimum(end, length - 1)]
    periods = (upto - seen[row, start] + 1).astype(np.float64)
    return Episodes(row, start, end, depth, periods)
