"""A hub over a real bus, and links that a test reads or leaves full."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from nautilus.server.bus import MemoryBroker
from nautilus.server.websocket.client import Client
from nautilus.server.websocket.hub import Hub

NOW = datetime(2025, 8, 25, 14, 30, tzinfo=UTC)


class OpenLink:
    """Takes everything at once, or keeps it in the buffer while the client does not read."""

    def __init__(self):
        self.taken, self.waiting, self.reads, self.left = [], [], True, None

    @property
    def buffered(self):
        return sum(len(one.payload) for one in self.waiting)

    def write(self, messages):
        if self.left:
            return False
        (self.taken if self.reads else self.waiting).extend(messages)
        return True

    def read_all(self):
        self.reads = True
        self.taken += self.waiting
        self.waiting = []

    def leave(self, code, reason):
        self.left = code, reason

    def end(self):
        pass

    @property
    def messages(self):
        return [json.loads(one.payload) for one in self.taken]

    def of(self, kind):
        return [one for one in self.messages if one["type"] == kind]


class World:
    def __init__(self, broker, hub):
        self.broker, self.hub, self.bus = broker, hub, broker.bus("risk")
        self.number = 0

    def client(self, *, limit=None, identity=None, connection_type="api_client", client_id=None):
        self.number += 1
        name = client_id or f"client_{self.number}"
        client = Client(
            f"conn_{self.number}",
            name,
            connection_type,
            OpenLink(),
            opened_at=NOW,
            soil=self.hub.soil,
            told=self.hub.told,
            identity=identity,
            limit=limit,
        )
        self.hub.join(client)
        return client

    def publish(self, topic, **data):
        return self.hub.publish(topic, data, NOW)

    async def turns(self, count=4):
        for _ in range(count):
            await asyncio.sleep(0)


@asynccontextmanager
async def world(**options):
    broker = MemoryBroker(retry_seconds=0.0, grace_seconds=0.05)
    options.setdefault("most_clients", 1000)
    hub = Hub(broker.bus("websocket"), clock=lambda: NOW, **options)
    try:
        yield World(broker, hub)
    finally:
        await hub.close()
        await broker.close()


@pytest.fixture
def in_world():
    def run(scenario, **options):
        async def whole():
            async with asyncio.timeout(20), world(**options) as opened:
                return await scenario(opened)

        return asyncio.run(whole())

    return run
