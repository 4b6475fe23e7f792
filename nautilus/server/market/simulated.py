"""Rows of the simulated market in the columns of the store; heavy, so off the event loop."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata.reference import find_instrument
from nautilus.marketdata.simulation import FIRST_DAY, simulate_market
from nautilus.marketdata.trading_days import new_york_trading_days
from nautilus.server.market.windows import Window

if TYPE_CHECKING:
    import polars as pl

__all__ = ["simulated_rows", "simulated_versions"]

BAR_FIELDS = ("open", "high", "low", "close", "volume")


# A day of ticks of one symbol is some 50,000 rows.
MOST_TICK_SESSIONS = 5


def simulated_rows(
    symbol: str,
    kind: str,
    timeframe: str,
    window: Window,
    now: datetime,
    adjustment: str | None = None,
) -> pl.DataFrame:
    """What the simulated market has of a symbol in a window, up to the last closed session.

    Macro series and fundamentals are those of periods in the window, as they were known.

    Raises
    ------
    NotFoundError
        Not published; close names are given.
    ParameterError
        More sessions of ticks than one answer may have.
    """
    if kind == "bars":
        return _bars(symbol, timeframe, window, now, adjustment or "total")
    if kind in ("trades", "quotes"):
        return _ticks(symbol, kind, window, now)
    return _periods(symbol, kind, window, now)


def simulated_versions(symbol: str, kind: str, now: datetime) -> pl.DataFrame:
    """Statements or macro values with all their versions, up to now."""
    from nautilus.marketdata.macro import simulate_macro
    from nautilus.marketdata.statements import simulate_statements

    simulate: Any = simulate_macro if kind == "macro" else simulate_statements
    rows: pl.DataFrame = simulate([symbol], start=str(FIRST_DAY), end=now.date())
    return rows


def _periods(symbol: str, kind: str, window: Window, now: datetime) -> pl.DataFrame:
    import polars as pl

    from nautilus.marketdata.corporate_actions import simulate_actions
    from nautilus.marketdata.macro import simulate_macro
    from nautilus.marketdata.statements import simulate_statements

    until = min(window.as_of or now, now)
    first, last = str(FIRST_DAY), until.date()
    if kind == "macro":
        rows, time, key = (
            simulate_macro([symbol], start=first, end=last),
            "timestamp",
            ["series", "timestamp"],
        )
    elif kind == "fundamentals":
        rows = simulate_statements([symbol], start=first, end=last)
        time, key = "period_end", ["concept", "period_end"]
    else:
        rows, time = simulate_actions([symbol], start=first, end=last), "timestamp"
        return rows.filter(pl.col(time).is_between(window.start, window.end))
    rows = rows.filter(pl.col("knowledge_ts") <= until)
    rows = rows.filter(pl.col(time).is_between(window.start, window.end))
    return rows.sort("knowledge_ts").unique(key, keep="last").sort(key)


def _ticks(symbol: str, kind: str, window: Window, now: datetime) -> pl.DataFrame:
    import polars as pl

    from nautilus.marketdata.ticks import simulate_ticks

    name = find_instrument(symbol).symbol
    first, last = _sessions(window, now)
    days = new_york_trading_days(first, last)
    if len(days) > MOST_TICK_SESSIONS:
        raise ParameterError(
            f"the window has {len(days)} sessions; of {kind} one answer has at most"
            f" {MOST_TICK_SESSIONS}. Ask for a shorter one.",
            field="end_date",
        )
    found = [simulate_ticks(name, day) for day in days]
    rows = pl.concat(ticks.trades() if kind == "trades" else ticks.quotes() for ticks in found)
    rows = rows.filter(pl.col("timestamp").is_between(window.start, window.end))
    return rows.with_columns(symbol=pl.lit(symbol), source=pl.lit("simulated"))


def _sessions(window: Window, now: datetime) -> tuple[date, date]:
    days = window.sessions(now)
    begins = date.fromisoformat(str(FIRST_DAY))
    if days is None or days[1] < begins:
        raise NotFoundError(
            f"the simulated market has no closed session from {window.days[0]} to"
            f" {window.days[1]}; it runs from {FIRST_DAY} on.",
            field="start_date",
        )
    return max(days[0], begins), days[1]


def _bars(
    symbol: str, timeframe: str, window: Window, now: datetime, adjustment: str
) -> pl.DataFrame:
    import polars as pl

    from nautilus.marketdata.store.rows import first_known
    from nautilus.marketdata.store.tables import TABLES

    name = find_instrument(symbol).symbol
    first, last = _sessions(window, now)
    market = simulate_market(
        [name], start=first, end=last, timeframe=timeframe, adjustment=adjustment
    )
    columns: dict[str, Any] = {field: getattr(market, field)[:, 0] for field in BAR_FIELDS}
    if market.vwap is not None:
        columns["vwap"] = market.vwap[:, 0]
    times = pl.Series(market.times.astype("M8[us]")).dt.replace_time_zone("UTC")
    rows = pl.DataFrame({"timestamp": times, **columns})
    rows = rows.filter(pl.col("timestamp").is_between(window.start, window.end))
    if window.as_of is not None:
        rows = rows.filter(first_known(TABLES["bars"], timeframe) <= window.as_of)
    return rows.select(
        pl.lit(symbol).alias("symbol"), pl.all(), pl.lit("simulated").alias("source")
    )
