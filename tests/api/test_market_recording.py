"""Live ticks that were recorded: replayed as they came, and none of those acknowledged is lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math

import httpx
from starlette.testclient import TestClient

from nautilus.marketdata import Store
from nautilus.server import Settings, create_app
from nautilus.server.bus import MemoryBroker
from nautilus.server.bus.messages import Message
from nautilus.server.market.recording import TickRecorder, recorded
from nautilus.server.market.stored import MarketStore

START = dt.datetime(2024, 5, 1, 14, 30, tzinfo=dt.UTC)


def trade(n, **changes):
    data = {"symbol": "A", "price": 10.0 + n, "size": 5.0, "sequence": n, "source": "mine",
            "timestamp": START + dt.timedelta(milliseconds=n)}  # fmt: skip
    return Message(topic="market.trades.A", source_engine="marketdata", data=data | changes,
                   id=str(n), timestamp=START)  # fmt: skip


def recorder(root, **options):
    return TickRecorder(MarketStore(root), ["A"], run=asyncio.to_thread, **options)


async def heard(recording, messages):
    for message in messages:
        await recording.heard(message)
    await recording.flush()


def stored(root):
    with Store(root) as store:
        return store.read("trades", ["A"])["price"].to_list()


def app(folder, **settings):
    made = Settings(database=str(folder / "state.db"), demo=False, **settings)
    return TestClient(create_app("marketdata", settings=made))


def subscription(client, **body):
    asked = {"symbols": ["AAPL"], "data_types": ["quotes", "trades"], **body}
    data = client.post("/marketdata/subscribe", json=asked).json()["data"]
    return "/ws/" + data["websocket_endpoint"].split("/ws/", 1)[1]


def test_what_was_live_is_replayed_message_by_message(tmp_path):
    with app(tmp_path, record=("AAPL",)) as client:
        live = []
        config = {"conflate": False}
        with client.websocket_connect(subscription(client, delivery_config=config)) as socket:
            while len(live) < 12:
                live.append(json.loads(socket.receive_text()))
        assert client.get("/health").json()["recording"]["symbols"] == ["AAPL"]
    day = live[0]["data"]["timestamp"][:10]
    with app(tmp_path) as client:
        replay = {"day": day, "speed": 1000}
        played = []
        with client.websocket_connect(subscription(client, replay=replay)) as socket:
            while (message := socket.receive())["type"] != "websocket.close":
                played.append(json.loads(message["text"]))
        assert client.get("/health").json()["recording"] is None
    assert {m["data"]["source"] for m in played} == {"simulated"}

    def told(messages):
        names = ("timestamp", "sequence", "price", "size", "bid", "bid_size", "ask", "ask_size")
        return [[m["type"], *(m["data"].get(name) for name in names)] for m in messages]

    begin = told(played).index(told(live)[0])
    assert told(played)[begin : begin + len(live)] == told(live)


def test_a_kill_loses_no_tick_that_was_counted_as_stored(tmp_path, monkeypatch, launched):
    """SIGKILL, no farewell: all that /health called stored is in the store, whole."""
    monkeypatch.setenv("NAUTILUS_RECORD", "AAPL,MSFT")
    with launched(tmp_path, "--engines", "marketdata", "--no-warm") as server:
        with httpx.Client(base_url=server.url("marketdata")) as client:
            counted = {"stored": 0}
            while counted["stored"] < 20:
                counted = client.get("/health").json()["recording"]
        server.process.kill()
    with Store(tmp_path / "market") as opened:
        rows = [opened.read(kind) for kind in ("trades", "quotes")]
        assert sum(map(len, rows)) >= counted["stored"]
        assert opened.check().damaged == {}
    assert counted["dropped"] == counted["refused"] == 0


def test_what_is_on_its_way_to_the_disk_when_the_server_stops_arrives(tmp_path):
    """The recording ends in the middle of a flush."""

    async def scenario():
        broker = MemoryBroker(grace_seconds=5.0)
        begun, gate = asyncio.Event(), asyncio.Event()

        async def slow(function, *arguments):
            begun.set()
            await gate.wait()
            return await asyncio.to_thread(function, *arguments)

        async def stopping():
            async with recorded(
                broker.bus("marketdata"), MarketStore(tmp_path), ["A"], run=slow,
                draining=asyncio.Event(),
            ) as recording:  # fmt: skip
                for kind in ("trades", "quotes"):
                    data = trade(1).data | {"bid": 1.0, "ask": 2.0, "bid_size": 1.0, "ask_size": 1}
                    await broker.bus("x").publish(f"market.{kind}.A", data)
                await begun.wait()
                asyncio.get_running_loop().call_later(0.05, gate.set)
            return recording.status

        try:
            async with asyncio.timeout(30):
                return await stopping()
        finally:
            await broker.close()

    status = asyncio.run(scenario())
    assert (status.stored, status.waiting, status.refused) == (2, 0, 0)
    with Store(tmp_path) as store:
        assert [len(store.read(kind, ["A"])) for kind in ("trades", "quotes")] == [1, 1]


def test_what_is_no_tick_is_refused_alone(tmp_path):
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    times = ("soon", ahead, START.replace(tzinfo=None))
    bad = [trade(1, price=None), trade(1, price=-1.0), trade(1, price=math.nan)]
    bad += [trade(1, sequence=2**70), trade(1, sequence=math.inf)]
    bad += [trade(2 + n, timestamp=at) for n, at in enumerate(times)]
    recording = recorder(tmp_path)
    asyncio.run(heard(recording, [trade(0), *bad, trade(5, sequence=None), trade(6)]))
    status = recording.status
    assert (status.stored, status.refused, status.waiting) == (3, 8, 0)
    assert stored(tmp_path) == [10.0, 15.0, 16.0]


def test_a_message_that_comes_twice_is_stored_once(tmp_path):
    recording = recorder(tmp_path)
    asyncio.run(heard(recording, [trade(0), trade(1), trade(1)]))
    asyncio.run(heard(recording, [trade(1), trade(2)]))
    assert stored(tmp_path) == [10.0, 11.0, 12.0]


def test_while_the_disk_takes_none_ticks_wait_and_the_oldest_go_first(tmp_path):
    root = tmp_path / "store"
    root.write_text("a file where the folder should be")
    recording = recorder(root, most_waiting=10)
    asyncio.run(heard(recording, map(trade, range(8))))
    assert recording.status.problem is not None
    asyncio.run(heard(recording, map(trade, range(8, 13))))
    assert (recording.status.waiting, recording.status.dropped) == (10, 3)
    root.unlink()
    asyncio.run(recording.flush())
    assert recording.status.problem is None
    assert stored(root) == [10.0 + n for n in range(3, 13)]


def test_the_files_of_a_session_are_merged_at_its_end(tmp_path):
    async def session():
        recording = recorder(tmp_path)
        for n in range(5):
            await heard(recording, [trade(n)])
        await recording.close()

    asyncio.run(session())
    assert stored(tmp_path) == [10.0 + n for n in range(5)]
    with Store(tmp_path) as store:
        assert store.check().files == 1
