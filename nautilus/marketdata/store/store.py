"""The store: market data in immutable Parquet files that an SQLite catalogue makes count."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import polars as pl

from nautilus.core.checks import check_choice
from nautilus.core.errors import ParameterError
from nautilus.marketdata.store import maintenance
from nautilus.marketdata.store.adjusting import BASES
from nautilus.marketdata.store.appending import coverage_of, divided, new_rows
from nautilus.marketdata.store.catalogue import Catalogue, Part
from nautilus.marketdata.store.encoding import encoded
from nautilus.marketdata.store.files import file_digest, remove_files, write_part
from nautilus.marketdata.store.importing import bar_pieces
from nautilus.marketdata.store.progress import counted
from nautilus.marketdata.store.reader import Reader
from nautilus.marketdata.store.rows import checked_rows
from nautilus.marketdata.store.selecting import instant, microseconds, rows_of
from nautilus.marketdata.store.tables import Table, check_timeframe, table_of

__all__ = ["Appended", "Store", "default_root"]


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append stored. When it returns, the rows outlive a power cut.

    Parameters
    ----------
    rows : int
        Rows stored: new ones and corrections.
    corrections : int
        Those of them that change something that was stored.
    known : int
        Rows that said what was stored already.
    """

    rows: int
    corrections: int
    known: int


def default_root() -> Path:
    """NAUTILUS_STORE, or `~/.nautilus/market`: where the servers look too."""
    return Path(os.environ.get("NAUTILUS_STORE") or Path.home() / ".nautilus" / "market")


