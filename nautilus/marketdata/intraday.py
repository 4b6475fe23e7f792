"""Minutes inside simulated days: a path through open, high, low and close, exactly.

Each day of a symbol has a random stream of its own, so a day's minutes depend on nothing but its
daily bar: neither on other symbols nor on the other days asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.market_model import PRICE_DECIMALS, World
from nautilus.marketdata.trading_days import new_york_opens

__all__ = ["POINTS", "DayPaths", "day_paths", "minute_bars", "total_bars"]

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

# A minute is four steps: five points, the last of which is the first of the next minute.
POINTS = 4
STEP_DEGREES = 5.0
LEAST_SHARES = 5
VOLUME_NOISE = 0.5


@dataclass(frozen=True, slots=True)
class DayPaths:
    """Days of the same length.

    Parameters
    ----------
    rows : array (day,)
        Which of the daily bars they are.
    opens : array (day,) of datetime64[s]
        UTC.
    prices : array (day, 4 * minutes + 1)
    shares : array (day, minute)
        Whole numbers that sum to the day's volume.
    """

    rows: NDArray[np.int64]
    opens: Days
    prices: Floats
    shares: Floats

    @property
    def minutes(self) -> int:
        """Minutes of each day."""
        return int(self.shares.shape[1])


def day_paths(name: str, world: World, days: Days, daily: Mapping[str, Floats]) -> list[DayPaths]:
    """The inside of some daily bars; full and half days apart.

    Parameters
    ----------
    name : str
        Whose random streams are used.
    world : World
    days : array (day,) of datetime64[D]
    daily : mapping of field -> array (day,)

    Notes
    -----
    Student-t(5) steps, larger in the first and last half hour, as a bridge from open to close;
    what lies above the higher of both is stretched to reach the high, what lies below the lower one
    the low.
    """
    opens, minutes = new_york_opens(days)
    found = []
    for length in np.unique(minutes).tolist():
        rows = np.flatnonzero(minutes == length)
        of_rows = {field: values[rows] for field, values in daily.items()}
        steps, noise = _draws(name, world, days[rows], length)
        prices = _through(of_rows, _bridge(steps, length))
        shares = _shares(of_rows["volume"], prices, noise)
        found.append(DayPaths(rows, opens[rows], prices, shares))
    return found


def _draws(name: str, world: World, days: Days, minutes: int) -> tuple[Floats, Floats]:
    steps = np.empty((len(days), minutes * POINTS))
    noise = np.empty((len(days), minutes))
    for row, day in enumerate(days.astype("M8[D]").astype(str).tolist()):
        generator = world.generator(name, f"minutes/{day}")
        steps[row] = generator.standard_t(STEP_DEGREES, minutes * POINTS)
        noise[row] = generator.standard_normal(minutes)
    return steps, noise


def activity(minutes: int) -> Floats:
    """How much is going on in each minute of a day: much at both ends, most at the open.

    Examples
    --------
    >>> shape = activity(390)
    >>> bool(shape[0] > shape[-1] > shape[195])
    True
    """
    x = (np.arange(minutes, dtype=np.float64) + 0.5) / minutes
    shape: Floats = 1.0 + 1.6 * np.power(2.0 * x - 1.0, 4) + 0.6 * np.exp(-x / 0.05)
    return shape


def _bridge(steps: Floats, minutes: int) -> tuple[Floats, Floats]:
    """(paths from 0 to 0, share of the day's variance that has passed) at each point."""
    scale = np.repeat(activity(minutes), POINTS)
    passed = np.concatenate([[0.0], np.cumsum(scale * scale)])
    passed /= passed[-1]
    walk = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps * scale, axis=1)], axis=1)
    return walk - passed * walk[:, -1:], passed


