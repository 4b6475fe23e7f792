"""docs/metrics.md is what the engines expose, and the alerts ask for nothing else."""

from __future__ import annotations

import pathlib
import re

import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from nautilus.server import create_app
from nautilus.server.metrics_page import metrics_page

ROOT = pathlib.Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| [^|]* \| ([^|]*?) \|", re.MULTILINE)


def listed() -> dict[str, tuple[str, str]]:
    return {name: (kind, text) for name, kind, text in ROW.findall(metrics_page())}


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_page(), "run `make metrics`"


def test_the_page_lists_what_an_engine_exposes_and_no_more() -> None:
    with TestClient(create_app("analytics")) as client:
        text = client.get("/metrics").text
    exposed = {
        f.name + ("_total" if f.type == "counter" else ""): (f.type, f.documentation)
        for f in text_string_to_metric_families(text)
    }
    rows = listed()
    assert {name: rows[name] for name in exposed} == exposed
    others = ("risk_", "factor_", "ml_", "websocket_", "strategy_")
    assert {name for name in rows if not name.startswith(others)} == exposed.keys()


def test_alerts_ask_for_metrics_that_exist_and_say_what_to_do() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8"))
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        names = re.findall(r"\b(?:engine|analytics|websocket)_\w+", rule["expr"])
        assert {name.removesuffix("_bucket") for name in names} <= listed().keys()
        assert rule["annotations"]["action"].endswith(".")
        assert rule["labels"]["severity"] in ("warning", "critical")
