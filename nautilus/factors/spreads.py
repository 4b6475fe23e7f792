"""Statistics of many cross-sections at once: rows are days, NaN is left out of each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "mean_and_deviation",
    "median_and_deviation",
    "rank_scores",
    "winsorized",
    "within_deviations",
]

Floats = NDArray[np.float64]
NORMAL_MAD = 1.482602218505602  # 1 / normal quantile of 3/4
NORMAL_MEAN_DEVIATION = math.sqrt(math.pi / 2.0)
TINY = 8.0 * float(np.finfo(np.float64).eps)


def mean_and_deviation(rows: Floats) -> tuple[Floats, Floats]:
    """Distance from the mean (time, asset) and standard deviation (time, 1), ddof=1.

    The deviation is 0 where the values differ by rounding only, and so is every distance; a single
    value is at the mean.
    """
    shifted = _shifted(rows)
    count = _count(rows)
    mean = np.nansum(shifted, axis=1, keepdims=True) / np.maximum(count, 1)
    distance = shifted - mean
    unit = np.ldexp(1.0, np.frexp(_largest(distance))[1])  # a power of two costs no digit
    squares = np.nansum((distance / unit) ** 2, axis=1, keepdims=True)
    spread = unit * np.sqrt(squares / np.maximum(count - 1, 1))
    flat = _flat(rows)
    return np.where(flat & ~np.isnan(rows), 0.0, distance), np.where(flat, 0.0, spread)


def median_and_deviation(rows: Floats) -> tuple[Floats, Floats]:
    """Distance from the median (time, asset) and robust deviation (time, 1), as of a normal."""
    distance = rows - _median(rows)
    size = np.abs(distance)
    spread = NORMAL_MAD * _median(size)
    mean_size = np.nansum(size, axis=1, keepdims=True) / np.maximum(_count(rows), 1)
    spread = np.where(spread > TINY * _largest(rows), spread, NORMAL_MEAN_DEVIATION * mean_size)
    flat = _flat(rows)
    return np.where(flat & ~np.isnan(rows), 0.0, distance), np.where(flat, 0.0, spread)


def rank_scores(rows: Floats) -> Floats:
    """(rank - 1/2) / n, mean ranks for equal values."""
    from scipy.stats import rankdata

    if not rows.shape[1]:
        return rows
    known = np.isfinite(rows)
    # Unknown values rank last and so leave the ranks of the others alone.
    ranks = rankdata(np.where(known, rows, np.inf), axis=1)
    return np.where(known, (ranks - 0.5) / np.maximum(_count(rows), 1), np.nan)


def winsorized(rows: Floats, share: float | None, mads: float | None) -> Floats:
    """Tails drawn in to the order statistics at `share`, or to `mads` robust deviations."""
    if share is not None:
        low, high = _order_bounds(rows, share)
    elif mads is not None:
        middle = _median(rows)
        reach = mads * NORMAL_MAD * _median(np.abs(rows - middle))
        reach = np.where(reach > TINY * _largest(rows), reach, np.inf)
        low, high = middle - reach, middle + reach
    else:
        return rows
    return np.clip(rows, low, high)


def within_deviations(values: Floats, slots: Floats) -> Floats:
    """Values (asset,) less the mean of their group; `slots` (asset, group) is 1 for members."""
    means = values @ slots / np.maximum(slots.sum(axis=0), 1.0)
    distance: Floats = values - slots @ means
    return distance


def _count(rows: Floats) -> NDArray[np.intp]:
    count: NDArray[np.intp] = np.isfinite(rows).sum(axis=1, keepdims=True)
    return count


def _largest(rows: Floats) -> Floats:
    largest: Floats = np.max(np.nan_to_num(np.abs(rows)), axis=1, keepdims=True, initial=0.0)
    return largest


def _flat(rows: Floats) -> NDArray[np.bool_]:
    """Days on which no two known values differ by more than rounding."""
    above = np.max(np.where(np.isnan(rows), -np.inf, rows), axis=1, keepdims=True, initial=-np.inf)
    below = np.min(np.where(np.isnan(rows), np.inf, rows), axis=1, keepdims=True, initial=np.inf)
    known = np.isfinite(above)
    gap = np.where(known, above, 0.0) - np.where(known, below, 0.0)
    flat: NDArray[np.bool_] = gap <= TINY * _largest(rows)
    return flat


def _shifted(rows: Floats) -> Floats:
    """Less the first known value of the day, so that a large level costs no digits."""
    if not rows.shape[1]:
        return rows
    first = np.argmax(np.isfinite(rows), axis=1)[:, None]
    return rows - np.take_along_axis(rows, first, axis=1)


def _median(rows: Floats) -> Floats:
    """(time, 1); NaN on a day without values."""
    if not rows.shape[1]:
        return np.full((len(rows), 1), np.nan)
    ordered, count = np.sort(rows, axis=1), _count(rows)  # NaN last
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, rows.shape[1] - 1), axis=1)
    return np.where(count > 0, low + (high - low) / 2.0, np.nan)


def _order_bounds(rows: Floats, share: float) -> tuple[Floats, Floats]:
    """The k-th lowest and highest value left, k = floor(share n): drawing in twice changes naught.

    An interpolated quantile would move at the second time.
    """
    if not rows.shape[1]:
        return np.zeros((len(rows), 1)), np.zeros((len(rows), 1))
    ordered, count = np.sort(rows, axis=1), _count(rows)
    cut = np.floor(share * count + 1e-9).astype(np.intp)
    low = np.take_along_axis(ordered, cut, axis=1)
    high = np.take_along_axis(ordered, np.maximum(count - 1 - cut, 0), axis=1)
    return low, high
