"""One suite for every kind of bus; what holds for one only is tested beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from nautilus.server.bus import Message
from nautilus.server.bus.memory import MemoryBroker

OpenBroker = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def memory_broker(**options: Any) -> AsyncIterator[MemoryBroker]:
    broker = MemoryBroker(**{"retry_seconds": 0.0, "grace_seconds": 0.05, **options})
    try:
        yield broker
    finally:
        await broker.close()


BACKENDS: dict[str, OpenBroker] = {"memory": memory_broker}


@pytest.fixture(params=sorted(BACKENDS))
def open_broker(request: pytest.FixtureRequest) -> OpenBroker:
    return BACKENDS[request.param]


class Inbox:
    """A handler that keeps what it gets; `gate` holds it up, `failures` make it raise first."""

    def __init__(self, answer: Any = None, failures: int = 0, error: Exception | None = None):
        self.messages: list[Message] = []
        self.answer = answer
        self.failures = failures
        self.error = error or ValueError("no")
        self.gate = asyncio.Event()
        self.gate.set()
        self.running = 0
        self.most_running = 0
        self._arrived = asyncio.Event()

    async def __call__(self, message: Message) -> Any:
        self.messages.append(message)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self._arrived.set()
        try:
            await self.gate.wait()
            if self.failures:
                self.failures -= 1
                raise self.error
            return self.answer
        finally:
            self.running -= 1

    async def until(self, count: int) -> list[Message]:
        """The messages, once there are this many."""
        async with asyncio.timeout(5):
            while len(self.messages) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.messages

    @property
    def data(self) -> list[Any]:
        return [message.data for message in self.messages]


@pytest.fixture
def inbox() -> type[Inbox]:
    return Inbox
