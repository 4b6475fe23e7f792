"""The one door for arrays and frames: numpy, pandas, polars and lists in, the same kind out.

Recognising pandas or polars asks `sys.modules`, so it never imports a library that the caller does
not use. Axis 0 is time, axis 1 is asset.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_fraction
from nautilus.core.csv_tables import read_table
from nautilus.core.errors import (
    DataError,
    LabelError,
    OverlapError,
    ShapeError,
    TimeIndexError,
)

__all__ = [
    "Like",
    "aligned",
    "cross_section",
    "labelled_frame",
    "labelled_values",
    "labelled_vector",
    "matched",
    "read",
    "read_csv",
    "records",
    "rows",
    "time_frame",
    "time_series",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Like:
    """What an input looked like, so that the answer can look the same.

    Parameters
    ----------
    kind : {"numpy", "pandas", "polars"}
    ndim : {1, 2}
    size : int
        Length of axis 0.
    columns : tuple
        Labels of axis 1; positions for numpy.
    name : object
        Name of a 1-D pandas or polars series.
    index : object
        pandas Index, or the polars Series of times; None for numpy.
    times : array of datetime64[ns] or numbers, or None
        The index in UTC (aware) or as it stands (naive); None where there is no index.
    aware : bool
        The times carry a zone.
    place : int
        Position of the time column in a polars frame.
    axis : object
        pandas Index of the columns: it may have a name and a kind of its own.
    """

    kind: str
    ndim: int
    size: int
    columns: tuple[Any, ...]
    name: Any = None
    index: Any = None
    times: NDArray[Any] | None = None
    aware: bool = False
    place: int = 0
    axis: Any = None

    def series(self, values: NDArray[Any]) -> Any:
        """Values (time,) or (time, asset) as the input's kind, with its index, name and columns."""
        if self.ndim == 1:
            return self.column(values.reshape(-1), self.name)
        return self._frame(values if values.ndim == 2 else values[:, None], self.columns)

    def column(self, values: NDArray[Any], name: Any) -> Any:
        """One series (time,) of the input's kind on its index."""
        if self.kind == "pandas":
            pandas = sys.modules["pandas"]
            return pandas.Series(values, index=self.index, name=name, copy=False)
        if self.kind == "polars":
            polars = sys.modules["polars"]
            return polars.Series("" if name is None else str(name), np.ascontiguousarray(values))
        return values

    def table(self, columns: Mapping[str, NDArray[Any]]) -> Any:
        """Several series as one frame on the input's index; a 2-D array for numpy."""
        return self._frame(np.column_stack(list(columns.values())), tuple(columns))

    def metric(self, values: NDArray[Any] | float) -> Any:
        """One value per asset: a float for 1-D input, else a labelled vector of its kind."""
        row = np.asarray(values, dtype=np.float64).reshape(-1)
        if self.ndim == 1:
            return float(row[0])
        if self.axis is not None:
            return sys.modules["pandas"].Series(row, index=self.axis)
        return labelled_vector(row, self.columns, self.kind)

    def metrics(self, values: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """`metric` of many values."""
        return {name: self.metric(one) for name, one in values.items()}

    def at(self, positions: NDArray[np.intp]) -> Like:
        """The same at these positions of axis 0."""
        times = None if self.times is None else self.times[positions]
        index = self.index if self.index is None else self.index[positions]
        return replace(self, size=len(positions), times=times, index=index)

    def _frame(self, values: NDArray[Any], columns: Sequence[Any]) -> Any:
        if self.kind == "pandas":
            pandas = sys.modules["pandas"]
            kept = columns is self.columns and self.axis is not None
            named = self.axis if kept else list(columns)
            return pandas.DataFrame(values, index=self.index, columns=named, copy=False)
        if self.kind == "polars":
            polars = sys.modules["polars"]
            data = {str(c): np.ascontiguousarray(values[:, i]) for i, c in enumerate(columns)}
            frame = polars.DataFrame(data)
            if self.index is None:
                return frame
            return frame.insert_column(min(self.place, frame.width), self.index)
        return values


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
    kind = _kind(data)
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
                f" ({_listed(like.columns)}). Choose one of them.",
                field=name,
            )
        like = replace(like, ndim=1, name=like.columns[0])
    return values, like


