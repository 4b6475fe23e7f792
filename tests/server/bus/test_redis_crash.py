"""Processes that are killed: the consumer in the middle of its work, and Redis itself."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest

from nautilus.core.errors import UnavailableError
from nautilus.server.bus import (
    RequestTimeoutError,
    redis_group,
    redis_reader,
    redis_session,
    redis_tail,
)
from nautilus.server.bus.redis_streams import RedisBroker
from nautilus.server.bus.redis_writer import LARGEST_BATCH
from nautilus.server.bus.topics import RISK_CHECK_REQUEST, risk_alerts
from tests.conftest import PROVE
from tests.services.redis import running_redis

TOPIC = "risk.alerts.p1"


@pytest.fixture
def redis():
    """A Redis for this test alone, which answers once a write is on disk.

    With `everysec` it answers before: measured, a kill then lost two of 600 acknowledged messages.
    """
    with running_redis(append_only=True, sync="always") as server:
        yield server


@pytest.fixture
def consumer(redis, tmp_path):
    """Starts a process that handles alerts; `survives` as in tests/services/bus_consumer.py."""

    @contextmanager
    def start(survives=0):
        command = [sys.executable, "-m", "tests.services.bus_consumer", redis.url, "crash"]
        with subprocess.Popen(
            [*command, str(tmp_path), str(survives)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    return start


async def publish(url, numbers):
    """Return once every message is stored."""
    broker = await RedisBroker(url, prefix="crash").open()
    bus = broker.bus("portfolio")
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        await asyncio.gather(
            *(bus.publish(risk_alerts(f"p{n % 7}"), n, durable=True) for n in some)
        )
    await broker.close()


def effects(folder):
    """How often each message was handled to its end."""
    lines = [line for file in folder.iterdir() for line in file.read_text().splitlines()]
    return Counter(int(line.split()[0]) for line in lines), {line.split()[1] for line in lines}


async def until(condition, seconds=60):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_message_whose_handler_was_killed_is_handled_by_another_process(
    redis, consumer, tmp_path
):
    async def scenario():
        with consumer(survives=0) as lives:
            with consumer(survives=1) as dies:
                await until_one_is_killed(redis.url, dies)
            await until(lambda: effects(tmp_path)[0].total() >= sent)
            assert lives.stdin is not None
            lives.stdin.close()
            assert lives.wait(10) == 0

    sent = 0

    async def until_one_is_killed(url, process):
        nonlocal sent
        while process.poll() is None:
            await publish(url, [sent])
            sent += 1
        assert process.returncode == -9

    asyncio.run(scenario())
    assert effects(tmp_path)[0] == Counter(range(sent))


def test_nothing_stored_is_lost_when_consumers_are_killed(redis, consumer, tmp_path):
    total, survives, chunk = (10_000, 300, 250) if PROVE else (400, 20, 25)
    deaths = []

    async def scenario():
        with ExitStack() as stack:
            lives, dies = (stack.enter_context(consumer(one)) for one in (0, survives))
            for start in range(0, total, chunk):
                await publish(redis.url, range(start, start + chunk))
                if dies.poll() is not None:
                    deaths.append(dies.returncode)
                    dies = stack.enter_context(consumer(survives))
            await until(lambda: len(list(tmp_path.iterdir())) >= total)
            assert lives.stdin is not None
            lives.stdin.close()
            assert lives.wait(20) == 0

    asyncio.run(scenario())
    found, _ = effects(tmp_path)
    assert set(found) == set(range(total))
    # Between the end of a handler and its acknowledgement lies one batch; an effect that must not
    # happen twice takes the id of the message as its key, as the files here do.
    assert found.total() - total <= len(deaths) * LARGEST_BATCH
    assert len(list(tmp_path.iterdir())) == total
    assert set(deaths) == {-9}


def test_two_processes_share_the_work(redis, consumer, tmp_path):
    async def scenario():
        with consumer() as first, consumer() as second:
            await publish(redis.url, range(300))
            await until(lambda: len(list(tmp_path.iterdir())) >= 300)
            for process in (first, second):
                assert process.stdin is not None
                process.stdin.close()
                assert process.wait(10) == 0

    asyncio.run(scenario())
    found, processes = effects(tmp_path)
    assert found == Counter(range(300))
    assert len(processes) == 2


def test_nothing_stored_is_lost_and_nothing_is_handled_twice_when_redis_is_killed(redis, inbox):
    total = 10_000 if PROVE else 600

    async def scenario():
        broker = await RedisBroker(redis.url, store_seconds=60, retry_seconds=0.0).open()
        bus, box, observer = broker.bus("risk"), inbox(), inbox()
        await bus.subscribe("risk.alerts.*", box)
        await bus.subscribe("risk.alerts.*", observer, mode="broadcast", capacity=total)
        acknowledged = []

        async def one(number):
            await bus.publish(TOPIC, number, durable=True)
            acknowledged.append(number)

        for part in range(3):
            numbers = range(part * total // 3, (part + 1) * total // 3)
            sending = [asyncio.create_task(one(number)) for number in numbers]
            await until(lambda part=part: len(acknowledged) > part * total // 3 + total // 12)
            redis.kill()
            await until(lambda: not broker.status.connected)
            redis.start()
            await asyncio.gather(*sending)
            await until(lambda: broker.status.connected)
        await until(lambda: len(box.messages) >= total)
        await until(lambda: len(observer.messages) >= total)
        await bus.publish(TOPIC, -1)
        await until(lambda: box.data[-1] == -1)
        await broker.close()
        return box.data, observer.data, acknowledged, broker.status

    handled, observed, acknowledged, status = asyncio.run(scenario())
    assert sorted(acknowledged) == list(range(total))
    assert Counter(handled) == Counter([*range(total), -1])
    assert set(observed) >= set(range(total))
    assert (status.unsent, status.dead) == (0, 0)


def test_requests_and_subscriptions_live_on_after_everything_was_deleted(redis, inbox):
    async def scenario():
        broker = await RedisBroker(redis.url, retry_seconds=0.0).open()
        bus, box, observer = broker.bus("risk"), inbox(), inbox()
        await bus.subscribe(TOPIC, box)
        await bus.subscribe("risk.>", observer, mode="broadcast")
        await bus.subscribe(RISK_CHECK_REQUEST, inbox(answer="fine"))
        await bus.publish(TOPIC, 1)
        await box.until(1)
        await broker.session.client.flushall()
        await bus.publish(TOPIC, 2, durable=True)
        await box.until(2)
        answer = await broker.bus("a").request(RISK_CHECK_REQUEST, {})
        await observer.until(3)
        await broker.close()
        return box.data, observer.data, answer, broker.status.connected

    assert asyncio.run(scenario()) == ([1, 2], [1, 2, {}], "fine", False)


def test_without_redis_a_message_is_refused_or_counted(redis, inbox, eventually):
    async def scenario():
        broker = await RedisBroker(redis.url, store_seconds=0.1, grace_seconds=0.1).open()
        bus = broker.bus("risk")
        await bus.subscribe(TOPIC, inbox())
        redis.kill()
        await until(lambda: not bus.status.connected, seconds=5)
        with pytest.raises(UnavailableError, match=r"did not store this within 0\.1 s: ") as caught:
            await bus.publish(TOPIC, 1, durable=True)
        await bus.publish(TOPIC, 2)
        await eventually(lambda: broker.status.unsent == 2)
        with pytest.raises(RequestTimeoutError, match=r"within 0\.05 s: Redis at .* does"):
            await bus.request(RISK_CHECK_REQUEST, {}, timeout=0.05)
        with pytest.raises(UnavailableError, match="Try again once it"):
            await bus.subscribe("risk.breaches.*", inbox())
        await broker.close()
        return str(caught.value), broker.status.dead

    text, dead = asyncio.run(scenario())
    assert "Try again once it answers." in text
    assert dead == 0


def test_reads_that_block_longer_than_a_socket_may_are_not_lost(redis, inbox, monkeypatch):
    for module in (redis_reader, redis_group, redis_tail):
        monkeypatch.setattr(module, "BLOCK_MS", 30)

    async def scenario():
        broker = await RedisBroker(redis.url).open()
        bus, box, observer = broker.bus("risk"), inbox(), inbox()
        await bus.subscribe(TOPIC, box)
        await bus.subscribe(TOPIC, observer, mode="broadcast")

        async def reads():
            seen = await broker.session.client.info("commandstats")
            return seen["cmdstat_xreadgroup"]["calls"]

        before = await reads()
        async with asyncio.timeout(10):
            while await reads() < before + 5:
                await asyncio.sleep(0.01)
        clients = await broker.session.client.client_list()
        await bus.publish(TOPIC, 1)
        await box.until(1)
        await observer.until(1)
        after = await broker.session.client.client_list()
        await broker.close()
        return {one["id"] for one in clients}, {one["id"] for one in after}

    assert redis_reader.SOCKET_SECONDS > redis_reader.BLOCK_MS / 1000 + 2
    before, after = asyncio.run(scenario())
    assert before <= after


def test_a_redis_that_hangs_is_noticed_and_nothing_is_lost(redis, inbox, monkeypatch):
    for module in (redis_reader, redis_group, redis_tail):
        monkeypatch.setattr(module, "BLOCK_MS", 30)
    for name in ("SOCKET_SECONDS", "COMMAND_SECONDS"):
        monkeypatch.setattr(redis_session, name, 0.2)

    async def scenario():
        broker = await RedisBroker(redis.url).open()
        bus, box = broker.bus("risk"), inbox()
        await bus.subscribe(TOPIC, box)
        redis.pause()
        try:
            await until(lambda: not bus.status.connected, seconds=5)
            await bus.publish(TOPIC, 1)
        finally:
            redis.resume()
        await box.until(1)
        await until(lambda: bus.status.connected, seconds=5)
        await broker.close()
        return box.data

    assert asyncio.run(scenario()) == [1]
