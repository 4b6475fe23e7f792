from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nautilus.server.state import Database, open_database

BACKENDS = ("sqlite", "postgresql")
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
    """Of an empty database, on both backends."""
    if request.param == "sqlite":
        yield sqlite_url
        return
    with request.getfixturevalue("postgresql").database() as address:
        yield address


@pytest.fixture
def another_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[str]:
    """Of a second empty database, on the same backend as `url`."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'another.db'}"
        return
    with request.getfixturevalue("postgresql").database() as address:
        yield address


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close_now()
