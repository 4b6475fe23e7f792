"""The WebSocket engine over real sockets: with prepared frames, and through another protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
from contextlib import asynccontextmanager

import httpx
import pytest
import websockets
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from nautilus.server.app import create_app
from nautilus.server.launcher import _server
from nautilus.server.platform import open_platform
from nautilus.server.websocket import client as client_module
from nautilus.server.websocket.protocol import FanOutProtocol

from ..conftest import PROVE

ALERT = "risk.alerts.p1"
PROTOCOLS = {"frames": FanOutProtocol, "text": "websockets-sansio"}


class Served:
    def __init__(self, platform, app, port):
        self.platform, self.app = platform, app
        self.http, self.ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/ws/stream"
        self.bus = platform.broker.bus("risk")

    @property
    def hub(self):
        return self.app.state.deps.own.hub

    async def alert(self, **data):
        await self.bus.publish(ALERT, data)

    async def post(self, path, body, **headers):
        async with httpx.AsyncClient() as client:
            return await client.post(self.http + path, json=body, headers=headers)

    async def get(self, path):
        async with httpx.AsyncClient() as client:
            return await client.get(self.http + path)


@asynccontextmanager
async def served(protocol):
    """The engine behind the launcher's own server, in this loop."""
    async with open_platform() as platform:
        app = create_app("websocket", platform=platform)
        listening = socket.create_server(("127.0.0.1", 0))
        started = asyncio.Event()
        server = _server(app, platform.settings, started)
        server.config.ws = PROTOCOLS[protocol]
        task = asyncio.create_task(server.serve([listening]))
        await started.wait()
        try:
            yield Served(platform, app, listening.getsockname()[1])
        finally:
            platform.draining.set()
            server.should_exit = True
            await task


@pytest.fixture(params=sorted(PROTOCOLS))
def over(request):
    def run(scenario):
        async def whole():
            async with asyncio.timeout(60), served(request.param) as server:
                return await scenario(server)

        return asyncio.run(whole())

    return run


async def say(ws, **message):
    await ws.send(json.dumps(message))


async def hear(ws, kind=None):
    """The next message, or the next of a kind."""
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), 10))
        if kind is None or message["type"] == kind:
            return message


async def subscribe(ws, *topics, **more):
    await say(ws, type="subscribe", topics=list(topics), **more)
    return await hear(ws, "subscribed")


def test_what_the_protocol_needs_of_uvicorn_is_there():
    """A newer uvicorn that renames one of these fails here, not in production."""
    for name in ("handle_connect", "pause_writing", "stop_keepalive", "send"):
        assert callable(getattr(WebSocketsSansIOProtocol, name))
    source = WebSocketsSansIOProtocol.__init__.__code__.co_names
    names = ("transport", "handshake_complete", "close_sent", "disconnected", "queue", "conn")
    for name in (*names, "read_paused", "close_timer"):
        assert name in source


def test_a_conversation(over):
    async def scenario(server):
        async with websockets.connect(server.ws + "?client_id=c1") as ws:
            reply = await subscribe(ws, "risk.alerts.*", ALERT, request_id="s")
            await server.alert(severity="HIGH")
            alert = await hear(ws, "risk_alert")
            await say(ws, type="ping", request_id=7)
            pong = await hear(ws, "pong")
            await say(ws, type="unsubscribe", topics=["risk.alerts.*", ALERT, "market.data.A"])
            left = await hear(ws, "unsubscribed")
            await server.alert(severity="LOW")
            await say(ws, type="ping")
            last = await hear(ws)
            return reply, alert, pong, left, last

    reply, alert, pong, left, last = over(scenario)
    assert reply["request_id"] == "s"
    assert reply["positions"][ALERT]["offset"] == 0
    assert alert["data"] == {"severity": "HIGH"}
    assert (alert["topic"], alert["offset"]) == (ALERT, 1)
    assert alert["epoch"] == reply["positions"][ALERT]["epoch"]
    assert pong["request_id"] == 7
    assert left["topics"] == ["risk.alerts.*", ALERT]
    assert last["type"] == "pong"  # nothing of what it left


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ("junk", "unknown_message", "JSON object"),
        ("[1]", "unknown_message", "JSON object"),
        ('{"type": "shout"}', "unknown_message", "must be one of subscribe"),
        ('{"type": "subscribe"}', "invalid_parameter", "1 to 1,000 topics"),
        ('{"type": "subscribe", "topics": [7]}', "invalid_parameter", "must be text"),
        ('{"type": "subscribe", "topics": ["risk.alertz.p"]}', "invalid_parameter", "no known"),
        ('{"type": "subscribe", "topics": ["risk.check.request"]}', "invalid_parameter", "engines"),
        ('{"type": "subscribe", "topics": ["m*rket.data.A"]}', "invalid_parameter", "token"),
        (
            '{"type": "subscribe", "topics": ["risk.alerts.p"], "filters": {"severitie": 1}}',
            "invalid_parameter",
            "Did you mean severity",
        ),
        ('{"type": "resume", "topics": {"risk.alerts.*": {}}}', "invalid_parameter", "offset"),
        (
            '{"type": "resume", "topics": {"risk.alerts.*": {"offset": 1, "epoch": "e"}}}',
            "invalid_parameter",
            "exact topics",
        ),
    ],
)
def test_a_wrong_message_is_told_what_is_right(over, message, code, text):
    async def scenario(server):
        async with websockets.connect(server.ws) as ws:
            await ws.send(message)
            return await hear(ws, "error")

    error = over(scenario)
    assert text in error["message"]
    assert error["code"] in (code, "parameter_error", "invalid_value", "unknown_message")


