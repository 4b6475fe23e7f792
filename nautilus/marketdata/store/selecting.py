"""Rows of a store as they were known at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from nautilus.core.errors import ParameterError, TimeIndexError
from nautilus.marketdata.store.catalogue import Part
from nautilus.marketdata.store.encoding import scan_files
from nautilus.marketdata.store.tables import STAMPS, TIME, Table

__all__ = ["instant", "microseconds", "rows_of"]

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def instant(value: Any, name: str, *, end: bool = False) -> dt.datetime | None:
    """A time in UTC: of a date its midnight, or with `end` its last microsecond.

    Raises
    ------
    TimeIndexError
        A time of day without a zone.
    ParameterError
        Nothing that is a time.

    Examples
    --------
    >>> instant("2024-01-31", "end", end=True).isoformat()
    '2024-01-31T23:59:59.999999+00:00'
    """
    if value is None:
        return None
    parsed = _parsed(value, name)
    if not isinstance(parsed, dt.datetime):
        day = dt.datetime.combine(parsed, dt.time(), dt.UTC)
        return day + dt.timedelta(days=1, microseconds=-1) if end else day
    if parsed.tzinfo is None:
        raise TimeIndexError(
            f"`{name}` {value} carries no zone. Write 2024-01-31T14:30:00Z, or a date alone.",
            field=name,
        )
    return parsed.astimezone(dt.UTC)


def _parsed(value: Any, name: str) -> dt.date:
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()  # type: ignore[no-any-return]
    if isinstance(value, dt.date):
        return value
    text = str(value)
    try:
        return dt.date.fromisoformat(text) if len(text) <= 10 else dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(
            f"`{name}` must be a date such as 2024-01-31 or a time such as 2024-01-31T14:30:00Z,"
            f" got {value!r}.",
            field=name,
        ) from error


def microseconds(value: dt.datetime | None) -> int | None:
    """Since 1970, UTC, as the catalogue counts."""
    return None if value is None else (value - EPOCH) // dt.timedelta(microseconds=1)


def rows_of(
    root: Path,
    parts: Sequence[Part],
    table: Table,
    *,
    owners: Sequence[str] | None = None,
    first: dt.datetime | None = None,
    last: dt.datetime | None = None,
    as_of: dt.datetime | None = None,
    columns: Sequence[str] | None = None,
    every: bool = False,
) -> pl.DataFrame:
    """Rows in the order of their keys; with `every` the ones that were corrected too.

    Of each key that row counts that was known last, as of the time asked for.
    """
    shown = [*table.columns, *STAMPS] if columns is None else list(columns)
    parts = [part for part in parts if _may_hold(part, owners)]
    if not parts:
        return pl.DataFrame(schema={n: {**table.columns, **STAMPS}[n] for n in shown})
    lazy = scan_files([root / part.path for part in parts], table)
    for condition in _conditions(table, owners, first, last, as_of):
        lazy = lazy.filter(condition)
    order = [*table.key, "knowledge_ts", "revision"]
    corrected = not every and any(part.most_revision > 0 for part in parts)
    if not corrected:
        stamps = order[-2:] if every else []
        lazy = lazy.select(list(dict.fromkeys([*table.key, *stamps, *shown])))
    rows = lazy.collect()
    if corrected:
        rows = rows.sort(order).unique(table.key, keep="last", maintain_order=True)
    elif every:
        rows = rows.sort(order)
    elif len(parts) > 1:
        # A part is sorted when it is written.
        rows = rows.sort(table.key)
    return rows.select(shown)


def _may_hold(part: Part, owners: Sequence[str] | None) -> bool:
    if owners is None:
        return True
    return any(part.first_owner <= owner <= part.last_owner for owner in owners)


def _conditions(
    table: Table,
    owners: Sequence[str] | None,
    first: dt.datetime | None,
    last: dt.datetime | None,
    as_of: dt.datetime | None,
) -> list[pl.Expr]:
    found = []
    if owners is not None:
        owner = pl.col(table.owner)
        found.append(owner == owners[0] if len(owners) == 1 else owner.is_in(list(owners)))
    time = pl.col(table.time)
    found += [] if first is None else [time >= pl.lit(first).cast(TIME)]
    found += [] if last is None else [time <= pl.lit(last).cast(TIME)]
    found += [] if as_of is None else [pl.col("knowledge_ts") <= pl.lit(as_of).cast(TIME)]
    return found
