"""How often a source was asked and answered: reliability that was measured."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

__all__ = ["Tally", "Tallies"]


@dataclass(slots=True)
class Tally:
    """Requests of one source since the process started."""

    requests: int = 0
    failures: int = 0

    @property
    def reliability(self) -> float | None:
        """Share that was answered; None before the first."""
        return 1.0 - self.failures / self.requests if self.requests else None


class Tallies:
    """One tally for each source.

    Examples
    --------
    >>> tallies = Tallies()
    >>> tallies.answered("fred")
    >>> tallies.failed("fred")
    >>> tallies["fred"].reliability, tallies["edgar"].reliability
    (0.5, None)
    """

    def __init__(self) -> None:
        self._of: defaultdict[str, Tally] = defaultdict(Tally)

    def __getitem__(self, source: str) -> Tally:
        return self._of.get(source) or Tally()

    def answered(self, source: str) -> None:
        """Count an answer."""
        self._of[source].requests += 1

    def failed(self, source: str) -> None:
        """Count a failure."""
        self._of[source].requests += 1
        self._of[source].failures += 1
