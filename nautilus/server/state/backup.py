"""Copies of the state that a person can keep: one SQLite file, whatever the database is.

A copy of SQLite is made page by page by its online backup, one of PostgreSQL row by row in a
transaction that sees one moment; both while servers write. So a copy of either can be restored into
either.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from nautilus.core.errors import DataError, NotFoundError, ParameterError, UnavailableError
from nautilus.server.state.connections import check_url, engine_of, is_sqlite, shown, unavailable
from nautilus.server.state.migrations import bring_up_to_date, stored_version
from nautilus.server.state.portable import export_rows, import_rows
from nautilus.server.state.presence import alone
from nautilus.server.state.schema import SCHEMA_VERSION

__all__ = ["backup", "restore"]


def backup(url: str, to: Path) -> None:
    """Copy a database into a file, which is whole or not there.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of the state.
    to : Path
        Replaced if it exists; only its owner may read it.

    Raises
    ------
    ParameterError
        `to` is a database that may be open.
    NotFoundError
        There is no such database.
    DataError
        It is no state of this program, or damaged.
    UnavailableError
        It cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from nautilus.server.state.database import open_database
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     url = f"sqlite:///{folder}/state.db"
    ...     open_database(url).close_now()
    ...     backup(url, Path(folder, "copy.db"))
    ...     restore(f"sqlite:///{folder}/another.db", Path(folder, "copy.db")) is None
    True
    """
    address = check_url(url)
    _check_free(to)
    with _whole(to) as unfinished:
        if is_sqlite(address):
            _copy_pages(Path(str(address.database)), unfinished)
        else:
            _export(address, unfinished)


def restore(url: str, source: Path) -> Path | None:
    """Replace a database by a copy that `backup` made.

    Parameters
    ----------
    url : str
    source : Path

    Returns
    -------
    Path or None
        Where the replaced database is kept: beside the file, or for PostgreSQL beside `source`.

    Raises
    ------
    NotFoundError, DataError
        There is no copy, or none that this program can read.
    ConflictError
        A server has the database open.
    """
    address = check_url(url)
    engine = engine_of(address)
    try:
        with alone(engine, address):
            if is_sqlite(address):
                return _replace_file(Path(str(address.database)), source)
            return _replace_rows(engine, source)
    except OperationalError as error:
        raise unavailable(address, error) from error
    finally:
        engine.dispose()


def _check_free(to: Path) -> None:
    """Refuse to write over a database of servers: they would go on with what is not there any more.

    The lock stays beside every database that was ever opened, and never comes beside a copy.
    """
    if Path(f"{to}.lock").exists() or Path(f"{to}-wal").exists():
        raise ParameterError(f"`to` is a database of servers: {to}. Name another file.", field="to")


def _export(address: URL, target: Path) -> None:
    engine = engine_of(address)
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            with connection.begin():
                found = stored_version(connection)
                if found is None:
                    raise NotFoundError(f"{shown(address)} has no tables of this program.")
                if found != SCHEMA_VERSION:
                    raise DataError(
                        f"{shown(address)} has version {found} of the tables, this program copies"
                        f" version {SCHEMA_VERSION}. A server that starts brings it up to date."
                    )
                export_rows(connection, target)
    except OperationalError as error:
        raise unavailable(address, error) from error
    finally:
        engine.dispose()


@contextmanager
def _whole(to: Path) -> Iterator[Path]:
    """A name to write to; it becomes `to` once everything is on the disk."""
    unfinished = to.with_name(f".{to.name}.{uuid.uuid4().hex}")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield unfinished
        _check_copy(unfinished)
        _sync(unfinished)
        os.replace(unfinished, to)
        _sync(to.parent)
    finally:
        for left in to.parent.iterdir():
            if left.name.startswith(unfinished.name):
                left.unlink()


def _copy_pages(source: Path, target: Path) -> None:
    """The online backup of SQLite; the copy is one file, without a log beside it."""
    if not source.is_file():
        raise NotFoundError(f"there is no database {source}.", field="database")
    place = f"{source.resolve().as_uri()}?mode=rw"  # a log beside it may need to be read
    try:
        with closing(sqlite3.connect(place, uri=True)) as old, closing(_plain(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise UnavailableError(f"{source} cannot be copied to {target}: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"{source} is damaged or no database: {error}.") from error


def _check_copy(path: Path) -> None:
    try:
        with closing(_plain(path)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
            versions = connection.execute("SELECT version FROM schema_versions").fetchall()
    except sqlite3.DatabaseError as error:
        raise DataError(f"this is no copy of the state of this program: {error}.") from error
    if found != "ok" or len(versions) != 1:
        raise DataError(f"the state is damaged: {found}. Restore an earlier copy.")
    _check_version(versions[0][0])


def _check_version(found: int) -> None:
    if found > SCHEMA_VERSION:
        raise DataError(
            f"the state has version {found} of the tables, this program knows version"
            f" {SCHEMA_VERSION}. Use the program that wrote it."
        )


def _replace_file(target: Path, source: Path) -> Path | None:
    kept = None
    with _whole(target) as unfinished:
        _copy_pages(source, unfinished)
        if target.exists():
            kept = _aside(target, target.name)
            _close_log(target)
            os.link(target, kept)
            # The log first: beside another database it would be read as part of that.
            for end in ("-wal", "-shm"):
                if Path(f"{target}{end}").exists():
                    os.replace(f"{target}{end}", f"{kept}{end}")
    return kept


def _close_log(path: Path) -> None:
    """Bring the log of a process that was killed into its database, if that can be read."""
    try:
        with closing(_plain(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        return  # damaged: kept as it is, log and all


def _replace_rows(engine: Engine, source: Path) -> Path:
    """In one transaction, after the rows it had are in a copy of their own."""
    kept = _aside(source, "postgresql.db")
    with TemporaryDirectory(prefix="nautilus-restore-") as folder:
        copy = Path(folder, "copy.db")
        _copy_pages(source, copy)
        _check_copy(copy)
        with engine.begin() as connection:
            _check_version(bring_up_to_date(connection))
            with _whole(kept) as old:
                export_rows(connection, old)
            import_rows(copy, connection)
    return kept


def _aside(beside: Path, name: str) -> Path:
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return beside.with_name(f"{name}.before-restore-{at}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)
