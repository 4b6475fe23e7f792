from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from nautilus.server.state import Database, open_database
from nautilus.server.state.schema import metadata

POSTGRESQL = os.environ.get("NAUTILUS_TEST_POSTGRESQL", "")
BACKENDS = ["sqlite", "postgresql"] if POSTGRESQL else ["sqlite"]
START = datetime(2025, 8, 23, 10, 30, tzinfo=UTC)


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[str]:
    """Of an empty database; PostgreSQL where a server is named."""
    if request.param == "sqlite":
        yield sqlite_url
        return
    yield POSTGRESQL
    engine = create_engine(POSTGRESQL)
    metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close_now()
