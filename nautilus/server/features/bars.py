"""Bars as columns: of a request, of the store, or both one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import MissingInputError, NautilusError, TimeIndexError
from nautilus.core.results import Reason
from nautilus.indicators.anchored import session_numbers
from nautilus.server.market.historical import Asked, Histories
from nautilus.server.market.windows import FIRST_YEAR, LAST_YEAR, window_of

if TYPE_CHECKING:
    import polars as pl

    from nautilus.server.schemas.features import Bar

__all__ = ["BarTable", "joined", "of_request", "stored_bars"]

Floats = NDArray[np.float64]
FIELDS = ("open", "high", "low", "close", "volume")
# Calendar days that hold a bar of each length, at most: weekends, holidays, short sessions.
_DAYS = {"1d": 1.6, "1w": 8.0, "1M": 32.0, "4h": 1.0, "1h": 0.3}


@dataclass(frozen=True, slots=True, eq=False)
class BarTable:
    """Bars of one symbol in order; a missing number is NaN.

    Parameters
    ----------
    times : array (bar,) of datetime64[us] or None
        UTC.
    columns : dict of field -> array (bar,)
        Those that somebody sent.
    source : str
    simulated : bool
    n_stored : int
        How many were not sent with the request.
    """

    times: NDArray[Any] | None
    columns: dict[str, Floats]
    source: str = "request"
    simulated: bool = False
    n_stored: int = 0
    reasons: tuple[Reason, ...] = field(default=())

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def field_named(self, name: str) -> Floats:
        """A column as folds take it.

        Raises
        ------
        MissingInputError
            Nobody sent it.
        """
        if name == "session":
            return np.zeros(len(self)) if self.times is None else session_numbers(self.times)
        if name not in self.columns:
            raise MissingInputError(
                f"the indicators read `{name}`, which no bar has. Send it, or ask for others.",
                field="data.ohlcv",
            )
        return self.columns[name]


def of_request(bars: Sequence[Bar]) -> BarTable:
    """Bars as they were sent.

    Raises
    ------
    TimeIndexError
        Some have a time and some have none, or times that do not increase.
    """
    columns = {
        name: np.array([np.nan if (x := getattr(bar, name)) is None else x for bar in bars])
        for name in FIELDS
        if any(getattr(bar, name) is not None for bar in bars)
    }
    stamps = [bar.timestamp for bar in bars]
    for place, stamp in enumerate(stamps):
        if stamp is not None and not FIRST_YEAR <= stamp.year <= LAST_YEAR:
            raise TimeIndexError(
                f"bar {place} is of {stamp.year}; bars are of {FIRST_YEAR} to {LAST_YEAR}.",
                field=f"data.ohlcv.{place}.timestamp",
            )
    if not bars or all(stamp is None for stamp in stamps):
        return BarTable(None, columns)
    for place, stamp in enumerate(stamps):
        before = stamps[place - 1] if place else None
        if stamp is None or (before is not None and stamp <= before):
            what = "has no `timestamp`" if stamp is None else f"{stamp} is not after {before}"
            raise TimeIndexError(
                f"bar {place} {what}. Send every bar once, in order, all with times or none.",
                field=f"data.ohlcv.{place}.timestamp",
            )
    times = [stamp.astimezone(UTC).replace(tzinfo=None) for stamp in stamps if stamp is not None]
    return BarTable(np.array(times, dtype="datetime64[us]"), columns)


async def stored_bars(
    histories: Histories,
    symbol: str,
    timeframe: str,
    n: int,
    *,
    until: datetime,
    fallback: bool,
    as_of: datetime | None = None,
    adjustment: str = "split",
) -> BarTable:
    """At least `n` bars before `until`, where there are as many, of one source.

    Parameters
    ----------
    as_of : datetime, optional
        Only what was known then: no later close, and no later correction.
    adjustment : {"none", "split", "total"}
        A split is no return. Prices that a source has adjusted further stay so, but for "none".

    Raises
    ------
    NotFoundError, NoSourceAnswered
        Nobody has bars of it.
    """
    last = await histories.last_stored(symbol, timeframe)
    if as_of is None and last is not None:
        until = min(until, last)  # what was imported once may have ended long ago
    days = 5 + int(n * _DAYS.get(timeframe, 0.1))
    start = str((until - timedelta(days=days)).date())
    known = None if as_of is None else as_of.isoformat()
    window = window_of(start, until.isoformat(), known, until)
    asked = Asked(
        symbol=symbol, timeframe=timeframe, window=window, fallback=fallback,
        adjustment=adjustment, at_least=adjustment != "none",
    )  # fmt: skip
    found = await histories.find(asked)
    return _table(found.rows, found.source, found.simulated, found.reasons)


def _table(
    rows: pl.DataFrame, source: str, simulated: bool, reasons: tuple[Reason, ...]
) -> BarTable:
    import polars as pl

    times = rows["timestamp"].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")
    columns = {
        name: np.array(rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy())
        for name in FIELDS
        if name in rows.columns and rows[name].null_count() < len(rows)
    }
    return BarTable(times, columns, source, simulated, len(times), reasons)


def joined(stored: BarTable, sent: BarTable, timeframe: str) -> BarTable:
    """Stored bars, and after them those of the request; a day is one however it is stamped."""
    if not len(sent):
        return stored
    if sent.times is None:
        raise MissingInputError(
            "bars need a `timestamp` each where stored ones are put before them.",
            field="data.ohlcv",
        )
    assert stored.times is not None
    unit = "D" if timeframe in ("1d", "1w", "1M") else "us"
    first = sent.times[0].astype(f"datetime64[{unit}]")
    before = stored.times.astype(f"datetime64[{unit}]") < first
    names = [name for name in FIELDS if name in sent.columns and name in stored.columns]
    columns = {n: np.append(stored.columns[n][before], sent.columns[n]) for n in names}
    times = np.append(stored.times[before], sent.times)
    return BarTable(
        times, columns, f"request+{stored.source}", stored.simulated, int(before.sum()),
        stored.reasons,
    )  # fmt: skip


async def stored_or_nothing(
    histories: Histories, symbol: str, timeframe: str, n: int, **options: Any
) -> BarTable:
    """As `stored_bars`; nothing, with the reason, where nobody has any."""
    try:
        return await stored_bars(histories, symbol, timeframe, n, **options)
    except NautilusError as error:
        reason = Reason("NO_HISTORY", (), f"no earlier bars: {error}")
        empty = {name: np.empty(0) for name in FIELDS}
        return BarTable(np.empty(0, dtype="datetime64[us]"), empty, "none", reasons=(reason,))


def last_day(table: BarTable) -> date | None:
    """Date of the last bar."""
    if table.times is None or not len(table.times):
        return None
    found: date = table.times[-1].astype("datetime64[D]").item()
    return found
