"""Panels of history: returns or prices of several symbols, of one source over one window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import LabelError, ParameterError, ShapeError, TimeIndexError
from nautilus.core.frames import labelled_frame, labelled_vector, read, time_frame, time_series
from nautilus.core.results import Reason

__all__ = ["Given", "Panel", "PricePanel", "simple_changes"]

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """What both panels are: values by time and symbol, and where they are from.

    Parameters
    ----------
    symbols : tuple of str
        As they were asked for.
    times : array (time,) of datetime64[ns], or None
        Session labels; None where the request gave values without times.
    values : array (time, symbol)
        Read-only.
    source : str
        "request", "simulated", or the name of a store.
    simulated : bool
    as_of : date or None
        Of the last row.
    reasons : tuple of Reason
        Why something that was asked for is not here.
    """

    symbols: tuple[str, ...]
    times: Times | None
    values: Floats
    source: str
    simulated: bool
    as_of: date | None
    reasons: tuple[Reason, ...] = ()
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.values)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays and of the frame made of them."""
        return 2 * self.values.nbytes + (0 if self.times is None else self.times.nbytes)

    def _frame(self) -> Any:
        """A frame of its own for each caller: pandas copies when one of them writes."""
        if "frame" not in self._made:
            columns = dict(zip(self.symbols, self.values.T, strict=True))
            self._made["frame"] = (
                labelled_frame(range(self.n), columns)
                if self.times is None
                else time_frame(self.times, columns)
            )
        return self._made["frame"].copy(deep=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel(_Rows):
    """Simple returns per session, and those of the benchmark over the same sessions.

    Parameters
    ----------
    benchmark_symbol : str or None
    benchmark_values : array (time,) or None
        None when none was asked for, or when the request's own data lack it: see `reasons`.
    """

    benchmark_symbol: str | None = None
    benchmark_values: Floats | None = None

    @property
    def returns(self) -> Any:
        """A pandas frame by time and symbol."""
        return self._frame()

    @property
    def benchmark(self) -> Any:
        """A pandas Series by time, or None."""
        if self.benchmark_values is None:
            return None
        if self.times is None:
            return labelled_vector(self.benchmark_values, range(self.n))
        return time_series(self.times, self.benchmark_values, self.benchmark_symbol)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricePanel(_Rows):
    """Closes per session."""

    @property
    def prices(self) -> Any:
        """A pandas frame by time and symbol."""
        return self._frame()

    @property
    def last(self) -> dict[str, float]:
        """Last close by symbol."""
        return dict(zip(self.symbols, self.values[-1].tolist(), strict=True))


def simple_changes(prices: Floats) -> Floats:
    """Simple returns between the rows, one row fewer.

    Examples
    --------
    >>> simple_changes(np.array([[100.0], [110.0]])).round(4).tolist()
    [[0.1]]
    """
    changes: Floats = prices[1:] / prices[:-1] - 1.0
    return changes


@dataclass(frozen=True, slots=True)
class Given:
    """Series that came with the request; they win over everything stored.

    Parameters
    ----------
    values : mapping of symbol -> numbers, or a frame
        A null is a missing value.
    times : sequence of dates, datetimes or ISO texts, optional
        Of a mapping; a frame has its own.
    kind : {"returns", "prices"}

    Examples
    --------
    >>> Given({"AAPL": [100.0, 110.0]}, kind="prices").panel(("AAPL",)).values.round(4).tolist()
    [[0.1]]
    """

    values: Any
    times: Sequence[Any] | None = None
    kind: Literal["returns", "prices"] = "returns"

    def panel(self, symbols: Sequence[str], benchmark: str | None = None) -> Panel:
        """Returns of these symbols.

        Raises
        ------
        LabelError
            A symbol that was not sent.
        """
        table, times, columns = self._read()
        if self.kind == "prices":
            table, times = simple_changes(table), None if times is None else times[1:]
        missing = benchmark is not None and benchmark not in columns
        beside = benchmark if benchmark in columns else None
        return Panel(
            symbols=tuple(symbols),
            times=times,
            values=_picked(table, columns, symbols),
            source="request",
            simulated=False,
            as_of=_day(times),
            reasons=(_no_benchmark(str(benchmark)),) if missing else (),
            benchmark_symbol=beside,
            benchmark_values=table[:, columns[beside]] if beside is not None else None,
        )

    def price_panel(self, symbols: Sequence[str]) -> PricePanel:
        """Prices of these symbols.

        Raises
        ------
        ParameterError
            Returns were sent.
        LabelError
        """
        if self.kind != "prices":
            raise ParameterError(
                "prices are needed, the request gave returns. Send `prices`.", field="returns"
            )
        table, times, columns = self._read()
        return PricePanel(
            symbols=tuple(symbols),
            times=times,
            values=_picked(table, columns, symbols),
            source="request",
            simulated=False,
            as_of=_day(times),
        )

    def _read(self) -> tuple[Floats, Times | None, dict[str, int]]:
        """(values, times, position of each symbol)."""
        if isinstance(self.values, Mapping):
            table = _columns(self.values, self.kind)
            return table, self._times(len(table)), {str(s): i for i, s in enumerate(self.values)}
        table, like = read(self.values, self.kind)
        return table, like.times, {str(c): i for i, c in enumerate(like.columns)}

    def _times(self, n: int) -> Times | None:
        if self.times is None:
            return None
        if len(self.times) != n:
            raise ShapeError(
                f"`times` must have one entry for each of {n} values, got {len(self.times)}.",
                field="times",
            )
        times = np.array([_instant(value) for value in self.times], dtype="M8[ns]")
        if (times[1:] <= times[:-1]).any():
            raise TimeIndexError("`times` must increase strictly.", field="times")
        return times


def _columns(values: Mapping[str, Any], name: str) -> Floats:
    lengths = {str(symbol): len(series) for symbol, series in values.items()}
    if not lengths or len(set(lengths.values())) != 1:
        raise ShapeError(
            f"`{name}` must have series of one length, got {lengths or 'none'}.", field=name
        )
    columns = [[np.nan if x is None else float(x) for x in series] for series in values.values()]
    return np.array(columns).T.copy()


def _picked(table: Floats, columns: Mapping[str, int], symbols: Sequence[str]) -> Floats:
    missing = [symbol for symbol in symbols if symbol not in columns]
    if missing:
        raise LabelError(
            f"the request's own series lack {', '.join(missing[:5])}; one answer never mixes"
            " sources. Send a series for every symbol, or none.",
            field="returns",
        )
    picked = table[:, [columns[symbol] for symbol in symbols]]
    picked.flags.writeable = False
    return picked


def _no_benchmark(symbol: str) -> Reason:
    return Reason(
        "NO_BENCHMARK",
        ("benchmark",),
        f"The request's own series lack {symbol}, and one answer never mixes sources.",
    )


def _instant(value: Any) -> np.datetime64:
    """A date or time without a zone, in UTC where it had one."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(value, "ns")


def _day(times: Times | None) -> date | None:
    if times is None or not len(times):
        return None
    day: date = times[-1].astype("M8[D]").item()
    return day
