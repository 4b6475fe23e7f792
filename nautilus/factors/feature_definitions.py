"""Definitions of the features of a company: valuation, profitability, growth, efficiency."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from nautilus.factors.known_facts import KnownFacts, UnknownFigure

__all__ = ["FEATURE_TYPES", "FUNDAMENTAL_FEATURES", "MOST_AGE", "Company", "Feature"]

GROWTH_YEARS = 5
MOST_AGE = 550  # days from the end of the last period to `as_of`
YEAR = 365.2425


@dataclass(frozen=True, slots=True)
class Company:
    """What features are made of.

    Parameters
    ----------
    facts : KnownFacts
    end : date
        Last day of the last twelve months that are known.
    price, shares : float or None
    """

    facts: KnownFacts
    end: dt.date
    price: float | None
    shares: float | None

    def trailing(self, item: str) -> float:
        """Twelve months to `end`."""
        return self.facts.trailing(item, self.end)

    def balance(self, item: str) -> float:
        """At `end`."""
        return self.facts.at(item, self.end)

    def average(self, item: str) -> float:
        """Mean of the balances at `end` and a year before."""
        before = self.facts.at(item, _years_before(self.end, 1), slack=15)
        return (self.balance(item) + before) / 2.0

    def growth(self, item: str) -> float:
        """Compound annual rate over five years."""
        last = self.trailing(item)
        day = _years_before(self.end, GROWTH_YEARS)
        base = _positive(self.facts.trailing(item, day), f"{item} of the year to {day}")
        if last < 0.0:
            raise UnknownFigure("NOT_POSITIVE", f"{item} of the year to {self.end} is below 0.")
        return float((last / base) ** (1.0 / GROWTH_YEARS)) - 1.0

    def market_value(self) -> float:
        """Price times shares."""
        if self.price is None:
            raise UnknownFigure("MISSING_PRICE", "there is no price.")
        return self.price * (self._filed_shares() if self.shares is None else self.shares)

    def _filed_shares(self) -> float:
        day = self.facts.last_day(("shares",))
        if day is not None and (self.facts.as_of.date() - day).days > MOST_AGE:
            raise UnknownFigure("STALE", f"shares: the last count known is of {day}.")
        return _positive(self.facts.at("shares", day or self.end, slack=0), "number of shares")


def _years_before(day: dt.date, years: int) -> dt.date:
    return day - dt.timedelta(days=round(YEAR * years))


class Feature(NamedTuple):
    """Definition of one feature: its group, what it is in words, and whether more is better."""

    group: str
    definition: str
    higher_is_better: bool
    of: Callable[[Company], float]


def _positive(value: float, what: str) -> float:
    if not value > 0.0:
        raise UnknownFigure("NOT_POSITIVE", f"{what} is not above 0.")
    return value


def _over(company: Company, value: float, item: str) -> float:
    return value / _positive(company.trailing(item), item)


def _over_average(company: Company, value: float, item: str) -> float:
    return value / _positive(company.average(item), f"average {item}")


def _or_none(figure: Callable[[str], float], item: str) -> float | None:
    try:
        return figure(item)
    except UnknownFigure:
        return None


def _gross_profit(company: Company) -> float:
    """As filed, else revenue less its cost."""
    filed = _or_none(company.trailing, "gross profit")
    if filed is not None:
        return filed
    cost = _or_none(company.trailing, "cost of revenue")
    return company.trailing("gross profit") if cost is None else company.trailing("revenue") - cost


def _cost(company: Company) -> float:
    """As filed, else revenue less gross profit."""
    filed = _or_none(company.trailing, "cost of revenue")
    if filed is not None:
        return filed
    profit = _or_none(company.trailing, "gross profit")
    if profit is None:
        return company.trailing("cost of revenue")
    return company.trailing("revenue") - profit


def _debt(company: Company) -> float:
    """Total as filed, else long-term debt with its current part, and short-term borrowings."""
    total = _or_none(company.balance, "total debt")
    if total is not None:
        return total
    short = _or_none(company.balance, "short-term borrowings")
    noncurrent = _or_none(company.balance, "noncurrent debt")
    if noncurrent is None:
        whole = _or_none(company.balance, "long-term debt")
        if whole is None and short is None:
            raise UnknownFigure(
                "MISSING_CONCEPT",
                "debt: no LongTermDebt, LongTermDebtNoncurrent or ShortTermBorrowings was known.",
            )
        return (whole or 0.0) + (short or 0.0)
    current = _or_none(company.balance, "current part of long-term debt")
    return noncurrent + (current or 0.0) + (short or 0.0)


def _ev_to_ebitda(company: Company) -> float:
    securities = _or_none(company.balance, "marketable securities") or 0.0
    cash = company.balance("cash") + securities
    value = company.market_value() + _debt(company) - cash
    earned = company.trailing("operating income")
    return value / _positive(earned + company.trailing("depreciation and amortization"), "EBITDA")


FUNDAMENTAL_FEATURES: dict[str, Feature] = {
    "pe_ratio": Feature(
        "valuation", "market value / net income", False,
        lambda c: _over(c, c.market_value(), "net income"),
    ),
    "price_to_book": Feature(
        "valuation", "market value / equity at the end", False,
        lambda c: c.market_value() / _positive(c.balance("equity"), "equity"),
    ),
    "price_to_sales": Feature(
        "valuation", "market value / revenue", False,
        lambda c: _over(c, c.market_value(), "revenue"),
    ),
    "ev_to_ebitda": Feature(
        "valuation",
        "(market value + debt - cash and current securities)"
        " / (operating income + depreciation and amortization)",
        False, _ev_to_ebitda,
    ),
    "roe": Feature(
        "profitability", "net income / average equity", True,
        lambda c: _over_average(c, c.trailing("net income"), "equity"),
    ),
    "roa": Feature(
        "profitability", "net income / average assets", True,
        lambda c: _over_average(c, c.trailing("net income"), "assets"),
    ),
    "gross_margin": Feature(
        "profitability", "gross profit / revenue", True,
        lambda c: _over(c, _gross_profit(c), "revenue"),
    ),
    "operating_margin": Feature(
        "profitability", "operating income / revenue", True,
        lambda c: _over(c, c.trailing("operating income"), "revenue"),
    ),
    "net_margin": Feature(
        "profitability", "net income / revenue", True,
        lambda c: _over(c, c.trailing("net income"), "revenue"),
    ),
    "revenue_growth_5y": Feature(
        "growth", "compound annual growth of revenue", True, lambda c: c.growth("revenue")
    ),
    "earnings_growth_5y": Feature(
        "growth", "compound annual growth of net income", True, lambda c: c.growth("net income")
    ),
    "dividend_growth_5y": Feature(
        "growth", "compound annual growth of dividends paid in cash", True,
        lambda c: c.growth("dividends"),
    ),
    "asset_turnover": Feature(
        "efficiency", "revenue / average assets", True,
        lambda c: _over_average(c, c.trailing("revenue"), "assets"),
    ),
    "inventory_turnover": Feature(
        "efficiency", "cost of revenue / average inventory", True,
        lambda c: _over_average(c, _cost(c), "inventory"),
    ),
    "receivables_turnover": Feature(
        "efficiency", "revenue / average receivables", True,
        lambda c: _over_average(c, c.trailing("revenue"), "receivables"),
    ),
}  # fmt: skip
FEATURE_TYPES = tuple(dict.fromkeys(one.group for one in FUNDAMENTAL_FEATURES.values()))
