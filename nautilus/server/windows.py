"""Durations of the last minutes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ["Window"]


class Window:
    """Durations of the last minutes, for averages and quantiles of now.

    Parameters
    ----------
    seconds : float
        Age after which a duration is forgotten.
    most : int
        Durations kept at most; the oldest go first.
    clock : callable
        Seconds that only grow.

    Examples
    --------
    >>> window = Window(60.0)
    >>> window.add(0.25)
    >>> window.mean(), window.quantile(0.95)
    (0.25, 0.25)
    """

    def __init__(
        self, seconds: float, most: int = 4096, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._born = clock()
        self._items: deque[tuple[float, float]] = deque(maxlen=most)

    def add(self, duration: float) -> None:
        """Remember a duration in seconds."""
        self._items.append((self._clock(), duration))

    def durations(self) -> list[float]:
        """Those not older than the window."""
        oldest = self._clock() - self.seconds
        while self._items and self._items[0][0] < oldest:
            self._items.popleft()
        return [duration for _, duration in self._items]

    def mean(self) -> float | None:
        """Mean in seconds; None when nothing happened."""
        durations = self.durations()
        return sum(durations) / len(durations) if durations else None

    def rate(self) -> float:
        """Durations per second, over the window or the time since it was opened."""
        count = len(self.durations())
        full = self._items.maxlen
        if full is not None and count == full:
            return count / max(self._clock() - self._items[0][0], 1e-9)
        return count / max(min(self.seconds, self._clock() - self._born), 1.0)

    def quantile(self, probability: float) -> float | None:
        """Smallest duration that this share does not exceed; None when nothing happened."""
        durations = sorted(self.durations())
        if not durations:
            return None
        return durations[min(len(durations) - 1, int(probability * len(durations)))]
