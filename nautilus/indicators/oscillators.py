"""Momentum indicators that swing between bounds."""

from __future__ import annotations

import math
from typing import Any

from nautilus.core.checks import check_choice, check_window
from nautilus.core.folds import Fold, apply, folded
from nautilus.indicators.warm_up import Warmup

__all__ = ["rsi"]

NAN = float("nan")
SEEDS = ("sma", "first")

RsiState = tuple[float, float, float, float]  # differences seen, last close, gains, losses


def rsi_init(period: float, first: float, alpha: float) -> RsiState:
    """No bar yet."""
    return 0.0, NAN, 0.0, 0.0


def rsi_step(
    state: RsiState, close: float, period: float, first: float, alpha: float
) -> tuple[RsiState, float]:
    """One bar; gains and losses are sums until `period` differences are there, then averages."""
    seen, previous, gain, loss = state
    if close - close != 0.0:
        return state, NAN
    if previous != previous:
        return (0.0, close, 0.0, 0.0), NAN
    change = close - previous
    up = change if change > 0.0 else 0.0
    down = -change if change < 0.0 else 0.0
    seen = seen + 1.0
    if first == 0.0 and seen <= period:
        gain = gain + up
        loss = loss + down
        if seen == period:
            gain = gain / period
            loss = loss / period
    elif seen == 1.0:
        gain = up
        loss = down
    else:
        weight = 1.0 / period
        gain = gain + (up - gain) * weight
        loss = loss + (down - loss) * weight
    if seen < period:
        return (seen, close, gain, loss), NAN
    total = gain + loss
    value = 100.0 * (gain / total) if total > 0.0 else 50.0
    return (seen, close, gain, loss), value


def rsi_parameters(period: int = 14, seed: str = "sma") -> tuple[float, ...]:
    """Checked options as floats: (period, 1 for the first-difference seed, 1 / period)."""
    chosen = check_choice(seed, "seed", SEEDS)
    bars = float(check_window(period, "period"))
    return bars, float(chosen == "first"), 1.0 / bars


RSI = Fold(("close",), rsi_init, rsi_step, rsi_parameters)


@folded(RSI)
def rsi(close: Any, period: int = 14, seed: str = "sma") -> Any:
    """Relative strength index, 0 to 100.

    100 * G / (G + L), G and L the Wilder averages of gains and losses:
    A[t] = A[t-1] + (x[t] - A[t-1]) / period.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    period : int
        Bars of the average, at least 1.
    seed : {"sma", "first"}
        What the averages start from: the mean of the first `period` differences (as TA-Lib), or the
        first difference alone (as an exponential average without adjustment).

    Returns
    -------
    array as given
        NaN for the first `period` bars. 50 where nothing has moved at all.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems, section VI.

    Examples
    --------
    >>> import numpy as np
    >>> rsi(np.array([10.0, 11.0, 10.0, 12.0]), 2).tolist()
    [nan, nan, 50.0, 83.33333333333334]
    """
    return apply(RSI, (close,), rsi_parameters(period, seed))[0]


def rsi_warmup(period: int = 14, seed: str = "sma") -> Warmup:
    """Bars to the first value, and until the seed weighs less than 1e-15."""
    n = rsi_parameters(period, seed)[0]
    fading = math.ceil(math.log(1e-15) / math.log1p(-1.0 / n)) if n > 1 else 1
    return Warmup(int(n) + 1, int(n) + 1 + fading)
