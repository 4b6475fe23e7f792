"""Long frames: rows of many series one under the other, pandas or polars."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, LabelError, TimeIndexError
from nautilus.core.frames.kinds import kind_of, listed
from nautilus.core.frames.reading import pandas_values

__all__ = ["LongFrame", "read_long"]

Floats = NDArray[np.float64]
_TIMES = ("timestamp", "time", "date", "datetime")


@dataclass(frozen=True, slots=True, eq=False)
class LongFrame:
    """A frame of rows, and where each of its series lies.

    Parameters
    ----------
    frame : DataFrame
    kind : {"pandas", "polars"}
    times : array (row,) of datetime64[ns] or None
        UTC where `aware`.
    aware : bool
    time_column : str or None
        None where the times are the index, or there are none.
    by : str or None
    order : array (row,) or None
        Rows series after series; None where they lie like that already.
    offsets : array (series + 1,)
        Where each series begins in that order.
    labels : tuple
        Of the series.
    """

    frame: Any
    kind: str
    times: NDArray[Any] | None
    aware: bool
    time_column: str | None
    by: str | None
    order: NDArray[np.int64] | None
    offsets: NDArray[np.int64]
    labels: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.frame)

    def numbers(self, name: str) -> Floats:
        """A column in order, contiguous and writable."""
        values = _numbers(self.frame[name], name, self.kind)
        taken = values if self.order is None else values[self.order]
        return np.require(taken, dtype=np.float64, requirements=["C", "W"])

    def ordered_times(self) -> NDArray[Any] | None:
        """Times in order."""
        if self.times is None or self.order is None:
            return self.times
        return self.times[self.order]

    def row(self, place: int) -> str:
        """What to call the row at a place of the order."""
        at = place if self.order is None else int(self.order[place])
        when = "" if self.times is None else f" ({np.datetime_as_string(self.times[at], 's')})"
        return f"row {at}{when}"

    def with_columns(self, columns: Mapping[str, Floats]) -> Any:
        """A frame of the same kind and rows: what says which row it is, and these columns."""
        back = {name: self._back(values) for name, values in columns.items()}
        keys = [name for name in (self.by, self.time_column) if name is not None]
        if self.kind == "pandas":
            pandas = sys.modules["pandas"]
            found = {name: self.frame[name].array for name in keys} | back
            return pandas.DataFrame(found, index=self.frame.index, copy=False)
        polars = sys.modules["polars"]
        made = [polars.Series(name, values) for name, values in back.items()]
        return polars.DataFrame([*self.frame.select(keys).get_columns(), *made])

    def _back(self, values: Floats) -> Floats:
        if self.order is None:
            return values
        found = np.empty_like(values)
        found[self.order] = values
        return found


def read_long(frame: Any, by: str | None, name: str = "frame") -> LongFrame:
    """Where the series of a long frame lie; times must increase within each.

    Parameters
    ----------
    frame : pandas or polars DataFrame
    by : str, optional
        Column that says whose row it is; without it all rows are one series.

    Raises
    ------
    DataError, LabelError
        No frame; no such column, or an empty label.
    TimeIndexError
        Times that do not increase.
    """
    kind = kind_of(frame)
    if kind == "numpy" or not hasattr(frame, "columns"):
        raise DataError(
            f"`{name}` must be a pandas or polars frame, got {type(frame).__name__}.", field=name
        )
    columns = [str(c) for c in frame.columns]
    if by is not None and by not in columns:
        raise LabelError(f"`{name}` has no column {by!r}. It has {listed(columns)}.", field="by")
    times, aware, column = _times(frame, kind, columns, name)
    codes, labels = _codes(frame, by, kind, name)
    increasing = len(codes) < 2 or bool((codes[1:] >= codes[:-1]).all())
    order = None if increasing else np.argsort(codes, kind="stable")
    ordered = codes if order is None else codes[order]
    offsets = np.searchsorted(ordered, np.arange(len(labels) + 1))
    long = LongFrame(frame, kind, times, aware, column, by, order, offsets, labels)
    _check_times(long, ordered, name)
    return long


def _codes(
    frame: Any, by: str | None, kind: str, name: str
) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    """Number of the series of each row, in order of appearance, and their labels."""
    if by is None:
        return np.zeros(len(frame), dtype=np.int64), (None,)
    if kind == "pandas":
        codes, labels = sys.modules["pandas"].factorize(frame[by])
        codes, known = np.asarray(codes, dtype=np.int64), tuple(labels)
    else:
        series = frame[by]
        unique = series.unique(maintain_order=True)
        known = tuple(unique.to_list())
        numbers = sys.modules["polars"].DataFrame({"label": unique}).with_row_index("code")
        rows = frame.select(sys.modules["polars"].col(by).alias("label"))
        joined = rows.join(numbers, on="label", how="left", maintain_order="left")
        codes = joined["code"].fill_null(-1).cast(sys.modules["polars"].Int64).to_numpy()
        codes = np.where(series.is_null().to_numpy(), -1, codes)
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        raise LabelError(f"column {by!r} of `{name}` is empty in row {row}.", field="by")
    return codes, known


def _times(
    frame: Any, kind: str, columns: Sequence[str], name: str
) -> tuple[NDArray[Any] | None, bool, str | None]:
    """(times, aware, their column) of a frame; they need not increase over all rows."""
    column = next((c for c in columns if c.lower() in _TIMES), None)
    if kind == "pandas":
        pandas = sys.modules["pandas"]
        found = frame.index if isinstance(frame.index, pandas.DatetimeIndex) else None
        if found is not None:
            column = None
        elif column is not None:
            found = pandas.DatetimeIndex(frame[column])
        if found is None:
            return None, False, None
        aware = found.tz is not None
        plain = found.tz_convert("UTC").tz_localize(None) if aware else found
        return plain.to_numpy().astype("datetime64[ns]"), aware, column
    if column is None:
        return None, False, None
    series = frame[column]
    if series.dtype.is_temporal() is False:
        raise TimeIndexError(
            f"column {column!r} of `{name}` must hold dates or times, got {series.dtype}.",
            field=name,
        )
    aware = getattr(series.dtype, "time_zone", None) is not None
    if aware:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return series.to_numpy().astype("datetime64[ns]"), aware, column


def _check_times(long: LongFrame, ordered: NDArray[np.int64], name: str) -> None:
    times = long.ordered_times()
    if times is None or len(times) < 2:
        return
    bad = (times[1:] <= times[:-1]) & (ordered[1:] == ordered[:-1])
    # A missing time compares as false.
    bad |= np.isnat(times[1:]) | np.isnat(times[:-1])
    if bad.any():
        place = int(np.flatnonzero(bad)[0]) + 1
        label = long.labels[int(ordered[place])]
        whose = "" if long.by is None else f" of {label!r}"
        twice = times[place] == times[place - 1]
        raise TimeIndexError(
            f"the times{whose} in `{name}` must increase, but {long.row(place)}"
            f" {'repeats' if twice else 'is not after'} the one before."
            f" {'Keep one of them.' if twice else 'Sort the rows.'}",
            field=name,
        )


def _numbers(column: Any, name: str, kind: str) -> Floats:
    if kind == "pandas":
        return pandas_values(column, name)
    if not column.dtype.is_numeric():
        raise DataError(f"column {name!r} must hold numbers, got {column.dtype}.", field=name)
    polars = sys.modules["polars"]
    values: Floats = column.cast(polars.Float64).fill_null(float("nan")).to_numpy()
    return values
