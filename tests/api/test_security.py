"""Nothing but the health of an engine answers without a token, whoever asks and however."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack

import jwt
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from nautilus.server import ENGINES, Settings, create_app
from nautilus.server.route_table import RouteTable
from nautilus.server.tokens import minted_token

SECRET = "a secret of 32 bytes, for the tests"
OPEN = {"/live", "/ready", "/health"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    database = str(tmp_path_factory.mktemp("secured") / "state.db")
    return Settings(auth_secret=SECRET, database=database, demo=False)


@pytest.fixture(scope="module")
def apps(settings):
    return {name: create_app(name, settings=settings) for name in ENGINES}


@pytest.fixture(scope="module")
def secured(apps):
    """All nine engines, with authentication on."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(TestClient(app, base_url="http://localhost"))
            for name, app in apps.items()
        }


@pytest.fixture(scope="module")
def token(settings):
    """Makes an Authorization header."""

    def header(*scopes, portfolios=None, seconds=60):
        made = minted_token(settings, "alice", scopes, seconds=seconds, portfolios=portfolios)
        return {"authorization": f"Bearer {made}"}

    return header


def walked(routes):
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from walked(route.effective_candidates())
        else:
            yield route


def addresses(app):
    """(method, path) of everything that an app answers; WebSockets without a method."""
    for route in walked(app.routes):
        path = (route.starlette_route or route).path.replace("{", "").replace("}", "")
        for method in sorted(route.methods or {""}):
            yield method, path


def is_open(engine, path):
    return path in {prefix + name for prefix in ("", *ENGINES[engine].paths) for name in OPEN}


def code(reply):
    return reply.json()["errors"][0]["code"]


# S13: every route of all nine


@pytest.mark.parametrize("engine", list(ENGINES))
def test_every_route_asks_for_a_token(engine, apps, secured):
    seen = set()
    for method, path in addresses(apps[engine]):
        seen.add(path)
        if not method:
            assert denied(secured[engine], path).status_code == 401, path
        elif not is_open(engine, path):
            reply = secured[engine].request(method, path)
            assert (reply.status_code, code(reply)) == (401, "missing_token"), path
            assert reply.headers["www-authenticate"] == 'Bearer realm="nautilus"'
    assert {"/metrics", "/openapi.json", "/docs", "/redoc", "/info", "/process"} <= seen


@pytest.mark.parametrize("engine", list(ENGINES))
def test_the_health_is_open_under_both_spellings(engine, secured):
    for prefix, path in itertools.product(("", *ENGINES[engine].paths), sorted(OPEN)):
        assert secured[engine].get(prefix + path).status_code in (200, 503)


def test_the_walk_sees_streams_sockets_documents_and_assets(apps):
    seen = {(method, path) for app in apps.values() for method, path in addresses(app)}
    assert ("GET", "/analytics/stream/portfolio_id") in seen
    assert {("", "/ws/stream"), ("", "/ws/marketdata/subscription_id")} <= seen
    assert ("GET", "/docs/assets/name") in seen


SPELLINGS = (
    "{}/",
    "/{}",
    "//{}",
    "/.{}",
    "/x/..{}",
    "{}/..{}",
    "{}%00",
    "{}%20",
    "{};x",
    "{}?x=/live",
    "{}%2f",
    "/live/..{}",
    "/live%2f..{}",
    "/live/{}",
    "{}/live",
    "{}/health",
    "/health/..%2f{}",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_opens_a_path(secured, spelling):
    for path in ("/status", "/risk/status", "/risk/breaches/p1"):
        for address in {spelling.format(path, path), spelling.format(path.upper(), path)}:
            assert secured["risk"].get(address).status_code == 401, address


@pytest.mark.parametrize(
    "path", ["/live/", "//live", "/LIVE", "/live/x", "/live%00", "/riskk/live"]
)
def test_the_open_paths_are_open_in_one_spelling(secured, path):
    assert secured["risk"].get(path).status_code == 401


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/status", "/risk/limits", "/nothing", "/docs", "/"])
def test_no_method_opens_a_path(secured, method, path):
    reply = secured["risk"].request(method, path)
    assert reply.status_code == 401
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_health_is_open_for_reading_only(secured, method):
    assert secured["risk"].request(method, "/health").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer a.b.c"},
        {"authorization": "Bearer null"},
        {"authorization": "Basic YWxpY2U6"},
        {"authorization": "Token x"},
        {"x-forwarded-user": "alice"},
        {"x-http-method-override": "HEAD"},
        {"x-original-url": "/live"},
        {"x-forwarded-for": "127.0.0.1"},
        {"cookie": "token=x"},
    ],
)
def test_nothing_but_a_token_opens_a_path(secured, headers):
    reply = secured["risk"].get("/status", headers=headers)
    assert reply.status_code == 401
    assert code(reply) in {"missing_token", "invalid_token"}


def test_a_token_in_the_query_or_the_body_is_none(secured, token):
    made = token("read")["authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "authorization"):
        assert secured["risk"].get(f"/status?{name}={made}").status_code == 401
    body = {"operation": "check_limits", "parameters": {}, "token": made}
    assert secured["risk"].post("/process", json=body).status_code == 401


def test_two_tokens_are_none(secured, token):
    one = ("authorization", token("read")["authorization"])
    assert secured["risk"].get("/status", headers=[one, one]).status_code == 401


def test_a_refusal_says_what_was_wrong_and_shows_no_token(secured, settings):
    now = int(time.time())
    claims = {"sub": "a", "iss": "nautilus", "aud": "nautilus", "iat": now - 90, "exp": now - 60}
    made = jwt.encode(claims, SECRET, algorithm="HS256")
    reply = secured["risk"].get("/status", headers={"authorization": f"Bearer {made}"})
    assert (reply.status_code, code(reply)) == (401, "token_expired")
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]
    assert made not in reply.text