def aligned(
    first: Any,
    second: Any,
    *,
    names: tuple[str, str] = ("returns", "benchmark_returns"),
    min_overlap: float = 0.9,
) -> tuple[Floats, Floats, Like]:
    """Two inputs on their common times, in the first one's kind.

    Parameters
    ----------
    first, second : array, Series or frame
        Joined on time where both have an index, else of equal length.
    names : tuple of str
        The caller's arguments, for messages.
    min_overlap : float
        Share of the first one's times that the second must have.

    Returns
    -------
    tuple
        (values of the first (time, asset), values of the second (time, asset), Like of the first).

    Raises
    ------
    OverlapError
        Fewer shared times; the message gives both ranges.
    TimeIndexError
        One index is naive, the other aware.

    Examples
    --------
    >>> aligned([1.0, 2.0], [3.0, 4.0])[1].ravel().tolist()
    [3.0, 4.0]
    """
    check_fraction(min_overlap, "min_overlap")
    a, like = read(first, names[0])
    b, other = read(second, names[1])
    if like.times is None or other.times is None:
        _same_length(like, other, names)
        return a, b, like
    _same_awareness(like, other, names)
    if _index_words(like) != _index_words(other):
        raise TimeIndexError(
            f"`{names[0]}` is indexed by {_index_words(like)} and `{names[1]}` by"
            f" {_index_words(other)}. Give both the same kind of index.",
            field=names[1],
        )
    if len(like.times) == len(other.times) and bool((like.times == other.times).all()):
        return a, b, like
    _, left, right = np.intersect1d(
        like.times, other.times, assume_unique=True, return_indices=True
    )
    share = len(left) / len(like.times) if len(like.times) else 1.0
    if share < min_overlap:
        raise OverlapError(
            f"`{names[0]}` ({_span(like)}) and `{names[1]}` ({_span(other)}) share"
            f" {share:.0%} of the first's times, need {min_overlap:.0%}."
            f" Cut both to a common window or pass min_overlap={np.floor(share * 100) / 100:g}.",
            field=names[1],
        )
    return a[left], b[right], like.at(left)


def matched(
    *inputs: Any, names: Sequence[str], one_for_all: bool = False
) -> tuple[tuple[Floats, ...], Like]:
    """Inputs that describe the same bars: equal length, equal times, equal columns.

    Parameters
    ----------
    *inputs : array, Series or frame
    names : sequence of str
        The caller's arguments, for messages.
    one_for_all : bool
        A later series may stand beside each column of the first input.

    Examples
    --------
    >>> (high, low), like = matched([2.0, 3.0], [1.0, 2.0], names=("high", "low"))
    >>> (high - low).ravel().tolist()
    [1.0, 1.0]
    """
    first, like = read(inputs[0], names[0])
    arrays = [first]
    for data, name in zip(inputs[1:], names[1:], strict=True):
        values, other = read(data, name)
        _same_length(like, other, (names[0], name))
        if like.times is not None and other.times is not None:
            _same_awareness(like, other, (names[0], name))
            if not bool((like.times == other.times).all()):
                raise TimeIndexError(
                    f"`{names[0]}` and `{name}` must have the same times. Join them first.",
                    field=name,
                )
        if one_for_all and other.ndim == 1:
            values = np.broadcast_to(values, first.shape)
        if values.shape[1] != first.shape[1]:
            raise ShapeError(
                f"`{name}` must have {first.shape[1]} columns like `{names[0]}`,"
                f" got {values.shape[1]}.",
                field=name,
            )
        labelled = like.kind != "numpy" and other.kind != "numpy" and like.ndim == other.ndim == 2
        if labelled and set(map(str, other.columns)) != set(map(str, like.columns)):
            _join_labels(other.columns, like.columns, name)
        if labelled and tuple(map(str, other.columns)) != tuple(map(str, like.columns)):
            position = {str(c): i for i, c in enumerate(other.columns)}
            values = values[:, [position[str(c)] for c in like.columns]]
        arrays.append(values)
    return tuple(arrays), like


def cross_section(
    data: Any, name: str, *, labels: Sequence[Any] | None = None
) -> tuple[Floats, tuple[Any, ...]]:
    """One value per asset, in the order of `labels` where they are given.

    Parameters
    ----------
    data : mapping, pandas Series, polars frame (asset, value) or one-row frame, or sequence
        A sequence has no labels: it needs `labels` of the same length.
    name : str
        The caller's argument, for messages.
    labels : sequence, optional
        Joined strictly: a missing or extra asset is an error that names it.

    Returns
    -------
    tuple of (array (asset,), tuple of labels)

    Raises
    ------
    LabelError, ShapeError, DataError

    Examples
    --------
    >>> cross_section({"A": 0.4, "B": 0.6}, "weights", labels=["B", "A"])[0].tolist()
    [0.6, 0.4]
    """
    found, values = labelled_values(data, name)
    if found is None:
        if labels is None:
            raise LabelError(
                f"`{name}` has no labels. Pass a mapping or a Series by asset.", field=name
            )
        if len(values) != len(labels):
            raise ShapeError(
                f"`{name}` must have {len(labels)} values, got {len(values)}.", field=name
            )
        return values, tuple(labels)
    if labels is None:
        return values, found
    _join_labels(found, labels, name)
    position = {label: i for i, label in enumerate(found)}
    return values[[position[label] for label in labels]], tuple(labels)


