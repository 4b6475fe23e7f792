"""Features of real filings, against sums made by hand from the files."""

import datetime as dt
import gzip
import json

import polars as pl
import pytest

from nautilus.core.results import reasons, unexplained
from nautilus.factors import fundamental_features
from nautilus.marketdata.sources import DataRequest, RawPayload, SourceConfig, available_sources

NAN = float("nan")
MILLION = 1e6


@pytest.fixture(scope="module")
def snow(folder):
    body = (folder / "fundamentals/sec_companyfacts_SNOW_trimmed.json.gz").read_bytes()
    config = SourceConfig(user_agent="Some Body a@example.com")
    source = available_sources()["edgar"](config)
    received = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    payload = RawPayload(body=gzip.decompress(body), received_at=received)
    return source.parse(payload, DataRequest("fundamentals", "SNOW"))


def features(facts, day, **options):
    found = fundamental_features(facts, as_of=day, **{"price": 150.0} | options)
    assert unexplained(found) == ()
    return found


def test_the_year_to_april_2024_by_hand(snow):
    found = features(snow, "2024-06-28")
    assert found.period_end == dt.date(2024, 4, 30)
    # The year to January 2024, and the first quarter less that of the year before; in thousands.
    revenue = (2_806_489 + 828_709 - 623_599) * 1e3
    income = (-836_097 - 316_988 + 225_627) * 1e3
    profit = (1_907_931 + 556_192 - 414_185) * 1e3
    operating = (-1_094_773 - 348_572 + 273_238) * 1e3
    equity = (4_558_234 + 5_286_243) * 1e3 / 2.0
    assets = (7_298_018 + 7_446_774) * 1e3 / 2.0
    receivables = (345_505 + 352_993) * 1e3 / 2.0
    value = 150.0 * 334_800_000
    expected = {
        "price_to_book": value / 4_558_234e3,
        "price_to_sales": value / revenue,
        "roe": income / equity,
        "roa": income / assets,
        "gross_margin": profit / revenue,
        "operating_margin": operating / revenue,
        "net_margin": income / revenue,
        "asset_turnover": revenue / assets,
        "receivables_turnover": revenue / receivables,
    }
    assert {n: getattr(found, n) for n in expected} == pytest.approx(expected, rel=1e-13)


def test_the_day_before_and_the_day_of_a_filing(snow):
    # The report of the year to January 2024 was filed on 2024-03-26.
    before, after = features(snow, "2024-03-25"), features(snow, "2024-03-26")
    assert (before.period_end, after.period_end) == (dt.date(2023, 10, 31), dt.date(2024, 1, 31))
    nine_months = (2_031_790 + 2_065_659 - 1_476_647) * 1e3
    assert before.price_to_sales == pytest.approx(150.0 * 329_300_000 / nine_months, rel=1e-13)
    assert after.price_to_sales == pytest.approx(150.0 * 334_200_000 / 2_806_489e3, rel=1e-13)


def test_growth_over_five_years_needs_them(snow):
    found = features(snow, "2024-03-26")
    assert found.revenue_growth_5y == pytest.approx((2_806_489 / 96_666) ** 0.2 - 1.0, rel=1e-13)
    codes = {path: reason.code for path, reason in reasons(found)}
    assert codes["earnings_growth_5y"] == "NOT_POSITIVE"
    assert codes["pe_ratio"] == "NOT_POSITIVE"
    assert codes["dividend_growth_5y"] == codes["inventory_turnover"] == "MISSING_CONCEPT"
    early = {path: reason.code for path, reason in reasons(features(snow, "2022-06-30"))}
    assert early["revenue_growth_5y"] == "MISSING_PERIOD"


def test_no_later_filing_changes_an_earlier_day(snow):
    for day in pl.date_range(dt.date(2020, 12, 1), dt.date(2025, 5, 1), "5mo", eager=True):
        known = snow.filter(pl.col("filed") <= day)
        if known.height:
            alone = features(known, day)
            assert repr(alone.to_dict()) == repr(features(snow, day).to_dict())


