"""Live P&L as server-sent events of real servers: sums, resumption, heartbeats, endings."""

from __future__ import annotations

import itertools
import json
import urllib.error
import urllib.request
from contextlib import closing
from typing import Any

import pytest

APPLE = {"symbol": "AAPL", "quantity": 100, "avg_cost": 150.0, "current_price": 155.0}
MICROSOFT = {"symbol": "MSFT", "quantity": -10, "avg_cost": 400.0, "current_price": 410.0}


def post(url, body):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def events(url, last_event_id=None):
    """(id, data) of each event; the connection closes with the generator."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    request = urllib.request.Request(url, headers=headers)
    with closing(urllib.request.urlopen(request, timeout=30)) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        name, data = None, None
        for raw in reply:
            line = raw.decode().rstrip("\n")
            if line.startswith("data: "):
                data = json.loads(line[6:])
            elif line.startswith("id: "):
                name = line[4:]
            elif not line and data is not None:
                yield name, data
                name, data = None, None


def taken(stream, count) -> list[tuple[str | None, dict[str, Any]]]:
    with closing(stream):
        return list(itertools.islice(stream, count))


def until(stream, wanted):
    """Everything up to the first event that is wanted."""
    found = []
    with closing(stream):
        for event in stream:
            found.append(event)
            if wanted(event[1]):
                return found
    raise AssertionError("the stream ended")


@pytest.fixture(scope="module")
def url(servers):
    home = servers.url("analytics")
    post(f"{home}/analytics/calculate/live_1", {"positions": [APPLE, MICROSOFT]})
    return f"{home}/analytics/stream/live_1"


def test_the_first_events_are_every_position_and_their_sum(url):
    (_, apple), (_, microsoft), (_, whole) = taken(events(url), 3)
    assert {apple["event"], microsoft["event"]} == {"position_update"}
    assert {apple["symbol"], microsoft["symbol"]} == {"AAPL", "MSFT"}
    assert whole["event"] == "pnl_update"
    assert whole["portfolio_id"] == "live_1"
    assert whole["timestamp"].endswith("Z")
    assert apple["seq"] < whole["seq"]


def test_prices_of_the_feed_move_the_pnl(url):
    seen = until(events(url), lambda data: data["event"] == "pnl_update" and data["seq"] > 6)
    latest = {d["symbol"]: d for _, d in seen if d["event"] == "position_update"}
    assert latest["AAPL"]["pnl"] == pytest.approx(100 * (latest["AAPL"]["current_price"] - 150.0))
    assert latest["MSFT"]["pnl"] == pytest.approx(-10 * (latest["MSFT"]["current_price"] - 400.0))
    assert seen[-1][1]["pnl"] == pytest.approx(sum(d["pnl"] for d in latest.values()))
    assert {d["price_source"] for d in latest.values()} <= {"simulated", "stored"}
    assert "simulated" in {d["price_source"] for d in latest.values()}
    assert seen[-1][1]["simulated"] is True


def test_a_stream_goes_on_after_the_last_event_without_loss_or_double(url):
    first = taken(events(url), 8)
    last, data = first[-1]
    later = taken(events(url, last), 12)
    numbers = [d["seq"] for _, d in later if "seq" in d and d["event"] != "heartbeat"]
    assert numbers == list(range(data["seq"] + 1, data["seq"] + 1 + len(numbers)))
    assert [d["event"] for _, d in later].count("reset") == 0


@pytest.mark.parametrize("last", ["nonsense", "0123456789ab-3", "-", "x" * 60])
def test_an_unknown_place_begins_anew(url, last):
    (name, reset), *rest = taken(events(url, last), 4)
    assert (name, reset["event"], reset["reason"]) == (None, "reset", "unknown_event_id")
    assert {d["event"] for _, d in rest} == {"position_update", "pnl_update"}


def test_a_place_in_the_future_begins_anew(url):
    (name, _), *_ = taken(events(url), 1)
    epoch = name.partition("-")[0]
    assert taken(events(url, f"{epoch}-999999999"), 1)[0][1]["event"] == "reset"


def test_a_portfolio_that_changes_begins_anew(servers, url):
    home = servers.url("analytics")
    post(f"{home}/analytics/calculate/live_2", {"positions": [APPLE]})
    stream = events(url.replace("live_1", "live_2"))
    with closing(stream):
        next(stream)
        post(f"{home}/analytics/calculate/live_2", {"positions": [{**APPLE, "quantity": 1}]})
        for _, data in stream:
            if data["event"] == "reset":
                break
        position = next(stream)[1]
    assert data["reason"] == "portfolio_updated"
    assert position["pnl"] == pytest.approx(position["current_price"] - 150.0)


def test_the_demo_portfolio_is_followed_through_its_fills(servers):
    home = servers.url("analytics")
    found = until(
        events(f"{home}/analytics/stream/portfolio_002"), lambda d: d["event"] == "pnl_update"
    )
    *positions, (_, whole) = found
    assert {d["symbol"] for _, d in positions} == {"AAPL", "MSFT", "GOOGL", "TLT", "GLD"}
    assert whole["pnl"] == pytest.approx(sum(d["pnl"] for _, d in positions))


def test_an_unknown_portfolio_is_404(servers):
    with pytest.raises(urllib.error.HTTPError, match="404") as caught:
        urllib.request.urlopen(f"{servers.url('analytics')}/analytics/stream/nobody")
    assert json.load(caught.value)["errors"][0]["code"] == "not_found"


def test_without_a_feed_the_heartbeat_says_that_there_are_no_prices(launched, tmp_path):
    with launched(tmp_path, "--no-warm", "--engines", "analytics") as alone:
        address = f"{alone.url('analytics')}/analytics/stream/portfolio_001?heartbeat_seconds=0.1"
        found = until(events(address), lambda data: data["event"] == "heartbeat")
    assert found[-1][0] is None
    assert found[-1][1]["no_prices"] is True


def test_a_stream_ends_when_the_server_drains(launched, tmp_path):
    with launched(tmp_path, "--no-warm", "--engines", "analytics") as alone:
        stream = events(f"{alone.url('analytics')}/analytics/stream/portfolio_001")
        with closing(stream):
            next(stream)
            alone.process.terminate()
            for _ in stream:
                continue
        assert alone.process.wait(15) == 0
