"""Bodies that are meant to break a server, on every POST route of every engine.

What is malformed is 4xx everywhere, also where the endpoint is not built yet; what is well-formed
and makes no sense is 422 where it is built, else 501.
"""

from __future__ import annotations

import gzip

import pytest
from fastapi.routing import APIRoute

from nautilus.server import ENGINES
from nautilus.server.engine import engine_module, root_router
from nautilus.server.operations import Operations

JSON = {"content-type": "application/json"}
DEEP = 100_000

MALFORMED = {
    "NaN": (b"NaN", JSON, 422),
    "Infinity": (b"Infinity", JSON, 422),
    "minus Infinity in a list": (b'{"a": [1, -Infinity]}', JSON, 422),
    "1e999": (b'{"a": {"b": 1e999}}', JSON, 422),
    "an integer of 5000 digits": (b'{"a": 1' + b"0" * 5_000 + b"}", JSON, (400, 422)),
    "100k deep list": (b"[" * DEEP + b"]" * DEEP, JSON, 400),
    "100k deep object": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, JSON, 400),
    "100k brackets never closed": (b"[" * DEEP, JSON, 400),
    "invalid UTF-8": (b'{"a": "\xff\xfe"}', JSON, 400),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), JSON, 400),
    "half a surrogate": (b'{"a": "\\ud83d"}', JSON, (400, 422)),
    "half a body": (b'{"a": ', JSON, 400),
    "two bodies": (b"{} {}", JSON, 400),
    "no content type": (b"{}", {}, 415),
    "text": (b"{}", {"content-type": "text/plain"}, 415),
    "a form": (b"a=1", {"content-type": "application/x-www-form-urlencoded"}, 415),
    "XML": (b"<a/>", {"content-type": "application/xml"}, 415),
    "gzip": (gzip.compress(b"{}"), {**JSON, "content-encoding": "gzip"}, 415),
    "over 10 MB": (b'["' + b"x" * 10 * 1024 * 1024 + b'"]', JSON, 413),
}
SENSELESS = {
    "nothing": b"",
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "text": b'"x"',
    "an empty list": b"[]",
    "a list of objects": b"[{}]",
    "half a million numbers": b"[" + b",".join([b"0.5"] * 500_000) + b"]",
    "an unknown field": b'{"\\u0000never_declared": 1}',
}


def routes():
    """(engine, path, whether it is built) of every POST route."""
    for name, row in ENGINES.items():
        module = engine_module(name)
        missing = Operations([*module.router.routes, *root_router(module).routes], "").not_built
        for prefix, router in (*((p, module.router) for p in row.paths), ("", root_router(module))):
            for route in router.routes:
                if isinstance(route, APIRoute) and "POST" in route.methods:
                    path = prefix + route.path.replace("{", "").replace("}", "")
                    yield name, path, route.operation_id not in missing
        for prefix in ("", *row.paths):
            yield name, f"{prefix}/process", True


ROUTES = list(routes())


@pytest.mark.parametrize("what", list(MALFORMED))
def test_what_is_malformed_is_refused_everywhere(clients, what):
    body, headers, status = MALFORMED[what]
    for engine, path, _ in ROUTES:
        reply = clients[engine].post(path, content=body, headers=headers)
        expected = status if isinstance(status, tuple) else (status,)
        assert reply.status_code in expected, (path, reply.text[:300])
        refused(reply)


@pytest.mark.parametrize("what", list(SENSELESS))
def test_what_makes_no_sense_is_a_wrong_value_or_not_built(clients, what):
    for engine, path, built in ROUTES:
        reply = clients[engine].post(path, content=SENSELESS[what], headers=JSON)
        assert reply.status_code == (422 if built else 501), (path, reply.text[:300])
        refused(reply)


def refused(reply):
    body = reply.json()
    assert (body["success"], body["data"]) == (False, None)
    assert len(reply.content) < 10_000
    assert all(error["code"] and error["message"] for error in body["errors"])


def test_every_engine_has_routes_and_some_are_built():
    assert {engine for engine, _, _ in ROUTES} == set(ENGINES)
    assert any(built and "process" not in path for _, path, built in ROUTES)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "9999-12-31", "1e300"],
)
@pytest.mark.parametrize("series", ["nav_history", "returns"])
def test_a_time_at_the_end_of_the_calendar_is_a_wrong_value(clients, series, moment):
    points = [{"timestamp": moment, "value": 1.0 + 0.01 * n} for n in range(3)]
    reply = clients["analytics"].post("/analytics/calculate/p", json={series: points})
    assert reply.status_code == 422, reply.text
    assert reply.json()["errors"][0]["field"].startswith(series)
