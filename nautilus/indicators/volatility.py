"""Volatility indicators: how far prices go."""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus.core.checks import check_choice, check_positive, check_window
from nautilus.core.folds import Composed, Fold, Part, apply, folded
from nautilus.indicators.averages import ema_step, fading
from nautilus.indicators.ranges import atr_init, atr_step, typical_price
from nautilus.indicators.trend import BANDS, BollingerBands, bands_parameters
from nautilus.indicators.warm_up import Warmup

__all__ = [
    "KeltnerChannels",
    "atr",
    "bollinger_width",
    "keltner_channels",
]

NAN = float("nan")
HLC = ("high", "low", "close")
FIRST = ("skip", "range")
SOURCES = ("close", "typical")
# Bars and average of the centre; bars, average and last close of the range.
KeltnerState = tuple[float, float, float, float, float]


def atr_parameters(period: int = 14, first_tr: str = "skip") -> tuple[float, ...]:
    """Checked options as floats: (period, 1 where the first bar counts with its own range)."""
    chosen = check_choice(first_tr, "first_tr", FIRST)
    return float(check_window(period, "period")), float(chosen == "range")


ATR = Fold(HLC, atr_init, atr_step, atr_parameters)


@folded(ATR)
def atr(high: Any, low: Any, close: Any, period: int = 14, first_tr: str = "skip") -> Any:
    """Average true range, in the unit of the prices: Wilder's average of the true range.

    True range = max(high, close before) - min(low, close before);
    A[t] = A[t-1] + (TR[t] - A[t-1]) / period, from the mean of the first `period`.

    Parameters
    ----------
    high, low, close : array (time,) or (time, asset)
    period : int
        At least 1.
    first_tr : {"skip", "range"}
        The first bar has no close before: left out (as TA-Lib), or counted with high - low (as
        charting programs do).

    Returns
    -------
    array as given
        NaN for the first `period` bars, one fewer with "range".

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems, section III.

    Examples
    --------
    >>> atr([3.0, 4.0, 6.0], [1.0, 2.0, 5.0], [2.0, 3.0, 5.5], 2).tolist()
    [nan, nan, 2.5]
    """
    return apply(ATR, (high, low, close), atr_parameters(period, first_tr))[0]


def atr_warmup(period: int = 14, first_tr: str = "skip") -> Warmup:
    """Bars to the first value, and until the seed weighs less than 1e-15."""
    bars, whole = atr_parameters(period, first_tr)
    first = int(bars - whole) + 1
    return Warmup(first, first + fading(1.0 / bars))


def width_init() -> tuple[float]:
    """Nothing is remembered."""
    return (0.0,)


def width_step(
    state: tuple[float], upper: float, middle: float, lower: float
) -> tuple[tuple[float], float]:
    """Distance of the bands over their middle."""
    return state, ((upper - lower) / middle if middle != 0.0 else NAN)


RATIO = Fold(("upper", "middle", "lower"), width_init, width_step, tuple)
WIDTH = Composed(
    ("close",),
    (
        Part(BANDS, ("close",), BollingerBands._fields, lambda *bands: bands),
        Part(RATIO, ("upper", "middle", "lower"), ("value",), lambda *bands: ()),
    ),
    ("value",),
    bands_parameters,
)


@folded(WIDTH)
def bollinger_width(close: Any, period: int = 20, num_std: float = 2.0, ddof: int = 0) -> Any:
    """Width of the Bollinger bands over their middle: (upper - lower) / middle, a ratio.

    Parameters
    ----------
    close : array (time,) or (time, asset)
    period : int
        At least 1 + `ddof`.
    num_std : float
        Above 0.
    ddof : {0, 1}

    Returns
    -------
    array as given
        0.056 for a width of 5.6 %; NaN for the first `period` - 1 bars and where the mean is 0.

    Raises
    ------
    ParameterError

    Notes
    -----
    NaN: window.

    References
    ----------
    Bollinger (2001), Bollinger on Bollinger Bands, chapter 8.

    Examples
    --------
    >>> bollinger_width([1.0, 3.0], 2).tolist()
    [nan, 2.0]
    """
    return apply(WIDTH, (close,), bands_parameters(period, num_std, ddof))[0]


