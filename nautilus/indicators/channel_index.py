"""Steps of the commodity channel index: the mean absolute deviation has no merge."""

from __future__ import annotations

from typing import Any

from nautilus.core.checks import check_positive, check_window
from nautilus.core.folds import Composed, Part, Recent
from nautilus.indicators.ranges import TYPICAL

__all__ = ["CCI", "cci_parameters"]

NAN = float("nan")
HLC = ("high", "low", "close")


def cci_measure(values: Any, first: int, end: int, period: float, constant: float) -> float:
    """The last value's distance from the mean, in mean absolute deviations."""
    start, total = values[first], 0.0
    for j in range(first, end):
        total += values[j] - start
    mean = start + total / period
    deviation = 0.0
    for j in range(first, end):
        deviation += abs(values[j] - mean)
    if deviation != deviation:
        return NAN
    return (values[end - 1] - mean) / (constant * (deviation / period)) if deviation > 0.0 else 0.0


def cci_parameters(period: int = 20, constant: float = 0.015) -> tuple[float, ...]:
    """Checked options as floats."""
    return float(check_window(period, "period")), float(check_positive(constant, "constant"))


CCI = Composed(
    HLC,
    (
        Part(TYPICAL, HLC, ("typical",), lambda period, constant: ()),
        Part(
            Recent(("typical",), cci_measure, cci_parameters),
            ("typical",),
            ("value",),
            lambda period, constant: (period, constant),
        ),
    ),
    ("value",),
    cci_parameters,
)
