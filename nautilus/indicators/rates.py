"""Momentum indicators without bounds: differences, and distances between averages."""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus.core.checks import check_choice, check_window
from nautilus.core.errors import ParameterError
from nautilus.core.folds import Fold, Window, apply, folded
from nautilus.indicators.averages import SEEDS, ema_step, fading, finite
from nautilus.indicators.warm_up import Warmup

__all__ = ["Macd", "Ppo", "macd", "momentum", "ppo", "roc"]

NAN = float("nan")
Ends = tuple[float, float]
# Of the fast, the slow and the signal average: bars seen, value.
MacdState = tuple[float, float, float, float, float, float]


def ends_lift(x: float, bars: float) -> Ends:
    """One bar."""
    value = finite(x)
    return value, value


def ends_merge(earlier: Ends, later: Ends) -> Ends:
    """The first and the last of two neighbouring stretches."""
    return earlier[0], later[1]


def difference_finish(ends: Ends, bars: float) -> float:
    """What was gained."""
    return ends[1] - ends[0]


def percent_finish(ends: Ends, bars: float) -> float:
    """What was gained, in percent of the first."""
    return 100.0 * (ends[1] / ends[0] - 1.0) if ends[0] != 0.0 else NAN


def one_more(period: int = 10) -> tuple[float, ...]:
    """Checked options as floats: the bars read, one more than the period."""
    return (check_window(period, "period") + 1.0,)


MOMENTUM = Window(("close",), ends_lift, ends_merge, difference_finish, one_more)
ROC = Window(("close",), ends_lift, ends_merge, percent_finish, one_more)


@folded(MOMENTUM)
def momentum(close: Any, period: int = 10) -> Any:
    """Momentum: the change over `period` bars, in the unit of `close`.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    period : int
        At least 1.

    Returns
    -------
    array as given
        NaN for the first `period` bars.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window; only the two ends are read.

    Examples
    --------
    >>> momentum([1.0, 3.0, 6.0], 2).tolist()
    [nan, nan, 5.0]
    """
    return apply(MOMENTUM, (close,), one_more(period))[0]


def momentum_warmup(period: int = 10) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(one_more(period)[0])
    return Warmup(bars, bars)


@folded(ROC)
def roc(close: Any, period: int = 10) -> Any:
    """Rate of change over `period` bars, in percent: 2.0 is two percent.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    period : int
        At least 1.

    Returns
    -------
    array as given
        NaN for the first `period` bars, and where the earlier price is zero.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window; only the two ends are read. In percent because that is what the name means
    everywhere; for returns as fractions see `analytics.simple_returns`.

    Examples
    --------
    >>> roc([4.0, 3.0, 6.0], 2).tolist()
    [nan, nan, 50.0]
    """
    return apply(ROC, (close,), one_more(period))[0]


def roc_warmup(period: int = 10) -> Warmup:
    """A window remembers nothing beyond itself."""
    return momentum_warmup(period)


class Macd(NamedTuple):
    """The distance of two averages, its average, and what is between them."""

    line: Any
    signal: Any
    histogram: Any


class Ppo(NamedTuple):
    """The distance of two averages in percent, its average, and what is between them."""

    line: Any
    signal: Any
    histogram: Any


def macd_init(fast: float, slow: float, signal: float, first: float) -> MacdState:
    """No bar yet."""
    return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


def macd_step(
    state: MacdState, close: float, fast: float, slow: float, signal: float, first: float
) -> tuple[MacdState, tuple[float, float, float]]:
    """One bar: two averages of the price, and one of their difference."""
    (a, b), quick = ema_step((state[0], state[1]), close, fast, first)
    (c, d), steady = ema_step((state[2], state[3]), close, slow, first)
    line = quick - steady
    (e, f), mean = ema_step((state[4], state[5]), line, signal, first)
    return (a, b, c, d, e, f), (line, mean, line - mean)


def ppo_step(
    state: MacdState, close: float, fast: float, slow: float, signal: float, first: float
) -> tuple[MacdState, tuple[float, float, float]]:
    """One bar: as `macd_step`, in percent of the slow average."""
    (a, b), quick = ema_step((state[0], state[1]), close, fast, first)
    (c, d), steady = ema_step((state[2], state[3]), close, slow, first)
    line = 100.0 * ((quick - steady) / steady) if steady != 0.0 else NAN
    (e, f), mean = ema_step((state[4], state[5]), line, signal, first)
    return (a, b, c, d, e, f), (line, mean, line - mean)


