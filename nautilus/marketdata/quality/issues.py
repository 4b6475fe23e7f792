"""One thing that is wrong, or may be, with its evidence."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Issues", "QualityIssue", "number", "runs", "stamp"]

_LISTED = 200  # of one type; all are counted


@dataclass(frozen=True, slots=True)
class QualityIssue:
    """One thing that is wrong with data, or may be.

    Parameters
    ----------
    issue_type : str
        What was looked for, such as "missing_data" or "unit_error".
    timestamp : datetime
        UTC; the first bar concerned.
    severity : {"low", "medium", "high"}
        low: worth knowing, nothing wrong shown; medium: probably wrong; high: wrong.
    value, expected : float or None
        What was found and what it was compared with, in the unit the evidence names.
    action : str
        What to do; nothing has been changed.
    evidence : str
        The figures behind it.

    Examples
    --------
    >>> QualityIssue("unit_error", dt.datetime(2024, 1, 2, tzinfo=dt.UTC), "high", 4037.0, 40.37,
    ...     "divide by 100", "100 times the median of 21 bars").severity
    'high'
    """

    issue_type: str
    timestamp: dt.datetime
    severity: str
    value: float | None
    expected: float | None
    action: str
    evidence: str


class Issues:
    """Issues as they are found, and the bars that they concern."""

    def __init__(self) -> None:
        self._found: list[tuple[QualityIssue, tuple[int, ...]]] = []
        self.counts: Counter[str] = Counter()
        self._bars: dict[str, set[int]] = {}

    def add(self, issue: QualityIssue, bars: Iterable[int] = ()) -> None:
        """Keep one issue, and the positions of the bars that it makes implausible."""
        rows = tuple(bars)
        self.counts[issue.issue_type] += 1
        if self.counts[issue.issue_type] <= _LISTED:
            self._found.append((issue, rows))
        if issue.severity != "low":
            self._bars.setdefault(issue.issue_type, set()).update(rows)

    def add_each(
        self, rows: Iterable[int], make: Callable[[int], QualityIssue], *, bars: bool = True
    ) -> None:
        """Keep what `make` says of each row."""
        for row in rows:
            self.add(make(int(row)), (int(row),) if bars else ())

    def confirm(self, kinds: Iterable[str], bars: Collection[int]) -> Counter[str]:
        """Make issues of these kinds low where another source has the same; how many, by kind."""
        confirmed: Counter[str] = Counter()
        for kind in kinds:
            self._bars.get(kind, set()).difference_update(bars)
            for place, (issue, rows) in enumerate(self._found):
                if issue.issue_type == kind and rows and set(rows) <= set(bars):
                    words = f"{issue.evidence}; another source has the same"
                    same = replace(issue, severity="low", action="none", evidence=words)
                    self._found[place] = (same, rows)
                    confirmed[kind] += 1
        return confirmed

    @property
    def implausible_bars(self) -> int:
        """How many different bars an issue of medium or high severity concerns."""
        return len(set().union(*self._bars.values())) if self._bars else 0

    def listed(self) -> tuple[QualityIssue, ...]:
        """In order of time."""
        return tuple(sorted((i for i, _ in self._found), key=lambda i: (i.timestamp, i.issue_type)))

    @property
    def unlisted(self) -> int:
        """How many were counted and not listed."""
        return sum(self.counts.values()) - len(self._found)


def stamp(time: np.datetime64) -> dt.datetime:
    """A numpy time as an aware datetime."""
    micros = int(time.astype("datetime64[us]").astype(np.int64))
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)


def number(value: float) -> float | None:
    """A finite float, or None: an issue holds no NaN."""
    return float(value) if math.isfinite(value) else None


def runs(flags: Sequence[bool] | NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, one past the last) of each stretch of True.

    Examples
    --------
    >>> runs([False, True, True, False, True])
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], np.asarray(flags), [False]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
