"""Live subscriptions over a real WebSocket: filters, replays of a day, and who may read them."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from nautilus.marketdata import simulate_market
from nautilus.server import Settings, create_app

DOCUMENTED = {
    "symbols": ["AAPL", "MSFT", "GOOGL"],
    "data_types": ["quotes", "trades", "level1"],
    "sources": ["ibkr", "alpha_vantage"],
    "delivery_config": {
        "delivery_method": "websocket",
        "batch_size": 1,
        "max_latency_ms": 100,
        "deduplicate": True,
    },
    "filters": {"min_price_change": 0.01, "min_volume_change": 1000},
}


@pytest.fixture
def client(tmp_path):
    settings = Settings(database=str(tmp_path / "state.db"), demo=False)
    with TestClient(create_app("marketdata", settings=settings)) as opened:
        yield opened


def subscribed(client, **body):
    reply = client.post("/marketdata/subscribe", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]


def path_of(data):
    return "/ws/" + data["websocket_endpoint"].split("/ws/", 1)[1]


def messages(socket, count):
    found = []
    while len(found) < count:
        frame = json.loads(socket.receive_text())
        found += frame["messages"] if frame["type"] == "batch" else [frame]
    return found


def until_the_end(socket):
    """All messages of a replay, and the reason why it was closed."""
    found = []
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            return found, message["reason"]
        frame = json.loads(message["text"])
        found += frame["messages"] if frame["type"] == "batch" else [frame]


def test_the_documented_subscription_sends_live_messages_that_say_they_are_simulated(client):
    data = subscribed(client, **DOCUMENTED)
    assert data["symbols_subscribed"] == 3
    assert data["source_used"] == "simulated"
    assert [one["error"] for one in data["attempts"]] == ["not_configured"] * 2
    with client.websocket_connect(path_of(data)) as socket:
        found = messages(socket, 12)
        socket.send_text('{"type": "ping"}')
        assert any(m["type"] == "pong" for m in messages(socket, 8))
    assert {m["type"] for m in found} <= {"quotes", "trades", "level1"}
    assert {m["data"]["symbol"] for m in found} <= set(DOCUMENTED["symbols"])
    assert {m["data"]["source"] for m in found} == {"simulated"}
    latency = client.get("/marketdata/latency").json()["data"]
    assert latency["latency_by_symbol"]["AAPL"]["message_count"] > 0
    assert latency["overall_latency"]["p99_latency_ms"] > 0
    assert latency["source_latency"]["simulated"]["latency_is_relative"] is False
    assert latency["source_latency"]["ibkr"]["total_latency_ms"] is None


def test_depth_has_five_levels_around_the_quote(client):
    data = subscribed(client, symbols=["AAPL"], data_types=["level2"])
    with client.websocket_connect(path_of(data)) as socket:
        (book,) = messages(socket, 1)
    bids, asks = book["data"]["bids"], book["data"]["asks"]
    assert (len(bids), len(asks)) == (5, 5)
    assert bids[0][0] < asks[0][0]
    assert bids == sorted(bids, reverse=True)


def test_a_replay_of_a_simulated_day_is_the_whole_day_in_order(client):
    day = "2025-11-28"  # a half day
    replay = {"day": day, "speed": 1000, "as_of": "2025-11-28T17:58:00Z"}
    config = {"batch_size": 500, "max_latency_ms": 5}
    data = subscribed(
        client, symbols=["SIM042"], data_types=["trades"], replay=replay, delivery_config=config
    )
    assert data["simulated"] is True
    with client.websocket_connect(path_of(data)) as socket:
        found, reason = until_the_end(socket)
    assert reason == f"end of the replay: {len(found)} messages"
    assert all(m["data"]["replay"] for m in found)
    minutes = simulate_market(["SIM042"], start=day, end=day, timeframe="1m")
    assert sum(m["data"]["size"] for m in found) == minutes.volume[-2:, 0].sum()
    assert found[-1]["data"]["price"] == minutes.close[-1, 0]
    sequence = [m["data"]["sequence"] for m in found]
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))


def test_a_stored_day_is_replayed_from_the_store(client):
    start = dt.datetime(2024, 5, 1, 14, 30, tzinfo=dt.UTC)
    rows = pl.DataFrame(
        {
            "symbol": "OWN",
            "timestamp": [start + dt.timedelta(seconds=n) for n in range(5)],
            "price": [1.0, 2.0, 3.0, 4.0, 5.0],
            "size": [10.0] * 5,
            "sequence": list(range(5)),
        }
    )
    client.app.state.deps.market.open().append("trades", rows, source="mine")
    data = subscribed(
        client, symbols=["OWN"], data_types=["trades"], replay={"day": "2024-05-01", "speed": 1000}
    )
    with client.websocket_connect(path_of(data)) as socket:
        found, _ = until_the_end(socket)
    assert [m["data"]["price"] for m in found] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert {m["data"]["source"] for m in found} == {"mine"}


def test_a_replay_of_a_day_that_nobody_has_says_so(client):
    data = subscribed(
        client, symbols=["AAPL"], replay={"day": "2025-11-29", "speed": 10}
    )  # a Saturday
    with client.websocket_connect(path_of(data)) as socket:
        found, reason = until_the_end(socket)
    assert found == []
    assert "is no session" in reason


def test_a_subscription_is_read_by_one_client_and_ends_when_it_is_cancelled(client):
    data = subscribed(client, symbols=["AAPL"])
    with client.websocket_connect(path_of(data)) as socket:
        messages(socket, 1)
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path_of(data)):
            pass
        listed = client.get("/marketdata/subscriptions").json()["data"]
        assert (listed["total"], listed["subscriptions"][0]["connected"]) == (1, True)
        gone = client.delete(f"/marketdata/subscriptions/{data['subscription_id']}")
        assert gone.json()["data"]["cancelled"] is True
        _, reason = until_the_end(socket)
    assert reason == "the subscription was cancelled"
    assert client.delete(f"/marketdata/subscriptions/{data['subscription_id']}").status_code == 404


def test_imported_symbols_get_no_simulated_ticks(client):
    rows = pl.DataFrame({"symbol": ["AAPL"], "timestamp": [dt.date(2024, 1, 2)], "close": [10.0]})
    client.app.state.deps.market.open().append("bars", rows, source="mine")
    data = subscribed(client, symbols=["AAPL", "MSFT"])
    assert data["symbols"] == ["MSFT"]
    assert "real prices of it are stored" in data["unknown"]["AAPL"]
    reply = client.post("/marketdata/subscribe", json={"symbols": ["AAPL"]})
    assert reply.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"symbols": ["APPL"]}, 404, "Did you mean"),
        ({"symbols": []}, 422, "symbols"),
        ({"symbols": ["AAPL"], "sources": ["ibkr"], "fallback_enabled": False}, 503, "no key"),
        ({"symbols": ["AAPL"], "data_types": ["level3"]}, 422, "data_types"),
        ({"symbols": ["AAPL"], "replay": {"day": "2199-01-01"}}, 422, "future"),
        ({"symbols": ["AAPL"], "replay": {"day": "2025-08-01", "speed": 5000}}, 422, "speed"),
        (
            {"symbols": ["AAPL"], "replay": {"day": "2025-08-01"},
             "delivery_config": {"delivery_method": "messagebus"}}, 422, "its own WebSocket",
        ),
    ],
)  # fmt: skip
def test_bad_subscriptions_say_what_is_wrong(client, body, status, words):
    reply = client.post("/marketdata/subscribe", json=body)
    assert reply.status_code == status, reply.text
    assert words in json.dumps(reply.json()["errors"])


def test_a_subscription_that_nobody_opened_is_no_door(client):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws/marketdata/sub_001"):
        pass


def test_a_replay_says_whose_ticks_it_plays_before_it_plays_them(client):
    """Something is stored, but nothing of that day: then the day is simulated, and says so."""
    rows = pl.DataFrame({"symbol": ["OWN"], "timestamp": [dt.date(2024, 1, 2)], "close": [10.0]})
    client.app.state.deps.market.open().append("bars", rows, source="mine")
    replay = {"day": "2025-11-28", "speed": 1000, "as_of": "2025-11-28T17:59:00Z"}
    data = subscribed(client, symbols=["SIM042"], data_types=["trades"], replay=replay)
    assert (data["source_used"], data["simulated"]) == ("simulated", True)
    own = client.post(
        "/marketdata/subscribe", json={"symbols": ["OWN"], "replay": {"day": "2024-01-02"}}
    )
    assert own.status_code == 404
    assert "nobody has trades or quotes of OWN" in own.text


def test_no_simulated_ticks_beside_prices_that_a_source_sent(client):
    rows = pl.DataFrame({"symbol": ["AAPL"], "timestamp": [dt.date(2024, 1, 2)], "close": [10.0]})
    client.app.state.deps.market.open().append("bars", rows, source="alpha_vantage")
    data = subscribed(client, symbols=["AAPL", "MSFT"])
    assert data["symbols"] == ["MSFT"]
