"""Trend indicators that follow highs and lows: parabolic SAR, Ichimoku."""

from __future__ import annotations

from typing import Any, NamedTuple

from nautilus.core.checks import check_finite, check_window
from nautilus.core.errors import ParameterError
from nautilus.core.folds import Composed, Fold, Part, Window, apply, folded
from nautilus.indicators.averages import finite, one_period
from nautilus.indicators.ranges import larger, smaller
from nautilus.indicators.warm_up import Warmup

__all__ = ["Ichimoku", "ParabolicSar", "ichimoku", "parabolic_sar"]

NAN = float("nan")
HL = ("high", "low")
# Bars seen, 1 for long and -1 for short, SAR of the next bar, extreme, acceleration, last high
# and low.
SarState = tuple[float, float, float, float, float, float, float]


class ParabolicSar(NamedTuple):
    """Where to stop and reverse, and which way one is: 1 long, -1 short."""

    sar: Any
    direction: Any


def sar_init(acceleration: float, maximum: float) -> SarState:
    """No bar yet."""
    return 0.0, 0.0, NAN, NAN, 0.0, NAN, NAN


def sar_step(
    state: SarState, high: float, low: float, acceleration: float, maximum: float
) -> tuple[SarState, tuple[float, float]]:
    """One bar; a short position is a long one in the mirror."""
    seen, side, sar, extreme, factor, last_high, last_low = state
    if (high - high) + (low - low) != 0.0:
        return state, (NAN, NAN)
    if seen == 0.0:
        return (1.0, 0.0, NAN, NAN, 0.0, high, low), (NAN, NAN)
    if seen == 1.0:
        down, up = last_low - low, high - last_high
        side = -1.0 if down > 0.0 and up < down else 1.0
        sar, extreme = (last_low, high) if side > 0.0 else (last_high, low)
        factor = acceleration
        last_high, last_low = high, low
    if side > 0.0:
        near, far, last_near = low, high, last_low
    else:
        near, far, last_near = -high, -low, -last_high
    # In the mirror prices are negative, and a position is always long.
    stop, best = side * sar, side * extreme
    last_far = last_high if side > 0.0 else -last_low
    if near <= stop:
        shown = larger(larger(best, last_far), far)
        factor, best = acceleration, near
        stop = larger(larger(shown + factor * (best - shown), last_far), far)
        value, turned = side * shown, -side
    else:
        value, turned = side * stop, side
        if far > best:
            best = far
            factor = smaller(factor + acceleration, maximum)
        stop = smaller(smaller(stop + factor * (best - stop), last_near), near)
    return (2.0, turned, side * stop, side * best, factor, high, low), (value, turned)


def sar_parameters(acceleration: float = 0.02, maximum: float = 0.2) -> tuple[float, ...]:
    """Checked options as floats; TA-Lib lowers the step to the maximum too."""
    step, most = check_finite(acceleration, "acceleration"), check_finite(maximum, "maximum")
    if not 0.0 < step <= most:
        raise ParameterError(
            f"`acceleration` must be above 0 and at most `maximum`, got {acceleration} and"
            f" {maximum}.",
            field="acceleration",
        )
    return float(step), float(most)


SAR = Fold(HL, sar_init, sar_step, sar_parameters, outputs=ParabolicSar)


@folded(SAR)
def parabolic_sar(high: Any, low: Any, acceleration: float = 0.02, maximum: float = 0.2) -> Any:
    """Parabolic stop and reverse, in the unit of the prices.

    The stop moves towards the extreme of the position by a factor that grows by `acceleration` with
    each new extreme, up to `maximum`, and never into the last two bars. A bar that touches it turns
    the position.

    Parameters
    ----------
    high, low : array (time,) or (time, asset)
    acceleration, maximum : float
        0 < acceleration <= maximum.

    Returns
    -------
    ParabolicSar
        (sar, direction), arrays as given; NaN for the first bar. Begins long, unless the second bar
        goes further down than up, as TA-Lib does.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems, section II.

    Examples
    --------
    >>> found = parabolic_sar([2.0, 3.0, 4.0, 4.0], [1.0, 2.0, 3.0, 0.5])
    >>> [round(float(x), 4) for x in found.sar], found.direction.tolist()[1:]
    ([nan, 1.0, 1.04, 4.0], [1.0, 1.0, -1.0])
    """
    parameters = sar_parameters(acceleration, maximum)
    return ParabolicSar(*apply(SAR, (high, low), parameters))


def parabolic_sar_warmup(acceleration: float = 0.02, maximum: float = 0.2) -> Warmup:
    """The second bar has a value; when the beginning is forgotten, only the prices can tell."""
    sar_parameters(acceleration, maximum)
    return Warmup(2, None)


class Ichimoku(NamedTuple):
    """Lines of this bar, and the cloud that was drawn ahead to this bar."""

    tenkan: Any
    kijun: Any
    senkou_a: Any
    senkou_b: Any
    cloud_a: Any
    cloud_b: Any


