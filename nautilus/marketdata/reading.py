"""Prices from a file or a frame, wide or long, as one frame of time by symbol."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, LabelError, NotFoundError, TimeIndexError
from nautilus.core.frames import read_csv, time_frame

__all__ = ["MISSING", "column_roles", "is_unnamed", "no_such_column", "read_prices"]

_KNOWN = {
    "time": ("time", "date", "datetime", "timestamp", "day", "ts", "index"),
    "symbol": ("symbol", "ticker", "asset", "instrument", "sym"),
    "close": ("close", "last", "price", "settle"),
    "adjusted_close": ("adjusted_close", "adj close", "adj_close", "adjclose"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "volume": ("volume", "vol"),
    "vwap": ("vwap", "average", "wap"),
    "trade_count": ("trade_count", "trades", "barcount"),
}
# What an index without a name is called in a file that pandas wrote: its times, or row numbers.
_UNNAMED = ("", "unnamed: 0", "__index_level_0__")
MISSING = ("", "na", "nan", "null", "none", ".", "-")


def read_prices(
    path_or_frame: Any,
    *,
    columns: Mapping[str, str] | None = None,
    field: str = "close",
    timezone: str | None = None,
) -> Any:
    """One price per time and symbol, as a pandas frame sorted by time.

    Parameters
    ----------
    path_or_frame : path of a CSV or Parquet file, or a pandas or polars frame
        Long (time, symbol, open, high, ...), wide (time and one column per symbol), or the bars of
        one symbol (time, open, high, low, close): then the column is called like the file.
    columns : mapping, optional
        Our name -> theirs, for headers that are not recognised: {"time": "Datum", "close": "Kurs"}.
    field : str
        Which price of a long file or of bars: open, high, low, close, adjusted_close, volume.
    timezone : str, optional
        Zone of times that carry none ("America/New_York"); times that carry one are converted to
        it. By default naive times stay naive session labels.

    Returns
    -------
    DataFrame
        Empty cells are NaN; nothing is filled in.

    Raises
    ------
    LabelError
        A column that cannot be found; close names are given.
    TimeIndexError
        A time that is no ISO date, or one that appears twice.
    DataError, NotFoundError
        A cell that is no number; a file that does not exist or is of another kind.

    Examples
    --------
    >>> import pandas as pd
    >>> long = pd.DataFrame({"Date": ["2024-01-02", "2024-01-02"], "Ticker": ["A", "B"],
    ...                      "Close": [10.0, 20.0]})
    >>> read_prices(long).loc["2024-01-02"].tolist()
    [10.0, 20.0]
    """
    table, label = _table(path_or_frame)
    roles = column_roles(list(table), dict(columns or {}))
    time = _role(roles, "time", table)
    times, aware = _times(table[time])
    grid, times, symbols = _grid(table, roles, times, field, label)
    order = np.argsort(times, kind="stable")
    _no_doubles(times[order])
    frame = time_frame(times[order], dict(zip(symbols, grid[order].T, strict=True)))
    return _in_zone(frame, timezone, aware)


def _grid(
    table: Mapping[str, Sequence[Any]],
    roles: dict[str, str],
    times: NDArray[np.datetime64],
    field: str,
    label: str | None,
) -> tuple[NDArray[np.float64], NDArray[np.datetime64], tuple[str, ...]]:
    """Values (time, symbol) of a long table, of one symbol's bars or of a wide table."""
    if "symbol" in roles:
        names = [str(symbol) for symbol in table[roles["symbol"]]]
        return _pivot(times, names, _numbers(table[_role(roles, field, table)], field))
    if len(roles) > 1:
        values = _numbers(table[_role(roles, field, table)], field)
        return values[:, None], times, (label or field,)
    symbols = tuple(n for n in table if n != roles["time"] and not is_unnamed(n))
    if not symbols:
        raise DataError("the data has a time column and no prices.", field="path_or_frame")
    return np.column_stack([_numbers(table[s], s) for s in symbols]), times, symbols


def _table(data: Any) -> tuple[dict[str, Sequence[Any]], str | None]:
    """Columns by name, and what to call a single series."""
    label = None
    if isinstance(data, (str, Path)):
        path = Path(data)
        label = path.stem
        data = _file(path)
    if not hasattr(data, "columns"):
        raise DataError(
            f"`path_or_frame` must be a path or a frame, got {type(data).__name__}.",
            field="path_or_frame",
        )
    if hasattr(data, "index") and data.index.nlevels > 1:
        data = data.reset_index()
    elif hasattr(data, "index") and data.index.dtype.kind not in "iu":
        data = data.rename_axis(index=data.index.name or "time").reset_index()
    return {str(c): data[c].to_list() for c in data.columns}, label


def _file(path: Path) -> Any:
    if not path.is_file():
        raise NotFoundError(f"there is no file {str(path)!r}.", field="path_or_frame")
    suffix = path.suffixes[0].lower() if path.suffixes else ""
    if suffix in (".csv", ".txt", ".tsv"):
        return read_csv(path)
    if suffix in (".parquet", ".pq"):
        import polars

        return polars.read_parquet(path)
    raise DataError(
        f"{path.name!r} is neither CSV nor Parquet. Read it into a frame and pass that.",
        field="path_or_frame",
    )


