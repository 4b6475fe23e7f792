"""Where calls of the library run: inline when tiny, in threads, or in processes of their own."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from nautilus.core.errors import UnavailableError

__all__ = ["Cpu", "cap_library_threads", "usable_cores"]

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


def usable_cores() -> int:
    """Cores this process may use, which a container makes fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cap_library_threads(threads: int = 1) -> None:
    """One thread per call for BLAS and its kind, unless the user said otherwise.

    Call it before numpy is imported. Nine engines times all cores is slower than no threads.
    """
    for name in _CAPPED:
        os.environ.setdefault(name, str(threads))


class Cpu:
    """Admission and pools for the work of all engines of a process.

    Parameters
    ----------
    threads : int, optional
        Calls that run at once; default is one per usable core.
    waiting : int
        Calls that may queue behind them; one more is refused with 503.

    Examples
    --------
    >>> cpu = Cpu(threads=1)
    >>> asyncio.run(cpu.thread(sum, [1, 2]))
    3
    >>> cpu.close()
    """

    def __init__(self, threads: int | None = None, *, waiting: int = 64) -> None:
        self.workers = threads or usable_cores()
        self.waiting = waiting
        self.running = 0
        self.rejected = 0
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="nautilus-cpu")
        self._processes: ProcessPoolExecutor | None = None

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
        """In a thread: work that leaves the interpreter lock (numpy, polars, solvers)."""
        return await self._submit(self._threads, function, *args, **kwargs)

    async def process(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """In a process of its own: pure Python loops, model fits, first heavy imports.

        The pool starts with its first call, from a fork server: forking a process that has used
        polars deadlocks.
        """
        if self._processes is None:
            context = multiprocessing.get_context("forkserver")
            self._processes = ProcessPoolExecutor(self.workers, context, max_tasks_per_child=100)
        try:
            return await self._submit(self._processes, function, *args, **kwargs)
        except BrokenProcessPool as error:
            self._processes = None
            raise UnavailableError(
                "The process that ran this call died. Try again, with less data if it repeats."
            ) from error

    async def _submit(
        self, pool: Executor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self.running >= self.workers + self.waiting:
            self.rejected += 1
            raise UnavailableError(
                f"Busy: {self.running} calls are running or waiting. Try again in a second."
            )
        loop = asyncio.get_running_loop()
        future = pool.submit(functools.partial(function, *args, **kwargs))
        self.running += 1
        # Counted until the work ends, not until somebody stops waiting for it.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._ended))
        return await asyncio.wrap_future(future)

    def _ended(self) -> None:
        self.running -= 1

    def close(self) -> None:
        """Drop what waits; what runs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._processes is not None:
            self._processes.shutdown(wait=False, cancel_futures=True)
