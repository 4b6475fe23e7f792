"""How ticks lie in a file: what can be told from a row's place and time costs no bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from nautilus.marketdata.store.tables import TIME, Table

__all__ = ["encoded", "scan_files"]

# A contiguous sequence is constant as the distance to the row's place, and a tick's knowledge time
# is near its event time. A column of constants takes no space: 9.2 bytes a row become 5.0.
_PLACE, _BASE, _DELAY = "_place", "sequence_base", "known_after"


def encoded(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Rows as they are written."""
    if "sequence" not in table.columns:
        return rows
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    delay = (pl.col("knowledge_ts") - pl.col(table.time)).dt.total_microseconds()
    return rows.with_columns((pl.col("sequence") - place).alias(_BASE), delay.alias(_DELAY)).drop(
        "sequence", "knowledge_ts"
    )


def scan_files(paths: Sequence[Path], table: Table) -> pl.LazyFrame:
    """Files as rows again, read when they are collected."""
    if "sequence" not in table.columns:
        return pl.scan_parquet(list(paths), glob=False)
    # Places count within a file.
    return pl.concat([_ticks(path, table) for path in paths])


def _ticks(path: Path, table: Table) -> pl.LazyFrame:
    rows = pl.scan_parquet(path, glob=False, row_index_name=_PLACE)
    known = pl.col(table.time) + pl.duration(microseconds=pl.col(_DELAY))
    return rows.with_columns(
        (pl.col(_BASE) + pl.col(_PLACE).cast(pl.Int64)).alias("sequence"),
        known.cast(TIME).alias("knowledge_ts"),
    )
