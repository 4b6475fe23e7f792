"""Simulated quarterly statements, filed weeks later and now and then restated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError
from nautilus.marketdata.fundamentals import simulate_fundamentals
from nautilus.marketdata.market_model import World
from nautilus.marketdata.reference import find_instrument, known_symbols
from nautilus.marketdata.simulation import checked_days, checked_seed
from nautilus.marketdata.statement_details import DETAIL_FLOWS, DETAILS, detail_lines
from nautilus.marketdata.trading_days import Date

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CONCEPTS", "simulate_statements"]

Floats = NDArray[np.float64]

MAIN = {
    "Revenues": "USD",
    "GrossProfit": "USD",
    "NetIncomeLoss": "USD",
    "NetCashProvidedByOperatingActivities": "USD",
    "Assets": "USD",
    "Liabilities": "USD",
    "StockholdersEquity": "USD",
    "CommonStockSharesOutstanding": "shares",
}
CONCEPTS = MAIN | dict.fromkeys(DETAILS, "USD")
# Of a quarter (flows) or its end (stocks).
FLOWS = (
    "Revenues",
    "GrossProfit",
    "NetIncomeLoss",
    "NetCashProvidedByOperatingActivities",
    *DETAIL_FLOWS,
)
FIRST_YEAR = 2009
GROWTH, GROWTH_SPREAD, PERSISTENCE, SHOCK = 0.010, 0.006, 0.8, 0.03
SEASONS = 0.05
GROSS_MARGIN, NET_SHARE, MARGIN_SHOCK, PAYOUT = 0.42, 0.28, 0.01, 0.4
LEAST_DELAY, MOST_DELAY = 25, 45
RESTATED, RESTATED_BY = 0.04, 0.03


def simulate_statements(
    symbols: Iterable[str] | None = None, *, start: Date, end: Date, seed: int = 0
) -> pl.DataFrame:
    """Quarterly statements of simulated companies, as they were filed and as they were restated.

    Log revenue grows, with an AR(1) around it and a season; margins revert to their mean; equity
    grows by what is earned and not paid out; assets are liabilities plus equity to the dollar;
    operating income, depreciation, dividends, inventory, receivables, cash and debt fit these. A
    quarter is filed 25 to 45 days after its end. One in 25 is restated by up to some per cent half
    a year later: who looks at a day before sees the first figures. Independent of the simulated
    prices, so that a factor built on them is expected to earn nothing.

    Parameters
    ----------
    symbols : iterable of str, optional
        Stocks of the reference list. By default all but the 500 SIM names.
    start, end : str, date or datetime64
        First and last day of filing, both included.
    seed : int

    Returns
    -------
    polars DataFrame
        Rows as the store takes them: ``symbol, concept, period_start, period_end, unit, value,
        form, fiscal_period, accession, knowledge_ts`` (the end of the day of the filing)
        and ``source``.

    Raises
    ------
    NotFoundError, ParameterError
    DataError
        A fund or an index, which files nothing.

    Examples
    --------
    >>> rows = simulate_statements(["AAPL"], start="2024-01-01", end="2024-12-31")
    >>> rows["concept"].n_unique(), rows["source"][0]
    (16, 'simulated')
    """
    import polars as pl

    names = _stocks(symbols)
    first, last = checked_days(start, end)
    world = World(checked_seed(seed), 1)
    quarters = _quarters(last)
    rows = [row for name in names for row in _filed(name, world, quarters)]
    schema: dict[str, Any] = {
        "symbol": pl.String, "concept": pl.String, "period_start": pl.Date, "period_end": pl.Date,
        "unit": pl.String, "value": pl.Float64, "form": pl.String, "fiscal_period": pl.String,
        "accession": pl.String, "knowledge_ts": pl.Date,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    within = pl.col("knowledge_ts").is_between(first.item(), last.item())
    stamps = [
        pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        for name in ("period_start", "period_end", "knowledge_ts")
    ]
    # Only the day of a filing is told: it counts as known when that day has ended.
    evening = pl.col("knowledge_ts") + pl.duration(days=1) - pl.duration(microseconds=1)
    found = frame.filter(within).with_columns(*stamps, source=pl.lit("simulated"))
    return found.with_columns(knowledge_ts=evening)


def _stocks(symbols: Iterable[str] | None) -> list[str]:
    given = known_symbols(simulated=False) if symbols is None else symbols
    names = [given] if isinstance(given, str) else list(given)
    found = {name: find_instrument(name).kind for name in names}
    if symbols is None:
        return [name for name, kind in found.items() if kind == "stock"]
    for name, kind in found.items():
        if kind != "stock":
            raise DataError(f"{name!r} is no stock and files no statements.", field="symbols")
    return names


def _quarters(last: np.datetime64) -> list[tuple[dt.date, dt.date]]:
    """First and last day of the calendar quarters that have ended."""
    found = []
    until = dt.date.fromisoformat(str(last))
    for year in range(FIRST_YEAR, until.year + 1):
        for month in (1, 4, 7, 10):
            begins = dt.date(year, month, 1)
            following = dt.date(year + month // 10, (month + 3) % 12, 1)
            ends = following - dt.timedelta(days=1)
            if ends < until:
                found.append((begins, ends))
    return found


def _filed(
    name: str, world: World, quarters: list[tuple[dt.date, dt.date]]
) -> list[tuple[Any, ...]]:
    symbol = find_instrument(name).symbol
    figures = _figures(symbol, world, len(quarters))
    draws = world.generator(symbol, "filings").random((len(quarters), 4))
    rows = []
    for number, (begins, ends) in enumerate(quarters):
        wait, restated, by, later = draws[number].tolist()
        filed = ends + dt.timedelta(days=LEAST_DELAY + int(wait * (MOST_DELAY - LEAST_DELAY + 1)))
        period = f"Q{(ends.month - 1) // 3 + 1}"
        form = "10-K" if period == "Q4" else "10-Q"
        accession = f"SIM-{symbol}-{ends.year}{period}"
        for concept, unit in CONCEPTS.items():
            value = figures[concept][number]
            from_ = begins if concept in FLOWS else None
            head = (name, concept, from_, ends, unit)
            rows.append((*head, value, form, period, accession, filed))
            if restated < RESTATED and concept in ("Revenues", "GrossProfit", "NetIncomeLoss"):
                again = filed + dt.timedelta(days=60 + int(later * 140))
                changed = float(round(value * (1.0 + RESTATED_BY * (2.0 * by - 1.0))))
                rows.append((*head, changed, f"{form}/A", period, f"{accession}-A", again))
    return rows


def _figures(symbol: str, world: World, size: int) -> dict[str, list[float]]:
    """Figures by concept and quarter, whole dollars and shares."""
    facts = {
        name: of[symbol] for name, of in simulate_fundamentals([symbol], seed=world.seed).items()
    }
    traits = world.generator(symbol, "business").standard_normal(4)
    shocks = world.generator(symbol, "statements").standard_normal((size, 4))
    growth = GROWTH + GROWTH_SPREAD * traits[0]
    gross = float(np.clip(GROSS_MARGIN + 0.10 * traits[1], 0.15, 0.80))
    season = SEASONS * np.sin(2.0 * np.pi * (np.arange(size) % 4) / 4.0 + traits[2])
    cycle, margin = _reverting(shocks[:, 0], SHOCK), _reverting(shocks[:, 1], MARGIN_SHOCK)
    base = np.log(facts["gross_profit"] / gross / 4.0)
    revenue = np.round(np.exp(base + growth * np.arange(size) + cycle + season))
    profit = np.round(revenue * np.clip(gross + margin, 0.05, 0.9))
    income = np.round(profit * (NET_SHARE + 0.05 * traits[3]) + revenue * 0.01 * shocks[:, 2])
    equity = np.round(facts["book_value"]) + np.cumsum(np.round((1.0 - PAYOUT) * income))
    leverage = facts["total_assets"] / facts["book_value"] - 1.0
    liabilities = np.round(np.maximum(equity, 1.0) * leverage * np.exp(0.02 * shocks[:, 3]))
    cash = np.round(income + 0.05 * revenue)
    shares = np.full(size, facts["shares_outstanding"])
    columns = (revenue, profit, income, cash, liabilities + equity, liabilities, equity, shares)
    lines = dict(zip(MAIN, columns, strict=True))
    # A stream of their own: the main lines are what they were before there were details.
    draws = world.generator(symbol, "details").standard_normal((size + 1, 6))
    lines |= detail_lines(lines, PAYOUT, draws[0], draws[1:])
    return {name: line.tolist() for name, line in lines.items()}


def _reverting(shocks: Floats, scale: float) -> Floats:
    """AR(1) around 0."""
    values, value = [], 0.0
    for shock in shocks.tolist():
        value = PERSISTENCE * value + scale * shock
        values.append(value)
    return np.array(values)