def test_answers_for_a_token_are_kept_out_of_caches(secured, token):
    reply = secured["risk"].get("/status", headers=token("read"))
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
    assert reply.headers["x-content-type-options"] == "nosniff"


# Scopes


def test_the_pages_and_metrics_answer_with_a_token(secured, token):
    for path in ("/docs", "/redoc", "/openapi.json", "/metrics", "/info", "/status"):
        assert secured["risk"].get(path, headers=token("read")).status_code == 200, path


def test_a_scraper_reads_metrics_and_nothing_else(secured, token):
    for path, status in (
        ("/metrics", 200),
        ("/risk/metrics", 200),
        ("/status", 403),
        ("/docs", 403),
    ):
        reply = secured["risk"].get(path, headers=token("metrics:read"))
        assert reply.status_code == status, path


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("read", False),
        ("risk:read", False),
        ("ml:trade", False),
        ("metrics:read", False),
        ("write", False),
        ("risk:write", False),
        ("trade", True),
        ("risk:trade", True),
    ],
)
def test_limits_need_more_than_reading(secured, token, scope, allowed):
    headers = token(scope)
    reply = secured["risk"].post("/risk/limits", json={}, headers=headers)
    assert (reply.status_code != 403) is allowed
    if not allowed:
        assert (code(reply), reply.json()["errors"][0]["needed_scope"]) == (
            "forbidden_scope",
            "risk:trade",
        )
        assert 'scope="risk:trade"' in reply.headers["www-authenticate"]
    body = {"operation": "set_limits", "parameters": {}}
    for path in ("/process", "/risk/process"):
        forwarded = secured["risk"].post(path, json=body, headers=headers)
        assert (forwarded.status_code != 403) is allowed or scope in {"ml:trade", "metrics:read"}
        assert not (forwarded.status_code == 501 and not allowed)


def test_info_lists_the_scopes_and_what_each_operation_needs(secured, token):
    data = secured["risk"].get("/info", headers=token("read")).json()["data"]
    assert {"read", "write", "trade", "risk:read"} <= data["scopes"].keys()
    needed = {one["operation"]: one["scope"] for one in data["operations"]}
    assert (needed["set_limits"], needed["breach_history"]) == ("risk:trade", "risk:read")


# Portfolios


def test_a_restricted_token_names_its_portfolios_only(secured, token):
    headers, client = token("trade", portfolios=["p1"]), secured["risk"]
    for portfolio, refused in (("p1", False), ("p2", True), ("P1", True), ("p1%2F", False)):
        reply = client.get(f"/risk/breaches/{portfolio}", headers=headers)
        assert (reply.status_code == 403) is refused, portfolio
    for body, refused in (
        ({"portfolio_id": "p1"}, False),
        ({"portfolio_id": "p2"}, True),
        ({"portfolio_ids": ["p1", "p2"]}, True),
        ({"a": [{"client_filter": {"portfolio_ids": ["p2"]}}]}, True),
        ({"portfolios": {"p2": 1}}, True),
    ):
        forwarded = {"operation": "set_limits", "parameters": body}
        reply = client.post("/process", json=forwarded, headers=headers)
        assert (reply.status_code == 403) is refused, body
    assert client.get("/status?portfolio_id=p2", headers=headers).status_code == 403
    assert client.get("/status?portfolio_id=p1", headers=headers).status_code == 200


def test_a_restricted_token_cannot_reach_another_portfolio_through_process(secured, token):
    headers = token("read", portfolios=["p1"])
    for value in ("p2", "p1/../p2", "../breaches/p2", "p2?x=p1"):
        body = {"operation": "breach_history", "parameters": {"portfolio_id": value}}
        reply = secured["risk"].post("/process", json=body, headers=headers)
        assert reply.status_code == 403, value


# WebSockets


def denied(client, path, **options):
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        client.websocket_connect(f"ws://localhost{path}", **options),
    ):
        raise AssertionError("it was accepted")
    return caught.value


def test_a_handshake_without_token_is_401_with_the_ways_to_send_one(secured):
    reply = denied(secured["websocket"], "/ws/stream")
    assert (reply.status_code, code(reply)) == (401, "missing_token")
    assert "nautilus.bearer" in reply.json()["errors"][0]["hint"]


@pytest.mark.parametrize("path", ["/ws/stream/", "//ws/stream", "/live", "/health", "/nothing"])
def test_no_spelling_opens_a_handshake(secured, path):
    assert denied(secured["websocket"], path).status_code == 401


@pytest.mark.parametrize("query", ["token=x", "conn_id=conn_001", "conn_id=", "auth=yes", "auth="])
def test_no_query_opens_a_handshake(secured, query):
    assert denied(secured["websocket"], f"/ws/stream?{query}").status_code == 401


def test_a_token_without_the_scope_is_403_at_the_handshake(secured, token):
    reply = denied(secured["websocket"], "/ws/stream", headers=token("risk:trade"))
    assert (reply.status_code, code(reply)) == (403, "forbidden_scope")


# Routes and their table


def test_the_table_of_routes_names_what_the_app_answers():
    app = create_app("analytics")
    found = {(m or "WEBSOCKET", p) for m, p in addresses(app)}
    from nautilus.server.app import _mounted
    from nautilus.server.engine import engine_module

    mounted = _mounted(ENGINES["analytics"], engine_module("analytics"))
    table = RouteTable((prefix, r) for prefix, router, _ in mounted for r in router.routes)
    assert all(table.endpoint(method, path).name for method, path in found)
    assert table.endpoint("GET", "/nothing").name is None
