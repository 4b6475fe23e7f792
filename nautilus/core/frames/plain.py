"""Frames as plain lists and dictionaries, and text files as frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.csv_tables import read_table
from nautilus.core.errors import (
    DataError,
)
from nautilus.core.frames.kinds import has_labels, is_polars_series, kind_of

__all__ = ["read_csv", "records", "rows"]

Floats = NDArray[np.float64]


def rows(table: Any) -> list[dict[str, Any]]:
    """The rows of a frame, or of a sequence of mappings, as plain dictionaries.

    Examples
    --------
    >>> rows([{"a": 1}])
    [{'a': 1}]
    """
    kind = kind_of(table)
    if kind == "pandas" and table.ndim == 2:
        named = _with_index(table)
        found: list[dict[str, Any]] = named.to_dict("records")
        return found
    if kind == "polars" and not is_polars_series(table):
        found = table.to_dicts()
        return found
    if isinstance(table, Iterable) and not isinstance(table, (str, bytes, Mapping)):
        listed = list(table)
        if all(isinstance(row, Mapping) for row in listed):
            return [dict(row) for row in listed]
    raise DataError(f"expected a frame or rows as mappings, got {type(table).__name__}.")


def _with_index(table: Any) -> Any:
    if not has_labels(table.index) or set(table.index.names) & set(table.columns):
        return table
    return table.reset_index()


def records(table: Any) -> Any:
    """Arrays, Series and frames as plain lists and dictionaries."""
    kind = kind_of(table)
    if kind == "pandas":
        if table.ndim == 1:
            return {_key(k): v for k, v in zip(table.index, table.tolist(), strict=True)}
        return rows(table)
    if kind == "polars":
        return table.to_list() if is_polars_series(table) else table.to_dicts()
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


def _key(label: Any) -> str:
    return label.isoformat() if hasattr(label, "isoformat") else str(label)
