"""Rows as the store takes them: every column there, of its type, with a time that can be true."""

from __future__ import annotations

import datetime as dt
import difflib
from typing import Any

import polars as pl

from nautilus.core.errors import DataError, LabelError, TimeIndexError
from nautilus.marketdata.store.tables import STAMPS, TIME, TIMEFRAMES, Table

__all__ = ["checked_rows", "first_known", "polars_frame"]

_EARLIEST = dt.datetime(1700, 1, 1, tzinfo=dt.UTC)


def checked_rows(data: Any, table: Table, timeframe: str, now: dt.datetime) -> pl.DataFrame:
    """Rows with the columns of `table` and, if given, `knowledge_ts`; sorted by key.

    Raises
    ------
    LabelError
        A column that is missing or unknown.
    TimeIndexError
        A time without a zone, in the future, or a key that comes twice with different values.
    DataError
        No frame, a cell that is no number, an empty key.
    """
    frame = polars_frame(data, "rows")
    frame = _columns(frame, table)
    frame = frame.with_columns(_typed(frame, name, dtype, table, timeframe) for name, dtype in
                               _types(frame, table).items())  # fmt: skip
    _no_empty_keys(frame, table)
    _no_future(frame, table, now)
    order = [*table.key, *(["knowledge_ts"] if "knowledge_ts" in frame.columns else [])]
    if _is_increasing(frame, order):
        return frame
    frame = frame.unique(maintain_order=True).sort(order, nulls_last=False, maintain_order=True)
    _no_conflicts(frame, order)
    return frame


def first_known(table: Table, timeframe: str) -> pl.Expr:
    """When a row that says nothing of it could be known first.

    A bar at its end, one of days in the last microsecond of its last day, so that what is known as
    of a date includes its close; a tick when it happened. Of a period's figure nobody can tell: it
    must be given.
    """
    if table.kind != "bars":
        return pl.col(table.time)
    start = pl.col("timestamp")
    if timeframe in ("1d", "1w", "1M"):
        end = start.dt.offset_by("1mo") if timeframe == "1M" else start + _length(timeframe)
        return end - pl.duration(microseconds=1)
    return start + _length(timeframe)


def _length(timeframe: str) -> pl.Expr:
    return pl.duration(microseconds=TIMEFRAMES[timeframe])


def polars_frame(data: Any, field: str) -> pl.DataFrame:
    """A polars or pandas frame as a polars one; a pandas index of times or with a name is a column.

    Examples
    --------
    >>> import pandas as pd
    >>> prices = pd.DataFrame({"a": [1.0]}, index=pd.to_datetime(["2024-01-02"]))
    >>> polars_frame(prices, "rows").columns
    ['timestamp', 'a']
    """
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, pl.DataFrame):
        return data
    if not hasattr(data, "iloc") or not hasattr(data, "columns"):
        raise DataError(
            f"`{field}` must be a polars or pandas frame, got {type(data).__name__}.", field=field
        )
    if data.index.nlevels > 1:
        data = data.reset_index()
    elif data.index.name is not None or data.index.dtype.kind == "M":
        data = data.rename_axis(index=data.index.name or "timestamp").reset_index()
    return pl.DataFrame([_polars_column(str(name), data[name]) for name in data.columns])


def _polars_column(name: str, values: Any) -> pl.Series:
    if str(values.dtype).startswith("datetime64") and getattr(values.dt, "tz", None) is not None:
        instants = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return pl.Series(name, instants).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if values.dtype.kind in "biufM":
        return pl.Series(name, values.to_numpy())
    cells = [None if cell != cell else cell for cell in values.to_list()]
    return pl.Series(name, cells, strict=False)


