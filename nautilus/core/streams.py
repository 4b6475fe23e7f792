"""`nt.stream`: the fold of a public function, driven by live events."""

from __future__ import annotations

import difflib
import importlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Number
from typing import Any

from nautilus.core.errors import NotFoundError, ParameterError, ShapeError
from nautilus.core.folds import (
    Fold,
    ObjectFold,
    Reduction,
    Registered,
    Window,
    registered,
    writable,
)
from nautilus.core.frames import cross_section, labelled_values, labelled_vector, matched

__all__ = ["Stream", "stream"]

NAN = float("nan")


def stream(function: Callable[..., Any], **parameters: Any) -> Stream:
    """A live form of a public function: the same step over one event at a time.

    Parameters
    ----------
    function : callable
        An indicator, a metric, a drawdown or wealth series, or `run_ledger`.
    **parameters
        Options of the function; its defaults hold for the rest.

    Returns
    -------
    Stream

    Raises
    ------
    ParameterError
        The function is no fold, or the option is unknown or has no meaning for one event.

    Examples
    --------
    >>> import nautilus as nt
    >>> live = nt.stream(nt.indicators.sma, period=2)
    >>> [live.update(x) for x in (1.0, 2.0, 4.0)]
    [nan, 1.5, 3.0]
    """
    entry = _entry(function)
    return Stream(entry, _complete(entry, parameters))


