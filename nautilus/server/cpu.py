"""Where calls of the library run: inline when tiny, in threads, or in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

from nautilus.core.errors import UnavailableError
from nautilus.server.cores import usable_cores
from nautilus.server.reporting import listener, until_given_up
from nautilus.server.worker_pool import WorkerPool

__all__ = ["Cpu", "Places", "TimedOutError", "cap_library_threads", "within"]

P = ParamSpec("P")
T = TypeVar("T")

INLINE_SIZE = 2_000
_CAPPED = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
)


def cap_library_threads(threads: int = 1) -> None:
    """One thread per call for BLAS and its kind, unless the user said otherwise.

    Call it before numpy is imported. Nine engines times all cores is slower than no threads.
    """
    for name in _CAPPED:
        os.environ.setdefault(name, str(threads))


class TimedOutError(UnavailableError):
    """Work took longer than it may."""

    code = "timed_out"


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """End what is awaited inside after some seconds; a process that works for it is killed.

    Raises
    ------
    TimedOutError
        It was not done by then.

    Examples
    --------
    >>> async def slow() -> None:
    ...     async with within(0.001):
    ...         await asyncio.Event().wait()
    >>> asyncio.run(slow())
    Traceback (most recent call last):
    nautilus.server.cpu.TimedOutError: The work was not done within 0.001 s.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TimedOutError(f"The work was not done within {seconds:g} s.") from error


class Places:
    """How many calls of one kind run or wait, and how many may.

    Parameters
    ----------
    workers : int
        Calls that run at once.
    waiting : int
        Calls that may queue behind them.

    Examples
    --------
    >>> places = Places(1, 0)
    >>> places.taken, places.running, places.waiting
    (0, 0, 0)
    """

    def __init__(self, workers: int, waiting: int) -> None:
        self.workers = workers
        self.most_waiting = waiting
        self.taken = 0
        self.rejected = 0

    @property
    def running(self) -> int:
        """Calls that run."""
        return min(self.taken, self.workers)

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return max(self.taken - self.workers, 0)

    def admit(self) -> None:
        """Refuse one call too many.

        Raises
        ------
        UnavailableError
        """
        if self.taken >= self.workers + self.most_waiting:
            self.rejected += 1
            raise UnavailableError(
                f"Busy: {self.taken} calls are running or waiting. Try again in a second."
            )

    def hold(self, future: Future[Any]) -> None:
        """A place until the work ends, not until somebody stops waiting for it."""
        loop = asyncio.get_running_loop()
        self.taken += 1

        def ended(_: Future[Any]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop ended before the work did
                loop.call_soon_threadsafe(self._leave)

        future.add_done_callback(ended)

    def _leave(self) -> None:
        self.taken -= 1


class Cpu:
    """Admission and pools for the work of all engines of a process.

    Threads and processes have places of their own: long work in the one leaves the other free.

    Parameters
    ----------
    threads : int, optional
        Calls that run at once, of either kind; default is one per usable core.
    waiting : int
        Calls of either kind that may queue behind them; one more is refused with 503.

    Examples
    --------
    >>> cpu = Cpu(threads=1)
    >>> asyncio.run(cpu.thread(sum, [1, 2]))
    3
    >>> cpu.close()
    """

    def __init__(self, threads: int | None = None, *, waiting: int = 64) -> None:
        self.workers = threads or usable_cores()
        self.threads = Places(self.workers, waiting)
        self.processes = Places(self.workers, waiting)
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="nautilus-cpu")
        self._processes: WorkerPool | None = None

    @property
    def running(self) -> int:
        """Calls that run, in threads and processes."""
        return self.threads.running + self.processes.running

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread or a process."""
        return self.threads.waiting + self.processes.waiting

    @property
    def rejected(self) -> int:
        """Calls that were refused so far."""
        return self.threads.rejected + self.processes.rejected

    async def run(
        self, size: int, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Inline for a small input (a thread hop costs 0.1 ms), else in a thread.

        `size` is the number of values that the call reads.
        """
        if size <= INLINE_SIZE:
            return function(*args, **kwargs)
        return await self.thread(function, *args, **kwargs)

    async def thread(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """In a thread: work that leaves the interpreter lock (numpy, polars, solvers).

        Who stops waiting ends it at its next `report`.
        """
        self.threads.admit()
        given_up, context = threading.Event(), copy_context()
        context.run(until_given_up, given_up)
        work = functools.partial(context.run, function, *args, **kwargs)
        future: Future[T] = self._threads.submit(work)
        self.threads.hold(future)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            given_up.set()
            raise

    async def process(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """In a process of its own: pure Python loops, model fits, first heavy imports.

        The processes start with the first call, from a fork server: forking a process that has
        used polars deadlocks. Who stops waiting, by a timeout too, kills the process.
        """
        self.processes.admit()
        if self._processes is None:
            self._processes = WorkerPool(self.workers)
        work = functools.partial(function, *args, **kwargs)
        call = self._processes.submit(work, heard=listener())
        self.processes.hold(call.future)
        ended = asyncio.wrap_future(call.future)
        try:
            result: T = await asyncio.shield(ended)
        except asyncio.CancelledError:
            ended.add_done_callback(_heard)  # its end is no news to anybody
            call.kill()
            raise
        return result

    def close(self) -> None:
        """Drop what waits; what runs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._processes is not None:
            self._processes.close()


def _heard(ended: asyncio.Future[Any]) -> None:
    if not ended.cancelled():
        ended.exception()
