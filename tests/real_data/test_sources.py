"""Recorded answers of real sources through the connectors, over real HTTP."""

import asyncio
import gzip
import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from nautilus.core.errors import NautilusError
from nautilus.marketdata.sources import (
    DataRequest,
    RawPayload,
    SchemaChanged,
    SourceConfig,
    available_sources,
    known_at,
)
from tests.marketdata.replay.payloads import KEY
from tests.marketdata.replay.server import Answer, running

OPENERS = available_sources()
SNOW = DataRequest("fundamentals", "SNOW")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def body(folder, name):
    path = folder / name
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.fixture
def replay():
    with running() as server:
        yield server


@pytest.fixture
def loaded(replay):
    def load(name, request):
        config = SourceConfig(
            base_url=replay.url, key=KEY, user_agent="Some Body a@example.com", limits="99/second"
        )
        source = OPENERS[name](config)

        async def scenario():
            try:
                return await source.load(request)
            finally:
                await source.aclose()

        return asyncio.run(scenario())

    return load


@pytest.fixture
def vantage(replay, loaded, folder):
    """A recorded answer of Alpha Vantage as the frame of a request."""

    def load(name, request):
        replay.plays("/query", Answer(body(folder, f"payloads/alpha_vantage_{name}.json")))
        return loaded("alpha_vantage", request)

    return load


def test_minutes_of_microsoft_are_in_utc_and_in_order(vantage):
    found = vantage("time_series", DataRequest("bars", "MSFT", "1m"))
    assert found.height == 100
    assert found["timestamp"].is_sorted()
    assert found["timestamp"][-1] == at("2017-12-18T19:56")  # 14:56 in New York
    assert found["close"][-1] == 86.5
    assert found.filter(
        (pl.col("low") > pl.col("close")) | (pl.col("high") < pl.col("open"))
    ).is_empty()


def test_quotes_of_a_share_and_of_a_currency(vantage):
    share = vantage("global_quote", DataRequest("quotes", "MSFT"))
    assert share.select("price", "previous_close", "volume").row(0) == (112.13, 112.79, 29062853.0)
    pair = vantage("foreign_exchange", DataRequest("quotes", "BTC/CNY"))
    assert (pair["price"][0], pair["timestamp"][0]) == (109631.430607, at("2017-12-20T19:23:21"))


def test_an_income_statement_leaves_out_what_is_none(vantage):
    found = vantage("fundamental_data", DataRequest("fundamentals", "IBM"))
    year = found.filter(pl.col("period_end") == date(2019, 12, 31), pl.col("fiscal_period") == "FY")
    facts = dict(year.select("concept", "value").rows())
    assert facts["totalRevenue"] == 77147000000.0
    assert "nonRecurring" not in facts  # "None"
    assert year["period_start"].unique().to_list() == [date(2019, 1, 1)]
    assert found["period_end"].n_unique() == 20
    assert found["filed"].null_count() == found.height


def test_an_overview_is_a_set_of_numbers(vantage):
    request = DataRequest("fundamentals", "IBM", options={"statement": "overview"})
    facts = dict(vantage("company_overview", request).select("concept", "value").rows())
    assert facts["EBITDA"] > 1e10
    assert not {"Name", "Address", "CIK"} & facts.keys()


@pytest.mark.parametrize("name", ["sector", "symbol_search", "technical_indicator"])
def test_an_answer_to_another_question_is_not_taken_for_bars(vantage, name):
    with pytest.raises(SchemaChanged, match="Time Series"):
        vantage(name, DataRequest("bars", "MSFT"))


@pytest.fixture
def snow(replay, loaded, folder):
    replay.plays("/files", Answer(body(folder, "fundamentals/sec_company_tickers.json.gz")))
    facts = body(folder, "fundamentals/sec_companyfacts_SNOW_trimmed.json.gz")
    replay.plays("/api/xbrl/companyfacts/CIK0001640147.json", Answer(facts))
    return loaded("edgar", SNOW), json.loads(facts)


def brute_force(raw, as_of):
    """{fact: value} by reading the file as it is: of each fact the last filing until a day."""
    newest = {}
    for group in raw["facts"].values():
        for concept, one in group.items():
            for unit, facts in one["units"].items():
                for fact in facts:
                    key = concept, unit, fact.get("start"), fact["end"]
                    order = fact["filed"], fact["accn"]
                    if (
                        fact["filed"] <= as_of.isoformat()
                        and order >= newest.get(key, (("", ""),))[0]
                    ):
                        newest[key] = order, float(fact["val"])
    return {key: value for key, (_, value) in newest.items()}


def test_every_fact_of_snowflake_is_there(snow):
    found, raw = snow
    units = [
        facts for g in raw["facts"].values() for c in g.values() for facts in c["units"].values()
    ]
    assert found.height == sum(len(facts) for facts in units)
    assert found["filed"].min() == date(2020, 12, 3)


def test_what_was_known_is_the_last_filing_until_each_day(snow):
    found, raw = snow
    filed = found["filed"].unique().sort().to_list()
    days = sorted({day + timedelta(days=shift) for day in filed for shift in (-1, 0, 1)})
    assert len(days) > 40
    for day in days:
        known = known_at(found, day)
        got = {
            (concept, unit, start and start.isoformat(), end.isoformat()): value
            for concept, unit, start, end, value in known.select(
                "concept", "unit", "period_start", "period_end", "value"
            ).rows()
        }
        assert got == brute_force(raw, day), day


