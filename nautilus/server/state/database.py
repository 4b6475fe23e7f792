"""The database of the state: one writer thread per process, readers beside it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from nautilus.core.errors import ConflictError, DataError, UnavailableError
from nautilus.server.state.connections import (
    READERS,
    check_url,
    engine_of,
    is_sqlite,
    shown,
    unavailable,
)
from nautilus.server.state.migrations import bring_up_to_date, stored_version
from nautilus.server.state.presence import enter
from nautilus.server.state.schema import SCHEMA_VERSION
from nautilus.server.state.writing import Writer

__all__ = ["Database", "open_database"]

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

MOST_WAITING = 1024
MOST_TOGETHER = 64
_PREPARING = 8100  # any number that all processes share


def open_database(url: str, *, busy_seconds: float = 5.0) -> Database:
    """Open the state, make its tables where they are missing, check its version.

    Parameters
    ----------
    url : str
        SQLAlchemy URL: `sqlite:///file` or `postgresql+psycopg://...`.
    busy_seconds : float
        How long a write waits for another process.

    Raises
    ------
    ParameterError
        No URL, or SQLite in memory, which each thread would see anew.
    DataError
        Not a database, or written by another version.
    UnavailableError
        It cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = open_database(f"sqlite:///{folder}/state.db")
    ...     print(asyncio.run(database.reachable()))
    ...     database.close_now()
    True
    """
    address = check_url(url)
    engine = engine_of(address, busy_seconds)
    with ExitStack() as opened:
        opened.callback(engine.dispose)
        try:
            opened.callback(enter(engine, address))
        except (OperationalError, OSError) as error:
            raise unavailable(address, error) from error
        _prepare(engine, address)
        return Database(engine, address, closing=opened.pop_all().close)


class Database:
    """Runs functions of a connection in transactions, in threads of its own.

    Parameters
    ----------
    engine : Engine
    url : URL
    closing : callable
        Called when it has been closed.

    Attributes
    ----------
    after_commit : list of callable
        Called after each write, in the thread that wrote.
    """

    def __init__(self, engine: Engine, url: URL, *, closing: Callable[[], None]) -> None:
        self.url = url
        self.waiting = 0
        self.closed = False
        self.after_commit: list[Callable[[], None]] = []
        self._engine = engine
        self._closing = closing
        self._lock = threading.Lock()
        # SQLite has one writer at a time; a second thread of ours would only wait for the first.
        together = MOST_TOGETHER if is_sqlite(url) else 1
        self._writer = Writer(engine, together=together, committed=self._committed)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="nautilus-read")

    async def write(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run in a transaction that is committed, and safe on disk, when this returns.

        It is carried out even when the caller is cancelled meanwhile.

        Raises
        ------
        ConflictError
            A key that is taken.
        UnavailableError
            Too many calls wait, or the database is locked, full or gone.
        """
        with self._translated():
            return await self._result(
                self._writer.submit, lambda connection: function(connection, *args, **kwargs)
            )

    async def read(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run in a transaction that sees one state of the database."""
        return await self._result(
            self._readers.submit, lambda: self.read_now(function, *args, **kwargs)
        )

    def write_now(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`write` in this thread."""
        with self._translated(), self._engine.connect() as connection:
            writer = connection.execution_options(nautilus_writes=True)
            with writer.begin():
                result = function(writer, *args, **kwargs)
        self._committed()
        return result

    def read_now(
        self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`read` in this thread."""
        with self._translated(), self._engine.connect() as connection, connection.begin():
            return function(connection, *args, **kwargs)

    async def reachable(self) -> bool:
        """Whether the state can be read now."""
        if self.closed:
            return False
        try:
            return await self.read(stored_version) == SCHEMA_VERSION
        except UnavailableError:
            return False

    async def close(self) -> None:
        """Finish what was accepted, then close every connection."""
        if not self.closed:
            self.closed = True
            await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """`close` in this thread."""
        self.closed = True
        self._writer.close()
        self._readers.shutdown(wait=True)
        self._closing()

    async def _result(self, submit: Callable[[F], Future[T]], call: F) -> T:
        if self.closed:
            raise UnavailableError("the database is closed: the server is stopping.")
        if self.waiting >= MOST_WAITING:
            raise UnavailableError(
                f"{self.waiting} calls wait for the database. Try again in a second."
            )
        with self._lock:
            self.waiting += 1
        future = submit(call)
        future.add_done_callback(self._ended)
        # Shielded: a caller that gives up does not take back what it asked for.
        return await asyncio.shield(asyncio.wrap_future(future))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Errors of the driver as ours."""
        try:
            yield
        except IntegrityError as error:
            raise ConflictError(
                "somebody else stored the same thing first. Read it again and repeat the change."
            ) from error
        except OperationalError as error:
            raise unavailable(self.url, error) from error

    def _committed(self) -> None:
        for call in tuple(self.after_commit):
            call()

    def _ended(self, _: object) -> None:
        with self._lock:
            self.waiting -= 1


def _prepare(engine: Engine, address: URL) -> None:
    """In one transaction: of two processes that start, the second finds the tables made."""
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(nautilus_writes=True)
            with connection.begin():
                if not is_sqlite(address):
                    connection.execute(select(func.pg_advisory_xact_lock(_PREPARING)))
                before = stored_version(connection)
                found = bring_up_to_date(connection)
    except OperationalError as error:
        raise unavailable(address, error) from error
    except DatabaseError as error:
        raise DataError(
            f"{shown(address)} is not a database of this program: {error.orig}."
            " Move it away or pass another --database.",
            field="database",
        ) from error
    if found != SCHEMA_VERSION:
        raise DataError(
            f"{shown(address)} was written with version {found} of the tables, this program knows"
            f" version {SCHEMA_VERSION}. Use the program that wrote it, or another --database.",
            field="database",
        )
    if before is None and is_sqlite(address):
        os.chmod(str(address.database), 0o600)
