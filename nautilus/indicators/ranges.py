"""Steps of ranges: highest and lowest of a window, true range, typical price."""

from __future__ import annotations

from nautilus.core.folds import Fold
from nautilus.indicators.averages import finite, wilder_step

__all__ = [
    "TYPICAL",
    "AtrState",
    "atr_init",
    "atr_step",
    "highest_merge",
    "larger",
    "middle_finish",
    "range_lift",
    "smaller",
    "stochastic_finish",
    "true_range",
    "typical_price",
    "williams_finish",
]

NAN = float("nan")

# Highest, lowest, last.
Range = tuple[float, float, float]
# True ranges seen; their sum, then their average; the close before.
AtrState = tuple[float, float, float]


def larger(a: float, b: float) -> float:
    """The larger; NaN where one of them is."""
    return a if a > b or a != a else b


def smaller(a: float, b: float) -> float:
    """The smaller; NaN where one of them is."""
    return a if a < b or a != a else b


def range_lift(high: float, low: float, close: float, period: float) -> Range:
    """One bar."""
    return finite(high), finite(low), finite(close)


def highest_merge(earlier: Range, later: Range) -> Range:
    """Two neighbouring stretches of bars."""
    return larger(earlier[0], later[0]), smaller(earlier[1], later[1]), later[2]


def stochastic_finish(found: Range, period: float) -> float:
    """Where the close lies in the range, 0 to 100; the middle of a range without width."""
    width = found[0] - found[1]
    return 100.0 * ((found[2] - found[1]) / width) if width != 0.0 else 50.0


def williams_finish(found: Range, period: float) -> float:
    """How far the close is below the highest, 0 to -100; the middle of a range without width."""
    width = found[0] - found[1]
    return -100.0 * ((found[0] - found[2]) / width) if width != 0.0 else -50.0


def middle_finish(found: Range, period: float) -> float:
    """Half way between the highest and the lowest."""
    return found[1] + 0.5 * (found[0] - found[1])


def true_range(high: float, low: float, previous: float) -> float:
    """The range of a bar together with the close before it."""
    top = previous if previous > high else high
    bottom = previous if previous < low else low
    return top - bottom


def atr_init(period: float, whole: float) -> AtrState:
    """No bar yet."""
    return 0.0, 0.0, NAN


def atr_step(
    state: AtrState, high: float, low: float, close: float, period: float, whole: float
) -> tuple[AtrState, float]:
    """One bar; `whole` is 1 where the first bar counts with its own range."""
    seen, value, previous = state
    if (high - high) + (low - low) + (close - close) != 0.0:
        return state, NAN
    if previous == previous:
        (seen, value), found = wilder_step((seen, value), true_range(high, low, previous), period)
    elif whole == 1.0:
        (seen, value), found = wilder_step((seen, value), high - low, period)
    else:
        found = NAN
    return (seen, value, close), found


def typical_price(high: float, low: float, close: float) -> float:
    """Mean of high, low and close; NaN where one of them is no number."""
    return finite((high + low + close) / 3.0)


def typical_init() -> tuple[float]:
    """Nothing is remembered."""
    return (0.0,)


def typical_step(
    state: tuple[float], high: float, low: float, close: float
) -> tuple[tuple[float], float]:
    """One bar."""
    return state, typical_price(high, low, close)


TYPICAL = Fold(("high", "low", "close"), typical_init, typical_step, tuple)
