"""The table of paths: it answers as FastAPI does, and leaves to it what it does not hold."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from nautilus.server.app import create_app
from nautilus.server.dispatch import Dispatch, _FastRoute
from nautilus.server.registry import ENGINES

POSITION = {"symbol": "AAPL", "quantity": 100, "avg_cost": 150.0, "current_price": 155.0}
GOOD = {"positions": [POSITION]}
BODIES = {
    "good": json.dumps(GOOD),
    "nothing": "",
    "null": "null",
    "malformed": '{"positions": [',
    "not finite": '{"positions": [{"symbol": "AAPL", "quantity": NaN}]}',
    "wrong": json.dumps({"positions": [{**POSITION, "quantity": "many"}]}),
    "unknown": json.dumps({**GOOD, "colour": "red"}),
}
JSON = {"content-type": "application/json"}
CHANGES = ("request_id", "processing_time_ms", "timestamp", "calculation_time_ms")


class Plain(Dispatch):
    """A table with nothing in it."""

    def _fill(self):
        self._version = len(self._router.routes)


def answers(kind, monkeypatch):
    monkeypatch.setattr("nautilus.server.app.Dispatch", kind)
    found = {}
    with TestClient(create_app("analytics")) as client:
        for name, body in BODIES.items():
            for path in ("/analytics/calculate/p", "/analytics/calculate/p!", "/calculate/p"):
                reply = client.post(
                    path, content=body, headers={"content-type": "application/json"}
                )
                found[path, name] = reply.status_code, without_times(reply.json())
        for path in ("/analytics/info", "/info", "/live", "/analytics/benchmark/none", "/nowhere"):
            found[path] = (reply := client.get(path)).status_code, without_times(reply.json())
            found[path, "HEAD"] = client.head(path).status_code
            found[path, "PUT"] = (reply := client.put(path)).status_code, reply.headers.get("allow")
    return found


def without_times(body):
    """What two answers to the same request share."""
    for part in (body.get("metadata") or {}, body.get("data") or {}):
        for name in CHANGES:
            part.pop(name, None)
    return body


def test_answers_are_those_of_fastapi(monkeypatch):
    by_table, by_router = answers(Dispatch, monkeypatch), answers(Plain, monkeypatch)
    assert by_table == by_router
    assert by_table["/analytics/calculate/p", "good"][0] == 200
    assert by_table["/analytics/calculate/p", "not finite"][0] == 422


@pytest.mark.parametrize("engine", ENGINES)
def test_every_path_of_an_engine_is_in_the_table(engine):
    app = create_app(engine)
    table = Dispatch(app.router)
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            scope = {
                "type": "http",
                "method": method.upper(),
                "path": path.replace("{", "").replace("}", ""),
            }
            assert table._found(scope) is not None, (method, path)


def test_an_endpoint_with_a_body_is_called_without_a_detour():
    table = Dispatch(create_app("analytics").router)
    for path, fast in (("/analytics/calculate/p", True), ("/analytics/attribution/p", True)):
        (_, app), carried = table._found({"method": "POST", "path": path})
        assert isinstance(app, _FastRoute) is fast
        assert carried == {"portfolio_id": "p"}
    (_, stream), _ = table._found({"method": "GET", "path": "/analytics/stream/p"})
    assert not isinstance(stream, _FastRoute)


def test_a_body_in_pieces_is_one_body():
    with TestClient(create_app("analytics")) as client:
        for text in (BODIES["good"], BODIES["malformed"]):
            pieces = (part.encode() for part in (text[:7], text[7:]))
            whole = client.post("/analytics/calculate/p", content=text, headers=JSON)
            reply = client.post("/analytics/calculate/p", content=pieces, headers=JSON)
            assert reply.status_code == whole.status_code
