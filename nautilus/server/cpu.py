"""Where calls of the library run: inline when tiny, in threads, or in processes of their own."""

from __future__ import annotations

import asyncio
import functools
import math
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from nautilus.core.errors import UnavailableError
from nautilus.server.worker_pool import WorkerPool

__all__ = ["Cpu", "cap_library_threads", "usable_cores"]

P = ParamSpec("P")
T = TypeVar("T")

INLINE_SIZE = 2_000
QUOTA = Path("/sys/fs/cgroup/cpu.max")
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
    """Cores this process may use: a container often has fewer than its machine."""
    affine = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if affine else os.cpu_count() or 1
    return max(1, int(min(cores, _whole(_quota(QUOTA)))))


def _whole(cores: float) -> float:
    return math.ceil(cores) if math.isfinite(cores) else cores


def _quota(file: Path) -> float:
    """Cores that a control group of version 2 grants; infinity where it sets no limit."""
    try:
        granted, period = file.read_text().split()
    except (OSError, ValueError):
        return math.inf
    return math.inf if granted == "max" else int(granted) / int(period)


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
        self._processes: WorkerPool | None = None

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
        self._admit()
        future = self._threads.submit(functools.partial(function, *args, **kwargs))
        self._count(future)
        return await asyncio.wrap_future(future)

    async def process(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """In a process of its own: pure Python loops, model fits, first heavy imports.

        The processes start with the first call, from a fork server: forking a process that has
        used polars deadlocks. Who stops waiting, by a timeout too, kills the process.
        """
        self._admit()
        if self._processes is None:
            self._processes = WorkerPool(self.workers)
        call = self._processes.submit(functools.partial(function, *args, **kwargs))
        self._count(call.future)
        ended = asyncio.wrap_future(call.future)
        try:
            result: T = await asyncio.shield(ended)
        except asyncio.CancelledError:
            ended.add_done_callback(_heard)  # its end is no news to anybody
            call.kill()
            raise
        return result

    def _admit(self) -> None:
        if self.running >= self.workers + self.waiting:
            self.rejected += 1
            raise UnavailableError(
                f"Busy: {self.running} calls are running or waiting. Try again in a second."
            )

    def _count(self, future: Future[Any]) -> None:
        """Until the work ends, not until somebody stops waiting for it."""
        loop = asyncio.get_running_loop()
        self.running += 1
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._ended))

    def _ended(self) -> None:
        self.running -= 1

    def close(self) -> None:
        """Drop what waits; what runs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._processes is not None:
            self._processes.close()


def _heard(ended: asyncio.Future[Any]) -> None:
    if not ended.cancelled():
        ended.exception()