def bollinger_width_warmup(period: int = 20, num_std: float = 2.0, ddof: int = 0) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(bands_parameters(period, num_std, ddof)[0])
    return Warmup(bars, bars)


class KeltnerChannels(NamedTuple):
    """Bands around an exponential average."""

    upper: Any
    middle: Any
    lower: Any


def keltner_init(
    period: float, atr_period: float, multiplier: float, typical: float
) -> KeltnerState:
    """No bar yet."""
    return 0.0, 0.0, 0.0, 0.0, NAN


def keltner_step(
    state: KeltnerState, high: float, low: float, close: float, period: float, atr_period: float,
    multiplier: float, typical: float,
) -> tuple[KeltnerState, tuple[float, float, float]]:  # fmt: skip
    """One bar: an average of the price, and one of its range."""
    seen, mean, ranges, average, previous = state
    if (high - high) + (low - low) + (close - close) != 0.0:
        return state, (NAN, NAN, NAN)
    price = typical_price(high, low, close) if typical == 1.0 else close
    (seen, mean), middle = ema_step((seen, mean), price, period, 0.0)
    (ranges, average, previous), reach = atr_step(
        (ranges, average, previous), high, low, close, atr_period, 0.0
    )
    away = multiplier * reach
    return (seen, mean, ranges, average, previous), (middle + away, middle, middle - away)


def keltner_parameters(
    period: int = 20, atr_period: int = 10, multiplier: float = 2.0, source: str = "close"
) -> tuple[float, ...]:
    """Checked options as floats; the last is 1 for the typical price."""
    return (
        float(check_window(period, "period")),
        float(check_window(atr_period, "atr_period")),
        float(check_positive(multiplier, "multiplier")),
        float(check_choice(source, "source", SOURCES) == "typical"),
    )


KELTNER = Fold(HLC, keltner_init, keltner_step, keltner_parameters, outputs=KeltnerChannels)


@folded(KELTNER)
def keltner_channels(
    high: Any,
    low: Any,
    close: Any,
    period: int = 20,
    atr_period: int = 10,
    multiplier: float = 2.0,
    source: str = "close",
) -> Any:
    """Keltner channels, in the unit of the prices: EMA plus and minus average true ranges.

    Parameters
    ----------
    high, low, close : array (time,) or (time, asset)
    period, atr_period : int
        Of the average and of the range, at least 1.
    multiplier : float
        Average true ranges from the middle, above 0.
    source : {"close", "typical"}
        What is averaged; TA-Lib takes the typical price.

    Returns
    -------
    KeltnerChannels
        (upper, middle, lower), arrays as given; each begins where it is defined.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Keltner (1960), How to Make Money in Commodities, in the form of Raschke and Connors (1996),
    Street Smarts.

    Examples
    --------
    >>> found = keltner_channels([3.0, 4.0], [1.0, 2.0], [2.0, 3.0], 1, 1)
    >>> [float(x[1]) for x in found]
    [7.0, 3.0, -1.0]
    """
    parameters = keltner_parameters(period, atr_period, multiplier, source)
    return KeltnerChannels(*apply(KELTNER, (high, low, close), parameters))


def keltner_channels_warmup(
    period: int = 20, atr_period: int = 10, multiplier: float = 2.0, source: str = "close"
) -> Warmup:
    """Bars to the first band, and until both seeds weigh less than 1e-15."""
    bars, ranges, _, _ = keltner_parameters(period, atr_period, multiplier, source)
    first = int(max(bars, ranges + 1))
    return Warmup(first, first + max(fading(2.0 / (bars + 1.0)), fading(1.0 / ranges)))
