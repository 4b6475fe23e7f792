"""The tables of the store: their columns, what tells two rows apart, and how they are divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from polars._typing import PolarsDataType

from nautilus.core.checks import check_choice
from nautilus.core.errors import ParameterError
from nautilus.marketdata.expected import MINUTES

__all__ = ["STAMPS", "TABLES", "TIME", "TIMEFRAMES", "Table", "check_timeframe", "table_of"]

TIME = pl.Datetime("us", "UTC")
# What the store knows of a row besides what the row says.
STAMPS: dict[str, PolarsDataType] = {
    "knowledge_ts": TIME,
    "received_ts": TIME,
    "source": pl.String(),
    "revision": pl.Int32(),
}
# Length of a bar in microseconds; a week and a month end with their last session.
_MINUTE, _DAY = 60_000_000, 86_400_000_000
TIMEFRAMES = {
    **{name: minutes * _MINUTE for name, minutes in MINUTES.items()},
    "1d": _DAY,
    "1w": 7 * _DAY,
    "1M": 31 * _DAY,
}


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of rows.

    Parameters
    ----------
    kind : str
    columns : dict
        What a row says; the store adds `STAMPS`.
    key : tuple of str
        Rows that agree in these say something of the same thing: a later one corrects an earlier.
    time : str
        The column that orders and divides the table.
    files_by : {"date", "year", "all"}
        One folder for each.
    row_group : int
        Rows of a Parquet row group: a reader of one symbol skips the others.
    optional : tuple of str
        Columns that rows may leave out, and that may be empty.
    """

    kind: str
    columns: Mapping[str, PolarsDataType]
    key: tuple[str, ...]
    time: str = "timestamp"
    files_by: str = "date"
    row_group: int = 40_000
    optional: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """What a correction may change."""
        return tuple(name for name in self.columns if name not in self.key)

    @property
    def owner(self) -> str:
        """The column that says whose row it is."""
        return self.key[0]


_FLOAT, _TEXT, _WHOLE = pl.Float64(), pl.String(), pl.Int64()
_TRADE = {"symbol": _TEXT, "timestamp": TIME, "price": _FLOAT, "size": _FLOAT,
          "sequence": _WHOLE, "side": _TEXT}  # fmt: skip
_QUOTE = {"symbol": _TEXT, "timestamp": TIME, "bid": _FLOAT, "bid_size": _FLOAT,
          "ask": _FLOAT, "ask_size": _FLOAT, "sequence": _WHOLE}  # fmt: skip
_BAR = {"symbol": _TEXT, "timestamp": TIME, "open": _FLOAT, "high": _FLOAT, "low": _FLOAT,
        "close": _FLOAT, "volume": _FLOAT, "vwap": _FLOAT, "trade_count": _FLOAT}  # fmt: skip
_FACT = {
    "symbol": _TEXT, "concept": _TEXT, "period_start": TIME, "period_end": TIME, "unit": _TEXT,
    "value": _FLOAT, "form": _TEXT, "fiscal_period": _TEXT, "accession": _TEXT,
}  # fmt: skip

TABLES = {
    table.kind: table
    for table in (
        Table(
            "bars",
            _BAR,
            ("symbol", "timestamp"),
            optional=("open", "high", "low", "volume", "vwap", "trade_count"),
        ),
        Table(
            "trades",
            _TRADE,
            ("symbol", "timestamp", "sequence"),
            row_group=250_000,
            optional=("side",),
        ),
        Table("quotes", _QUOTE, ("symbol", "timestamp", "sequence"), row_group=250_000),
        Table(
            "macro",
            {"series": _TEXT, "timestamp": TIME, "value": _FLOAT},
            ("series", "timestamp"),
            files_by="all",
        ),
        Table(
            "fundamentals",
            _FACT,
            ("symbol", "concept", "period_start", "period_end", "unit"),
            time="period_end",
            files_by="all",
            optional=("period_start", "unit", "form", "fiscal_period", "accession"),
        ),
        Table(
            "actions",
            {"symbol": _TEXT, "timestamp": TIME, "kind": _TEXT, "value": _FLOAT},
            ("symbol", "timestamp", "kind"),
            files_by="all",
        ),
    )
}


def table_of(kind: str) -> Table:
    """The table called `kind`, or an error that lists them."""
    return TABLES[check_choice(kind, "kind", TABLES)]


def check_timeframe(kind: str, timeframe: str | None) -> str:
    """Of bars, one of the timeframes; of everything else, none.

    Examples
    --------
    >>> check_timeframe("bars", "1h"), check_timeframe("trades", None)
    ('1h', '')
    """
    if kind != "bars":
        if timeframe is not None:
            raise ParameterError(
                f"`timeframe` belongs to bars, but `kind` is {kind!r}. Leave it out.",
                field="timeframe",
            )
        return ""
    return check_choice("1d" if timeframe is None else timeframe, "timeframe", TIMEFRAMES)
