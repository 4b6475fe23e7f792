"""Mean, spread and trend of a window, about its own first value: nothing large is subtracted."""

from __future__ import annotations

import math

from nautilus.indicators.averages import finite

__all__ = [
    "Moments",
    "Trend",
    "moments_lift",
    "moments_merge",
    "spread_of",
    "trend_lift",
    "trend_merge",
]

# First value, count, sum and sum of squares of differences from it, last value.
Moments = tuple[float, float, float, float, float]
# First value, count, sum of differences, sum of place x difference, sum of squares.
Trend = tuple[float, float, float, float, float]


def moments_lift(x: float, period: float, scale: float, ddof: float) -> Moments:
    """One bar."""
    value = finite(x)
    return value, 1.0, 0.0, 0.0, value


def moments_merge(earlier: Moments, later: Moments) -> Moments:
    """Two neighbouring stretches; the later one's sums are moved to the first value of both."""
    first, count, total, squares, _ = earlier
    other, more, later_total, later_squares, last = later
    shift = other - first
    return (
        first,
        count + more,
        total + (later_total + more * shift),
        squares + (later_squares + 2.0 * shift * later_total + more * shift * shift),
        last,
    )


def spread_of(found: Moments, ddof: float) -> float:
    """Standard deviation; exactly 0 where nothing moves."""
    _, count, total, squares, _ = found
    about_mean = squares - total * total / count
    degrees = count - ddof
    if about_mean != about_mean:
        return about_mean
    return math.sqrt(about_mean / degrees) if about_mean > 0.0 else 0.0


def trend_lift(x: float, period: float) -> Trend:
    """One bar."""
    return finite(x), 1.0, 0.0, 0.0, 0.0


def trend_merge(earlier: Trend, later: Trend) -> Trend:
    """Two neighbouring stretches; the later one's sums are moved to the first value and place."""
    first, count, total, places, squares = earlier
    other, more, later_total, later_places, later_squares = later
    shift = other - first
    moved = later_total + more * shift
    numbers = 0.5 * more * (more - 1.0)
    return (
        first,
        count + more,
        total + moved,
        places + (later_places + shift * numbers + count * moved),
        squares + (later_squares + 2.0 * shift * later_total + more * shift * shift),
    )
