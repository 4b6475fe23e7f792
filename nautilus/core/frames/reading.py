"""Arrays, Series, frames and lists as float64 arrays (time, asset)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import (
    DataError,
    LabelError,
    ShapeError,
    TimeIndexError,
)
from nautilus.core.frames.kinds import is_polars_series, kind_of, listed
from nautilus.core.frames.like import Like
from nautilus.core.frames.time_index import pandas_times, polars_times

__all__ = ["pandas_values", "read"]

Floats = NDArray[np.float64]


def read(data: Any, name: str = "returns", *, ndim: int | None = None) -> tuple[Floats, Like]:
    """Values as a float64 array (time, asset), and what the input looked like.

    Parameters
    ----------
    data : array, Series, frame or sequence, 1-D or 2-D
    name : str
        The caller's argument, for messages.
    ndim : {1, None}
        1 where only one column can be meant; a one-column frame then counts as 1-D.

    Returns
    -------
    tuple
        The array may be the caller's memory: never write to it.

    Raises
    ------
    ShapeError, TimeIndexError, LabelError, DataError

    Examples
    --------
    >>> values, like = read([0.01, 0.02])
    >>> values.shape, like.ndim, like.metric(values.mean(axis=0))
    ((2, 1), 1, 0.015)
    """
    kind = kind_of(data)
    if kind == "pandas":
        values, like = _read_pandas(data, name)
    elif kind == "polars":
        values, like = _read_polars(data, name)
    else:
        values, like = _read_numpy(data, name)
    if ndim == 1 and like.ndim == 2:
        if len(like.columns) != 1:
            raise ShapeError(
                f"`{name}` must be one series, got {len(like.columns)} columns"
                f" ({listed(like.columns)}). Choose one of them.",
                field=name,
            )
        like = replace(like, ndim=1, name=like.columns[0])
    return values, like


def _read_numpy(data: Any, name: str) -> tuple[Floats, Like]:
    if isinstance(data, (Mapping, str, bytes)) or data is None:
        raise _no_array(data, name)
    if isinstance(data, np.ma.MaskedArray):
        data = np.ma.filled(data.astype(np.float64), np.nan)
    try:
        raw = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"`{name}` must be rectangular, got ragged rows.", field=name) from error
    if raw.dtype.kind == "O":
        if raw.ndim == 0:
            raise _no_array(data, name)
        raw = _objects(raw, name)
    if raw.size and raw.dtype.kind not in "fiu":
        raise DataError(f"`{name}` must hold numbers, got dtype {raw.dtype}.", field=name)
    if raw.ndim not in (1, 2):
        raise ShapeError(
            f"`{name}` must be 1-D (time,) or 2-D (time, asset), got {raw.ndim}-D.", field=name
        )
    values = raw.astype(np.float64, copy=False)
    grid = values if raw.ndim == 2 else values[:, None]
    return grid, Like("numpy", raw.ndim, len(grid), tuple(range(grid.shape[1])))


def _no_array(data: Any, name: str) -> DataError:
    kind = type(data).__name__
    return DataError(f"`{name}` must be an array, a Series or a frame, got {kind}.", field=name)


def _objects(raw: NDArray[Any], name: str) -> Floats:
    """None is a missing number; words and truth values are no numbers, though float takes them."""
    values = np.full(raw.size, np.nan)
    for i, x in enumerate(raw.ravel()):
        try:
            if isinstance(x, (str, bytes, bool)):
                raise TypeError
            values[i] = np.nan if x is None else float(x)
        except (TypeError, ValueError) as error:
            raise DataError(f"`{name}` must hold numbers, got {x!r}.", field=name) from error
    return values.reshape(raw.shape)


def _read_pandas(data: Any, name: str) -> tuple[Floats, Like]:
    times, aware = pandas_times(data.index, name)
    index = data.index
    if data.ndim == 1:
        values = pandas_values(data, name)[:, None]
        like = Like("pandas", 1, len(values), (data.name,), data.name, index, times, aware)
        return values, like
    if not data.columns.is_unique:
        doubled = data.columns[data.columns.duplicated()].unique().tolist()
        raise LabelError(f"`{name}` has the column {listed(doubled)} twice.", field=name)
    columns = tuple(data.columns.tolist())
    return pandas_values(data, name), Like(
        "pandas", 2, len(data), columns, None, index, times, aware, axis=data.columns
    )


def pandas_values(data: Any, name: str) -> Floats:
    """The numbers of a pandas Series or frame; a column of anything else is named."""
    values = data.to_numpy()
    if values.dtype == np.float64:
        return values  # type: ignore[no-any-return]
    pandas = sys.modules["pandas"]
    parts = data.items() if data.ndim == 2 else [(data.name, data)]
    for label, part in parts:
        numeric = pandas.api.types.is_numeric_dtype(part.dtype)
        if not numeric or part.dtype.kind in "bc":
            where = f" in column {label!r}" if data.ndim == 2 else ""
            what = "Make it the index" if part.dtype.kind == "M" else "Drop or convert it"
            raise DataError(
                f"`{name}` must hold numbers, got {part.dtype}{where}. {what}.",
                field=name,
            )
    converted: Floats = data.to_numpy(dtype=np.float64, na_value=np.nan)
    return converted


def _read_polars(data: Any, name: str) -> tuple[Floats, Like]:
    if is_polars_series(data):
        if not data.dtype.is_numeric():
            raise DataError(f"`{name}` must hold numbers, got {data.dtype}.", field=name)
        values = data.to_numpy().astype(np.float64, copy=False)[:, None]
        return values, Like("polars", 1, len(values), (data.name,), data.name)
    polars = sys.modules["polars"]
    when = [c for c, t in data.schema.items() if t in (polars.Date, polars.Datetime)]
    if len(when) > 1:
        raise TimeIndexError(
            f"`{name}` has {len(when)} time columns ({listed(when)}). Keep one.", field=name
        )
    for column, dtype in data.schema.items():
        if column not in when and not dtype.is_numeric():
            raise DataError(
                f"`{name}` must hold numbers, got {dtype} in column {column!r}."
                " Drop or convert it.",
                field=name,
            )
    index = data[when[0]] if when else None
    columns = tuple(c for c in data.columns if c not in when)
    grid = data.select(columns).to_numpy().astype(np.float64, copy=False)
    times, aware = polars_times(index, name)
    place = data.columns.index(when[0]) if when else 0
    return grid.reshape(len(data), len(columns)), Like(
        "polars", 2, len(data), columns, None, index, times, aware, place
    )
