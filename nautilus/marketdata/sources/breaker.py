"""A source that keeps failing is left alone: closed, open, half-open (Nygard 2018, Release It!)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nautilus.core.checks import check_positive, check_window
from nautilus.marketdata.sources.errors import CircuitOpen

__all__ = ["CircuitBreaker"]


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after `failures` in a row, lets one request through after `rest_seconds`.

    Parameters
    ----------
    source : str
    clock : callable
        () -> aware datetime.
    failures : int
    rest_seconds : float

    Examples
    --------
    >>> from datetime import UTC
    >>> breaker = CircuitBreaker("fred", lambda: datetime(2024, 1, 2, tzinfo=UTC), failures=1)
    >>> breaker.failed()
    >>> breaker.state
    'open'
    """

    source: str
    clock: Callable[[], datetime]
    failures: int = 5
    rest_seconds: float = 60.0
    _count: int = 0
    _opened: datetime | None = None
    _probing: bool = False

    def __post_init__(self) -> None:
        check_window(self.failures, "failures")
        check_positive(self.rest_seconds, "rest_seconds")

    @property
    def state(self) -> str:
        """One of "closed", "open", "half_open"."""
        if self._opened is None:
            return "closed"
        return "open" if self._left() > 0.0 else "half_open"

    def enter(self) -> None:
        """Ask before each request.

        Raises
        ------
        CircuitOpen
            Resting, or another request is finding out whether it is over.
        """
        if self._opened is None:
            return
        left = self._left()
        if left > 0.0 or self._probing:
            raise CircuitOpen(
                f"{self.source} failed {self._count} times in a row and is left alone for"
                f" {left:.3g} s more; another source may answer.",
                source=self.source,
                retry_after=left,
            )
        self._probing = True

    def succeeded(self) -> None:
        """It answered, be it to say no."""
        self._count, self._opened, self._probing = 0, None, False

    def failed(self) -> None:
        """It did not answer, or not with an answer."""
        self._count += 1
        if self._count >= self.failures:  # a probe that fails is one more
            self._opened = self.clock()
        self._probing = False

    def withdrawn(self) -> None:
        """The request ended without showing anything: cancelled, or refused before it left."""
        self._probing = False

    def _left(self) -> float:
        if self._opened is None:
            return 0.0
        return self.rest_seconds - (self.clock() - self._opened).total_seconds()
