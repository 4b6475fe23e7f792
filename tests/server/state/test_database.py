from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from nautilus.core.errors import ConflictError, DataError, ParameterError, UnavailableError
from nautilus.server.state import open_database
from nautilus.server.state.schema import SCHEMA_VERSION, metadata, schema_versions


def _set_version(connection, version):
    connection.execute(update(schema_versions).values(version=version))


def _pragma(connection, name):
    return connection.execute(text(f"PRAGMA {name}")).scalar()


def test_sqlite_is_set_up_to_lose_nothing(sqlite_url):
    database = open_database(sqlite_url)

    async def pragmas():
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [await database.read(_pragma, name) for name in names]

    assert asyncio.run(pragmas()) == ["wal", 2, 1, 5000]
    database.close_now()


def test_the_file_and_its_folder_are_private(tmp_path):
    path = tmp_path / "new" / "state.db"
    open_database(f"sqlite:///{path}").close_now()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_writes_run_in_one_thread_and_reads_beside_it(database):
    async def names():
        async def name(call):
            return await call(lambda _: threading.current_thread().name)

        writes = await asyncio.gather(*(name(database.write) for _ in range(4)))
        reads = await asyncio.gather(*(name(database.read) for _ in range(4)))
        return set(writes), set(reads)

    writes, reads = asyncio.run(names())
    assert len(writes) == 1
    assert all(name.startswith("nautilus-read") for name in reads)


def test_a_write_that_fails_leaves_nothing(database):
    def half(connection):
        _set_version(connection, 77)
        raise ValueError("stop")

    async def scenario():
        with pytest.raises(ValueError, match="stop"):
            await database.write(half)
        return await database.reachable()

    assert asyncio.run(scenario())


def test_a_key_that_is_taken_is_a_conflict(database):
    def twice(connection):
        connection.execute(insert(schema_versions).values(version=SCHEMA_VERSION))

    with pytest.raises(ConflictError, match="somebody else stored the same thing first"):
        asyncio.run(database.write(twice))


def test_a_caller_that_gives_up_does_not_take_back_the_write(database):
    gate, started = threading.Event(), threading.Event()

    def slow(connection):
        started.set()
        gate.wait(5)
        _set_version(connection, 5)

    async def scenario():
        task = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(started.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert database.waiting == 1
        gate.set()
        await database.write(lambda _: None)
        return await database.read(lambda c: c.execute(select(schema_versions.c.version)).scalar())

    assert asyncio.run(scenario()) == 5
    assert database.waiting == 0


def test_too_many_waiting_calls_are_refused(database, monkeypatch):
    monkeypatch.setattr("nautilus.server.state.database.MOST_WAITING", 0)
    with pytest.raises(UnavailableError, match=r"0 calls wait for the database\. Try again"):
        asyncio.run(database.read(lambda _: None))


def test_a_writer_of_another_process_is_waited_for_and_then_given_up(sqlite_url, tmp_path):
    database = open_database(sqlite_url, busy_seconds=0.01)
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match=r"the database sqlite.*does not answer: .*locked"):
        asyncio.run(database.write(_set_version, SCHEMA_VERSION))
    assert asyncio.run(database.reachable())
    other.execute("ROLLBACK")
    other.close()
    asyncio.run(database.write(_set_version, SCHEMA_VERSION))
    database.close_now()


def test_after_close_it_says_so(url):
    database = open_database(url)

    async def scenario():
        pending = asyncio.create_task(database.write(_set_version, SCHEMA_VERSION))
        await asyncio.sleep(0)
        await database.close()
        await database.close()
        await pending
        assert not await database.reachable()
        await database.read(lambda _: None)

    with pytest.raises(UnavailableError, match="the database is closed: the server is stopping"):
        asyncio.run(scenario())


def test_the_tables_are_made_once(url):
    for _ in range(2):
        open_database(url).close_now()


def test_processes_that_start_together_make_the_tables_once(url):
    code = (
        "import sys; from nautilus.server.state import open_database;"
        "open_database(sys.argv[1]).close_now()"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]


def test_another_version_of_the_tables_is_refused(url):
    database = open_database(url)
    database.write_now(_set_version, SCHEMA_VERSION + 1)
    database.close_now()
    with pytest.raises(
        DataError, match=r"written with version 4 of the tables, .* knows version 3"
    ):
        open_database(url)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my notes, which are long enough to be read as a header of something else")
    with pytest.raises(
        DataError, match="is not a database of this program: file is not a database"
    ):
        open_database(f"sqlite:///{path}")
    assert path.read_text().startswith("my notes")


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="does not answer"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'state.db'}")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_sqlite_in_memory_is_refused(url):
    with pytest.raises(ParameterError, match="`database` must be a file: SQLite in memory"):
        open_database(url)


def test_something_that_is_no_url_is_refused():
    with pytest.raises(
        ParameterError, match=r"`database` must be a URL such as sqlite:///state\.db"
    ):
        open_database("state.db")


def test_passwords_are_not_shown():
    url = "postgresql+psycopg://me:secret@127.0.0.1:1/state"
    with pytest.raises(UnavailableError, match=r"me:\*\*\*@127") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_the_tables_exist_in_the_words_of_postgresql():
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE" in str(CreateIndex(index).compile(dialect=dialect))
    assert str(insert(schema_versions).compile(dialect=dialect)).startswith("INSERT INTO")
