"""Frozen results: labelled numbers, and a reason for each one that could not be computed."""

from __future__ import annotations

import dataclasses
import functools
import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Reason", "Result", "reasons", "unexplained"]

_REPR_FIELDS = 4
_LEAVES = frozenset({float, int, str, bool, type(None)})  # most values: nothing is in them


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one or more fields of a Result could not be computed, or need a caveat.

    Parameters
    ----------
    code : str
        Upper-case constant such as ``INSUFFICIENT_DATA``.
    fields : tuple of str
        Names of fields of the Result that holds the reason; empty for the whole result.
    message : str
        One sentence for a person.
    have, need : float, optional
        How much there was and how much is needed, in the unit the message names.
    """

    code: str
    fields: tuple[str, ...]
    message: str
    have: float | None = None
    need: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Base of every answer with more than one number.

    NaN or infinity means that a number could not be computed, and then a reason names its field.
    None means that it does not apply.

    Examples
    --------
    >>> @dataclass(frozen=True, slots=True, kw_only=True)
    ... class Ratio(Result):
    ...     value: float
    >>> r = Ratio(value=float("nan"), reasons=(Reason("ZERO_SPREAD", ("value",), "no spread"),))
    >>> unexplained(r)
    ()
    """

    reasons: tuple[Reason, ...] = ()

    def __init_subclass__(cls) -> None:
        # Otherwise `@dataclass` would give every subclass a representation of all its arrays.
        if "__repr__" not in vars(cls):
            cls.__repr__ = cls.__mro__[1].__repr__  # type: ignore[assignment,method-assign]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able values; NaN and infinity become None, tables become records."""
        return {name: plain(getattr(self, name)) for name in public_names(self)}

    def to_frame(self) -> Any:
        """One-column pandas frame of the scalar fields; subclasses give their natural table."""
        from nautilus.core.frames import labelled_frame

        scalars = {k: v for k, v in named_values(self) if _is_scalar(v)}
        return labelled_frame(list(scalars), {"value": list(scalars.values())})

    def __repr__(self) -> str:
        shown = [f"{k}={_text(v)}" for k, v in named_values(self) if _is_scalar(v)][:_REPR_FIELDS]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(k.replace('_', ' '))}</th>"
            f"<td style='text-align:right'>{html.escape(_text(v))}</td></tr>"
            for k, v in named_values(self)
            if _is_scalar(v)
        )
        notes = "".join(f"<li>{html.escape(r.message)}</li>" for r in self.reasons)
        caption = html.escape(type(self).__name__)
        return (
            f"<table style='color:inherit;background:transparent'><caption>{caption}</caption>"
            f"{rows}</table>" + (f"<ul>{notes}</ul>" if notes else "")
        )


def public_names(result: Result) -> list[str]:
    """Field names, then public properties, in the order of definition."""
    fields = [f.name for f in dataclasses.fields(result) if f.name != "reasons"]
    properties = [
        name
        for cls in reversed(type(result).__mro__)
        for name, member in vars(cls).items()
        if isinstance(member, property) and not name.startswith("_") and name not in fields
    ]
    return [*fields, *dict.fromkeys(properties), "reasons"]


def named_values(result: Result) -> Iterator[tuple[str, Any]]:
    """(name, value) of fields and public properties, reasons left out."""
    return ((n, getattr(result, n)) for n in public_names(result) if n != "reasons")


def reasons(result: object, path: str = "") -> Iterator[tuple[str, Reason]]:
    """(path, reason) of a result and all nested results, outermost first.

    Parameters
    ----------
    result : Result or container of Results
    path : str
        Prefix of the paths that are yielded.

    Yields
    ------
    tuple of (str, Reason)
        The path names the field ("metrics.sharpe_ratio"), or the result when the reason is general.
    """
    found: list[tuple[str, Reason]] = []
    _collect(result, path, found)
    return iter(found)


def _collect(result: object, path: str, found: list[tuple[str, Reason]]) -> None:
    """Every answer of a server passes here, so it does not look into what can hold no result."""
    parts: Iterable[tuple[Any, Any]]
    if isinstance(result, Result):
        for reason in result.reasons:
            found += [(_join(path, name), reason) for name in reason.fields or ("",)]
        kind: Any = type(result)
        parts = [(name, getattr(result, name)) for name in _field_names(kind)]
    elif isinstance(result, (list, tuple)):
        parts = enumerate(result)
    elif isinstance(result, Mapping):
        parts = result.items()
    else:
        return
    for name, value in parts:
        if type(value) not in _LEAVES:
            _collect(value, _join(path, str(name)), found)


@functools.cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.name != "reasons")


def unexplained(result: Result, path: str = "") -> tuple[str, ...]:
    """Paths of NaN or infinite fields that no reason names; empty for an honest result."""
    explained = {name for reason in result.reasons for name in reason.fields}
    missing: list[str] = []
    for field in dataclasses.fields(result):
        value = getattr(result, field.name)
        if field.name == "reasons":
            continue
        for part in _nested(value):
            missing.extend(unexplained(part, _join(path, field.name)))
        if field.name not in explained and _not_finite(value):
            missing.append(_join(path, field.name))
    return tuple(missing)


def plain(value: Any) -> Any:
    """A value as JSON sees it: floats, strings, lists and dicts only."""
    if isinstance(value, Result):
        return value.to_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "isoformat") and value == value:
        return value.isoformat()
    if isinstance(value, (set, frozenset)):  # the same bytes in every process
        return sorted((plain(v) for v in value), key=str)
    if isinstance(value, Sequence):
        return [plain(v) for v in value]
    return _plain_array(value)


def _plain_array(value: Any) -> Any:
    from nautilus.core.frames import records

    return plain(records(value))


def _is_scalar(value: Any) -> bool:
    if getattr(value, "ndim", None) == 0 or hasattr(value, "isoformat"):
        return True
    return value is None or isinstance(value, (int, float, str))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}" if 1e5 <= abs(value) < 1e15 else f"{value:,.6g}"
    return str(value).replace("\n", " ")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _nested(value: Any) -> Iterator[Result]:
    if isinstance(value, Result):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _nested(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _nested(part)


def _not_finite(value: Any) -> bool:
    if isinstance(value, Result) or value is None or isinstance(value, (str, bytes)):
        return False
    if isinstance(value, (int, float)):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(_not_finite(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return any(_not_finite(v) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(_not_finite(getattr(value, f.name)) for f in dataclasses.fields(value))
    if hasattr(value, "dtype"):
        import numpy as np

        array = np.asarray(value)
        return array.dtype.kind == "f" and not bool(np.isfinite(array).all())
    return False