def _through(daily: Mapping[str, Floats], bridge: tuple[Floats, Floats]) -> Floats:
    """Prices along each bridge that meet open, high, low and close to the last digit."""
    walks, passed = bridge
    logs = {f: np.log(daily[f])[:, None] for f in ("open", "high", "low", "close")}
    move, width = logs["close"] - logs["open"], logs["high"] - logs["low"]
    span = walks.max(axis=1, keepdims=True) - walks.min(axis=1, keepdims=True)
    scale = np.maximum(width - 0.5 * np.abs(move), 0.25 * width) / np.maximum(span, 1e-300)
    path = logs["open"] + move * passed + scale * walks
    upper, lower = np.maximum(logs["open"], logs["close"]), np.minimum(logs["open"], logs["close"])
    path = _stretched(path, upper, logs["high"])
    path = -_stretched(-path, -lower, -logs["low"])
    rounded = np.round(np.exp(path), PRICE_DECIMALS)
    prices: Floats = np.clip(rounded, daily["low"][:, None], daily["high"][:, None])
    rows, inside = np.arange(len(prices)), prices[:, 1:-1]
    top, bottom = 1 + inside.argmax(axis=1), 1 + inside.argmin(axis=1)
    prices[rows, top], prices[rows, bottom] = daily["high"], daily["low"]
    prices[:, 0], prices[:, -1] = daily["open"], daily["close"]
    return prices


def _stretched(path: Floats, edge: Floats, limit: Floats) -> Floats:
    """What lies above `edge`, moved so that its highest point lies at `limit`."""
    above = path - edge
    most = above.max(axis=1, keepdims=True)
    factor = np.where(most > 0.0, (limit - edge) / np.where(most > 0.0, most, 1.0), 0.0)
    stretched: Floats = np.where(above > 0.0, edge + above * factor, path)
    return stretched


def _shares(volume: Floats, prices: Floats, noise: Floats) -> Floats:
    """Whole shares of each minute: more where more is going on and where the price moves."""
    minutes = noise.shape[1]
    ends = prices[:, ::POINTS]
    moves = np.abs(np.diff(np.log(ends), axis=1))
    typical = np.maximum(moves.mean(axis=1, keepdims=True), 1e-12)
    weights = activity(minutes) * (0.5 + moves / typical) * np.exp(VOLUME_NOISE * noise)
    # Every minute has some, so that its prices can be those of trades.
    least = np.minimum(LEAST_SHARES, np.floor(volume / minutes))[:, None]
    passed = np.cumsum(weights, axis=1)
    rest = volume[:, None] - least * minutes
    sums = np.floor(rest * (passed / passed[:, -1:]) + 0.5)
    sums[:, -1] = rest[:, 0]
    shares: Floats = np.diff(sums, axis=1, prepend=0.0) + least
    return shares


def minute_bars(paths: DayPaths, step: int) -> tuple[Days, dict[str, Floats]]:
    """Starts (day, bar) in UTC and fields (day, bar) of bars of `step` minutes from the open."""
    inner = paths.prices[:, :-1].reshape(len(paths.prices), paths.minutes, POINTS)
    ends = paths.prices[:, POINTS::POINTS]
    highs = np.maximum(inner.max(axis=2), ends)
    lows = np.minimum(inner.min(axis=2), ends)
    first = np.arange(0, paths.minutes, step)
    last = np.minimum(first + step, paths.minutes) - 1
    typical = (inner.sum(axis=2) + ends) / (POINTS + 1)
    volume = np.add.reduceat(paths.shares, first, axis=1)
    high, low = np.maximum.reduceat(highs, first, axis=1), np.minimum.reduceat(lows, first, axis=1)
    traded = np.add.reduceat(typical * paths.shares, first, axis=1)
    empty = volume == 0.0
    vwap = np.where(empty, 0.5 * (high + low), traded / np.where(empty, 1.0, volume))
    starts = paths.opens[:, None] + (first * 60).astype("m8[s]")
    return starts, {
        "open": paths.prices[:, first * POINTS],
        "high": high,
        "low": low,
        "close": ends[:, last],
        "volume": volume,
        "vwap": np.clip(vwap, low, high),
    }


def total_bars(
    days: Days, daily: Mapping[str, Floats], unit: str
) -> tuple[Days, dict[str, Floats]]:
    """Weeks from Monday ("W") or months ("M") of days, labelled by the last day in each."""
    if unit == "W":
        number = days.astype("M8[D]").astype(np.int64)
        bucket = number - (number + 3) % 7
    else:
        bucket = days.astype("M8[M]").astype(np.int64)
    first = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
    last = np.append(first[1:], len(days)) - 1
    return days[last], {
        "open": daily["open"][first],
        "high": np.maximum.reduceat(daily["high"], first),
        "low": np.minimum.reduceat(daily["low"], first),
        "close": daily["close"][last],
        "volume": np.add.reduceat(daily["volume"], first),
    }
