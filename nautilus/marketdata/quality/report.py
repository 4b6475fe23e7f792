"""What a quality report holds: figures with their definitions, and the issues behind them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import Any

from nautilus.core.results import Result
from nautilus.marketdata.quality.consistency import Checks
from nautilus.marketdata.quality.issues import QualityIssue

__all__ = ["QualityReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport(Result):
    """The quality of the bars of one symbol; every figure is a fraction, 1 the best.

    Parameters
    ----------
    symbol, source, timeframe, calendar : str
    expected_basis : {"calendar", "trades"}
    start, end : datetime or None
        First and last bar expected, UTC; those that are there where none is expected.
    n_bars, n_expected, n_missing, n_extra, longest_gap : int
        Different bars that are there; bars expected and not there, there and not expected; the
        most that are missing in a row.
    completeness : float
        Expected bars that are there / expected. NaN, with a reason, when none is expected.
    timeliness : float or None
        Share of bars known within `sla_seconds` after their end; None without knowledge times.
    accuracy : float or None
        Share of returns on which the sources agree; None with one source.
    consistency : float
        1 - violations / checks, over `checks`.
    plausibility : float
        Share of bars without an issue of medium or high severity about their values.
    score : float
        Weighted geometric mean of the figures that are there: one that is 0 makes it 0.
    weights : dict
        Of the figures used, summing to 1.
    checks : dict of str -> {"checked", "violations"}
    accuracy_by_source : dict of str -> float
    sla_seconds : float
    issues : tuple of QualityIssue
        In order of time, at most 200 of a type; `issue_counts` counts all.

    References
    ----------
    ISO/IEC 25012 (2008); Batini, Cappiello, Francalanci and Maurino (2009), Methodologies for Data
    Quality Assessment and Improvement.
    """

    symbol: str
    source: str
    timeframe: str
    calendar: str
    expected_basis: str
    start: dt.datetime | None
    end: dt.datetime | None
    n_bars: int
    n_expected: int
    n_missing: int
    n_extra: int
    longest_gap: int
    completeness: float
    timeliness: float | None
    accuracy: float | None
    consistency: float
    plausibility: float
    score: float
    weights: dict[str, float]
    checks: Checks
    accuracy_by_source: dict[str, float]
    sla_seconds: float
    issue_counts: dict[str, int]
    issues: tuple[QualityIssue, ...]

    def to_frame(self) -> Any:
        """One row for each issue."""
        from nautilus.core.frames import labelled_frame

        names = [field.name for field in fields(QualityIssue)]
        columns = {n: [getattr(i, n) for i in self.issues] for n in names}
        return labelled_frame(list(range(len(self.issues))), columns)