class Store(Reader):
    """Bars, ticks, macro series, fundamentals and corporate actions, each as it was known when.

    A file is written beside, made durable and renamed, and counts from the moment on at which the
    catalogue names it: no reader sees half of it, and what `append` has returned for outlives a
    kill at any instant. Any number of processes may read while one writes; writers queue.

    Parameters
    ----------
    root : path, optional
        A folder; made if it is not there. By default `default_root()`.
    clock : callable, optional
        The time now, UTC.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> rows = pl.DataFrame({"symbol": ["A", "A"], "close": [10.0, 11.0],
    ...                      "timestamp": [dt.date(2024, 1, 2), dt.date(2024, 1, 3)]})
    >>> store.append("bars", rows, source="mine").rows
    2
    >>> store.append("bars", rows, source="mine").known
    2
    >>> store.read("bars", ["A"], as_of="2024-01-02")["close"].to_list()
    [10.0]
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        clock: Callable[[], dt.datetime] | None = None,
    ) -> None:
        root = default_root() if root is None else Path(root)
        root.mkdir(parents=True, exist_ok=True)
        super().__init__(root, Catalogue(root / "catalogue.db"))
        self._clock = clock or _now
        maintenance.sweep(self._catalogue, self.root, self._clock())

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process opens the same folder.
        return partial(Store, clock=self._clock), (self.root,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Store) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the catalogue back."""
        self._catalogue.close()

    # Writing.

    def append(
        self,
        kind: str,
        rows: Any,
        *,
        source: str,
        timeframe: str | None = None,
        basis: str = "raw",
    ) -> Appended:
        """Store rows; those that say nothing new are left out, so doing it twice is harmless.

        Parameters
        ----------
        kind : {"bars", "trades", "quotes", "macro", "fundamentals", "actions"}
        rows : polars or pandas frame
            The columns of `tables.TABLES[kind]`, and `knowledge_ts` where somebody knows when the
            row could be known. Otherwise that is the end of a bar and the moment of a tick, and
            now for a row that changes a stored one. Macro series and fundamentals must say.
        source : str
            Who says so. Answers never mix sources.
        timeframe : str, optional
            Of bars: 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w, 1M; by default 1d.
        basis : {"raw", "split", "total"}
            What prices are adjusted for as they come.

        Raises
        ------
        LabelError, TimeIndexError, DataError, ParameterError
            Rows that cannot be meant; nothing is stored.
        StoreFullError
            No space; nothing of the call is stored, everything before is whole.
        UnavailableError
            Another writer has held the store for 30 s.
        """
        table, name = table_of(kind), check_timeframe(kind, timeframe)
        check_choice(basis, "basis", BASES)
        now = self._clock()
        checked = checked_rows(rows, table, name, now)
        return self._append(checked, table, name, _checked_source(source), basis, now)

    def _append(
        self, rows: pl.DataFrame, table: Table, timeframe: str, source: str, basis: str,
        now: dt.datetime,
    ) -> Appended:  # fmt: skip
        written: list[Path] = []
        stored = corrections = 0
        try:
            with self._catalogue.writing():
                self._keep_basis(table, timeframe, source, basis)
                for division, group in divided(rows, table, timeframe):
                    old = self._overlapping(table, timeframe, source, division, group)
                    fresh = new_rows(group, old, table, timeframe, source, now)
                    if not len(fresh):
                        continue
                    part = self._write(fresh, table, timeframe, source, division)
                    written.append(self.root / part.path)
                    self._catalogue.record(part)
                    self._catalogue.cover(coverage_of(fresh, table, timeframe, source))
                    stored += len(fresh)
                    corrections += int((fresh["revision"] > 0).sum())
        except BaseException:
            remove_files(written)
            raise
        return Appended(stored, corrections, len(rows) - stored)

    def _keep_basis(self, table: Table, timeframe: str, source: str, basis: str) -> None:
        before = self._catalogue.sources(table.kind, timeframe).get(source, basis)
        if before != basis:
            raise ParameterError(
                f"`basis` is {basis!r}, but {table.kind} of source {source!r} are stored as"
                f" {before!r}. Use another source name: a series has one basis.",
                field="basis",
            )
        self._catalogue.set_basis(table.kind, timeframe, source, basis)

    def _overlapping(
        self, table: Table, timeframe: str, source: str, division: str, rows: pl.DataFrame
    ) -> pl.DataFrame | None:
        first, last = rows[table.time].min(), rows[table.time].max()
        assert isinstance(first, dt.datetime)
        assert isinstance(last, dt.datetime)
        parts = self._catalogue.parts(
            table.kind, timeframe, source, microseconds(first), microseconds(last), division
        )
        if not parts:
            return None
        owners = rows[table.owner].unique().to_list()
        return rows_of(self.root, parts, table, owners=owners, first=first, last=last, every=True)

    def _write(
        self, rows: pl.DataFrame, table: Table, timeframe: str, source: str, division: str
    ) -> Part:
        folder = self.root / _folder(table, timeframe, source, division)
        path = write_part(encoded(rows, table), folder, table.row_group)
        times, owners = rows[table.time].to_physical(), rows[table.owner]
        return Part(
            table.kind, timeframe, source, division, path.relative_to(self.root).as_posix(),
            rows=len(rows), bytes=path.stat().st_size, digest=file_digest(path),
            first_time=times.min(), last_time=times.max(),  # type: ignore[arg-type]
            first_owner=str(owners.min()), last_owner=str(owners.max()),
            most_revision=rows["revision"].max(),  # type: ignore[arg-type]
        )  # fmt: skip

    def import_prices(
        self,
        path_or_frame: Any,
        *,
        source: str,
        timeframe: str = "1d",
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        symbol: str | None = None,
        basis: str = "raw",
        progress: bool | Callable[[int], None] = False,
    ) -> Appended:
        """Store a user's own bars from a file or a frame, long, wide or of one symbol.

        Parameters
        ----------
        path_or_frame : path of a CSV or Parquet file, or a pandas or polars frame
        source : str
            What to call it in every answer.
        columns : mapping, optional
            Our name -> theirs, for headers that are not recognised: {"time": "Datum"}.
        timezone : str, optional
            Clock of times that carry no zone; dates are session labels and need none.
        symbol : str, optional
            Of bars without a column of symbols; by default the name of the file.
        timeframe, basis
            As for `append`.
        progress : bool or callable
            True shows a bar; a function gets the number of rows so far.

        Raises
        ------
        LabelError, TimeIndexError, DataError, NotFoundError, StoreFullError
            Pieces of 500,000 rows that came before are stored; repeating the call is harmless.

        Examples
        --------
        >>> import tempfile
        >>> wide = pl.DataFrame({"Date": ["2024-01-02"], "A": [10.0], "B": [20.0]})
        >>> Store(tempfile.mkdtemp()).import_prices(wide, source="mine").rows
        2
        """
        rows = corrections = known = 0
        pieces = bar_pieces(path_or_frame, columns=columns, timezone=timezone, symbol=symbol)
        for piece in counted(pieces, progress):
            done = self.append("bars", piece, source=source, timeframe=timeframe, basis=basis)
            rows, corrections = rows + done.rows, corrections + done.corrections
            known += done.known
        return Appended(rows, corrections, known)

    def note_loaded(
        self,
        kind: str,
        symbol: str,
        start: Any,
        end: Any,
        *,
        source: str,
        timeframe: str | None = None,
    ) -> None:
        """Remember that `source` sent all it has of a window, which may be nothing of parts of it.

        A source that begins later than the window is not asked for it again: see `loaded`.
        """
        name = check_timeframe(table_of(kind).kind, timeframe)
        first = microseconds(instant(start, "start"))
        last = microseconds(instant(end, "end", end=True))
        if first is None or last is None or last < first:
            raise ParameterError(f"`end` {end} must not be before `start` {start}.", field="end")
        with self._catalogue.writing():
            self._catalogue.note_loaded(kind, name, _checked_source(source), symbol, first, last)

    # Keeping it small and whole.

    def compact(self, *, at_least: int = 2) -> maintenance.Compacted:
        """Merge the files of each folder that has `at_least`; done again it does nothing."""
        done = maintenance.compact(
            self._catalogue, self.root, self._write, self._clock(), at_least=at_least
        )
        maintenance.sweep(self._catalogue, self.root, self._clock())
        return done

    def retain(
        self, kind: str, *, days: float, timeframe: str | None = None, source: str | None = None
    ) -> int:
        """Drop files whose last row is older than `days`; how many rows went."""
        name = check_timeframe(table_of(kind).kind, timeframe)
        return maintenance.retain(
            self._catalogue, self.root, self._clock(), kind, name, days, source
        )

    def check(self) -> maintenance.Checked:
        """Compare every file with what was written: the bytes, by SHA-256."""
        return maintenance.check_parts(self._catalogue, self.root)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _checked_source(source: str) -> str:
    if not isinstance(source, str) or not source.strip() or len(source) > 64:
        raise ParameterError(
            f"`source` must be a name of 1 to 64 characters, got {source!r}.", field="source"
        )
    return source.strip()


def _folder(table: Table, timeframe: str, source: str, division: str) -> Path:
    if table.files_by == "all":
        return Path(table.kind) / f"source={quote(source, safe='')}"
    if table.kind == "bars":
        # Case-blind file systems take 1m and 1M for one.
        return Path("bars") / f"tf={timeframe.replace('M', 'mo')}" / division
    return Path("ticks") / f"kind={table.kind}" / division
