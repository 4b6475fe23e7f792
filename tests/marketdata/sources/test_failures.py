"""Every documented way to fail, over real HTTP, as the error a caller can act on."""

import pytest

from nautilus.core.errors import NautilusError, ParameterError
from nautilus.marketdata.sources import (
    AuthRequired,
    DataRequest,
    NotEntitled,
    QuotaExhausted,
    SchemaChanged,
    SymbolNotFound,
    Throttled,
    Upstream,
)
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.examples import DAY, GOOD, REQUESTS
from tests.marketdata.replay.server import Answer

HTML = "<!DOCTYPE html><html><body>Scheduled maintenance</body></html>"

SHARED = [
    ("server error", Answer("oops", 500), Upstream),
    ("bad gateway page", Answer(HTML, 502), Upstream),
    ("redirect", Answer("", 302, {"Location": "http://127.0.0.1:9/"}), Upstream),
    ("HTML instead of JSON", Answer(HTML), Upstream),
    ("half of the JSON", Answer('{"observations": [{"date": "2024'), Upstream),
    ("nothing", Answer(""), Upstream),
    ("broken off", Answer({"a": "b" * 400}, cut=True), Upstream),
    ("NaN, which is no JSON", Answer('{"value": NaN}'), Upstream),
    ("deeply nested", Answer("[" * 100_000), Upstream),
    ("a word", Answer('"maintenance"'), SchemaChanged),
    ("a number", Answer("7"), SchemaChanged),
    ("null", Answer("null"), SchemaChanged),
]


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("what, answer, error", SHARED, ids=[row[0] for row in SHARED])
def test_what_any_server_may_do(replay, loaded, name, what, answer, error):
    replay.plays("/", answer)
    with pytest.raises(error) as caught:
        loaded(name, REQUESTS[name])
    assert caught.value.source == name
    assert len(replay.asked) == (3 if error is Upstream else 1)  # retried only where it may help


@pytest.mark.parametrize("name", REQUESTS)
def test_a_body_that_never_ends_is_given_up_after_the_timeout(replay, loaded, name):
    replay.plays("/", Answer(GOOD[name], stuck=True))
    with pytest.raises(Upstream, match=r"sent nothing for 0\.05 s; raise `timeout_seconds`"):
        loaded(name, REQUESTS[name], timeout_seconds=0.05, limits="100/second")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_failure_that_passes_is_not_seen(replay, loaded, name):
    replay.plays("/", Answer("busy", 503), Answer(GOOD[name], cut=True), GOOD[name])
    assert loaded(name, REQUESTS[name]).height > 0
    assert len(replay.asked) == 3


@pytest.mark.parametrize("name", REQUESTS)
def test_nobody_listening_is_upstream(loaded, name):
    with pytest.raises(Upstream, match=r"broke off \(ConnectError\)"):
        loaded(name, REQUESTS[name], base_url="http://127.0.0.1:9")


SOURCE_SHAPES = [
    ("fred", play.fred_error(400, "Bad Request.  The series does not exist."), 400, SymbolNotFound),
    ("fred", play.fred_error(400, "Bad Request.  The variable api_key is not registered."),
     400, AuthRequired),
    ("fred", play.fred_error(429, "Too Many Requests.  Exceeded Rate Limit"), 429, Throttled),
    ("fred", play.fred_error(400, "Bad Request.  Variable units is not one of: lin"), 400,
     ParameterError),
    ("fred", {"count": 5, "observations": []}, 200, Upstream),
    ("fred", {"count": 1}, 200, SchemaChanged),
    ("fred", {"count": 1, "observations": [{"date": "2024-01-01", "value": "1"}]}, 200,
     SchemaChanged),
    ("fred", {"count": 1, "observations": [{"date": "yesterday", "value": "1",
                                            "realtime_start": "2024-01-01"}]}, 200, SchemaChanged),
    ("alpha_vantage", {"Error Message": "Invalid API call. Please retry"}, 200, SymbolNotFound),
    ("alpha_vantage", {"Error Message": "the parameter apikey is invalid or missing."}, 200,
     AuthRequired),
    ("alpha_vantage", {"Note": "our call frequency is 5 calls per minute and 500 calls per day."},
     200, Throttled),
    ("alpha_vantage", {"Information": "Our standard API rate limit is 25 requests per day."
                                      " Please subscribe to any of the premium plans."}, 200,
     QuotaExhausted),
    ("alpha_vantage", {"Information": "Thank you! This is a premium endpoint."}, 200, NotEntitled),
    ("alpha_vantage", {"Information": "The **demo** API key is for demo purposes only."}, 200,
     AuthRequired),
    ("alpha_vantage", {"Information": "Please spread out (1 request per second)."}, 200, Throttled),
    ("alpha_vantage", {}, 200, SymbolNotFound),
    ("alpha_vantage", {"Meta Data": {"5. Time Zone": "US/Eastern"}}, 200, SchemaChanged),
    ("alpha_vantage", play.alpha_vantage_daily(DAY, zone="Mars/Olympus"), 200, SchemaChanged),
    ("alpha_vantage", {"Meta Data": {"5. Time Zone": "US/Eastern"},
                       "Time Series (Daily)": {"2024-01-02": {"1. open": "10"}}}, 200,
     SchemaChanged),
    ("edgar", "<html>Undeclared Automated Tool / Request Rate Threshold Exceeded</html>", 403,
     AuthRequired),
    ("edgar", "<html>Request Rate Threshold Exceeded</html>", 403, Throttled),
    ("edgar", "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", 404, SymbolNotFound),
    ("edgar", {"cik": 320193}, 200, SchemaChanged),
    ("edgar", {"facts": {"us-gaap": {"Assets": {"units": {"USD": [{"end": "2024-01-01"}]}}}}}, 200,
     SchemaChanged),
    ("datagov", {"error": {"code": "API_KEY_MISSING", "message": "none"}}, 403, AuthRequired),
    ("datagov", {"error": {"code": "OVER_RATE_LIMIT", "message": "over"}}, 429, Throttled),
    ("datagov", {"message": "Validation error", "detail": {"query": {"per_page": ["must be"]}}},
     422, ParameterError),
    ("datagov", {"error": "not found"}, 404, SymbolNotFound),
    ("datagov", {"help": "...", "success": True, "result": {"count": 1, "results": []}}, 200,
     SchemaChanged),
    ("trading_economics", "Unauthorized", 401, AuthRequired),
    ("trading_economics", "Forbidden", 403, NotEntitled),
    ("trading_economics", "You have exceeded the limit", 409, Throttled),
    ("trading_economics", [], 200, SymbolNotFound),
    ("trading_economics", [{"DateTime": "2024-01-31T00:00:00", "Value": 1.0}], 200, SchemaChanged),
    ("dbnomics", {"message": "not found", "_meta": {}}, 404, SymbolNotFound),
    ("dbnomics", play.dbnomics([], found=0), 200, SymbolNotFound),
    ("dbnomics", play.dbnomics([1.0], errors=[{"message": "series is broken"}]), 200, Upstream),
    ("dbnomics", {"series": {"docs": [{}], "num_found": 1}}, 200, SchemaChanged),
    ("yfinance", play.yahoo_error("Not Found", "No data found, symbol may be delisted"), 404,
     SymbolNotFound),
    ("yfinance", play.yahoo_error("Unauthorized", "Invalid Crumb"), 200, AuthRequired),
    ("yfinance", play.yahoo_error("Unprocessable Entity", "1m data not available"), 422,
     ParameterError),
    ("yfinance", play.yahoo_error("Internal Error"), 200, Upstream),
    ("yfinance", "Too Many Requests\r\n", 429, Throttled),
    ("yfinance", {"chart": {"result": [{"timestamp": [1]}], "error": None}}, 200, SchemaChanged),
]  # fmt: skip


