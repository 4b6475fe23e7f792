"""Fundamental features: by hand, as they were known, and a reason for each that is missing."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import (
    DataError,
    LabelError,
    MissingInputError,
    ParameterError,
    TimeIndexError,
)
from nautilus.core.results import reasons, unexplained
from nautilus.factors import fundamental_features
from nautilus.factors.feature_definitions import FEATURE_TYPES, FUNDAMENTAL_FEATURES
from nautilus.factors.known_facts import trailing_year
from nautilus.marketdata import simulate_statements

NAN = float("nan")
UTC = dt.UTC
YEAR = ("2023-01-01", "2023-12-31")
BEFORE = ("2018-01-01", "2018-12-31")
FILED = "2024-02-15"
SCHEMA = {
    "symbol": pl.String, "concept": pl.String, "period_start": pl.Date, "period_end": pl.Date,
    "unit": pl.String, "value": pl.Float64, "knowledge_ts": pl.Datetime("us", "UTC"),
}  # fmt: skip


def fact(concept, value, end, start=None, filed=FILED, unit="USD", symbol="ACME"):
    days = [None if day is None else dt.date.fromisoformat(day) for day in (start, end)]
    return (symbol, concept, *days, unit, value, dt.datetime.fromisoformat(filed + "T21:00Z"))


def table(*rows):
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def flow(concept, value, period=YEAR, **more):
    return fact(concept, value, period[1], period[0], **more)


def balance(concept, last, before=None):
    rows = [fact(concept, last, "2023-12-31")]
    return rows if before is None else [*rows, fact(concept, before, "2022-12-31")]


def company():
    """A whole year by hand, with the one of five years before."""
    flows = {
        "Revenues": (1000.0, 500.0), "CostOfRevenue": (600.0, 300.0),
        "OperatingIncomeLoss": (200.0, 90.0), "NetIncomeLoss": (150.0, 50.0),
        "DepreciationDepletionAndAmortization": (50.0, 40.0), "PaymentsOfDividends": (32.0, 1.0),
    }  # fmt: skip
    rows = [flow(c, v) for c, (v, _) in flows.items()]
    rows += [flow(c, v, BEFORE) for c, (_, v) in flows.items()]
    for concept, pair in {
        "StockholdersEquity": (900.0, 700.0), "Assets": (2100.0, 1900.0),
        "InventoryNet": (110.0, 90.0), "AccountsReceivableNetCurrent": (120.0, 80.0),
    }.items():  # fmt: skip
        rows += balance(concept, *pair)
    rows += balance("CashAndCashEquivalentsAtCarryingValue", 70.0)
    rows += balance("MarketableSecuritiesCurrent", 30.0)
    rows += balance("LongTermDebtNoncurrent", 300.0) + balance("LongTermDebtCurrent", 40.0)
    rows += balance("CommercialPaper", 10.0)
    rows.append(fact("CommonStockSharesOutstanding", 100.0, "2023-12-31", unit="shares"))
    return rows


def features(rows, **options):
    return fundamental_features(table(*rows), **{"as_of": "2024-03-01", "price": 30.0} | options)


def code_of(found, field):
    return [r.code for path, r in reasons(found) if path == field]


def test_a_whole_year_by_hand():
    found = features(company())
    expected = {
        "pe_ratio": 3000.0 / 150.0,
        "price_to_book": 3000.0 / 900.0,
        "price_to_sales": 3.0,
        "ev_to_ebitda": (3000.0 + 350.0 - 100.0) / 250.0,
        "roe": 150.0 / 800.0,
        "roa": 150.0 / 2000.0,
        "gross_margin": 0.4,
        "operating_margin": 0.2,
        "net_margin": 0.15,
        "revenue_growth_5y": 2.0**0.2 - 1.0,
        "earnings_growth_5y": 3.0**0.2 - 1.0,
        "dividend_growth_5y": 1.0,
        "asset_turnover": 0.5,
        "inventory_turnover": 6.0,
        "receivables_turnover": 10.0,
    }
    assert set(expected) == set(FUNDAMENTAL_FEATURES)
    assert {n: getattr(found, n) for n in expected} == pytest.approx(expected, rel=1e-14)
    assert found.period_end == dt.date(2023, 12, 31)
    assert [r.code for r in found.reasons] == ["NO_PEERS"]
    assert found.pe_relative_to_sector is found.fundamental_score is found.industry_ranking is None


def test_they_come_in_the_documented_groups_under_the_documented_names():
    groups = features(company()).fundamental_features
    assert {group: list(of) for group, of in groups.items()} == {
        "valuation": ["pe_ratio", "pe_relative_to_sector", "price_to_book", "price_to_sales",
                      "ev_to_ebitda"],
        "profitability": ["roe", "roa", "gross_margin", "operating_margin", "net_margin"],
        "growth": ["revenue_growth_5y", "earnings_growth_5y", "dividend_growth_5y"],
        "efficiency": ["asset_turnover", "inventory_turnover", "receivables_turnover"],
    }  # fmt: skip


def test_what_was_not_asked_for_does_not_apply():
    found = features(company(), feature_types=["growth"])
    assert found == features(company(), feature_types="growth")
    assert found.roe is None
    assert list(found.fundamental_features) == ["growth"]


QUARTERS = [
    ("2023-01-01", "2023-03-31"), ("2023-04-01", "2023-06-30"), ("2023-07-01", "2023-09-30"),
    ("2023-10-01", "2023-12-31"), ("2024-01-01", "2024-03-31"),
]  # fmt: skip
REVENUE = [10.0, 20.0, 40.0, 80.0, 160.0]
NINE_MONTHS = ("2023-01-01", "2023-09-30")
FILINGS = {
    "four quarters": [flow("Revenues", v, q) for q, v in zip(QUARTERS, REVENUE, strict=True)],
    "the fourth as the year less nine months": [
        *(flow("Revenues", REVENUE[i], QUARTERS[i]) for i in (1, 2, 4)),
        flow("Revenues", 150.0),
        flow("Revenues", 70.0, NINE_MONTHS),
    ],
    "the year to date": [
        flow("Revenues", 150.0), flow("Revenues", 10.0, QUARTERS[0]),
        flow("Revenues", 160.0, QUARTERS[4]),
    ],
    "the year less three quarters": [
        flow("Revenues", 150.0), *(flow("Revenues", REVENUE[i], QUARTERS[i]) for i in (1, 2, 4)),
        flow("Revenues", 10.0, QUARTERS[0]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("way", FILINGS)
def test_twelve_months_are_the_same_however_they_were_filed(way):
    found = features(FILINGS[way], shares=100.0)
    assert found.period_end == dt.date(2024, 3, 31)
    assert found.price_to_sales == 3000.0 / 300.0


def test_a_year_of_53_weeks_is_a_year():
    rows = [
        flow("Revenues", 100.0, ("2022-09-25", "2023-09-30")),
        fact("Assets", 60.0, "2023-09-30"),
        fact("Assets", 40.0, "2022-09-24"),
    ]
    assert features(rows).asset_turnover == 2.0


def test_three_quarters_are_no_year():
    rows = [flow("Revenues", 1.0, q) for q in QUARTERS[:3]]
    found = features([*rows, fact("StockholdersEquity", 60.0, "2023-09-30")], shares=2.0)
    assert found.period_end == dt.date(2023, 9, 30)
    assert found.price_to_book == 1.0
    assert code_of(found, "price_to_sales") == ["MISSING_PERIOD"]


@given(parts=st.lists(st.integers(-1000, 1000), min_size=4, max_size=12), data=st.data())
def test_a_year_is_the_sum_of_its_last_four_quarters(parts, data):
    days = [dt.date(2020 + (3 * i) // 12, 1 + (3 * i) % 12, 1) for i in range(len(parts) + 1)]
    ends = [day - dt.timedelta(days=1) for day in days]
    spans = {(a, b): float(v) for a, b, v in zip(ends, ends[1:], parts, strict=False)}
    for first in range(0, len(parts), 4):
        for last in range(first + 2, min(first + 4, len(parts)) + 1):
            spans[ends[first], ends[last]] = float(sum(parts[first:last]))
    dropped = data.draw(st.sampled_from(sorted(spans)))
    found = trailing_year({k: v for k, v in spans.items() if k != dropped}, ends[-1])
    assert found in (None, float(sum(parts[-4:])))
    assert trailing_year(spans, ends[-1]) == float(sum(parts[-4:]))


def test_a_filing_after_as_of_changes_nothing_to_the_bit():
    rows = simulate_statements(["AAPL"], start="2012-01-03", end="2025-12-31")
    known = rows.filter(pl.col("knowledge_ts") <= dt.datetime(2021, 5, 15, tzinfo=UTC))
    assert known.height < rows.height
    options = {"as_of": "2021-05-15", "price": 100.0}
    spoiled = rows.with_columns(
        pl.when(pl.col("knowledge_ts") > dt.datetime(2021, 5, 15, tzinfo=UTC))
        .then(-1.0)
        .otherwise("value")
        .alias("value")
    )
    expected = fundamental_features(known, **options)
    assert repr(expected.to_dict()) == repr(fundamental_features(rows, **options).to_dict())
    assert repr(expected.to_dict()) == repr(fundamental_features(spoiled, **options).to_dict())


def test_a_restatement_counts_from_its_day():
    rows = [*company(), flow("NetIncomeLoss", 100.0, filed="2024-06-03")]
    assert features(rows, as_of="2024-06-02").net_margin == 0.15
    assert features(rows, as_of="2024-06-03").net_margin == 0.10
    moment = dt.datetime(2024, 6, 3, 20, 59, tzinfo=UTC)
    assert features(rows, as_of=moment).net_margin == 0.15


@given(seed=st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(seed):
    rows = table(*company(), flow("NetIncomeLoss", 1.0), flow("NetIncomeLoss", 2.0))
    options = {"as_of": "2024-03-01", "price": 30.0}
    mixed = rows.sample(fraction=1.0, shuffle=True, seed=seed)
    expected = fundamental_features(rows, **options)
    assert fundamental_features(mixed, **options) == expected


@pytest.mark.parametrize(
    ("concept", "fields"),
    [
        ("StockholdersEquity", {"price_to_book", "roe"}),
        ("Assets", {"roa", "asset_turnover"}),
        ("InventoryNet", {"inventory_turnover"}),
        ("AccountsReceivableNetCurrent", {"receivables_turnover"}),
        ("OperatingIncomeLoss", {"operating_margin", "ev_to_ebitda"}),
        ("DepreciationDepletionAndAmortization", {"ev_to_ebitda"}),
        ("CashAndCashEquivalentsAtCarryingValue", {"ev_to_ebitda"}),
        ("PaymentsOfDividends", {"dividend_growth_5y"}),
        ("NetIncomeLoss", {"pe_ratio", "roe", "roa", "net_margin", "earnings_growth_5y"}),
        ("CommonStockSharesOutstanding",
         {"pe_ratio", "price_to_book", "price_to_sales", "ev_to_ebitda"}),
    ],
)  # fmt: skip
def test_a_missing_concept_is_named_and_costs_only_what_needs_it(concept, fields):
    found = features([row for row in company() if row[1] != concept])
    lost = {name for name in FUNDAMENTAL_FEATURES if getattr(found, name) != getattr(found, name)}
    assert lost == fields
    assert unexplained(found) == ()
    for name in fields:
        (reason,) = [r for path, r in reasons(found) if path == name]
        assert reason.code == "MISSING_CONCEPT"
        assert concept in reason.message


@pytest.mark.parametrize(
    ("concept", "other"),
    [
        ("Revenues", "RevenueFromContractWithCustomerExcludingAssessedTax"),
        ("Revenues", "SalesRevenueNet"),
        ("CostOfRevenue", "CostOfGoodsAndServicesSold"),
        ("PaymentsOfDividends", "PaymentsOfDividendsCommonStock"),
        ("CommonStockSharesOutstanding", "EntityCommonStockSharesOutstanding"),
        ("Assets", "totalAssets"),
        ("NetIncomeLoss", "netIncome"),
    ],
)
def test_other_names_of_a_concept_are_as_good(concept, other):
    rows = [(row[0], other, *row[2:]) if row[1] == concept else row for row in company()]
    assert features(rows) == features(company())


def test_gross_profit_as_filed_comes_before_revenue_less_cost():
    rows = [row for row in company() if row[1] != "CostOfRevenue"]
    found = features([*rows, flow("GrossProfit", 300.0)])
    assert found.gross_margin == 0.3
    assert found.inventory_turnover == 7.0


def test_a_growing_company_that_changed_its_concept_keeps_its_history():
    rows = [row for row in company() if row[:2] != ("ACME", "Revenues")]
    rows += [
        flow("RevenueFromContractWithCustomerExcludingAssessedTax", 1000.0),
        flow("SalesRevenueNet", 500.0, BEFORE),
    ]
    assert features(rows).revenue_growth_5y == 2.0**0.2 - 1.0


@pytest.mark.parametrize(
    ("concept", "value", "fields"),
    [
        ("NetIncomeLoss", -5.0, {"pe_ratio", "earnings_growth_5y"}),
        ("StockholdersEquity", -5.0, {"price_to_book", "roe"}),
        ("Revenues", 0.0, {"price_to_sales", "gross_margin", "operating_margin", "net_margin"}),
    ],
)
def test_a_ratio_over_nothing_or_less_has_no_meaning(concept, value, fields):
    rows = [
        (*row[:5], value, *row[6:]) if row[1] == concept and row[3].year >= 2022 else row
        for row in company()
    ]
    found = features(rows)
    lost = {name for name in FUNDAMENTAL_FEATURES if getattr(found, name) != getattr(found, name)}
    assert lost == fields
    assert {code for name in fields for code in code_of(found, name)} == {"NOT_POSITIVE"}


def test_growth_needs_a_positive_base_of_five_years_before():
    short = features([row for row in company() if row[3].year > 2018])
    assert code_of(short, "revenue_growth_5y") == ["MISSING_PERIOD"]
    rows = [
        (*row[:5], -1.0, *row[6:]) if row[1] == "NetIncomeLoss" and row[3].year == 2018 else row
        for row in company()
    ]
    assert code_of(features(rows), "earnings_growth_5y") == ["NOT_POSITIVE"]


def test_without_a_price_there_is_no_valuation():
    for price in (None, NAN):
        found = features(company(), price=price)
        assert code_of(found, "pe_ratio") == ["MISSING_PRICE"]
        assert found.roe == 150.0 / 800.0


def test_old_statements_say_nothing_of_today():
    found = features(company(), as_of="2025-09-01")
    assert all(getattr(found, n) != getattr(found, n) for n in FUNDAMENTAL_FEATURES)
    assert code_of(found, "roe") == ["STALE"]
    assert unexplained(found) == ()


def test_before_the_first_filing_nothing_is_known():
    found = features(company(), as_of="2024-02-14")
    assert found.period_end is None
    assert code_of(found, "roe") == ["MISSING_CONCEPT"]
    assert unexplained(found) == ()


def test_facts_in_another_currency_do_not_count():
    rows = [*company(), flow("NetIncomeLoss", 1e9, unit="JPY", filed="2024-02-20")]
    assert features(rows).net_margin == 0.15
    assert features(rows, currency="JPY").period_end == dt.date(2023, 12, 31)


def test_given_shares_come_before_filed_ones():
    assert features(company(), shares=200.0).pe_ratio == 40.0


def test_dates_of_knowledge_count_to_their_end():
    rows = table(*company()).with_columns(pl.col("knowledge_ts").cast(pl.Date))
    early = dt.datetime(2024, 2, 15, 23, tzinfo=UTC)
    assert fundamental_features(rows, as_of=early).period_end is None
    assert fundamental_features(rows, as_of="2024-02-15").net_margin == 0.15


@given(scale=st.sampled_from([0.5, 4.0, 1e6]))
def test_the_unit_of_money_does_not_matter(scale):
    rows = [
        row if row[4] == "shares" else (*row[:5], row[5] * scale, *row[6:]) for row in company()
    ]
    found, expected = features(rows, price=30.0 * scale), features(company())
    for name in FUNDAMENTAL_FEATURES:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12)


def last_four_quarters(rows, concept, known):
    """By another way: a sum in polars of what was filed by then."""
    filed = rows.filter((pl.col("concept") == concept) & (pl.col("knowledge_ts") <= known))
    newest = filed.sort("knowledge_ts").unique("period_end", keep="last").sort("period_end")
    return newest["value"].tail(4).sum()


def test_twelve_months_of_a_simulated_company_are_its_last_four_quarters():
    rows = simulate_statements(["MSFT"], start="2012-01-03", end="2024-12-31")
    for day in ("2019-01-10", "2021-05-20", "2024-06-30"):
        found = fundamental_features(rows, as_of=day, price=100.0)
        known = dt.datetime.fromisoformat(day + "T00:00Z")
        income, revenue, profit = (
            last_four_quarters(rows, name, known)
            for name in ("NetIncomeLoss", "Revenues", "GrossProfit")
        )
        assert found.net_margin == pytest.approx(income / revenue, rel=1e-14)
        assert found.gross_margin == pytest.approx(profit / revenue, rel=1e-14)
        assert unexplained(found) == ()
        assert [r.code for r in found.reasons] == ["NO_PEERS"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fundamental_features([], as_of="2024-01-01"), DataError, "polars frame"),
        (
            lambda: fundamental_features(table().drop("unit"), as_of="2024-01-01"),
            LabelError,
            "columns unit",
        ),
        (lambda: features(company(), as_of=None), MissingInputError, "`as_of` must"),
        (lambda: features(company(), as_of="soon"), ParameterError, "`as_of` must be a date"),
        (
            lambda: features(company(), as_of=dt.datetime(2024, 1, 1)),
            TimeIndexError,
            "no zone",
        ),
        (lambda: features(company(), price=-1.0), ParameterError, "`price` must be above 0"),
        (lambda: features(company(), price="30"), ParameterError, "`price` must be a number"),
        (lambda: features(company(), shares=0), ParameterError, "`shares` must be above 0"),
        (
            lambda: features(company(), feature_types=["value"]),
            ParameterError,
            "`feature_types` must be one of",
        ),
        (
            lambda: features([*company(), fact("Assets", 1.0, "2023-12-31", symbol="B")]),
            ParameterError,
            "which of the 2 companies",
        ),
        (
            lambda: fundamental_features(
                table(*company()).with_columns(pl.col("knowledge_ts").dt.replace_time_zone(None)),
                as_of="2024-01-01",
            ),
            DataError,
            "times with a zone",
        ),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_every_definition_is_published():
    assert FEATURE_TYPES == ("valuation", "profitability", "growth", "efficiency")
    text = fundamental_features.__doc__
    assert all(
        f"``{name}``" in text and one.definition for name, one in FUNDAMENTAL_FEATURES.items()
    )
