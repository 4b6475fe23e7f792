"""`nt.stream`: the fold of a public function, driven by live events."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.core.folds import ObjectFold, Registered, registered
from nautilus.core.stream_states import BookState, ColumnStates, number_back, written

__all__ = ["Stream", "stream"]


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
        """Whether the warm-up is over: some value has not been NaN; for a metric, its value now."""
        return bool(self._engine.ready)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON-able values: `{name, version, parameters, values, value, ready}`.

        NaN and infinity become strings, so that any JSON writer keeps them.
        """
        return {
            "name": self._entry.name,
            "version": self._entry.fold.version,
            "parameters": written(self._options),
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
        wanted = (self._entry.name, self._entry.fold.version, written(self._options))
        found = (snapshot["name"], snapshot["version"], written(snapshot["parameters"]))
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
        options = {k: number_back(v) for k, v in snapshot["parameters"].items()}
        return stream(_function(str(snapshot["name"])), **options).restore(snapshot)

    def __repr__(self) -> str:
        options = [f"{k}={v!r}" for k, v in self._options.items()]
        return f"Stream({', '.join([self._entry.name, *options, f'ready={self.ready}'])})"


def _engine(entry: Registered, options: dict[str, Any]) -> Any:
    if isinstance(entry.fold, ObjectFold):
        return BookState(entry.fold, options)
    return ColumnStates(entry.fold, entry.fold.parameters(**options))


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
