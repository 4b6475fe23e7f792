"""Processor time of a request through all layers, against a bare FastAPI endpoint.

Run: python benchmarks/http_overhead.py

Both make the same domain call with the same body, in process and without sockets: what is left is
routing, validation, request id, metrics, envelope, access log and token. Rounds alternate; the
ratio is the median over the rounds.
"""

from __future__ import annotations

import contextlib
import logging
import statistics
import time
from typing import Any

import orjson
from fastapi import FastAPI, Response

from nautilus.accounting import Position
from nautilus.analytics import portfolio_pnl
from nautilus.server.app import create_app
from nautilus.server.bus.matching import TopicTrie
from nautilus.server.bus.topics import check_pattern
from nautilus.server.deps import Deps
from nautilus.server.envelope import answer
from nautilus.server.logs import log_to_stderr
from nautilus.server.platform import open_platform
from nautilus.server.routing import engine_router
from nautilus.server.schemas.bases import Body, Envelope, Finite, Many, Number, Symbol, View
from nautilus.server.settings import Settings
from nautilus.server.tokens import minted_token

SECRET = "a secret of thirty-two bytes or more"
ROUNDS, REQUESTS = 9, 1000


class Row(Body):
    symbol: Symbol
    quantity: Finite
    price: Finite
    cost: Finite


class Request(Body):
    positions: Many[Row]


class Out(View):
    total_pnl: Number
    market_value: Number
    cost_basis: Number


Reply = Envelope[Out]


def domain_call(body: Request) -> Any:
    rows = [Position(p.symbol, p.quantity, p.price, average_cost=p.cost) for p in body.positions]
    return portfolio_pnl(rows)


router = engine_router("probe")


@router.post("/probe", operation_id="portfolio_pnl_probe")
async def probe(body: Request, deps: Deps) -> Reply:
    return answer(Reply, domain_call(body), function="nautilus.analytics.portfolio_pnl")


bare = FastAPI()


@bare.post("/analytics/probe")
async def bare_probe(body: Request) -> Response:
    found = domain_call(body)
    data = {name: getattr(found, name) for name in ("total_pnl", "market_value", "cost_basis")}
    return Response(orjson.dumps({"success": True, "data": data}), media_type="application/json")


PAYLOAD = orjson.dumps(
    {
        "positions": [
            {"symbol": "AAPL", "quantity": 100, "price": 155.0, "cost": 150.0},
            {"symbol": "MSFT", "quantity": 10, "price": 400.0, "cost": 390.0},
        ]
    }
)
HEADERS = [
    (b"host", b"127.0.0.1:8100"),
    (b"content-type", b"application/json"),
    (b"content-length", str(len(PAYLOAD)).encode()),
    (b"accept", b"*/*"),
]


async def asked(app: Any, more: list[tuple[bytes, bytes]]) -> int:
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": PAYLOAD, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "server": ("127.0.0.1", 8100),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "path": "/analytics/probe",
        "raw_path": b"/analytics/probe",
        "query_string": b"",
        "headers": [*HEADERS, *more],
        "state": {},
    }
    await app(scope, receive, send)
    return status


async def microseconds(app: Any, more: list[tuple[bytes, bytes]]) -> float:
    began = time.process_time()
    for _ in range(REQUESTS):
        await asked(app, more)
    return (time.process_time() - began) / REQUESTS * 1e6


async def row(name: str, settings: Settings | None, more: list[tuple[bytes, bytes]]) -> None:
    async with open_platform(settings) as platform:
        app = create_app("analytics", platform=platform)
        app.include_router(router, prefix="/analytics")
        async with app.router.lifespan_context(app):
            assert await asked(app, more) == await asked(bare, []) == 200
            await microseconds(app, more)
            pairs = [
                (await microseconds(app, more), await microseconds(bare, [])) for _ in range(ROUNDS)
            ]
    ours, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{name:34s} {ours:10.0f} {theirs:10.0f} {ratio:8.2f}")


def topics() -> None:
    trie: TopicTrie[int] = TopicTrie()
    for number in range(18_000):
        trie.add(f"market.data.S{number}", number)
    for number in range(1_000):
        trie.add(f"risk.*.p{number}" if number % 2 else "market.data.*", number)
    names = [f"market.quotes.S{number}" for number in range(3_000)]
    for title in ("not seen before", "seen before"):
        began = time.perf_counter()
        for name in names:
            trie.match(name)
        print(f"{title:34s} {(time.perf_counter() - began) / len(names) * 1e6:10.2f} us a topic")
    hostile = ".".join(["*" * 24] * 8)
    began = time.perf_counter()
    with contextlib.suppress(ValueError):
        check_pattern(hostile)
    print(f"{'hostile pattern refused':34s} {(time.perf_counter() - began) * 1e6:10.0f} us")


async def main(folder: str) -> None:
    print(f"{'one request, us of processor time':34s} {'ours':>10s} {'bare':>10s} {'ratio':>8s}")
    await row("no token, no access log", None, [])
    secured = Settings(database=f"{folder}/a.db", auth_secret=SECRET)
    token = minted_token(secured, "alice", ("read", "write"), seconds=3600.0)
    bearer = [(b"authorization", f"Bearer {token}".encode())]
    await row("token", secured, bearer)
    with open("/dev/null", "w") as sink:
        log_to_stderr("INFO", "json")
        for handler in logging.getLogger().handlers:
            handler.setStream(sink)  # type: ignore[attr-defined]
        await row(
            "token, access log", Settings(database=f"{folder}/b.db", auth_secret=SECRET), bearer
        )
    print()
    print("topics against 18,000 exact patterns and 1,000 with a wildcard")
    topics()


if __name__ == "__main__":
    import tempfile

    import uvloop

    with tempfile.TemporaryDirectory() as place:
        uvloop.run(main(place))