def macd_parameters(
    fast: int = 12, slow: int = 26, signal: int = 9, seed: str = "sma"
) -> tuple[float, ...]:
    """Checked options as floats: (fast, slow, signal, 1 for the first-value seed)."""
    quick, steady = check_window(fast, "fast"), check_window(slow, "slow")
    if quick >= steady:
        raise ParameterError(
            f"`fast` must be shorter than `slow`, got {fast} and {slow}. Swap them.", field="fast"
        )
    chosen = check_choice(seed, "seed", SEEDS)
    return (
        float(quick),
        float(steady),
        float(check_window(signal, "signal")),
        float(chosen == "first"),
    )


MACD = Fold(("close",), macd_init, macd_step, macd_parameters, outputs=Macd)
PPO = Fold(("close",), macd_init, ppo_step, macd_parameters, outputs=Ppo)


@folded(MACD)
def macd(close: Any, fast: int = 12, slow: int = 26, signal: int = 9, seed: str = "sma") -> Any:
    """Moving average convergence divergence, in the unit of `close`.

    line = EMA(close, fast) - EMA(close, slow), signal = EMA(line, signal), histogram = their
    difference.

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    fast, slow, signal : int
        Periods; `fast` below `slow`.
    seed : {"sma", "first"}
        What each average starts from; see `ema`.

    Returns
    -------
    Macd
        (line, signal, histogram), arrays as given. The line begins with bar `slow`, the signal
        `signal` - 1 bars later. Each average has its own seed, so that line = ema - ema to the bit;
        TA-Lib begins the fast one anew at bar `slow` and agrees to 1e-8 after some 130 bars.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Appel (2005), Technical Analysis: Power Tools for Active Investors, chapter 8.

    Examples
    --------
    >>> found = macd([1.0, 2.0, 4.0, 8.0], fast=1, slow=2, signal=2)
    >>> [round(float(x), 4) for x in found.line]
    [nan, 0.5, 0.8333, 1.6111]
    """
    parameters = macd_parameters(fast, slow, signal, seed)
    return Macd(*apply(MACD, (close,), parameters))


def macd_warmup(fast: int = 12, slow: int = 26, signal: int = 9, seed: str = "sma") -> Warmup:
    """Bars to the first signal, and until all three seeds weigh less than 1e-15."""
    _, steady, mean, _ = macd_parameters(fast, slow, signal, seed)
    first = int(steady + mean) - 1
    return Warmup(first, first + fading(2.0 / (steady + 1.0)) + fading(2.0 / (mean + 1.0)))


@folded(PPO)
def ppo(close: Any, fast: int = 12, slow: int = 26, signal: int = 9, seed: str = "sma") -> Any:
    """Percentage price oscillator: the MACD in percent of the slow average.

    line = 100 * (EMA(close, fast) / EMA(close, slow) - 1), signal = EMA(line, signal).

    Parameters
    ----------
    close : array (time,) or (time, asset)
        Prices, or any series.
    fast, slow, signal : int
        Periods; `fast` below `slow`.
    seed : {"sma", "first"}
        What each average starts from; see `ema`.

    Returns
    -------
    Ppo
        (line, signal, histogram), arrays as given, beginning as those of `macd`; NaN where the slow
        average is zero.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Appel (2005), Technical Analysis: Power Tools for Active Investors, chapter 8.

    Examples
    --------
    >>> found = ppo([1.0, 2.0, 4.0, 8.0], fast=1, slow=2, signal=2)
    >>> [round(float(x), 2) for x in found.line]
    [nan, 33.33, 26.32, 25.22]
    """
    parameters = macd_parameters(fast, slow, signal, seed)
    return Ppo(*apply(PPO, (close,), parameters))


def ppo_warmup(fast: int = 12, slow: int = 26, signal: int = 9, seed: str = "sma") -> Warmup:
    """Bars to the first signal, and until all three seeds weigh less than 1e-15."""
    return macd_warmup(fast, slow, signal, seed)
