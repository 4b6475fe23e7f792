"""What an input looked like, so that the answer can look the same."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.frames.building import labelled_vector

__all__ = ["Like"]

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
