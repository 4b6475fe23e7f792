"""The hub: who gets what, in which order, and what a slow client loses of it."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import NotFoundError, ParameterError, UnavailableError
from nautilus.core.rate_limit import TokenBucket
from nautilus.server.bus.messages import Message
from nautilus.server.identity import Identity, identified
from nautilus.server.websocket import client as client_module
from nautilus.server.websocket import hub as hub_module
from nautilus.server.websocket.announcements import find, own_connections
from nautilus.server.websocket.audience import Audience
from nautilus.server.websocket.filters import filters_of
from nautilus.server.websocket.logs import TopicLogs

from .conftest import NOW, world

QUOTE, ALERT, TRADE = "market.data.AAPL", "risk.alerts.p1", "market.trades.AAPL"


def listen(w, client, topic, filters=None):
    w.hub.subscribe(client, topic, filters_of(filters))


def offsets(client, topic=ALERT):
    mine = [one for one in client.link.messages if one.get("topic") == topic]
    return [one["offset"] for one in mine if "offset" in one]


def test_what_comes_by_the_bus_goes_to_who_listens(in_world):
    async def scenario(w):
        hearing, deaf = w.client(), w.client()
        await w.hub.follow("risk.alerts.*")
        listen(w, hearing, "risk.alerts.*")
        await w.bus.publish(ALERT, {"severity": "HIGH"})
        while not hearing.link.taken:
            await asyncio.sleep(0)
        return hearing.link.messages, deaf.link.messages

    (message,), nothing = in_world(scenario)
    assert (message["type"], message["topic"], message["offset"]) == ("risk_alert", ALERT, 1)
    assert message["data"] == {"severity": "HIGH"}
    assert nothing == []


def test_two_patterns_of_a_client_bring_a_message_once(in_world):
    async def scenario(w):
        client = w.client()
        for pattern in (QUOTE, "market.data.*", "market.>"):
            listen(w, client, pattern)
        w.publish(QUOTE, price=1.0)
        w.publish(QUOTE, price=2.0)
        await w.turns()
        return offsets(client, QUOTE)

    assert in_world(scenario) == [1, 2]


def test_messages_of_one_turn_are_one_write(in_world):
    async def scenario(w):
        client = w.client()
        listen(w, client, QUOTE)
        writes = []
        write = client.link.write
        client.link.write = lambda messages: writes.append(len(messages)) or write(messages)
        for price in range(5):
            w.publish(QUOTE, price=float(price))
        await w.turns()
        return writes

    assert in_world(scenario) == [5]


def test_a_client_that_does_not_read_keeps_the_newest_price_and_is_told_what_is_gone(
    in_world, monkeypatch
):
    monkeypatch.setattr(client_module, "SOFT_BYTES", 200)
    monkeypatch.setattr(client_module, "MOST_HELD", 2)

    async def scenario(w):
        slow, fine = w.client(), w.client()
        for client in (slow, fine):
            listen(w, client, "market.>")
        slow.link.reads = False
        for price in range(10):
            w.publish(QUOTE, price=float(price))
            w.publish(TRADE, price=float(price))
            await w.turns()
        slow.link.read_all()
        w.hub._retry_slow()
        await w.turns()
        return slow, fine, w.hub.told.dropped

    slow, fine, dropped = in_world(scenario)
    assert offsets(fine, QUOTE) == offsets(fine, TRADE) == list(range(1, 11))
    assert offsets(slow, QUOTE)[-1] == 10
    assert offsets(slow, TRADE)[-2:] == [9, 10]
    gaps = slow.link.of("gap")
    assert sum(gap["dropped"] for gap in gaps) == 10 - len(offsets(slow, TRADE))
    assert {"conflated", "dropped_oldest"} <= set(dropped)


def test_an_alert_is_never_lost_silently_a_slow_client_is_sent_away(in_world, monkeypatch):
    monkeypatch.setattr(client_module, "SOFT_BYTES", 200)
    monkeypatch.setattr(client_module, "HARD_BYTES", 2_000)

    async def scenario(w):
        slow, fine = w.client(), w.client()
        for client in (slow, fine):
            listen(w, client, ALERT)
        slow.link.reads = False
        for number in range(50):
            w.publish(ALERT, number=number)
            await w.turns()
        return slow, fine, w.hub.told

    slow, fine, told = in_world(scenario)
    assert slow.link.left[0] == 4008
    assert offsets(fine) == list(range(1, 51))
    assert told.slow_disconnects == 1


def test_a_client_without_progress_is_sent_away(in_world, monkeypatch):
    monkeypatch.setattr(client_module, "SOFT_BYTES", 10)
    monkeypatch.setattr(client_module, "STUCK_SECONDS", 0.0)

    async def scenario(w):
        slow = w.client()
        listen(w, slow, QUOTE)
        slow.link.reads = False
        for _ in range(3):
            w.publish(QUOTE, price=1.0)
            await w.turns()
        return slow.link.left

    assert in_world(scenario)[0] == 4008


def test_an_error_of_one_connection_ends_it_alone(in_world):
    async def scenario(w):
        broken, fine = w.client(), w.client()
        for client in (broken, fine):
            listen(w, client, ALERT)
        broken.link.write = lambda messages: 1 / 0
        w.publish(ALERT)
        w.publish(ALERT)
        await w.turns()
        return broken.link.left, offsets(fine)

    assert in_world(scenario) == ((1011, "the server failed on this connection"), [1, 2])


def test_a_rate_limit_conflates_and_the_last_value_arrives(in_world):
    async def scenario(w):
        client = w.client(limit=TokenBucket(capacity=2, per_second=1_000.0))
        listen(w, client, QUOTE)
        for price in range(50):
            w.publish(QUOTE, price=float(price))
        while not client.link.taken or client.link.messages[-1]["data"]["price"] != 49.0:
            await asyncio.sleep(0.001)
        return len(client.link.taken)

    assert in_world(scenario) < 50


def test_update_frequency_sends_the_first_and_the_last(in_world):
    async def scenario(w):
        client = w.client()
        listen(w, client, QUOTE, {"update_frequency": "20ms"})
        for price in range(10):
            w.publish(QUOTE, price=float(price))
        while len(client.link.taken) < 2:
            await asyncio.sleep(0.001)
        return [one["data"]["price"] for one in client.link.messages]

    assert in_world(scenario) == [0.0, 9.0]


def test_a_threshold_is_of_the_last_price_that_was_sent(in_world):
    async def scenario(w):
        client = w.client()
        listen(w, client, "market.data.*", {"price_change_threshold": 0.01})
        for price in (100.0, 100.6, 101.2, 101.9, 102.3):
            w.publish(QUOTE, price=price)
        await w.turns()
        return [one["data"]["price"] for one in client.link.messages]

    assert in_world(scenario) == [100.0, 101.2, 102.3]


def test_metrics_are_a_projection_made_once(in_world):
    async def scenario(w):
        clients = [w.client() for _ in range(3)]
        for client in clients:
            filters = {"metrics": ["pnl", "drawdown"]}
            listen(w, client, "portfolio.performance.p1", filters)
        w.publish("portfolio.performance.p1", portfolio_id="p1", pnl=1.0, sharpe_ratio=2.0)
        await w.turns()
        return clients

    clients = in_world(scenario)
    assert clients[0].link.messages[0]["data"] == {"portfolio_id": "p1", "pnl": 1.0}
    assert len({id(client.link.taken[0]) for client in clients}) == 1


def test_a_restricted_client_hears_its_own_portfolios_through_a_wildcard(in_world):
    identity = Identity("alice", frozenset({"read"}), ("p1",))

    async def scenario(w):
        client = w.client(identity=identity)
        listen(w, client, "risk.alerts.*")
        for portfolio in ("p1", "p2"):
            w.publish(f"risk.alerts.{portfolio}")
        await w.turns()
        return [one["topic"] for one in client.link.messages]

    assert in_world(scenario) == [ALERT]


def test_who_left_is_owed_nothing(in_world):
    async def scenario(w):
        client = w.client()
        listen(w, client, ALERT)
        w.hub.left(client)
        w.publish(ALERT)
        await w.turns()
        return client.link.messages, w.hub.listeners(ALERT), len(w.hub.clients)

    assert in_world(scenario) == ([], (), 0)


@given(st.integers(0, 2**32))
def test_nothing_is_lost_or_doubled_by_connections_that_break_off(seed):
    """A client that notes offset and epoch of each message, and resumes with them."""
    chance = random.Random(seed)

    async def scenario():
        async with world() as w:
            seen, position = [], {"offset": 0, "epoch": w.hub.logs.epoch}
            client = None
            for _ in range(60):
                if client is None:
                    client = w.client()
                    listen(w, client, ALERT)
                    w.hub.resume(client, {ALERT: (position["offset"], position["epoch"])})
                for _ in range(chance.randrange(4)):
                    w.publish(ALERT)
                if chance.random() < 0.7:
                    await w.turns()
                if chance.random() < 0.4:
                    client = _break_off(w, client, seen, position)
            if client is None:
                client = w.client()
                listen(w, client, ALERT)
                w.hub.resume(client, {ALERT: (position["offset"], position["epoch"])})
            await w.turns()
            _break_off(w, client, seen, position)
            return seen, w.hub.logs.position(ALERT)["offset"]

    seen, last = asyncio.run(scenario())
    assert seen == list(range(1, last + 1))


def _break_off(w, client, seen, position):
    for message in client.link.messages:
        if message.get("topic") == ALERT:
            seen.append(message["offset"])
            position.update(offset=message["offset"], epoch=message["epoch"])
    w.hub.left(client)


def test_what_is_too_old_is_said_not_to_be_recovered(in_world):
    async def scenario(w):
        epoch = w.hub.logs.epoch
        for _ in range(5):
            w.publish(ALERT)
        client = w.client()
        listen(w, client, ALERT)
        w.hub.resume(client, {ALERT: (1, epoch)})
        w.hub.resume(client, {ALERT: (3, epoch), QUOTE: (0, epoch)}, "again")
        w.hub.resume(client, {ALERT: (5, "another")})
        await w.turns()
        return client.link.of("resumed"), offsets(client)

    (old, new, other), got = in_world(scenario, logs=TopicLogs(most_kept=2))
    assert (old["topics"][ALERT]["recovered"], old["topics"][ALERT]["replayed"]) == (False, 0)
    assert (new["topics"][ALERT]["recovered"], new["topics"][ALERT]["replayed"]) == (True, 2)
    assert new["request_id"] == "again"
    assert new["topics"][QUOTE]["recovered"] is False  # not listened to
    assert other["topics"][ALERT]["recovered"] is False
    assert got == [4, 5]


def test_a_topic_that_was_forgotten_has_another_epoch():
    logs = TopicLogs(most_topics=2)
    first = logs.append(ALERT, {}, NOW)
    epoch = logs.position(ALERT)["epoch"]
    for number in range(3):
        logs.append(f"risk.alerts.q{number}", {}, NOW)
    logs.append(ALERT, {}, NOW)
    assert first.offset == 1
    assert logs.position(ALERT)["epoch"] != epoch
    assert logs.after(ALERT, 1, epoch).recovered is False


def test_the_kept_messages_are_bounded_in_bytes():
    logs = TopicLogs(kept_bytes=2_000)
    for number in range(50):
        logs.append(f"risk.alerts.q{number}", {"text": "x" * 100}, NOW)
    kept = [logs.find(f"risk.alerts.q{number}") for number in range(50)]
    assert sum(len(m.payload) for log in kept if log for m in log.kept) <= 2_300


def test_broadcasts_by_client_filter(in_world):
    async def scenario(w):
        one, two = w.client(client_id="a"), w.client(client_id="b", connection_type="panel")
        listen(w, one, "risk.alerts.p1")
        inner = {"type": "risk_alert", "data": {"severity": "HIGH"}}
        for given_ in ({"portfolio_id": "p1"}, {"connection_type": "panel"}, {"client_ids": ["a"]}):
            message = Message(
                topic="websocket.broadcast",
                source_engine="risk",
                data={"client_filter": given_, "message": inner},
                id="1",
                timestamp=NOW,
            )
            await w.hub.on_broadcast(message)
        await w.turns()
        return len(one.link.of("risk_alert")), len(two.link.of("risk_alert"))

    assert in_world(scenario) == (2, 1)


def test_an_unknown_client_filter_names_the_known():
    with pytest.raises(ParameterError, match="known are client_id"):
        Audience.of({"colour": "red"})


def test_places_are_bounded(in_world, monkeypatch):
    monkeypatch.setattr(hub_module, "MOST_PER_SUBJECT", 2)
    monkeypatch.setattr(hub_module, "MOST_SUBSCRIPTIONS", 2)
    alice = Identity("alice", frozenset({"read"}))

    async def scenario(w):
        first = w.client(identity=alice)
        w.client(identity=alice)
        with pytest.raises(UnavailableError, match="alice has 2 connections"):
            w.hub.check_room("alice")
        w.hub.check_room(None)
        w.client()
        with pytest.raises(UnavailableError, match="3 clients are connected"):
            w.hub.check_room(None)
        for topic in (QUOTE, ALERT):
            listen(w, first, topic)
        listen(w, first, ALERT, {"severity": "HIGH"})  # replaced, not added
        with pytest.raises(ParameterError, match="at most 2 subscriptions"):
            listen(w, first, TRADE)
        return True

    assert in_world(scenario, most_clients=3)


def test_who_is_known_sees_and_closes_own_connections_only(in_world):
    alice, bob = (Identity(name, frozenset({"read"})) for name in ("alice", "bob"))

    async def scenario(w):
        mine, other = w.client(identity=alice), w.client(identity=bob)
        everybody = len(own_connections(w.hub))
        identified(alice)
        with pytest.raises(NotFoundError, match="no open connection of yours"):
            find(w.hub, other.connection_id)
        return everybody, own_connections(w.hub) == [mine], find(w.hub, mine.connection_id) is mine

    assert in_world(scenario) == (2, True, True)
