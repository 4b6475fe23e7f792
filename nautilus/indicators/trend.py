"""Moving averages."""

from __future__ import annotations

import math
from typing import Any

from nautilus.core.checks import check_choice, check_window
from nautilus.core.folds import Fold, Window, apply, folded
from nautilus.indicators.warm_up import Warmup

__all__ = ["ema", "sma"]

NAN = float("nan")
SEEDS = ("sma", "first")

Sum = tuple[float]
EmaState = tuple[
    float, float
]  # bars seen; their sum until `period` of them are there, then the EMA


def sma_lift(close: float, period: float) -> Sum:
    """One bar."""
    return (close,)


def sum_merge(earlier: Sum, later: Sum) -> Sum:
    """Two neighbouring stretches of bars."""
    return (earlier[0] + later[0],)


def sma_finish(total: Sum, period: float) -> float:
    """The mean of a whole window."""
    return total[0] / period


def sma_parameters(period: int = 20) -> tuple[float, ...]:
    """Checked options as floats: (period,)."""
    return (float(check_window(period, "period")),)


SMA = Window(("close",), sma_lift, sum_merge, sma_finish, sma_parameters)


@folded(SMA)
def sma(close: Any, period: int = 20) -> Any:
    """Simple moving average: the mean of the last `period` bars, in the unit of `close`.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    period : int
        Bars of the window, at least 1.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window. A NaN or infinite bar spoils exactly the `period` bars that read it. Nothing is
    ever subtracted, so there is no drift.

    References
    ----------
    Herk (1992), Pattern Recognition Letters 13, 517-521, for the sliding sum.

    Examples
    --------
    >>> import numpy as np
    >>> sma(np.array([1.0, 2.0, 3.0, 5.0]), 2).tolist()
    [nan, 1.5, 2.5, 4.0]
    """
    return apply(SMA, (close,), sma_parameters(period))[0]


def sma_warmup(period: int = 20) -> Warmup:
    """A window remembers nothing beyond itself."""
    n = int(sma_parameters(period)[0])
    return Warmup(n, n)


def ema_init(period: float, first: float) -> EmaState:
    """No bar yet."""
    return 0.0, 0.0


def ema_step(state: EmaState, close: float, period: float, first: float) -> tuple[EmaState, float]:
    """One bar."""
    seen, value = state
    if close - close != 0.0:
        return state, NAN
    seen = seen + 1.0
    if first == 0.0 and seen <= period:
        value = value + close
        if seen == period:
            value = value / period
    elif seen == 1.0:
        value = close
    else:
        value = value + 2.0 / (period + 1.0) * (close - value)
    return (seen, value), (value if seen >= period else NAN)


def ema_parameters(period: int = 20, seed: str = "sma") -> tuple[float, ...]:
    """Checked options as floats: (period, 1 for the first-value seed)."""
    chosen = check_choice(seed, "seed", SEEDS)
    return float(check_window(period, "period")), float(chosen == "first")


EMA = Fold(("close",), ema_init, ema_step, ema_parameters)


@folded(EMA)
def ema(close: Any, period: int = 20, seed: str = "sma") -> Any:
    """Exponential moving average, in the unit of `close`.

    E[t] = E[t-1] + 2 / (period + 1) * (close[t] - E[t-1]).

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    period : int
        At least 1; half of the weight lies on about the last 0.35 * period bars.
    seed : {"sma", "first"}
        What it starts from: the mean of the first `period` bars (as TA-Lib), or the first bar (as
        pandas `ewm(span=period, adjust=False)`).

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars, under both seeds.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Roberts (1959), Technometrics 1(3), 239-250.

    Examples
    --------
    >>> import numpy as np
    >>> ema(np.array([1.0, 3.0, 4.0, 4.0]), 3).round(4).tolist()
    [nan, nan, 2.6667, 3.3333]
    """
    return apply(EMA, (close,), ema_parameters(period, seed))[0]


def ema_warmup(period: int = 20, seed: str = "sma") -> Warmup:
    """Bars to the first value, and until the seed weighs less than 1e-15."""
    n, _ = ema_parameters(period, seed)
    fading = math.ceil(math.log(1e-15) / math.log1p(-2.0 / (n + 1.0))) if n > 1 else 1
    return Warmup(int(n), int(n) + fading)
