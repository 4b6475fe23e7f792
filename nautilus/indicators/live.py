"""Many indicators of live bars: one call a bar, for one symbol or for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, LabelError, ParameterError, TimeIndexError
from nautilus.core.panel_states import PanelState
from nautilus.core.stream_states import read_back, written
from nautilus.indicators.plan import Spec, planned

__all__ = ["FeatureSet"]

NAN = float("nan")
VERSION = 1
_NEW_YORK = ZoneInfo("America/New_York")


class FeatureSet:
    """The columns of `compute`, bar by bar, equal to the bit; what two indicators need once.

    Parameters
    ----------
    specs : iterable
        As for `compute`.
    symbols : sequence of str, optional
        For a panel: a bar then holds one number per symbol in each field, in this order.

    Raises
    ------
    NotFoundError, ParameterError

    Examples
    --------
    >>> live = FeatureSet(["obv", ("sma", {"period": 2})])
    >>> live.update({"close": 10.0, "volume": 100.0})
    {'obv': 100.0, 'sma_2': nan}
    >>> live.update({"close": 12.0, "volume": 50.0})
    {'obv': 150.0, 'sma_2': 11.0}
    """

    def __init__(self, specs: Iterable[Spec], *, symbols: Sequence[str] | None = None) -> None:
        self._specs = [_plain(spec) for spec in specs]
        self.symbols = None if symbols is None else tuple(symbols)
        plan = planned(self._specs)
        self._plan = plan
        self.names = plan.names
        self.fields = tuple(name for name in plan.fields if name != "session")
        self._steps = [
            (node.fold.updater(node.parameters), _reader(node.reads)) for node in plan.nodes
        ]
        self._places = [column.place for column in plan.columns]
        self._states = self._fresh()
        self._panels = [
            PanelState(node.fold, node.parameters, len(self.symbols or ()))
            for node in (plan.nodes if self.symbols is not None else ())
        ]
        self._last: Any = None
        self.bars = 0
        self.value: dict[str, Any] | None = None

    def _fresh(self) -> list[Any]:
        return [node.fold.start(node.parameters) for node in self._plan.nodes]

    def update(self, bar: Mapping[str, Any]) -> dict[str, Any]:
        """Take one bar.

        Parameters
        ----------
        bar : mapping
            A number for each of `fields`, or one per symbol; `timestamp`, an aware datetime, where
            times should be checked and vwap should know its session; or `session`, a number.

        Returns
        -------
        dict of str -> float, or of str -> array (symbol,)

        Raises
        ------
        LabelError
            A field that is missing.
        DataError
            A high below a low, a negative volume, another number of symbols. Nothing is taken.
        TimeIndexError
            A time that is not after the one before, or without a zone. Nothing is taken.
        """
        moment = _moment(bar, self._last)
        values = self._values(bar, moment)
        if self.symbols is None:
            self._states, found = self._step(self._states, values)
            shown: dict[str, Any] = dict(zip(self.names, found, strict=True))
        else:
            shown = self._panel(values)
        self._last, self.value = moment or self._last, shown
        self.bars += 1
        return shown

    def peek(self, bar: Mapping[str, Any]) -> dict[str, Any]:
        """The values after this bar, without taking it: for a bar that is still forming."""
        return self.copy().update(bar)

    def copy(self) -> Self:
        """An independent set in the same state."""
        twin = self.__class__(self._specs, symbols=self.symbols)
        twin._set_states(self._all_states())
        twin._last, twin.bars, twin.value = self._last, self.bars, self.value
        return twin

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON-able values."""
        return {
            "version": VERSION,
            "specs": written(self._specs),
            "symbols": None if self.symbols is None else list(self.symbols),
            "states": written(self._all_states()),
            "last": None if self._last is None else self._last.isoformat(),
            "bars": self.bars,
        }

    @classmethod
    def of(cls, snapshot: Mapping[str, Any]) -> Self:
        """The set that a snapshot was taken of.

        Raises
        ------
        ParameterError
            No snapshot, or one of another version.
        """
        if not isinstance(snapshot, Mapping) or snapshot.get("version") != VERSION:
            raise ParameterError(
                f"`snapshot` must be what FeatureSet.snapshot() gave, version {VERSION}.",
                field="snapshot",
            )
        found = cls([tuple(spec) for spec in snapshot["specs"]], symbols=snapshot["symbols"])
        shape = found._fresh()
        found._set_states([read_back(states, shape) for states in snapshot["states"]])
        last = snapshot["last"]
        found._last = None if last is None else datetime.fromisoformat(last)
        found.bars = int(snapshot["bars"])
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return FeatureSet.of, (self.snapshot(),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureSet) and self.snapshot() == other.snapshot()

    __hash__ = None  # type: ignore[assignment]

    def warm_up(self) -> None:
        """Compile the loops of a panel, some 0.3 s each the first time on a machine.

        Updates never compile: until this was called they are interpreted, to the same bits.
        """
        for panel in self._panels:
            panel.warm_up()

    def _all_states(self) -> list[list[Any]]:
        """The states of each symbol, node by node."""
        if self.symbols is not None:
            return [list(states) for states in zip(*[p.states for p in self._panels], strict=True)]
        nodes = self._plan.nodes
        return [[node.fold.copied(s) for node, s in zip(nodes, self._states, strict=True)]]

    def _set_states(self, states: Sequence[Sequence[Any]]) -> None:
        if self.symbols is None:
            self._states = list(states[0])
            return
        for number, panel in enumerate(self._panels):
            panel.states = [one[number] for one in states]

    def _step(self, states: list[Any], values: list[float]) -> tuple[list[Any], list[float]]:
        new = []
        for (update, read), state in zip(self._steps, states, strict=True):
            state, found = update(state, values[read] if type(read) is slice else read(values))
            new.append(state)
            values += found
        return new, [values[j] for j in self._places]

    def _panel(self, values: list[NDArray[np.float64]]) -> dict[str, Any]:
        columns = list(values)
        for node, panel in zip(self._plan.nodes, self._panels, strict=True):
            columns.extend(panel.update([columns[j] for j in node.reads]))
        return {n: columns[place] for n, place in zip(self.names, self._places, strict=True)}

    def _values(self, bar: Mapping[str, Any], moment: datetime | None) -> list[Any]:
        values: list[Any] = []
        for name in self._plan.fields:
            if name == "session" and name not in bar:
                values.append(self._spread(_session(moment)))
            elif name not in bar:
                raise LabelError(
                    f"`bar` lacks {name!r}; it needs {', '.join(self.fields)}.", field=name
                )
            elif self.symbols is None:
                values.append(float(bar[name]))
            else:
                values.append(self._row(bar[name], name))
        _check(dict(zip(self._plan.fields, values, strict=True)), self.symbols)
        return values

    def _spread(self, number: float) -> Any:
        return number if self.symbols is None else np.full(len(self.symbols), number)

    def _row(self, given: Any, name: str) -> NDArray[np.float64]:
        assert self.symbols is not None
        row = np.array(given, dtype=np.float64).reshape(-1)
        if len(row) != len(self.symbols):
            raise DataError(
                f"`bar` must hold {len(self.symbols)} values of {name!r}, one per symbol, got"
                f" {len(row)}.",
                field=name,
            )
        return row


