"""Macro series of FRED, DBnomics and Trading Economics, over real HTTP."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from nautilus.marketdata.sources import DataRequest, Upstream, known_at
from nautilus.marketdata.sources.layouts import LAYOUTS
from tests.marketdata.replay import payloads as play

UNRATE = DataRequest("macro", "UNRATE")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_point_of_fred_is_a_missing_value_not_a_number(replay, loaded):
    replay.plays("/fred/series/observations", play.fred(["4.4", ".", "4.6"]))
    found = loaded("fred", UNRATE)
    assert found.columns == list(LAYOUTS["macro"])
    assert found["value"].to_list() == [4.4, None, 4.6]
    assert found["timestamp"].to_list() == [at(f"2024-0{m}-01") for m in (1, 2, 3)]
    assert replay.asked[0].query["file_type"] == "json"


def test_fred_is_read_to_its_last_page(replay, loaded):
    pages = [play.fred([str(n + 1), str(n + 2)], count=5, offset=n) for n in (0, 2)]
    replay.plays("/fred", *pages, play.fred(["5"], count=5, offset=4))
    found = loaded("fred", DataRequest("macro", "X", options={"page": 2}))
    assert found["value"].to_list() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [one.query["offset"] for one in replay.asked] == ["0", "2", "4"]


def test_half_a_page_of_fred_is_an_error_not_half_a_series(replay, loaded):
    replay.plays("/fred", play.fred(["1", "2"], count=5))
    with pytest.raises(Upstream, match="sent 2 of 5 rows"):
        loaded("fred", UNRATE)


def test_no_observations_is_an_empty_frame(replay, loaded):
    replay.plays("/fred", play.fred([]))
    assert loaded("fred", UNRATE).shape == (0, len(LAYOUTS["macro"]))


def test_vintages_of_fred_tell_what_was_known_when(replay, loaded):
    body = play.fred([("2024-02-09", "4.9")])
    revised = body["observations"][0] | {"realtime_start": "2024-03-08", "value": "4.8"}
    body["observations"].append(revised)
    replay.plays("/fred", body | {"count": 2})
    found = loaded("fred", DataRequest("macro", "GDP", options={"vintages": True}))
    assert found["revision"].to_list() == [0, 1]
    assert known_at(found, date(2024, 2, 8)).height == 0
    assert known_at(found, date(2024, 2, 9))["value"].to_list() == [4.9]
    assert known_at(found, at("2024-03-08T23:00"))["value"].to_list() == [4.9]
    assert known_at(found, date(2024, 3, 8))["value"].to_list() == [4.8]
    assert replay.asked[0].query["realtime_start"] == "1776-07-04"


def test_what_was_published_today_is_known_since_it_was_received(replay, loaded, clock):
    replay.plays("/fred", play.fred(["4.4"], realtime="2026-11-20"))
    assert loaded("fred", UNRATE)["knowledge_ts"].to_list() == [clock.now]


def test_na_and_null_of_dbnomics_are_missing(replay, loaded):
    replay.plays("/v22/series/IMF/IFS/M.FR.PCPI_IX", play.dbnomics([119.7, "NA", None]))
    found = loaded("dbnomics", DataRequest("macro", "IMF/IFS/M.FR.PCPI_IX"))
    assert found["value"].to_list() == [119.7, None, None]
    assert found["series"].unique().to_list() == ["IMF/IFS/M.FR.PCPI_IX"]
    assert found["knowledge_ts"].unique().to_list() == [at("2026-10-02T10:11:12")]


def test_all_series_of_a_dataset_are_asked_page_by_page(replay, loaded):
    first = play.dbnomics([1.0], code="A", found=2)
    replay.plays("/v22/series/IMF/IFS", first, play.dbnomics([2.0], code="B", found=2, offset=1))
    options = {"dimensions": {"FREQ": ["M"]}, "page": 1}
    found = loaded("dbnomics", DataRequest("macro", "IMF/IFS", options=options))
    assert found.select("series", "value").rows() == [("IMF/IFS/A", 1.0), ("IMF/IFS/B", 2.0)]
    assert [one.query["offset"] for one in replay.asked] == ["0", "1"]
    assert replay.asked[0].query["dimensions"] == '{"FREQ": ["M"]}'


@pytest.mark.parametrize(
    "frequency, end, start",
    [
        ("Yearly", date(2023, 12, 31), "2023-01-01"),
        ("Quarterly", date(2024, 3, 31), "2024-01-01"),
        ("Monthly", date(2024, 2, 29), "2024-02-01"),
        ("Weekly", date(2024, 2, 4), "2024-01-29"),
        ("Daily", date(2024, 2, 5), "2024-02-05"),
    ],
)
def test_ends_of_periods_of_trading_economics_become_starts(replay, loaded, frequency, end, start):
    replay.plays("/historical", play.trading_economics([end], frequency=frequency))
    found = loaded("trading_economics", DataRequest("macro", "Mexico/GDP"))
    assert found["timestamp"].to_list() == [at(start)]
    assert replay.asked[0].path == "/historical/country/mexico/indicator/gdp"


def test_only_the_newest_row_was_known_at_last_update(replay, loaded, clock):
    replay.plays("/", play.trading_economics(play.month_ends(3)))
    found = loaded("trading_economics", DataRequest("macro", "mexico/gdp"))
    assert found["knowledge_ts"].to_list() == [clock.now, clock.now, at("2024-07-01T15:00")]


def test_a_window_that_was_cut_off_is_halved_until_all_is_there(replay, loaded):
    ends = play.month_ends(4)
    replay.plays("/historical", [])
    for first, last, rows in (
        ("2000-01-01", "2000-04-30", ends[:3]),
        ("2000-01-01", "2000-03-01", ends[:2]),
        ("2000-03-02", "2000-04-30", ends[2:]),
    ):
        path = f"/historical/country/mexico/indicator/gdp/{first}/{last}"
        replay.plays(path, play.trading_economics(rows))
    request = DataRequest(
        "macro", "mexico/gdp", start=date(2000, 1, 1), end=date(2000, 4, 30),
        options={"most_rows": 3},
    )  # fmt: skip
    found = loaded("trading_economics", request)
    assert found["timestamp"].to_list() == [at(f"2000-0{m}-01") for m in (1, 2, 3, 4)]
    assert found["series"].n_unique() == 1
    assert len(replay.asked) == 3


def test_an_empty_window_of_a_series_is_empty_not_unknown(replay, loaded):
    replay.plays("/historical", [])
    request = DataRequest("macro", "mexico/gdp", start=date(1700, 1, 1), end=date(1700, 2, 1))
    assert loaded("trading_economics", request).schema["value"] == pl.Float64()
