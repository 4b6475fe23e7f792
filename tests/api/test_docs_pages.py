from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from nautilus.server import ENGINES, create_app, docs_pages

REFERENCE = re.compile(r'(?:href|src)="([^"]*)"')
LANGUAGE = {"/docs": "SwaggerUIBundle(", "/redoc": "Redoc.init("}


@pytest.mark.parametrize("name", list(ENGINES))
@pytest.mark.parametrize("path", list(LANGUAGE))
def test_a_page_loads_only_from_its_own_engine(clients, name, path):
    page = clients[name].get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert f"<title>{ENGINES[name].display_name}</title>" in page.text
    assert "://" not in page.text
    assets = REFERENCE.findall(page.text)
    assert len(assets) >= 3
    replies = {asset: clients[name].get(f"/{asset}") for asset in assets}
    assert {asset: reply.status_code for asset, reply in replies.items()} == dict.fromkeys(
        assets, 200
    )
    start = replies[assets[-1]].text
    assert LANGUAGE[path] in start
    assert "://" not in start


@pytest.mark.parametrize("path", list(LANGUAGE))
def test_the_policy_allows_no_script_in_the_page_and_no_other_host(risk, path):
    reply = risk.get(path)
    policy = dict(
        part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "<script>" not in reply.text
    assert "//" not in reply.headers["content-security-policy"]


def test_scripts_are_scripts_whatever_a_browser_guesses(risk):
    for name, kind in docs_pages.ASSETS.items():
        reply = risk.get(f"/docs/assets/{name}")
        assert reply.headers["content-type"].startswith(kind)
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert len(reply.content) > 1_000


@pytest.mark.parametrize("name", ["x.js", "..%2f..%2fapp.py", "%2e%2e", "core.py"])
def test_only_the_assets_are_served(risk, name):
    assert risk.get(f"/docs/assets/{name}").status_code == 404


def test_without_the_wheel_the_pages_say_what_to_install(monkeypatch):
    monkeypatch.setattr(docs_pages, "find_spec", lambda name: None)
    docs_pages._folder.cache_clear()
    with TestClient(create_app("risk")) as client:
        reply = client.get("/docs/assets/favicon.png")
    assert reply.status_code == 503
    assert "nautilus-quant[server]" in reply.json()["errors"][0]["message"]
