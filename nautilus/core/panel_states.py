"""One bar of many series at once: their states side by side, compiled where that was warmed up.

`feed`, `lifted`, `push`, `finish`, `measure`, `load`, `store` and `put` are names that
`core.jit.bound` replaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.jit import bound, compiled, is_loaded, warm_up
from nautilus.core.scans import PUTS
from nautilus.core.window_loops import PUSH, array_buffer
from nautilus.core.windows import Column, Recent, Window

if TYPE_CHECKING:
    from nautilus.core.folds import Fold

__all__ = ["PanelState"]

NAN = float("nan")
_MOST_COLUMNS = 5


def step(state: Any, *_: Any) -> Any:
    """Stands for the step of a fold."""
    raise AssertionError("a template is never run unbound")


def lift(*_: Any) -> Any:
    """Stands for the lift of a window."""
    raise AssertionError("a template is never run unbound")


def feed_1(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, state: Any, parameters: Any) -> Any:
    return step(state, a[j], *parameters)


def feed_2(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, state: Any, parameters: Any) -> Any:
    return step(state, a[j], b[j], *parameters)


def feed_3(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, state: Any, parameters: Any) -> Any:
    return step(state, a[j], b[j], c[j], *parameters)


def feed_4(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, state: Any, parameters: Any) -> Any:
    return step(state, a[j], b[j], c[j], d[j], *parameters)


def feed_5(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, state: Any, parameters: Any) -> Any:
    return step(state, a[j], b[j], c[j], d[j], e[j], *parameters)


def lifted_1(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, parameters: Any) -> Any:
    return lift(a[j], *parameters)


def lifted_2(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, parameters: Any) -> Any:
    return lift(a[j], b[j], *parameters)


def lifted_3(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, parameters: Any) -> Any:
    return lift(a[j], b[j], c[j], *parameters)


def lifted_4(a: Any, b: Any, c: Any, d: Any, e: Any, j: int, parameters: Any) -> Any:
    return lift(a[j], b[j], c[j], d[j], *parameters)


def feed(*_: Any) -> Any:
    """Stands for the step of a fold over one place of five columns."""
    raise AssertionError("a template is never run unbound")


def lifted(*_: Any) -> Any:
    """Stands for the lift of a window over one place of five columns."""
    raise AssertionError("a template is never run unbound")


def push(*_: Any) -> Any:
    """Stands for the push of a window."""
    raise AssertionError("a template is never run unbound")


def finish(*_: Any) -> Any:
    """Stands for the finish of a window."""
    raise AssertionError("a template is never run unbound")


def measure(*_: Any) -> Any:
    """Stands for what is measured of the last bars."""
    raise AssertionError("a template is never run unbound")


def load(*_: Any) -> Any:
    """Stands for reading a row of an array as a tuple."""
    raise AssertionError("a template is never run unbound")


def store(*_: Any) -> None:
    """Stands for writing a tuple into a row of an array."""
    raise AssertionError("a template is never run unbound")


def put(*_: Any) -> None:
    """Stands for writing several outputs."""
    raise AssertionError("a template is never run unbound")


def fold_one(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, states: Any, parameters: Any
) -> None:
    for j in range(len(a)):
        state, value = feed(a, b, c, d, e, j, load(states, j), parameters)
        store(states, j, state)
        out[0, j] = value


def fold_many(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, states: Any, parameters: Any
) -> None:
    for j in range(len(a)):
        state, values = feed(a, b, c, d, e, j, load(states, j), parameters)
        store(states, j, state)
        put(out, j, values)


def window_one(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, buffers: Any, prefixes: Any, k: int,
    full: bool, n: int, parameters: Any,
) -> None:  # fmt: skip
    for j in range(len(a)):
        element = lifted(a, b, c, d, e, j, parameters)
        _, _, prefix, whole, total = push(buffers[j], k, full, load(prefixes, j), element, n)
        store(prefixes, j, prefix)
        out[0, j] = finish(total, *parameters) if whole else NAN


def window_many(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, buffers: Any, prefixes: Any, k: int,
    full: bool, n: int, parameters: Any,
) -> None:  # fmt: skip
    for j in range(len(a)):
        element = lifted(a, b, c, d, e, j, parameters)
        _, _, prefix, whole, total = push(buffers[j], k, full, load(prefixes, j), element, n)
        store(prefixes, j, prefix)
        if whole:
            put(out, j, finish(total, *parameters))
        else:
            for row in range(len(out)):
                out[row, j] = NAN


def recent_one(a: Any, out: Any, rows: Any, whole: bool, n: int, parameters: Any) -> None:
    for j in range(len(a)):
        row = rows[j]
        for i in range(n - 1):
            row[i] = row[i + 1]
        row[n - 1] = a[j]
        out[0, j] = measure(row, 0, n, *parameters) if whole else NAN


_FEEDS = (feed_1, feed_2, feed_3, feed_4, feed_5)
_LIFTS = (lifted_1, lifted_2, lifted_3, lifted_4)


class PanelState:
    """The states of one fold for many series that get their bars together.

    Parameters
    ----------
    fold : Fold, Window or Recent
        A fold's state must be a flat tuple of at most eight floats.
    parameters : tuple of float
    size : int
        Series.
    """

    def __init__(
        self, fold: Fold | Window | Recent, parameters: tuple[float, ...], size: int
    ) -> None:
        self._fold: Any = fold
        self._parameters = parameters
        self._size = size
        self._once = fold.updater(parameters)
        self._states: list[Any] = [fold.start(parameters) for _ in range(size)]
        self._arrays: Any = None

    def warm_up(self) -> None:
        """Compile the loop over the series; nothing happens without numba."""
        trial = PanelState(self._fold, self._parameters, 1)
        one = np.zeros(1)
        warm_up(self._loop, *trial._arguments([one] * len(self._fold.inputs), self._empty(1)))

    def update(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Values (output, series) after one bar of each."""
        if is_loaded(self._loop):
            out = self._empty(self._size)
            compiled(self._loop)(*self._arguments(columns, out))
            self._advance()
            return out
        self._listed()
        rows = []
        for j, bar in enumerate(zip(*[c.tolist() for c in columns], strict=True)):
            self._states[j], values = self._once(self._states[j], bar)
            rows.append(values)
        return np.array(rows, dtype=np.float64).reshape(self._size, self._fold.width).T

    @property
    def states(self) -> list[Any]:
        """One state per series, as the fold alone would have it."""
        self._listed()
        return [self._fold.copied(state) for state in self._states]

    @states.setter
    def states(self, states: Sequence[Any]) -> None:
        self._states, self._arrays = [self._fold.copied(s) for s in states], None

    def _empty(self, size: int) -> NDArray[np.float64]:
        return np.empty((self._fold.width, size))

    @property
    def _loop(self) -> Any:
        fold = self._fold
        width = len(fold.empty(self._parameters)) if isinstance(fold, Window) else 0
        return _loop_of(fold, width, len(self._parameters))

    def _arguments(self, columns: Sequence[Column], out: NDArray[np.float64]) -> tuple[Any, ...]:
        """What the compiled loop takes; the states become arrays."""
        if self._arrays is None:
            self._arrays = self._as_arrays()
        if isinstance(self._fold, Recent):
            rows, seen = self._arrays
            n = int(self._parameters[0])
            return columns[0], out, rows, seen + 1 >= n, n, self._parameters
        data = [*columns, *[columns[0]] * (_MOST_COLUMNS - len(columns))]
        if isinstance(self._fold, Window):
            buffers, prefixes, k, full = self._arrays
            return (*data, out, buffers, prefixes, k, full, len(buffers[0]), self._parameters)
        return (*data, out, self._arrays, self._parameters)

    def _as_arrays(self) -> Any:
        if isinstance(self._fold, Recent):
            n = int(self._parameters[0])
            rows = np.full((self._size, n), NAN)
            if n > 1:
                rows[:, 1:] = [state[1] for state in self._states]
            return rows, self._states[0][0]
        if isinstance(self._fold, Window):
            k, full, _, _ = self._states[0]
            buffers = np.array([state[3] for state in self._states], dtype=np.float64)
            prefixes = np.array([state[2] for state in self._states], dtype=np.float64)
            return buffers, prefixes, k, bool(full)
        return np.array(self._states, dtype=np.float64)

    def _advance(self) -> None:
        """All series are at the same place of their windows."""
        if isinstance(self._fold, Recent):
            rows, seen = self._arrays
            self._arrays = rows, min(seen + 1, int(self._parameters[0]))
        elif isinstance(self._fold, Window):
            buffers, prefixes, k, full = self._arrays
            ended = k + 1 == len(buffers[0])
            self._arrays = buffers, prefixes, 0 if ended else k + 1, full or ended

    def _listed(self) -> None:
        """Arrays back into the states that a fold alone has."""
        if self._arrays is None:
            return
        if isinstance(self._fold, Recent):
            rows, seen = self._arrays
            self._states = [(seen, row[1:]) for row in rows.tolist()]
        elif isinstance(self._fold, Window):
            buffers, prefixes, k, full = self._arrays
            pairs = zip(prefixes.tolist(), buffers.tolist(), strict=True)
            self._states = [(k, full, tuple(p), [tuple(row) for row in b]) for p, b in pairs]
        else:
            self._states = [tuple(row) for row in self._arrays.tolist()]
        self._arrays = None


@cache
def _loop_of(fold: Any, width: int, n_parameters: int) -> Any:
    many, count = fold.outputs is not None, len(fold.inputs)
    several = {"put": PUTS[fold.width]} if many else {}
    if isinstance(fold, Recent):
        return bound(recent_one, measure=fold.measure)
    if isinstance(fold, Window):
        access = array_buffer(width)
        return bound(
            window_many if many else window_one,
            lifted=bound(_LIFTS[count - 1], lift=fold.lift),
            push=bound(PUSH, merge=fold.merge, **access),
            finish=fold.finish,
            **access,
            **several,
        )
    length = len(fold.init(*[1.0] * n_parameters))
    return bound(
        fold_many if many else fold_one,
        feed=bound(_FEEDS[count - 1], step=fold.step),
        **array_buffer(length),
        **several,
    )
