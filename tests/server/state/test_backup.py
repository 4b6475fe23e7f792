from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from nautilus.accounting import Fill, Position
from nautilus.core.errors import (
    ConflictError,
    DataError,
    NautilusError,
    NotFoundError,
    ParameterError,
    UnavailableError,
)
from nautilus.server.state import (
    AuditLog,
    ClientSubscriptions,
    IdempotencyKeys,
    Journal,
    NavHistory,
    Outbox,
    Portfolios,
    open_database,
)
from nautilus.server.state.backup import backup, restore
from nautilus.server.state.command import state_command
from nautilus.server.state.jobs import Job, StoredJobs
from nautilus.server.state.schema import SCHEMA_VERSION, metadata, schema_versions

AT = datetime(2024, 1, 2, tzinfo=UTC)


def journalled(database):
    return Portfolios(
        database, journal=Journal(outbox=Outbox(database, None), audit=AuditLog(database))
    )


def fill_in(database):
    """Rows in every table."""

    async def write():
        portfolios = journalled(database)
        await portfolios.create("p1", cash=0.1 + 0.2, limits={"x": 1}, name="größer")
        await portfolios.append_events("p1", [Fill(AT, "A", 1 / 3, 100.0, fill_id="f1")])
        await portfolios.save_snapshot("p1", [Position("A", 1.0, 155.0)])
        times = np.array(["2024-01-02", "2024-01-03"], dtype="M8[us]")
        await portfolios.append_nav("p1", NavHistory(times, np.array([1.5, 2.5]), np.zeros(2)))
        keys = IdempotencyKeys(database)
        await keys.finish(await keys.claim("s", "k", {}), 200, "{}")
        await keys.claim("s", "running", {})
        await ClientSubscriptions(database).add("c", [("market.>", {"x": [1]})])
        await StoredJobs(database, holder="h").add(
            Job(id="job_1", engine="risk", operation="stress", created_at=AT)
        )
        await Outbox(database, asyncio.Queue().put).flush()

    asyncio.run(write())


def content(url):
    """Every row of every table."""
    database = open_database(url)
    try:
        return {
            table.name: sorted(
                map(tuple, database.read_now(lambda c, t=table: c.execute(select(t)).all())),
                key=repr,
            )
            for table in metadata.sorted_tables
        }
    finally:
        database.close_now()


@pytest.fixture
def filled(database, url):
    fill_in(database)
    return url


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_every_row_comes_back_in_either_database(filled, target, request, tmp_path):
    copy = tmp_path / "copy.db"
    backup(filled, copy)
    with request.getfixturevalue("postgresql").database() as other:
        to = other if target == "postgresql" else f"sqlite:///{tmp_path / 'restored.db'}"
        kept = restore(to, copy)
        assert (kept is None) == (target == "sqlite")
        before, after = content(filled), content(to)
        assert all(before.values())
        assert after == before
        database = open_database(to)
        asyncio.run(journalled(database).set_cash("p1", 1.0))
        assert len(asyncio.run(AuditLog(database).entries())) == 5
        database.close_now()


