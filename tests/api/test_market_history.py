"""Bars over HTTP: simulated on a fresh machine, from a real source where one answers, own ones."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import contextmanager

import polars as pl
import pytest
from starlette.testclient import TestClient

from nautilus.server import Settings, create_app
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.server import Answer, running

DOCUMENTED = {
    "symbol": "AAPL",
    "data_type": "bars",
    "timeframe": "1h",
    "start_date": "2025-08-01",
    "end_date": "2025-08-23",
    "sources": ["ibkr", "alpha_vantage"],
    "fallback_enabled": True,
    "cache_result": True,
}
DAYS = {
    "2024-01-02": (10, 12, 9, 11, 500),
    "2024-01-03": (11, 13, 10, 12, 600),
    "2024-01-04": (12, 14, 11, 13, 700),
}
WEEK = {"start_date": "2024-01-02", "end_date": "2024-01-04"}


@contextmanager
def engine(folder, **settings):
    given = Settings(database=str(folder / "state.db"), demo=False, **settings)
    with TestClient(create_app("marketdata", settings=given)) as client:
        yield client


@pytest.fixture
def alpha_vantage(monkeypatch):
    """A real source whose address is the replay server's."""
    with running() as replay:
        monkeypatch.setenv("NAUTILUS_ALPHA_VANTAGE_API_KEY", "SECRETKEY")
        monkeypatch.setenv("NAUTILUS_ALPHA_VANTAGE_BASE_URL", replay.url)
        monkeypatch.setenv("NAUTILUS_ALPHA_VANTAGE_LIMITS", "1000/second")
        yield replay.plays("/query", play.alpha_vantage_daily(DAYS))


def ask(client, **body):
    reply = client.post("/marketdata/historical", json={"symbol": "AAPL", **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def closes(reply):
    return [bar["close"] for bar in reply["data"]["data"]]


def test_the_documented_request_is_answered_by_the_simulated_market_and_says_so(tmp_path):
    with engine(tmp_path) as client:
        reply = ask(client, **DOCUMENTED)
    data, meta = reply["data"], reply["metadata"]
    assert (data["source_used"], data["simulated"]) == ("simulated", True)
    # 16 sessions of seven hours each; the 09:30 of New York is 13:30 UTC in August.
    assert data["bars_count"] == 112 == len(data["data"])
    assert data["data"][0]["timestamp"] == "2025-08-01T13:30:00Z"
    assert data["data_quality"]["completeness"] == 1.0
    assert [one["source"] for one in meta["attempts"]] == ["ibkr", "alpha_vantage"]
    assert {one["error"] for one in meta["attempts"]} == {"not_configured"}
    assert meta["fallback_used"] is True
    assert meta["cache_hit"] is False


def test_a_configured_source_answers_and_is_asked_once(tmp_path, alpha_vantage):
    with engine(tmp_path) as client:
        first = ask(client, sources=["ibkr", "alpha_vantage"], **WEEK)
        again = ask(client, sources=["ibkr", "alpha_vantage"], **WEEK)
    assert closes(first) == closes(again) == [11.0, 12.0, 13.0]
    assert first["data"]["source_used"] == "alpha_vantage"
    assert first["metadata"]["simulated"] is False
    assert (first["metadata"]["cache_hit"], again["metadata"]["cache_hit"]) == (False, True)
    assert first["data"]["data_quality"]["source_reliability"] == 1.0
    asked = [one for one in alpha_vantage.asked if "TIME_SERIES" in one.query["function"]]
    assert len([one for one in asked if "ADJUSTED" not in one.query["function"]]) == 1


def test_what_was_fetched_is_used_by_all_from_then_on(tmp_path, alpha_vantage):
    """No simulated price stands beside a real one, not even for another timeframe."""
    with engine(tmp_path) as client:
        ask(client, sources=["alpha_vantage"], **WEEK)
        unnamed = ask(client, **WEEK)
        assert unnamed["data"]["source_used"] == "alpha_vantage"
        alpha_vantage.plays("/query", {"Error Message": "Invalid API call."})
        hours = client.post(
            "/marketdata/historical", json={"symbol": "AAPL", "timeframe": "4h", **WEEK}
        )
    assert hours.status_code in (404, 503)
    assert "simulated" not in json.dumps(hours.json()["errors"][0]["message"])


def test_when_the_source_fails_the_stored_rows_answer_and_are_called_stale(tmp_path, alpha_vantage):
    with engine(tmp_path) as client:
        ask(client, sources=["alpha_vantage"], **WEEK)
        alpha_vantage.plays("/query", Answer("<html>down</html>", 503))
        longer = ask(client, sources=["alpha_vantage"], start_date="2024-01-02",
                     end_date="2024-01-31")  # fmt: skip
    assert closes(longer) == [11.0, 12.0, 13.0]
    assert (longer["metadata"]["stale"], longer["metadata"]["cache_hit"]) == (True, True)
    assert [w["code"] for w in longer["metadata"]["warnings"]] == ["STALE"]
    assert longer["metadata"]["attempts"][0]["source"] == "alpha_vantage"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"Information": "25 requests per day"}, "quota_exhausted"),
        ({"Error Message": "the parameter apikey is invalid"}, "source_key_refused"),
        (Answer("<html>maintenance</html>"), None),
        (Answer({"Time Series (Daily)": {"2024-01-02": {}}, "Meta Data": {}}), None),
    ],
)
def test_a_source_that_fails_is_told_and_the_next_one_answers(
    tmp_path, alpha_vantage, answer, code
):
    alpha_vantage.plays("/query", answer)
    with engine(tmp_path) as client:
        reply = ask(client, sources=["alpha_vantage"], **WEEK)
        alone = client.post(
            "/marketdata/historical",
            json={
                "symbol": "AAPL",
                "sources": ["alpha_vantage"],
                "fallback_enabled": False,
                **WEEK,
            },
        )
    (attempt,) = reply["metadata"]["attempts"]
    assert attempt["source"] == "alpha_vantage"
    assert code is None or attempt["error"] == code
    assert reply["data"]["source_used"] == "simulated"
    assert alone.status_code in (404, 503)
    assert "SECRETKEY" not in json.dumps([reply, alone.json()])