def by_the_textbook(raw, concept, day):
    """(last day, twelve months): the filed year, or year to date + last year - the same of it."""
    (facts,) = raw["facts"]["us-gaap"][concept]["units"].values()
    known = {}
    for fact in sorted(facts, key=lambda fact: (fact["filed"], fact["accn"])):
        if fact["filed"] <= day and "start" in fact:
            known[fact["start"], fact["end"]] = fact["val"]
    years = {k: v for k, v in known.items() if k[0][5:] == "02-01" and k[1][5:] == "01-31"}
    last = max(end for _, end in known)
    if last[5:] == "01-31":
        (year,) = (v for (_, end), v in years.items() if end == last)
        return last, year
    begin = max(start for start, end in known if end == last and start[5:] == "02-01")
    before = str(int(begin[:4]) - 1)
    (year,) = (v for (start, _), v in years.items() if start == before + begin[4:])
    same = known[before + begin[4:], str(int(last[:4]) - 1) + last[4:]]
    return last, known[begin, last] + year - same


def test_every_filing_day_agrees_with_the_textbook(snow, folder):
    body = (folder / "fundamentals/sec_companyfacts_SNOW_trimmed.json.gz").read_bytes()
    raw = json.loads(gzip.decompress(body))
    concepts = {
        "net_margin": "NetIncomeLoss",
        "gross_margin": "GrossProfit",
        "operating_margin": "OperatingIncomeLoss",
    }
    days = [str(day) for day in snow["filed"].unique().sort() if str(day) >= "2021-03-31"]
    assert len(days) >= 15
    for day in days:
        found = features(snow, day)
        end, revenue = by_the_textbook(
            raw, "RevenueFromContractWithCustomerExcludingAssessedTax", day
        )
        assert str(found.period_end) == end
        for name, concept in concepts.items():
            expected = by_the_textbook(raw, concept, day)[1] / revenue
            assert getattr(found, name) == pytest.approx(expected, rel=1e-12)


@pytest.fixture(scope="module")
def apple(folder):
    """The annual report of Apple for the year to September 2022: numbers in dollars or shares."""
    path = folder / "fundamentals/xbrl_facts_aapl_gaap_10K_2022.csv.gz"
    rows = pl.read_csv(path, infer_schema_length=0).filter(pl.col("units").is_in(["USD", "shares"]))
    named = rows.rename({"fact": "concept", "units": "unit"}).with_columns(
        pl.col("value").cast(pl.Float64),
        symbol=pl.lit("AAPL"),
        period_start=pl.col("start_date").str.to_date(),
        period_end=pl.col("end_date").str.to_date(),
        knowledge_ts=pl.lit(dt.datetime(2022, 10, 28, tzinfo=dt.UTC)),
    )
    return named.filter(pl.col("value").is_not_null())


def test_one_annual_report_by_hand(apple):
    found = features(apple, "2022-10-31")
    assert found.period_end == dt.date(2022, 9, 24)
    value = 150.0 * 15_943_425_000
    debt = (98_959 + 11_128 + 9_982) * MILLION
    cash = (23_646 + 24_658) * MILLION
    expected = {
        "pe_ratio": value / (99_803 * MILLION),
        "price_to_book": value / (50_672 * MILLION),
        "price_to_sales": value / (394_328 * MILLION),
        "ev_to_ebitda": (value + debt - cash) / ((119_437 + 11_104) * MILLION),
        "gross_margin": 170_782 / 394_328,
        "operating_margin": 119_437 / 394_328,
        "net_margin": 99_803 / 394_328,
    }
    assert {n: getattr(found, n) for n in expected} == pytest.approx(expected, rel=1e-13)
    # One report has no balance of the year before that it names as such.
    codes = {path: reason.code for path, reason in reasons(found)}
    assert codes["roe"] == codes["roa"] == codes["revenue_growth_5y"] == "MISSING_PERIOD"
