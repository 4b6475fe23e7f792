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
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import UnavailableError
from nautilus.server.reporting import Listener, listened

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

__all__ = ["WorkerPool"]

MOST_CALLS = 100  # then the process is replaced: what libraries leak goes with it
PRELOADED = ["numpy", "nautilus.server.worker_pool"]
RESULT, ERROR, REPORT = "result", "error", "report"
REPORT_SECONDS = 0.05  # reports that come faster are left out, but the first of a stage


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

    def submit(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...] = (),
        *,
        heard: Listener | None = None,
    ) -> Call:
        """Run it as soon as a process is free; `heard` gets what it reports, in a thread."""
        call = Call(pickle.dumps((function, args)), heard)
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
            fine, result = worker.call(call.body, call.heard)
        except (EOFError, OSError) as error:
            self._forget(worker)
            raise UnavailableError(
                "The process that ran this call died. Try again, with less data if it repeats."
            ) from error
        except BaseException:  # an answer that cannot be read: what else is in the pipe is unknown
            self._forget(worker)
            raise
        finally:
            call.end()
        self._given_back(worker)
        if not fine:
            raise result
        return result

    def _taken(self) -> _Worker:
        """A process that lives, or a new one."""
        while True:
            with self._lock:
                self._check_open()
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._started()
            if worker.alive:
                return worker
            self._forget(worker)

    def _started(self) -> _Worker:
        worker = _Worker()
        with self._lock:
            if not self._closed:
                self._all.add(worker)
                return worker
        worker.kill()
        raise self._stopping()

    def _check_open(self) -> None:
        if self._closed:
            raise self._stopping()

    @staticmethod
    def _stopping() -> UnavailableError:
        return UnavailableError("the server is stopping.")

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

    def __init__(self, body: bytes, heard: Listener | None = None) -> None:
        self.body = body
        self.heard = heard
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

    def call(self, body: bytes, heard: Listener | None) -> tuple[bool, Any]:
        """(fine, result or exception), once it is there; reports go to `heard` until then."""
        self.calls += 1
        self._pipe.send_bytes(body)
        while True:
            kind, content = self._pipe.recv()
            if kind != REPORT:
                return kind == RESULT, content
            if heard is not None:
                heard(*content)

    def kill(self) -> None:
        """End it now; its end shows in the pipe, so nobody waits for it here."""
        with contextlib.suppress(ValueError):  # closed already
            self._process.kill()


def _work(pipe: Connection, life: Connection) -> None:
    """Answer calls until the pipe ends; die in the middle of one when the other end is gone."""
    threading.Thread(target=_watch, args=(life,), daemon=True).start()
    while True:
        try:
            function, args = pickle.loads(pipe.recv_bytes())
        except EOFError:
            return
        except Exception as error:  # what was sent cannot be read here
            _answer(pipe, ERROR, error)
            continue
        listened(_Reports(pipe))
        try:
            result = function(*args)
        except Exception as error:
            _answer(pipe, ERROR, error)
        else:
            _answer(pipe, RESULT, result)


class _Reports:
    """Sends what the work reports, not more often than anybody looks."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._stage: str | None = None
        self._sent = 0.0

    def __call__(self, progress: float, stage: str) -> None:
        now = time.monotonic()
        if stage != self._stage or now - self._sent >= REPORT_SECONDS:
            self._stage, self._sent = stage, now
            _answer(self._pipe, REPORT, (progress, stage))


def _answer(pipe: Connection, kind: str, content: Any) -> None:
    try:
        pipe.send((kind, content))
    except (OSError, EOFError):
        os._exit(0)
    except Exception as error:  # a result or an exception that cannot travel
        text = f"{type(content).__name__} cannot leave its process: {error}"
        pipe.send((ERROR, RuntimeError(text)))


def _watch(life: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        life.recv()
    os._exit(0)
