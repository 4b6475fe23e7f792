"""docs/openapi/*.json is what the engines serve."""

from __future__ import annotations

import difflib
import json
import pathlib
import re
from itertools import islice

import pytest
from starlette.testclient import TestClient

from nautilus.server import ENGINES, create_app
from nautilus.server.openapi import document_text, write_documents

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "openapi"
MOST_LINES = 60


def operations(engine: str):
    for path, item in json.loads(document_text(engine))["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


@pytest.mark.parametrize("engine", list(ENGINES))
def test_the_file_is_up_to_date(engine: str) -> None:
    file = FOLDER / f"{engine}.json"
    committed = file.read_text(encoding="utf-8") if file.exists() else ""
    texts = committed.splitlines(), document_text(engine).splitlines()
    diff = difflib.unified_diff(*texts, f"docs/openapi/{engine}.json", "the code", lineterm="", n=2)
    shown = "\n".join(islice(diff, MOST_LINES))
    assert not shown, f"run `make openapi`, or put the code right\n{shown}"


def test_there_is_a_file_for_each_engine_and_no_other(tmp_path) -> None:
    write_documents(tmp_path)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {f"{engine}.json" for engine in ENGINES}
    assert names == {file.name for file in FOLDER.iterdir()}


def test_the_served_document_is_the_same() -> None:
    with TestClient(create_app("ml")) as client:
        assert client.get("/openapi.json").json() == json.loads(document_text("ml"))


@pytest.mark.parametrize("engine", list(ENGINES))
def test_operation_ids_are_plain_names_and_unique(engine: str) -> None:
    names = [operation["operationId"] for _, operation in operations(engine)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_every_error_is_declared_as_the_documented_object(engine: str) -> None:
    for where, operation in operations(engine):
        answers = operation["responses"]
        built = not operation.get("x-not-built")
        assert ("200" in answers) is built, where
        assert ("501" in answers) is (not built or operation["operationId"] == "process"), where
        assert {"400", "413", "415"} <= answers.keys() or not where.startswith("post"), where
        for status, answer in answers.items():
            if status >= "400":
                (kind,) = answer["content"]
                assert kind == "application/json"
                assert "#/components/schemas/Failure" in json.dumps(answer), (where, status)
