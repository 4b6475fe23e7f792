"""Bars: one record, resampling to longer ones, adjustment for splits and dividends."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.errors import DataError, LabelError, TimeIndexError
from nautilus.core.frames import cross_section, read

__all__ = ["REINVEST_AT", "Bar", "adjust_prices", "adjustment_factors", "resample_bars"]

_TIMEFRAMES = {
    "1m": (1, "m"),
    "5m": (5, "m"),
    "15m": (15, "m"),
    "30m": (30, "m"),
    "1h": (1, "h"),
    "4h": (4, "h"),
    "1d": (1, "D"),
    "1w": (1, "W"),
    "1M": (1, "M"),
}
_REDUCERS = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Open, high, low, close and volume of one symbol over one interval.

    Parameters
    ----------
    timestamp : datetime
        Start of the interval, or the session label of a daily bar.
    symbol : str
    open, high, low, close : float
        low <= min(open, close) <= max(open, close) <= high.
    volume : float
        Shares; NaN when unknown.
    source : str
        Who says so; "simulated" for the simulated market.

    Raises
    ------
    DataError
        The prices contradict each other.

    Examples
    --------
    >>> Bar(timestamp=dt.datetime(2024, 1, 2), symbol="A", open=9.0, high=11.0, low=8.0,
    ...     close=10.0, volume=100.0, source="example").close
    10.0
    """

    timestamp: dt.datetime
    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float = math.nan
    source: str = "unknown"

    def __post_init__(self) -> None:
        inside = self.low <= min(self.open, self.close) and self.high >= max(self.open, self.close)
        if not inside:
            raise DataError(
                f"bar of {self.symbol} at {self.timestamp}: open {self.open} and close"
                f" {self.close} must lie in low {self.low}..high {self.high}.",
                field="high",
            )


def resample_bars(bars: Any, *, timeframe: str) -> Any:
    """Longer bars of one symbol: first open, highest high, lowest low, last close, summed volume.

    Parameters
    ----------
    bars : pandas frame by time with any of open, high, low, close, volume
    timeframe : {"1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"}
        Boundaries are those of the index's own clock; weeks run from Monday.

    Returns
    -------
    DataFrame
        Labelled by the start of the interval up to a day, and by the last bar inside it for weeks
        and months. Intervals without a bar do not appear. NaN cells are left out (omit).

    Raises
    ------
    ParameterError, LabelError, TimeIndexError

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2024-01-02 09:30", periods=4, freq="30min")
    >>> bars = pd.DataFrame({"high": [1.0, 3.0, 2.0, 5.0], "volume": 10.0}, index=times)
    >>> resample_bars(bars, timeframe="1h").values.tolist()
    [[1.0, 10.0], [3.0, 20.0], [5.0, 10.0]]
    """
    step, unit = _TIMEFRAMES[check_choice(timeframe, "timeframe", _TIMEFRAMES)]
    read(bars, "bars")
    if not hasattr(bars, "columns") or getattr(getattr(bars, "index", None), "dtype", None) is None:
        raise TimeIndexError("`bars` must be a pandas frame by time.", field="bars")
    unknown = [str(c) for c in bars.columns if c not in _REDUCERS]
    if unknown:
        raise LabelError(
            f"`bars` has columns {', '.join(unknown)}; only {', '.join(_REDUCERS)} can be merged.",
            field="bars",
        )
    clock = bars.index.tz_localize(None) if bars.index.tz is not None else bars.index
    buckets = _floor(clock.to_numpy(), step, unit)
    merged = bars.groupby(buckets).agg({c: _REDUCERS[str(c)] for c in bars.columns})
    ends = np.flatnonzero(np.append(buckets[1:] != buckets[:-1], len(buckets) > 0))
    if unit in "WM":
        return merged.set_axis(bars.index[ends], axis=0)
    return merged.tz_localize(bars.index.tz) if bars.index.tz is not None else merged


def _floor(times: NDArray[Any], step: int, unit: str) -> NDArray[Any]:
    if unit == "W":
        days = times.astype("datetime64[D]").astype(np.int64)
        return (days - (days + 3) % 7).astype("datetime64[D]").astype("datetime64[ns]")
    units = times.astype(f"datetime64[{unit}]").astype(np.int64)
    return (units - units % step).astype(f"datetime64[{unit}]").astype("datetime64[ns]")


