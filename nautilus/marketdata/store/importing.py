"""A user's own prices as rows of the store: headers recognised or mapped, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from nautilus.core.csv_tables import read_table
from nautilus.core.errors import DataError, NotFoundError, TimeIndexError
from nautilus.marketdata.reading import MISSING, column_roles, is_unnamed, no_such_column
from nautilus.marketdata.store.rows import polars_frame
from nautilus.marketdata.store.tables import TIME

__all__ = ["bar_pieces"]

PIECE_ROWS = 500_000
_VALUES = ("open", "high", "low", "close", "volume", "vwap", "trade_count")
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_ZONED = r"(Z|[+-]\d{2}:?\d{2})$"


def bar_pieces(
    path_or_frame: Any,
    *,
    columns: Mapping[str, str] | None,
    timezone: str | None,
    symbol: str | None,
) -> Iterator[pl.DataFrame]:
    """Bars in the store's columns, at most `PIECE_ROWS` at a time.

    Parameters
    ----------
    path_or_frame : path of a CSV or Parquet file, or a pandas or polars frame
        Long (time, symbol, close, ...), wide (time and a column of closes per symbol), or the bars
        of one symbol.
    columns : mapping, optional
        Our name -> theirs, for headers that are not recognised.
    timezone : str, optional
        Of times that carry none.
    symbol : str, optional
        Of bars without a column of symbols; by default the name of the file.
    """
    for piece, label in _pieces(path_or_frame):
        roles = column_roles(piece.columns, dict(columns or {}))
        if "time" not in roles:
            raise no_such_column("time", piece.columns)
        yield _bars(piece, roles, timezone, symbol or label)


def _pieces(data: Any) -> Iterator[tuple[pl.DataFrame, str | None]]:
    if not isinstance(data, (str, Path)):
        frame = polars_frame(data, "path_or_frame")
        for start in range(0, max(len(frame), 1), PIECE_ROWS):
            yield frame[start : start + PIECE_ROWS], None
        return
    path = Path(data)
    if not path.is_file():
        raise NotFoundError(f"there is no file {str(path)!r}.", field="path_or_frame")
    for piece in _lazy(path).collect_batches(chunk_size=PIECE_ROWS, maintain_order=True):
        yield piece, path.name.split(".")[0]


def _lazy(path: Path) -> pl.LazyFrame:
    kinds = {suffix.lower() for suffix in path.suffixes}
    if kinds & {".parquet", ".pq"}:
        return pl.scan_parquet(path)
    if kinds & {".csv", ".txt", ".tsv"}:
        if kinds & {".gz", ".zip", ".bz2", ".xz"}:
            names, cells = read_table(path)
            return pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row").lazy()
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(",;\t|", key=header.count)
        return pl.scan_csv(path, separator=separator, infer_schema=False)
    raise DataError(
        f"{path.name!r} is neither CSV nor Parquet. Read it into a frame and pass that.",
        field="path_or_frame",
    )


def _bars(
    piece: pl.DataFrame, roles: dict[str, str], timezone: str | None, label: str | None
) -> pl.DataFrame:
    time = _times(piece[roles["time"]], timezone).alias("timestamp")
    if "symbol" not in roles and len(roles) == 1:
        closes = [n for n in piece.columns if n != roles["time"] and not is_unnamed(n)]
        return _from_wide(piece.select(closes), time)
    if "close" not in roles:
        raise no_such_column("close", piece.columns)
    owner = piece[roles["symbol"]].cast(pl.String).str.strip_chars() if "symbol" in roles else None
    if owner is None:
        if label is None:
            raise DataError(
                "the rows name no symbol. Pass symbol='...', or a column of symbols.",
                field="symbol",
            )
        owner = pl.Series([label] * len(piece), dtype=pl.String)
    values = [_numbers(piece[roles[n]]).alias(n) for n in _VALUES if n in roles]
    bars = pl.DataFrame([owner.alias("symbol"), time, *values])
    return bars.filter(pl.col("close").is_not_null())


def _from_wide(closes: pl.DataFrame, time: pl.Series) -> pl.DataFrame:
    if not closes.width:
        raise DataError("the data has a time column and no prices.", field="path_or_frame")
    numbers = pl.DataFrame([time, *(_numbers(closes[name]) for name in closes.columns)])
    long = numbers.unpivot(index="timestamp", variable_name="symbol", value_name="close")
    return long.filter(pl.col("close").is_not_null())


def _numbers(cells: pl.Series) -> pl.Series:
    if cells.dtype.is_numeric() or cells.dtype == pl.Null:
        return cells.cast(pl.Float64).fill_nan(None)
    text = cells.cast(pl.String).str.strip_chars()
    missing = text.is_null() | text.str.to_lowercase().is_in(list(MISSING))
    numbers = text.cast(pl.Float64, strict=False)
    bad = (numbers.is_null() & ~missing).arg_true()
    if len(bad):
        raise DataError(
            f"column {cells.name!r} must hold numbers, got {text[bad[0]]!r} in row {bad[0]}.",
            field="path_or_frame",
        )
    return pl.select(pl.when(missing).then(None).otherwise(numbers)).to_series().alias(cells.name)


def _times(cells: pl.Series, timezone: str | None) -> pl.Series:
    times = _parsed(cells) if cells.dtype == pl.String else cells
    if times.dtype == pl.Date:
        return times
    kind = times.dtype
    if not isinstance(kind, pl.Datetime):
        raise TimeIndexError(
            f"column {cells.name!r} must hold dates or times, got {cells.dtype}."
            " Turn numbers into times first: nobody else knows their unit.",
            field="path_or_frame",
        )
    if kind.time_zone is None and timezone is not None:
        return times.dt.replace_time_zone(timezone).dt.convert_time_zone("UTC").cast(TIME)
    if kind.time_zone is None:
        # Midnights are session labels; the store refuses the rest and says why.
        return times.cast(pl.Datetime("us"))
    return times.dt.convert_time_zone("UTC").cast(TIME)


def _parsed(cells: pl.Series) -> pl.Series:
    text = cells.str.strip_chars()
    if bool(text.str.contains(_DATE).all()):
        times = text.str.to_date("%Y-%m-%d", strict=False)
    else:
        text = text.str.replace(" ", "T", literal=True).str.replace("Z$", "+00:00")
        zoned = text.str.contains(_ZONED)
        if zoned.any() and not zoned.all():
            raise TimeIndexError(
                "some times carry a zone and some do not. Write all alike.", field="path_or_frame"
            )
        times = _stamps(text, zoned=bool(zoned.any()))
    bad = times.is_null().arg_true()
    if len(bad):
        raise TimeIndexError(
            f"{cells[bad[0]]!r} in row {bad[0]} is no ISO date such as 2024-01-31 or"
            " 2024-01-31T15:00:00Z. Convert the column first: 01/02/2024 could be January or"
            " February.",
            field="path_or_frame",
        )
    return times


def _stamps(text: pl.Series, *, zoned: bool) -> pl.Series:
    tail, zone = ("%:z", "UTC") if zoned else ("", None)
    known = pl.Series([None] * len(text), dtype=pl.Datetime("us", zone))
    for form in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"):
        found = text.str.to_datetime(form + tail, time_unit="us", time_zone=zone, strict=False)
        known = known.fill_null(found) if known.null_count() < len(known) else found
    return known
