"""A fold over many series at once: the columns of a panel, the symbols of a long frame.

Series lie one after the other in each column; `offsets` says where each begins. `run`, `scan` and
`loop` are names that `core.jit.bound` replaces.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.composed import Composed, places
from nautilus.core.jit import bound, kernel, warm_up
from nautilus.core.scans import PUTS, SCANS
from nautilus.core.window_loops import RECENT
from nautilus.core.windows import Column, Recent, Window, window_loop

if TYPE_CHECKING:
    from nautilus.core.folds import Fold

__all__ = ["is_never_whole", "prepared", "run_segments", "warm_up_segments"]

NAN = float("nan")
_PARALLEL_WORK = 200_000
_MOST_COLUMNS = 5


def run(*_: Any) -> None:
    """Stands for a fold over one series."""
    raise AssertionError("a template is never run unbound")


def scan(*_: Any) -> Any:
    """Stands for the scan of a fold."""
    raise AssertionError("a template is never run unbound")


def loop(*_: Any) -> Any:
    """Stands for the loop of a window."""
    raise AssertionError("a template is never run unbound")


def blank(out: Any, count: int) -> None:
    """NaN where no window is whole yet."""
    for i in range(min(count, len(out))):
        out[i] = NAN


def blank_many(out: Any, count: int) -> None:
    """NaN where no window is whole yet, in every output."""
    for k in range(len(out)):
        for i in range(min(count, out.shape[1])):
            out[k, i] = NAN


def segments_one(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, offsets: Any, start: Any, parameters: Any
) -> None:
    for s in range(len(offsets) - 1):
        i, j = offsets[s], offsets[s + 1]
        run(a[i:j], b[i:j], c[i:j], d[i:j], e[i:j], out[0, i:j], start, parameters)


def segments_many(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, offsets: Any, start: Any, parameters: Any
) -> None:
    for s in range(len(offsets) - 1):
        i, j = offsets[s], offsets[s + 1]
        run(a[i:j], b[i:j], c[i:j], d[i:j], e[i:j], out[:, i:j], start, parameters)


def fold_1(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    scan(a, out, start, parameters)


def fold_2(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    scan(a, b, out, start, parameters)


def fold_3(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    scan(a, b, c, out, start, parameters)


def fold_4(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    scan(a, b, c, d, out, start, parameters)


def fold_5(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    scan(a, b, c, d, e, out, start, parameters)


def window_1(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    blank(out, len(start[0]) - 1)
    loop(a, out, start[0], 0, False, start[1], len(start[0]), parameters)


def window_2(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    blank(out, len(start[0]) - 1)
    loop(a, b, out, start[0], 0, False, start[1], len(start[0]), parameters)


def window_3(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    blank(out, len(start[0]) - 1)
    loop(a, b, c, out, start[0], 0, False, start[1], len(start[0]), parameters)


def window_4(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    blank(out, len(start[0]) - 1)
    loop(a, b, c, d, out, start[0], 0, False, start[1], len(start[0]), parameters)


def recent_1(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    blank(out, start - 1)
    loop(a, out, 0, start, parameters)


_FOLDS = (fold_1, fold_2, fold_3, fold_4, fold_5)
_WINDOWS = (window_1, window_2, window_3, window_4)


def run_segments(
    fold: Fold | Window | Recent | Composed,
    columns: Sequence[Column],
    offsets: NDArray[np.int64],
    parameters: tuple[float, ...],
) -> tuple[Column, ...]:
    """Each series from its own start.

    Parameters
    ----------
    fold : Fold, Window, Recent or Composed
    columns : sequence of array (row,)
        One per input, contiguous and writable.
    offsets : array (series + 1,)
        Where each series begins, and the end of the last.
    parameters : tuple of float

    Returns
    -------
    tuple of array (row,)
        One per output.
    """
    if isinstance(fold, Composed):
        reads, given = places(fold)
        found = list(columns)
        for (part, own), read in zip(fold.bound_parts(parameters), reads, strict=True):
            found += run_segments(part.fold, [found[j] for j in read], offsets, own)
        return tuple(found[j] for j in given)
    rows = int(offsets[-1])
    out = np.empty((fold.width, rows))
    run_prepared = prepared(fold, parameters, rows)
    chunks = _chunks(offsets) if rows >= _PARALLEL_WORK else [offsets]
    run_prepared(columns, chunks[0], out)  # compiles, if anything does
    if len(chunks) > 1:
        with ThreadPoolExecutor(len(chunks)) as pool:
            for _ in pool.map(lambda part: run_prepared(columns, part, out), chunks[1:]):
                pass
    return tuple(out)


def prepared(
    fold: Fold | Window | Recent, parameters: tuple[float, ...], rows: int
) -> Callable[[Sequence[Column], NDArray[np.int64], NDArray[np.float64]], None]:
    """`run(columns, offsets, out)`, decided once for all the rows there will be."""
    if is_never_whole(fold, parameters, rows):
        return _nothing
    work = rows * (int(parameters[0]) if isinstance(fold, Recent) else 1)
    state = fold.start(parameters)
    template = _loop(fold, len(state[2]) if isinstance(fold, Window) else 0)
    runner = kernel(template, work, counted=0)
    if runner is template:
        return partial(_interpreted, fold, parameters)
    unused = _MOST_COLUMNS - len(fold.inputs)

    def run_compiled(
        columns: Sequence[Column], offsets: NDArray[np.int64], out: NDArray[np.float64]
    ) -> None:
        start = _start(fold, state)
        runner(*columns, *[columns[0]] * unused, out, offsets, start, parameters)

    return run_compiled


def is_never_whole(fold: Any, parameters: tuple[float, ...], rows: int) -> bool:
    """A window longer than all rows: it has no value, and must not be given memory."""
    if isinstance(fold, Composed):
        parts = fold.bound_parts(parameters)
        return any(is_never_whole(part.fold, own, rows) for part, own in parts)
    return isinstance(fold, (Window, Recent)) and parameters[0] > rows


def _nothing(
    columns: Sequence[Column], offsets: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    out[:, offsets[0] : offsets[-1]] = NAN


def warm_up_segments(
    fold: Fold | Window | Recent | Composed, parameters: tuple[float, ...]
) -> None:
    """Compile what `run_segments` calls, for any parameters; others go on interpreted meanwhile."""
    if isinstance(fold, Composed):
        for part, own in fold.bound_parts(parameters):
            warm_up_segments(part.fold, own)
        return
    width = len(fold.start(parameters)[2]) if isinstance(fold, Window) else 0
    one = np.zeros(1)
    offsets = np.array([0, 1])
    start = _start(fold, fold.start(parameters))
    warm_up(
        _loop(fold, width), *[one] * _MOST_COLUMNS, np.zeros((fold.width, 1)), offsets, start,
        parameters,
    )  # fmt: skip


def _interpreted(
    fold: Any,
    parameters: tuple[float, ...],
    columns: Sequence[Column],
    offsets: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    rows = int(offsets[-1])
    for i, j in pairwise(offsets.tolist()):
        # What is left to do decides; what was done is counted by the fold itself.
        _, found = fold.run(fold.start(parameters), [c[i:j] for c in columns], parameters, rows - i)
        for row, values in zip(out, found, strict=True):
            row[i:j] = values


def _start(fold: Any, state: Any) -> Any:
    """What a loop starts from; a buffer of its own for each call."""
    if isinstance(fold, Window):
        _, _, prefix, buffer = state
        return np.empty((len(buffer), len(prefix))), prefix
    return len(state[1]) + 1 if isinstance(fold, Recent) else state


@cache
def _loop(fold: Any, width: int) -> Any:
    many, count = fold.outputs is not None, len(fold.inputs)
    if isinstance(fold, Window):
        empty = {"blank": blank_many} if many else {}
        one = bound(_WINDOWS[count - 1], loop=window_loop(fold, many, width), **empty)
    elif isinstance(fold, Recent):
        one = bound(recent_1, loop=bound(RECENT, measure=fold.measure))
    else:
        put = {"put": PUTS[fold.width]} if many else {}
        one = bound(_FOLDS[count - 1], scan=bound(SCANS[count, many], step=fold.step, **put))
    return bound(segments_many if many else segments_one, run=one)


def _chunks(offsets: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """As many runs of whole series as there are cores."""
    series, cores = len(offsets) - 1, os.cpu_count() or 1
    bounds = np.linspace(0, series, min(cores, series) + 1).astype(int)
    return [offsets[a : b + 1] for a, b in pairwise(bounds.tolist())]
