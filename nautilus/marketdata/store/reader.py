"""Reading the store: one source, as it was known, adjusted on the way."""

from __future__ import annotations

import datetime as dt
import difflib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata.store.adjusting import ADJUSTMENTS, adjusted
from nautilus.marketdata.store.catalogue import Catalogue, Coverage
from nautilus.marketdata.store.selecting import EPOCH, instant, microseconds, rows_of
from nautilus.marketdata.store.tables import STAMPS, TABLES, Table, check_timeframe, table_of

__all__ = ["Reader"]

DAY = 86_400_000_000


class Reader:
    """What a store answers; it never waits for a writer."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self.root = root
        self._catalogue = catalogue

    def read(
        self,
        kind: str,
        symbols: Sequence[str] | str | None = None,
        start: Any = None,
        end: Any = None,
        *,
        timeframe: str | None = None,
        source: str | None = None,
        as_of: Any = None,
        adjustment: str = "none",
        reinvest_at: str = "previous_close",
        columns: Sequence[str] | None = None,
        revisions: bool = False,
    ) -> pl.DataFrame:
        """Rows of one source in the order of their keys, as they were known.

        Parameters
        ----------
        kind : {"bars", "trades", "quotes", "macro", "fundamentals", "actions"}
        symbols : sequence of str, optional
            Symbols, or names of macro series; by default all.
        start, end : date or aware time, optional
            Both included; a date as `end` is the whole day.
        timeframe : str, optional
            Of bars; by default 1d.
        source : str, optional
            By default the one appended to last of those that have all the symbols.
        as_of : date or aware time, optional
            Only what was known then; a date is its end.
        adjustment : {"none", "split", "total"}
            Of bars, by the stored actions of the same source, known as of then.
        reinvest_at : {"previous_close", "ex_date_close"}
            At what dividends are reinvested; see `adjust_prices`.
        columns : sequence of str, optional
        revisions : bool
            Also the rows that were corrected later.

        Raises
        ------
        NotFoundError
            Nobody has the symbol; close names are given.
        ParameterError, TimeIndexError
            `end` before `start`; a time without a zone.
        DataError
            An adjustment that what is stored cannot give.
        """
        table, name = table_of(kind), check_timeframe(kind, timeframe)
        check_choice(adjustment, "adjustment", ADJUSTMENTS)
        first, last, known = _window(start, end, as_of)
        shown = _checked_columns(columns, table)
        owners = None if symbols is None else _names(symbols)
        chosen = self._chosen(table, name, owners, source)
        if chosen is None:
            return rows_of(self.root, [], table, columns=shown)
        bounds = microseconds(first), microseconds(last)
        rows = rows_of(
            self.root,
            self._catalogue.parts(kind, name, chosen, *bounds),
            table,
            owners=owners,
            first=first,
            last=last,
            as_of=known,
            columns=None if kind == "bars" and adjustment != "none" else shown,
            every=revisions,
        )
        if kind == "bars":
            basis = self._catalogue.sources(kind, name)[chosen]
            actions = self._actions(chosen, owners, known)
            rows = adjusted(rows, actions, adjustment, basis, chosen, reinvest_at)
        return rows if shown is None else rows.select(shown)

    def closes(
        self,
        symbols: Sequence[str],
        start: Any = None,
        end: Any = None,
        *,
        timeframe: str = "1d",
        source: str | None = None,
        as_of: Any = None,
        adjustment: str = "total",
    ) -> tuple[str, NDArray[np.datetime64], NDArray[np.float64]]:
        """(source, times, closes (time, symbol)) of one source; a close that is not there is NaN.

        Parameters
        ----------
        symbols, start, end, timeframe, source, as_of, adjustment
            As for `read`.

        Returns
        -------
        tuple of (str, array of datetime64[us], array)
            Times in UTC, of days the session labels.
        """
        bars = self.read(
            "bars", symbols, start, end, timeframe=timeframe, source=source, as_of=as_of,
            adjustment=adjustment, columns=["symbol", "timestamp", "close", "source"],
        )  # fmt: skip
        wide = bars.pivot("symbol", index="timestamp", values="close").sort("timestamp")
        times = wide["timestamp"].dt.replace_time_zone(None).to_numpy().astype("M8[us]")
        nothing = np.full(len(times), np.nan)
        held = set(wide.columns)
        values = [
            wide[s].cast(pl.Float64).fill_null(np.nan).to_numpy() if s in held else nothing
            for s in symbols
        ]
        named = bars["source"][0] if len(bars) else source or ""
        return str(named), times, np.column_stack(values)

    def loaded(
        self,
        kind: str,
        symbol: str,
        start: Any,
        end: Any,
        *,
        source: str,
        timeframe: str | None = None,
    ) -> bool:
        """Whether `source` was asked for all of a window before; see `Store.note_loaded`."""
        name = check_timeframe(table_of(kind).kind, timeframe)
        reach = microseconds(instant(start, "start"))
        last = microseconds(instant(end, "end", end=True))
        if reach is None or last is None:
            return False
        for begin, finish in self._catalogue.loaded(kind, name, source, symbol):
            # Windows that touch are one: the last microsecond of a day, the first of the next.
            reach = max(reach, finish + 1) if begin <= reach else reach
        return reach > last

    def latest(
        self,
        kind: str,
        symbols: Sequence[str] | str | None = None,
        *,
        timeframe: str | None = None,
        source: str | None = None,
    ) -> pl.DataFrame:
        """The last row of each symbol, one for each, by symbol; of one source, as stored."""
        table, name = table_of(kind), check_timeframe(kind, timeframe)
        owners = None if symbols is None else _names(symbols)
        chosen = self._chosen(table, name, owners, source)
        wanted = None if owners is None else set(owners)
        last: defaultdict[int, list[Coverage]] = defaultdict(list)
        for row in self._catalogue.coverage(kind, name, chosen) if chosen else ():
            if wanted is None or row.owner in wanted:
                last[row.last_time // DAY].append(row)
        found = [self._last_of_day(table, name, chosen, rows) for rows in last.values()]
        if not found:
            return rows_of(self.root, [], table)
        return pl.concat(found).sort(table.key).unique(table.owner, keep="last").sort(table.owner)

    def _last_of_day(
        self, table: Table, timeframe: str, source: str | None, rows: Sequence[Coverage]
    ) -> pl.DataFrame:
        first, last = min(r.last_time for r in rows), max(r.last_time for r in rows)
        return rows_of(
            self.root,
            self._catalogue.parts(table.kind, timeframe, source, first, last),
            table,
            owners=[row.owner for row in rows],
            first=EPOCH + dt.timedelta(microseconds=first),
            last=EPOCH + dt.timedelta(microseconds=last),
        )

    def symbols(
        self, kind: str = "bars", *, timeframe: str | None = None, source: str | None = None
    ) -> list[str]:
        """Every symbol, or series, that there is."""
        rows = self._catalogue.coverage(kind, check_timeframe(kind, timeframe), source)
        return sorted({row.owner for row in rows})

    def sources(self, kind: str = "bars", *, timeframe: str | None = None) -> dict[str, str]:
        """Sources that have any, the one appended to last first, and what they are adjusted for."""
        return self._catalogue.sources(table_of(kind).kind, check_timeframe(kind, timeframe))

    def source_of(
        self, symbols: Sequence[str], kind: str = "bars", *, timeframe: str | None = None
    ) -> str | None:
        """The source appended to last that has all of the symbols; None if there is none."""
        name = check_timeframe(kind, timeframe)
        have: defaultdict[str, set[str]] = defaultdict(set)
        for row in self._catalogue.coverage(kind, name):
            have[row.source].add(row.owner)
        wanted = set(symbols)
        ordered = self._catalogue.sources(kind, name)
        return next((source for source in ordered if wanted <= have[source]), None)

    def coverage_rows(self) -> list[Coverage]:
        """What each source has of each symbol, of every kind and timeframe."""
        return [row for kind in TABLES for row in self._catalogue.coverage(kind)]

    def coverage(self, kind: str = "bars", *, timeframe: str | None = None) -> pl.DataFrame:
        """First and last time and number of rows, by source and symbol."""
        rows = self._catalogue.coverage(kind, check_timeframe(kind, timeframe))
        times = {name: [getattr(row, name) for row in rows] for name in ("first_time", "last_time")}
        return pl.DataFrame(
            {
                "source": pl.Series([row.source for row in rows], dtype=pl.String),
                "symbol": pl.Series([row.owner for row in rows], dtype=pl.String),
                "rows": pl.Series([row.rows for row in rows], dtype=pl.Int64),
                **{
                    name: pl.Series(values, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
                    for name, values in times.items()
                },
            }
        )

    def revision(self) -> int:
        """A number that grows with every change: what was computed from an older one is stale."""
        return self._catalogue.revision()

    def _chosen(
        self, table: Table, timeframe: str, owners: Sequence[str] | None, source: str | None
    ) -> str | None:
        """The source of an answer, or an error that says what nobody has."""
        if owners is None:
            known = self._catalogue.sources(table.kind, timeframe)
            if source is not None and source not in known:
                raise _unknown("source", [source], list(known), f"has {table.kind} here")
            return source or next(iter(known), None)
        of = timeframe if table.kind == "bars" else None
        if source is None:
            found = self.source_of(owners, table.kind, timeframe=of)
            if found is not None:
                return found
        have = self.symbols(table.kind, timeframe=of, source=source)
        missing = sorted(set(owners) - set(have))
        where = f" {timeframe}".rstrip() + f" {table.kind}"
        if missing:
            told = f"has{where}" + (f" of source {source!r}" if source else "")
            raise _unknown("symbols", missing, have, told)
        if source is None:
            raise NotFoundError(
                f"no single source has{where} of all of {', '.join(owners[:5])}; one answer never"
                " mixes sources. Ask for them apart, or import the missing ones.",
                field="symbols",
            )
        return source

    def _actions(
        self, source: str, owners: Sequence[str] | None, as_of: dt.datetime | None
    ) -> pl.DataFrame:
        parts = self._catalogue.parts("actions", "", source)
        return rows_of(self.root, parts, table_of("actions"), owners=owners, as_of=as_of)


def _unknown(field: str, missing: Sequence[str], have: Sequence[str], told: str) -> NotFoundError:
    near = difflib.get_close_matches(missing[0].upper(), [*have], n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(repr(name) for name in near)}?" if near else ""
    names = ", ".join(repr(name) for name in missing[:5])
    return NotFoundError(f"nothing called {names} {told}.{hint}", field=field)


def _names(symbols: Sequence[str] | str) -> list[str]:
    names = [symbols] if isinstance(symbols, str) else list(symbols)
    if not names or len(set(names)) != len(names):
        raise ParameterError(
            f"`symbols` must name each symbol once, got {', '.join(map(str, names)) or 'none'}.",
            field="symbols",
        )
    return names


def _window(
    start: Any, end: Any, as_of: Any
) -> tuple[dt.datetime | None, dt.datetime | None, dt.datetime | None]:
    first, last = instant(start, "start"), instant(end, "end", end=True)
    if first is not None and last is not None and last < first:
        raise ParameterError(f"`end` {end} is before `start` {start}. Swap them.", field="end")
    return first, last, instant(as_of, "as_of", end=True)


def _checked_columns(columns: Sequence[str] | None, table: Table) -> list[str] | None:
    known = [*table.columns, *STAMPS]
    for name in columns or ():
        check_choice(name, "columns", known)
    return None if columns is None else list(columns)
