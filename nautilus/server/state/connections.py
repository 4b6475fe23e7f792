"""How the database is reached: addresses, and connections with the settings that we rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server.state.file_system import check_local

__all__ = ["READERS", "check_url", "engine_of", "is_sqlite", "shown", "unavailable"]

READERS = 2


def check_url(url: str) -> URL:
    """The address of a database that more than one thread can open.

    Raises
    ------
    ParameterError
        No URL, or SQLite in memory.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise ParameterError(
            f"`database` must be a URL such as sqlite:///state.db, got {url!r}.", field="database"
        ) from error
    if is_sqlite(address) and address.database in (None, "", ":memory:"):
        raise ParameterError(
            "`database` must be a file: SQLite in memory is another database for each thread."
            " Pass sqlite:///state.db.",
            field="database",
        )
    return address


def is_sqlite(address: URL) -> bool:
    """Whether it is a file of this machine."""
    return address.get_backend_name() == "sqlite"


def engine_of(address: URL, busy_seconds: float = 5.0) -> Engine:
    """Connections with the settings that the state needs."""
    if not is_sqlite(address):
        return create_engine(address, pool_size=READERS + 2, pool_pre_ping=True)
    path = Path(str(address.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unavailable(address, error) from error
    check_local(path.parent)
    engine = create_engine(
        address,
        pool_size=READERS + 2,
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _: Any) -> None:
    """What SQLite forgets with each connection; transactions are begun by `_begin`."""
    connection.isolation_level = None
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
    except BaseException:
        connection.close()  # not a database: the pool would leave it open
        raise


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("nautilus_writes", False)
    # A reader that turns writer fails when somebody wrote since; a writer locks at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def unavailable(address: URL, error: Exception) -> UnavailableError:
    """The error for a database that cannot be reached, is locked or full."""
    cause = getattr(error, "orig", None) or error
    return UnavailableError(f"the database {shown(address)} does not answer: {cause}.")


def shown(address: URL) -> str:
    """The address without its password."""
    return address.render_as_string(hide_password=True)
