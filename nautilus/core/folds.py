"""Folds: one step function per quantity, run over history or over live events to the same bit.

`Fold` is a pure step over a tuple of floats, `Window` an associative merge over the last bars,
`Recent` a measure that reads them anew, `Composed` several of these in a row, `Reduction` a metric
as a monoid, `ObjectFold` a private mutable book. `folded` registers the public
function of a fold; `apply` runs it over arrays; `nautilus.core.streams` runs it over events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nautilus.core.composed import Composed, Part
from nautilus.core.frames import matched
from nautilus.core.jit import bound, kernel
from nautilus.core.scans import PUTS, REDUCTIONS, SCANS, put
from nautilus.core.segments import is_never_whole, run_segments
from nautilus.core.windows import Column, Once, Recent, State, Window, window_loop

__all__ = [
    "Composed",
    "Fold",
    "ObjectFold",
    "Part",
    "Recent",
    "Reduction",
    "Registered",
    "Series",
    "Window",
    "apply",
    "folded",
    "registered",
    "windowed",
]

NAN = float("nan")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Fold:
    """A numeric fold: `step(state, *inputs, *parameters) -> (state, value or values)`.

    Parameters
    ----------
    inputs : tuple of str
        Data arguments of the public function, in order.
    init : callable
        `init(*parameters) -> state`, a tuple of floats or of such tuples.
    step : callable
        A kernel: see `nautilus.core.jit`.
    parameters : callable
        `parameters(**options) -> tuple of floats`; checks the options and turns words into floats.
    outputs : NamedTuple type, optional
        Where a step returns several values.
    version : int
        Raised when the meaning of the state changes; an older snapshot is then refused.
    """

    inputs: tuple[str, ...]
    init: Callable[..., State]
    step: Callable[..., tuple[State, Any]]
    parameters: Callable[..., tuple[float, ...]]
    outputs: Any = None
    version: int = 1

    def start(self, parameters: tuple[float, ...]) -> State:
        """The state before the first bar."""
        return _floats(self.init(*parameters))

    def updater(self, parameters: tuple[float, ...]) -> Once:
        """`(state, bar) -> (state, values)`, interpreted."""
        step = self.step

        def one(state: State, bar: Sequence[float]) -> tuple[State, tuple[float, ...]]:
            state, value = step(state, *bar, *parameters)
            return state, (value,)

        def many(state: State, bar: Sequence[float]) -> tuple[State, tuple[float, ...]]:
            return step(state, *bar, *parameters)

        return many if self.outputs else one

    def run(
        self, state: State, columns: Sequence[Column], parameters: tuple[float, ...], work: int
    ) -> tuple[State, tuple[Column, ...]]:
        """(state, one array per output) after these bars."""
        many = self.outputs is not None
        template = SCANS[len(self.inputs), many]
        scan = bound(template, step=self.step, put=put) if many else bound(template, step=self.step)
        fast = bound(template, step=self.step, put=PUTS[self.width]) if many else scan
        runner = kernel(fast, work, counted=len(columns[0]))
        length, count = len(columns[0]), self.width
        if runner is fast:
            outs: Any = [[NAN] * length for _ in range(count)]
            lists = [c.tolist() for c in columns]
            state = scan(*lists, outs if many else outs[0], state, parameters)
            return state, tuple(np.array(o, dtype=np.float64) for o in outs)
        grid = np.empty((count, length))
        state = runner(*columns, grid if many else grid[0], state, parameters)
        return state, tuple(grid)

    @property
    def width(self) -> int:
        """Number of outputs."""
        return len(self.outputs._fields) if self.outputs else 1

    def copied(self, state: State) -> State:
        """A state that later bars leave alone: tuples never change."""
        return state


@dataclass(frozen=True, slots=True)
class Reduction:
    """A metric as a monoid: its stream, its rolling form and its parts from one definition.

    Parameters
    ----------
    inputs : tuple of str
    lift : callable
        `lift(*inputs, *parameters) -> tuple of floats`; NaN lifts to the zero element of `merge`.
    merge : callable
        `merge(earlier, later) -> tuple`, associative.
    finish : callable
        `finish(aggregate, *parameters) -> float`; NaN where undefined.
    parameters : callable
        As in `Fold`.
    version : int

    Notes
    -----
    The public function itself stays a vectorised reduction; a law keeps both equal to 1e-12 of the
    scale of their terms.
    """

    inputs: tuple[str, ...]
    lift: Callable[..., tuple[float, ...]]
    merge: Callable[[Any, Any], tuple[float, ...]]
    finish: Callable[..., float]
    parameters: Callable[..., tuple[float, ...]]
    version: int = 1
    outputs: Any = None

    width = 1

    def start(self, parameters: tuple[float, ...]) -> State:
        """The zero element."""
        return tuple(float(x) for x in self.lift(*[NAN] * len(self.inputs), *parameters))

    def updater(self, parameters: tuple[float, ...]) -> Once:
        """`(state, observation) -> (state, values)`, interpreted."""
        merge, lift, finish = self.merge, self.lift, self.finish

        def once(state: State, event: Sequence[float]) -> tuple[State, tuple[float, ...]]:
            state = merge(state, lift(*event, *parameters))
            return state, (finish(state, *parameters),)

        return once

    def run(
        self, state: State, columns: Sequence[Column], parameters: tuple[float, ...], work: int
    ) -> tuple[State, tuple[Column, ...]]:
        """(state, the one value after these observations)."""
        loop = bound(REDUCTIONS[len(self.inputs)], lift=self.lift, merge=self.merge)
        runner = kernel(loop, work, counted=len(columns[0]))
        data = [c.tolist() for c in columns] if runner is loop else columns
        state = runner(*data, state, parameters)
        return state, (np.array([self.finish(state, *parameters)]),)

    def copied(self, state: State) -> State:
        """A state that later observations leave alone: tuples never change."""
        return state


@dataclass(frozen=True, slots=True)
class ObjectFold:
    """A fold over a private mutable book that is frozen when it is read.

    Parameters
    ----------
    open : callable
        `open(**options) -> book`.
    apply : callable
        `apply(book, *event) -> None`, the one step.
    freeze : callable
        `freeze(book) -> public value`.
    dump, load : callable
        `dump(book) -> JSON-able`; `load(data, **options) -> book`, equal to the bit.
    inputs : tuple of str
        Data arguments of the public function.
    version : int
    """

    open: Callable[..., Any]
    apply: Callable[..., None]
    freeze: Callable[[Any], Any]
    dump: Callable[[Any], Any]
    load: Callable[..., Any]
    inputs: tuple[str, ...] = ("events",)
    version: int = 1


Series = Fold | Window | Recent | Composed
AnyFold = Series | Reduction | ObjectFold


@dataclass(frozen=True, slots=True)
class Registered:
    """A fold with the public function that it belongs to."""

    function: Callable[..., Any]
    fold: AnyFold
    name: str
    batch_only: tuple[str, ...]


_REGISTRY: dict[str, Registered] = {}


def folded(fold: AnyFold, *, batch_only: Iterable[str] = ()) -> Callable[[Function], Function]:
    """Register the public function of a fold, so that `nt.stream(function)` finds it.

    Parameters
    ----------
    fold : Fold, Window, Reduction or ObjectFold
    batch_only : iterable of str
        Options without meaning for one event; `nt.stream` refuses them.
    """

    def register(function: Function) -> Function:
        path = function.__module__.split(".")
        home = path[1] if path[0] == "nautilus" and len(path) > 2 else function.__module__
        name = f"{home}.{function.__name__}"
        _REGISTRY[name] = Registered(function, fold, name, tuple(batch_only))
        return function

    return register


def registered(function: Callable[..., Any] | str) -> Registered | None:
    """What `folded` knows of a function or of a name such as "indicators.rsi"; None if nothing."""
    if isinstance(function, str):
        return _REGISTRY.get(function)
    return next((entry for entry in _REGISTRY.values() if entry.function is function), None)


def apply(fold: Series, inputs: Sequence[Any], parameters: tuple[float, ...]) -> tuple[Any, ...]:
    """Run a fold over whole series: one output per value of its step, in the kind of the input.

    Parameters
    ----------
    fold : Fold, Window, Recent or Composed
    inputs : sequence of array, Series or frame
        One per data argument; they must describe the same bars.
    parameters : tuple of float
        What `fold.parameters` returned.
    """
    arrays, like = matched(*inputs, names=fold.inputs)
    grids = _run_columns(fold, arrays, parameters)
    return tuple(like.series(grid) for grid in grids)


def windowed(
    reduction: Reduction, columns: Sequence[Column], window: int, parameters: tuple[float, ...]
) -> Column:
    """A reduction over each window of the last `window` observations, NaN in the warm-up.

    Parameters
    ----------
    reduction : Reduction
    columns : sequence of array (time,)
    window : int
    parameters : tuple of float
        Those of the reduction.

    Returns
    -------
    array (time,)
    """
    zero = reduction.start(parameters)
    data = [writable(c) for c in columns]
    loop = window_loop(reduction, False, len(zero))
    runner = kernel(loop, len(data[0]))
    if runner is loop:
        loop = window_loop(reduction, False, 0)
        listed = [NAN] * len(data[0])
        lists = [c.tolist() for c in data]
        loop(*lists, listed, [zero] * window, 0, False, zero, window, parameters)
        return np.array(listed, dtype=np.float64)
    out = np.full(len(data[0]), NAN)
    buffer = np.zeros((window, len(zero)))
    runner(*data, out, buffer, 0, False, zero, window, parameters)
    return out


def writable(column: NDArray[Any]) -> Column:
    """Contiguous, writable float64: a read-only array would compile every kernel twice."""
    return np.require(column, dtype=np.float64, requirements=["C", "W"])


def _run_columns(
    fold: Series, arrays: Sequence[NDArray[np.float64]], parameters: tuple[float, ...]
) -> list[NDArray[np.float64]]:
    length, width = arrays[0].shape
    if width == 1 and not is_never_whole(fold, parameters, length):
        columns = [writable(a[:, 0]) for a in arrays]
        _, found = fold.run(fold.start(parameters), columns, parameters, length)
        return [output[:, None] for output in found]
    offsets = np.arange(width + 1) * length
    flat = run_segments(fold, [writable(a.T).reshape(-1) for a in arrays], offsets, parameters)
    return [column.reshape(width, length).T for column in flat]


def _floats(state: Any) -> Any:
    return tuple(_floats(x) if isinstance(x, tuple) else float(x) for x in state)
