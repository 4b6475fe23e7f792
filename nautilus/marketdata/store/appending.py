"""What is new in rows that come: nothing is stored twice, and a change is a revision."""

from __future__ import annotations

import datetime as dt

import polars as pl

from nautilus.marketdata.store.catalogue import Coverage
from nautilus.marketdata.store.rows import first_known
from nautilus.marketdata.store.tables import STAMPS, TIME, Table

__all__ = ["coverage_of", "divided", "division_of", "new_rows"]

_DIVISIONS = {"date": "%Y-%m-%d", "year": "%Y", "all": "all"}


def division_of(table: Table, timeframe: str) -> str:
    """By what the files of a table are divided: a day each, or a year of longer bars."""
    return "year" if timeframe in ("1d", "1w", "1M") else table.files_by


def divided(rows: pl.DataFrame, table: Table, timeframe: str) -> list[tuple[str, pl.DataFrame]]:
    """Rows by the folder that they belong into, each sorted by key."""
    by = division_of(table, timeframe)
    if by == "all":
        return [("all", rows)] if len(rows) else []
    unit = "1d" if by == "date" else "1y"
    labels = rows[table.time].dt.truncate(unit).alias("_division")
    first, last = labels.min(), labels.max()
    if first == last:
        return [(_label(first, by), rows)] if len(rows) else []
    groups = rows.with_columns(labels).partition_by(
        "_division", as_dict=True, include_key=False, maintain_order=True
    )
    return sorted((_label(key[0], by), group) for key, group in groups.items())


def _label(day: object, by: str) -> str:
    assert isinstance(day, dt.datetime)
    return f"{by}={day.strftime(_DIVISIONS[by])}"


def coverage_of(rows: pl.DataFrame, table: Table, timeframe: str, source: str) -> list[Coverage]:
    """What the rows cover, by symbol or series."""
    time = pl.col(table.time).to_physical()
    spans = rows.group_by(table.owner).agg(pl.len(), time.min().alias("f"), time.max().alias("l"))
    return [
        Coverage(table.kind, timeframe, source, owner, n, first, last)
        for owner, n, first, last in spans.iter_rows()
    ]


def new_rows(
    rows: pl.DataFrame,
    stored: pl.DataFrame | None,
    table: Table,
    timeframe: str,
    source: str,
    now: dt.datetime,
) -> pl.DataFrame:
    """Of `rows` those that say something that `stored` does not, with their stamps.

    A row of a key that is not stored yet is known from its first possible moment; one that changes
    a stored key from now on, unless it says since when.
    """
    if stored is None or not len(stored):
        return _only_changes(_stamped(rows, None, table, timeframe, source, now), table)
    keys = list(table.key)
    before = stored.group_by(keys).agg(pl.col("revision").max().alias("_before"))
    stamped = _stamped(rows, before, table, timeframe, source, now)
    near = stored.join(stamped.select(keys), on=keys, how="semi", nulls_equal=True)
    both = pl.concat([near.with_columns(_new=False), stamped.with_columns(_new=True)])
    both = both.sort([*keys, "knowledge_ts", "_new", "revision"], maintain_order=True)
    return both.filter(pl.col("_new") & ~_repeats(table)).drop("_new")


def _stamped(
    rows: pl.DataFrame,
    before: pl.DataFrame | None,
    table: Table,
    timeframe: str,
    source: str,
    now: dt.datetime,
) -> pl.DataFrame:
    keys = list(table.key)
    given = "knowledge_ts" in rows.columns
    if before is None:
        rows = rows.with_columns(_before=pl.lit(-1, pl.Int32))
    else:
        rows = rows.join(before, on=keys, how="left", nulls_equal=True, maintain_order="left")
        rows = rows.with_columns(pl.col("_before").fill_null(-1))
    this_moment = pl.lit(now).cast(TIME)
    first = pl.min_horizontal(first_known(table, timeframe), this_moment)
    known = pl.when(pl.col("_before") >= 0).then(this_moment).otherwise(first)
    count = pl.lit(0) if not given else pl.int_range(pl.len()).over(keys)
    return rows.with_columns(
        knowledge_ts=pl.coalesce("knowledge_ts", known) if given else known,
        received_ts=this_moment,
        source=pl.lit(source),
        revision=(pl.col("_before") + 1 + count).cast(pl.Int32),
    ).select([*table.columns, *STAMPS])


def _only_changes(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    if table.kind not in ("macro", "fundamentals"):
        return rows
    return rows.filter(~_repeats(table))


def _repeats(table: Table) -> pl.Expr:
    """The row says what the one before it, of the same key, says."""
    said = [name for name in table.values if name not in _REPORT]
    same = [pl.col(name).eq_missing(pl.col(name).shift(1)) for name in (*table.key, *said)]
    return pl.all_horizontal(same) & (pl.int_range(pl.len()) > 0)


# Where a figure was printed: a later report that repeats it says nothing new.
_REPORT = ("form", "fiscal_period", "accession")