def labelled_values(data: Any, name: str) -> tuple[tuple[Any, ...] | None, Floats]:
    """(labels or None, one value per asset) of what `cross_section` takes.

    Examples
    --------
    >>> labelled_values([0.4, 0.6], "weights")[0] is None
    True
    """
    labels, values = _labels_and_values(data, name)
    if labels is not None and len(set(labels)) != len(labels):
        doubled = sorted({str(x) for x in labels if labels.count(x) > 1})
        raise LabelError(f"`{name}` names {_listed(doubled)} more than once.", field=name)
    return labels, values


def labelled_vector(values: Any, labels: Sequence[Any], kind: str = "pandas") -> Any:
    """One value per label: pandas Series, one-row polars frame or numpy array.

    Examples
    --------
    >>> labelled_vector([1.0, 2.0], ["A", "B"], "numpy").tolist()
    [1.0, 2.0]
    """
    if kind == "pandas":
        import pandas

        return pandas.Series(np.asarray(values), index=pandas.Index(list(labels)))
    if kind == "polars":
        import polars

        return polars.DataFrame({str(k): [float(v)] for k, v in zip(labels, values, strict=True)})
    return np.asarray(values, dtype=np.float64)


def labelled_frame(
    index: Sequence[Any], columns: Mapping[str, Any], index_name: str | None = None
) -> Any:
    """A pandas frame by label.

    Examples
    --------
    >>> labelled_frame(["A"], {"weight": [1.0]}).loc["A", "weight"].item()
    1.0
    """
    import pandas

    return pandas.DataFrame(dict(columns), index=pandas.Index(list(index), name=index_name))


def time_frame(times: Any, columns: Mapping[Any, Any]) -> Any:
    """A pandas frame by time."""
    import pandas

    return pandas.DataFrame(dict(columns), index=pandas.DatetimeIndex(times), copy=False)


def time_series(times: Any, values: Any, name: str | None = None) -> Any:
    """A pandas Series by time."""
    import pandas

    return pandas.Series(values, index=pandas.DatetimeIndex(times), name=name, copy=False)


def rows(table: Any) -> list[dict[str, Any]]:
    """The rows of a frame, or of a sequence of mappings, as plain dictionaries.

    Examples
    --------
    >>> rows([{"a": 1}])
    [{'a': 1}]
    """
    kind = _kind(table)
    if kind == "pandas" and table.ndim == 2:
        named = _with_index(table)
        found: list[dict[str, Any]] = named.to_dict("records")
        return found
    if kind == "polars" and not _is_polars_series(table):
        found = table.to_dicts()
        return found
    if isinstance(table, Iterable) and not isinstance(table, (str, bytes, Mapping)):
        listed = list(table)
        if all(isinstance(row, Mapping) for row in listed):
            return [dict(row) for row in listed]
    raise DataError(f"expected a frame or rows as mappings, got {type(table).__name__}.")


def _with_index(table: Any) -> Any:
    if not _has_labels(table.index) or set(table.index.names) & set(table.columns):
        return table
    return table.reset_index()


def records(table: Any) -> Any:
    """Arrays, Series and frames as plain lists and dictionaries."""
    kind = _kind(table)
    if kind == "pandas":
        if table.ndim == 1:
            return {_key(k): v for k, v in zip(table.index, table.tolist(), strict=True)}
        return rows(table)
    if kind == "polars":
        return table.to_list() if _is_polars_series(table) else table.to_dicts()
    if isinstance(table, (np.ndarray, np.generic)):
        if table.dtype.kind == "M":
            return _time_texts(np.asarray(table))
        return table.tolist()
    if type(table).__name__ in ("NAType", "NaTType"):
        return None
    if type(table).__name__ == "Period":
        return str(table)
    raise DataError(f"cannot turn {type(table).__name__} into plain values.")


def _time_texts(times: NDArray[np.datetime64]) -> Any:
    texts = np.datetime_as_string(times).astype(object)
    return np.where(np.isnat(times), np.array(None, dtype=object), texts).tolist()