def test_ten_bad_messages_end_it(over):
    async def scenario(server):
        async with websockets.connect(server.ws) as ws:
            for _ in range(10):
                await ws.send("junk")
            with contextlib.suppress(websockets.ConnectionClosed):
                async for _ in ws:  # the errors, until it is closed
                    pass
            return ws.close_code

    assert over(scenario) == 1008


def test_an_announced_client_has_its_filters_and_its_ticket_is_of_one_use(over):
    async def scenario(server):
        body = {
            "client_id": "client_001",
            "connection_type": "trading_dashboard",
            "subscriptions": [{"topic": "risk.alerts.*", "filter": {"severity": ["HIGH"]}}],
            "rate_limit": {"messages_per_second": 100, "burst_limit": 200},
        }
        announced = (await server.post("/websocket/connections", body)).json()["data"]
        async with websockets.connect(announced["websocket_url"]) as ws:
            await hear(ws, "subscribed")
            await server.alert(severity="LOW")
            await server.alert(severity="HIGH")
            alert = await hear(ws, "risk_alert")
            listed = (await server.get("/websocket/connections")).json()["data"]
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with websockets.connect(announced["websocket_url"]):
                pass
        health = (await server.get("/health")).json()
        return announced, alert, listed, refused.value.response, health

    announced, alert, listed, refused, health = over(scenario)
    assert announced["rate_limits"]["messages_per_second"] == 100
    assert alert["offset"] == 2
    assert listed["connections_per_type"]["trading_dashboard"] == 1
    assert sum(listed["connections_per_type"].values()) == listed["total_connections"] == 1
    assert refused.status_code == 403
    assert "unknown_connection" in refused.body.decode()
    assert health["connection_success_rate"] == 0.5


def test_subscriptions_of_a_client_that_is_away_wait_for_it(over):
    async def scenario(server):
        wanted = {"topic": ALERT, "filters": {"severity": "HIGH", "update_frequency": "1s"}}
        body = {"client_id": "away", "action": "subscribe", "subscriptions": [wanted]}
        pending = (await server.post("/websocket/subscriptions", body)).json()["data"]
        async with websockets.connect(server.ws + "?client_id=away") as ws:
            await hear(ws, "subscribed")
            active = (await server.post("/websocket/subscriptions", body)).json()["data"]
            await server.alert(severity="HIGH")
            await hear(ws, "risk_alert")
            body["action"] = "unsubscribe"
            removed = (await server.post("/websocket/subscriptions", body)).json()["data"]
        return pending, active, removed

    pending, active, removed = over(scenario)
    assert pending["subscription_details"][0]["status"] == "pending"
    assert pending["subscription_details"][0]["message_rate"] == "1/second"
    assert active["subscription_details"][0]["status"] == "active"
    assert (active["active_subscriptions"], removed["active_subscriptions"]) == (1, 0)
    assert removed["subscriptions_removed"] == 1


def test_a_broadcast_reaches_its_audience_once(over):
    async def scenario(server):
        body = {
            "topic": "system.alert.maintenance",
            "message": {"type": "system_alert", "severity": "INFO", "title": "Soon"},
            "target_clients": {"exclude_clients": ["out"]},
        }
        urls = [server.ws + f"?client_id={name}" for name in ("in", "out")]
        async with websockets.connect(urls[0]) as ws, websockets.connect(urls[1]) as out:
            first = await server.post("/websocket/broadcast", body, **{"idempotency-key": "k"})
            again = await server.post("/websocket/broadcast", body, **{"idempotency-key": "k"})
            heard = await hear(ws, "system_alert")
            for one in (ws, out):
                await say(one, type="ping")
            silent = [(await hear(one))["type"] for one in (ws, out)]
            body["message"]["expires_at"] = "2020-01-01T00:00:00Z"
            late = (await server.post("/websocket/broadcast", body)).json()
            wrong = await server.post("/websocket/broadcast", {**body, "topic": "risk.check.x"})
        return first.json()["data"], again, heard, silent, late, wrong.status_code

    first, again, heard, silent, late, wrong = over(scenario)
    assert (first["clients_targeted"], first["messages_sent"], first["delivery_rate"]) == (
        1,
        1,
        1.0,
    )
    assert again.headers["idempotency-replayed"] == "true"
    assert heard["data"] == {"severity": "INFO", "title": "Soon"}
    assert silent == ["pong", "pong"]
    assert late["data"]["clients_targeted"] == 0
    assert late["metadata"]["warnings"][0]["code"] == "EXPIRED"
    assert wrong == 422


