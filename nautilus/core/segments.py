"""A fold over many series at once: the columns of a panel, the symbols of a long frame.

Series lie one after the other in each column; `offsets` says where each begins. `run`, `scan` and
`loop` are names that `core.jit.bound` replaces.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
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

__all__ = ["run_segments", "warm_up_segments"]

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
    loop(a, out, start[0], 0, False, start[1], len(start[0]), parameters)


def window_2(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    loop(a, b, out, start[0], 0, False, start[1], len(start[0]), parameters)


def window_3(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    loop(a, b, c, out, start[0], 0, False, start[1], len(start[0]), parameters)


def window_4(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    loop(a, b, c, d, out, start[0], 0, False, start[1], len(start[0]), parameters)


def recent_1(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, start: Any, parameters: Any) -> None:
    loop(a, out, 0, start, parameters)


_FOLDS = (fold_1, fold_2, fold_3, fold_4, fold_5)
_WINDOWS = (window_1, window_2, window_3, window_4)


def run_segments(
    fold: Fold | Window | Recent | Composed,
    columns: Sequence[Column],
    offsets: NDArray[np.int64],
    parameters: tuple[float, ...],
    *,
    times: int = 1,
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
    times : int
        How many such calls there will be: compiling pays for all of them.

    Returns
    -------
    tuple of array (row,)
        One per output.
    """
    if isinstance(fold, Composed):
        reads, given = places(fold)
        found = list(columns)
        for (part, own), read in zip(fold.bound_parts(parameters), reads, strict=True):
            found += run_segments(part.fold, [found[j] for j in read], offsets, own, times=times)
        return tuple(found[j] for j in given)
    return _run(fold, columns, offsets, parameters, times)


def _run(
    fold: Fold | Window | Recent,
    columns: Sequence[Column],
    offsets: NDArray[np.int64],
    parameters: tuple[float, ...],
    times: int,
) -> tuple[Column, ...]:
    rows = int(offsets[-1])
    work = times * rows * (int(parameters[0]) if isinstance(fold, Recent) else 1)
    compiled = _loop(fold, len(fold.start(parameters)[2]) if isinstance(fold, Window) else 0)
    runner = kernel(compiled, work, counted=0)
    if runner is compiled:
        return _interpreted(fold, columns, offsets, parameters)
    out = np.full((fold.width, rows), NAN)
    data = [*columns, *[columns[0]] * (_MOST_COLUMNS - len(columns))]
    chunks = _chunks(offsets) if rows >= _PARALLEL_WORK else [offsets]
    first, *others = chunks
    runner(*data, out, first, _start(fold, parameters), parameters)  # compiles, if anything does
    if others:
        with ThreadPoolExecutor(len(others)) as pool:
            for _ in pool.map(
                lambda part: runner(*data, out, part, _start(fold, parameters), parameters), others
            ):
                pass
    return tuple(out)


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
    start = _start(fold, parameters)
    warm_up(
        _loop(fold, width), *[one] * _MOST_COLUMNS, np.zeros((fold.width, 1)), offsets, start,
        parameters,
    )  # fmt: skip


def _interpreted(
    fold: Any,
    columns: Sequence[Column],
    offsets: NDArray[np.int64],
    parameters: tuple[float, ...],
) -> tuple[Column, ...]:
    out = np.full((fold.width, int(offsets[-1])), NAN)
    rows = int(offsets[-1])
    for i, j in pairwise(offsets.tolist()):
        # What is left to do decides; what was done is counted by the fold itself.
        _, found = fold.run(fold.start(parameters), [c[i:j] for c in columns], parameters, rows - i)
        for row, values in zip(out, found, strict=True):
            row[i:j] = values
    return tuple(out)


def _start(fold: Any, parameters: tuple[float, ...]) -> Any:
    """What a loop starts from; a buffer of its own for each thread."""
    state = fold.start(parameters)
    if isinstance(fold, Window):
        _, _, prefix, buffer = state
        return np.zeros((len(buffer), len(prefix))), prefix
    return int(parameters[0]) if isinstance(fold, Recent) else state


@cache
def _loop(fold: Any, width: int) -> Any:
    many, count = fold.outputs is not None, len(fold.inputs)
    if isinstance(fold, Window):
        one = bound(_WINDOWS[count - 1], loop=window_loop(fold, many, width))
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
