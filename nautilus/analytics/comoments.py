"""Statistics of returns and their benchmark, over the periods in which both are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import centred, largest_of, spread_of

__all__ = [
    "active_of",
    "comoments_of",
    "falling_of",
    "line_of",
    "rising_of",
    "sides_with",
    "wins_of",
]

NAN = float("nan")
# Keeps a product of returns and deviations good to 1e-12.
MOST_CARRIED = 1e3

Floats = NDArray[np.float64]
Aggregate = tuple[Any, ...]
CoMoments = tuple[float, float, float, float, float, float, float, float]


# Count, means, sums of squared deviations and of their products, largest sizes.


def lift_comoments(x: float, y: float, *_: float) -> CoMoments:
    if x != x or y != y:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    return 1.0, x, y, 0.0, 0.0, 0.0, (x if x >= 0.0 else -x), (y if y >= 0.0 else -y)


def lift_rising(x: float, y: float, *_: float) -> CoMoments:
    if not (x == x and y > 0.0):
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    return 1.0, x, y, 0.0, 0.0, 0.0, (x if x >= 0.0 else -x), y


def lift_falling(x: float, y: float, *_: float) -> CoMoments:
    if not (x == x and y < 0.0):
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    return 1.0, x, y, 0.0, 0.0, 0.0, (x if x >= 0.0 else -x), -y


def merge_comoments(earlier: Any, later: Any) -> CoMoments:
    """Pebay (2008), Formulas for Robust, One-Pass Parallel Computation, eq. 3.10."""
    n, mx, my, xx, xy, yy, lx, ly = earlier
    m, ox, oy, xx2, xy2, yy2, lx2, ly2 = later
    total = n + m
    if total == 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    both = n > 0.0 and m > 0.0
    gx, gy = (ox - mx if both else 0.0), (oy - my if both else 0.0)
    share = m / total
    weight = n * share
    return (
        total,
        (mx if n > 0.0 else ox) + gx * share,
        (my if n > 0.0 else oy) + gy * share,
        xx + xx2 + gx * gx * weight,
        xy + xy2 + gx * gy * weight,
        yy + yy2 + gy * gy * weight,
        lx if lx > lx2 else lx2,
        ly if ly > ly2 else ly2,
    )


def comoments_of(block: Floats, benchmark: Floats, *_: float) -> Aggregate:
    """Count, means, sums of squares and products of deviations, largest sizes."""
    x, y = known_together(block, benchmark)
    dx, mx, n = centred(x)
    dy, my = centred(y)[:2]
    return (
        n,
        mx,
        my + np.zeros(len(x)),
        np.einsum("ij,ij->i", dx, dx),
        np.einsum("ij,ij->i", dx, dy) if len(dy) == len(dx) else dx @ dy[0],
        np.einsum("ij,ij->i", dy, dy) + np.zeros(len(x)),
        largest_of(x),
        largest_of(y) + np.zeros(len(x)),
    )


def rising_of(block: Floats, benchmark: Floats, *_: float) -> Aggregate:
    """The same where the benchmark rises."""
    return comoments_of(block, np.where(benchmark > 0.0, benchmark, NAN))


def falling_of(block: Floats, benchmark: Floats, *_: float) -> Aggregate:
    """The same where the benchmark falls."""
    return comoments_of(block, np.where(benchmark < 0.0, benchmark, NAN))


def known_together(block: Floats, benchmark: Floats) -> tuple[Floats, Floats]:
    """Both with NaN wherever one is NaN; the benchmark stays one row where nothing is missing."""
    missing = np.isnan(block)
    absent = np.isnan(benchmark)
    if not missing.any():
        return (np.where(absent, NAN, block) if absent.any() else block), benchmark
    either = missing | absent
    return np.where(either, NAN, block), np.where(either, NAN, benchmark)


def line_of(block: Floats, benchmark: Floats, *_: float) -> Aggregate:
    """Count, means, sum of products and squares of the benchmark, its largest size.

    A sum and one matrix product over the whole panel: the sum of x (y - mean y) needs no deviations
    of x. Rows with a missing return come out NaN and are done again, and so are those whose mean
    outweighs what they move with the benchmark: there the product is rounding noise.
    """
    if len(benchmark) == 1 and not np.isnan(benchmark).any() and block.shape[1]:
        dy, my, n = centred(benchmark)
        totals, products = block.sum(axis=1), block @ dy[0]
        full = np.zeros(len(block))
        yy, ly = np.dot(dy[0], dy[0]), largest_of(benchmark)
        line = [full + n, totals / n, full + my, products, full + yy, full + ly]
        carried = np.abs(line[1]) * np.abs(dy[0]).sum()
        again = np.flatnonzero(~(carried <= MOST_CARRIED * np.abs(products)))
    else:
        line = [np.zeros(len(block)) for _ in range(6)]
        again = np.arange(len(block))
    if len(again):
        others = benchmark if len(benchmark) == 1 else benchmark[again]
        parts = comoments_of(np.ascontiguousarray(block[again]), others)
        for target, source in zip(line, (0, 1, 2, 4, 5, 7), strict=True):
            target[again] = parts[source]
    return tuple(line)


# Active return: count, mean, sum of squared deviations, largest size of an input.


def lift_active(x: float, y: float, *_: float) -> tuple[float, float, float, float]:
    if x != x or y != y:
        return 0.0, 0.0, 0.0, 0.0
    a, b = (x if x >= 0.0 else -x), (y if y >= 0.0 else -y)
    return 1.0, x - y, 0.0, (a if a > b else b)


def active_of(block: Floats, benchmark: Floats, *_: float) -> Aggregate:
    """Count, mean and sum of squared deviations of the difference, largest size of an input."""
    x, y = known_together(block, benchmark)
    n, mean, squares = spread_of(x - y)[:3]
    return n, mean, squares, np.maximum(largest_of(x), largest_of(y))


# Count; then number, growth of the returns, growth of the benchmark where it rises; where it falls.

Capture = tuple[float, float, float, float, float, float, float]


def lift_capture(x: float, y: float, *_: float) -> Capture:
    if x != x or y != y:
        return 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0
    a, b = (1.0 + x if x >= -1.0 else NAN), (1.0 + y if y >= -1.0 else NAN)
    if y > 0.0:
        return 1.0, 1.0, a, b, 0.0, 1.0, 1.0
    if y < 0.0:
        return 1.0, 0.0, 1.0, 1.0, 1.0, a, b
    return 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0


def merge_capture(earlier: Any, later: Any) -> Capture:
    return (
        earlier[0] + later[0],
        earlier[1] + later[1],
        earlier[2] * later[2],
        earlier[3] * later[3],
        earlier[4] + later[4],
        earlier[5] * later[5],
        earlier[6] * later[6],
    )


def sides_with(block: Floats, benchmark: Floats, *_: float) -> Aggregate:
    """Count; number and growth of both where the benchmark rises; the same where it falls."""
    known = ~(np.isnan(block) | np.isnan(benchmark))
    x, y = (
        np.where(block < -1.0, NAN, 1.0 + block),
        np.where(benchmark < -1.0, NAN, 1.0 + benchmark),
    )
    parts: list[Any] = [known.sum(axis=1, dtype=np.float64)]
    for side in (known & (benchmark > 0.0), known & (benchmark < 0.0)):
        parts.append(side.sum(axis=1, dtype=np.float64))
        parts.append(np.where(side, x, 1.0).prod(axis=1))
        parts.append(np.where(side, y, 1.0).prod(axis=1))
    return tuple(parts)


# Count and number of periods above the benchmark.


def lift_wins(x: float, y: float, *_: float) -> tuple[float, float]:
    if x != x or y != y:
        return 0.0, 0.0
    return 1.0, (1.0 if x > y else 0.0)


def merge_wins(earlier: Any, later: Any) -> tuple[float, float]:
    return earlier[0] + later[0], earlier[1] + later[1]


def wins_of(block: Floats, benchmark: Floats, *_: float) -> Aggregate:
    """Count and number of periods above the benchmark."""
    known = ~np.isnan(block - benchmark)
    wins = (block > benchmark).sum(axis=1, dtype=np.float64)
    return known.sum(axis=1, dtype=np.float64), wins
