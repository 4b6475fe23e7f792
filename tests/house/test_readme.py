"""The code of the README runs, and prints what the README says."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import re
import shlex

import pytest

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)


def test_python_blocks_print_what_the_readme_shows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    pairs = [(code, BLOCKS[i + 1][1]) for i, (kind, code) in enumerate(BLOCKS) if kind == "python"]
    assert len(pairs) == 3
    for code, shown in pairs:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), scope)
        assert printed.getvalue() == shown
    assert os.path.getsize("tear_sheet.html") < 300_000


def test_the_fifteen_lines_are_fifteen() -> None:
    assert len(BLOCKS[1][1].splitlines()) == 15


def test_the_curl_of_the_readme_is_answered_as_said() -> None:
    from starlette.testclient import TestClient

    from nautilus.server import create_app

    command = next(text for kind, text in BLOCKS if kind == "bash" and "curl" in text)
    words = shlex.split(command.replace("\\\n", " "))
    body = json.loads(words[words.index("-d") + 1])
    path = next(w for w in words if w.startswith("localhost:8100")).removeprefix("localhost:8100")
    with TestClient(create_app("analytics"), base_url="http://127.0.0.1") as client:
        reply = client.post(path, json=body)
    assert reply.json()["data"]["total_pnl"] == 500.0
    assert reply.json()["metadata"]["function"].startswith("nautilus.")


def test_every_linked_file_exists() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target
