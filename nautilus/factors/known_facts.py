"""What the filings of one company said by a certain day, and sums of them over a year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nautilus.core.errors import DataError, LabelError, MissingInputError, ParameterError

__all__ = ["LINE_ITEMS", "KnownFacts", "UnknownFigure", "known_facts", "known_until"]

# The first one that was filed for a period counts: names of us-gaap, then of Alpha Vantage.
LINE_ITEMS: dict[str, tuple[str, ...]] = {
    "revenue": (
        "Revenues",
        "RevenueFromContractWithCustomerExcludingAssessedTax",
        "RevenueFromContractWithCustomerIncludingAssessedTax",
        "SalesRevenueNet",
        "totalRevenue",
    ),
    "cost of revenue": (
        "CostOfRevenue",
        "CostOfGoodsAndServicesSold",
        "CostOfGoodsSold",
        "costOfRevenue",
    ),
    "gross profit": ("GrossProfit", "grossProfit"),
    "operating income": ("OperatingIncomeLoss", "operatingIncome"),
    "net income": (
        "NetIncomeLoss",
        "NetIncomeLossAvailableToCommonStockholdersBasic",
        "ProfitLoss",
        "netIncome",
    ),
    "depreciation and amortization": (
        "DepreciationDepletionAndAmortization",
        "DepreciationAmortizationAndAccretionNet",
        "DepreciationAndAmortization",
        "depreciationAndAmortization",
    ),
    "dividends": ("PaymentsOfDividendsCommonStock", "PaymentsOfDividends", "dividendPayout"),
    "equity": (
        "StockholdersEquity",
        "StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest",
        "totalShareholderEquity",
    ),
    "assets": ("Assets", "totalAssets"),
    "inventory": ("InventoryNet", "inventory"),
    "receivables": (
        "AccountsReceivableNetCurrent",
        "ReceivablesNetCurrent",
        "currentNetReceivables",
    ),
    "cash": ("CashAndCashEquivalentsAtCarryingValue", "cashAndCashEquivalentsAtCarryingValue"),
    "marketable securities": (
        "MarketableSecuritiesCurrent",
        "ShortTermInvestments",
        "shortTermInvestments",
    ),
    "total debt": ("DebtLongtermAndShorttermCombinedAmount", "shortLongTermDebtTotal"),
    "long-term debt": ("LongTermDebt",),
    "noncurrent debt": ("LongTermDebtNoncurrent", "ConvertibleNotesPayableNoncurrent"),
    "current part of long-term debt": ("LongTermDebtCurrent",),
    "short-term borrowings": ("ShortTermBorrowings", "CommercialPaper"),
    "shares": (
        "EntityCommonStockSharesOutstanding",
        "CommonStockSharesOutstanding",
        "commonStockSharesOutstanding",
    ),
}
COLUMNS = ("symbol", "concept", "period_start", "period_end", "unit", "value", "knowledge_ts")
TIE_BREAKERS = ("revision", "accession", "value")
SHORTEST_YEAR, LONGEST_YEAR = 350, 380  # 52 or 53 weeks, and a few days
SAME_DAY = 7  # days by which the ends of periods of 52 and 53 weeks differ
MOST_STEPS = 5

Day = dt.date
Spans = dict[tuple[Day, Day], float]  # (last day before the period, last day of it) -> flow


class UnknownFigure(DataError):
    """A figure that the filings known by then do not give; `code` is that of the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """The last version known of each fact.

    Parameters
    ----------
    symbol : str
    as_of : datetime
    flows : mapping of concept -> {(day before the period, its last day): value}
    stocks : mapping of concept -> {day: value}
    """

    symbol: str
    as_of: dt.datetime
    flows: Mapping[str, Spans]
    stocks: Mapping[str, Mapping[Day, float]]

    def trailing(self, item: str, end: Day) -> float:
        """Twelve months to `end` (within a week) of the first concept that gives them.

        Raises
        ------
        UnknownFigure
        """
        filed = [name for name in LINE_ITEMS[item] if name in self.flows]
        for name in filed:
            found = _near(end, {to for _, to in self.flows[name]}, SAME_DAY)
            total = None if found is None else trailing_year(self.flows[name], found)
            if total is not None:
                return total
        raise self._unknown(item, filed, f"for the twelve months to {end}")

    def at(self, item: str, day: Day, *, slack: int = SAME_DAY) -> float:
        """Balance of the day, or of the closest day within `slack` days of it.

        Raises
        ------
        UnknownFigure
        """
        filed = [name for name in LINE_ITEMS[item] if name in self.stocks]
        for name in filed:
            found = _near(day, set(self.stocks[name]), slack)
            if found is not None:
                return self.stocks[name][found]
        raise self._unknown(item, filed, f"of {day}")

    def last_year_end(self, items: tuple[str, ...]) -> Day | None:
        """Latest day for which one of the items can be summed over twelve months."""
        concepts = [name for item in items for name in LINE_ITEMS[item] if name in self.flows]
        pairs = {(to, name) for name in concepts for _, to in self.flows[name]}
        for to, name in sorted(pairs, reverse=True):
            if trailing_year(self.flows[name], to) is not None:
                return to
        return None

    def last_day(self, items: tuple[str, ...]) -> Day | None:
        """Latest day of a balance of one of the items."""
        concepts = [name for item in items for name in LINE_ITEMS[item] if name in self.stocks]
        return max((day for name in concepts for day in self.stocks[name]), default=None)

    def _unknown(self, item: str, filed: list[str], period: str) -> UnknownFigure:
        if filed:
            return UnknownFigure(
                "MISSING_PERIOD", f"{item}: {', '.join(filed)} was not known {period}."
            )
        named = " or ".join(LINE_ITEMS[item])
        return UnknownFigure("MISSING_CONCEPT", f"{item}: no {named} was known.")


