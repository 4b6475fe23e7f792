"""How late the event loop is: what everybody in the process waits when one call blocks."""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from nautilus.server.windows import Window

__all__ = ["BOUNDS", "LoopWatch"]

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
EVERY_SECONDS = 0.1


class LoopWatch:
    """Sleeps, and counts by how much it woke too late.

    Attributes
    ----------
    window : Window
        Lags of the last minute.
    total : float
        Sum of all lags in seconds.

    Examples
    --------
    >>> watch = LoopWatch()
    >>> watch.add(0.004)
    >>> watch.p99(), list(watch.cumulative())[:4]
    (0.004, [('0.001', 0), ('0.0025', 0), ('0.005', 1), ('0.01', 1)])
    """

    def __init__(self) -> None:
        self.window = Window(60.0)
        self.total = 0.0
        self._counts = [0] * (len(BOUNDS) + 1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LoopWatch]:
        """Watch the loop that runs now."""
        task = asyncio.create_task(self._watch(), name="loop watch")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            before = now()
            await asyncio.sleep(EVERY_SECONDS)
            self.add(max(now() - before - EVERY_SECONDS, 0.0))

    def add(self, lag: float) -> None:
        """Count one lag in seconds."""
        self.window.add(lag)
        self.total += lag
        self._counts[bisect_left(BOUNDS, lag)] += 1

    def p99(self) -> float | None:
        """What 99 of 100 lags of the last minute do not exceed, in seconds."""
        return self.window.quantile(0.99)

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Upper bound and number of lags up to it, as a histogram shows them."""
        seen = 0
        for bound, count in zip((*BOUNDS, "+Inf"), self._counts, strict=True):
            seen += count
            yield str(bound), seen
