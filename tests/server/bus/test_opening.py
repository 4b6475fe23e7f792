"""Brokers by address."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server.bus import MemoryBroker
from nautilus.server.bus.addresses import check_address, masked
from nautilus.server.bus.opening import open_broker
from nautilus.server.bus.redis_streams import RedisBroker


def opened(address):
    async def scenario():
        broker = await open_broker(
            address, clock=lambda: datetime.now(UTC), request_id=lambda: "req_001"
        )
        kind, connected = type(broker), broker.status.connected
        await broker.close()
        await broker.close()
        return kind, connected

    return asyncio.run(scenario())


def test_each_address_opens_its_kind(redis_server):
    assert opened("memory") == (MemoryBroker, True)
    assert opened(redis_server.url) == (RedisBroker, True)


@pytest.mark.parametrize(
    "address",
    ["", "nats://h", "redis://", "redis://h:0", "redis://h:x", "redis://h:99999", "unix://", "h:1"],
)
def test_other_addresses_are_refused(address):
    with pytest.raises(ParameterError, match="`bus` must be memory, redis://host:port/0"):
        opened(address)


@pytest.mark.parametrize("address", ["rediss://u:p@[::1]:6380/1", "unix:///run/redis.sock"])
def test_addresses_of_a_redis(address):
    assert check_address(address) == address


def test_who_is_not_there_is_named_without_password():
    with pytest.raises(UnavailableError, match=r"Redis at redis://:\*\*\*@127\.0\.0\.1:1/0 does"):
        opened("redis://:secret@127.0.0.1:1/0")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("memory", "memory"),
        ("redis://h:1/0", "redis://h:1/0"),
        ("redis://:p@ss:w@h:1/0", "redis://:***@h:1/0"),
        ("postgresql+psycopg://u:p@h/db", "postgresql+psycopg://u:***@h/db"),
        ("redis://h:1/0?password=p&db=2", "redis://h:1/0?password=***&db=2"),
    ],
)
def test_passwords_are_masked(url, shown):
    assert masked(url) == shown


def test_a_bus_in_memory_imports_no_redis():
    code = "import sys, nautilus.server.platform, nautilus.server.bus.opening as o; o.open_broker;"
    code += "sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