def column_roles(found: list[str], wanted: dict[str, str]) -> dict[str, str]:
    """Our name -> theirs, for what is recognised in a header and what the caller mapped.

    Examples
    --------
    >>> column_roles(["Date", "Kurs"], {"close": "Kurs"})
    {'time': 'Date', 'close': 'Kurs'}
    """
    for ours, theirs in wanted.items():
        if ours not in _KNOWN:
            raise LabelError(
                f"`columns` maps {ours!r}, which is not a field."
                f"{_close(ours, list(_KNOWN))} Known are {', '.join(_KNOWN)}.",
                field="columns",
            )
        if theirs not in found:
            raise LabelError(
                f"`columns` maps {ours!r} to {theirs!r}, which is not in the data."
                f"{_close(theirs, found)} It has {', '.join(found)}.",
                field="columns",
            )
    plain = {c.strip().lower(): c for c in reversed(found)}
    guesses = {
        ours: next(plain[word] for word in words if word in plain)
        for ours, words in _KNOWN.items()
        if any(word in plain for word in words)
    }
    if "time" not in guesses and found and is_unnamed(found[0]):
        guesses["time"] = found[0]
    return {**guesses, **wanted}


def is_unnamed(column: str) -> bool:
    """Whether a column is the index of a frame that had no name for it."""
    return column.strip().lower() in _UNNAMED


def _role(roles: dict[str, str], name: str, table: Mapping[str, Any]) -> str:
    if name in roles:
        return roles[name]
    raise no_such_column(name, list(table))


def no_such_column(name: str, found: list[str]) -> LabelError:
    """The error of a column that is needed and not recognised."""
    return LabelError(
        f"no column for {name!r}.{_close(name, found)} The data has {', '.join(found)}."
        f" Pass columns={{{name!r}: '<its name>'}}.",
        field="columns",
    )


def _close(name: str, found: list[str]) -> str:
    lower = {c.lower(): c for c in found}
    near = difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)
    return f" Did you mean {', '.join(repr(lower[n]) for n in near)}?" if near else ""


def _numbers(cells: Sequence[Any], name: str) -> NDArray[np.float64]:
    return np.array([_number(cell, name, row) for row, cell in enumerate(cells)])


def _number(cell: Any, name: str, row: int) -> float:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING):
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"column {name!r} must hold numbers, got {cell!r} in row {row}.", field="path_or_frame"
        ) from error


def _times(cells: Sequence[Any]) -> tuple[NDArray[np.datetime64], bool]:
    """As datetime64[ns], in UTC where the cells carry a zone, and whether they do."""
    stamps = [_parsed(cell, row) for row, cell in enumerate(cells)]
    aware = {getattr(stamp, "tzinfo", None) is not None for stamp in stamps}
    if len(aware) > 1:
        raise TimeIndexError(
            "some times carry a zone and some do not. Write all alike.", field="path_or_frame"
        )
    if True in aware:
        stamps = [stamp.astimezone(dt.UTC).replace(tzinfo=None) for stamp in stamps]
    return np.array(stamps, dtype="datetime64[ns]"), True in aware


def _parsed(cell: Any, row: int) -> Any:
    try:
        stamp = dt.datetime.fromisoformat(cell.strip()) if isinstance(cell, str) else cell
    except ValueError as error:
        raise _no_time(cell, row) from error
    if not isinstance(stamp, (dt.date, np.datetime64)) or stamp != stamp:
        raise _no_time(cell, row)
    return stamp


def _no_time(cell: Any, row: int) -> TimeIndexError:
    return TimeIndexError(
        f"{cell!r} in row {row} is no ISO date such as 2024-01-31 or 2024-01-31T15:00:00Z."
        " Convert the column first: 01/02/2024 could be January or February.",
        field="path_or_frame",
    )


def _pivot(
    times: NDArray[np.datetime64], names: Sequence[str], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.datetime64], tuple[str, ...]]:
    symbols = tuple(dict.fromkeys(names))
    stamps, rows = np.unique(times, return_inverse=True)
    position = {symbol: i for i, symbol in enumerate(symbols)}
    cells = rows * len(symbols) + np.array([position[name] for name in names], dtype=np.intp)
    doubled = np.flatnonzero(np.bincount(cells, minlength=1) > 1)
    if len(doubled):
        row, column = divmod(int(doubled[0]), len(symbols))
        raise TimeIndexError(
            f"{symbols[column]} has more than one row at {stamps[row]}. Keep one.",
            field="path_or_frame",
        )
    grid = np.full(len(stamps) * len(symbols), math.nan)
    grid[cells] = values
    return grid.reshape(len(stamps), len(symbols)), stamps, symbols


def _no_doubles(times: NDArray[np.datetime64]) -> None:
    same = np.flatnonzero(times[1:] == times[:-1])
    if len(same):
        raise TimeIndexError(
            f"time {times[same[0]]} appears twice. Keep one row of each.", field="path_or_frame"
        )


def _in_zone(frame: Any, timezone: str | None, aware: bool) -> Any:
    if aware:
        return frame.tz_localize("UTC").tz_convert(timezone or "UTC")
    return frame.tz_localize(timezone) if timezone else frame