def read_csv(path: Any) -> Any:
    """A CSV file as a pandas frame of strings; empty cells are empty strings.

    Commas, semicolons and tabs are recognised from the header; see `core.csv_tables`.
    """
    import pandas

    names, cells = read_table(path)
    return pandas.DataFrame(cells, columns=names, dtype="str")


def _kind(data: Any) -> str:
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, (pandas.Series, pandas.DataFrame)):
        return "pandas"
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, (polars.Series, polars.DataFrame)):
        return "polars"
    if polars is not None and isinstance(data, polars.LazyFrame):
        raise DataError("a polars LazyFrame has no values yet. Call .collect() first.")
    return "numpy"


def _is_polars_series(data: Any) -> bool:
    return isinstance(data, sys.modules["polars"].Series)


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
    times, aware = _pandas_times(data.index, name)
    index = data.index
    if data.ndim == 1:
        values = _pandas_values(data, name)[:, None]
        like = Like("pandas", 1, len(values), (data.name,), data.name, index, times, aware)
        return values, like
    if not data.columns.is_unique:
        doubled = data.columns[data.columns.duplicated()].unique().tolist()
        raise LabelError(f"`{name}` has the column {_listed(doubled)} twice.", field=name)
    columns = tuple(data.columns.tolist())
    return _pandas_values(data, name), Like(
        "pandas", 2, len(data), columns, None, index, times, aware, axis=data.columns
    )


def _pandas_values(data: Any, name: str) -> Floats:
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


def _has_labels(index: Any) -> bool:
    return not isinstance(index, sys.modules["pandas"].RangeIndex)


def _pandas_times(index: Any, name: str) -> tuple[NDArray[Any] | None, bool]:
    if not _has_labels(index):
        return None, False
    pandas = sys.modules["pandas"]
    if isinstance(index, pandas.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pandas.MultiIndex):
        raise TimeIndexError(
            f"`{name}` has a MultiIndex. Unstack it to one column per asset.", field=name
        )
    if index.dtype == object and all(hasattr(x, "isoformat") for x in index):
        index = _dates(index, name)
    if not isinstance(index, pandas.DatetimeIndex):
        return _number_index(index, name), False
    aware = index.tz is not None
    plain = index.tz_convert("UTC").tz_localize(None) if aware else index
    times = _nanoseconds(plain.to_numpy(), name)
    _check_increasing(times, index, name)
    return times, aware


def _dates(index: Any, name: str) -> Any:
    try:
        return sys.modules["pandas"].DatetimeIndex(index)
    except (TypeError, ValueError) as error:
        raise TimeIndexError(
            f"`{name}` mixes times with and without a zone, or of several zones."
            " Convert the index with pandas.to_datetime(index, utc=True).",
            field=name,
        ) from error


def _number_index(index: Any, name: str) -> NDArray[Any]:
    values: NDArray[Any] = index.to_numpy()
    if len(values) == 0:
        return np.empty(0, dtype="datetime64[ns]")
    if values.dtype.kind not in "iuf":
        odd = next((x for x in index if not hasattr(x, "isoformat")), index[0])
        raise TimeIndexError(
            f"`{name}` must be indexed by time, got {index.dtype} such as {odd!r}."
            " Convert the index with pandas.to_datetime.",
            field=name,
        )
    _check_increasing(values, index, name)
    return values


def _nanoseconds(times: NDArray[Any], name: str) -> NDArray[Any]:
    """What nanoseconds cannot hold is wrapped by numpy without a word."""
    fine = times.astype("datetime64[ns]", copy=False)
    if not bool(((fine.astype(times.dtype) == times) | np.isnat(times)).all()):
        raise TimeIndexError(
            f"`{name}` has times before 1677-09-22 or after 2262-04-11. Cut them off.", field=name
        )
    return fine


def _check_increasing(times: NDArray[Any], index: Any, name: str) -> None:
    rising, missing = times[1:] > times[:-1], times != times
    if rising.all() and not missing.any():
        return
    bad = int(np.argmax(missing)) if missing.any() else int(np.argmin(rising)) + 1
    if missing.any():
        fault, fix = f"the time at row {bad} is missing", "drop that row"
    elif times[bad] == times[bad - 1]:
        fault, fix = f"{index[bad]} at row {bad} is doubled", "drop the duplicates"
    else:
        fault, fix = f"{index[bad]} at row {bad} is out of order", "sort by time"
    raise TimeIndexError(
        f"`{name}` must have strictly increasing times, but {fault}. First {fix}.", field=name
    )


