"""What a stream holds: one state per column of a numeric fold, or the book of an object fold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

from nautilus.core.errors import ParameterError, ShapeError
from nautilus.core.folds import ObjectFold, Reduction, Series, writable
from nautilus.core.frames import cross_section, labelled_values, labelled_vector, matched

__all__ = ["BookState", "ColumnStates", "number_back", "read_back", "written"]


class ColumnStates:
    """One state per column of a numeric fold."""

    def __init__(self, fold: Series | Reduction, floats: tuple[float, ...]) -> None:
        self.fold = fold
        self.floats = floats
        self._once = fold.updater(floats)
        self.states: list[Any] | None = None
        self.labels: tuple[Any, ...] | None = None
        self.kind = "number"
        self.value: Any = None
        self.ready = False
        # A metric may be read at any of its observations, so only its value now counts.
        self.stays_ready = not isinstance(fold, Reduction)

    def update(self, event: Sequence[Any]) -> Any:
        """Take one event."""
        if self.kind == "number" and self.states is not None and self._are_floats(event):
            self.states[0], values = self._once(self.states[0], event)
            self.ready = (self.ready and self.stays_ready) or any(x == x for x in values)
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
            states[j], values = self._once(states[j], bar)
            outputs.append(values)
        return self._show([[row[o] for row in outputs] for o in range(self.fold.width)])

    def extend(self, series: Sequence[Any]) -> Any:
        """Take many events; what the function returns for them."""
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

    def copy(self) -> ColumnStates:
        """Independent, in the same state."""
        twin = ColumnStates(self.fold, self.floats)
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
        """As JSON-able values."""
        return {
            "values": None if self.states is None else [written(s) for s in self.states],
            "value": None if self.value is None else written(self._listed()),
            "ready": self.ready,
            "labels": None if self.labels is None else written(self.labels),
            "kind": self.kind,
        }

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Back from what `dump` gave."""
        labels, states = snapshot["labels"], snapshot["values"]
        if states is not None:
            shape = self.fold.start(self.floats)
            states = [read_back(s, shape) for s in states]
        self.states, self.kind = states, snapshot["kind"]
        self.labels = None if labels is None else tuple(map(_label_back, labels))
        self.value = None
        if snapshot["value"] is not None:
            self._show(number_back(snapshot["value"]))
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
        self.ready = (self.ready and self.stays_ready) or any(
            x == x for column in outputs for x in column
        )
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


class BookState:
    """The private book of an object fold."""

    def __init__(self, fold: ObjectFold, options: dict[str, Any], book: Any = None) -> None:
        self.fold = fold
        self.options = options
        self.book = fold.open(**options) if book is None else book
        self.ready = False

    def update(self, event: Sequence[Any]) -> None:
        """Take one event."""
        _check_count(event, self.fold.inputs, "value")
        self.fold.apply(self.book, *event)
        self.ready = True

    def update_and_read(self, event: Sequence[Any]) -> Any:
        """Take one event and freeze the book."""
        self.update(event)
        return self.value

    def extend(self, series: Sequence[Any]) -> Any:
        """Take many events and freeze the book."""
        _check_count(series, self.fold.inputs, "series")
        for event in series[0]:
            self.update((event,))
        return self.value

    @property
    def value(self) -> Any:
        """The book, frozen."""
        return self.fold.freeze(self.book)

    def copy(self) -> BookState:
        """An independent book in the same state."""
        book = self.fold.load(self.fold.dump(self.book), **self.options)
        twin = BookState(self.fold, self.options, book)
        twin.ready = self.ready
        return twin

    def dump(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {"values": self.fold.dump(self.book), "value": None, "ready": self.ready}

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Back from what `dump` gave."""
        self.book = self.fold.load(snapshot["values"], **self.options)
        self.ready = bool(snapshot["ready"])


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


def written(value: Any) -> Any:
    """A value as JSON keeps it: NaN and infinity as words."""
    if isinstance(value, Mapping):
        return {str(k): written(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [written(x) for x in value]
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def number_back(value: Any) -> Any:
    """The numbers that `written` turned into words."""
    if isinstance(value, list):
        return [number_back(x) for x in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


def _label_back(label: Any) -> Any:
    """JSON has no tuples, which label the columns of a MultiIndex."""
    return tuple(map(_label_back, label)) if isinstance(label, list) else label


def read_back(data: Any, shape: Any) -> Any:
    """JSON lists back into the tuples and lists that the first state has."""
    try:
        if isinstance(shape, (tuple, list)):
            return type(shape)(read_back(d, s) for d, s in zip(data, shape, strict=True))
        return type(shape)(data)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            "`snapshot` holds a state of another shape than its function has.", field="snapshot"
        ) from error


def _numpy() -> Any:
    import numpy

    return numpy
