"""Writes of portfolios by 16 tasks at once: one writer thread against 16 threads that write.

Run: python benchmarks/state.py

The peer is SQLAlchemy with a pool of 16 connections in 16 threads, the usual way to write from an
event loop; both run the same statements, in transactions that wait for the disk. Last comes our
writer with the message and the audit entry of each change, and the relay that publishes.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from nautilus.server.state import AuditLog, Journal, Outbox, Portfolios, open_database
from nautilus.server.state.outbox import private_scope
from nautilus.server.state.transactions import update_portfolio

TASKS = 16
WRITES = 1_600
ROUNDS = 3
Write = Callable[[str, float], Awaitable[Any]]


@asynccontextmanager
async def one_writer(url: str):
    database = open_database(url)
    portfolios = Portfolios(database)

    async def write(name: str, weight: float) -> None:
        await portfolios.set_targets(name, {"A": weight})

    yield write
    await database.close()


@asynccontextmanager
async def one_writer_with_journal(url: str):
    async def publish(message: Any) -> None:
        published.append(message.sequence)

    published: list[int] = []
    database = open_database(url)
    outbox = Outbox(database, publish, scope=private_scope())
    outbox.start()
    journal = Journal(outbox=outbox, audit=AuditLog(database))
    portfolios = Portfolios(database, journal=journal)

    async def write(name: str, weight: float) -> None:
        await portfolios.set_targets(name, {"A": weight})

    yield write
    await outbox.close()
    assert len(published) == WRITES
    await database.close()


@asynccontextmanager
async def sixteen_threads(url: str):
    engine, pool = pooled(url), ThreadPoolExecutor(TASKS)

    def in_thread(name: str, values: dict[str, str]) -> None:
        with engine.begin() as connection:
            now = datetime.now(UTC)
            steps = lambda *_: (values, 0, 0)  # noqa: E731
            update_portfolio(connection, name, "targets", None, steps, now)

    async def write(name: str, weight: float) -> None:
        values = {"targets": f'{{"A": {weight}}}'}
        await asyncio.get_running_loop().run_in_executor(pool, in_thread, name, values)

    yield write
    pool.shutdown()
    engine.dispose()


def pooled(url: str) -> Engine:
    engine = create_engine(url, pool_size=TASKS, connect_args={"timeout": 30.0})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


async def measured(design: Any, url: str) -> tuple[float, list[float]]:
    """Writes per second, and the milliseconds of each write."""
    took: list[float] = []

    async def task(name: str, write: Write) -> None:
        for number in range(WRITES // TASKS):
            started = time.perf_counter()
            await write(name, float(number))
            took.append((time.perf_counter() - started) * 1000)

    async with design(url) as write:
        started = time.perf_counter()
        await asyncio.gather(*(task(f"p{n}", write) for n in range(TASKS)))
        elapsed = time.perf_counter() - started
    return WRITES / elapsed, took


async def prepare(url: str) -> None:
    database = open_database(url)
    for number in range(TASKS):
        await Portfolios(database).create(f"p{number}")
    await database.close()


def main() -> None:
    designs = {
        "one writer": one_writer,
        "16 threads": sixteen_threads,
        "one writer, message and audit entry": one_writer_with_journal,
    }
    rates: dict[str, list[float]] = {name: [] for name in designs}
    took: dict[str, list[float]] = {name: [] for name in designs}
    for _ in range(ROUNDS):
        for name, design in designs.items():
            with tempfile.TemporaryDirectory(prefix="nautilus-") as folder:
                url = f"sqlite:///{Path(folder) / 'state.db'}"
                asyncio.run(prepare(url))
                rate, times = asyncio.run(measured(design, url))
            rates[name].append(rate)
            took[name] += times
    print(f"{TASKS} tasks, {WRITES} writes, {ROUNDS} rounds; SQLite, WAL, synchronous=FULL")
    for name in designs:
        p50, p99 = (statistics.quantiles(took[name], n=100)[i] for i in (49, 98))
        rate = statistics.median(rates[name])
        print(f"{name:38}{rate:8.0f} writes/s   p50 {p50:7.2f} ms   p99 {p99:7.2f} ms")
    ours, peer = (statistics.median(rates[name]) for name in ("one writer", "16 threads"))
    print(f"one writer / 16 threads: {ours / peer:.2f} x the writes per second")


if __name__ == "__main__":
    main()
