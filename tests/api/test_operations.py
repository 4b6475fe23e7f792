from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import Path
from starlette.testclient import TestClient

from nautilus.server import ENGINES, create_app
from nautilus.server import app as app_module
from nautilus.server.engine import engine_module
from nautilus.server.envelope import answer
from nautilus.server.operations import Operations
from nautilus.server.routing import engine_router
from nautilus.server.schemas.bases import Body, Envelope, Number, Text, View


class Weighing(Body):
    weights: dict[str, float]
    note: str = ""


class WeightView(View):
    portfolio_id: Text
    total: Number
    scale: Number
    half: bool | None


Weight = Envelope[WeightView]


@pytest.fixture(scope="module")
def probe() -> Iterator[TestClient]:
    """An engine with an operation that has path, query and body, and one without body."""
    app = create_app("risk")
    router = engine_router("probe")

    @router.post("/weigh/{portfolio_id}", operation_id="weigh")
    async def weigh(
        body: Weighing, portfolio_id: str = Path(), scale: float = 1.0, half: bool = False
    ) -> Weight:
        """Add up weights."""
        total = sum(body.weights.values()) * scale
        return answer(
            Weight, {"portfolio_id": portfolio_id, "total": total, "scale": scale, "half": half}
        )

    @router.get("/named/{portfolio_id}", operation_id="named")
    async def named(portfolio_id: str) -> Weight:
        return answer(
            Weight, {"portfolio_id": portfolio_id, "total": None, "scale": None, "half": None}
        )

    app.include_router(router, prefix="/risk")
    app.state.operations = Operations(router.routes, "/risk")
    with TestClient(app) as client:
        yield client


def call(client: TestClient, operation: str, **parameters):
    return client.post("/risk/process", json={"operation": operation, "parameters": parameters})


def test_process_answers_as_the_endpoint_does(probe):
    parameters = {"portfolio_id": "p 1", "scale": 2.0, "half": True}
    through = call(probe, "weigh", weights={"A": 0.25, "B": 0.5}, **parameters)
    assert through.status_code == 200
    assert through.json()["data"] == {
        "portfolio_id": "p 1",
        "total": 1.5,
        "scale": 2.0,
        "half": True,
    }


def test_a_value_with_a_slash_cannot_reach_another_path(probe):
    assert call(probe, "named", portfolio_id="p1/../../health").status_code == 404


def test_process_returns_the_reply_unchanged_with_its_request_id(probe):
    headers = {"x-request-id": "same"}
    direct = probe.get("/risk/named/p1", headers=headers)
    body = {"operation": "named", "parameters": {"portfolio_id": "p1"}}
    through = probe.post("/process", json=body, headers=headers)
    assert through.json()["data"] == direct.json()["data"]
    assert through.json()["metadata"]["request_id"] == "same"
    assert through.headers["x-request-id"] == "same"
    assert through.headers.get_list("content-type") == ["application/json"]
    assert through.headers.get_list("content-length") == [str(len(through.content))]


def test_process_passes_errors_of_the_endpoint_through(probe):
    reply = call(probe, "weigh", portfolio_id="p1", weights={"A": "much"})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "weights.A")
    reply = call(probe, "weigh", portfolio_id="p1", weights={}, wieghts={})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "unknown_field")


@pytest.mark.parametrize(
    ("operation", "parameters", "text"),
    [
        ("weihg", {}, "did you mean weigh?"),
        ("nothing_like_it", {}, "must be one of /info's operations."),
        ("weigh", {"weights": {}}, "`parameters.portfolio_id` is needed by `weigh`"),
        ("weigh", {"portfolio_id": ["p1"]}, "as text or number"),
        ("weigh", {"portfolio_id": ""}, "as text or number"),
        ("named", {"portfolio_id": "p1", "colour": 1}, "`named` has no parameter colour."),
    ],
)
def test_a_wrong_call_is_explained(probe, operation, parameters, text):
    reply = call(probe, operation, **parameters)
    assert reply.status_code == 422
    assert text in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("depth", [200, 300, 900])
def test_deep_parameters_are_refused_or_passed_but_never_break(probe, depth):
    nested = "[" * depth + "]" * depth
    text = '{"operation": "weigh", "parameters": {"portfolio_id": "p", "weights": ' + nested + "}}"
    reply = probe.post("/process", content=text, headers={"content-type": "application/json"})
    assert reply.status_code == 422


def test_both_requests_are_counted(probe):
    requests = probe.app.state.metrics.requests
    before = dict(requests)
    call(probe, "named", portfolio_id="p1")
    for key in (("POST", "/process", 200), ("GET", "/named", 200)):
        assert requests[key] == before.get(key, 0) + 1


def test_the_schema_joins_path_query_and_body(probe):
    (weigh,) = [
        o for o in probe.get("/info").json()["data"]["operations"] if o["operation"] == "weigh"
    ]
    assert weigh["parameters"]["properties"].keys() == {
        "portfolio_id",
        "scale",
        "half",
        "weights",
        "note",
    }
    assert sorted(weigh["parameters"]["required"]) == ["portfolio_id", "weights"]
    assert (weigh["method"], weigh["path"]) == ("POST", "/risk/weigh/{portfolio_id}")
    assert weigh["summary"] == "Add up weights."


def test_an_operation_that_is_not_built_still_names_what_its_path_needs(risk):
    (check,) = [
        o
        for o in risk.get("/info").json()["data"]["operations"]
        if o["operation"] == "check_limits"
    ]
    assert check["parameters"]["required"] == ["portfolio_id"]


def test_streams_and_downloads_are_no_operations(clients):
    for name in ENGINES:
        operations = clients[name].app.state.operations
        assert (
            not {"stream_pnl", "stream_features", "download_risk_report"}
            & operations.by_name.keys()
        )
    assert clients["risk"].app.state.operations.streams == ["/risk/reports/{report_id}.{format}"]


def test_operation_names_are_unique_over_all_engines():
    names = [n for e in ENGINES for n in Operations(engine_module(e).router.routes, "").by_name]
    assert len(names) == len(set(names))


def test_routers_must_read_json_strictly(monkeypatch):
    from types import SimpleNamespace

    from fastapi import APIRouter

    loose = APIRouter()
    loose.add_api_route("/x", lambda: None)
    monkeypatch.setattr(app_module, "engine_module", lambda name: SimpleNamespace(router=loose))
    with pytest.raises(TypeError, match="make routers with engine_router"):
        create_app("risk")
