"""One thread that writes: what waits together is committed together, one wait for the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

__all__ = ["Writer"]

T = TypeVar("T")


class _Write:
    """A function that waits to be run, and who waits for its result."""

    def __init__(self, function: Callable[[Connection], Any]) -> None:
        self.future: Future[Any] = Future()
        self._function = function
        self._result: Any = None
        self._error: Exception | None = None

    def run(self, connection: Connection) -> None:
        """As the only one of its transaction."""
        self._result = self._function(connection)

    def run_among_others(self, connection: Connection) -> None:
        """What fails is taken back alone; a database that fails takes the others with it."""
        try:
            with connection.begin_nested():
                self.run(connection)
        except OperationalError:
            raise
        except Exception as error:
            self._error = error

    def tell(self, failure: BaseException | None) -> None:
        """Give the result, now that it is committed or has failed."""
        if (error := self._error or failure) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(self._result)


class Writer:
    """Runs functions in the order they came, each all or nothing.

    Parameters
    ----------
    engine : Engine
    together : int
        At most so many share a transaction. 1 where locks are held by row: two processes that each
        lock many rows in their own order would wait for each other.
    committed : callable
        Called after each commit, in this thread.
    """

    def __init__(self, engine: Engine, *, together: int, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._together = together
        self._committed = committed
        self._queue: deque[_Write] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nautilus-write")

    def submit(self, function: Callable[[Connection], T]) -> Future[T]:
        """The result, once it is safe on disk."""
        write = _Write(function)
        self._queue.append(write)
        self._thread.submit(self._next)
        return write.future

    def close(self) -> None:
        """Finish what was accepted."""
        self._thread.shutdown(wait=True)

    def _next(self) -> None:
        """Called as often as something came; what went with others has left nothing to do."""
        count = min(len(self._queue), self._together)
        group = [self._queue.popleft() for _ in range(count)]
        group = [write for write in group if write.future.set_running_or_notify_cancel()]
        if not group:
            return
        failure = self._failure(group)
        for write in group:
            write.tell(failure)
        if failure is None:
            self._committed()

    def _failure(self, group: list[_Write]) -> BaseException | None:
        """Why nothing of the group was stored; None when it was."""
        try:
            with self._engine.connect() as plain:
                connection = plain.execution_options(nautilus_writes=True)
                with connection.begin():
                    if len(group) == 1:
                        group[0].run(connection)
                    else:
                        for write in group:
                            write.run_among_others(connection)
        except BaseException as error:
            return error
        return None
