"""Many indicators of many symbols in one call."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, LabelError, ParameterError
from nautilus.core.frames import LongFrame, read_long
from nautilus.core.segments import prepared
from nautilus.indicators.anchored import session_numbers
from nautilus.indicators.plan import Plan, Spec, planned

__all__ = ["check_bars", "compute", "run_plan"]

Floats = NDArray[np.float64]
_ROWS = 65_536


def compute(frame: Any, specs: Iterable[Spec], *, by: str | None = None) -> Any:
    """Columns of indicators for a frame of bars, each symbol from its own first bar.

    Parameters
    ----------
    frame : pandas or polars frame
        Bars, one a row, with the columns that the indicators read: open, high, low, close, volume;
        times as the index, or in a column timestamp, time or date. `session` numbers the sessions
        for vwap; without it times with a zone give the date in New York.
    specs : iterable
        `"rsi"`, `("rsi", {"period": 21})`, or `("macd", {"fast": 5}, "quick")` where the columns
        should be called otherwise.
    by : str, optional
        Column that says whose bar it is. Rows of one symbol need not lie together, but must be in
        order of time.

    Returns
    -------
    frame as given
        The same rows in the same order: `by`, the column of times, and one column per output, such
        as rsi_14, macd, macd_signal. NaN in the warm-up of each symbol.

    Raises
    ------
    NotFoundError, ParameterError
        An unknown indicator or option; close names are given.
    LabelError
        A column that is missing.
    TimeIndexError
        Times of a symbol that do not increase.
    DataError
        A high below a low, a negative volume, a column of something else than numbers.

    Notes
    -----
    NaN: as each indicator says. What two indicators need is computed once; symbols run in threads.

    Examples
    --------
    >>> import pandas as pd
    >>> bars = pd.DataFrame({"symbol": ["A", "B", "A", "B"], "close": [1.0, 5.0, 3.0, 6.0]})
    >>> compute(bars, [("sma", {"period": 2})], by="symbol")["sma_2"].tolist()
    [nan, nan, 2.0, 5.5]
    """
    plan, long = planned(specs), read_long(frame, by)
    for key in (long.by, long.time_column):
        if key in plan.names:
            raise ParameterError(
                f"a column cannot be called {key!r}, which says which row it is.", field="specs"
            )
    columns = [_field(long, name) for name in plan.fields]
    check_bars(dict(zip(plan.fields, columns, strict=True)), long)
    found = run_plan(plan, columns, long.offsets)
    return long.with_columns(dict(zip(plan.names, found, strict=True)))


def run_plan(
    plan: Plan, fields: Sequence[Floats], offsets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """One row per column of the plan.

    Parameters
    ----------
    plan : Plan
    fields : sequence of array (row,)
        Those of the plan, series after series.
    offsets : array (series + 1,)

    Returns
    -------
    array (column, row)
    """
    out = np.empty((len(plan.columns), int(offsets[-1])))
    chunks = _chunks(offsets)

    rows = int(offsets[-1])
    nodes = [prepared(node.fold, node.parameters, rows) for node in plan.nodes]
    width = sum(node.fold.width for node in plan.nodes)
    longest = max((int(chunk[-1] - chunk[0]) for chunk in chunks), default=0)
    scratch = threading.local()

    def run(chunk: NDArray[np.int64]) -> None:
        first, end = int(chunk[0]), int(chunk[-1])
        columns = [field[first:end] for field in fields]
        if not hasattr(scratch, "rows"):  # new memory for every fold costs as much as the folds
            scratch.rows = np.empty(width * longest)
        free = scratch.rows[: width * (end - first)].reshape(width, end - first)
        places = chunk - first
        for node, run_node in zip(plan.nodes, nodes, strict=True):
            found, free = free[: node.fold.width], free[node.fold.width :]
            run_node([columns[j] for j in node.reads], places, found)
            columns.extend(found)
        for row, one in zip(out, plan.columns, strict=True):
            row[first:end] = columns[one.place]

    if chunks:
        run(chunks[0])  # compiles, if anything does
    if len(chunks) > 1:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(run, chunks[1:]):
                pass
    return out


def _chunks(offsets: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Runs of whole series of about `_ROWS` rows: what lies between folds stays in the cache."""
    chunks, first = [], 0
    for end in range(1, len(offsets)):
        if offsets[end] - offsets[first] >= _ROWS or end == len(offsets) - 1:
            chunks.append(offsets[first : end + 1])
            first = end
    return chunks


def _field(long: LongFrame, name: str) -> Floats:
    present = [c for c in long.frame.columns if str(c) == name]
    present = present or [c for c in long.frame.columns if str(c).lower() == name]
    if len(present) > 1:
        raise LabelError(
            f"`frame` has {' and '.join(map(repr, present))}, and only one can be {name!r}.",
            field="frame",
        )
    if present:
        return long.numbers(present[0])
    if name == "session":
        times = long.ordered_times()
        if times is None or not long.aware:
            return np.zeros(len(long))
        return session_numbers(times)
    raise LabelError(
        f"`frame` has no column {name!r}, which the indicators read. It has"
        f" {', '.join(map(str, long.frame.columns))}.",
        field="frame",
    )


def check_bars(fields: dict[str, Floats], long: LongFrame | None = None) -> None:
    """Refuse bars that cannot be: a high below a low, a negative volume.

    Raises
    ------
    DataError
    """
    high, low, volume = (fields.get(name) for name in ("high", "low", "volume"))
    if high is not None and low is not None and (bad := high < low).any():
        place = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"`high` must not be below `low`, got {high[place]:g} and {low[place]:g} in"
            f" {_row(long, place)}. Swap or correct them.",
            field="high",
        )
    if volume is not None and (bad := volume < 0).any():
        place = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"`volume` must not be negative, got {volume[place]:g} in {_row(long, place)}.",
            field="volume",
        )


def _row(long: LongFrame | None, place: int) -> str:
    return f"row {place}" if long is None else long.row(place)