def _read_polars(data: Any, name: str) -> tuple[Floats, Like]:
    if _is_polars_series(data):
        if not data.dtype.is_numeric():
            raise DataError(f"`{name}` must hold numbers, got {data.dtype}.", field=name)
        values = data.to_numpy().astype(np.float64, copy=False)[:, None]
        return values, Like("polars", 1, len(values), (data.name,), data.name)
    polars = sys.modules["polars"]
    when = [c for c, t in data.schema.items() if t in (polars.Date, polars.Datetime)]
    if len(when) > 1:
        raise TimeIndexError(
            f"`{name}` has {len(when)} time columns ({_listed(when)}). Keep one.", field=name
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
    times, aware = _polars_times(index, name)
    place = data.columns.index(when[0]) if when else 0
    return grid.reshape(len(data), len(columns)), Like(
        "polars", 2, len(data), columns, None, index, times, aware, place
    )


def _polars_times(index: Any, name: str) -> tuple[NDArray[Any] | None, bool]:
    if index is None:
        return None, False
    aware = getattr(index.dtype, "time_zone", None) is not None
    times = _nanoseconds(index.to_numpy(), name)
    _check_increasing(times, index, name)
    return times, aware


def _labels_and_values(data: Any, name: str) -> tuple[tuple[Any, ...] | None, Floats]:
    kind = _kind(data)
    if kind == "pandas":
        if data.ndim == 2:
            if len(data) != 1:
                raise ShapeError(f"`{name}` must be one row, got {len(data)} rows.", field=name)
            data = data.iloc[0]
        labels = tuple(data.index.tolist()) if _has_labels(data.index) else None
        return labels, _pandas_values(data, name)
    if kind == "polars" and not _is_polars_series(data):
        return _polars_cross_section(data, name)
    labels = tuple(data) if isinstance(data, Mapping) else None
    values, like = read(data if labels is None else list(data.values()), name)
    if like.ndim != 1:
        raise ShapeError(f"`{name}` must be one value per asset, got 2-D.", field=name)
    return labels, values.reshape(-1)


def _polars_cross_section(data: Any, name: str) -> tuple[tuple[Any, ...], Floats]:
    words = [c for c, t in data.schema.items() if not t.is_numeric()]
    if not words and len(data) == 1:
        return tuple(data.columns), data.to_numpy().astype(np.float64).reshape(-1)
    if len(words) != 1 or len(data.columns) != 2:
        raise ShapeError(
            f"`{name}` must be a polars frame of two columns, asset and value, or of one row.",
            field=name,
        )
    (column,) = [c for c in data.columns if c not in words]
    return tuple(data[words[0]].to_list()), data[column].to_numpy().astype(np.float64)


def _join_labels(found: Sequence[Any], wanted: Sequence[Any], name: str) -> None:
    have, need = set(found), set(wanted)
    missing = [x for x in wanted if x not in have]
    extra = [x for x in found if x not in need]
    if missing or extra:
        alike = set(map(str, missing)) & set(map(str, extra))  # 1 and "1" must not look the same
        missing, extra = (list(map(repr, x)) if alike else x for x in (missing, extra))
        parts = [f"lacks {_listed(missing)}"] if missing else []
        parts += [f"has {_listed(extra)} too many"] if extra else []
        raise LabelError(
            f"`{name}` must name the same assets: it {' and '.join(parts)}.", field=name
        )


def _same_length(like: Like, other: Like, names: tuple[str, str]) -> None:
    if like.size != other.size:
        raise ShapeError(
            f"`{names[0]}` has {like.size} rows and `{names[1]}` {other.size}; without an index on"
            " both they must be of equal length.",
            field=names[1],
        )


def _same_awareness(like: Like, other: Like, names: tuple[str, str]) -> None:
    if like.aware != other.aware and like.size and other.size:
        words = ["in a time zone" if x.aware else "without a time zone" for x in (like, other)]
        raise TimeIndexError(
            f"`{names[0]}` is indexed {words[0]} and `{names[1]}` {words[1]}."
            " Use tz_localize or tz_convert so that both are alike.",
            field=names[1],
        )


def _index_words(like: Like) -> str:
    return "time" if like.times is not None and like.times.dtype.kind == "M" else "numbers"


def _span(like: Like) -> str:
    if like.times is None or not len(like.times):
        return "empty"
    ends = like.times[[0, -1]]
    if ends.dtype.kind == "M":
        ends = np.datetime_as_string(ends, unit="D")
    return f"{ends[0]}..{ends[1]}"


def _listed(labels: Iterable[Any], most: int = 5) -> str:
    names = [str(x) for x in labels]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _key(label: Any) -> str:
    return label.isoformat() if hasattr(label, "isoformat") else str(label)
