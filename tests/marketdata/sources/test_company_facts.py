"""Facts, filings, statements and catalogues: EDGAR, Alpha Vantage and data.gov, over real HTTP."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from nautilus.core.errors import DataError, TimeIndexError
from nautilus.marketdata.sources import DataRequest, SymbolNotFound, known_at
from nautilus.marketdata.sources.edgar_filings import public_since
from nautilus.marketdata.sources.layouts import LAYOUTS
from tests.marketdata.replay import payloads as play
from tests.marketdata.sources.conftest import run

AAPL = DataRequest("fundamentals", "AAPL")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def edgar(replay):
    replay.plays("/files/company_tickers.json", play.TICKERS)
    replay.plays("/api/xbrl/companyfacts/CIK0000320193.json", play.companyfacts())
    return replay


def test_a_ticker_is_looked_up_once_and_padded_to_ten_digits(edgar, source):
    found = run(source("edgar"), AAPL, AAPL)
    assert found.columns == list(LAYOUTS["fundamentals"])
    assert [one.path for one in edgar.asked] == [
        "/files/company_tickers.json",
        "/api/xbrl/companyfacts/CIK0000320193.json",
        "/api/xbrl/companyfacts/CIK0000320193.json",
    ]
    assert edgar.asked[0].headers["user-agent"] == "Some Body some.body@example.com"


def test_every_version_of_a_fact_is_kept_and_numbered(edgar, loaded):
    found = loaded("edgar", AAPL).filter(pl.col("concept") == "Assets")
    assert found.select("period_end", "value", "filed", "revision").rows() == [
        (date(2022, 9, 24), 352.0, date(2022, 10, 28), 0),
        (date(2022, 9, 24), 353.0, date(2023, 11, 3), 1),
        (date(2023, 9, 30), 354.0, date(2023, 11, 3), 0),
    ]


def test_the_last_filing_until_a_day_is_what_was_known_on_it(edgar, loaded):
    facts = loaded("edgar", AAPL).filter(pl.col("period_end") == date(2022, 9, 24))
    assert known_at(facts, date(2022, 10, 27)).height == 0
    assert known_at(facts, date(2022, 10, 28))["value"].to_list() == [352.0]
    assert known_at(facts, at("2022-10-28T16:00")).height == 0  # the hour is not told
    assert known_at(facts, date(2023, 11, 2))["value"].to_list() == [352.0]
    assert known_at(facts, date(2023, 11, 3))["value"].to_list() == [353.0]


def test_known_at_wants_a_zone_and_facts():
    facts = pl.DataFrame({"a": [1]})
    with pytest.raises(TimeIndexError, match=r"`as_of` .* has no time zone"):
        known_at(facts, datetime(2024, 1, 1))
    with pytest.raises(DataError, match="`facts` must have the columns"):
        known_at(facts, date(2024, 1, 1))


@pytest.mark.parametrize("cik", [320193, "0000320193"])
def test_a_cik_is_a_number_or_a_padded_text(replay, loaded, cik):
    replay.plays("/api/xbrl/companyfacts/CIK0000320193.json", play.companyfacts(cik))
    assert loaded("edgar", DataRequest("fundamentals", "320193")).height == 4
    assert loaded("edgar", DataRequest("fundamentals", "CIK0000320193")).height == 4


def test_an_unknown_ticker_is_told_close_ones(edgar, loaded):
    with pytest.raises(SymbolNotFound, match="did you mean AAPL"):
        loaded("edgar", DataRequest("fundamentals", "AAPLE"))
    with pytest.raises(SymbolNotFound, match="give its CIK"):
        loaded("edgar", DataRequest("fundamentals", "????"))


def test_a_dot_in_a_class_of_shares_is_a_dash_there(replay, loaded):
    replay.plays("/files", play.TICKERS)
    replay.plays("/api/xbrl/companyfacts/CIK0001067983.json", play.companyfacts(1067983))
    assert loaded("edgar", DataRequest("fundamentals", "BRK.B"))["symbol"].unique()[0] == "BRK.B"


def test_concepts_and_periods_can_be_chosen(edgar, loaded):
    request = DataRequest("fundamentals", "AAPL", options={"concepts": ["Revenues"]})
    found = loaded("edgar", request)
    assert found.select("concept", "period_start", "form").rows() == [
        ("Revenues", date(2022, 10, 1), "10-K")
    ]
    late = DataRequest("fundamentals", "AAPL", start=date(2023, 1, 1))
    assert loaded("edgar", late)["period_end"].min() == date(2023, 9, 30)
    assert loaded("edgar", DataRequest("fundamentals", "AAPL", start=date(2030, 1, 1))).height == 0


def test_one_concept_is_downloaded_alone(replay, loaded):
    body = {"cik": 320193, "taxonomy": "us-gaap", "tag": "Assets",
            "units": {"USD": [play.fact("2024-09-28", 364980000000, "2024-11-01")]}}  # fmt: skip
    replay.plays("/api/xbrl/companyconcept/CIK0000320193/us-gaap/Assets.json", body)
    found = loaded("edgar", DataRequest("fundamentals", "320193", options={"concept": "Assets"}))
    assert found["value"].to_list() == [364980000000.0]


def test_older_filings_are_in_files_of_their_own(replay, loaded):
    older = play.submissions(["10-K"])["filings"]["recent"]
    newest = play.submissions(["10-Q", "8-K"], files=["CIK0001318605-submissions-001.json"])
    replay.plays("/submissions/CIK0001318605.json", newest)
    replay.plays("/submissions/CIK0001318605-submissions-001.json", older)
    found = loaded("edgar", DataRequest("datasets", "1318605"))
    assert found["title"].to_list() == [
        "10-Q of Tesla, Inc.",
        "8-K of Tesla, Inc.",
        "10-K of 1318605",
    ]
    assert found["knowledge_ts"].unique().to_list() == [
        at("2022-12-01T02:25:24")
    ]  # in New York, to be safe
    assert found["download_urls"][0][0].endswith("/1318605/000131860522000000/a.htm")


@pytest.mark.parametrize(
    "accepted, filed, known",
    [
        ("2025-05-01T16:21:59.000Z", "2025-05-01", "2025-05-01T20:21:59"),  # after the close there
        ("2025-12-19T22:14:45.000Z", "2025-12-19", "2025-12-20T03:14:45"),  # truly UTC: 5 h late
        ("2025-04-25T18:05:17.000Z", "2025-04-28", "2025-04-28T10:00:00"),  # too late on a Friday
    ],
)
def test_acceptance_with_a_false_z_is_never_read_too_early(accepted, filed, known):
    assert public_since(accepted, filed, at("2026-11-20")) == at(known)
    assert public_since(accepted, filed, at(accepted[:19])) == at(accepted[:19])  # here already


def test_earnings_are_known_from_the_day_they_were_reported(replay, loaded, clock):
    replay.plays("/query", play.alpha_vantage_earnings())
    request = DataRequest("fundamentals", "IBM", options={"statement": "earnings"})
    found = loaded("alpha_vantage", request)
    rows = found.filter(pl.col("concept") == "reportedEPS").select(
        "period_start", "value", "filed", "fiscal_period", "knowledge_ts"
    )
    assert rows.rows() == [
        (date(2023, 1, 1), 9.61, None, "FY", clock.now),
        (date(2023, 10, 1), 3.87, date(2024, 1, 24), "Q", at("2024-01-24T23:59:59.999999")),
    ]
    assert set(found["concept"]) == {"reportedEPS", "surprisePercentage"}  # "None" and "-": missing


def test_statements_without_a_date_of_report_count_as_known_now(replay, loaded, clock):
    report = {"fiscalDateEnding": "2023-12-31", "reportedCurrency": "USD", "totalAssets": "7"}
    quarter = report | {"inventory": "None"}
    replay.plays(
        "/query", {"symbol": "IBM", "annualReports": [report], "quarterlyReports": [quarter]}
    )
    request = DataRequest("fundamentals", "IBM", options={"statement": "balance_sheet"})
    found = loaded("alpha_vantage", request)
    assert found.select("concept", "value", "unit", "filed").rows() == [
        ("totalAssets", 7.0, "USD", None)
    ]
    assert known_at(found, date(2024, 6, 1)).height == 0
    assert known_at(found, clock.now).height == 1
    assert replay.asked[0].query["function"] == "BALANCE_SHEET"


def test_the_catalogue_is_read_along_its_cursor(replay, loaded):
    replay.plays(
        "/technology/datagov/v4/search", play.datagov(["a", "b"], after="WzUw"), play.datagov(["c"])
    )
    found = loaded("datagov", DataRequest("datasets", "farm", options={"per_page": 2}))
    assert found.columns == list(LAYOUTS["datasets"])
    assert found["title"].to_list() == ["a", "b", "c"]
    assert found["download_urls"][0].to_list() == [
        "https://example.invalid/a.csv",
        "https://example.invalid/b",
    ]
    assert replay.asked[1].query["after"] == "WzUw"
    assert replay.asked[0].headers["x-api-key"] == play.KEY


def test_the_catalogue_stops_at_most(replay, loaded):
    replay.plays("/", play.datagov(["a", "b"], after="one"), play.datagov(["c", "d"], after="two"))
    found = loaded("datagov", DataRequest("datasets", "farm", options={"per_page": 2, "most": 3}))
    assert found["title"].to_list() == ["a", "b", "c"]
    assert len(replay.asked) == 2


def test_a_page_that_is_enough_is_the_only_one(replay, loaded):
    replay.plays("/", play.datagov(["a", "b"], after="one"))
    assert loaded("datagov", DataRequest("datasets", "farm", options={"most": 2})).height == 2
    assert len(replay.asked) == 1


def test_nothing_found_in_the_catalogue_is_an_empty_frame(replay, loaded):
    replay.plays("/", play.datagov([]))
    assert loaded("datagov", DataRequest("datasets", "xyzzy")).height == 0


def test_a_hand_written_period_is_no_time_of_modification(replay, loaded):
    body = play.datagov(["a"])
    body["results"][0]["dcat"]["modified"] = "R/P1Y"
    replay.plays("/", body)
    assert loaded("datagov", DataRequest("datasets", "farm"))["modified"].to_list() == [None]
