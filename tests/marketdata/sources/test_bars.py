"""Bars, actions and last prices of Yahoo and Alpha Vantage, over real HTTP."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from nautilus.marketdata.sources import DataRequest
from nautilus.marketdata.sources.layouts import LAYOUTS
from tests.marketdata.replay import payloads as play

BARS = pl.Schema(
    {"symbol": pl.String(), "timestamp": pl.Datetime("us", "UTC")}
    | dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64())
)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_daily_bar_of_yahoo_is_stamped_with_its_session_not_with_its_opening(replay, loaded):
    stamps = [play.seconds("2025-08-01T13:30:00"), play.seconds("2025-08-04T13:30:00")]
    replay.plays("/v8/finance/chart/AAPL", play.yahoo(stamps, [202.38, 203.35]))
    found = loaded(
        "yfinance", DataRequest("bars", "AAPL", start=date(2025, 8, 1), end=date(2025, 8, 4))
    )
    assert found.schema == BARS
    assert found["timestamp"].to_list() == [at("2025-08-01"), at("2025-08-04")]
    assert replay.asked[0].query | {"events": ""} == {
        "interval": "1d",
        "events": "",
        "includePrePost": "false",
        "period1": str(play.seconds("2025-08-01")),
        "period2": str(play.seconds("2025-08-05")),
    }


def test_a_session_of_tokyo_has_the_date_of_tokyo(replay, loaded):
    opening = play.seconds("2025-08-04T00:00:00")  # 09:00 there
    replay.plays("/", play.yahoo([opening - 3600], [1.0], zone="Asia/Tokyo"))
    assert loaded("yfinance", DataRequest("bars", "7203.T"))["timestamp"][0] == at("2025-08-04")
    assert replay.asked[0].path == "/v8/finance/chart/7203.T"


def test_the_bar_that_is_still_forming_is_left_out_unless_asked_for(replay, loaded):
    stamps = [play.seconds("2025-08-01T13:30:00"), play.seconds("2025-08-04T13:30:00")]
    replay.plays("/", play.yahoo(stamps, [202.0, 203.0], market_time=stamps[-1] + 3600))
    assert loaded("yfinance", DataRequest("bars", "AAPL")).height == 1
    assert loaded("yfinance", DataRequest("bars", "AAPL", options={"partial": True})).height == 2


@pytest.mark.parametrize("late, bars", [(59, 1), (60, 2)])
def test_a_minute_is_over_after_a_minute(replay, loaded, late, bars):
    stamps = [play.seconds("2025-08-04T13:30:00"), play.seconds("2025-08-04T13:31:00")]
    replay.plays("/", play.yahoo(stamps, [202.0, 203.0], market_time=stamps[-1] + late))
    found = loaded("yfinance", DataRequest("bars", "AAPL", "1m"))
    assert found.height == bars
    assert found["timestamp"][0] == at("2025-08-04T13:30")


def test_a_bar_without_prices_is_no_bar(replay, loaded):
    stamps = [play.seconds(f"2025-08-0{d}T13:30:00") for d in (4, 5, 6)]
    replay.plays("/", play.yahoo(stamps, [202.0, None, 203.0]))
    assert loaded("yfinance", DataRequest("bars", "AAPL"))["close"].to_list() == [202.0, 203.0]


def test_no_bars_at_all_is_an_empty_frame_in_the_layout(replay, loaded):
    replay.plays("/", play.yahoo([], []))
    found = loaded("yfinance", DataRequest("bars", "AAPL"))
    assert found.schema == BARS
    assert found.height == 0


def test_minute_bars_are_asked_week_by_week(replay, loaded):
    first = play.yahoo([play.seconds("2026-11-02T14:30:00")], [1.0])
    second = play.yahoo([play.seconds("2026-11-10T14:30:00")], [2.0])
    replay.plays("/", first, second)
    request = DataRequest("bars", "AAPL", "1m", date(2026, 11, 2), date(2026, 11, 10))
    assert loaded("yfinance", request)["close"].to_list() == [1.0, 2.0]
    asked = [(one.query["period1"], one.query["period2"]) for one in replay.asked]
    days = ("2026-11-02", "2026-11-09"), ("2026-11-09", "2026-11-11")
    assert asked == [tuple(str(play.seconds(day)) for day in pair) for pair in days]


def test_dividends_splits_and_capital_gains_of_yahoo_are_actions(replay, loaded):
    stamp = play.seconds("2025-08-04T13:30:00")
    events = {
        "dividends": {str(stamp): {"amount": 0.26, "date": stamp}},
        "capitalGains": {str(stamp): {"amount": 1.5, "date": stamp}},
        "splits": {
            str(stamp): {"date": stamp, "numerator": 3, "denominator": 2, "splitRatio": "3:2"}
        },
    }
    replay.plays("/", play.yahoo([stamp], [203.35], events=events))
    found = loaded("yfinance", DataRequest("actions", "AAPL"))
    assert found.columns == list(LAYOUTS["actions"])
    paid = {kind: value for kind, value in found.select("kind", "value").rows()}
    assert paid == {"dividend": 1.76, "split": 1.5}  # cash of one day is one dividend
    assert found["timestamp"].unique().to_list() == [at("2025-08-04")]


def test_the_last_price_of_yahoo_comes_without_bid_and_ask(replay, loaded):
    stamp = play.seconds("2025-08-04T13:30:00")
    replay.plays("/", play.yahoo([stamp], [203.35]))
    found = loaded("yfinance", DataRequest("quotes", "AAPL")).row(0, named=True)
    assert (found["price"], found["previous_close"], found["bid"]) == (203.35, 207.57, None)
    assert found["timestamp"] == at("2025-08-04T20:00:01")


def test_daily_bars_of_alpha_vantage_come_newest_first_and_leave_oldest_first(replay, loaded):
    rows = {"2024-01-02": (10, 12, 9, 11, 500), "2024-01-03": (11, 13, 10, 12, 600)}
    replay.plays("/query", play.alpha_vantage_daily(rows))
    found = loaded("alpha_vantage", DataRequest("bars", "IBM"))
    assert found.schema == BARS
    assert found["timestamp"].to_list() == [at("2024-01-02"), at("2024-01-03")]
    assert found["volume"].to_list() == [500.0, 600.0]
    assert replay.asked[0].query["function"] == "TIME_SERIES_DAILY"


@pytest.mark.parametrize(
    "stamp, utc",
    [("2025-08-01 09:30:00", "2025-08-01T13:30"), ("2025-01-02 09:30:00", "2025-01-02T14:30")],
)
def test_intraday_times_of_alpha_vantage_are_those_of_new_york(replay, loaded, stamp, utc):
    body = play.alpha_vantage_daily({stamp: (1, 1, 1, 1, 5)}, name="Time Series (5min)")
    replay.plays("/query", body)
    found = loaded("alpha_vantage", DataRequest("bars", "IBM", "5m"))
    assert found["timestamp"].to_list() == [at(utc)]
    assert replay.asked[0].query["adjusted"] == "false"


@pytest.mark.parametrize(
    "timeframe, name, start",
    [("1w", "Weekly Time Series", "2024-04-29"), ("1M", "Monthly Time Series", "2024-05-01")],
)
def test_weeks_and_months_are_stamped_with_their_start(replay, loaded, timeframe, name, start):
    replay.plays("/", play.alpha_vantage_daily({"2024-05-03": (1, 2, 1, 2, 9)}, name=name))
    found = loaded("alpha_vantage", DataRequest("bars", "IBM", timeframe))
    assert found["timestamp"].to_list() == [at(start)]


def test_rows_outside_the_window_are_left_out(replay, loaded):
    rows = {f"2024-01-0{d}": (1, 1, 1, d, 1) for d in range(2, 6)}
    replay.plays("/", play.alpha_vantage_daily(rows))
    request = DataRequest("bars", "IBM", start=date(2024, 1, 3), end=date(2024, 1, 4))
    assert loaded("alpha_vantage", request)["close"].to_list() == [3.0, 4.0]
    assert replay.asked[0].query["outputsize"] == "full"


def test_actions_of_alpha_vantage_are_the_days_where_something_happened(replay, loaded):
    replay.plays("/query", play.alpha_vantage_adjusted())
    found = loaded("alpha_vantage", DataRequest("actions", "IBM"))
    assert found.select("timestamp", "kind", "value").rows() == [
        (at("2024-05-08"), "split", 2.0),
        (at("2024-05-09"), "dividend", 1.67),
    ]


def test_a_currency_pair_asks_for_its_rate(replay, loaded):
    body = {
        "Realtime Currency Exchange Rate": {
            "5. Exchange Rate": "1.0850",
            "6. Last Refreshed": "2026-11-20 14:59:01",
            "7. Time Zone": "UTC",
            "8. Bid Price": "1.0849",
            "9. Ask Price": "-",
        }
    }
    replay.plays("/query", body)
    found = loaded("alpha_vantage", DataRequest("quotes", "EUR/USD")).row(0, named=True)
    assert (found["price"], found["bid"], found["ask"]) == (1.085, 1.0849, None)
    assert found["timestamp"] == at("2026-11-20T14:59:01")
    query = replay.asked[0].query
    assert (query["from_currency"], query["to_currency"]) == ("EUR", "USD")


def test_the_last_price_of_alpha_vantage_is_of_its_trading_day(replay, loaded):
    replay.plays("/query", play.alpha_vantage_quote())
    found = loaded("alpha_vantage", DataRequest("quotes", "MSFT")).row(0, named=True)
    assert (found["price"], found["volume"]) == (112.13, 29062853.0)
    assert found["timestamp"] == at("2018-10-05")


def test_bars_within_the_day_are_asked_month_by_month(replay, loaded):
    first = play.alpha_vantage_daily(
        {"2025-12-31 10:00:00": (1, 1, 1, 1, 5)}, name="Time Series (1min)"
    )
    second = play.alpha_vantage_daily(
        {"2026-01-02 10:00:00": (2, 2, 2, 2, 5)}, name="Time Series (1min)"
    )
    replay.plays("/query", first, second)
    request = DataRequest("bars", "IBM", "1m", date(2025, 12, 30), date(2026, 1, 5))
    assert loaded("alpha_vantage", request)["close"].to_list() == [1.0, 2.0]
    assert [one.query["month"] for one in replay.asked] == ["2025-12", "2026-01"]