def _reader(places: Sequence[int]) -> Any:
    """Where a node reads: columns side by side are a slice, three times faster than a list."""
    if list(places) == list(range(places[0], places[0] + len(places))):
        return slice(places[0], places[0] + len(places))
    return itemgetter(*places)


def _plain(spec: Spec) -> Any:
    """A spec as JSON keeps it."""
    if isinstance(spec, str):
        return (spec, {})
    name, options, *alias = spec
    return (name, dict(options), *alias)


def _moment(bar: Mapping[str, Any], last: datetime | None) -> datetime | None:
    moment = bar.get("timestamp")
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise TimeIndexError(
            f"`timestamp` must be a datetime with a zone, got {moment!r}.", field="timestamp"
        )
    if last is not None and moment <= last:
        raise TimeIndexError(
            f"`timestamp` {moment.isoformat()} is not after the bar before,"
            f" {last.isoformat()}. Bars come once and in order.",
            field="timestamp",
        )
    return moment


def _session(moment: datetime | None) -> float:
    """Days since 1970 on the clock of New York; 0 where nobody knows the time."""
    if moment is None:
        return 0.0
    local = moment.astimezone(_NEW_YORK).replace(tzinfo=UTC)
    return float(local.timestamp() // 86_400)


def _check(fields: Mapping[str, Any], symbols: Sequence[str] | None) -> None:
    high, low, volume = (fields.get(name) for name in ("high", "low", "volume"))
    # One symbol is compared as plain floats: numpy takes longer to begin than that.
    some = np.any if symbols is not None else bool
    if high is not None and low is not None and some(high < low):
        number = int(np.argmax(np.atleast_1d(high < low)))
        top, bottom = np.atleast_1d(high)[number], np.atleast_1d(low)[number]
        raise DataError(
            f"`high` must not be below `low`, got {top:g} and {bottom:g}{_of(symbols, number)}."
            " Swap or correct them.",
            field="high",
        )
    if volume is not None and some(volume < 0.0):
        number = int(np.argmax(np.atleast_1d(volume < 0.0)))
        raise DataError(
            f"`volume` must not be negative, got {np.atleast_1d(volume)[number]:g}"
            f"{_of(symbols, number)}.",
            field="volume",
        )


def _of(symbols: Sequence[str] | None, number: int) -> str:
    return "" if symbols is None else f" of {symbols[number]}"
