"""Volatility a year, estimated from closes or from whole bars."""

from __future__ import annotations

import math
from typing import Any

from nautilus.core.checks import check_positive, check_window
from nautilus.core.errors import ParameterError
from nautilus.core.folds import Composed, Fold, Part, Window, apply, folded
from nautilus.indicators.averages import degrees_lost, sum_merge
from nautilus.indicators.moments import moments_lift, moments_merge
from nautilus.indicators.trend import deviation_finish
from nautilus.indicators.warm_up import Warmup

__all__ = ["garman_klass_volatility", "historical_volatility"]

NAN = float("nan")
OHLC = ("open", "high", "low", "close")


def log_init() -> tuple[float]:
    """No close yet."""
    return (NAN,)


def log_step(state: tuple[float], close: float) -> tuple[tuple[float], float]:
    """Log return of one bar; NaN without the close before, or where one is not positive."""
    previous = state[0]
    if close > 0.0 and previous > 0.0 and close - close == 0.0:
        return (close,), math.log(close / previous)
    return ((close if close > 0.0 and close - close == 0.0 else NAN),), NAN


def history_parameters(
    period: int = 20, ddof: int = 1, annualization: float = 252
) -> tuple[float, ...]:
    """Checked options as floats: (period, square root of the bars a year, ddof)."""
    bars, less = check_window(period, "period"), degrees_lost(ddof)
    if bars <= less:
        raise ParameterError(
            f"`period` must be at least 2 with ddof=1, got {period}.", field="period"
        )
    return float(bars), math.sqrt(check_positive(annualization, "annualization")), less


LOG_RETURN = Fold(("close",), log_init, log_step, tuple)
YEARLY = Window(("x",), moments_lift, moments_merge, deviation_finish, history_parameters)
HISTORY = Composed(
    ("close",),
    (
        Part(LOG_RETURN, ("close",), ("x",), lambda period, scale, ddof: ()),
        Part(YEARLY, ("x",), ("value",), lambda period, scale, ddof: (period, scale, ddof)),
    ),
    ("value",),
    history_parameters,
)


@folded(HISTORY)
def historical_volatility(
    close: Any, period: int = 20, ddof: int = 1, annualization: float = 252
) -> Any:
    """Standard deviation of the last `period` log returns, a year: 0.18 is 18 %.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices above 0.
    period : int
        Returns, at least 1 + `ddof`.
    ddof : {0, 1}
    annualization : float
        Bars a year; its square root scales.

    Returns
    -------
    array as given
        NaN for the first `period` bars.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window, and the bar after it. A price that is not positive counts as missing.

    References
    ----------
    Hull (2018), Options, Futures, and Other Derivatives, section 15.4.

    Examples
    --------
    >>> historical_volatility([1.0, 2.0, 1.0], 2, annualization=1).round(4).tolist()
    [nan, nan, 0.9803]
    """
    return apply(HISTORY, (close,), history_parameters(period, ddof, annualization))[0]


def historical_volatility_warmup(
    period: int = 20, ddof: int = 1, annualization: float = 252
) -> Warmup:
    """A window remembers nothing beyond itself and the close before it."""
    bars = int(history_parameters(period, ddof, annualization)[0]) + 1
    return Warmup(bars, bars)


def bar_lift(
    open: float, high: float, low: float, close: float, period: float, annualization: float
) -> tuple[float]:
    """Variance of one bar; NaN where a price is not positive."""
    if not (open > 0.0 and high > 0.0 and low > 0.0 and close > 0.0):
        return (NAN,)
    if (open - open) + (high - high) + (low - low) + (close - close) != 0.0:
        return (NAN,)
    spread, body = math.log(high / low), math.log(close / open)
    return (0.5 * spread * spread - (2.0 * math.log(2.0) - 1.0) * body * body,)


def bar_finish(total: tuple[float], period: float, annualization: float) -> float:
    """Volatility of a window a year; 0 where the estimate is negative."""
    variance = total[0] / period * annualization
    if variance != variance:
        return NAN
    return math.sqrt(variance) if variance > 0.0 else 0.0


def bar_parameters(period: int = 20, annualization: float = 252) -> tuple[float, ...]:
    """Checked options as floats."""
    return (
        float(check_window(period, "period")),
        float(check_positive(annualization, "annualization")),
    )


GARMAN_KLASS = Window(OHLC, bar_lift, sum_merge, bar_finish, bar_parameters)


@folded(GARMAN_KLASS)
def garman_klass_volatility(
    open: Any, high: Any, low: Any, close: Any, period: int = 20, annualization: float = 252
) -> Any:
    """Garman-Klass volatility of the last `period` bars, a year: 0.18 is 18 %.

    Square root of the mean of ln(high/low)^2 / 2 - (2 ln 2 - 1) ln(close/open)^2, times the bars a
    year; what happens between the close and the next open is not in it.

    Parameters
    ----------
    open, high, low, close : array (time,) or (time, asset)
        Prices above 0.
    period : int
        At least 1.
    annualization : float
        Bars a year.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars; 0 where the estimate would be negative.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window. A price that is not positive counts as missing.

    References
    ----------
    Garman and Klass (1980), Journal of Business 53(1), 67-78, equation 20 without the last term.

    Examples
    --------
    >>> garman_klass_volatility([1.0], [2.0], [1.0], [1.0], 1, 1).round(4).tolist()
    [0.4901]
    """
    parameters = bar_parameters(period, annualization)
    return apply(GARMAN_KLASS, (open, high, low, close), parameters)[0]


def garman_klass_volatility_warmup(period: int = 20, annualization: float = 252) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(bar_parameters(period, annualization)[0])
    return Warmup(bars, bars)
