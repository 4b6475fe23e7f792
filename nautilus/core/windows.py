"""Folds over the last bars: an associative merge, or a measure that reads them anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.jit import bound, kernel
from nautilus.core.scans import PUTS, put
from nautilus.core.window_loops import LIST_BUFFER, PUSH, RECENT, WINDOWS, array_buffer

__all__ = ["Recent", "Window", "window_loop"]

NAN = float("nan")

Column = NDArray[np.float64]
State = Any
Once = Callable[[State, Sequence[float]], tuple[State, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Window:
    """A fold over the last `period` bars: `finish(merge(...merge(lift(bar), lift(bar))...))`.

    Parameters
    ----------
    inputs : tuple of str
    lift : callable
        `lift(*inputs, *parameters) -> tuple of floats`, one element.
    merge : callable
        `merge(earlier, later) -> tuple`, associative; nothing is ever subtracted.
    finish : callable
        `finish(aggregate, *parameters) -> float`, or a tuple of them.
    parameters : callable
        As in `Fold`; the first parameter is the period.
    outputs : NamedTuple type, optional
        Where `finish` returns several values.
    version : int
    """

    inputs: tuple[str, ...]
    lift: Callable[..., tuple[float, ...]]
    merge: Callable[[Any, Any], tuple[float, ...]]
    finish: Callable[..., Any]
    parameters: Callable[..., tuple[float, ...]]
    version: int = 1
    outputs: Any = None

    @property
    def width(self) -> int:
        """Number of outputs."""
        return len(self.outputs._fields) if self.outputs else 1

    def start(self, parameters: tuple[float, ...]) -> State:
        """(position in the block, an earlier block exists, prefix, buffer)."""
        empty = self.empty(parameters)
        return 0, False, empty, [empty] * int(parameters[0])

    def empty(self, parameters: tuple[float, ...]) -> tuple[float, ...]:
        """The element of a missing bar; only its width matters."""
        return tuple(float(x) for x in self.lift(*[NAN] * len(self.inputs), *parameters))

    def updater(self, parameters: tuple[float, ...]) -> Once:
        """`(state, bar) -> (state, values)`, interpreted. The buffer is reused."""
        lift, merge, finish, n = self.lift, self.merge, self.finish, int(parameters[0])
        many, missing = self.outputs is not None, (NAN,) * self.width

        def once(state: State, bar: Sequence[float]) -> tuple[State, tuple[float, ...]]:
            # `push`, written out: its calls would take as long as its work.
            k, full, prefix, buffer = state
            element = lift(*bar, *parameters)
            buffer[k] = element
            prefix = aggregate = merge(prefix, element) if k else element
            k += 1
            if k == n:
                for j in range(n - 2, 0, -1):
                    element = merge(buffer[j], element)
                    buffer[j] = element
                k, full = 0, True
            elif full:
                aggregate = merge(buffer[k], prefix)
            else:
                return (k, full, prefix, buffer), missing
            value = finish(aggregate, *parameters)
            return (k, full, prefix, buffer), value if many else (value,)

        return once

    def run(
        self, state: State, columns: Sequence[Column], parameters: tuple[float, ...], work: int
    ) -> tuple[State, tuple[Column, ...]]:
        """(state, one array per output) after these bars."""
        k, full, prefix, buffer = state
        many, length = self.outputs is not None, len(columns[0])
        loop = window_loop(self, many, len(prefix))
        runner = kernel(loop, work, counted=length)
        period = int(parameters[0])
        if runner is loop:
            loop = window_loop(self, many, 0)
            outs: Any = [[NAN] * length for _ in range(self.width)]
            lists = [c.tolist() for c in columns]
            out = outs if many else outs[0]
            k, full, prefix = loop(*lists, out, buffer, k, full, prefix, period, parameters)
            return (k, full, prefix, buffer), tuple(np.array(o, dtype=np.float64) for o in outs)
        rows = np.array(buffer, dtype=np.float64).reshape(len(buffer), len(prefix))
        grid = np.empty((self.width, length))
        if not full:
            grid[:, : period - 1 - k] = NAN  # the loop leaves out what is not whole
        out = grid if many else grid[0]
        k, full, prefix = runner(*columns, out, rows, k, full, prefix, period, parameters)
        return (k, bool(full), prefix, [tuple(row) for row in rows.tolist()]), tuple(grid)

    def copied(self, state: State) -> State:
        """A state with a buffer of its own."""
        k, full, prefix, buffer = state
        return k, full, prefix, list(buffer)


@cache
def window_loop(parts: Any, many: bool, width: int) -> Callable[..., Any]:
    """The loop of something with lift, merge and finish; over lists for width 0."""
    access = array_buffer(width) if width else LIST_BUFFER
    if many:
        return bound(
            WINDOWS[len(parts.inputs), True],
            lift=parts.lift,
            finish=parts.finish,
            push=bound(PUSH, merge=parts.merge, **access),
            put=PUTS[parts.width] if width else put,
        )
    push = bound(PUSH, merge=parts.merge, **access)
    loop = WINDOWS[len(parts.inputs), False]
    return bound(loop, lift=parts.lift, finish=parts.finish, push=push)


@dataclass(frozen=True, slots=True)
class Recent:
    """A fold that reads its last `period` bars anew, for what no merge can give.

    Parameters
    ----------
    inputs : tuple of str
        One.
    measure : callable
        `measure(values, first, end, *parameters) -> float` of `values[first:end]`.
    parameters : callable
        As in `Fold`; the first parameter is the period.
    version : int
    """

    inputs: tuple[str]
    measure: Callable[..., float]
    parameters: Callable[..., tuple[float, ...]]
    version: int = 1
    outputs: Any = None

    width = 1

    def start(self, parameters: tuple[float, ...]) -> State:
        """(bars seen, as far as they count; the bars of the next window)."""
        return 0, [NAN] * (int(parameters[0]) - 1)

    def updater(self, parameters: tuple[float, ...]) -> Once:
        """`(state, bar) -> (state, values)`, interpreted."""
        measure, n = self.measure, int(parameters[0])

        def once(state: State, bar: Sequence[float]) -> tuple[State, tuple[float, ...]]:
            seen, values = state
            values = [*values, *bar]
            value = measure(values, 0, n, *parameters) if seen + 1 >= n else NAN
            return (min(seen + 1, n), values[1:]), (value,)

        return once

    def run(
        self, state: State, columns: Sequence[Column], parameters: tuple[float, ...], work: int
    ) -> tuple[State, tuple[Column, ...]]:
        """(state, one array) after these bars."""
        seen, before = state
        n, length = int(parameters[0]), len(columns[0])
        kept = min(seen, n - 1)
        loop = bound(RECENT, measure=self.measure)
        runner = kernel(loop, work * n, counted=length * n)
        known = before[len(before) - kept :]
        values = np.concatenate([np.array(known, dtype=np.float64), columns[0]])
        out = np.full(length, NAN)
        if runner is loop:
            listed = [NAN] * length
            loop(values.tolist(), listed, kept, n, parameters)
            out = np.array(listed, dtype=np.float64)
        else:
            runner(values, out, kept, n, parameters)
        latest = [*before, *columns[0][len(columns[0]) - min(length, n - 1) :].tolist()]
        return (min(seen + length, n), latest[len(latest) - (n - 1) :]), (out,)

    def copied(self, state: State) -> State:
        """Its lists are never changed."""
        return state
