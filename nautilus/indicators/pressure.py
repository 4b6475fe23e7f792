"""Steps of the ultimate oscillator: buying pressure over true range."""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus.core.checks import check_window
from nautilus.core.folds import Composed, Fold, Part, Window
from nautilus.indicators.averages import finite, one_period
from nautilus.indicators.ranges import larger, smaller

__all__ = ["ULTIMATE", "ultimate_parameters"]

NAN = float("nan")
HLC = ("high", "low", "close")


class Pressure(NamedTuple):
    """How much of a bar's true range the close is above its bottom, and that range."""

    buying: Any
    whole: Any


def pressure_init() -> tuple[float]:
    """No close yet."""
    return (NAN,)


def pressure_step(
    state: tuple[float], high: float, low: float, close: float
) -> tuple[tuple[float], tuple[float, float]]:
    """One bar; without the close before it there is none."""
    previous = state[0]
    bottom, top = smaller(low, previous), larger(high, previous)
    return (finite(close),), (finite(close) - bottom, top - bottom)


PRESSURE = Fold(HLC, pressure_init, pressure_step, tuple, outputs=Pressure)


def pressure_lift(buying: float, whole: float, period: float) -> tuple[float, float]:
    """One bar."""
    return finite(buying), finite(whole)


def pressure_merge(earlier: tuple[float, float], later: tuple[float, float]) -> tuple[float, float]:
    """Two neighbouring stretches of bars."""
    return earlier[0] + later[0], earlier[1] + later[1]


def pressure_finish(sums: tuple[float, float], period: float) -> float:
    """Share of the range; a half where there is none."""
    return sums[0] / sums[1] if sums[1] != 0.0 else 0.5


SHARE = Window(("buying", "whole"), pressure_lift, pressure_merge, pressure_finish, one_period)


def blend_init() -> tuple[float]:
    """Nothing is remembered."""
    return (0.0,)


def blend_step(
    state: tuple[float], short: float, medium: float, long: float
) -> tuple[tuple[float], float]:
    """The shares weighted 4, 2, 1."""
    return state, 100.0 * ((4.0 * short + 2.0 * medium + long) / 7.0)


BLEND = Fold(("short", "medium", "long"), blend_init, blend_step, tuple)


def ultimate_parameters(short: int = 7, medium: int = 14, long: int = 28) -> tuple[float, ...]:
    """Checked options as floats."""
    return (
        float(check_window(short, "short")),
        float(check_window(medium, "medium")),
        float(check_window(long, "long")),
    )


ULTIMATE = Composed(
    HLC,
    (
        Part(PRESSURE, HLC, ("buying", "whole"), lambda short, medium, long: ()),
        Part(SHARE, ("buying", "whole"), ("short",), lambda short, medium, long: (short,)),
        Part(SHARE, ("buying", "whole"), ("medium",), lambda short, medium, long: (medium,)),
        Part(SHARE, ("buying", "whole"), ("long",), lambda short, medium, long: (long,)),
        Part(BLEND, ("short", "medium", "long"), ("value",), lambda short, medium, long: ()),
    ),
    ("value",),
    ultimate_parameters,
)