@pytest.mark.parametrize("name, body, status, error", SOURCE_SHAPES)
def test_what_each_source_does_in_its_own_way(replay, loaded, name, body, status, error):
    replay.plays("/", Answer(body, status))
    with pytest.raises(error) as caught:
        loaded(name, REQUESTS[name])
    assert isinstance(caught.value, NautilusError)
    assert str(caught.value).startswith(name)
    retried = isinstance(caught.value, Upstream | Throttled) and not _too_long(caught.value)
    assert len(replay.asked) == (3 if retried else 1)


def _too_long(error):
    return (getattr(error, "retry_after", None) or 0.0) > 5.0


@pytest.mark.parametrize("name", REQUESTS)
def test_an_unknown_field_is_no_failure(replay, loaded, name):
    replay.plays("/", _with_more(GOOD[name]))
    assert loaded(name, REQUESTS[name]).height > 0


def _with_more(value):
    if isinstance(value, list):
        return [_with_more(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _with_more(one) for key, one in value.items()}
    closed = "Time Series (Daily)" in value or "us-gaap" in value or _is_days(value)
    closed |= "Assets" in value or "USD" in value
    return kept if closed else kept | {"new_in_2027": "something"}


def _is_days(value):
    return any(str(key).startswith("2024-01-") for key in value)


@pytest.mark.parametrize("header, seconds", [("3", 3.0), ("Fri, 20 Nov 2026 15:00:04 GMT", 4.0)])
def test_retry_after_is_read_as_seconds_or_as_a_date(replay, loaded, header, seconds):
    replay.plays("/", Answer("slow down", 429, {"Retry-After": header}))
    with pytest.raises(Throttled, match=f"ask again in {seconds:g} s") as caught:
        loaded("dbnomics", REQUESTS["dbnomics"], limits="100/second")
    assert caught.value.retry_after == seconds


def test_a_wait_longer_than_the_patience_is_the_callers(replay, loaded):
    replay.plays("/", Answer("slow down", 429, {"Retry-After": "3600"}))
    with pytest.raises(Throttled):
        loaded("dbnomics", REQUESTS["dbnomics"])
    assert len(replay.asked) == 1


@pytest.mark.parametrize(
    "name, request_",
    [
        ("fred", DataRequest("bars", "AAPL")),
        ("yfinance", DataRequest("bars", "AAPL", "4h")),
        ("dbnomics", DataRequest("macro", "IMF")),
        ("trading_economics", DataRequest("macro", "mexico")),
        ("trading_economics", DataRequest("macro", f"mexico/{'é' * 90}")),
        ("alpha_vantage", DataRequest("fundamentals", "IBM", options={"statement": "taxes"})),
    ],
)
def test_what_a_source_does_not_have_is_said_before_it_is_asked(replay, loaded, name, request_):
    with pytest.raises(ParameterError, match=r"must be|longer than"):
        loaded(name, request_)
    assert replay.asked == []


@pytest.mark.parametrize("status, times", [(408, 3), (418, 1), (451, 1), (503, 3)])
def test_what_will_not_change_is_not_asked_again(replay, loaded, status, times):
    replay.plays("/", Answer("no", status))
    with pytest.raises(Upstream, match=f"HTTP {status}") as caught:
        loaded("dbnomics", REQUESTS["dbnomics"])
    assert caught.value.status == status
    assert len(replay.asked) == times