def test_a_connection_can_be_closed_by_its_id(over):
    async def scenario(server):
        async with websockets.connect(server.ws) as ws, httpx.AsyncClient() as client:
            await subscribe(ws, ALERT)
            listed = (await server.get("/websocket/connections")).json()["data"]
            place = f"{server.http}/websocket/connections/"
            closed = await client.delete(place + listed["connections"][0]["connection_id"])
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(ws.recv(), 10)
            missing = await client.delete(place + "conn_nobody")
            return closed.status_code, ws.close_code, missing.status_code

    assert over(scenario) == (200, 1000, 404)


def test_one_client_that_never_reads_harms_nobody(over, monkeypatch):
    """It is sent away; the others get every alert in order."""
    monkeypatch.setattr(client_module, "HARD_BYTES", 256 * 1024)
    count, readers = (2000, 50) if PROVE else (300, 10)
    text = "x" * 40_000  # more than the system buffers

    async def scenario(server):
        slow = await _deaf(server)
        clients = [await websockets.connect(server.ws) for _ in range(readers)]
        for ws in clients:
            await subscribe(ws, ALERT)
        hearing = [asyncio.create_task(_count(ws, count)) for ws in clients]
        for number in range(count):
            await server.alert(number=number, text=text)
            await asyncio.sleep(0)
        heard = await asyncio.gather(*hearing)
        gone = server.hub.told.slow_disconnects
        for ws in clients:
            await ws.close()
        slow.close()
        return heard, gone

    heard, gone = over(scenario)
    assert all(numbers == list(range(count)) for numbers in heard)
    assert gone == 1


async def _deaf(server):
    """A socket that subscribes and never reads again."""
    host, port = server.http.removeprefix("http://").split(":")
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(one, (host, int(port)))
    await loop.sock_sendall(
        one,
        (
            f"GET /ws/stream HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        ).encode(),
    )
    await loop.sock_recv(one, 1024)
    payload = json.dumps({"type": "subscribe", "topics": [ALERT]}).encode()
    await loop.sock_sendall(one, bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
    while not server.hub.listeners(ALERT):
        await asyncio.sleep(0.005)
    return one


async def _count(ws, count):
    numbers = []
    while len(numbers) < count:
        message = json.loads(await ws.recv())
        if message["type"] == "risk_alert":
            numbers.append(message["data"]["number"])
    return numbers


def test_who_comes_back_misses_nothing(over):
    """Connections break off at random; offset and epoch bring back what was missed, once."""
    disconnects = 1000 if PROVE else 30
    chance = random.Random(1)

    async def scenario(server):
        seen, position = [], None
        for turn in range(disconnects + 1):
            for _ in range(chance.randrange(5)):  # while nobody listens
                await server.alert(turn=turn)
            async with websockets.connect(server.ws, max_queue=None) as ws:
                if position is None:
                    position = (await subscribe(ws, ALERT))["positions"][ALERT]
                    first = position["offset"]
                else:
                    await say(ws, type="resume", topics={ALERT: position})
                    await server.alert(turn=turn)  # while it resumes
                    resumed = await hear(ws, "resumed")
                    assert resumed["topics"][ALERT]["recovered"] is True
                for _ in range(chance.randrange(5)):
                    await server.alert(turn=turn)
                last = server.hub.logs.position(ALERT)["offset"]
                missing = last - position["offset"]
                wanted = missing if turn == disconnects else chance.randrange(missing + 1)
                for _ in range(wanted):
                    message = await hear(ws, "risk_alert")
                    seen.append(message["offset"])
                    position = {"offset": message["offset"], "epoch": message["epoch"]}
                if chance.random() < 0.5:
                    ws.transport.abort()
        return first, position["offset"], seen

    first, last, seen = over(scenario)
    assert seen == list(range(first + 1, last + 1))


def test_draining_sends_everybody_away_to_come_back(over):
    async def scenario(server):
        async with websockets.connect(server.ws) as ws:
            await subscribe(ws, ALERT)
            server.platform.draining.set()
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(ws.recv(), 10)
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with websockets.connect(server.ws):
                    pass
            return ws.close_code, refused.value.response.status_code

    assert over(scenario) == (1012, 503)


def test_statistics_are_null_with_a_reason_before_anything_happened(over):
    async def scenario(server):
        return (await server.get("/websocket/stats")).json()

    reply = over(scenario)
    assert reply["data"]["performance_stats"]["avg_latency_ms"] is None
    fields = {warning["field"] for warning in reply["metadata"]["warnings"]}
    assert "performance_stats.p99_latency_ms" in fields
    assert "performance_stats.connection_success_rate" in fields
