"""Several indicators as one plan: what two of them need is done once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nautilus.core.errors import ParameterError
from nautilus.core.folds import Composed, Fold, Recent, Window
from nautilus.indicators.registry import Indicator, indicator_named

__all__ = ["FIELDS", "Column", "Node", "Plan", "Spec", "columns_of", "planned"]

# What a bar may hold.
FIELDS = ("open", "high", "low", "close", "volume", "session")
Spec = str | tuple[str, Mapping[str, Any]] | tuple[str, Mapping[str, Any], str]

# Names of columns: with their period only where the documented ones have it.
_WITH_PERIOD = {"rsi", "sma", "ema", "volume_sma", "atr", "historical_volatility"}
_STEMS = {"bollinger_bands": "bollinger", "keltner_channels": "keltner"}
# The first of several outputs that is called like the indicator itself.
_BARE = {"line", "value", "sar"}


@dataclass(frozen=True, slots=True)
class Node:
    """One fold of a plan: it reads columns of bars or of earlier nodes, by number."""

    fold: Fold | Window | Recent
    parameters: tuple[float, ...]
    reads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One output: its name, whose it is, and the number of its column in the plan."""

    name: str
    indicator: str
    place: int
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """Folds in order, and which of their columns are given.

    Parameters
    ----------
    fields : tuple of str
        Of a bar, as columns 0, 1, ...
    nodes : tuple of Node
    columns : tuple of Column
    """

    fields: tuple[str, ...]
    nodes: tuple[Node, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what it gives, in order."""
        return tuple(column.name for column in self.columns)


def planned(specs: Iterable[Spec]) -> Plan:
    """The plan of some indicators.

    Parameters
    ----------
    specs : iterable
        `"rsi"`, `("rsi", {"period": 21})`, or with a name for its columns
        `("macd", {"fast": 5}, "quick")`.

    Raises
    ------
    NotFoundError, ParameterError
        An unknown indicator or option; two columns of one name; nothing asked for.
    """
    listed = [_read(one) for one in specs]
    if not listed:
        raise ParameterError("`specs` names no indicator.", field="specs")
    needed = {name for found, _, _ in listed for name in found.inputs}
    fields = tuple(name for name in FIELDS if name in needed)
    builder = _Builder(fields)
    columns: list[Column] = []
    for found, options, alias in listed:
        places = builder.add(found, options)
        names = columns_of(found, options, alias)
        columns += [
            Column(name, found.name, place, options)
            for name, place in zip(names, places, strict=True)
        ]
    _no_doubles(columns)
    return Plan(fields, tuple(builder.nodes), tuple(columns))


def columns_of(
    found: Indicator, options: Mapping[str, Any], alias: str | None = None
) -> tuple[str, ...]:
    """Names of the columns of an indicator.

    Examples
    --------
    >>> columns_of(indicator_named("rsi"), {"period": 14})
    ('rsi_14',)
    >>> columns_of(indicator_named("macd"), {})
    ('macd', 'macd_signal', 'macd_histogram')
    """
    stem = alias or _STEMS.get(found.name, found.name)
    if not found.outputs:
        period = f"_{options['period']}" if alias is None and found.name in _WITH_PERIOD else ""
        return (f"{stem}{period}",)
    return tuple(stem if output in _BARE else f"{stem}_{output}" for output in found.outputs)


def _read(spec: Spec) -> tuple[Indicator, dict[str, Any], str | None]:
    parts: Any = (spec,) if isinstance(spec, str) else spec
    if not isinstance(parts, Sequence) or not 1 <= len(parts) <= 3 or not isinstance(parts[0], str):
        raise ParameterError(
            f"`specs` holds {spec!r}; an indicator is 'rsi', ('rsi', {{'period': 21}}) or"
            " ('macd', {'fast': 5}, 'quick').",
            field="specs",
        )
    found = indicator_named(parts[0])
    options = found.checked(dict(parts[1]) if len(parts) > 1 else {})
    return found, options, parts[2] if len(parts) > 2 else None


def _no_doubles(columns: Sequence[Column]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise ParameterError(
                f"two columns are called {column.name!r}. Name one of them:"
                f" ('{column.indicator}', {{...}}, 'another_name').",
                field="specs",
            )
        seen.add(column.name)


class _Builder:
    """Nodes so far; the same fold of the same columns is there once."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = {name: place for place, name in enumerate(fields)}
        self.nodes: list[Node] = []
        self._known: dict[Node, int] = {}
        self._width = len(fields)

    def add(self, found: Indicator, options: dict[str, Any]) -> list[int]:
        """Columns of the outputs of an indicator."""
        floats = found.fold.parameters(**options)
        places = [self.fields[name] for name in found.inputs]
        if not isinstance(found.fold, Composed):
            return self._node(found.fold, floats, places)
        where = dict(zip(found.inputs, places, strict=True))
        for part, own in found.fold.bound_parts(floats):
            given = self._node(part.fold, own, [where[name] for name in part.reads])
            where.update(zip(part.gives, given, strict=True))
        return [where[name] for name in found.fold.gives]

    def _node(
        self, fold: Fold | Window | Recent, floats: tuple[float, ...], reads: Sequence[int]
    ) -> list[int]:
        node = Node(fold, floats, tuple(reads))
        if node not in self._known:
            self._known[node] = self._width
            self.nodes.append(node)
            self._width += fold.width
        first = self._known[node]
        return list(range(first, first + fold.width))
