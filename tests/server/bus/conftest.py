"""One suite for every kind of bus; what holds for one only is tested beside it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import pytest

from nautilus.server.bus import Message
from nautilus.server.bus.memory import MemoryBroker
from nautilus.server.bus.redis_streams import RedisBroker
from tests.services.redis import RedisServer

OpenBroker = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def memory_broker(**options: Any) -> AsyncIterator[MemoryBroker]:
    broker = MemoryBroker(**{"retry_seconds": 0.0, "grace_seconds": 0.05, **options})
    try:
        yield broker
    finally:
        await broker.close()


@asynccontextmanager
async def redis_broker(url: str, **options: Any) -> AsyncIterator[RedisBroker]:
    defaults = {
        "prefix": f"test-{uuid.uuid4().hex}",
        "retry_seconds": 0.0,
        "grace_seconds": 0.05,
    }
    broker = await RedisBroker(url, **{**defaults, **options}).open()
    try:
        yield broker
    finally:
        await broker.close()


@pytest.fixture(params=["memory", "redis"])
def open_broker(request: pytest.FixtureRequest) -> OpenBroker:
    """Opens a broker of either kind; each test runs with both."""
    if request.param == "memory":
        return memory_broker
    return partial(redis_broker, request.getfixturevalue("redis_server").url)


@pytest.fixture
def open_redis(redis_server: RedisServer) -> OpenBroker:
    """Opens a broker over Redis."""
    return partial(redis_broker, redis_server.url)


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


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Awaitable[None]]:
    """Waits until a condition holds, for at most five seconds."""

    async def wait(condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.001)

    return wait
