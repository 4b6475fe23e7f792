"""Times of an index: strictly increasing nanoseconds in UTC or as they stand."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import (
    TimeIndexError,
)
from nautilus.core.frames.kinds import has_labels

__all__ = ["pandas_times", "polars_times"]

Floats = NDArray[np.float64]


def pandas_times(index: Any, name: str) -> tuple[NDArray[Any] | None, bool]:
    """(times, aware) of a pandas index; None where it is no index."""
    if not has_labels(index):
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


def polars_times(index: Any, name: str) -> tuple[NDArray[Any] | None, bool]:
    """(times, aware) of the time column of a polars frame."""
    if index is None:
        return None, False
    aware = getattr(index.dtype, "time_zone", None) is not None
    times = _nanoseconds(index.to_numpy(), name)
    _check_increasing(times, index, name)
    return times, aware
