"""Columns as contiguous rows with their NaN left out: what every statistic works on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import ShapeError

__all__ = ["Block", "packed"]

Floats = NDArray[np.float64]


class Block(NamedTuple):
    """Columns as rows: valid values first, in their order, then `fill`.

    Parameters
    ----------
    values : array (column, time)
        Writable and contiguous.
    counts : array (column,) of int
        Valid values of each row.
    ndim : {1, 2}
        Of the input.
    """

    values: Floats
    counts: NDArray[np.intp]
    ndim: int

    def answer(self, per_column: NDArray[Any]) -> Any:
        """One value per column in the input's shape: a float for 1-D input."""
        return float(per_column[0]) if self.ndim == 1 else per_column


def packed(values: Any, fill: float = 0.0) -> Block:
    """A copy of the columns without their NaN.

    Parameters
    ----------
    values : array (time,) or (time, column)
    fill : float
        Stands after the last valid value of a column.

    Raises
    ------
    ShapeError
        Neither 1-D nor 2-D.

    Examples
    --------
    >>> block = packed([1.0, float("nan"), 3.0])
    >>> block.values.tolist(), block.counts.tolist()
    ([[1.0, 3.0, 0.0]], [2])
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in (1, 2):
        raise ShapeError(f"`values` must be 1-D or 2-D, got {array.ndim}-D.", field="values")
    rows = np.array(array[None, :] if array.ndim == 1 else array.T, order="C")
    valid = ~np.isnan(rows)
    counts = valid.sum(axis=1)
    if not valid.all():
        kept = rows[valid]
        rows.fill(fill)
        rows[np.arange(rows.shape[1]) < counts[:, None]] = kept
    return Block(rows, counts, array.ndim)
