"""Interactive Brokers: shapes of bars and ticks, codes of the gateway, and none at hand."""

import importlib.util
from datetime import UTC, date, datetime

import polars as pl
import pytest

from nautilus.core.errors import DataError, ParameterError
from nautilus.marketdata.sources import (
    DataRequest,
    NotEntitled,
    RawPayload,
    SchemaChanged,
    SymbolNotFound,
    Throttled,
    Upstream,
)
from nautilus.marketdata.sources.ibkr import IbkrSource, gateway_error
from nautilus.marketdata.sources.layouts import LAYOUTS

MINUTES = DataRequest("bars", "MSFT", "1m")
BAR = b'{"date": "2026-11-20T14:30:00+00:00", "open": 219.0, "high": 219.5, "low": 218.9,'
BAR += b' "close": 219.2, "volume": 12.0, "average": 219.1, "barCount": 2}'
QUOTE = b'{"time": "2026-11-20T14:30:01+00:00", "priceBid": 0.99, "priceAsk": 15.3, "sizeBid": 1.0,'
QUOTE += b' "sizeAsk": 2.0, "tickAttribBidAsk": {"bidPastLow": false}}'
TRADE = b'{"time": "2026-11-20T14:30:01+00:00", "price": 6.2, "size": 30.0, "exchange": ""}'


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def parsed(body, request=MINUTES):
    return IbkrSource().parse(RawPayload(body=body), request)


def test_bars_carry_vwap_and_trade_count():
    found = parsed(BAR + b"\n" + BAR.replace(b"14:30", b"14:31").replace(b"219.1", b"-1"))
    assert found.columns == list(LAYOUTS["rich_bars"])
    assert found["timestamp"].to_list() == [at("2026-11-20T14:30"), at("2026-11-20T14:31")]
    assert found["vwap"].to_list() == [219.1, None]
    assert found["trade_count"].to_list() == [2, 2]


def test_a_daily_bar_is_stamped_with_its_date():
    body = BAR.replace(b"2026-11-20T14:30:00+00:00", b"2026-11-20")
    found = parsed(body, DataRequest("bars", "MSFT"))
    assert found["timestamp"].to_list() == [at("2026-11-20")]
    assert parsed(body, DataRequest("bars", "MSFT", start=date(2026, 11, 21))).height == 0


def test_times_of_a_log_in_need_its_zone():
    body = BAR.replace(b"+00:00", b"")
    with pytest.raises(DataError, match=r"without a zone; pass options\['time_zone'\]"):
        parsed(body)
    request = MINUTES.with_options(time_zone="America/New_York")
    assert parsed(body, request)["timestamp"].to_list() == [at("2026-11-20T19:30")]
    with pytest.raises(ParameterError, match="`time_zone` must be an IANA name"):
        parsed(body, MINUTES.with_options(time_zone="Mars"))


def test_ticks_are_quotes_or_trades():
    quotes = parsed(QUOTE + b"\n" + QUOTE, DataRequest("quotes", "MSFT"))
    assert quotes.columns == list(LAYOUTS["quotes"])
    assert quotes.select("bid", "ask", "bid_size", "ask_size", "sequence").rows() == [
        (0.99, 15.3, 1.0, 2.0, 0),
        (0.99, 15.3, 1.0, 2.0, 1),
    ]
    trades = parsed(TRADE, DataRequest("quotes", "MSFT", options={"ticks": "trades"}))
    assert trades.select("price", "size").rows() == [(6.2, 30.0)]


def test_no_bars_is_an_empty_frame():
    assert parsed(b"").schema["timestamp"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize(
    "body, error",
    [
        (b'{"date": "2026-11-20T14:30:00+00:00", "open": 1.0}', SchemaChanged),
        (BAR.replace(b"219.0", b'"dear"'), SchemaChanged),
        (BAR[:40], Upstream),
        (b"[1]", SchemaChanged),
    ],
)
def test_another_shape_is_told(body, error):
    with pytest.raises(error, match="ibkr"):
        parsed(body)


@pytest.mark.parametrize(
    "code, message, error",
    [
        (162, "HMDS query returned no data", None),
        (162, "Historical data request pacing violation", Throttled),
        (420, "", Throttled),
        (200, "", SymbolNotFound),
        (354, "", NotEntitled),
        (10167, "", NotEntitled),
        (10197, "", Upstream),
        (1100, "", Upstream),
    ],
)
def test_codes_of_the_gateway(code, message, error):
    found = gateway_error(code, MINUTES, message)
    assert found is None if error is None else type(found) is error


def test_without_the_package_it_is_not_configured(source):
    installed = importlib.util.find_spec("ib_async") is not None
    assert source("ibkr", enabled=True).status() == ("ready" if installed else "not_configured")
    assert source("ibkr", base_url=None).status() == "not_configured"
