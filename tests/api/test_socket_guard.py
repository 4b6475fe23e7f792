"""WebSockets and streams of a server that asks for tokens, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import asynccontextmanager, suppress

import httpx
import jwt
import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from fastapi.sse import EventSourceResponse
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

import nautilus.server.socket_guard as socket_guard
from nautilus.server import Settings
from nautilus.server.auth import authenticator_of
from nautilus.server.boundary import Boundary
from nautilus.server.guard import Guard
from nautilus.server.identity import Identity, current_identity, current_subject
from nautilus.server.metrics import EngineMetrics
from nautilus.server.registry import engine_row
from nautilus.server.route_table import RouteTable
from nautilus.server.socket_guard import SocketGuard
from nautilus.server.tickets import SCOPE_KEY, Tickets
from nautilus.server.tokens import minted_token

SETTINGS = Settings(auth_secret="a secret of 32 bytes, for the tests", auth_leeway_seconds=1)


class Server:
    """One engine with a socket that echoes and a stream that never ends."""

    def __init__(self) -> None:
        self.tickets = Tickets()
        self.opened: list[str | None] = []
        app, row = FastAPI(openapi_url=None), engine_row("websocket")

        @app.websocket("/ws/echo")
        async def echo(client: WebSocket) -> None:
            self.opened.append(current_subject())
            await client.accept()
            ticket = client.scope.get(SCOPE_KEY)
            await client.send_json(
                {"subject": current_subject(), "ticket": ticket and ticket.payload}
            )
            while True:
                await client.send_text(await client.receive_text())

        @app.websocket("/ws/pnl/{portfolio_id}")
        async def pnl(client: WebSocket, portfolio_id: str) -> None:
            await client.accept()
            await client.close()

        @app.websocket("/ws/talk")
        async def talk(client: WebSocket) -> None:
            await client.accept()
            while True:
                await client.send_text("tick")
                await asyncio.sleep(0)

        @app.get("/events", response_class=EventSourceResponse)
        async def events():
            yield {"subject": current_subject()}
            await asyncio.Event().wait()

        async def nothing(*_: object) -> None:
            """Only its path counts."""

        routes = RouteTable(
            [
                ("", WebSocketRoute("/ws/pnl/{portfolio_id}", nothing)),
                ("", Route("/events", nothing, methods=["GET"])),
            ]
        )
        authenticator = authenticator_of(SETTINGS)
        assert authenticator is not None
        guard = Guard(authenticator, row, routes)
        self.app = Boundary(
            app,
            engine=row.name,
            metrics=EngineMetrics(row),
            max_body_bytes=1000,
            request_seconds=0.2,
            guard=guard,
            sockets=SocketGuard(guard, lambda: self.tickets),
        )
        self.port = 0

    def url(self, path: str, scheme: str = "ws") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def running():
    server = Server()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]
        config = uvicorn.Config(server.app, lifespan="off", log_config=None, access_log=False)
        serving = uvicorn.Server(config)
        task = asyncio.create_task(serving.serve([listening]))
        while not serving.started:
            await asyncio.sleep(0)
        try:
            yield server
        finally:
            serving.should_exit = True
            await task


def token(*scopes, **options):
    return minted_token(SETTINGS, "alice", scopes or ("read",), seconds=60, **options)


def short(ends: float) -> str:
    """A token that ends so many seconds from now, to the fraction."""
    exp = time.time() + ends - SETTINGS.auth_leeway_seconds
    claims = {"sub": "alice", "iss": "nautilus", "aud": "nautilus", "iat": 1, "exp": exp}
    return jwt.encode({**claims, "scope": "read"}, "a secret of 32 bytes, for the tests")


def bearer(made):
    return {"Authorization": f"Bearer {made}"}


def run(scenario):
    async def within() -> None:
        async with asyncio.timeout(20), running() as server:
            await scenario(server)

    asyncio.run(within())


async def status_of(url, **options):
    with pytest.raises(InvalidStatus) as caught:
        async with connect(url, **options):
            raise AssertionError("it was accepted")
    response = caught.value.response
    return response.status_code, json.loads(response.body)["errors"][0]["code"]


async def closed_by(client):
    with suppress(ConnectionClosedError):
        async for _ in client:
            assert client.close_code is None
    return client.close_code, client.close_reason


def test_a_handshake_is_refused_by_a_status_before_the_app_hears_of_it():
    async def scenario(server):
        assert await status_of(server.url("/ws/echo")) == (401, "missing_token")
        forged = bearer("a.b.c")
        refused = await status_of(server.url("/ws/echo"), additional_headers=forged)
        assert refused == (401, "invalid_token")
        other = bearer(token("risk:trade"))
        refused = await status_of(server.url("/ws/echo"), additional_headers=other)
        assert refused == (403, "forbidden_scope")
        assert server.opened == []

    run(scenario)


def test_a_token_comes_in_a_header():
    async def scenario(server):
        async with connect(server.url("/ws/echo"), additional_headers=bearer(token())) as client:
            assert json.loads(await client.recv()) == {"subject": "alice", "ticket": None}
            await client.send("hello")
            assert await client.recv() == "hello"

    run(scenario)


def test_a_token_comes_as_a_subprotocol_and_is_not_sent_back():
    async def scenario(server):
        offered = ["nautilus.v1", f"nautilus.bearer.{token()}"]
        async with connect(server.url("/ws/echo"), subprotocols=offered) as client:
            assert json.loads(await client.recv())["subject"] == "alice"
            assert client.subprotocol == "nautilus.v1"
        two = [f"nautilus.bearer.{token()}", f"nautilus.bearer.{token('write')}"]
        refused = await status_of(server.url("/ws/echo"), subprotocols=two)
        assert refused == (401, "invalid_token")

    run(scenario)


def test_a_token_comes_as_the_first_message():
    async def scenario(server):
        async with connect(server.url("/ws/echo?auth=message")) as client:
            assert server.opened == []
            await client.send(json.dumps({"type": "auth", "token": token()}))
            told = json.loads(await client.recv())
            assert (told["type"], told["subject"]) == ("authenticated", "alice")
            assert 0 < told["expires_in_seconds"] <= 61
            assert json.loads(await client.recv())["subject"] == "alice"

    run(scenario)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("hello", 4401),
        ("{", 4401),
        ("[]", 4401),
        (json.dumps({"type": "subscribe", "topic": "portfolio.>"}), 4401),
        (json.dumps({"type": "auth", "token": 1}), 4401),
        (json.dumps({"type": "auth", "token": "a.b.c"}), 4401),
        (json.dumps({"type": "auth", "token": "x" * 20_000}), 4401),
        (b"\xff\x00", 4401),
        (lambda: json.dumps({"type": "auth", "token": token("risk:trade")}), 4403),
    ],
)
def test_another_first_message_ends_the_connection(first, expected):
    async def scenario(server):
        async with connect(server.url("/ws/echo?auth=message")) as client:
            await client.send(first() if callable(first) else first)  # a token made now, not before
            assert (await closed_by(client))[0] == expected
        assert server.opened == []

    run(scenario)


def test_silence_instead_of_a_token_ends_the_connection(monkeypatch):
    monkeypatch.setattr(socket_guard, "FIRST_MESSAGE_SECONDS", 0.05)

    async def scenario(server):
        async with connect(server.url("/ws/echo?auth=message")) as client:
            assert (await closed_by(client))[0] == 4401
        assert server.opened == []

    run(scenario)


def test_connections_that_send_no_token_are_bounded(monkeypatch):
    monkeypatch.setattr(socket_guard, "MOST_WAITING", 2)

    async def scenario(server):
        url = server.url("/ws/echo?auth=message")
        async with connect(url), connect(url):
            assert await status_of(url) == (503, "busy")
        async with connect(url) as client:  # the places are free again
            await client.send(json.dumps({"type": "auth", "token": token()}))
            assert json.loads(await client.recv())["type"] == "authenticated"

    run(scenario)


def test_a_ticket_takes_the_place_of_a_token_once():
    async def scenario(server):
        alice = Identity("alice", frozenset({"read"}), None, time.time() + 60)
        ticket = server.tickets.issue(alice, "payload")
        async with connect(server.url(f"/ws/echo?conn_id={ticket}")) as client:
            assert json.loads(await client.recv()) == {"subject": "alice", "ticket": "payload"}
        refused = await status_of(server.url(f"/ws/echo?conn_id={ticket}"))
        assert refused == (401, "missing_token")
        for useless in (None, Identity("alice", frozenset({"read"}), None, time.time() - 1)):
            ticket = server.tickets.issue(useless, "payload")
            refused = await status_of(server.url(f"/ws/echo?conn_id={ticket}"))
            assert refused == (401, "missing_token")

    run(scenario)


def test_a_socket_of_another_portfolio_is_refused():
    async def scenario(server):
        headers = bearer(token("read", portfolios=["p1"]))
        async with connect(server.url("/ws/pnl/p1"), additional_headers=headers) as client:
            assert (await closed_by(client))[0] == 1000
        refused = await status_of(server.url("/ws/pnl/p2"), additional_headers=headers)
        assert refused == (403, "forbidden_portfolio")

    run(scenario)


@pytest.mark.parametrize("path", ["/ws/echo", "/ws/talk"])
def test_a_connection_ends_with_its_token(path):
    async def scenario(server):
        headers = bearer(short(1.1))
        async with connect(server.url(path), additional_headers=headers) as client:
            assert await closed_by(client) == (4401, "the token has expired")

    run(scenario)


def test_a_stream_outlives_the_deadline_of_requests_and_ends_with_its_token():
    async def scenario(server):
        started = time.monotonic()
        async with httpx.AsyncClient(trust_env=False) as client:  # raises if it breaks off
            reply = await client.get(server.url("/events", "http"), headers=bearer(short(1.1)))
        assert time.monotonic() - started > 0.2
        assert '{"subject": "alice"}' in reply.text
        assert reply.headers["cache-control"] == "no-store"

    run(scenario)


def test_nobody_is_known_outside_of_a_request():
    assert current_identity() is None
