"""Which library an input belongs to, asked without importing any."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import (
    DataError,
)

__all__ = ["has_labels", "is_polars_series", "kind_of", "listed"]

Floats = NDArray[np.float64]


def kind_of(data: Any) -> str:
    """pandas, polars, or numpy for everything else; a LazyFrame is refused."""
    # Another thread may be importing a library right now: then it has no classes yet.
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if isinstance(data, (getattr(pandas, "Series", ()), getattr(pandas, "DataFrame", ()))):
        return "pandas"
    if isinstance(data, (getattr(polars, "Series", ()), getattr(polars, "DataFrame", ()))):
        return "polars"
    if isinstance(data, getattr(polars, "LazyFrame", ())):
        raise DataError("a polars LazyFrame has no values yet. Call .collect() first.")
    return "numpy"


def is_polars_series(data: Any) -> bool:
    """Whether a polars value is a Series."""
    return isinstance(data, sys.modules["polars"].Series)


def has_labels(index: Any) -> bool:
    """Whether a pandas index says anything: a RangeIndex does not."""
    return not isinstance(index, sys.modules["pandas"].RangeIndex)


def listed(labels: Iterable[Any], most: int = 5) -> str:
    """The first labels as text, and how many more there are."""
    names = [str(x) for x in labels]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
