"""Momentum indicators that swing between bounds."""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus.core.checks import check_choice, check_window
from nautilus.core.folds import Composed, Fold, Part, Window, apply, folded
from nautilus.indicators.averages import SEEDS, SMA, fading, one_period
from nautilus.indicators.channel_index import CCI, cci_parameters
from nautilus.indicators.pressure import ULTIMATE, ultimate_parameters
from nautilus.indicators.ranges import (
    highest_merge,
    range_lift,
    stochastic_finish,
    williams_finish,
)
from nautilus.indicators.warm_up import Warmup

__all__ = [
    "Stochastic",
    "commodity_channel_index",
    "rsi",
    "stochastic",
    "ultimate_oscillator",
    "williams_r",
]

NAN = float("nan")
HLC = ("high", "low", "close")

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
    return Warmup(int(n) + 1, int(n) + 1 + fading(1.0 / n))


class Stochastic(NamedTuple):
    """Where the close lies in its range, 0 to 100, and the average of that."""

    k: Any
    d: Any


FAST = Window(HLC, range_lift, highest_merge, stochastic_finish, one_period)


def stochastic_parameters(
    period: int = 14, k_smooth: int = 3, d_period: int = 3
) -> tuple[float, ...]:
    """Checked options as floats."""
    return (
        float(check_window(period, "period")),
        float(check_window(k_smooth, "k_smooth")),
        float(check_window(d_period, "d_period")),
    )


STOCHASTIC = Composed(
    HLC,
    (
        Part(FAST, HLC, ("fast",), lambda period, k_smooth, d_period: (period,)),
        Part(SMA, ("fast",), ("k",), lambda period, k_smooth, d_period: (k_smooth,)),
        Part(SMA, ("k",), ("d",), lambda period, k_smooth, d_period: (d_period,)),
    ),
    ("k", "d"),
    stochastic_parameters,
    Stochastic,
)


@folded(STOCHASTIC)
def stochastic(
    high: Any, low: Any, close: Any, period: int = 14, k_smooth: int = 3, d_period: int = 3
) -> Any:
    """Stochastic oscillator, 0 to 100: %K and its average %D.

    k = SMA(100 * (close - L) / (H - L), k_smooth), H and L the highest high and lowest low of
    `period` bars; d = SMA(k, d_period).

    Parameters
    ----------
    high, low, close : array (time,) or (time, asset)
    period, k_smooth, d_period : int
        At least 1; `k_smooth=1` is the fast form.

    Returns
    -------
    Stochastic
        (k, d), arrays as given; each begins where it is defined, k after period + k_smooth - 2
        bars. 50 before smoothing where the range has no width.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window.

    References
    ----------
    Lane (1984), Technical Analysis of Stocks and Commodities 2(3).

    Examples
    --------
    >>> found = stochastic([3.0, 4.0, 5.0], [1.0, 2.0, 3.0], [2.0, 4.0, 3.0], 2, 1, 1)
    >>> [round(float(x), 2) for x in found.k]
    [nan, 100.0, 33.33]
    """
    parameters = stochastic_parameters(period, k_smooth, d_period)
    return Stochastic(*apply(STOCHASTIC, (high, low, close), parameters))


def stochastic_warmup(period: int = 14, k_smooth: int = 3, d_period: int = 3) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(sum(stochastic_parameters(period, k_smooth, d_period))) - 2
    return Warmup(bars, bars)


WILLIAMS_R = Window(HLC, range_lift, highest_merge, williams_finish, one_period)


@folded(WILLIAMS_R)
def williams_r(high: Any, low: Any, close: Any, period: int = 14) -> Any:
    """Williams %R, -100 to 0: how far the close is below the highest high of its range.

    -100 * (H - close) / (H - L) over `period` bars.

    Parameters
    ----------
    high, low, close : array (time,) or (time, asset)
    period : int
        At least 1.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars; -50 where the range has no width.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window.

    References
    ----------
    Williams (1979), How I Made One Million Dollars Last Year Trading Commodities.

    Examples
    --------
    >>> williams_r([3.0, 5.0], [1.0, 2.0], [2.0, 4.0], 2).tolist()
    [nan, -25.0]
    """
    return apply(WILLIAMS_R, (high, low, close), one_period(period))[0]


def williams_r_warmup(period: int = 14) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(one_period(period)[0])
    return Warmup(bars, bars)


@folded(ULTIMATE)
def ultimate_oscillator(
    high: Any, low: Any, close: Any, short: int = 7, medium: int = 14, long: int = 28
) -> Any:
    """Ultimate oscillator, 0 to 100: buying pressure over three windows, weighted 4, 2, 1.

    Of each window the sum of close - min(low, close before) over the sum of true ranges.

    Parameters
    ----------
    high, low, close : array (time,) or (time, asset)
    short, medium, long : int
        Bars of the windows, at least 1.

    Returns
    -------
    array as given
        NaN for as many bars as the longest window; 50 where nothing moves.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window, and the bar after it, whose close before is missing.

    References
    ----------
    Williams (1985), Technical Analysis of Stocks and Commodities 3(4).

    Examples
    --------
    >>> ultimate_oscillator([2.0, 4.0, 5.0], [1.0, 2.0, 3.0], [2.0, 3.0, 5.0], 1, 2, 2).tolist()
    [nan, nan, 89.28571428571429]
    """
    parameters = ultimate_parameters(short, medium, long)
    return apply(ULTIMATE, (high, low, close), parameters)[0]


def ultimate_oscillator_warmup(short: int = 7, medium: int = 14, long: int = 28) -> Warmup:
    """A window remembers nothing beyond itself and the close before it."""
    bars = int(max(ultimate_parameters(short, medium, long))) + 1
    return Warmup(bars, bars)


@folded(CCI)
def commodity_channel_index(
    high: Any, low: Any, close: Any, period: int = 20, constant: float = 0.015
) -> Any:
    """Commodity channel index: the typical price less its mean, in mean absolute deviations.

    (p - mean(p)) / (constant * mean |p - mean(p)|) over `period` bars, p the typical price
    (high + low + close) / 3.

    Parameters
    ----------
    high, low, close : array (time,) or (time, asset)
    period : int
        At least 1.
    constant : float
        Above 0; with 0.015 some three quarters of the values lie within 100 of zero.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars; 0 where nothing moves.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window.

    References
    ----------
    Lambert (1980), Commodities 9(10), 40-41.

    Examples
    --------
    >>> prices = [1.0, 2.0, 6.0]
    >>> commodity_channel_index(prices, prices, prices, 3).round(6).tolist()
    [nan, nan, 100.0]
    """
    parameters = cci_parameters(period, constant)
    return apply(CCI, (high, low, close), parameters)[0]


def commodity_channel_index_warmup(period: int = 20, constant: float = 0.015) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(cci_parameters(period, constant)[0])
    return Warmup(bars, bars)
