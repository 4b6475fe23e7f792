"""The columns of a bar frame as arrays: polars with `timestamp`, or pandas by time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, LabelError, TimeIndexError

__all__ = [
    "Actions",
    "BarColumns",
    "Floats",
    "Times",
    "numbers",
    "read_actions",
    "read_bars",
    "stamps",
]

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

_NUMBERS = ("open", "high", "low", "close", "volume", "vwap", "adjusted_close")


@dataclass(frozen=True, slots=True, eq=False)
class BarColumns:
    """Bars of one symbol; a missing number is NaN, a missing column None.

    Parameters
    ----------
    times : array of datetime64[us]
        UTC, start of the bar.
    open, high, low, close : array (bar,)
        All the close where a frame has only closes; a column without any number is none.
    volume, vwap, adjusted_close : array (bar,) or None
    knowledge : array of datetime64[us] or None
        When each bar could be known.
    """

    times: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None = None
    vwap: Floats | None = None
    adjusted_close: Floats | None = None
    knowledge: Times | None = None
    symbol: str = ""
    source: str = ""

    def __len__(self) -> int:
        return len(self.times)

    @property
    def prices(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Open, high, low, close."""
        return self.open, self.high, self.low, self.close

    def take(self, rows: NDArray[Any]) -> BarColumns:
        """The bars at these rows."""
        taken = {
            f.name: value[rows] if isinstance(value := getattr(self, f.name), np.ndarray) else value
            for f in fields(self)
        }
        return BarColumns(**taken)

    def in_order(self) -> BarColumns:
        """By time, the first of those that share one."""
        if len(self) < 2 or bool((self.times[1:] > self.times[:-1]).all()):
            return self
        return self.take(np.unique(self.times, return_index=True)[1])


def read_bars(bars: Any, name: str) -> BarColumns:
    """Bars of one symbol in the order given.

    Raises
    ------
    LabelError
        No `close`, or several symbols.
    TimeIndexError
        No times, or a polars `timestamp` without a zone.
    DataError
        A column that holds no numbers.
    """
    columns = [str(c) for c in getattr(bars, "columns", ())]
    if "close" not in columns:
        raise LabelError(
            f"`{name}` must be a frame of bars with a column `close`,"
            f" got {', '.join(columns) or type(bars).__name__}.",
            field=name,
        )
    read = {c: numbers(bars[c], c, name) for c in _NUMBERS if c in columns}
    # The tables of a store have columns that their source never fills.
    read = {c: values for c, values in read.items() if c == "close" or not np.isnan(values).all()}
    close = read["close"]
    for column in ("open", "high", "low"):
        read.setdefault(column, close)
    return BarColumns(
        times=_times(bars, columns, name),
        knowledge=stamps(bars["knowledge_ts"], name) if "knowledge_ts" in columns else None,
        symbol=_only(bars, "symbol", columns, name),
        source=_only(bars, "source", columns, name),
        **read,
    )


def numbers(column: Any, label: str, name: str) -> Floats:
    """A column as floats; what is missing is NaN."""
    try:
        return np.asarray(column.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"`{name}` column `{label}` holds no numbers.", field=name) from error


def _times(bars: Any, columns: list[str], name: str) -> Times:
    if "timestamp" in columns:
        return stamps(bars["timestamp"], name)
    index: Any = getattr(bars, "index", None)
    if getattr(index, "dtype", None) is None or not hasattr(index, "tz"):
        raise TimeIndexError(
            f"`{name}` must have a column `timestamp`, or be a pandas frame by time.", field=name
        )
    plain = index.tz_convert(None) if index.tz is not None else index
    return np.asarray(plain.to_numpy().astype("datetime64[us]"))


def stamps(column: Any, name: str) -> Times:
    """A column of aware times as datetime64[us] in UTC."""
    zone = getattr(column.dtype, "time_zone", "UTC")
    if zone != "UTC":
        raise TimeIndexError(
            f"`{name}` must have times in UTC, got zone {zone}. Convert them: dt.convert_time_zone"
            " where they carry a zone, dt.replace_time_zone where they carry none.",
            field=name,
        )
    if getattr(column.dtype, "tz", None) is not None:  # pandas: any zone is an instant
        column = column.dt.tz_convert(None)
    return np.asarray(column.to_numpy().astype("datetime64[us]"))


def _only(bars: Any, label: str, columns: list[str], name: str) -> str:
    if label not in columns or not len(bars):
        return ""
    found = [str(x) for x in bars[label].unique() if x is not None]
    if len(found) > 1 and label == "symbol":
        raise LabelError(
            f"`{name}` must be bars of one symbol, got {len(found)}"
            f" ({', '.join(sorted(found)[:5])}). Report them one by one.",
            field=name,
        )
    return "+".join(sorted(found))


@dataclass(frozen=True, slots=True, eq=False)
class Actions:
    """Splits and dividends by ex-date: ratios new for old, and cash per share."""

    split_days: Times
    split_ratios: Floats
    dividend_days: Times
    dividends: Floats

    def dividends_on(self, days: Times) -> Floats:
        """Cash per share on each of `days`, which are sorted; a missing ex-date is left out."""
        paid = np.zeros(len(days))
        rows = np.searchsorted(days, self.dividend_days)
        inside = rows < len(days)
        inside[inside] = days[rows[inside]] == self.dividend_days[inside]
        np.add.at(paid, rows[inside], self.dividends[inside])
        return paid


def read_actions(actions: Any, symbol: str) -> Actions:
    """Corporate actions of one symbol from a frame `timestamp, kind, value` (`symbol` optional)."""
    if actions is None:
        none, days = np.empty(0), np.empty(0, dtype="datetime64[D]")
        return Actions(days, none, days, none)
    columns = [str(c) for c in getattr(actions, "columns", ())]
    missing = [c for c in ("timestamp", "kind", "value") if c not in columns]
    if missing:
        raise LabelError(
            f"`actions` must have columns timestamp, kind, value; {', '.join(missing)} missing.",
            field="actions",
        )
    days = stamps(actions["timestamp"], "actions").astype("datetime64[D]")
    kinds = np.asarray(actions["kind"].to_list(), dtype=object)
    values = numbers(actions["value"], "value", "actions")
    ours = np.ones(len(days), dtype=bool)
    if "symbol" in columns and symbol:
        ours = np.asarray(actions["symbol"].to_list(), dtype=object) == symbol
    splits, paid = ours & (kinds == "split"), ours & (kinds == "dividend")
    return Actions(days[splits], values[splits], days[paid], values[paid])