def trailing_year(spans: Spans, end: Day) -> float | None:
    """Sum over the year to `end`, from the fewest facts that make one up.

    Facts are steps between days, forth or back: a year; four quarters; the year to date, plus the
    last year, less the same months of it; and a fourth quarter, which is never filed, as the year
    less nine months.

    Examples
    --------
    >>> days = [dt.date(2023, 12, 31), dt.date(2024, 9, 30), dt.date(2024, 12, 31)]
    >>> more = [dt.date(2025, 9, 30)]
    >>> spans = {(days[0], days[2]): 100.0, (days[0], days[1]): 70.0, (days[2], more[0]): 90.0}
    >>> trailing_year(spans, more[0])
    120.0
    """
    steps = _steps(spans, end)
    reached = {end: 0.0}
    front = [end]
    for _ in range(MOST_STEPS):
        following = []
        for day in front:
            for target, value in steps.get(day, ()):
                if target not in reached:
                    reached[target] = reached[day] + value
                    following.append(target)
        arrived = [day for day in following if is_year(day, end)]
        if arrived:
            return reached[min(arrived, key=lambda day: abs((end - day).days - 365))]
        front = following
    return None


def is_year(begin: Day, end: Day) -> bool:
    """Whether two days lie a year of 52 or 53 weeks apart."""
    return SHORTEST_YEAR <= (end - begin).days <= LONGEST_YEAR


def known_until(as_of: Any) -> dt.datetime:
    """The moment in UTC up to which something counts as known; of a date its last microsecond."""
    from nautilus.marketdata.store.selecting import instant

    until = instant(as_of, "as_of", end=True)
    if until is None:
        raise MissingInputError("`as_of` must say by when a filing was known.", field="as_of")
    return until


