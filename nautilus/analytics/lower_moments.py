"""Lower partial moments of any order: count, excess, sum of powers of shortfalls, largest size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import largest_of
from nautilus.analytics.primitives import power

__all__ = ["lift_lower", "lower_of", "merge_lower"]

Floats = NDArray[np.float64]


def lift_lower(
    value: float, threshold: float, ppy: float, order: float
) -> tuple[float, float, float, float]:
    """One return; its shortfall below the threshold to the power `order`."""
    if value != value:
        return 0.0, 0.0, 0.0, 0.0
    excess = value - threshold
    size = value if value >= 0.0 else -value
    lower = power(-excess, order) if excess < 0.0 else 0.0
    return 1.0, excess, lower, size


def merge_lower(earlier: Any, later: Any) -> tuple[float, float, float, float]:
    """Sums, and the larger of the largest."""
    largest = earlier[3] if earlier[3] > later[3] else later[3]
    return earlier[0] + later[0], earlier[1] + later[1], earlier[2] + later[2], largest


def lower_of(block: Floats, threshold: float, ppy: float, order: float) -> tuple[Any, ...]:
    """The same statistics of rows of returns."""
    excess = block - threshold
    missing = np.isnan(excess)
    excess[missing] = 0.0
    losses = np.maximum(-excess, 0.0)
    # The usual order by products: a general power costs ten times as much.
    lower = losses * losses * losses if order == 3.0 else losses**order
    n = block.shape[1] - missing.sum(axis=1, dtype=np.float64)
    return n, excess.sum(axis=1), lower.sum(axis=1), largest_of(block)
