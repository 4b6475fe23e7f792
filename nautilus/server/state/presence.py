"""Who has a database open: servers together, or one program that replaces it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from nautilus.core.errors import ConflictError, UnavailableError
from nautilus.server.state.connections import is_sqlite, shown

if sys.platform != "win32":
    import fcntl

__all__ = ["alone", "enter"]

_log = logging.getLogger("nautilus.server.state")
_OPEN = 8101  # any number that all processes share


def enter(engine: Engine, address: URL) -> Callable[[], None]:
    """Be one of those that have it open; returns what ends that.

    Raises
    ------
    UnavailableError
        It is being replaced.
    """
    leave = _file_lock(address, False) if is_sqlite(address) else _server_lock(engine, False)
    if leave is None:
        raise UnavailableError(
            f"the database {shown(address)} is being restored. Start again when that has ended."
        )
    return leave


@contextmanager
def alone(engine: Engine, address: URL) -> Iterator[None]:
    """Be the only one that has it open.

    Raises
    ------
    ConflictError
        Somebody else has.
    """
    leave = _file_lock(address, True) if is_sqlite(address) else _server_lock(engine, True)
    if leave is None:
        raise ConflictError(
            f"a server has the database {shown(address)} open. Stop it, then restore."
        )
    try:
        yield
    finally:
        leave()


def _file_lock(address: URL, exclusive: bool) -> Callable[[], None] | None:
    """A lock on a file beside the database; the system ends it with the process."""
    if sys.platform == "win32":
        return lambda: None
    path = Path(f"{address.database}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return lambda: os.close(descriptor)


def _server_lock(engine: Engine, exclusive: bool) -> Callable[[], None] | None:
    """A lock of a connection that is kept for it; PostgreSQL ends it with the connection."""
    take = func.pg_try_advisory_lock if exclusive else func.pg_try_advisory_lock_shared
    give = func.pg_advisory_unlock if exclusive else func.pg_advisory_unlock_shared
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def hang_up() -> None:
        connection.invalidate()
        connection.close()

    def leave() -> None:
        # The server may notice only later that a connection has ended: it is told before.
        try:
            connection.execute(select(give(_OPEN)))
        except DBAPIError as error:
            _log.info("the lock ended with its connection: %s", error)
        hang_up()

    if connection.execute(select(take(_OPEN))).scalar_one():
        return leave
    hang_up()
    return None
