"""Sufficient statistics of returns: what a metric needs to know of its data, mergeable.

Each family has a monoid over floats (`lift_*`, `merge_*`: streams and windows) and a reduction over
an array (time, asset) that gives the same tuple with one array per element (series and panels).
NaN is left out everywhere; the first element is the number of values used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "by_blocks",
    "extremes_of",
    "moments_of",
    "sides_of",
    "spread_of",
]

Floats = NDArray[np.float64]
Aggregate = tuple[Floats, ...]
# Rows of a block are whole series; the block stays in the second-level cache.
_BLOCK_VALUES = 40_000


def blocks(values: Floats) -> Iterator[Floats]:
    """The columns of (time, asset) as blocks (asset, time) of contiguous rows."""
    length, width = values.shape
    step = max(1, _BLOCK_VALUES // max(length, 1))
    for start in range(0, width, step):
        yield np.ascontiguousarray(values[:, start : start + step].T)


def by_blocks(family: Callable[..., Aggregate], values: Floats, *parameters: float) -> Aggregate:
    """A family's statistics of every column, block by block.

    Examples
    --------
    >>> n, mean, squares, largest = by_blocks(spread_of, np.array([[0.01], [0.03]]))
    >>> n.tolist(), round(mean.item(), 4)
    ([2.0], 0.02)
    """
    with np.errstate(all="ignore"):
        parts = [family(block, *parameters) for block in blocks(values)]
    if not parts:
        parts = [family(np.empty((0, len(values))), *parameters)]
    return tuple(np.concatenate(p) for p in zip(*parts, strict=True))


def shifted(block: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_] | None]:
    """(values less the first one with 0 for NaN, first values, counts, mask of NaN or None).

    Shifting first keeps the spread of a constant at exactly zero, and of nearly constant returns
    free of cancellation.
    """
    rows, length = block.shape
    missing = np.isnan(block)
    if not length or not missing.any():
        first = block[:, 0] if length else np.zeros(rows)
        return block - first[:, None], first, np.full(rows, float(length)), None
    first = block[np.arange(rows), np.argmin(missing, axis=1)]
    first = np.where(np.isnan(first), 0.0, first)
    deviations = block - first[:, None]
    deviations[missing] = 0.0
    return deviations, first, length - missing.sum(axis=1, dtype=np.float64), missing


def centred(block: Floats) -> tuple[Floats, Floats, Floats]:
    """(deviations from the mean with 0 for NaN, means, counts)."""
    deviations, first, n, missing = shifted(block)
    offset = deviations.sum(axis=1) / np.where(n > 0.0, n, 1.0)
    deviations -= offset[:, None]
    if missing is not None:
        deviations[missing] = 0.0
    return deviations, first + offset, n


def largest_of(block: Floats) -> Floats:
    """Largest size of a value per row, 0 where there is none."""
    if not block.shape[1]:
        return np.zeros(len(block))
    highest, lowest = np.fmax.reduce(block, axis=1), np.fmin.reduce(block, axis=1)
    size: Floats = np.maximum(highest, -lowest)
    return np.where(np.isnan(size), 0.0, size)


# Count, mean, sum of squared deviations, largest size: what Sharpe and tracking error need.


def lift_spread(value: float, *_: float) -> tuple[float, float, float, float]:
    if value != value:
        return 0.0, 0.0, 0.0, 0.0
    return 1.0, value, 0.0, (value if value >= 0.0 else -value)


def merge_spread(earlier: Any, later: Any) -> tuple[float, float, float, float]:
    """Chan, Golub and LeVeque (1979), Updating Formulae, eq. 2.1."""
    n, mean, squares, largest = earlier
    m, other, more, size = later
    total = n + m
    if total == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    gap = other - mean if n > 0.0 and m > 0.0 else 0.0
    base = mean if n > 0.0 else other
    return (
        total,
        base + gap * (m / total),
        squares + more + gap * gap * (n * (m / total)),
        largest if largest > size else size,
    )


def spread_of(block: Floats, *_: float) -> Aggregate:
    """Count, mean, sum of squared deviations, largest size."""
    deviations, mean, n = centred(block)
    squares = np.einsum("ij,ij->i", deviations, deviations)
    return n, mean, squares, largest_of(block)


# The same with third and fourth moments.


def lift_moments(value: float, *_: float) -> tuple[float, float, float, float, float, float]:
    if value != value:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    return 1.0, value, 0.0, 0.0, 0.0, (value if value >= 0.0 else -value)


def merge_moments(earlier: Any, later: Any) -> tuple[float, float, float, float, float, float]:
    """Pebay (2008), Formulas for Robust, One-Pass Parallel Computation, eq. 2.1 and 3.1."""
    n, mean, a2, a3, a4, largest = earlier
    m, other, b2, b3, b4, size = later
    total = n + m
    if total == 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    gap = other - mean if n > 0.0 and m > 0.0 else 0.0
    base = mean if n > 0.0 else other
    u, v = n / total, m / total
    square = gap * gap
    third = square * gap * n * v * (u - v) + 3.0 * gap * (u * b2 - v * a2)
    fourth = square * square * n * v * (u * u - u * v + v * v)
    fourth += 6.0 * square * (u * u * b2 + v * v * a2) + 4.0 * gap * (u * b3 - v * a3)
    return (
        total,
        base + gap * v,
        a2 + b2 + square * n * v,
        a3 + b3 + third,
        a4 + b4 + fourth,
        largest if largest > size else size,
    )


def moments_of(block: Floats, *_: float) -> Aggregate:
    """Count, mean, sums of the 2nd to 4th powers of deviations, largest size."""
    deviations, mean, n = centred(block)
    squares = deviations * deviations
    return (
        n,
        mean,
        np.einsum("ij,ij->i", deviations, deviations),  # as in `spread_of`, to the bit
        np.einsum("ij,ij->i", squares, deviations),
        np.einsum("ij,ij->i", squares, squares),
        largest_of(block),
    )


# Above and below a threshold: count, gains, losses, squared losses, winners, losers, largest size.


def lift_sides(
    value: float, threshold: float, *_: float
) -> tuple[float, float, float, float, float, float, float]:
    if value != value:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    excess = value - threshold
    size = value if value >= 0.0 else -value
    if excess > 0.0:
        return 1.0, excess, 0.0, 0.0, 1.0, 0.0, size
    return 1.0, 0.0, -excess, excess * excess, 0.0, (1.0 if excess < 0.0 else 0.0), size


def merge_sides(earlier: Any, later: Any) -> tuple[float, float, float, float, float, float, float]:
    n, gains, losses, squares, winners, losers, largest = earlier
    n2, gains2, losses2, squares2, winners2, losers2, largest2 = later
    return (
        n + n2,
        gains + gains2,
        losses + losses2,
        squares + squares2,
        winners + winners2,
        losers + losers2,
        largest if largest > largest2 else largest2,
    )


def sides_of(block: Floats, threshold: float, *_: float) -> Aggregate:
    """Count, gains, losses, squared losses, winners, losers, largest size."""
    excess = block - threshold
    missing = np.isnan(excess)
    n = np.full(len(block), float(block.shape[1]))
    if missing.any():
        excess[missing] = 0.0
        n -= missing.sum(axis=1, dtype=np.float64)
    gains = np.maximum(excess, 0.0)
    losses = gains - excess
    return (
        n,
        gains.sum(axis=1),
        losses.sum(axis=1),
        np.einsum("ij,ij->i", losses, losses),
        np.count_nonzero(gains, axis=1).astype(np.float64),
        np.count_nonzero(losses, axis=1).astype(np.float64),
        largest_of(block),
    )


# Count, smallest, largest.


def lift_extremes(value: float, *_: float) -> tuple[float, float, float]:
    if value != value:
        return 0.0, float("inf"), -float("inf")
    return 1.0, value, value


def merge_extremes(earlier: Any, later: Any) -> tuple[float, float, float]:
    n, low, high = earlier
    m, low2, high2 = later
    return n + m, (low if low < low2 else low2), (high if high > high2 else high2)


def extremes_of(block: Floats, *_: float) -> Aggregate:
    """Count, smallest, largest."""
    n = block.shape[1] - np.isnan(block).sum(axis=1, dtype=np.float64)
    # fmin and fmax prefer the number where the other one is NaN.
    return (
        n,
        np.fmin.reduce(block, axis=1, initial=np.inf),
        np.fmax.reduce(block, axis=1, initial=-np.inf),
    )


def by_row(statistic: Callable[..., tuple[float, ...]]) -> Callable[..., Aggregate]:
    """A family from a function of one series without NaN: what needs the order of all values."""

    def family(block: Floats, *parameters: float) -> Aggregate:
        rows = [statistic(row[~np.isnan(row)], *parameters) for row in block]
        if not rows:
            rows = np.empty((0, len(statistic(np.empty(0), *parameters))))  # type: ignore[assignment]
        return tuple(np.array(rows, dtype=np.float64).T)

    return family
