"""Real servers: apps in this process over ASGI, and the launcher as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nautilus.server import ENGINES, create_app

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def constants() -> dict[str, Any]:
    return json.loads((DATA / "constants.json").read_text())


@pytest.fixture(scope="session")
def clients() -> Iterator[dict[str, TestClient]]:
    """One client per engine, each with a private platform."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(TestClient(create_app(name))) for name in ENGINES}


@pytest.fixture
def risk(clients: dict[str, TestClient]) -> TestClient:
    return clients["risk"]


@dataclass
class Launched:
    """A launcher that is ready."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def url(self, engine: str) -> str:
        return self.ready["engines"][engine]

    def stop(self, timeout: float = 15.0) -> int:
        self.process.terminate()
        return self.process.wait(timeout)


@contextmanager
def launched(folder: Path, *options: str, log: Path | None = None) -> Iterator[Launched]:
    """`python -m nautilus.server` on free ports until the block ends.

    Whoever makes it log much gives a file: a pipe that nobody reads stops the server.
    """
    command = [sys.executable, "-m", "nautilus.server", "--free-ports", "--ready-json"]
    state = ["--database", str(folder / "state.db")]
    with (
        log.open("w") if log else nullcontext(subprocess.PIPE) as stderr,
        subprocess.Popen(
            [*command, *state, *options], stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            yield Launched(process, json.loads(line))
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(name="launched", scope="session")
def launched_fixture() -> Any:
    """The context manager, for tests that need a launcher of their own."""
    return launched


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """All nine engines in one process."""
    with launched(tmp_path_factory.mktemp("servers"), "--no-warm") as running:
        yield running
