"""Folds in a row: what some give, others read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from nautilus.core.windows import Column, Once, Recent, State, Window

if TYPE_CHECKING:
    from nautilus.core.folds import Fold

__all__ = ["Composed", "Part", "places"]


@dataclass(frozen=True, slots=True)
class Part:
    """One fold of several.

    Parameters
    ----------
    fold : Fold, Window or Recent
    reads : tuple of str
        Inputs of the whole, or what earlier parts give; one for each input of the fold.
    gives : tuple of str
        Names of its outputs.
    parameters : callable
        `parameters(*parameters of the whole) -> its own`.
    """

    fold: Fold | Window | Recent
    reads: tuple[str, ...]
    gives: tuple[str, ...]
    parameters: Callable[..., tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Composed:
    """Parts one after the other; each is the fold that it would be alone, so equality is theirs.

    Parameters
    ----------
    inputs : tuple of str
    parts : tuple of Part
    gives : tuple of str
        What of the inputs and parts is given, in the order of `outputs`.
    parameters : callable
        As in `Fold`.
    outputs : NamedTuple type, optional
        Where it gives several values.
    version : int
        Raised when the meaning of the state changes.
    """

    inputs: tuple[str, ...]
    parts: tuple[Part, ...]
    gives: tuple[str, ...]
    parameters: Callable[..., tuple[float, ...]]
    outputs: Any = None
    version: int = 1

    @property
    def width(self) -> int:
        """Number of outputs."""
        return len(self.gives)

    def start(self, parameters: tuple[float, ...]) -> State:
        """One state per part."""
        return tuple(part.fold.start(own) for part, own in self.bound_parts(parameters))

    def bound_parts(
        self, parameters: tuple[float, ...]
    ) -> tuple[tuple[Part, tuple[float, ...]], ...]:
        """Each part with its own parameters."""
        return _bound_parts(self, parameters)

    def updater(self, parameters: tuple[float, ...]) -> Once:
        """`(state, bar) -> (state, values)`, interpreted."""
        found, given = places(self)
        updaters = [part.fold.updater(own) for part, own in self.bound_parts(parameters)]
        steps = list(zip(updaters, found, strict=True))

        def once(state: State, bar: Sequence[float]) -> tuple[State, tuple[float, ...]]:
            values, states = list(bar), []
            for (update, reads), old in zip(steps, state, strict=True):
                new, found = update(old, [values[j] for j in reads])
                states.append(new)
                values += found
            return tuple(states), tuple(values[j] for j in given)

        return once

    def run(
        self, state: State, columns: Sequence[Column], parameters: tuple[float, ...], work: int
    ) -> tuple[State, tuple[Column, ...]]:
        """(state, one array per output) after these bars."""
        wanted, given = places(self)
        found, states = list(columns), []
        for (part, own), reads, old in zip(
            self.bound_parts(parameters), wanted, state, strict=True
        ):
            new, outs = part.fold.run(old, [found[j] for j in reads], own, work)
            states.append(new)
            found += outs
        return tuple(states), tuple(found[j] for j in given)

    def copied(self, state: State) -> State:
        """A state that later bars leave alone."""
        return tuple(p.fold.copied(one) for p, one in zip(self.parts, state, strict=True))


@cache
def _bound_parts(
    whole: Composed, parameters: tuple[float, ...]
) -> tuple[tuple[Part, tuple[float, ...]], ...]:
    return tuple((part, part.parameters(*parameters)) for part in whole.parts)


@cache
def places(whole: Composed) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Where each part and the outputs find what they read, among inputs and what parts give."""
    names = list(whole.inputs)
    reads = []
    for part in whole.parts:
        reads.append(tuple(names.index(name) for name in part.reads))
        names += part.gives
    return tuple(reads), tuple(names.index(name) for name in whole.gives)
