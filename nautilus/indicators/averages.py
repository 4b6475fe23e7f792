"""Steps of averages: of the last bars, exponential, Wilder's."""

from __future__ import annotations

import math

from nautilus.core.checks import check_choice, check_window
from nautilus.core.errors import ParameterError
from nautilus.core.folds import Fold, Window

__all__ = [
    "EMA",
    "SEEDS",
    "SMA",
    "degrees_lost",
    "ema_step",
    "fading",
    "finite",
    "one_period",
    "seeded_period",
    "sum_merge",
    "wilder_step",
]

NAN = float("nan")
SEEDS = ("sma", "first")
FORGOTTEN = 1e-15

Sum = tuple[float]
# Bars seen; their sum until `period` of them are there, then the average.
Average = tuple[float, float]


def finite(x: float) -> float:
    """The number, or NaN for infinity as well."""
    return x if x - x == 0.0 else NAN


def one_lift(x: float, period: float) -> Sum:
    """One bar."""
    return (x,)


def sum_merge(earlier: Sum, later: Sum) -> Sum:
    """Two neighbouring stretches of bars."""
    return (earlier[0] + later[0],)


def mean_finish(total: Sum, period: float) -> float:
    """The mean of a whole window."""
    return total[0] / period


def one_period(period: int = 20) -> tuple[float, ...]:
    """Checked options as floats: (period,)."""
    return (float(check_window(period, "period")),)


SMA = Window(("close",), one_lift, sum_merge, mean_finish, one_period)


def ema_init(period: float, first: float) -> Average:
    """No bar yet."""
    return 0.0, 0.0


def ema_step(state: Average, x: float, period: float, first: float) -> tuple[Average, float]:
    """One bar of an average that weighs it 2 / (period + 1)."""
    seen, value = state
    if x - x != 0.0:
        return state, NAN
    seen = seen + 1.0
    if first == 0.0 and seen <= period:
        value = value + x
        if seen == period:
            value = value / period
    elif seen == 1.0:
        value = x
    else:
        value = value + 2.0 / (period + 1.0) * (x - value)
    return (seen, value), (value if seen >= period else NAN)


def wilder_step(state: Average, x: float, period: float) -> tuple[Average, float]:
    """One bar of Wilder's average, which weighs it 1 / period and begins with a mean."""
    seen, value = state
    if x - x != 0.0:
        return state, NAN
    seen = seen + 1.0
    if seen <= period:
        value = value + x
        if seen == period:
            value = value / period
    else:
        value = value + (x - value) * (1.0 / period)
    return (seen, value), (value if seen >= period else NAN)


def seeded_period(period: int = 20, seed: str = "sma") -> tuple[float, ...]:
    """Checked options as floats: (period, 1 for the first-value seed)."""
    chosen = check_choice(seed, "seed", SEEDS)
    return float(check_window(period, "period")), float(chosen == "first")


EMA = Fold(("close",), ema_init, ema_step, seeded_period)


def degrees_lost(ddof: int) -> float:
    """Checked `ddof` as a float."""
    if ddof not in (0, 1):
        raise ParameterError(f"`ddof` must be 0 or 1, got {ddof!r}.", field="ddof")
    return float(ddof)


def fading(weight: float) -> int:
    """Bars until a seed weighs less than 1e-15 in an average that weighs a bar `weight`."""
    return math.ceil(math.log(FORGOTTEN) / math.log1p(-weight)) if weight < 1.0 else 1
