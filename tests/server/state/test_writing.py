"""Writes that wait together share a commit and nothing else."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from nautilus.core.errors import ConflictError, UnavailableError
from nautilus.server.state.schema import schema_versions as table


class Queue:
    """Holds the writer up, so that what is written meanwhile waits together."""

    def __init__(self, database):
        self.database, self.commits = database, 0
        self.started, self.gate = threading.Event(), threading.Event()
        database.after_commit.append(self.count)

    def count(self):
        self.commits += 1

    def hold(self, connection):
        self.started.set()
        assert self.gate.wait(10)

    async def together(self, *functions):
        first = asyncio.create_task(self.database.write(self.hold))
        await asyncio.to_thread(self.started.wait, 10)
        tasks = [asyncio.create_task(self.database.write(one)) for one in functions]
        await asyncio.sleep(0)
        assert self.database.waiting == len(functions) + 1
        self.gate.set()
        await first
        return await asyncio.gather(*tasks, return_exceptions=True)


def add(version):
    def write(connection):
        connection.execute(insert(table).values(version=version))
        return version

    return write


def versions(connection):
    return sorted(connection.execute(select(table.c.version)).scalars())


def test_what_waits_together_is_committed_together_in_sqlite(database):
    queue = Queue(database)
    outcomes = asyncio.run(queue.together(*(add(n) for n in range(100, 130))))
    assert outcomes == list(range(100, 130))
    database.close_now()  # who waits is told first: the last commit is counted when this returns
    assert queue.commits == (2 if database.url.get_backend_name() == "sqlite" else 31)


def test_a_write_that_fails_is_taken_back_alone(database):
    def half(connection):
        add(102)(connection)
        raise ValueError("stop")

    outcomes = asyncio.run(Queue(database).together(add(101), half, add(101), add(103)))
    assert [type(one).__name__ for one in outcomes] == ["int", "ValueError", "ConflictError", "int"]
    assert isinstance(outcomes[2], ConflictError)
    assert database.read_now(versions)[1:] == [101, 103]


def test_each_sees_what_those_before_it_wrote(database):
    outcomes = asyncio.run(Queue(database).together(add(101), versions, add(102), versions))
    assert [outcomes[1][1:], outcomes[3][1:]] == [[101], [101, 102]]


def test_a_database_that_fails_stores_nothing_of_what_waited(database):
    def full(connection):
        raise OperationalError("INSERT", {}, Exception("disk is full"))

    outcomes = asyncio.run(Queue(database).together(add(101), full, add(102)))
    stored = database.read_now(versions)[1:]
    if database.url.get_backend_name() == "sqlite":
        assert [type(one) for one in outcomes] == [UnavailableError] * 3
        assert stored == []
    else:
        assert [type(one) for one in outcomes] == [int, UnavailableError, int]
        assert stored == [101, 102]


def test_a_write_that_was_given_up_while_it_waited_is_carried_out(database):
    async def scenario():
        queue = Queue(database)
        first = asyncio.create_task(database.write(queue.hold))
        await asyncio.to_thread(queue.started.wait, 10)
        given_up = asyncio.create_task(database.write(add(101)))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        queue.gate.set()
        await first
        return await database.write(versions)

    assert 101 in asyncio.run(scenario())
