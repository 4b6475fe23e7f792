"""A replay server, a clock that tests move, and sources that point at both."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import stamina

from nautilus.marketdata.sources import SourceConfig, available_sources
from tests.marketdata.replay.payloads import KEY
from tests.marketdata.replay.server import running

OPENERS = available_sources()


class Clock:
    """Stands still unless somebody sleeps or moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 15, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        # A hair more than asked for, as every sleep is: seconds and microseconds round apart.
        self.move(seconds + 1e-5)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def _server():
    with running() as server:
        yield server


@pytest.fixture
def replay(_server):
    _server.forget()
    yield _server
    _server.forget()


@pytest.fixture
def source(replay, clock):
    """A configured source by name, pointed at the replay server."""

    def opened(name, **changes):
        config = {
            "base_url": replay.url,
            "key": KEY,
            "clock": clock,
            "sleep": clock.sleep,
            "timeout_seconds": 5.0,
            "user_agent": "Some Body some.body@example.com",
        }
        return OPENERS[name](SourceConfig(**(config | changes)))

    return opened


@pytest.fixture
def loaded(source):
    """The frame of a request, over real HTTP."""

    def load(name, request, **changes):
        return run(source(name, **changes), request)

    return load


def run(source, *requests):
    """Load requests one after the other in one event loop; the last frame."""

    async def scenario():
        try:
            for request in requests:
                found = await source.load(request)
            return found
        finally:
            await source.aclose()

    return asyncio.run(scenario())


@pytest.fixture(autouse=True)
def _no_waiting():
    """Retries happen, their pauses do not."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
