"""Vectors and frames of the caller's kind from plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["labelled_frame", "labelled_vector", "time_frame", "time_series"]

Floats = NDArray[np.float64]


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
