"""Trend indicators: averages, bands, and the line through a window."""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus.core.checks import check_finite, check_window
from nautilus.core.errors import ParameterError
from nautilus.core.folds import Window, apply, folded
from nautilus.indicators.averages import (
    EMA,
    SMA,
    degrees_lost,
    fading,
    one_period,
    seeded_period,
)
from nautilus.indicators.moments import (
    Moments,
    Trend,
    moments_lift,
    moments_merge,
    spread_of,
    trend_lift,
    trend_merge,
)
from nautilus.indicators.warm_up import Warmup

__all__ = [
    "BollingerBands",
    "LinearRegression",
    "bollinger_bands",
    "ema",
    "linear_regression",
    "sma",
    "standard_deviation",
]

NAN = float("nan")


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
    return apply(SMA, (close,), one_period(period))[0]


def sma_warmup(period: int = 20) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(one_period(period)[0])
    return Warmup(bars, bars)


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
    return apply(EMA, (close,), seeded_period(period, seed))[0]


def ema_warmup(period: int = 20, seed: str = "sma") -> Warmup:
    """Bars to the first value, and until the seed weighs less than 1e-15."""
    bars, _ = seeded_period(period, seed)
    return Warmup(int(bars), int(bars) + fading(2.0 / (bars + 1.0)))


def deviation_finish(found: Moments, period: float, scale: float, ddof: float) -> float:
    """Standard deviation, times a scale."""
    return scale * spread_of(found, ddof)


def deviation_parameters(period: int = 20, ddof: int = 0) -> tuple[float, ...]:
    """Checked options as floats: (period, scale, ddof)."""
    bars, less = check_window(period, "period"), degrees_lost(ddof)
    if bars <= less:
        raise ParameterError(
            f"`period` must be at least 2 with ddof=1, got {period}.", field="period"
        )
    return float(bars), 1.0, less


DEVIATION = Window(("close",), moments_lift, moments_merge, deviation_finish, deviation_parameters)


@folded(DEVIATION)
def standard_deviation(close: Any, period: int = 20, ddof: int = 0) -> Any:
    """Standard deviation of the last `period` bars, in the unit of `close`.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    period : int
        At least 1 + `ddof`.
    ddof : {0, 1}
        Divide by period - ddof; 0 as TA-Lib and Bollinger's bands do.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars; exactly 0 where nothing moves.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window. Sums are taken about the window's first value and never subtracted from each
    other's history, so that a high level or a bad tick in the past costs no digits.

    References
    ----------
    Chan, Golub and LeVeque (1983), The American Statistician 37(3), 242-247, for shifted sums.

    Examples
    --------
    >>> standard_deviation([1.0, 3.0, 7.0], 2).tolist()
    [nan, 1.0, 2.0]
    """
    return apply(DEVIATION, (close,), deviation_parameters(period, ddof))[0]


def standard_deviation_warmup(period: int = 20, ddof: int = 0) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(deviation_parameters(period, ddof)[0])
    return Warmup(bars, bars)


class BollingerBands(NamedTuple):
    """Bands around a mean, and where the price lies between them (0 the lower, 1 the upper)."""

    upper: Any
    middle: Any
    lower: Any
    position: Any


def bands_finish(
    found: Moments, period: float, num_std: float, ddof: float
) -> tuple[float, float, float, float]:
    """(upper, middle, lower, position) of a whole window."""
    middle = found[0] + found[2] / found[1]
    reach = num_std * spread_of(found, ddof)
    position = (found[4] - middle + reach) / (2.0 * reach) if reach != 0.0 else 0.5
    return middle + reach, middle, middle - reach, position


def bands_parameters(period: int = 20, num_std: float = 2.0, ddof: int = 0) -> tuple[float, ...]:
    """Checked options as floats: (period, num_std, ddof)."""
    bars, _, less = deviation_parameters(period, ddof)
    reach = float(check_finite(num_std, "num_std"))
    if reach <= 0.0:
        raise ParameterError(f"`num_std` must be above 0, got {num_std}.", field="num_std")
    return bars, reach, less


BANDS = Window(
    ("close",), moments_lift, moments_merge, bands_finish, bands_parameters, outputs=BollingerBands
)


@folded(BANDS)
def bollinger_bands(close: Any, period: int = 20, num_std: float = 2.0, ddof: int = 0) -> Any:
    """Bollinger bands, in the unit of `close`: mean plus and minus standard deviations.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices; for bands of the typical price pass that.
    period : int
        At least 1 + `ddof`.
    num_std : float
        Above 0.
    ddof : {0, 1}
        0 as Bollinger and TA-Lib.

    Returns
    -------
    BollingerBands
        (upper, middle, lower, position), arrays as given; NaN for the first `period` - 1 bars.
        `position`, known as %B, is not clipped, and 0.5 where nothing moves.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window.

    References
    ----------
    Bollinger (2001), Bollinger on Bollinger Bands, chapters 7 and 8.

    Examples
    --------
    >>> found = bollinger_bands([1.0, 3.0], 2)
    >>> [float(x[1]) for x in found]
    [4.0, 2.0, 0.0, 0.75]
    """
    return BollingerBands(*apply(BANDS, (close,), bands_parameters(period, num_std, ddof)))


def bollinger_bands_warmup(period: int = 20, num_std: float = 2.0, ddof: int = 0) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(bands_parameters(period, num_std, ddof)[0])
    return Warmup(bars, bars)


class LinearRegression(NamedTuple):
    """The line through a window: where it ends, its slope a bar, and how much it explains."""

    value: Any
    slope: Any
    r_squared: Any


def line_finish(found: Trend, period: float) -> tuple[float, float, float]:
    """(end of the line, slope, R squared) of a whole window."""
    first, count, total, places, squares = found
    center = 0.5 * (count - 1.0)
    spread = count * (count * count - 1.0) / 12.0
    slope = (places - center * total) / spread
    moved = squares - total * total / count
    explained = slope * slope * spread / moved if moved > 0.0 else NAN
    return first + total / count + slope * center, slope, explained


def line_parameters(period: int = 14) -> tuple[float, ...]:
    """Checked options as floats: (period,)."""
    bars = check_window(period, "period")
    if bars < 2:
        raise ParameterError(f"`period` must be at least 2, got {period}.", field="period")
    return (float(bars),)


LINE = Window(
    ("close",), trend_lift, trend_merge, line_finish, line_parameters, outputs=LinearRegression
)


@folded(LINE)
def linear_regression(close: Any, period: int = 14) -> Any:
    """Least-squares line through the last `period` bars.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    period : int
        At least 2.

    Returns
    -------
    LinearRegression
        (value, slope, r_squared), arrays as given: the line's end at this bar in the unit of
        `close`, its slope per bar, and R squared from 0 to 1, NaN where nothing moves. NaN for the
        first `period` - 1 bars.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window. Sums are taken about the window's first value.

    References
    ----------
    Draper and Smith (1998), Applied Regression Analysis, chapter 1.

    Examples
    --------
    >>> found = linear_regression([1.0, 2.0, 6.0], 3)
    >>> [round(float(x[2]), 4) for x in found]
    [5.5, 2.5, 0.8929]
    """
    return LinearRegression(*apply(LINE, (close,), line_parameters(period)))


def linear_regression_warmup(period: int = 14) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(line_parameters(period)[0])
    return Warmup(bars, bars)
