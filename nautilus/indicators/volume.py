"""Volume indicators: what stands behind a price."""

from __future__ import annotations

from typing import Any

from nautilus.core.checks import check_choice
from nautilus.core.folds import Composed, Fold, Part, Window, apply, folded
from nautilus.indicators.averages import SMA, one_period
from nautilus.indicators.flows import (
    FLOW_SHARE,
    MONEY_FLOW,
    Pair,
    cash_lift,
    cash_merge,
    location,
)
from nautilus.indicators.warm_up import Warmup

__all__ = [
    "accumulation_distribution",
    "chaikin_money_flow",
    "money_flow_index",
    "obv",
    "volume_sma",
]

NAN = float("nan")
BARS = ("high", "low", "close", "volume")
STARTS = ("volume", "zero")


def obv_init(zero: float) -> Pair:
    """(balance, close before): no bar yet."""
    return 0.0, NAN


def obv_step(state: Pair, close: float, volume: float, zero: float) -> tuple[Pair, float]:
    """One bar; an unchanged close adds nothing."""
    balance, previous = state
    if (close - close) + (volume - volume) != 0.0:
        return state, NAN
    if previous != previous:
        balance = 0.0 if zero == 1.0 else volume
    elif close > previous:
        balance = balance + volume
    elif close < previous:
        balance = balance - volume
    return (balance, close), balance


def obv_parameters(start: str = "volume") -> tuple[float, ...]:
    """Checked options as floats: (1 for a start at zero,)."""
    return (float(check_choice(start, "start", STARTS) == "zero"),)


OBV = Fold(("close", "volume"), obv_init, obv_step, obv_parameters)


@folded(OBV)
def obv(close: Any, volume: Any, start: str = "volume") -> Any:
    """On-balance volume, in the unit of `volume`: added on up days, subtracted on down days.

    Parameters
    ----------
    close, volume : array (time,) or (time, asset)
    start : {"volume", "zero"}
        What the first bar counts: its volume (as TA-Lib), or nothing. The level means nothing,
        only its changes do.

    Returns
    -------
    array as given

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.
    An unchanged close adds nothing.

    References
    ----------
    Granville (1963), New Key to Stock Market Profits.

    Examples
    --------
    >>> obv([1.0, 2.0, 2.0, 1.0], [10.0, 20.0, 30.0, 5.0]).tolist()
    [10.0, 30.0, 30.0, 25.0]
    """
    return apply(OBV, (close, volume), obv_parameters(start))[0]


def obv_warmup(start: str = "volume") -> Warmup:
    """Every bar counts, and none is ever forgotten."""
    obv_parameters(start)
    return Warmup(1, None)


def distribution_init() -> tuple[float]:
    """No bar yet."""
    return (0.0,)


def distribution_step(
    state: tuple[float], high: float, low: float, close: float, volume: float
) -> tuple[tuple[float], float]:
    """One bar."""
    if (high - high) + (low - low) + (close - close) + (volume - volume) != 0.0:
        return state, NAN
    balance = state[0] + location(high, low, close) * volume
    return (balance,), balance


DISTRIBUTION = Fold(BARS, distribution_init, distribution_step, tuple)


@folded(DISTRIBUTION)
def accumulation_distribution(high: Any, low: Any, close: Any, volume: Any) -> Any:
    """Accumulation/distribution line: volume by where the close lies in its bar, summed.

    sum of volume * ((close - low) - (high - close)) / (high - low).

    Parameters
    ----------
    high, low, close, volume : array (time,) or (time, asset)

    Returns
    -------
    array as given
        In the unit of `volume`; a bar without range adds nothing.

    Raises
    ------
    ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Chaikin, in Achelis (2000), Technical Analysis from A to Z.

    Examples
    --------
    >>> accumulation_distribution([3.0, 4.0], [1.0, 2.0], [3.0, 2.5], [10.0, 8.0]).tolist()
    [10.0, 6.0]
    """
    return apply(DISTRIBUTION, (high, low, close, volume), ())[0]


def accumulation_distribution_warmup() -> Warmup:
    """Every bar counts, and none is ever forgotten."""
    return Warmup(1, None)


def cash_finish(sums: Pair, period: float) -> float:
    """Flow over volume; 0 where nothing was traded."""
    return sums[0] / sums[1] if sums[1] != 0.0 else 0.0


CASH_FLOW = Window(BARS, cash_lift, cash_merge, cash_finish, one_period)


@folded(CASH_FLOW)
def chaikin_money_flow(high: Any, low: Any, close: Any, volume: Any, period: int = 20) -> Any:
    """Chaikin money flow, -1 to 1: volume by where closes lie in their bars, over volume.

    Parameters
    ----------
    high, low, close, volume : array (time,) or (time, asset)
    period : int
        At least 1.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars; 0 where nothing was traded.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window.

    References
    ----------
    Chaikin, in Achelis (2000), Technical Analysis from A to Z.

    Examples
    --------
    >>> chaikin_money_flow([3.0, 4.0], [1.0, 2.0], [3.0, 2.5], [10.0, 10.0], 2).tolist()
    [nan, 0.25]
    """
    return apply(CASH_FLOW, (high, low, close, volume), one_period(period))[0]


def chaikin_money_flow_warmup(period: int = 20) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(one_period(period)[0])
    return Warmup(bars, bars)


VOLUME_SMA = Window(("volume",), SMA.lift, SMA.merge, SMA.finish, one_period)


@folded(VOLUME_SMA)
def volume_sma(volume: Any, period: int = 20) -> Any:
    """Mean volume of the last `period` bars.

    Parameters
    ----------
    volume : array (time,) or (time, asset)
    period : int
        At least 1.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window.

    Examples
    --------
    >>> volume_sma([10.0, 20.0, 60.0], 2).tolist()
    [nan, 15.0, 40.0]
    """
    return apply(VOLUME_SMA, (volume,), one_period(period))[0]


def volume_sma_warmup(period: int = 20) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(one_period(period)[0])
    return Warmup(bars, bars)


MONEY_FLOW_INDEX = Composed(
    BARS,
    (
        Part(MONEY_FLOW, BARS, ("up", "down"), lambda period: ()),
        Part(FLOW_SHARE, ("up", "down"), ("value",), lambda period: (period,)),
    ),
    ("value",),
    one_period,
)


@folded(MONEY_FLOW_INDEX)
def money_flow_index(high: Any, low: Any, close: Any, volume: Any, period: int = 14) -> Any:
    """Money flow index, 0 to 100: share of typical price times volume that went up.

    Parameters
    ----------
    high, low, close, volume : array (time,) or (time, asset)
    period : int
        At least 1.

    Returns
    -------
    array as given
        NaN for the first `period` bars; 50 where nothing went anywhere.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window, and the bar after it, whose typical price before is missing.

    References
    ----------
    Quong and Soudack (1989), Technical Analysis of Stocks and Commodities 7(3).

    Examples
    --------
    >>> price = [1.0, 2.0, 1.0, 3.0]
    >>> money_flow_index(price, price, price, [1.0, 1.0, 2.0, 1.0], 3).round(4).tolist()
    [nan, nan, nan, 71.4286]
    """
    return apply(MONEY_FLOW_INDEX, (high, low, close, volume), one_period(period))[0]


def money_flow_index_warmup(period: int = 14) -> Warmup:
    """A window remembers nothing beyond itself and the typical price before it."""
    bars = int(one_period(period)[0]) + 1
    return Warmup(bars, bars)