def test_own_prices_imported_by_one_line_are_used_from_then_on(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("Datum;Kurs\n2024-01-02;20\n2024-01-03;21\n2024-01-04;22,5\n".replace(",", "."))
    command = [sys.executable, "-m", "nautilus.server", "import", str(path), "--symbol", "AAPL",
               "--source", "mine", "--column", "time=Datum", "--column", "close=Kurs",
               "--database", str(tmp_path / "state.db")]  # fmt: skip
    with engine(tmp_path) as client:
        assert ask(client, **WEEK)["data"]["source_used"] == "simulated"
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "3 rows stored in" in done.stdout
        reply = ask(client, **WEEK)
        assert (reply["data"]["source_used"], closes(reply)) == ("mine", [20.0, 21.0, 22.5])
        assert reply["metadata"]["data_source"] == "mine"
        sources = client.get("/marketdata/sources").json()["data"]
        assert sources["failover_hierarchy"] == ["mine", "simulated"]
        again = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "3 were known already" in again.stdout
        quality = client.get("/marketdata/quality/AAPL", params=WEEK).json()["data"]
        assert (quality["source"], quality["simulated"], quality["n_bars"]) == ("mine", False, 3)


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_other_formats_hold_the_same_rows_and_their_source(tmp_path, form):
    with engine(tmp_path) as client:
        reply = client.post("/marketdata/historical", json={**DOCUMENTED, "format": form})
        plain = ask(client, **DOCUMENTED)
    assert reply.status_code == 200
    assert reply.headers["x-data-source"] == "simulated"
    assert reply.headers["x-simulated"] == "true"
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "arrow": pl.read_ipc_stream}[form]
    rows = read(io.BytesIO(reply.content))
    assert rows["close"].to_list() == closes(plain)
    assert rows["source"].unique().to_list() == ["simulated"]


def test_ticks_of_a_simulated_day(tmp_path):
    day = {"start_date": "2025-08-01T13:30:00Z", "end_date": "2025-08-01T13:31:00Z"}
    with engine(tmp_path) as client:
        trades = ask(client, data_type="trades", **day)["data"]["data"]
        minute = ask(client, timeframe="1m", **day)["data"]["data"][0]
    prices = [trade["price"] for trade in trades if trade["timestamp"] < "2025-08-01T13:31:00Z"]
    assert (prices[0], max(prices), min(prices), prices[-1]) == (
        minute["open"], minute["high"], minute["low"], minute["close"],
    )  # fmt: skip


