"""The volume-weighted average price since an anchor, and over a window."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.errors import ParameterError, ShapeError
from nautilus.core.folds import Fold, Window, apply, folded
from nautilus.core.frames import Like, read
from nautilus.indicators.averages import one_period
from nautilus.indicators.flows import Pair, cash_merge, typical_price, worth_lift
from nautilus.indicators.warm_up import Warmup

__all__ = ["rolling_vwap", "session_numbers", "vwap"]

NAN = float("nan")
BARS = ("high", "low", "close", "volume")
ANCHORS = ("session", "start")
# Worth and volume since the anchor, and the session.
VwapState = tuple[float, float, float]


def vwap_init(whole: float) -> VwapState:
    """No bar yet."""
    return 0.0, 0.0, NAN


def vwap_step(
    state: VwapState, high: float, low: float, close: float, volume: float, session: float,
    whole: float,
) -> tuple[VwapState, float]:  # fmt: skip
    """One bar; a new session begins anew unless `whole` is 1."""
    worth, traded, current = state
    price = typical_price(high, low, close)
    if (price - price) + (volume - volume) + (session - session) != 0.0:
        return state, NAN
    if whole == 0.0 and session != current:
        worth, traded = 0.0, 0.0
    worth = worth + price * volume
    traded = traded + volume
    return (worth, traded, session), (worth / traded if traded != 0.0 else NAN)


def vwap_parameters(anchor: str = "session", zone: str = "America/New_York") -> tuple[float, ...]:
    """Checked options as floats: (1 for one anchor at the start,)."""
    _zone(zone)
    return (float(check_choice(anchor, "anchor", ANCHORS) == "start"),)


VWAP = Fold((*BARS, "session"), vwap_init, vwap_step, vwap_parameters)


@folded(VWAP)
def vwap(
    high: Any,
    low: Any,
    close: Any,
    volume: Any,
    session: Any = None,
    anchor: str = "session",
    zone: str = "America/New_York",
) -> Any:
    """Volume-weighted average of the typical price since the session began, in its unit.

    Parameters
    ----------
    high, low, close, volume : array (time,) or (time, asset)
    session : array (time,) or (time, asset), optional
        A number for each bar, another one for each session. By default the date on the clock of
        `zone` where the times carry a zone; without such times there is one session.
    anchor : {"session", "start"}
        Where it begins: with each session, or once.
    zone : str
        Clock of the exchange: a session of New York may end on another day in UTC.

    Returns
    -------
    array as given
        NaN until something was traded.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: skip. A bar that is NaN or infinite is no bar: its value is NaN and the next one continues.
    A stream takes the number of the session as its fifth value: see `session_numbers`.

    References
    ----------
    Berkowitz, Logue and Noser (1988), Journal of Finance 43(1), 97-112.

    Examples
    --------
    >>> price = [1.0, 3.0, 5.0]
    >>> vwap(price, price, price, [1.0, 1.0, 1.0], [1, 1, 2]).tolist()
    [1.0, 2.0, 5.0]
    """
    parameters = vwap_parameters(anchor, zone)
    numbers = _sessions(high, session, zone)
    return apply(VWAP, (high, low, close, volume, numbers), parameters)[0]


def vwap_warmup(anchor: str = "session", zone: str = "America/New_York") -> Warmup:
    """The first bar has a value; a session is forgotten when it ends, which may be any bar."""
    vwap_parameters(anchor, zone)
    return Warmup(1, None)


def session_numbers(times: NDArray[Any], zone: str = "America/New_York") -> NDArray[np.float64]:
    """Days since 1970 on the clock of a zone.

    Parameters
    ----------
    times : array (time,) of datetime64
        UTC.
    zone : str

    Returns
    -------
    array (time,)

    Examples
    --------
    >>> stamps = np.array(["2025-08-01T19:59", "2025-08-02T01:00"], dtype="M8[m]")
    >>> session_numbers(stamps).tolist()
    [20301.0, 20301.0]
    """
    hours = times.astype("datetime64[h]").astype(np.int64)
    known, places = np.unique(hours, return_inverse=True)
    clock = _zone(zone)
    # Clocks are moved on the hour, or at half past where they are half an hour apart.
    local = np.array([_seconds_east(hour * 3600, clock) for hour in known.tolist()], dtype=np.int64)
    seconds = times.astype("datetime64[s]").astype(np.int64) + local[places]
    days: NDArray[np.float64] = np.floor_divide(seconds, 86_400).astype(np.float64)
    return days


def _seconds_east(second: int, clock: ZoneInfo) -> int:
    from datetime import UTC, datetime

    offset = datetime.fromtimestamp(second, UTC).astimezone(clock).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError) as error:
        raise ParameterError(
            f"`zone` must be a time zone such as America/New_York, got {name!r}.", field="zone"
        ) from error


def _sessions(high: Any, session: Any, zone: str) -> NDArray[np.float64]:
    """One number per bar, in the shape of `high`."""
    values, like = read(high, "high")
    if session is None:
        numbers = _dates(like, zone)
    else:
        found, _ = read(session, "session")
        if found.shape[0] != like.size or found.shape[1] not in (1, values.shape[1]):
            raise ShapeError(
                f"`session` must have {like.size} rows like `high`, got shape {found.shape}.",
                field="session",
            )
        numbers = found if found.shape[1] > 1 else found[:, 0]
    if like.ndim == 1:
        return numbers.reshape(-1)
    return np.broadcast_to(numbers if numbers.ndim == 2 else numbers[:, None], values.shape)


def _dates(like: Like, zone: str) -> NDArray[np.float64]:
    if like.times is None or not like.aware:
        return np.zeros(like.size)
    return session_numbers(like.times, zone)


def rolling_finish(sums: Pair, period: float) -> float:
    """Worth over volume; NaN where nothing was traded."""
    return sums[0] / sums[1] if sums[1] != 0.0 else NAN


ROLLING = Window(BARS, worth_lift, cash_merge, rolling_finish, one_period)


@folded(ROLLING)
def rolling_vwap(high: Any, low: Any, close: Any, volume: Any, period: int = 20) -> Any:
    """Volume-weighted average of the typical price over the last `period` bars, in its unit.

    Parameters
    ----------
    high, low, close, volume : array (time,) or (time, asset)
    period : int
        At least 1.

    Returns
    -------
    array as given
        NaN for the first `period` - 1 bars and where nothing was traded.

    Raises
    ------
    ParameterError, ShapeError, LabelError, TimeIndexError

    Notes
    -----
    NaN: window.

    Examples
    --------
    >>> price = [1.0, 3.0, 5.0]
    >>> rolling_vwap(price, price, price, [1.0, 1.0, 3.0], 2).tolist()
    [nan, 2.0, 4.5]
    """
    return apply(ROLLING, (high, low, close, volume), one_period(period))[0]


def rolling_vwap_warmup(period: int = 20) -> Warmup:
    """A window remembers nothing beyond itself."""
    bars = int(one_period(period)[0])
    return Warmup(bars, bars)