def _columns(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    known = [*table.columns, "knowledge_ts"]
    # What the store itself adds may come back with rows that were read from it.
    frame = frame.drop([name for name in ("received_ts", "source", "revision")
                        if name in frame.columns])  # fmt: skip
    for name in frame.columns:
        if name not in known:
            near = difflib.get_close_matches(name.lower(), known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise LabelError(
                f"`rows` has a column {name!r}, which {table.kind} do not have.{hint}"
                f" They have {', '.join(known)}.",
                field="rows",
            )
    required = [name for name in table.columns if name not in table.optional]
    if table.kind in ("macro", "fundamentals"):
        required.append("knowledge_ts")
    missing = [name for name in required if name not in frame.columns]
    if missing:
        raise LabelError(
            f"`rows` lacks {', '.join(missing)}, which {table.kind} need."
            f" It has {', '.join(frame.columns)}.",
            field="rows",
        )
    absent = [n for n in table.columns if n not in frame.columns]
    filled = frame.with_columns(pl.lit(None, table.columns[n]).alias(n) for n in absent)
    return filled.select(name for name in known if name in filled.columns)


def _types(frame: pl.DataFrame, table: Table) -> dict[str, Any]:
    return {name: {**table.columns, **STAMPS}[name] for name in frame.columns}


def _typed(frame: pl.DataFrame, name: str, dtype: Any, table: Table, timeframe: str) -> pl.Expr:
    column, found = pl.col(name), frame.schema[name]
    if found == dtype:
        return column
    if dtype == TIME:
        return _instant(frame, name, dates=table.kind != "bars" or timeframe in ("1d", "1w", "1M"))
    if dtype.is_numeric() and not (found.is_numeric() or found == pl.Null):
        raise DataError(
            f"column {name!r} must hold numbers, got {found}. Convert it first.", field="rows"
        )
    return column.cast(dtype)


def _instant(frame: pl.DataFrame, name: str, *, dates: bool) -> pl.Expr:
    """A time in UTC. Dates, and midnights without a zone, are session labels where that is said."""
    column, found = pl.col(name), frame.schema[name]
    if found in (pl.Date, pl.Null):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if not isinstance(found, pl.Datetime):
        raise TimeIndexError(
            f"column {name!r} must hold dates or times, got {found}. Parse it first:"
            " 01/02/2024 could be January or February.",
            field="rows",
        )
    if found.time_zone is not None:
        return column.dt.convert_time_zone("UTC").cast(TIME)
    midnight = frame.select((column.drop_nulls() == column.drop_nulls().dt.truncate("1d")).all())
    if not (dates and midnight.item()):
        raise TimeIndexError(
            f"the times of {name!r} carry no zone. Say which clock they are of, such as"
            f" frame.with_columns(pl.col({name!r}).dt.replace_time_zone('America/New_York')).",
            field="rows",
        )
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _no_empty_keys(frame: pl.DataFrame, table: Table) -> None:
    for name in table.key:
        empty = frame[name].null_count()
        if empty and name not in table.optional:
            raise DataError(
                f"column {name!r} is empty in {empty} of {len(frame)} rows; a row needs it.",
                field="rows",
            )


def _no_future(frame: pl.DataFrame, table: Table, now: dt.datetime) -> None:
    for name in (table.time, "knowledge_ts"):
        if name not in frame.columns or table.kind == "actions":
            continue
        last, first = frame[name].max(), frame[name].min()
        if isinstance(last, dt.datetime) and last > now:
            raise TimeIndexError(
                f"{name} {last:%Y-%m-%dT%H:%M:%SZ} is in the future, now is"
                f" {now:%Y-%m-%dT%H:%M:%SZ}. What has not happened is not stored.",
                field="rows",
            )
        if isinstance(first, dt.datetime) and first < _EARLIEST:
            raise TimeIndexError(
                f"{name} {first} is before {_EARLIEST.year}: probably another unit of time.",
                field="rows",
            )


def _is_increasing(frame: pl.DataFrame, order: list[str]) -> bool:
    """Sorted, and no two rows alike: by far the usual case, and the cheap one."""
    increasing = pl.lit(value=False)
    for name in reversed(order):
        column, before = pl.col(name), pl.col(name).shift(1)
        increasing = (column > before) | ((column == before) & increasing)
    return (
        bool(frame.select(increasing.slice(1).all(ignore_nulls=False)).item())
        if len(frame) > 1
        else True
    )


def _no_conflicts(frame: pl.DataFrame, order: list[str]) -> None:
    doubled = frame.filter(frame.select(order).is_duplicated())
    if len(doubled):
        first = ", ".join(f"{name} {doubled[name][0]}" for name in order)
        raise TimeIndexError(
            f"{len(doubled)} rows come more than once with different values, first {first}."
            " Keep the right ones; a correction comes in a call of its own or with a later"
            " knowledge_ts.",
            field="rows",
        )
