"""Keeping the store small and whole: merging files, dropping what is too old, sweeping."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nautilus.core.errors import DataError, ParameterError
from nautilus.marketdata.store.appending import coverage_of
from nautilus.marketdata.store.catalogue import Catalogue, Coverage, Part
from nautilus.marketdata.store.files import file_digest, remove_files, strays
from nautilus.marketdata.store.selecting import microseconds, rows_of
from nautilus.marketdata.store.tables import Table, table_of

__all__ = ["Checked", "Compacted", "check_parts", "compact", "retain", "sweep"]

# A reader that chose its files before they were retired has this long to open them.
GRACE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Compacted:
    """What merging did: files before and after of the folders that had more than one."""

    files_before: int
    files_after: int
    rows: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at every file found; `damaged` says why, by path."""

    files: int
    rows: int
    damaged: dict[str, str]


Write = Callable[[pl.DataFrame, Table, str, str, str], Part]


def compact(
    catalogue: Catalogue, root: Path, write: Write, now: dt.datetime, *, at_least: int
) -> Compacted:
    """One file instead of several in each folder, source by source; done again it does nothing.

    Every row stays, corrected ones too. The new file counts from the same moment on from which the
    old ones count no longer; they are deleted when no reader can be about to open them.
    """
    before = after = rows = 0
    groups: defaultdict[tuple[str, str, str, str], list[Part]] = defaultdict(list)
    for part in catalogue.all_parts():
        groups[part.kind, part.timeframe, part.source, part.division].append(part)
    for (kind, timeframe, source, division), parts in groups.items():
        if len(parts) < max(at_least, 2):
            continue
        with catalogue.writing():
            # Another process may have merged them since.
            current = catalogue.parts(kind, timeframe, source, division=division)
            if len(current) < max(at_least, 2):
                continue
            merged = _merged(root, current, table_of(kind))
            catalogue.retire(current, now.timestamp())
            catalogue.record(write(merged, table_of(kind), timeframe, source, division))
        before, after, rows = before + len(current), after + 1, rows + len(merged)
    return Compacted(before, after, rows)


def _merged(root: Path, parts: Sequence[Part], table: Table) -> pl.DataFrame:
    rows = rows_of(root, parts, table, every=True)
    expected = sum(part.rows for part in parts)
    if len(rows) != expected:
        raise DataError(
            f"the files of {parts[0].division} hold {len(rows)} rows, the catalogue counts"
            f" {expected}: nothing was merged. `Store.check` says which file is damaged."
        )
    return rows


def retain(
    catalogue: Catalogue,
    root: Path,
    now: dt.datetime,
    kind: str,
    timeframe: str,
    days: float,
    source: str | None,
) -> int:
    """Let files whose last row is older than `days` count no longer; how many rows went."""
    if not days > 0:
        raise ParameterError(f"`days` must be above 0, got {days}.", field="days")
    limit = microseconds(now - dt.timedelta(days=days))
    with catalogue.writing():
        old = [part for part in catalogue.parts(kind, timeframe, source, last=limit)
               if limit is not None and part.last_time < limit]  # fmt: skip
        catalogue.retire(old, now.timestamp())
        gone = {part.id for part in old}
        for name in {part.source for part in old}:
            catalogue.uncover(kind, timeframe, name)
            for part in catalogue.parts(kind, timeframe, name):
                if part.id not in gone:
                    catalogue.cover(_covered(root, part))
    return sum(part.rows for part in old)


def _covered(root: Path, part: Part) -> list[Coverage]:
    table = table_of(part.kind)
    columns = [table.owner, table.time]
    rows = rows_of(root, [part], table, columns=columns, every=True)
    return coverage_of(rows, table, part.timeframe, part.source)


def sweep(catalogue: Catalogue, root: Path, now: dt.datetime) -> int:
    """Delete what a killed writer left and what has been retired for long; how many files.

    Nothing is done while somebody writes: its new file is not in the catalogue yet.
    """
    with catalogue.writing(wait=False) as mine:
        if not mine:
            return 0
        old = catalogue.retired(now.timestamp() - GRACE_SECONDS)
        removed = remove_files(root / path for path in old)
        catalogue.forget(old)
        return removed + remove_files(strays(root, catalogue.paths()))


def check_parts(catalogue: Catalogue, root: Path) -> Checked:
    """Read every file that counts and compare it with the catalogue."""
    damaged, rows = {}, 0
    parts = catalogue.all_parts()
    for part in parts:
        fault = _fault(root / part.path, part)
        if fault:
            damaged[part.path] = fault
        rows += part.rows
    return Checked(len(parts), rows, damaged)


def _fault(path: Path, part: Part) -> str | None:
    if not path.is_file():
        return "the file is gone"
    if path.stat().st_size != part.bytes:
        return f"it has {path.stat().st_size} bytes, {part.bytes} were written"
    if file_digest(path) != part.digest:
        return "its content is not what was written"
    return None
