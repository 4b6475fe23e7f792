"""The features engine: numbers of the library, honest warm-ups, batches that lose no symbol."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import math

import httpx
import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

import nautilus as nt
from nautilus.indicators.feature_events import FeatureEvents
from nautilus.indicators.features import compute
from nautilus.marketdata import Store, simulate_market
from nautilus.server import Settings, create_app

START = dt.datetime(2025, 7, 1, 13, 30, tzinfo=dt.UTC)
DOCUMENTED = {
    "symbol": "AAPL",
    "data": {
        "ohlcv": [
            {"timestamp": "2025-08-23T09:30:00Z", "open": 154.5, "high": 155.2, "low": 154.1,
             "close": 155.0, "volume": 1000000},
            {"timestamp": "2025-08-23T09:31:00Z", "open": 155.0, "high": 155.8, "low": 154.9,
             "close": 155.5, "volume": 1200000},
        ]
    },
    "indicators": {
        "momentum": ["rsi", "macd", "stochastic"],
        "trend": ["sma", "ema", "bollinger_bands"],
        "volume": ["obv", "volume_sma", "vwap"],
        "volatility": ["atr", "bollinger_width"],
    },
    "parameters": {
        "rsi_period": 14, "sma_period": 20, "macd_fast": 12, "macd_slow": 26, "macd_signal": 9,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    settings = Settings(database=str(folder / "state.db"), demo=False)
    with TestClient(create_app("features", settings=settings)) as opened:
        yield opened


def bars(n, seed=0):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    return [
        {
            "timestamp": (START + dt.timedelta(minutes=i)).isoformat(),
            "open": c, "high": c + 0.5, "low": c - 0.5, "close": c, "volume": 1000.0 + i,
        }
        for i, c in enumerate(close.tolist())
    ]  # fmt: skip


def posted(client, path, **body):
    reply = client.post(f"/features/{path}", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_two_bars_give_null_and_the_bars_it_takes(client):
    reply = posted(client, "technical", **DOCUMENTED)
    data = reply["data"]
    found = data["technical_indicators"]
    assert found["momentum"].keys() == {
        "rsi_14", "macd", "macd_signal", "macd_histogram", "stochastic_k", "stochastic_d",
    }  # fmt: skip
    assert found["trend"].keys() == {
        "sma_20", "ema_20", "bollinger_upper", "bollinger_middle", "bollinger_lower",
        "bollinger_position",
    }  # fmt: skip
    assert found["volume"].keys() == {"obv", "volume_sma_20", "vwap"}
    assert found["volatility"].keys() == {
        "atr_14", "bollinger_width", "historical_volatility_20",
    }  # fmt: skip
    assert found["momentum"]["rsi_14"] is None
    assert data["warmup"]["rsi_14"] == {"have": 2, "need": 15}
    assert found["volume"]["obv"] == 2_200_000
    assert "obv" not in data["warmup"]
    assert reply["metadata"]["data_points_used"] == 2
    assert data["timestamp"] == "2025-08-23T09:31:00Z"


def test_every_value_is_the_librarys_to_the_bit(client):
    sent = bars(500)
    data = posted(client, "technical", symbol="X", data={"ohlcv": sent})["data"]
    frame = pl.DataFrame(sent).with_columns(pl.col("timestamp").str.to_datetime(time_zone="UTC"))
    last = compute(frame, nt.indicators.available()).drop("timestamp").row(-1, named=True)
    served = {k: v for group in data["technical_indicators"].values() for k, v in group.items()}
    assert served == last
    expected = nt.indicators.signal_summary(last, close=sent[-1]["close"])
    assert data["feature_summary"]["signals"] == expected.signals
    assert data["warmup"] == {}


def test_stored_bars_come_before_those_of_the_request(tmp_path):
    settings = Settings(database=str(tmp_path / "state.db"), demo=False)
    sent = bars(120)
    rows = pl.DataFrame(sent).with_columns(
        pl.col("timestamp").str.to_datetime(time_zone="UTC"), symbol=pl.lit("OWN")
    )
    with Store(settings.market_folder) as store:
        store.append("bars", rows.head(100), source="mine", timeframe="1m")
    with TestClient(create_app("features", settings=settings)) as client:
        body = {"symbol": "OWN", "timeframe": "1m", "history": "stored"}
        both = posted(client, "technical", **body, data={"ohlcv": sent[100:]})
        alone = posted(client, "technical", symbol="OWN", data={"ohlcv": sent})
        drop = ("vwap",)
        for group, values in alone["data"]["technical_indicators"].items():
            found = both["data"]["technical_indicators"][group]
            for name, value in values.items():
                if name not in drop:
                    assert found[name] == value, name
        assert both["metadata"]["data_source"] == "request+mine"
        assert both["metadata"]["history_bars"] == 100
        stored = posted(client, "technical", **body)
        assert stored["metadata"]["data_source"] == "mine"


def test_simulated_history_says_so(client):
    reply = posted(client, "technical", symbol="MSFT", history="stored")
    assert reply["metadata"]["simulated"] is True
    assert reply["data"]["warmup"] == {}
    day = reply["data"]["timestamp"][:10]
    market = simulate_market(["MSFT"], start="2020-01-02", end=day, adjustment="split")
    ema = reply["data"]["technical_indicators"]["trend"]["ema_20"]
    assert ema == pytest.approx(nt.indicators.ema(market.close[:, 0])[-1], rel=1e-12)


HIGH = [{"high": 1.0, "low": 2.0, "close": 1.5, "volume": 1.0, "open": 1.5}]
ATR = {"volatility": ["atr"]}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"indicators": {"momentum": ["rsii"]}}, 404, "Did you mean rsi"),
        ({"indicators": {"trend": ["rsi"]}}, 404, "is a momentum indicator"),
        ({"indicators": {"magic": ["rsi"]}}, 422, "momentum"),
        ({"indicators": {}}, 422, "names none"),
        ({"parameters": {"rsi_perod": 14}}, 422, "Did you mean rsi_period"),
        ({"parameters": {"rsi_period": 0}}, 422, "period"),
        ({"parameters": {"rsi_period": -3}}, 422, "period"),
        ({"parameters": {"rsi_period": 14.5}}, 422, "period"),
        ({"data": {"ohlcv": []}}, 422, "has no bars"),
        ({"data": {"ohlcv": HIGH}, "indicators": ATR}, 422, "must not be below"),
        ({"data": {"ohlcv": [HIGH[0] | {"high": 2.0, "volume": -1}]}}, 422, "negative"),
        ({"data": {"ohlcv": [{"close": 1.0}]}, "indicators": ATR}, 422, "no bar has"),
        ({"data": {"ohlcv": [bars(2)[0], bars(2)[0]]}}, 422, "is not after"),
        ({"data": {"ohlcv": bars(2)[::-1]}}, 422, "is not after"),
        ({"data": {"ohlcv": [bars(2)[0], {"close": 1.0}]}}, 422, "has no `timestamp`"),
        ({"data": {"ohlcv": [{"close": "x"}]}}, 422, "number"),
        ({"history": "stored", "symbol": "NOPE", "data": None}, 422, "no bars of 'NOPE'"),
    ],
)  # fmt: skip
def test_bad_requests_say_what_is_wrong(client, change, status, words):
    reply = client.post("/features/technical", json=DOCUMENTED | change)
    assert reply.status_code == status, reply.text
    assert words in json.dumps(reply.json()["errors"])


def test_a_body_of_a_million_bars_is_too_large(client):
    one = json.dumps(bars(1)[0])
    text = f'{{"symbol": "A", "data": {{"ohlcv": [{",".join([one] * 100_000)}]}}}}'
    reply = client.post(
        "/features/technical", content=text, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 413
    assert "10" in reply.json()["errors"][0]["message"]


def test_a_missing_bar_is_null_in_and_null_out(client):
    sent = bars(60)
    sent[-1] = {"timestamp": sent[-1]["timestamp"]}
    data = posted(client, "technical", symbol="X", data={"ohlcv": sent})["data"]
    values = [v for group in data["technical_indicators"].values() for v in group.values()]
    assert values.count(None) > 30
    assert data["feature_summary"] is None


def test_fundamentals_are_those_of_the_day_beside_their_industry(client):
    body = {"symbol": "AAPL", "data_sources": ["alpha_vantage", "edgar"], "as_of": "2025-08-22"}
    reply = posted(client, "fundamental", **body)
    data, metadata = reply["data"], reply["metadata"]
    assert data["fundamental_features"].keys() == {
        "valuation", "profitability", "growth", "efficiency",
    }  # fmt: skip
    assert data["industry_ranking"]["total_companies"] == 1 + len(metadata["peers"])
    assert metadata["simulated"] is True
    assert metadata["fallback_used"] is True
    later = posted(client, "fundamental", **body | {"as_of": "2026-08-21"})["data"]
    assert later["period_end"] > data["period_end"]
    plain = posted(client, "fundamental", **body, normalization="none")["data"]
    assert plain["industry_ranking"] is None
    assert plain["fundamental_features"]["valuation"]["pe_relative_to_sector"] is None


def test_one_group_alone(client):
    data = posted(client, "fundamental", symbol="MSFT", feature_types=["growth"])["data"]
    assert list(data["fundamental_features"]) == ["growth"]


def test_a_symbol_that_fails_does_not_fail_the_batch(client):
    body = {"symbols": ["AAPL", "NOPE", "MSFT"], "calculation_date": "2025-08-22"}
    data = posted(client, "batch", **body)["data"]
    assert [row[0] for row in data["features_dataframe"]["data"]] == ["AAPL", "MSFT"]
    assert list(data["failed"]) == ["NOPE"]
    assert data["processing_statistics"]["success_rate"] == pytest.approx(2 / 3)
    columns = data["features_dataframe"]["columns"]
    assert {"symbol", "rsi_14", "pe_ratio", "roe", "bollinger_position"} <= set(columns)
    market = simulate_market(["AAPL"], start="2020-01-02", end="2025-08-22", adjustment="split")
    rsi = nt.indicators.rsi(market.close[:, 0])[-1]
    served = data["features_dataframe"]["data"][0][columns.index("rsi_14")]
    assert served == pytest.approx(rsi, rel=1e-12)


@pytest.mark.parametrize("form", ["records", "csv", "parquet", "arrow"])
def test_every_form_of_a_batch_has_the_same_rows(client, form):
    body = {"symbols": ["AAPL", "MSFT"], "feature_types": ["technical"],
            "calculation_date": "2025-08-22"}  # fmt: skip
    table = posted(client, "batch", **body)["data"]["features_dataframe"]
    reply = client.post("/features/batch", json=body | {"output_format": form})
    read = {
        "records": lambda b: pl.DataFrame(json.loads(b)["data"]["records"]),
        "csv": lambda b: pl.read_csv(b),
        "parquet": lambda b: pl.read_parquet(b),
        "arrow": lambda b: pl.read_ipc_stream(b),
    }[form](io.BytesIO(reply.content) if form != "records" else reply.content)
    assert read.select(table["columns"]).rows() == [tuple(row) for row in table["data"]]
    if form != "records":
        assert reply.headers["X-Simulated"] == "true"
        assert read["source"].unique().to_list() == ["simulated"]


def test_a_batch_as_a_job(client):
    reply = client.post("/features/batch", json={"symbols": ["AAPL"], "async": True})
    assert reply.status_code == 202
    job = reply.json()["data"]["job_id"]
    while (state := client.get(f"/jobs/{job}").json()["data"])["status"] in ("queued", "running"):
        continue
    assert state["status"] == "succeeded"


def test_importance_of_simulated_features_is_luck_and_says_so(client):
    body = {
        "target_variable": "future_returns_5d",
        "features": ["rsi_14", "pe_ratio", "macd", "volume_ratio"],
        "analysis_period": "6M",
        "method": "correlation",
        "symbols": ["AAPL", "MSFT", "KO"],
    }
    reply = posted(client, "importance", **body)
    found = reply["data"]["feature_importance"]
    assert sorted(one["rank"] for one in found) == [1, 2, 3, 4]
    assert sum(one["importance_score"] for one in found) == pytest.approx(1.0)
    groups = reply["data"]["feature_groups"]
    assert math.isclose(groups["technical"] + groups["fundamental"], 1.0)
    assert all(one["noise_floor"] > 0 for one in found)
    assert reply["metadata"]["horizon"] == 5
    assert posted(client, "importance", **body)["data"] == reply["data"]


def test_an_unknown_feature_names_the_close_ones(client):
    reply = client.post("/features/importance", json={"features": ["rsi_14", "pe_ration"]})
    assert reply.status_code == 404
    assert "pe_ratio" in reply.json()["errors"][0]["message"]


def test_health_counts_what_was_calculated(client):
    before = client.get("/health").json()
    posted(client, "technical", **DOCUMENTED)
    after = client.get("/health").json()
    assert after["features_calculated_today"] == before["features_calculated_today"] + 18
    assert after["supported_indicators"] == 27
    assert after["avg_calculation_time_ms"] > 0


# What was known when, and what a split is.


DAYS = [dt.date(2025, 6, 2) + dt.timedelta(days=n) for n in range(80)]
SESSIONS = [day for day in DAYS if day.weekday() < 5]


@pytest.fixture
def own(tmp_path):
    """A server with stored daily bars of OWN that rise by one a day."""
    settings = Settings(database=str(tmp_path / "state.db"), demo=False)
    closes = [500.0 + n for n in range(len(SESSIONS))]
    rows = pl.DataFrame({"symbol": "OWN", "timestamp": SESSIONS, "close": closes})
    rows = rows.with_columns(open="close", high="close", low="close", volume=pl.lit(100.0))
    with TestClient(create_app("features", settings=settings)) as client:
        store = client.app.state.deps.market.open()
        store.append("bars", rows, source="mine")
        yield client, store


def sma_of(client, date):
    body = {"symbols": ["OWN"], "feature_types": ["technical"], "calculation_date": date}
    table = posted(client, "batch", **body)["data"]["features_dataframe"]
    return table["data"][0][table["columns"].index("sma_20")]


def test_a_batch_knows_no_close_of_later_and_no_correction_of_later(own):
    client, store = own
    at_close = sma_of(client, "2025-08-07")
    assert sma_of(client, "2025-08-08T10:00:00Z") == at_close  # that day has not closed
    assert sma_of(client, "2025-08-08") == at_close + 1.0
    later = pl.DataFrame(
        {"symbol": ["OWN"], "timestamp": [dt.date(2025, 8, 6)], "close": [9999.0],
         "knowledge_ts": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]}
    )  # fmt: skip
    store.append("bars", later, source="mine")
    assert sma_of(client, "2025-08-07") == at_close


def test_a_stale_symbol_shows_when_its_bars_ended(own):
    client, _ = own
    body = {"symbols": ["OWN"], "feature_types": ["technical"], "calculation_date": "2025-08-25"}
    reply = posted(client, "batch", **body)
    assert reply["metadata"]["last_bars"] == {"OWN": str(SESSIONS[-1])}
    text = client.post("/features/batch", json=body | {"output_format": "csv"}).text
    assert str(SESSIONS[-1]) in text


def test_a_split_is_no_return(own):
    client, store = own
    body = {"symbol": "OWN", "history": "stored", "indicators": {"momentum": ["roc"]}}
    before = posted(client, "technical", **body)["data"]["technical_indicators"]
    split = pl.DataFrame(
        {"symbol": ["OWN"], "timestamp": [SESSIONS[-3]], "kind": ["split"], "value": [4.0]}
    )
    closes = pl.DataFrame(
        {"symbol": "OWN", "timestamp": SESSIONS[-3:],
         "close": [(500.0 + len(SESSIONS) - n) / 4.0 for n in (3, 2, 1)],
         "knowledge_ts": dt.datetime(2025, 9, 1, tzinfo=dt.UTC)}
    )  # fmt: skip
    store.append("actions", split, source="mine")
    store.append("bars", closes, source="mine")
    after = posted(client, "technical", **body)["data"]["technical_indicators"]
    assert after["momentum"]["roc"] == pytest.approx(before["momentum"]["roc"], rel=1e-9)


def test_a_session_is_one_however_it_is_stamped(own):
    client, _ = own
    found = []
    for clock in ("00:00:00Z", "04:00:00Z", "20:00:00Z"):
        sent = [
            {"timestamp": f"{day}T{clock}", "close": 500.0 + n}
            for n, day in list(enumerate(SESSIONS))[-3:]
        ]
        body = {"symbol": "OWN", "history": "stored", "indicators": {"trend": ["sma"]}}
        reply = posted(client, "technical", **body, data={"ohlcv": sent})
        found.append(reply["data"]["technical_indicators"]["trend"]["sma_20"])
    assert found[0] == found[1] == found[2]


def test_a_price_with_a_later_split_in_it_values_nothing(own):
    """Adjusted prices times the shares filed then would be wrong by the split."""
    client, store = own
    rows = pl.DataFrame({"symbol": ["ADJ"] * 2, "timestamp": SESSIONS[:2], "close": [1.0, 2.0]})
    store.append("bars", rows, source="adjusted", basis="split")
    facts = nt.marketdata.simulate_statements(["AAPL"], start="2020-01-02", end="2025-06-30")
    keep = [c for c in facts.columns if c not in ("source", "revision", "received_ts", "filed")]
    store.append("fundamentals", facts.select(keep).with_columns(symbol=pl.lit("ADJ")),
                 source="adjusted")  # fmt: skip
    reply = posted(client, "fundamental", symbol="ADJ", as_of="2025-06-20", normalization="none")
    valuation = reply["data"]["fundamental_features"]["valuation"]
    assert valuation["pe_ratio"] is None
    assert reply["metadata"]["price"] is None
    assert reply["data"]["fundamental_features"]["profitability"]["net_margin"] is not None


@pytest.mark.parametrize("period", [3e9, 1e300, 200_000])
def test_a_period_beyond_all_bars_is_refused_before_it_takes_memory(client, period):
    reply = client.post(
        "/features/technical", json=DOCUMENTED | {"parameters": {"sma_period": period}}
    )
    assert reply.status_code == 422
    assert "at most 100,000 bars" in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00"])
def test_the_ends_of_the_calendar_are_no_dates_of_a_market(client, date):
    reply = client.post("/features/batch", json={"symbols": ["AAPL"], "calculation_date": date})
    assert reply.status_code == 422, reply.text
    sent = [{"timestamp": "0001-01-01T00:00:00+14:00", "close": 1.0}]
    reply = client.post("/features/technical", json=DOCUMENTED | {"data": {"ohlcv": sent}})
    assert reply.status_code == 422


def test_features_of_any_period_are_called_as_they_were_asked_for(client):
    names = ["momentum", "momentum_20", "rsi_014", "rsi_14", "roc_5", "volume_ratio"]
    body = {"features": names, "method": "correlation", "symbols": ["AAPL", "KO"],
            "analysis_period": "6M"}  # fmt: skip
    found = posted(client, "importance", **body)["data"]["feature_importance"]
    assert sorted(one["feature"] for one in found) == sorted(names)


# Live.


def bar(n, close=10.0, volume=100.0):
    at = START + dt.timedelta(minutes=n)
    return {"open": close, "high": close, "low": close, "close": close, "volume": volume,
            "timestamp": at}  # fmt: skip


def kinds(events):
    return [event["event"] for event in events]


def test_a_spike_is_told_once_and_leaves_itself_out_of_the_mean():
    live = FeatureEvents("A")
    for n in range(20):
        live.update(bar(n))
    first = live.update(bar(20, volume=153.0))
    (spike,) = [e for e in first if e["event"] == "volume_spike"]
    assert (spike["volume_ma"], spike["spike_ratio"]) == (100.0, 1.53)
    assert kinds(live.update(bar(21, volume=200.0))) == ["technical_update"]
    live.update(bar(22))
    assert "volume_spike" in kinds(live.update(bar(23, volume=900.0)))


def test_a_breakout_is_out_of_the_bands_of_the_bar_before():
    live = FeatureEvents("A")
    for n in range(20):
        live.update(bar(n, close=10.0 + 0.1 * (n % 2)))
    bands = live.features.value
    (event,) = [e for e in live.update(bar(20, close=11.0)) if e["event"] == "bollinger_breakout"]
    assert (event["upper_band"], event["signal"]) == (bands["bollinger_upper"], "BULLISH")
    below = live.update(bar(21, close=5.0))
    assert [e["signal"] for e in below if e["event"] == "bollinger_breakout"] == ["BEARISH"]


def test_updates_are_null_while_they_warm_up():
    (event,) = FeatureEvents("A").update(bar(0))
    assert event["rsi"] is None
    assert event["obv"] == 100.0
    assert json.loads(json.dumps(event, allow_nan=False)) == event


@pytest.mark.parametrize("timeframe", ["1s", "1m"])
def test_the_stream_tells_of_bars_of_the_bus(tmp_path, launched, timeframe):
    """A real server: its simulated exchange ticks, the engine builds bars and tells of them."""

    async def heard(url):
        found = []
        address = f"{url}/features/stream/AAPL?timeframe={timeframe}&heartbeat_seconds=0.5"
        wanted = "technical_update" if timeframe == "1s" else "heartbeat"
        async with (
            asyncio.timeout(60),
            httpx.AsyncClient(timeout=60) as client,
            client.stream("GET", address) as reply,
        ):
            assert reply.headers["content-type"].startswith("text/event-stream")
            async for line in reply.aiter_lines():
                if line.startswith("data:"):
                    found.append(json.loads(line.removeprefix("data:")))
                    if found[-1]["event"] == wanted:
                        return found
        return found

    options = ("--engines", "features,marketdata", "--no-warm", "--no-demo")
    with launched(tmp_path, *options) as server:
        found = asyncio.run(heard(server.url("features")))
    last = found[-1]
    assert last["symbol"] == "AAPL"
    assert last["source"] == "simulated"
    if timeframe == "1s":
        assert last["obv"] >= 0
