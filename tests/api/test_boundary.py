from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from nautilus.server import Settings, create_app

JSON = {"content-type": "application/json"}
BODY = '{"operation": "check_limits"}'


@pytest.mark.parametrize("given", ["req-1", "A.b_c-9", "x" * 64])
def test_a_harmless_request_id_comes_back(risk, given):
    reply = risk.get("/status", headers={"x-request-id": given})
    assert reply.headers["x-request-id"] == given
    assert reply.json()["metadata"]["request_id"] == given


@pytest.mark.parametrize(
    "given", ["", "x" * 65, "a b", "a\tb", "<script>", "é", "a;b", "a/b", "a:b"]
)
def test_any_other_request_id_is_replaced(risk, given):
    reply = risk.get("/status", headers={"x-request-id": given.encode()})
    fresh = reply.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", fresh)
    assert reply.json()["metadata"]["request_id"] == fresh


def test_every_reply_has_a_request_id_errors_too(risk):
    for path in ("/nothing", "/metrics", "/live", "/openapi.json"):
        assert risk.get(path).headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/jsonx"},
        {"content-type": ""},
        {**JSON, "content-encoding": "gzip"},
    ],
)
def test_a_body_of_another_kind_is_415(risk, headers):
    reply = risk.post("/process", content=BODY, headers=headers)
    assert reply.status_code == 415
    assert reply.json()["errors"][0]["code"] == "unsupported_content_type"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"]
)
def test_json_by_any_name_is_read(risk, kind):
    reply = risk.post("/process", content='{"operation": "none"}', headers={"content-type": kind})
    assert reply.json()["errors"][0]["field"] == "operation"


def test_a_get_needs_no_headers_at_all(risk):
    request = risk.build_request("GET", "/status")
    for name in ("accept", "content-type", "user-agent"):
        request.headers.pop(name, None)
    assert risk.send(request).status_code == 200


def test_ten_megabytes_are_read_and_one_byte_more_is_413(risk):
    start, end = b'{"operation": "', b'"}'
    fits = start + b"x" * (10 * 1024 * 1024 - len(start) - len(end)) + end
    assert risk.post("/process", content=fits, headers=JSON).status_code == 422
    reply = risk.post("/process", content=fits + b" ", headers=JSON)
    assert reply.status_code == 413
    assert reply.json()["errors"][0]["code"] == "body_too_large"


def test_a_body_of_unknown_length_is_counted_as_it_comes(risk):
    def chunks():
        for _ in range(11):
            yield b" " * (1024 * 1024)

    reply = risk.post("/process", content=chunks(), headers=JSON)
    assert reply.status_code == 413
    assert reply.json()["errors"][0]["code"] == "body_too_large"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    database = str(tmp_path_factory.mktemp("guarded") / "state.db")
    app = create_app("risk", settings=Settings(check_host=True, database=database, demo=False))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1:8200", "localhost:8200", "[::1]:8200", "LOCALHOST"])
def test_this_machine_may_ask(guarded, host):
    assert guarded.get("/live", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_page_of_another_site_may_not(guarded, headers):
    reply = guarded.get("/live", headers=headers)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (403, "foreign_host")


def test_the_metrics_count_what_the_boundary_sees(clients):
    ml = clients["ml"]
    before = ml.app.state.metrics.requests.get(("GET", "unmatched", 404), 0)
    ml.get("/a/b/c")
    assert ml.app.state.metrics.requests["GET", "unmatched", 404] == before + 1
    assert ml.app.state.metrics.active == 0
