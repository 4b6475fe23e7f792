"""Steps of volume: what goes in and out with each bar."""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus.core.folds import Fold, Window
from nautilus.indicators.averages import finite, one_period
from nautilus.indicators.ranges import typical_price

__all__ = [
    "FLOW_SHARE",
    "MONEY_FLOW",
    "Flow",
    "Pair",
    "cash_lift",
    "cash_merge",
    "flow_ratio",
    "location",
    "typical_price",
    "worth_lift",
]

NAN = float("nan")
Pair = tuple[float, float]
Typical = tuple[float]


def location(high: float, low: float, close: float) -> float:
    """Where the close lies in the bar, -1 the low, 1 the high; 0 in a bar without range."""
    width = high - low
    return ((close - low) - (high - close)) / width if width != 0.0 else 0.0


def cash_lift(high: float, low: float, close: float, volume: float, period: float) -> Pair:
    """(volume by where the close lies, volume) of one bar."""
    flow = finite(location(high, low, close) * volume)
    return flow, (finite(volume) if flow == flow else NAN)


def worth_lift(high: float, low: float, close: float, volume: float, period: float) -> Pair:
    """(typical price times volume, volume) of one bar."""
    worth = finite(typical_price(high, low, close) * volume)
    return worth, (finite(volume) if worth == worth else NAN)


def cash_merge(earlier: Pair, later: Pair) -> Pair:
    """Two neighbouring stretches of bars."""
    return earlier[0] + later[0], earlier[1] + later[1]


class Flow(NamedTuple):
    """Typical price times volume of a bar above and below the one before."""

    up: Any
    down: Any


def money_init() -> Typical:
    """No typical price yet."""
    return (NAN,)


def money_step(
    state: Typical, high: float, low: float, close: float, volume: float
) -> tuple[Typical, Pair]:
    """One bar; without the one before there is no direction."""
    previous, price = state[0], typical_price(high, low, close)
    worth = finite(price * volume)
    if worth != worth or previous != previous:
        return (price,), (NAN, NAN)
    return (price,), (worth if price > previous else 0.0, worth if price < previous else 0.0)


def pair_lift(up: float, down: float, period: float) -> Pair:
    """One bar."""
    return up, down


def flow_ratio(sums: Pair, period: float) -> float:
    """Share of the flow that went up, 0 to 100; the middle where none went anywhere."""
    whole = sums[0] + sums[1]
    return 100.0 * (sums[0] / whole) if whole != 0.0 else 50.0


BARS = ("high", "low", "close", "volume")
MONEY_FLOW = Fold(BARS, money_init, money_step, tuple, outputs=Flow)
FLOW_SHARE = Window(("up", "down"), pair_lift, cash_merge, flow_ratio, one_period)