def channel_lift(high: float, low: float, period: float) -> tuple[float, float]:
    """One bar."""
    return finite(high), finite(low)


def channel_merge(earlier: tuple[float, float], later: tuple[float, float]) -> tuple[float, float]:
    """Highest and lowest of two neighbouring stretches."""
    return larger(earlier[0], later[0]), smaller(earlier[1], later[1])


def channel_finish(found: tuple[float, float], period: float) -> float:
    """Half way between the highest and the lowest."""
    return 0.5 * (found[0] + found[1])


def delay_lift(a: float, b: float, bars: float) -> tuple[float, float]:
    """One bar."""
    return a, b


def delay_merge(earlier: tuple[float, float], later: tuple[float, float]) -> tuple[float, float]:
    """The first of two neighbouring stretches."""
    return earlier


class Cloud(NamedTuple):
    """What was drawn ahead to this bar."""

    cloud_a: Any
    cloud_b: Any


def delay_finish(found: tuple[float, float], bars: float) -> tuple[float, float]:
    """The first bar of a whole window."""
    return found


def lead_init() -> tuple[float]:
    """Nothing is remembered."""
    return (0.0,)


def lead_step(state: tuple[float], tenkan: float, kijun: float) -> tuple[tuple[float], float]:
    """Half way between the two lines."""
    return state, 0.5 * (tenkan + kijun)


def ichimoku_parameters(
    conversion: int = 9, base: int = 26, span: int = 52, displacement: int = 26
) -> tuple[float, ...]:
    """Checked options as floats; the displacement as the bars read, itself and those before."""
    return (
        float(check_window(conversion, "conversion")),
        float(check_window(base, "base")),
        float(check_window(span, "span")),
        check_window(displacement, "displacement") + 1.0,
    )


CHANNEL = Window(HL, channel_lift, channel_merge, channel_finish, one_period)
LEAD = Fold(("tenkan", "kijun"), lead_init, lead_step, tuple)
SENKOU = ("senkou_a", "senkou_b")
DELAY = Window(SENKOU, delay_lift, delay_merge, delay_finish, one_period, outputs=Cloud)
ICHIMOKU = Composed(
    HL,
    (
        Part(CHANNEL, HL, ("tenkan",), lambda conversion, base, span, bars: (conversion,)),
        Part(CHANNEL, HL, ("kijun",), lambda conversion, base, span, bars: (base,)),
        Part(LEAD, ("tenkan", "kijun"), ("senkou_a",), lambda conversion, base, span, bars: ()),
        Part(CHANNEL, HL, ("senkou_b",), lambda conversion, base, span, bars: (span,)),
        Part(DELAY, SENKOU, ("cloud_a", "cloud_b"), lambda conversion, base, span, bars: (bars,)),
    ),
    Ichimoku._fields,
    ichimoku_parameters,
    Ichimoku,
)


@folded(ICHIMOKU)
def ichimoku(
    high: Any,
    low: Any,
    conversion: int = 9,
    base: int = 26,
    span: int = 52,
    displacement: int = 26,
) -> Any:
    """Ichimoku lines, in the unit of the prices, none of them from the future.

    tenkan and kijun are half way between highest high and lowest low of `conversion` and `base`
    bars, senkou_a half way between both, senkou_b that of `span` bars. The cloud is what was drawn
    `displacement` bars ago for this bar. There is no lagging span: it would be the future.

    Parameters
    ----------
    high, low : array (time,) or (time, asset)
    conversion, base, span, displacement : int
        Bars, at least 1.

    Returns
    -------
    Ichimoku
        (tenkan, kijun, senkou_a, senkou_b, cloud_a, cloud_b), arrays as given; each begins where it
        is defined.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window. Charts draw senkou ahead: senkou_a at bar t is drawn at t + displacement, where it
    is cloud_a.

    References
    ----------
    Hosoda (1969), Ichimoku Kinko Hyo; Patel (2010), Trading with Ichimoku Clouds.

    Examples
    --------
    >>> found = ichimoku([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], 1, 2, 2, 1)
    >>> found.tenkan.tolist(), found.kijun.tolist(), found.cloud_b.tolist()
    ([1.5, 3.0, 4.5], [nan, 2.5, 4.0], [nan, nan, 2.5])
    """
    parameters = ichimoku_parameters(conversion, base, span, displacement)
    return Ichimoku(*apply(ICHIMOKU, (high, low), parameters))


def ichimoku_warmup(
    conversion: int = 9, base: int = 26, span: int = 52, displacement: int = 26
) -> Warmup:
    """Windows remember nothing beyond themselves; the cloud is the last to begin."""
    quick, steady, longest, ahead = ichimoku_parameters(conversion, base, span, displacement)
    bars = int(max(quick, steady, longest) + ahead) - 1
    return Warmup(bars, bars)