class Stream:
    """State of one fold, and the ways to move it.

    Build one with `nt.stream(function, **parameters)` or `nt.Stream.of(snapshot)`. The first event
    fixes the width: a number, or a row (labelled rows join strictly by label from then on).
    """

    __slots__ = ("_engine", "_entry", "_options")

    def __init__(self, entry: Registered, options: dict[str, Any]) -> None:
        self._entry = entry
        self._options = options
        self._engine = _engine(entry, options)

    def update(self, *event: Any) -> Any:
        """Take one event: one value per data argument, in the order of the signature.

        Returns the value after it; a ledger returns None, since freezing costs more than the event:
        read `.value` when you need it.
        """
        return self._engine.update(event)

    def extend(self, *series: Any) -> Any:
        """Take many events at once; what the function returns for these bars, in their kind."""
        return self._engine.extend(series)

    def peek(self, *event: Any) -> Any:
        """The value after this event, without taking it: for a bar that is still forming."""
        return self._engine.copy().update_and_read(event)

    def copy(self) -> Stream:
        """An independent stream in the same state."""
        twin = Stream.__new__(Stream)
        twin._entry, twin._options = self._entry, self._options
        twin._engine = self._engine.copy()
        return twin

    @property
    def value(self) -> Any:
        """The value after the last event; None before the first."""
        return self._engine.value

    @property
    def ready(self) -> bool:
        """Whether the warm-up is over: some value has not been NaN."""
        return bool(self._engine.ready)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON-able values: `{name, version, parameters, values, value, ready}`.

        NaN and infinity become strings, so that any JSON writer keeps them.
        """
        return {
            "name": self._entry.name,
            "version": self._entry.fold.version,
            "parameters": _written(self._options),
            **self._engine.dump(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> Stream:
        """Go back to a snapshot of the same function and parameters.

        Raises
        ------
        ParameterError
            Another function, version or parameter.
        """
        _check_snapshot(snapshot)
        wanted = (self._entry.name, self._entry.fold.version, _written(self._options))
        found = (snapshot["name"], snapshot["version"], _written(snapshot["parameters"]))
        if wanted != found:
            raise ParameterError(
                f"`snapshot` must be of {wanted[0]} version {wanted[1]} with {wanted[2]},"
                f" got {found[0]} version {found[1]} with {found[2]}. Use nt.Stream.of(snapshot).",
                field="snapshot",
            )
        self._engine.load(snapshot)
        return self

    @staticmethod
    def of(snapshot: Mapping[str, Any]) -> Stream:
        """The stream that a snapshot was taken of: finds the function by its name."""
        _check_snapshot(snapshot)
        options = {k: _number_back(v) for k, v in snapshot["parameters"].items()}
        return stream(_function(str(snapshot["name"])), **options).restore(snapshot)

    def __repr__(self) -> str:
        options = [f"{k}={v!r}" for k, v in self._options.items()]
        return f"Stream({', '.join([self._entry.name, *options, f'ready={self.ready}'])})"


class _Columns:
    """One state per column of a numeric fold."""

    def __init__(self, fold: Fold | Window | Reduction, floats: tuple[float, ...]) -> None:
        self.fold = fold
        self.floats = floats
        self.states: list[Any] | None = None
        self.labels: tuple[Any, ...] | None = None
        self.kind = "number"
        self.value: Any = None
        self.ready = False

    def update(self, event: Sequence[Any]) -> Any:
        if self.kind == "number" and self.states is not None and self._are_floats(event):
            self.states[0], values = self.fold.once(self.states[0], event, self.floats)
            self.ready = self.ready or any(x == x for x in values)
            self.value = self.fold.outputs(*values) if self.fold.outputs else values[0]
            return self.value
        return self._update_row(event)

    update_and_read = update

    def _are_floats(self, event: Sequence[Any]) -> bool:
        """The common case of a live feed: it must not pay for rows and labels."""
        for x in event:
            if type(x) is not float:
                return False
        return len(event) == len(self.fold.inputs)

    def _update_row(self, event: Sequence[Any]) -> Any:
        _check_count(event, self.fold.inputs, "value")
        states, bars = self._bars(event)
        outputs = []
        for j, bar in enumerate(bars):
            states[j], values = self.fold.once(states[j], bar, self.floats)
            outputs.append(values)
        return self._show([[row[o] for row in outputs] for o in range(self.fold.width)])

    def extend(self, series: Sequence[Any]) -> Any:
        _check_count(series, self.fold.inputs, "series")
        arrays, like = matched(*series, names=self.fold.inputs, one_for_all=True)
        labelled = like.ndim == 2 and like.kind != "numpy"
        states = self._begun(
            arrays[0].shape[1],
            "number" if like.ndim == 1 else like.kind,
            like.columns if labelled else None,
        )
        places = self._places(like.columns) if labelled else range(len(states))
        length, todo = like.size, arrays[0].size
        found: list[Any] = [None] * len(states)
        for j, place in enumerate(places):
            columns = [writable(a[:, place]) for a in arrays]
            states[j], found[place] = self.fold.run(
                states[j], columns, self.floats, todo - j * length
            )
        return self._shown_as(like, found, places)

    def _shown_as(self, like: Any, found: list[Any], places: Sequence[int]) -> Any:
        """What the function returns for these bars; the last of them is the stream's value."""
        numpy, outputs = _numpy(), range(self.fold.width)
        if like.size or isinstance(self.fold, Reduction):
            self._show([[float(found[p][o][-1]) for p in places] for o in outputs])
        self.ready = self.ready or any(bool((x == x).any()) for row in found for x in row)
        if isinstance(self.fold, Reduction):
            return like.metric(numpy.array([row[0][-1] for row in found]))
        grids = [
            numpy.column_stack([row[o] for row in found]) if found else numpy.empty((like.size, 0))
            for o in outputs
        ]
        shown = [like.series(grid) for grid in grids]
        return self.fold.outputs(*shown) if self.fold.outputs else shown[0]

    def copy(self) -> _Columns:
        twin = _Columns(self.fold, self.floats)
        twin.labels, twin.kind, twin.value, twin.ready = (
            self.labels,
            self.kind,
            self.value,
            self.ready,
        )
        if self.states is not None:
            twin.states = [self.fold.copied(s) for s in self.states]
        return twin

    def dump(self) -> dict[str, Any]:
        return {
            "values": None if self.states is None else [_written(s) for s in self.states],
            "value": None if self.value is None else _written(self._listed()),
            "ready": self.ready,
            "labels": None if self.labels is None else list(self.labels),
            "kind": self.kind,
        }

    def load(self, snapshot: Mapping[str, Any]) -> None:
        labels, states = snapshot["labels"], snapshot["values"]
        if states is not None:
            shape = self.fold.start(self.floats)
            states = [_read_back(s, shape) for s in states]
        self.states, self.kind = states, snapshot["kind"]
        self.labels = None if labels is None else tuple(labels)
        self.value = None
        if snapshot["value"] is not None:
            self._show(_number_back(snapshot["value"]))
        self.ready = bool(snapshot["ready"])

    def _bars(self, event: Sequence[Any]) -> tuple[list[Any], list[tuple[float, ...]]]:
        """The states and the bar of each; nothing is begun by an event that does not fit."""
        labels, kind, rows = self.labels, "number", []
        for value, name in zip(event, self.fold.inputs, strict=True):
            row, found = _row(value, name, labels)
            kind = kind if row is None or kind != "number" else _kind_of(value)
            labels = labels if found is None else found
            rows.append([float(value)] if row is None else row)
        width = max(len(row) for row in rows)
        if any(len(row) not in (1, width) for row in rows):
            widths = " and ".join(str(len(row)) for row in rows)
            raise ShapeError(f"an event must have rows of one width, got {widths}.", field="event")
        states = self._begun(width, kind, labels)
        return states, list(zip(*(r * width if len(r) == 1 else r for r in rows), strict=True))

    def _begun(self, width: int, kind: str, labels: tuple[Any, ...] | None) -> list[Any]:
        """One state per column; the first event fixes their number, kind and labels."""
        if self.states is None:
            self.states = [self.fold.start(self.floats) for _ in range(width)]
            self.kind, self.labels = kind, labels
        if width != len(self.states):
            raise ShapeError(
                f"an event must have {len(self.states)} columns like the first, got {width}.",
                field="event",
            )
        return self.states

    def _places(self, columns: tuple[Any, ...]) -> list[int]:
        """For each state the column that carries its label."""
        here = {c: i for i, c in enumerate(columns)}
        places, _ = cross_section(here, self.fold.inputs[0], labels=self.labels or columns)
        return [int(p) for p in places]

    def _show(self, outputs: list[list[float]]) -> Any:
        self.ready = self.ready or any(x == x for column in outputs for x in column)
        if self.kind == "number":
            shown = [column[0] for column in outputs]
        else:
            labels = self.labels or tuple(range(len(outputs[0])))
            kind = self.kind if self.labels is not None else "numpy"
            shown = [labelled_vector(column, labels, kind) for column in outputs]
        self.value = self.fold.outputs(*shown) if self.fold.outputs else shown[0]
        return self.value

    def _listed(self) -> list[list[float]]:
        values = tuple(self.value) if self.fold.outputs else (self.value,)
        if self.kind == "number":
            return [[float(v)] for v in values]
        return [_numpy().asarray(v, dtype=float).reshape(-1).tolist() for v in values]


