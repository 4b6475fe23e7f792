"""Features of a company from its statements, as they were known on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nautilus.core.checks import check_choice, check_positive
from nautilus.core.results import Reason, Result
from nautilus.factors.feature_definitions import (
    FEATURE_TYPES,
    FUNDAMENTAL_FEATURES,
    MOST_AGE,
    Company,
    Feature,
)
from nautilus.factors.known_facts import UnknownFigure, known_facts

__all__ = ["RELATIVE", "FundamentalFeatures", "IndustryRanking", "fundamental_features"]

NAN = float("nan")
FLOWS = ("revenue", "net income")
BALANCES = ("assets", "equity")
RELATIVE = ("pe_relative_to_sector", "fundamental_score", "industry_ranking")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndustryRanking(Result):
    """Place of a company among those of its industry, itself included, by `fundamental_score`.

    Parameters
    ----------
    percentile : float
        100 (total_companies - rank) / total_companies: the share of companies behind it, in per
        cent.
    rank : int
        1 is the best; companies with equal scores share the better rank.
    total_companies : int
        With a score.
    """

    percentile: float
    rank: int
    total_companies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundamentalFeatures(Result):
    """Features of one company; definitions at `fundamental_features`.

    Parameters
    ----------
    symbol : str
    as_of : datetime
    period_end : date or None
        Last day of the twelve months and of the balance sheet that were used.
    feature_types : tuple of str
    pe_ratio, pe_relative_to_sector, price_to_book, price_to_sales, ev_to_ebitda : float or None
    roe, roa, gross_margin, operating_margin, net_margin : float or None
    revenue_growth_5y, earnings_growth_5y, dividend_growth_5y : float or None
    asset_turnover, inventory_turnover, receivables_turnover : float or None
        None where the group was not asked for; NaN, with a reason, where it could not be computed.
    fundamental_score : float or None
        In (0, 1), 0.5 in the middle of the peers; None without peers.
    features_scored : int or None
        How many features the score is the mean of.
    industry_ranking : IndustryRanking or None
    """

    symbol: str
    as_of: dt.datetime
    period_end: dt.date | None
    feature_types: tuple[str, ...]
    pe_ratio: float | None = None
    pe_relative_to_sector: float | None = None
    price_to_book: float | None = None
    price_to_sales: float | None = None
    ev_to_ebitda: float | None = None
    roe: float | None = None
    roa: float | None = None
    gross_margin: float | None = None
    operating_margin: float | None = None
    net_margin: float | None = None
    revenue_growth_5y: float | None = None
    earnings_growth_5y: float | None = None
    dividend_growth_5y: float | None = None
    asset_turnover: float | None = None
    inventory_turnover: float | None = None
    receivables_turnover: float | None = None
    fundamental_score: float | None = None
    features_scored: int | None = None
    industry_ranking: IndustryRanking | None = None

    @property
    def fundamental_features(self) -> dict[str, dict[str, float | None]]:
        """Features by group, as the API shows them."""
        found: dict[str, dict[str, float | None]] = {group: {} for group in self.feature_types}
        for name, feature in FUNDAMENTAL_FEATURES.items():
            if feature.group in found:
                found[feature.group][name] = getattr(self, name)
                if name == "pe_ratio":
                    found[feature.group][RELATIVE[0]] = self.pe_relative_to_sector
        return found


def fundamental_features(
    facts: Any,
    *,
    as_of: Any,
    symbol: str | None = None,
    price: float | None = None,
    shares: float | None = None,
    currency: str = "USD",
    feature_types: Sequence[str] = FEATURE_TYPES,
    peers: Mapping[str, FundamentalFeatures] | None = None,
) -> FundamentalFeatures:
    """Valuation, profitability, growth and efficiency of a company, from what was known by then.

    Only facts with `knowledge_ts` up to `as_of` count, and of each the version known last. Flows
    are of the last twelve months for which revenue or net income is known: a filed year, four
    quarters, or the year to date plus the last year less the same months of it, so that a fourth
    quarter, which is never filed, is the year less nine months. Balances are of the end of those
    months; an average is the mean of that one and the one of a year before. Growth is
    (last / base)^(1/5) - 1 with the twelve months that ended five years earlier. A year that was
    restated may stand beside months that were not.

    - ``pe_ratio`` market value / net income; ``price_to_book`` / equity; ``price_to_sales`` /
      revenue. Market value is `price` times `shares`.
    - ``ev_to_ebitda`` (market value + debt - cash and current securities) / (operating income +
      depreciation and amortization).
    - ``roe``, ``roa`` net income / average equity, / average assets; ``gross_margin``,
      ``operating_margin``, ``net_margin`` over revenue; gross profit is as filed, else revenue less
      its cost.
    - ``revenue_growth_5y``, ``earnings_growth_5y`` (net income) and ``dividend_growth_5y``
      (dividends paid in cash to all shareholders, which no split moves).
    - ``asset_turnover``, ``receivables_turnover`` revenue over the average; ``inventory_turnover``
      cost of revenue / average inventory.
    - ``pe_relative_to_sector``, ``fundamental_score``, ``industry_ranking``: `industry_relative`.

    Parameters
    ----------
    facts : polars frame
        ``symbol, concept, period_start, period_end, unit, value, knowledge_ts``: the layout of
        `simulate_statements` and of the SEC connector; balances have no period_start. Concepts are
        those of us-gaap or of Alpha Vantage, with their alternatives.
    as_of : date or aware time
        A date counts to its end.
    symbol : str, optional
        Needed where the facts are of several companies.
    price : float, optional
        Per share, as traded, on the same share basis as the last filing.
    shares : float, optional
        Outstanding; by default the last count that was filed.
    currency : str
        Facts in other units do not count.
    feature_types : sequence of {"valuation", "profitability", "growth", "efficiency"}
    peers : mapping of symbol -> FundamentalFeatures, optional
        Of the other companies of the industry, at the same time.

    Returns
    -------
    FundamentalFeatures
        Ratios and fractions. NaN with a reason where a figure is missing (``MISSING_CONCEPT``,
        ``MISSING_PERIOD``, ``MISSING_PRICE``), older than 550 days (``STALE``) or where the
        denominator or base is not positive (``NOT_POSITIVE``).

    Raises
    ------
    DataError, LabelError, ParameterError, MissingInputError, TimeIndexError

    References
    ----------
    Penman (2013), Financial Statement Analysis and Security Valuation, 5th ed., ch. 3 and 12;
    SEC Financial Reporting Taxonomy (us-gaap) for the concepts.

    Examples
    --------
    >>> from nautilus.marketdata import simulate_statements
    >>> rows = simulate_statements(["AAPL"], start="2012-01-03", end="2024-12-31")
    >>> found = fundamental_features(rows, as_of="2024-06-30", price=180.0)
    >>> found.period_end.isoformat(), found.gross_margin > found.net_margin
    ('2024-03-31', True)
    """
    asked = (feature_types,) if isinstance(feature_types, str) else feature_types
    groups = tuple(check_choice(one, "feature_types", FEATURE_TYPES) for one in asked)
    paid = None if price is None or price != price else check_positive(price, "price")
    count = None if shares is None else check_positive(shares, "shares")
    known = known_facts(facts, symbol=symbol, as_of=as_of, currency=currency)
    end = known.last_year_end(FLOWS) or known.last_day(BALANCES)
    wanted = {name: one for name, one in FUNDAMENTAL_FEATURES.items() if one.group in groups}
    values: dict[str, Any] = dict.fromkeys(wanted, NAN)
    if end is None or (known.as_of.date() - end).days > MOST_AGE:
        reasons: tuple[Reason, ...] = (_nothing(end, tuple(wanted)),)
    else:
        values, reasons = _computed(Company(known, end, paid, count), wanted)
    alone = FundamentalFeatures(
        symbol=known.symbol, as_of=known.as_of, period_end=end, feature_types=groups, **values,
        reasons=reasons,
    )  # fmt: skip
    from nautilus.factors.peers import industry_relative

    return industry_relative({**(peers or {}), known.symbol: alone})[known.symbol]


def _computed(
    company: Company, wanted: Mapping[str, Feature]
) -> tuple[dict[str, Any], tuple[Reason, ...]]:
    """Values, and one reason for all that lack for the same cause."""
    values: dict[str, Any] = {}
    causes: dict[tuple[str, str], list[str]] = {}
    for name, feature in wanted.items():
        try:
            values[name] = feature.of(company)
        except UnknownFigure as unknown:
            values[name] = NAN
            causes.setdefault((unknown.code, unknown.message), []).append(name)
    return values, tuple(Reason(code, tuple(of), text) for (code, text), of in causes.items())


def _nothing(end: dt.date | None, fields: tuple[str, ...]) -> Reason:
    if end is None:
        text = "neither revenue nor net income nor a balance sheet was known."
        return Reason("MISSING_CONCEPT", fields, text)
    text = f"the last period known ended on {end}, more than {MOST_AGE} days before."
    return Reason("STALE", fields, text)