def known_facts(facts: Any, *, symbol: str | None, as_of: Any, currency: str) -> KnownFacts:
    """What was known of one company.

    Parameters
    ----------
    facts : polars frame
        As `fundamental_features` takes it.
    symbol : str or None
        None where there is only one.
    as_of : date or aware time
    currency : str
        Facts in other units do not count, numbers of shares apart.

    Returns
    -------
    KnownFacts

    Raises
    ------
    DataError, LabelError, ParameterError, MissingInputError, TimeIndexError
    """
    import polars as pl

    if not isinstance(facts, pl.DataFrame):
        kind = type(facts).__name__
        raise DataError(f"`facts` must be a polars frame of facts, got {kind}.", field="facts")
    if missing := [name for name in COLUMNS if name not in facts.columns]:
        raise LabelError(f"`facts` must have the columns {', '.join(missing)}.", field="facts")
    name, until = _owner(facts, symbol), known_until(as_of)
    concepts = [concept for one in LINE_ITEMS.values() for concept in one]
    rows = facts.filter(
        (pl.col("symbol") == name)
        & pl.col("concept").is_in(concepts)
        & (pl.col("unit").is_in([currency]) | pl.col("concept").is_in(LINE_ITEMS["shares"]))
        & pl.col("value").is_finite()
    ).with_columns(_known_from(facts), *(pl.col(day).cast(pl.Date) for day in COLUMNS[2:4]))
    rows = rows.filter(pl.col("knowledge_ts") <= until)
    order = ["knowledge_ts", *(one for one in TIE_BREAKERS if one in rows.columns)]
    wanted = rows.sort(order, nulls_last=False).select("concept", *COLUMNS[2:4], "value")
    return _collected(name, until, wanted.rows())


def _collected(symbol: str, until: dt.datetime, rows: list[tuple[Any, ...]]) -> KnownFacts:
    """Later rows take the place of earlier ones of the same period."""
    flows: dict[str, Spans] = {}
    stocks: dict[str, dict[Day, float]] = {}
    for concept, begins, ends, value in rows:
        if begins is None or begins >= ends:
            stocks.setdefault(concept, {})[ends] = value
        elif (ends - begins).days < LONGEST_YEAR:
            flows.setdefault(concept, {})[begins - dt.timedelta(days=1), ends] = value
    return KnownFacts(symbol, until, flows, stocks)


def _owner(facts: Any, symbol: str | None) -> str:
    names = facts["symbol"].unique().sort().to_list()
    if symbol is None:
        if len(names) != 1:
            raise ParameterError(
                f"`symbol` must say which of the {len(names)} companies in `facts` is meant.",
                field="symbol",
            )
        return str(names[0])
    return symbol


def _known_from(facts: Any) -> Any:
    """`knowledge_ts` in UTC; a date counts from its end."""
    import polars as pl

    kind = facts.schema["knowledge_ts"]
    column = pl.col("knowledge_ts")
    if kind == pl.Date:
        late = column.cast(pl.Datetime("us")) + pl.duration(days=1, microseconds=-1)
        return late.dt.replace_time_zone("UTC")
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        raise DataError(
            f"`facts` must have knowledge_ts as dates or as times with a zone, got {kind}.",
            field="facts",
        )
    return column.dt.convert_time_zone("UTC")


def _steps(spans: Spans, end: Day) -> dict[Day, list[tuple[Day, float]]]:
    """Where one gets from each day: back through a period, or forth again; longest first."""
    earliest = end - dt.timedelta(days=2 * LONGEST_YEAR)
    found: dict[Day, list[tuple[Day, float]]] = {}
    for (begins, ends), value in sorted(spans.items(), key=lambda one: one[0][0] - one[0][1]):
        if begins >= earliest and ends <= end:
            found.setdefault(ends, []).append((begins, value))
            found.setdefault(begins, []).append((ends, -value))
    return found


def _near(day: Day, days: set[Day], slack: int) -> Day | None:
    close = [one for one in days if abs((one - day).days) <= slack]
    return min(close, key=lambda one: (abs((one - day).days), one), default=None)
