"""Every operation of all nine documents, asked over real sockets with what fits it and what not.

No answer is 5xx but 501 `not_built`, which is counted and printed, and 503 that says when to try
again; every answer has the status, the content type and the schema that the document declares.
"""

from __future__ import annotations

import contextlib
from collections import Counter

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks

from nautilus.server import ENGINES

load_all_checks()
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
]

KNOWN = {
    "portfolio_id": "portfolio_001",
    "symbol": "AAPL",
    "factor_id": "momentum_12_1",
    "strategy_id": "strategy_001",
    "deployment_id": "deploy_001",
}


@pytest.fixture(scope="module")
def launched_for_fuzzing(launched, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed")
    with launched(folder, "--no-warm", log=folder / "log") as running:
        yield running


@pytest.mark.parametrize("engine", list(ENGINES))
def test_every_operation_answers_as_declared(launched_for_fuzzing, engine, record_property):
    url = launched_for_fuzzing.url(engine)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    seen: Counter[str] = Counter()
    with requests.Session() as session:
        for operation in finite(schema):
            ask(operation, session, seen)
            if known := {name: KNOWN[name] for name in names(operation) if name in KNOWN}:
                ask(operation, session, seen, path_parameters=known)
            with contextlib.suppress(Unsatisfiable):  # nothing wrong can be said to it
                ask(operation, session, seen, generation_mode=GenerationMode.NEGATIVE)
    assert seen[200] > 0
    record_property("not_built", (engine, seen["not_built"]))


def finite(schema):
    """All operations but those whose answer does not end."""
    for found in schema.get_all_operations():
        operation = found.ok()
        answers = operation.definition.raw["responses"]
        if "text/event-stream" not in answers.get("200", {}).get("content", {}):
            yield operation


def names(operation):
    return [one["name"] for one in operation.definition.raw.get("parameters", ())]


def ask(operation, session, seen, **how):
    @settings(suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(**how))
    def answers(case):
        response = case.call(session=session, timeout=30)
        seen[server_error(response) or response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    answers()


def server_error(response) -> str | None:
    """The code of a 5xx that is allowed; any other fails."""
    if response.status_code < 500:
        return None
    (error,) = response.json()["errors"]
    if response.status_code == 503:
        assert int(response.headers["retry-after"][0]) >= 1
        assert error["code"] == "unavailable"
    else:
        assert (response.status_code, error["code"]) == (501, "not_built")
    return error["code"]
