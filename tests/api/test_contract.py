"""Every documented endpoint answers in its documented shape, or 501 `not_built`; both spellings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nautilus.server import ENGINES

CONTRACT = json.loads((Path(__file__).parent / "data" / "contract.json").read_text())
EXAMPLES = {
    "portfolio_id": "portfolio_001",
    "factor_id": "momentum_12_1",
    "deployment_id": "deploy_001",
    "strategy_id": "strategy_001",
    "report_id": "report_001",
    "symbol": "AAPL",
    "format": "pdf",
}


def spellings(row: dict[str, Any]) -> list[tuple[str, str]]:
    """(engine, path) of every way to ask for a documented endpoint."""
    if row["engine"] == "system":
        return [(engine, row["path"]) for engine in ENGINES]
    paths = ENGINES[row["engine"]].paths
    first = paths[0]
    if not row["path"].startswith(f"{first}/"):
        return [(row["engine"], prefix + row["path"]) for prefix in ("", *paths)]
    rest = row["path"].removeprefix(first)
    bare = [rest] if row["title"] == "Standard Endpoint" else []
    return [(row["engine"], path) for path in (*bare, *(prefix + rest for prefix in paths))]


CALLS = [
    pytest.param(engine, row, path, id=f"{row['method']} {engine} {path}")
    for row in CONTRACT
    if row["method"] != "WS"
    for engine, path in spellings(row)
    if not (row["path"].endswith("/process"))
]


@pytest.mark.parametrize(("engine", "row", "path"), CALLS)
def test_a_documented_request_is_answered_in_its_shape(clients, engine, row, path):
    url = path.format(**EXAMPLES)
    if row["stream"] and not planned(clients[engine], row):
        return  # endless: the tests of that stream read it
    options = {"json": row["request"]} if row["request"] is not None else {}
    reply = clients[engine].request(row["method"], url, params=row["query"], **options)
    if reply.status_code == 501:
        assert reply.json()["errors"][0]["code"] == "not_built"
        return
    assert reply.status_code == 200, reply.text
    if path.endswith("/metrics"):
        assert reply.headers["content-type"].startswith("text/plain")
        return
    missing = list(missing_keys(row["response"] or {}, reply.json()))
    assert not missing


def planned(client: Any, row: dict[str, Any]) -> bool:
    """Whether `/info` says that the endpoint is not built."""
    entry = client.get("/openapi.json").json()["paths"][row["path"]][row["method"].lower()]
    return entry["operationId"] in client.get("/info").json()["data"]["not_built"]


def missing_keys(documented: Any, got: Any, place: str = "") -> Any:
    """Documented names that the answer lacks."""
    if isinstance(documented, dict) and isinstance(got, dict):
        for key, value in documented.items():
            if key in got:
                yield from missing_keys(value, got[key], f"{place}.{key}")
            elif not place.endswith(("_attribution", "engine_status")):
                yield f"{place}.{key}"


def test_process_answers_under_both_spellings(clients):
    for name, row in ENGINES.items():
        for prefix in ("", *row.paths):
            reply = clients[name].post(f"{prefix}/process", json={"operation": "no_such_thing"})
            assert reply.status_code == 422
            assert reply.json()["errors"][0]["field"] == "operation"


def test_every_documented_endpoint_is_in_the_openapi_document_once(clients):
    for row in CONTRACT:
        if (
            row["method"] == "WS"
            or row["engine"] == "system"
            or row["title"] == "Standard Endpoint"
        ):
            continue
        paths = clients[row["engine"]].get("/openapi.json").json()["paths"]
        assert row["method"].lower() in paths[row["path"]]
    assert not [
        p
        for p in clients["factors"].get("/openapi.json").json()["paths"]
        if p.startswith("/factor/")
    ]
