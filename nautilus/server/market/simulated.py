"""Rows of the simulated market in the columns of the store; heavy, so off the event loop."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata.reference import find_instrument
from nautilus.marketdata.simulation import FIRST_DAY, simulate_market
from nautilus.server.market.windows import Window

if TYPE_CHECKING:
    import polars as pl

__all__ = ["simulated_rows"]

BAR_FIELDS = ("open", "high", "low", "close", "volume")


def simulated_rows(
    symbol: str, kind: str, timeframe: str, window: Window, now: datetime
) -> pl.DataFrame:
    """What the simulated market has of a symbol in a window, up to the last closed session.

    Raises
    ------
    NotFoundError
        Not published; close names are given.
    ParameterError
        A kind that is not simulated.
    """
    if kind == "bars":
        return _bars(symbol, timeframe, window, now)
    raise ParameterError(f"{kind} of {symbol!r} are not simulated; bars are.", field="data_type")


def _bars(symbol: str, timeframe: str, window: Window, now: datetime) -> pl.DataFrame:
    import polars as pl

    name = find_instrument(symbol).symbol
    days = window.sessions(now)
    begins = date.fromisoformat(str(FIRST_DAY))
    if days is None or days[1] < begins:
        raise NotFoundError(
            f"the simulated market has no closed session from {window.days[0]} to"
            f" {window.days[1]}; it runs from {FIRST_DAY} on.",
            field="start_date",
        )
    market = simulate_market([name], start=max(days[0], begins), end=days[1], timeframe=timeframe)
    columns: dict[str, Any] = {field: getattr(market, field)[:, 0] for field in BAR_FIELDS}
    times = pl.Series(market.times.astype("M8[us]")).dt.replace_time_zone("UTC")
    rows = pl.DataFrame({"timestamp": times, **columns})
    rows = rows.filter(pl.col("timestamp").is_between(window.start, window.end))
    return rows.select(
        pl.lit(symbol).alias("symbol"), pl.all(), pl.lit("simulated").alias("source")
    )
