from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from nautilus.core import errors
from nautilus.server import create_app
from nautilus.server.deps import Deps
from nautilus.server.http_errors import status_of
from nautilus.server.routing import engine_router, read_json
from nautilus.server.schemas.bases import Body, Finite, Many


class Position(Body):
    symbol: str
    quantity: float


class Request(Body):
    positions: Many[Position] = []
    confidence: float = 0.99


@pytest.fixture(scope="module")
def probe() -> Iterator[TestClient]:
    """The risk engine with endpoints that fail in every way."""
    app = create_app("risk")
    router = engine_router("probe")

    @router.post("/probe/check", response_model=None)
    async def check(body: Request, level: Finite = 1.0) -> dict[str, float]:
        return {"n": len(body.positions)}

    @router.post("/probe/fail/{kind}", response_model=None)
    async def fail(kind: str, deps: Deps) -> None:
        if kind == "Exception":
            raise RuntimeError("secret of the house")
        raise getattr(errors, kind)("What was needed.", field="x", hint="Do this.")

    app.include_router(router)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("ParameterError", 422),
        ("DataError", 422),
        ("LabelError", 422),
        ("MissingInputError", 422),
        ("MissingExtraError", 422),
        ("InfeasibleError", 422),
        ("SolverError", 422),
        ("NotFoundError", 404),
        ("ConflictError", 409),
        ("NotBuiltError", 501),
        ("UnavailableError", 503),
    ],
)
def test_a_library_error_becomes_its_status_and_a_teaching_object(probe, kind, status):
    reply = probe.post(f"/probe/fail/{kind}")
    assert reply.status_code == status == status_of(getattr(errors, kind)("m"))
    body = reply.json()
    assert body["success"] is False
    assert body["data"] is None
    code = getattr(errors, kind).code
    message = {"message": "What was needed.", "hint": "Do this."}
    assert body["errors"] == [{"code": code, "field": "x", **message}]
    assert ("retry-after" in reply.headers) == (status == 503)


def test_an_unexpected_error_has_an_id_and_no_trace_of_the_inside(probe, caplog):
    reply = probe.post("/probe/fail/Exception")
    assert reply.status_code == 500
    (error,) = reply.json()["errors"]
    assert error["code"] == "internal_error"
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text
    assert reply.headers["x-request-id"] == reply.json()["metadata"]["request_id"]
    (record,) = [r for r in caplog.records if error["error_id"] in r.getMessage()]
    assert "secret of the house" in str(record.exc_info[1])


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"positions": [{"symbol": "A", "quantity": NaN}]}', "positions.0.quantity"),
        ('{"confidence": Infinity}', "confidence"),
        ('{"confidence": -Infinity}', "confidence"),
        ('{"confidence": 1e999}', "confidence"),
        ('{"confidence": 1' + "0" * 400 + "}", "confidence"),
        ('{"never_declared": [1, {"a": NaN}]}', "never_declared.1.a"),
        ("NaN", "body"),
        ('{"\\ud83d": NaN}', "?"),
        ('{"' + "k" * 5000 + '": NaN}', "k" * 64),
    ],
)
def test_a_number_that_is_not_finite_is_refused_with_its_place(probe, text, field):
    reply = probe.post("/probe/check", content=text, headers={"content-type": "application/json"})
    assert reply.status_code == 422
    (error,) = reply.json()["errors"]
    assert (error["code"], error["field"]) == ("non_finite_number", field)


@pytest.mark.parametrize("text", ['"nan"', '"Infinity"', '"-inf"'])
def test_non_finite_text_is_no_number_either(probe, text):
    reply = _post(probe, '{"confidence": ' + text + "}")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "non_finite_number")


def test_a_query_is_finite_too(probe):
    reply = probe.post("/probe/check?level=nan", json={})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "level")


@pytest.mark.parametrize(
    "text", ["{", "[1,", "{'a': 1}", "\ud83d".encode("utf-8", "surrogatepass"), b"\xff"]
)
def test_malformed_json_is_400(probe, text):
    reply = _post(probe, text)
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["code"] == "malformed_json"


@pytest.mark.parametrize("depth", [1_100, 100_000])
def test_deep_nesting_is_400(probe, depth):
    assert _post(probe, "[" * depth + "]" * depth).status_code == 400


@pytest.mark.parametrize("depth", [300, 990])
def test_moderate_nesting_is_only_wrong(probe, depth):
    assert _post(probe, "[" * depth + "]" * depth).status_code == 422


def test_an_error_never_echoes_the_input_and_stops_at_twenty(probe):
    secret = "hunter2" * 3
    positions = [{"symbol": "A", "quantity": secret} for _ in range(5_000)]
    reply = probe.post("/probe/check", json={"positions": positions})
    assert reply.status_code == 422
    assert secret not in reply.text
    assert len(reply.content) < 10_000
    *shown, more = reply.json()["errors"]
    assert len(shown) == 20
    assert (more["code"], more["count"]) == ("more_errors", 5_000)


def test_twenty_places_of_nan_are_enough(probe):
    reply = _post(probe, '{"positions": [' + ",".join(["NaN"] * 300) + "]}")
    *shown, more = reply.json()["errors"]
    assert (len(shown), more["count"]) == (20, 300)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"positions": [{"symbol": "A"}]}, "missing_field", "positions.0.quantity"),
        ({"confidnce": 0.9}, "unknown_field", "confidnce"),
        ({"confidence": "high"}, "invalid_value", "confidence"),
        ({"positions": [{"symbol": "A", "quantity": 1}] * 10_001}, "too_many_items", "positions"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(probe, body, code, field):
    reply = probe.post("/probe/check", json=body)
    assert reply.status_code == 422
    error = reply.json()["errors"][0]
    assert (error["code"], error["field"]) == (code, field)
    assert f"`{field}`" in error["message"]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({"confidnce": 0.9}, "Did you mean confidence?"),
        ({"positions": [{"symbol": "A", "quantity": 1, "symbl": "A"}]}, "Did you mean symbol?"),
        ({"colour": 1}, "Check the spelling; /info lists the fields of every operation."),
    ],
)
def test_a_misspelt_field_gets_the_close_names(probe, body, hint):
    assert probe.post("/probe/check", json=body).json()["errors"][0]["hint"] == hint


@pytest.mark.parametrize("path", ["/probe/fail/%ED%A0%BD", "/%00", "/probe/%FF", "/" + "x" * 5000])
def test_odd_paths_are_only_unknown(probe, path):
    assert probe.get(path).status_code in (404, 405)


def test_an_empty_body_is_a_missing_field(probe):
    reply = probe.post("/probe/check")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "missing_field")


def test_an_unknown_route_and_a_wrong_method_are_enveloped(risk):
    reply = risk.get("/nothing/here")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (404, "not_found")
    reply = risk.delete("/health")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (405, "method_not_allowed")
    assert reply.headers["allow"] == "GET"
    assert risk.get("/health/").status_code == 404


def test_a_path_of_another_engine_is_shown_the_way(risk):
    hint = risk.post("/portfolio/optimize", json={}).json()["errors"][0]["hint"]
    assert hint == "/portfolio is the portfolio engine, port 8900 plus the port offset."
    assert (
        risk.get("/risk/nothing").json()["errors"][0]["hint"] == "GET /info lists every operation."
    )


def test_reading_json_is_exact():
    value = {"a": [1, 2.5, None, True, "x"], "b": {}}
    assert read_json(json.dumps(value).encode()) == value


def _post(client: TestClient, text: str | bytes):
    return client.post("/probe/check", content=text, headers={"content-type": "application/json"})