class _Object:
    """The private book of an object fold."""

    def __init__(self, fold: ObjectFold, options: dict[str, Any], book: Any = None) -> None:
        self.fold = fold
        self.options = options
        self.book = fold.open(**options) if book is None else book
        self.ready = False

    def update(self, event: Sequence[Any]) -> None:
        _check_count(event, self.fold.inputs, "value")
        self.fold.apply(self.book, *event)
        self.ready = True

    def update_and_read(self, event: Sequence[Any]) -> Any:
        self.update(event)
        return self.value

    def extend(self, series: Sequence[Any]) -> Any:
        _check_count(series, self.fold.inputs, "series")
        for event in series[0]:
            self.update((event,))
        return self.value

    @property
    def value(self) -> Any:
        return self.fold.freeze(self.book)

    def copy(self) -> _Object:
        book = self.fold.load(self.fold.dump(self.book), **self.options)
        twin = _Object(self.fold, self.options, book)
        twin.ready = self.ready
        return twin

    def dump(self) -> dict[str, Any]:
        return {"values": self.fold.dump(self.book), "value": None, "ready": self.ready}

    def load(self, snapshot: Mapping[str, Any]) -> None:
        self.book = self.fold.load(snapshot["values"], **self.options)
        self.ready = bool(snapshot["ready"])


