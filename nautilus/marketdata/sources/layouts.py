"""The one layout of each kind of data, as polars frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import ParameterError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "LAYOUTS",
    "empty",
    "end_of_day",
    "frame",
    "known_by",
    "midnight",
    "with_revisions",
    "within",
]

STAMP = "stamp"
# Columns by kind, in order; the words are resolved to polars types when polars is needed.
LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "bars": {
        "symbol": "text", "timestamp": STAMP, "open": "real", "high": "real", "low": "real",
        "close": "real", "volume": "real",
    },
    "rich_bars": {
        "symbol": "text", "timestamp": STAMP, "open": "real", "high": "real", "low": "real",
        "close": "real", "volume": "real", "vwap": "real", "trade_count": "integer",
    },
    "actions": {
        "symbol": "text", "timestamp": STAMP, "kind": "text", "value": "real", "source": "text",
        "knowledge_ts": STAMP,
    },
    "macro": {
        "series": "text", "timestamp": STAMP, "value": "real", "knowledge_ts": STAMP,
        "source": "text", "revision": "small",
    },
    "fundamentals": {
        "symbol": "text", "concept": "text", "period_start": "day", "period_end": "day",
        "value": "real", "unit": "text", "filed": "day", "knowledge_ts": STAMP, "form": "text",
        "fiscal_period": "text", "source": "text", "revision": "small", "accession": "text",
    },
    "datasets": {
        "identifier": "text", "title": "text", "publisher": "text", "organization": "text",
        "keywords": "texts", "modified": STAMP, "download_urls": "texts", "media_types": "texts",
        "source": "text", "knowledge_ts": STAMP,
    },
    "quotes": {
        "symbol": "text", "timestamp": STAMP, "bid": "real", "bid_size": "real", "ask": "real",
        "ask_size": "real", "price": "real", "volume": "real", "previous_close": "real",
        "sequence": "integer",
    },
    "trades": {
        "symbol": "text", "timestamp": STAMP, "price": "real", "size": "real",
        "sequence": "integer",
    },
}  # fmt: skip
_TIMES = {"bars": "timestamp", "actions": "timestamp", "macro": "timestamp"}


def _types() -> dict[str, Any]:
    import polars as pl

    return {
        "text": pl.String(),
        "texts": pl.List(pl.String()),
        "real": pl.Float64(),
        "integer": pl.Int64(),
        "small": pl.Int32(),
        "day": pl.Date(),
        STAMP: pl.Datetime("us", "UTC"),
    }


def frame(layout: str, rows: Iterable[Sequence[Any]]) -> pl.DataFrame:
    """Rows of plain values as a frame of a layout; None is null.

    Parameters
    ----------
    layout : str
        A key of `LAYOUTS`.
    rows : iterable of sequences
        One value per column, in the layout's order.

    Examples
    --------
    >>> frame("trades", [("A", datetime(2024, 1, 2, tzinfo=UTC), 10.0, 5.0, 0)]).columns
    ['symbol', 'timestamp', 'price', 'size', 'sequence']
    """
    import polars as pl

    types = _types()
    columns = LAYOUTS[layout]
    kept = list(rows)
    values = list(zip(*kept, strict=True)) if kept else [()] * len(columns)
    return pl.DataFrame(
        [
            pl.Series(name, list(value), dtype=types[word])
            for (name, word), value in zip(columns.items(), values, strict=True)
        ]
    )


def empty(layout: str) -> pl.DataFrame:
    """A frame of a layout without rows.

    Examples
    --------
    >>> empty("bars").shape
    (0, 7)
    """
    return frame(layout, ())


def midnight(of: date) -> datetime:
    """Midnight UTC of a date: the stamp of a daily bar and of a period.

    Examples
    --------
    >>> midnight(date(2024, 1, 2)).isoformat()
    '2024-01-02T00:00:00+00:00'
    """
    return datetime.combine(of, time(), UTC)


def end_of_day(of: date) -> datetime:
    """The last microsecond of a date in UTC: when something published "that day" counts as known.

    The hour is not told, so the latest one is assumed: earlier would let tests look ahead.

    Examples
    --------
    >>> end_of_day(date(2024, 1, 2)).isoformat()
    '2024-01-02T23:59:59.999999+00:00'
    """
    return datetime.combine(of, time.max, UTC)


def known_by(of: date, received_at: datetime) -> datetime:
    """`end_of_day`, or the moment it was received where that is earlier on the same day.

    Examples
    --------
    >>> known_by(date(2024, 1, 2), datetime(2024, 1, 2, 15, tzinfo=UTC)).isoformat()
    '2024-01-02T15:00:00+00:00'
    """
    latest = end_of_day(of)
    return received_at if midnight(of) <= received_at < latest else latest


def within(found: pl.DataFrame, kind: str, start: date | None, end: date | None) -> pl.DataFrame:
    """Rows whose time lies between two dates, both included, sorted by time.

    Sources send more than they are asked for (whole months, the bar that is still forming), and in
    any order.

    Raises
    ------
    ParameterError
        `kind` has no time.
    """
    import polars as pl

    column = _TIMES.get(kind)
    if column is None:
        raise ParameterError(f"`kind` {kind!r} is not cut by time.", field="kind")
    if start is not None:
        found = found.filter(pl.col(column) >= midnight(start))
    if end is not None:
        found = found.filter(pl.col(column) < midnight(end) + timedelta(days=1))
    return found.sort(column, maintain_order=True)


def with_revisions(found: pl.DataFrame, keys: Sequence[str], order: Sequence[str]) -> pl.DataFrame:
    """Number the versions of each fact from 0 in the order they became known.

    Parameters
    ----------
    found : frame with a `revision` column
    keys : column names
        What makes two rows the same fact.
    order : column names
        Oldest version first.
    """
    import polars as pl

    numbered = found.sort([*keys, *order], nulls_last=True, maintain_order=True)
    count = pl.int_range(pl.len(), dtype=pl.Int32).over(list(keys))
    return numbered.with_columns(count.alias("revision"))