def test_a_copy_is_one_private_file_that_is_whole(filled, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    for _ in range(2):
        backup(filled, folder / "copy.db")
    assert [one.name for one in folder.iterdir()] == ["copy.db"]
    assert stat.S_IMODE((folder / "copy.db").stat().st_mode) == 0o600
    with closing(sqlite3.connect(folder / "copy.db")) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_copy_that_is_made_while_a_server_writes_is_of_one_moment(database, url, tmp_path):
    portfolios = journalled(database)

    async def write(stop):
        n = 0
        while not stop.is_set():
            n += 1
            await portfolios.set_targets("p1", {"A": float(n)})
        return n

    async def scenario():
        await portfolios.create("p1")
        stop = asyncio.Event()
        writing = asyncio.create_task(write(stop))
        for n in range(5):
            await asyncio.to_thread(backup, url, tmp_path / f"{n}.db")
        stop.set()
        return await writing

    written = asyncio.run(scenario())
    versions = []
    for n in range(5):
        stored = content(f"sqlite:///{tmp_path / f'{n}.db'}")
        versions.append(stored["portfolios"][0][1])
        assert len(stored["outbox"]) == len(stored["audit_log"]) == versions[-1]
    assert versions == sorted(versions)
    assert versions[-1] <= written + 1


def test_a_server_that_has_it_open_is_not_pulled_away(database, url, tmp_path):
    backup(url, tmp_path / "copy.db")
    with pytest.raises(ConflictError, match=r"a server has the database .* open\. Stop it"):
        restore(url, tmp_path / "copy.db")
    database.close_now()
    restore(url, tmp_path / "copy.db")


def test_who_leaves_is_gone_at_once(url, tmp_path):
    """Not when the server of the database notices that a connection has ended."""
    open_database(url).close_now()
    backup(url, tmp_path / "copy.db")
    for _ in range(20):
        open_database(url).close_now()
        restore(url, tmp_path / "copy.db")


def test_while_it_is_restored_no_server_opens_it(url, tmp_path, monkeypatch):
    from nautilus.server.state import backup as module

    open_database(url).close_now()
    backup(url, tmp_path / "copy.db")
    seen = []

    def look(*_):
        with pytest.raises(UnavailableError, match="is being restored"):
            open_database(url)
        seen.append(True)

    monkeypatch.setattr(module, "_replace_file", look)
    monkeypatch.setattr(module, "_replace_rows", look)
    restore(url, tmp_path / "copy.db")
    assert seen == [True]


def test_what_was_replaced_is_kept_aside_with_the_log_of_a_killed_writer(sqlite_url, tmp_path):
    code = (
        "import asyncio, os, sys; from nautilus.server.state import *;"
        "d = open_database(sys.argv[1]); asyncio.run(Portfolios(d).create('late'));"
        "os.kill(os.getpid(), 9)"
    )
    database = open_database(sqlite_url)
    fill_in(database)
    backup(sqlite_url, tmp_path / "copy.db")
    database.close_now()
    subprocess.run([sys.executable, "-c", code, sqlite_url], check=False)
    assert (tmp_path / "state.db-wal").stat().st_size
    kept = restore(sqlite_url, tmp_path / "copy.db")
    assert kept.name.startswith("state.db.before-restore-")
    assert [row[0] for row in content(f"sqlite:///{kept}")["portfolios"]] == ["late", "p1"]
    assert [row[0] for row in content(sqlite_url)["portfolios"]] == ["p1"]


def test_postgresql_keeps_what_was_replaced_in_a_file(postgresql, tmp_path):
    with postgresql.database() as url:
        database = open_database(url)
        fill_in(database)
        backup(url, tmp_path / "copy.db")
        asyncio.run(journalled(database).create("late"))
        database.close_now()
        kept = restore(url, tmp_path / "copy.db")
        assert [row[0] for row in content(url)["portfolios"]] == ["p1"]
    assert [row[0] for row in content(f"sqlite:///{kept}")["portfolios"]] == ["late", "p1"]
    assert sorted(one.name for one in tmp_path.iterdir() if "lock" not in one.name) == sorted(
        ["copy.db", kept.name]
    )


def test_a_restore_that_fails_changes_nothing(filled, database, tmp_path, monkeypatch):
    backup(filled, tmp_path / "copy.db")
    asyncio.run(journalled(database).create("late"))
    database.close_now()
    before = content(filled)

    def fail(*_):
        raise OSError("no room")

    monkeypatch.setattr("nautilus.server.state.backup._sync", fail)
    with pytest.raises(OSError, match="no room"):
        restore(filled, tmp_path / "copy.db")
    assert content(filled) == before


def newer(path: Path) -> None:
    database = open_database(f"sqlite:///{path}")
    database.write_now(lambda c: c.execute(schema_versions.update().values(version=99)))
    database.close_now()


def no_state(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("CREATE TABLE notes (text)")


def damaged(path: Path) -> None:
    fill_in(database := open_database(f"sqlite:///{path}"))
    database.close_now()
    body = bytearray(path.read_bytes())
    for page in range(2, len(body) // 4096):
        body[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(body)


def text(path: Path) -> None:
    path.write_text("notes " * 1000)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (newer, "has version 99 of the tables, this program knows"),
        (no_state, "no copy of the state of this program"),
        (damaged, "damaged"),
        (text, "damaged or no database"),
    ],
)
def test_what_is_no_copy_is_refused_and_nothing_is_replaced(
    filled, database, tmp_path, make, error
):
    database.close_now()
    before = content(filled)
    make(tmp_path / "wrong.db")
    with pytest.raises(DataError, match=error):
        restore(filled, tmp_path / "wrong.db")
    with pytest.raises(DataError, match=error):
        backup(f"sqlite:///{tmp_path / 'wrong.db'}", tmp_path / "copy.db")
    assert content(filled) == before
    assert not (tmp_path / "copy.db").exists()


def test_a_database_of_servers_is_not_written_over(filled, sqlite_url, tmp_path):
    database = open_database(sqlite_url)
    with pytest.raises(ParameterError, match="`to` is a database of servers"):
        backup(filled, tmp_path / "state.db")
    assert asyncio.run(database.reachable())
    database.close_now()


def test_a_postgresql_of_another_version_is_left_alone(postgresql, tmp_path):
    copy = tmp_path / "copy.db"
    with postgresql.database() as url:
        database = open_database(url)
        backup(url, copy)
        database.write_now(lambda c: c.execute(schema_versions.update().values(version=99)))
        database.close_now()
        for call in (lambda: backup(url, tmp_path / "b.db"), lambda: restore(url, copy)):
            with pytest.raises(DataError, match="version 99 of the tables"):
                call()


def test_what_is_not_there_is_not_copied(url, tmp_path):
    with pytest.raises(NotFoundError):
        backup(url, tmp_path / "copy.db")
    with pytest.raises(NotFoundError, match="there is no database"):
        restore(url, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_postgresql_that_is_away_says_so(tmp_path):
    url = "postgresql+psycopg://me:secret@127.0.0.1:1/state"
    for call in (lambda: backup(url, tmp_path / "c.db"), lambda: restore(url, tmp_path / "c.db")):
        with pytest.raises(UnavailableError, match=r"me:\*\*\*@127.* does not answer"):
            call()


def test_the_command_says_what_it_did(sqlite_url, tmp_path, capsys):
    open_database(sqlite_url).close_now()
    copy, place = str(tmp_path / "copy.db"), str(tmp_path / "state.db")
    assert state_command(["backup", "--to", copy, "--database", place]) == 0
    assert state_command(["restore", "--from", copy, "--database", place]) == 0
    out = capsys.readouterr().out
    assert f"is copied to {copy}." in out
    assert "What was there before is in" in out
    assert state_command(["restore", "--from", copy + "x", "--database", place]) == 1
    assert "there is no database" in capsys.readouterr().err


def test_the_program_has_the_subcommands(sqlite_url, tmp_path):
    open_database(sqlite_url).close_now()
    copy = tmp_path / "copy.db"
    command = [sys.executable, "-m", "nautilus.server", "backup", "--to", str(copy)]
    done = subprocess.run(
        command,
        env={**os.environ, "NAUTILUS_DATABASE": sqlite_url},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert content(f"sqlite:///{copy}")["schema_versions"] == [(SCHEMA_VERSION,)]
    wrong = subprocess.run([*command[:-2], "--database", "x"], capture_output=True, text=True)
    assert (wrong.returncode, "--to" in wrong.stderr) == (2, True)


def test_a_lock_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "state.db.lock").mkdir()
    with pytest.raises(NautilusError, match="does not answer"):
        open_database(f"sqlite:///{tmp_path / 'state.db'}")