def test_later_filings_change_nothing_that_was_known(snow):
    found, _ = snow
    day = date(2023, 6, 1)
    future = pl.col("filed") > day
    changed = found.with_columns(
        pl.when(future).then(-1.0).otherwise(pl.col("value")).alias("value")
    )
    assert known_at(changed, day).equals(known_at(found.filter(~future), day))


def test_versions_are_numbered_without_a_gap(snow):
    found, _ = snow
    keys = ["concept", "unit", "period_start", "period_end"]
    counts = found.group_by(keys).agg(pl.col("revision").sort(), pl.len())
    assert all(list(r) == list(range(n)) for r, n in counts.select("revision", "len").rows())
    assert found["revision"].max() >= 2


def test_an_ifrs_filer_with_a_padded_text_as_cik(replay, loaded, folder):
    replay.plays("/api", Answer(body(folder, "fundamentals/sec_companyfacts_LPA.json.gz")))
    found = loaded("edgar", DataRequest("fundamentals", "1997711"))
    assert set(found["form"]) >= {"20-F"}
    assert found["concept"].n_unique() > 10


def test_filings_of_tesla_carry_the_clock_of_new_york_with_a_z(replay, loaded, folder):
    """Of 1,001 acceptances none lies between 01 and 05 and two after midnight: no UTC at all."""
    raw = json.loads(body(folder, "fundamentals/sec_submissions_TSLA.json.gz"))
    recent = raw["filings"]["recent"]
    hours = [int(stamp[11:13]) for stamp in recent["acceptanceDateTime"]]
    assert sum(hour in (22, 23, 0, 1, 2) for hour in hours) == 2
    raw["filings"]["files"] = []
    replay.plays("/submissions/CIK0001318605.json", raw)
    found = loaded("edgar", DataRequest("datasets", "CIK1318605"))
    assert found.height == len(hours) == 1001
    assert found["knowledge_ts"].max() == at("2022-11-30T21:42:36")
    new_york = found["knowledge_ts"].dt.convert_time_zone("America/New_York").dt.date()
    filed = pl.Series(recent["filingDate"]).str.to_date()
    assert (new_york >= filed).all()


@pytest.fixture
def examples(folder):
    return json.loads(body(folder, "payloads/handwritten_examples.json"))


EXAMPLES = [
    ("fred", DataRequest("macro", "UNRATE"), "fred", "GET /fred/series/observations", 3),
    ("dbnomics", DataRequest("macro", "IMF/IFS/M.FR.PCPI_IX"), "dbnomics", "GET", 3),
    ("trading_economics", DataRequest("macro", "mexico/gdp"), "trading_economics", "GET /hist", 1),
    ("datagov", DataRequest("datasets", "farm", options={"most": 1}), "datagov", "v4 GET", 1),
    ("yfinance", DataRequest("bars", "AAPL"), "yahoo_chart", "GET", 2),
    ("yfinance", DataRequest("actions", "AAPL"), "yahoo_chart", "GET", 2),
    (
        "edgar",
        DataRequest("fundamentals", "320193", options={"concept": "Assets"}),
        "sec",
        "companyconcept",
        1,
    ),
]


@pytest.mark.parametrize("name, request_, group, prefix, rows", EXAMPLES)
def test_examples_of_success(replay, loaded, examples, name, request_, group, prefix, rows):
    key = next(key for key in examples[group] if key.startswith(prefix))
    replay.plays("/", examples[group][key])
    assert loaded(name, request_).height == rows


def test_examples_of_failure_are_errors_of_ours(replay, loaded, examples):
    shown = [
        ("alpha_vantage", "bars", e["body"], e["status"]) for e in examples["alpha_vantage_errors"]
    ]
    shown += [
        ("datagov", "datasets", e["body"], e["status"]) for e in examples["datagov"]["v4 errors"]
    ]
    shown += [("fred", "macro", examples["fred"][f"HTTP {n} error"], n) for n in (400, 429)]
    shown += [("yfinance", "bars", examples["yahoo_chart"]["HTTP 404"], 404)]
    shown += [("yfinance", "bars", examples["yahoo_chart"]["HTTP 429 body (text/html)"], 429)]
    shown += [("edgar", "fundamentals", examples["sec"]["HTTP 404 (XML)"], 404)]
    shown += [("edgar", "fundamentals", examples["sec"]["HTTP 403 (missing User-Agent)"], 403)]
    for name, kind, content, status in shown:
        replay.plays("/", Answer(content, status))
        payload = Answer(content, status).content
        with pytest.raises(NautilusError, match=name):
            OPENERS[name](SourceConfig()).parse(
                RawPayload(body=payload, status=status), DataRequest(kind, "1")
            )


@pytest.mark.parametrize(
    "name, request_, rows",
    [
        ("bars", DataRequest("bars", "MSFT", "1m"), 405),
        ("bid_ask_ticks", DataRequest("quotes", "MSFT"), 1003),
        ("trade_ticks", DataRequest("quotes", "MSFT", options={"ticks": "trades"}), 6),
    ],
)
def test_recordings_of_interactive_brokers(folder, name, request_, rows):
    """Recorded without a zone: the first busy minute is the opening, 11:30 where it was taken."""
    content = body(folder, f"payloads/ibkr_historic_{name}.json.gz")
    request = request_.with_options(time_zone="America/Argentina/Buenos_Aires")
    found = OPENERS["ibkr"](SourceConfig()).parse(RawPayload(body=content), request)
    assert found.height == rows
    if name == "bars":
        busy = found.filter(pl.col("trade_count") > 50)
        assert busy["timestamp"][0] == at("2021-01-05T14:30")
