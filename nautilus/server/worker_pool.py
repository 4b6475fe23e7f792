"""Processes that run one call each, and may be killed in the middle of it.

The executor of the standard library breaks as a whole when one of its processes dies, and cannot
stop a call. Here every process has a pipe of its own: whoever stops waiting for a call kills the
process that runs it, and nobody else notices.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import UnavailableError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

__all__ = ["WorkerPool"]

MOST_CALLS = 100  # then the process is replaced: what libraries leak goes with it
PRELOADED = ["numpy", "nautilus.server.worker_pool"]
JOIN_SECONDS = 1.0


class WorkerPool:
    """Up to `most` processes, started when they are needed.

    Parameters
    ----------
    most : int

    Examples
    --------
    >>> pool = WorkerPool(1)
    >>> call = pool.submit(max, (3, 5))
    >>> call.result()
    5
    >>> pool.close()
    """

    def __init__(self, most: int) -> None:
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="nautilus-worker")
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, function: Callable[..., Any], args: tuple[Any, ...] = ()) -> Call:
        """Run it as soon as a process is free."""
        call = Call(pickle.dumps((function, args)))
        call.future = self._threads.submit(self._run, call)
        return call

    def close(self) -> None:
        """End every process, whatever it is doing."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            worker.kill()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, call: Call) -> Any:
        worker = self._taken()
        if not call.begin(worker):
            self._given_back(worker)
            raise UnavailableError("the call was given up before it began.")
        try:
            fine, result = worker.call(call.body)
        except (EOFError, OSError) as error:
            self._forget(worker)
            raise UnavailableError(
                "The process that ran this call died. Try again, with less data if it repeats."
            ) from error
        finally:
            call.end()
        self._given_back(worker)
        if not fine:
            raise result
        return result

    def _taken(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise UnavailableError("the server is stopping.")
            if self._idle:
                return self._idle.pop()
        worker = _Worker()
        with self._lock:
            self._all.add(worker)
        return worker

    def _given_back(self, worker: _Worker) -> None:
        if worker.calls >= MOST_CALLS or not worker.alive:
            self._forget(worker)
            return
        with self._lock:
            self._idle.append(worker)

    def _forget(self, worker: _Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.kill()


class Call:
    """One call; `kill` ends it wherever it is."""

    future: Any

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._worker: _Worker | None = None
        self._killed = False
        self._lock = threading.Lock()

    def result(self) -> Any:
        """What it returned; what it raised is raised."""
        return self.future.result()

    def begin(self, worker: _Worker) -> bool:
        """Whether it is still wanted."""
        with self._lock:
            self._worker = None if self._killed else worker
            return not self._killed

    def end(self) -> None:
        """It runs no more: its process belongs to others."""
        with self._lock:
            self._worker = None

    def kill(self) -> None:
        """End the process that runs it; the pool starts another for the next call."""
        with self._lock:
            self._killed = True
            if self._worker is not None:
                self._worker.kill()
        self.future.cancel()


class _Worker:
    """A process and the pipe to it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._pipe, theirs = context.Pipe()
        self._life, life = context.Pipe()
        self.calls = 0
        self._process: ForkServerProcess = context.Process(
            target=_work, args=(theirs, life), name="nautilus-worker", daemon=True
        )
        self._process.start()
        theirs.close()
        life.close()

    @property
    def alive(self) -> bool:
        """Whether it can take another call."""
        return self._process.is_alive()

    def call(self, body: bytes) -> tuple[bool, Any]:
        """(fine, result or exception), once it is there."""
        self.calls += 1
        self._pipe.send_bytes(body)
        fine, result = self._pipe.recv()
        return fine, result

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ValueError):  # closed already
            self._process.kill()
            self._process.join(JOIN_SECONDS)


def _work(pipe: Connection, life: Connection) -> None:
    """Answer calls until the pipe ends; die in the middle of one when the other end is gone."""
    threading.Thread(target=_watch, args=(life,), daemon=True).start()
    while True:
        try:
            function, args = pickle.loads(pipe.recv_bytes())
        except EOFError:
            return
        except Exception as error:  # what was sent cannot be read here
            _answer(pipe, False, error)
            continue
        try:
            result = function(*args)
        except Exception as error:
            _answer(pipe, False, error)
        else:
            _answer(pipe, True, result)


def _answer(pipe: Connection, fine: bool, result: Any) -> None:
    try:
        pipe.send((fine, result))
    except (OSError, EOFError):
        os._exit(0)
    except Exception as error:  # a result or an exception that cannot travel
        text = f"{type(result).__name__} cannot leave its process: {error}"
        pipe.send((False, RuntimeError(text)))


def _watch(life: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        life.recv()
    os._exit(0)
