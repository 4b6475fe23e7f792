from __future__ import annotations

import asyncio
import json
import platform
import threading

import pytest
from starlette.testclient import TestClient

import nautilus
from nautilus.server import ENGINES, create_app
from nautilus.server.reachable import Reachable

NAMES = list(ENGINES)
OWN_TABLE = {
    "risk": "LIMIT_TYPES",
    "factors": "DATA_SOURCES",
    "ml": "MODEL_TYPES",
    "features": "TECHNICAL_INDICATORS",
    "websocket": "TOPIC_CATEGORIES",
    "strategy": "PIPELINE_STAGES",
    "marketdata": "DATA_SOURCES_marketdata",
    "portfolio": "OPTIMIZATION_METHODS",
}


@pytest.mark.parametrize("name", NAMES)
def test_health_is_bare_and_the_same_under_every_spelling(clients, name):
    shapes = [clients[name].get(f"{p}/health").json().keys() for p in ("", *ENGINES[name].paths)]
    assert all(shape == shapes[0] for shape in shapes)
    body = clients[name].get("/health").json()
    assert (body["status"], body["version"]) == ("healthy", "1.0.0")
    assert body["messagebus_connected"] is True
    assert body["problems"] == []
    assert body["uptime_seconds"] > 0
    assert "metadata" not in body


def test_health_counts_what_happened_and_says_null_where_nothing_did(clients):
    client = clients["factors"]
    assert client.get("/health").json()["avg_calculation_time_ms"] is None
    assert client.get("/health").json()["factors_calculated_today"] == 0
    assert clients["factors"].get("/health").json()["data_sources_connected"]["fred"] is False


@pytest.mark.parametrize("name", NAMES)
def test_info_serves_the_documented_tables(clients, constants, name):
    tables = dict(clients[name].get("/info").json()["data"]["constants"])
    patterns = tables.pop("COORDINATION_PATTERNS")
    assert patterns == constants["tables"]["COORDINATION_PATTERNS"]
    if name in OWN_TABLE:
        table = OWN_TABLE[name]
        assert tables == {table.removesuffix("_marketdata"): constants["tables"][table]}
        served = tables[table.removesuffix("_marketdata")]
        assert json.dumps(served) == json.dumps(constants["tables"][table])  # the order too
    else:
        assert tables == {}


def test_info_lists_operations_with_schemas_that_stand_alone(clients):
    for client in clients.values():
        data = client.get("/info").json()["data"]
        names = [o["operation"] for o in data["operations"]]
        assert len(names) == len(set(names)) > 0
        for operation in data["operations"]:
            schema = operation["parameters"]
            assert schema["type"] == "object"
            assert set(schema["required"]) <= schema["properties"].keys()
            assert "#/components/" not in json.dumps(schema)
            assert operation["built"] is (operation["operation"] not in data["not_built"])
        assert data["api_version"] == "1.0.0"
        assert data["limits"]["max_body_bytes"] == 10 * 1024 * 1024
        assert "fraction" in data["units"]["change_percent"]


def test_status_tells_versions_work_queue_and_bus(risk):
    data = risk.get("/risk/status").json()["data"]
    assert data["versions"] == {
        "api": "1.0.0",
        "library": nautilus.__version__,
        "python": platform.python_version(),
    }
    assert data["requests"]["active"] == 1
    assert data["requests"]["total"] >= 0
    assert data["cpu"]["running"] == 0
    assert data["messagebus"]["kind"] == "memory"
    assert data["database_connected"] is True
    assert data["draining"] is False


def test_live_and_ready_are_bare(risk):
    assert risk.get("/live").json() == {"status": "alive"}
    ready = risk.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"


def test_ready_is_503_while_draining_and_live_is_not(clients):
    client = clients["strategy"]
    draining = client.app.state.deps.draining
    draining.set()
    try:
        assert client.get("/ready").status_code == 503
        assert client.get("/ready").json()["draining"] is True
        assert client.get("/live").status_code == 200
        assert client.get("/strategy/status").json()["data"]["draining"] is True
    finally:
        draining.clear()
    assert client.get("/ready").status_code == 200


def test_an_engine_that_could_not_start_says_so_and_answers(clients):
    client = clients["strategy"]
    problems = client.app.state.deps.problems
    problems.append("The engine could not start: OSError.")
    try:
        health = client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert health.json()["problems"] == ["The engine could not start: OSError."]
        assert client.get("/ready").status_code == 503
        assert client.get("/info").status_code == 200
    finally:
        problems.clear()


def test_nothing_is_served_that_loads_from_another_host(clients):
    for client in clients.values():
        for path in ("/docs", "/redoc"):
            reply = client.get(path)
            assert reply.status_code == 404 or "//" not in reply.text.replace(
                "http://www.w3.org", ""
            )
        assert "://" not in client.get("/openapi.json").text


def test_a_stuck_database_makes_health_say_so_and_not_wait():
    gate = threading.Event()

    async def stuck(deps) -> list[asyncio.Task]:
        reads = [asyncio.create_task(deps.platform.database.read(held)) for _ in range(2)]
        while deps.platform.database.waiting < 2:
            await asyncio.sleep(0)
        return reads

    def held(connection) -> None:
        gate.wait(20)

    with TestClient(create_app("risk")) as client:
        deps = client.app.state.deps
        client.portal.call(stuck, deps)
        bodies = [client.get("/health") for _ in range(2)]
        ready, live = client.get("/ready"), client.get("/live")
        gate.set()
        assert {reply.status_code for reply in bodies} == {200}
        assert {reply.json()["status"] for reply in bodies} == {"degraded"}
        assert bodies[0].json()["problems"] == ["The database does not answer."]
        assert (ready.status_code, ready.json()["database_connected"]) == (503, False)
        assert live.status_code == 200
        assert client.portal.call(deps.platform.stored.now)


def test_a_stuck_thing_is_asked_once():
    asked, gate = [], asyncio.Event()

    async def slowly() -> bool:
        asked.append(1)
        await gate.wait()
        return True

    async def check() -> None:
        reachable = Reachable(slowly, seconds=0.01)
        assert await asyncio.gather(*(reachable.now() for _ in range(5))) == [False] * 5
        assert not await reachable.now()
        assert len(asked) == 1
        gate.set()
        assert await Reachable(slowly, seconds=20).now()
        assert await reachable.now()

    asyncio.run(check())