def adjust_prices(
    prices: Any,
    *,
    splits: Any = None,
    dividends: Any = None,
    reinvest_at: str = "previous_close",
) -> Any:
    """Closes adjusted backward: returns across an ex-date are those of a holder who reinvests.

    Each price before an ex-date is multiplied by 1 / ratio for a split of `ratio` new shares for
    one, and for a dividend by 1 - dividend / last close before the ex-date: it is reinvested at
    that close less the dividend. Reinvested at the close of the ex-date itself, which is what a
    book earns that buys then, the factor is close / (close + dividend).

    Parameters
    ----------
    prices : pandas Series
        As traded, of one symbol, in time order.
    splits, dividends : mapping of date -> ratio, or -> amount per share, optional
        By ex-date, which must be a time of `prices`. A dividend on the day of a split is per new
        share.
    reinvest_at : {"previous_close", "ex_date_close"}
        Yahoo and CRSP use the first, Quandl's WIKI prices the second.

    Returns
    -------
    Series
        The last price is unchanged. NaN stays NaN.

    Raises
    ------
    LabelError
        An ex-date without a price.
    DataError
        A ratio that is not positive, or a dividend as large as the price before it.
    ParameterError

    References
    ----------
    CRSP, Data Descriptions Guide, "cumulative factor to adjust price".

    Examples
    --------
    >>> import pandas as pd
    >>> prices = pd.Series([100.0, 52.0], index=pd.to_datetime(["2024-06-07", "2024-06-10"]))
    >>> adjust_prices(prices, splits={"2024-06-10": 2.0}).tolist()
    [50.0, 52.0]
    """
    values, like = read(prices, "prices", ndim=1)
    if like.times is None:
        raise TimeIndexError("`prices` must be a Series by time.", field="prices")
    price, _ = adjustment_factors(
        values[:, 0],
        splits=_events(splits, "splits", like.times),
        dividends=_events(dividends, "dividends", like.times),
        reinvest_at=reinvest_at,
    )
    return like.series(values[:, 0] * price)


REINVEST_AT = ("previous_close", "ex_date_close")


def adjustment_factors(
    closes: NDArray[np.float64],
    *,
    splits: Sequence[tuple[int, float]] = (),
    dividends: Sequence[tuple[int, float]] = (),
    reinvest_at: str = "previous_close",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each price as traded, and each number of shares, is multiplied by.

    Parameters
    ----------
    closes : array (time,)
        As traded.
    splits, dividends : sequence of (row, ratio) and of (row, amount per share)
        By the first row that trades without it.
    reinvest_at : {"previous_close", "ex_date_close"}
        As for `adjust_prices`.

    Returns
    -------
    tuple of array (time,)
        Of prices: splits and dividends. Of shares: splits alone.

    Raises
    ------
    DataError
        A ratio that is not positive, or a dividend as large as the price before it.
    ParameterError

    Examples
    --------
    >>> price, shares = adjustment_factors(np.array([100.0, 52.0]), splits=[(1, 2.0)])
    >>> price.tolist(), shares.tolist()
    ([0.5, 1.0], [2.0, 1.0])
    """
    check_choice(reinvest_at, "reinvest_at", REINVEST_AT)
    factors, ratios = np.ones(len(closes)), np.ones(len(closes))
    for row, ratio in splits:
        if not ratio > 0:
            raise DataError(f"a split ratio must be above 0, got {ratio}.", field="splits")
        factors[row] /= ratio
        ratios[row] *= ratio
    for row, amount in _summed(dividends):
        before = _last_close(closes[:row]) / ratios[row]
        if not 0 <= amount < before:
            raise DataError(
                f"dividend {amount} at row {row} must be below the close before it, {before:g}.",
                field="dividends",
            )
        at_close = reinvest_at == "ex_date_close" and np.isfinite(closes[row])
        kept = closes[row] / (closes[row] + amount) if at_close else 1.0 - amount / before
        factors[row] *= kept
    return _of_later_rows(factors), _of_later_rows(ratios)


def _summed(dividends: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """One amount for each ex-date: two dividends of a day are one."""
    amounts: dict[int, float] = {}
    for row, amount in dividends:
        amounts[row] = amounts.get(row, 0.0) + amount
    return list(amounts.items())


def _of_later_rows(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """A factor at an ex-date acts on all earlier rows only."""
    return np.append(np.cumprod(factors[::-1])[::-1][1:], 1.0)


def _events(events: Any, name: str, times: NDArray[Any]) -> list[tuple[int, float]]:
    if events is None:
        return []
    amounts, dates = cross_section(events, name)
    rows = {str(np.datetime64(t, "D")): i for i, t in enumerate(times)}
    missing = [str(d) for d in dates if _day_of(d) not in rows]
    if missing:
        raise LabelError(
            f"`{name}` has ex-dates without a price: {', '.join(missing)}.", field=name
        )
    return [(rows[_day_of(d)], float(a)) for d, a in zip(dates, amounts, strict=True)]


def _day_of(date: Any) -> str:
    return str(date)[:10]


def _last_close(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else math.nan
