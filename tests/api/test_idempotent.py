from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from nautilus.core.errors import DataError
from nautilus.server import Settings, open_platform
from nautilus.server.bus.deadlines import Limits
from nautilus.server.http_errors import install
from nautilus.server.idempotent import IDEMPOTENT
from nautilus.server.metrics import EngineMetrics
from nautilus.server.registry import engine_row
from nautilus.server.routing import engine_router

KEY = {"Idempotency-Key": "k-1"}
TYPED = KEY | {"Content-Type": "application/json"}


class Order(BaseModel):
    quantity: float


class Desk:
    """Endpoints that count how often they were carried out."""

    def __init__(self) -> None:
        self.done = 0
        self.gate: asyncio.Event | None = None
        self.started = asyncio.Event()

    def router(self) -> APIRouter:
        router = engine_router("strategy")

        @router.post("/deploy/{name}", operation_id="deploy", dependencies=[IDEMPOTENT])
        async def deploy(name: str, body: Order) -> dict[str, float]:
            self.done += 1
            self.started.set()
            if self.gate is not None:
                await self.gate.wait()
            if body.quantity < 0:
                raise DataError("`quantity` must be positive.", field="quantity")
            if body.quantity == 0:
                raise ZeroDivisionError
            return {"done": self.done}

        @router.post("/plain", operation_id="plain")
        async def plain(body: Order) -> dict[str, float]:
            self.done += 1
            return {"done": self.done}

        return router


@pytest.fixture
def asked(tmp_path):
    """Run a scenario of (client, desk, platform)."""

    @asynccontextmanager
    async def opened():
        settings = Settings(database=str(tmp_path / "state.db"), demo=False)
        async with open_platform(settings) as platform:
            app, desk = FastAPI(), Desk()
            install(app)
            app.include_router(desk.router())
            app.state.settings, app.state.limits = settings, Limits()
            app.state.metrics = EngineMetrics(engine_row("strategy"))
            app.state.deps = type("Deps", (), {"platform": platform})()
            transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
                yield client, desk, platform

    def run(scenario):
        async def whole():
            async with opened() as parts:
                return await scenario(*parts)

        return asyncio.run(whole())

    return run


def test_a_repeated_request_is_carried_out_once_and_answered_alike(asked):
    async def scenario(client, desk, _):
        first = await client.post("/deploy/a", json={"quantity": 1.0}, headers=KEY)
        again = await client.post("/deploy/a", content=b'{ "quantity": 1.0 }', headers=TYPED)
        return first, again, desk.done

    first, again, done = asked(scenario)
    assert (first.status_code, first.json(), done) == (200, {"done": 1}, 1)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers


def test_without_a_key_nothing_changes(asked):
    async def scenario(client, desk, _):
        for _ in range(2):
            await client.post("/deploy/a", json={"quantity": 1.0})
            await client.post("/plain", json={"quantity": 1.0}, headers=KEY)
        return desk.done

    assert asked(scenario) == 4


@pytest.mark.parametrize(
    ("path", "quantity"), [("/deploy/a", 2.0), ("/deploy/b", 1.0), ("/deploy/a?dry=1", 1.0)]
)
def test_a_key_of_another_request_is_refused(asked, path, quantity):
    async def scenario(client, desk, _):
        await client.post("/deploy/a", json={"quantity": 1.0}, headers=KEY)
        return await client.post(path, json={"quantity": quantity}, headers=KEY), desk.done

    reply, done = asked(scenario)
    assert (reply.status_code, done) == (422, 1)
    assert reply.json()["errors"][0]["code"] == "idempotency_key_reused"


def test_while_the_first_runs_the_second_is_told_to_wait(asked):
    async def scenario(client, desk, _):
        desk.gate = asyncio.Event()
        first = asyncio.create_task(client.post("/deploy/a", json={"quantity": 1.0}, headers=KEY))
        await asyncio.wait_for(desk.started.wait(), 5)
        second = await client.post("/deploy/a", json={"quantity": 1.0}, headers=KEY)
        desk.gate.set()
        return (await first).status_code, second, desk.done

    first, second, done = asked(scenario)
    assert (first, second.status_code, done) == (200, 409, 1)
    assert second.headers["retry-after"] == "1"
    assert second.json()["errors"][0]["code"] == "request_in_progress"


@pytest.mark.parametrize(("quantity", "status"), [(-1.0, 422), (0.0, 500)])
def test_a_request_that_failed_may_be_sent_again(asked, quantity, status):
    async def scenario(client, desk, _):
        replies = [
            await client.post("/deploy/a", json={"quantity": quantity}, headers=KEY)
            for _ in range(2)
        ]
        return [reply.status_code for reply in replies], desk.done

    assert asked(scenario) == ([status, status], 2)


def test_keys_of_another_subject_are_others(asked):
    async def scenario(client, desk, platform):
        for subject in ("ann", "bob", "ann"):
            platform.subject = lambda subject=subject: subject
            await client.post("/deploy/a", json={"quantity": 1.0}, headers=KEY)
        return desk.done

    assert asked(scenario) == 2


def test_a_body_that_is_no_json_is_answered_as_always(asked):
    async def scenario(client, desk, _):
        return await client.post("/deploy/a", content=b"{", headers=TYPED), desk.done

    reply, done = asked(scenario)
    assert (reply.status_code, done) == (400, 0)


@pytest.mark.parametrize("key", ["", "x" * 201, "a b"])
def test_a_key_is_checked(asked, key):
    async def scenario(client, desk, _):
        headers = {"Idempotency-Key": key}
        return await client.post("/deploy/a", json={"quantity": 1.0}, headers=headers), desk.done

    reply, done = asked(scenario)
    assert (reply.status_code, done) == (422, 0)
    assert reply.json()["errors"][0]["field"] == "Idempotency-Key"


def test_the_document_shows_the_header():
    app = FastAPI()
    app.include_router(Desk().router())
    parameters = app.openapi()["paths"]["/deploy/{name}"]["post"]["parameters"]
    assert [one["name"] for one in parameters] == ["name", "Idempotency-Key"]