def _engine(entry: Registered, options: dict[str, Any]) -> Any:
    if isinstance(entry.fold, ObjectFold):
        return _Object(entry.fold, options)
    return _Columns(entry.fold, entry.fold.parameters(**options))


def _entry(function: Callable[..., Any]) -> Registered:
    entry = registered(function)
    if entry is None:
        name = getattr(function, "__name__", repr(function))
        raise ParameterError(
            f"`function` must be a fold of the library, got {name}."
            " Indicators, performance metrics, drawdown_series and run_ledger are folds.",
            field="function",
        )
    return entry


def _complete(entry: Registered, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of the function: what was given, else the default of its signature."""
    signature = inspect.signature(entry.function).parameters
    options = {n: p.default for n, p in signature.items() if n not in entry.fold.inputs}
    for name in given:
        if name in entry.batch_only:
            raise ParameterError(
                f"`{name}` has no meaning for one event of {entry.name}. Leave it out.", field=name
            )
        if name not in options:
            close = difflib.get_close_matches(name, options, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"It has {', '.join(options)}."
            raise ParameterError(f"{entry.name} has no option `{name}`.", field=name, hint=hint)
    complete = {n: given.get(n, d) for n, d in options.items() if n not in entry.batch_only}
    missing = [n for n, d in complete.items() if d is inspect.Parameter.empty]
    if missing:
        raise ParameterError(f"{entry.name} needs the option `{missing[0]}`.", field=missing[0])
    return complete


def _function(name: str) -> Callable[..., Any]:
    """The public function that a snapshot names."""
    entry = registered(name)
    if entry is not None:
        return entry.function
    package, _, function = name.rpartition(".")
    try:
        found: Callable[..., Any] = getattr(
            importlib.import_module(f"nautilus.{package}"), function
        )
    except (ModuleNotFoundError, AttributeError) as error:
        raise NotFoundError(
            f"`snapshot` names {name}, which is no fold of the library.", field="snapshot"
        ) from error
    return found


def _check_snapshot(snapshot: Mapping[str, Any]) -> None:
    needed = ("name", "version", "parameters", "values", "value", "ready")
    missing = [key for key in needed if key not in snapshot]
    if missing:
        raise ParameterError(
            f"`snapshot` must be what Stream.snapshot() gave; it lacks {', '.join(missing)}.",
            field="snapshot",
        )


def _check_count(event: Sequence[Any], inputs: Sequence[str], what: str) -> None:
    if len(event) != len(inputs):
        raise ParameterError(
            f"pass one {what} for each of ({', '.join(inputs)}), got {len(event)}.", field="event"
        )


def _row(
    value: Any, name: str, labels: tuple[Any, ...] | None
) -> tuple[list[float] | None, tuple[Any, ...] | None]:
    """(values, labels where it carries any) of a row; (None, None) of a number."""
    if isinstance(value, Number) or getattr(value, "ndim", None) == 0:
        return None, None
    if labels is not None:
        return cross_section(value, name, labels=labels)[0].tolist(), labels
    found, values = labelled_values(value, name)
    return values.tolist(), found


def _kind_of(value: Any) -> str:
    module = type(value).__module__.split(".")[0]
    if isinstance(value, Mapping):
        return "pandas"
    return module if module in ("pandas", "polars") else "numpy"


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _written(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_written(x) for x in value]
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _number_back(value: Any) -> Any:
    if isinstance(value, list):
        return [_number_back(x) for x in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


def _read_back(data: Any, shape: Any) -> Any:
    """JSON lists back into the tuples and lists that the first state has."""
    try:
        if isinstance(shape, (tuple, list)):
            return type(shape)(_read_back(d, s) for d, s in zip(data, shape, strict=True))
        return type(shape)(data)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            "`snapshot` holds a state of another shape than its function has.", field="snapshot"
        ) from error


def _numpy() -> Any:
    import numpy

    return numpy
