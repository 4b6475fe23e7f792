"""The bus: request/response in memory, and Redis Streams against plain redis-py in the same run.

Starts a Redis of its own on a free port (append-only, fsync every second). CPU is that of this
process; server and client share the cores, so the ratios count and the rates are lower bounds.

Run: python benchmarks/bus.py
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nautilus.server.bus import MemoryBroker, Message
from nautilus.server.bus.redis_streams import RedisBroker
from nautilus.server.bus.topics import RISK_CHECK_REQUEST
from tests.services.redis import running_redis

MEMORY_REQUESTS = 4_000
MESSAGES = 6_000
REQUESTS = 2_000
REPEATS = 3
CONCURRENCY = 8
TOPIC = "risk.alerts.portfolio_001"
PAYLOAD = {"portfolio_id": "portfolio_001", "text": "x" * 200}


async def timed(task: Callable[[], Awaitable[Any]], count: int) -> tuple[float, float]:
    """(wall microseconds, CPU microseconds) for each of `count`, the best of some runs."""
    best = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        await task()
        best.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in best) / count * 1e6, min(cpu for _, cpu in best) / count * 1e6


async def memory_requests() -> float:
    broker = MemoryBroker()

    async def check(message: Message) -> dict[str, str]:
        return {"status": "WITHIN_LIMITS"}

    await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, check)
    bus = broker.bus("analytics")

    async def ask() -> None:
        for _ in range(MEMORY_REQUESTS):
            await bus.request(RISK_CHECK_REQUEST, PAYLOAD)

    _, cpu = await timed(ask, MEMORY_REQUESTS)
    await broker.close()
    return cpu


async def bare_requests() -> float:
    """A queue and a future, without envelope, copy, limit or counter."""
    queue: asyncio.Queue[tuple[Any, asyncio.Future[Any]]] = asyncio.Queue()

    async def answer() -> None:
        while True:
            data, future = await queue.get()
            future.set_result(data)

    async def ask() -> None:
        for _ in range(MEMORY_REQUESTS):
            future = asyncio.get_running_loop().create_future()
            queue.put_nowait((PAYLOAD, future))
            await future

    task = asyncio.create_task(answer())
    _, cpu = await timed(ask, MEMORY_REQUESTS)
    task.cancel()
    return cpu


async def plain_publish(redis: Any, prefix: str) -> tuple[float, float]:
    body = b'{"topic":"%s","data":{"text":"%s"}}' % (TOPIC.encode(), b"x" * 400)

    async def publish() -> None:
        for _ in range(MESSAGES):
            await redis.xadd(f"{prefix}:plain", {"m": body}, maxlen=100_000, approximate=True)

    return await timed(publish, MESSAGES)


async def our_publish(broker: RedisBroker) -> tuple[float, float]:
    bus = broker.bus("risk")

    async def publish() -> None:
        for _ in range(MESSAGES):
            await bus.publish(TOPIC, PAYLOAD)
        await broker.session.writer.flush()

    return await timed(publish, MESSAGES)


async def plain_consume(redis: Any, prefix: str) -> tuple[float, float]:
    """One entry at a time, acknowledged one at a time."""
    stream = f"{prefix}:plain"

    async def consume() -> None:
        group = uuid.uuid4().hex
        await redis.xgroup_create(stream, group, "0")
        for _ in range(MESSAGES):
            ((_, ((entry, _fields),)),) = await redis.xreadgroup(group, "c", {stream: ">"}, count=1)
            await redis.xack(stream, group, entry)

    return await timed(consume, MESSAGES)


async def our_consume(url: str, prefix: str) -> tuple[float, float]:
    """Through handlers: decoded, claimed once, acknowledged."""
    broker = await RedisBroker(url, prefix=prefix).open()
    seen, done = 0, asyncio.Event()

    async def handle(message: Message) -> None:
        nonlocal seen
        seen += 1
        if seen % MESSAGES == 0:
            done.set()

    async def consume() -> None:
        done.clear()
        group = uuid.uuid4().hex
        await broker.session.client.xgroup_create(f"{prefix}:risk.alerts", f"{group}:{TOPIC}", "0")
        subscription = await broker.bus("risk").subscribe(TOPIC, handle, group=group)
        await done.wait()
        await broker.session.writer.flush()
        await subscription.close()

    found = await timed(consume, MESSAGES)
    await broker.close()
    return found


async def answer(url: str) -> None:
    """The other process: answers until its input ends."""
    broker = await RedisBroker(url, prefix="asked").open()

    async def check(message: Message) -> dict[str, str]:
        return {"status": "WITHIN_LIMITS"}

    await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, check, concurrency=CONCURRENCY)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await broker.close()


async def redis_requests(url: str) -> list[float]:
    """Milliseconds of each request to another process, `CONCURRENCY` at a time."""
    broker = await RedisBroker(url, prefix="asked").open()
    bus, taken = broker.bus("analytics"), []

    async def ask(count: int) -> None:
        for _ in range(count):
            start = time.perf_counter()
            await bus.request(RISK_CHECK_REQUEST, PAYLOAD)
            taken.append((time.perf_counter() - start) * 1e3)

    command = [sys.executable, __file__, "answer", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        for count in (20, REQUESTS // CONCURRENCY):  # connections first, then what is measured
            taken.clear()
            await asyncio.gather(*(ask(count) for _ in range(CONCURRENCY)))
        process.stdin.close()
    await broker.close()
    return taken


def row(name: str, ours: tuple[float, float], plain: tuple[float, float]) -> None:
    print(
        f"{name:<34}{1e6 / ours[0]:>10,.0f}{1e6 / plain[0]:>10,.0f}{plain[0] / ours[0]:>8.1f}x"
        f"{ours[1]:>12.1f}{plain[1]:>10.1f}"
    )


async def main() -> None:
    ours, bare = await memory_requests(), await bare_requests()
    print(f"request/response in memory, CPU us: {ours:.1f} (queue and future alone: {bare:.1f})\n")
    with running_redis(append_only=True) as server:
        redis = Redis.from_url(server.url)
        broker = await RedisBroker(server.url, prefix="bench").open()
        head = ("ours/s", "plain/s", "faster", "ours CPU us", "plain")
        print(
            f"{'Redis, peer: redis-py one by one':<34}{head[0]:>10}{head[1]:>10}{head[2]:>9}",
            end="",
        )
        print(f"{head[3]:>12}{head[4]:>10}")
        row("publish", await our_publish(broker), await plain_publish(redis, "bench"))
        row(
            "consume, decode, acknowledge",
            await our_consume(server.url, "bench"),
            await plain_consume(redis, "bench"),
        )
        taken = sorted(await redis_requests(server.url))
        p99 = taken[int(len(taken) * 0.99)]
        print(
            f"\nrequest/response between two processes, {CONCURRENCY} at a time, ms:"
            f" p50 {statistics.median(taken):.2f}, p99 {p99:.2f}"
        )
        await broker.close()
        await redis.aclose()


if __name__ == "__main__":
    uvloop.run(answer(sys.argv[2]) if sys.argv[1:2] == ["answer"] else main())
