"""Whatever is sent, nothing answers 500, and every reply has the documented shape."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from nautilus.server import ENGINES
from nautilus.server.engine import engine_module, root_router

ENDPOINTS = [
    (name, method, prefix + route.path)
    for name, row in ENGINES.items()
    for prefix in row.paths
    for router in (engine_module(name).router, root_router(engine_module(name)))
    for route in router.routes
    for method in getattr(route, "methods", None) or ()
    if method == "POST"
] + [(name, "POST", "/process") for name in ENGINES]

numbers = st.floats() | st.integers() | st.just(10**400)
texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
process = st.fixed_dictionaries(
    {
        "operation": texts | st.sampled_from(["check_limits", "compute", "rebalance"]),
        "parameters": st.dictionaries(texts | st.just("portfolio_id"), values, max_size=4),
    }
)


@given(endpoint=st.sampled_from(ENDPOINTS), value=values | process, segment=texts)
def test_no_json_breaks_an_endpoint(clients, endpoint, value, segment):
    name, method, path = endpoint
    url = path.partition("{")[0] + "".join(c for c in segment if c.isalnum())
    check(clients[name], method, url if "{" in path else path, json.dumps(value).encode())


@given(endpoint=st.sampled_from(ENDPOINTS), body=st.binary(max_size=200))
def test_no_bytes_break_an_endpoint(clients, endpoint, body):
    name, method, path = endpoint
    check(clients[name], method, path.replace("{", "").replace("}", ""), body)


def check(client, method: str, path: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    reply = client.request(method, path, content=body, headers=headers)
    assert reply.status_code < 500 or reply.status_code in (501, 503), reply.text
    answered = reply.json()
    assert answered.keys() == {"success", "data", "metadata", "errors"}
    assert answered["success"] is (reply.status_code < 400)
    assert bool(answered["errors"]) is (reply.status_code >= 400)