def test_macro_fundamentals_and_actions_are_as_they_were_known(tmp_path):
    quarter = {"start_date": "2024-01-01", "end_date": "2024-03-31"}
    with engine(tmp_path) as client:
        early = ask(client, symbol="GDP", data_type="macro", as_of="2024-05-01", **quarter)
        late = ask(client, symbol="GDP", data_type="macro", as_of="2024-07-15", **quarter)
        none = client.post(
            "/marketdata/historical",
            json={"symbol": "GDP", "data_type": "macro", "as_of": "2024-04-01", **quarter},
        )
        facts = ask(client, data_type="fundamentals", **quarter)["data"]["data"]
        actions = ask(client, symbol="SPY", data_type="actions", **quarter)["data"]["data"]
        raw = ask(client, symbol="SPY", adjustment="none", **quarter)
        total = ask(client, symbol="SPY", adjustment="total", **quarter)
    (first,), (last,) = early["data"]["data"], late["data"]["data"]
    assert first["value"] != last["value"]
    assert none.status_code == 404
    assert {fact["concept"] for fact in facts} >= {"Revenues", "Assets"}
    assert [action["kind"] for action in actions] == ["dividend"]
    assert closes(raw) != closes(total)
    assert (raw["metadata"]["adjustment"], total["metadata"]["adjustment"]) == ("none", "total")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"symbol": "APPL"}, 404, "Did you mean AAPL"),
        ({"symbol": "AAPL", "sources": ["yahooo"]}, 404, "there is no source 'yahooo'"),
        ({"symbol": "AAPL", "start_date": "2025-08-23", "end_date": "2025-08-01"}, 422, "Swap"),
        ({"symbol": "AAPL", "start_date": "2199-01-01"}, 422, "is in the future"),
        ({"symbol": "AAPL", "start_date": "2025-08-01T09:30:00"}, 422, "carries no zone"),
        ({"symbol": "AAPL", "start_date": "2025-13-01"}, 422, "must be a date such as"),
        ({"symbol": "AAPL", "timeframe": "2h"}, 422, "timeframe"),
        ({"symbol": "AAPL", "timeframe": "1m", "start_date": "1990-01-01"}, 422, "shorter window"),
        ({"symbol": "AAPL", "start_date": "1999-01-04", "end_date": "1999-01-08"}, 404, "2010"),
        ({"symbol": "AAPL", "fallback_enabled": False, "sources": ["fred"]}, 404, "fred"),
    ],
)
def test_bad_questions_say_what_is_wrong(clients, body, status, words):
    reply = clients["marketdata"].post("/marketdata/historical", json=body)
    assert reply.status_code == status
    assert words in json.dumps(reply.json()["errors"])


def test_without_the_simulated_source_nothing_is_made_up(tmp_path):
    with engine(tmp_path, simulated_fallback=False) as client:
        reply = client.post("/marketdata/historical", json=DOCUMENTED)
        assert reply.status_code == 404
        assert "alpha_vantage is not configured" in reply.text
        sources = client.get("/marketdata/sources").json()["data"]
        assert sources["failover_hierarchy"] == []
        subscribe = client.post("/marketdata/subscribe", json={"symbols": ["AAPL"]})
        assert subscribe.status_code == 503


def test_eight_sources_are_listed_and_none_is_called_connected_without_a_key(clients):
    data = clients["marketdata"].get("/marketdata/sources").json()["data"]
    states = {row["source_id"]: row["status"] for row in data["available_sources"]}
    assert list(states) == ["ibkr", "alpha_vantage", "yfinance", "fred", "edgar",
                            "trading_economics", "dbnomics", "datagov", "simulated"]  # fmt: skip
    assert states.pop("simulated") == "active"
    assert set(states.values()) == {"not_configured"}


def test_other_engines_ask_over_the_bus(tmp_path):
    import asyncio

    from nautilus.server import open_platform

    async def asked():
        settings = Settings(database=str(tmp_path / "state.db"), demo=False)
        async with open_platform(settings) as platform:
            app = create_app("marketdata", platform=platform)
            async with app.router.lifespan_context(app):
                bus = platform.broker.bus("features")
                bars = await bus.request("market.history.request", {"symbol": "AAPL", **WEEK})
                what = await bus.request("market.reference.request", {"symbols": ["TSLA", "XX"]})
                return bars, what

    bars, what = asyncio.run(asked())
    assert (bars["data_source"], len(bars["rows"])) == ("simulated", 3)
    assert what["instruments"]["TSLA"]["sector"] == "technology"
    assert "unknown symbol 'XX'" in what["unknown"]["XX"]


def test_a_hole_between_two_fetched_windows_is_no_cache_hit(tmp_path, alpha_vantage):
    """What lies between was never asked for: the source is asked again, and then it is there."""
    days = {f"2024-01-{day:02d}": (10, 12, 9, day, 500) for day in (2, 3, 4, 5, 8, 9, 10, 11, 12)}
    alpha_vantage.plays("/query", play.alpha_vantage_daily(days))
    with engine(tmp_path) as client:
        for first, last in (("2024-01-02", "2024-01-03"), ("2024-01-11", "2024-01-12")):
            ask(client, sources=["alpha_vantage"], start_date=first, end_date=last)
        whole = ask(client, sources=["alpha_vantage"], start_date="2024-01-02",
                    end_date="2024-01-12")  # fmt: skip
        again = ask(client, sources=["alpha_vantage"], start_date="2024-01-03",
                    end_date="2024-01-11")  # fmt: skip
    assert whole["data"]["bars_count"] == 9
    assert (whole["metadata"]["cache_hit"], again["metadata"]["cache_hit"]) == (False, True)


def test_a_window_before_the_first_bar_of_a_source_is_asked_for_once(tmp_path, alpha_vantage):
    with engine(tmp_path) as client:
        early = {"start_date": "2023-12-18", "end_date": "2024-01-04"}
        first, again = (ask(client, sources=["alpha_vantage"], **early) for _ in range(2))
    assert closes(first) == closes(again) == [11.0, 12.0, 13.0]
    assert again["metadata"]["cache_hit"] is True
    assert again["data"]["data_quality"]["completeness"] < 1.0
