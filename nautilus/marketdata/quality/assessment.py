"""The quality of the bars of one symbol: every check in one place, in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nautilus.core.checks import check_choice, check_positive
from nautilus.core.errors import MissingInputError
from nautilus.core.results import Reason
from nautilus.marketdata.expected import TIMEFRAMES
from nautilus.marketdata.quality.adjustments import find_adjustment_errors
from nautilus.marketdata.quality.bar_columns import (
    Actions,
    BarColumns,
    Times,
    read_actions,
    read_bars,
)
from nautilus.marketdata.quality.consistency import Checks, check_bars
from nautilus.marketdata.quality.coverage import (
    Coverage,
    check_order,
    coverage,
    on_grid,
    trading_hours,
)
from nautilus.marketdata.quality.dimensions import Span, span_of, timeliness, weighted_score
from nautilus.marketdata.quality.issues import Issues, stamp
from nautilus.marketdata.quality.outliers import (
    Returns,
    find_outliers,
    find_spikes,
    find_stale,
    log_returns,
    reverting,
)
from nautilus.marketdata.quality.report import QualityReport
from nautilus.marketdata.quality.scales import find_splits, find_unit_errors
from nautilus.marketdata.quality.shifts import shifted_sessions
from nautilus.marketdata.quality.sources import Agreement, compare_sources
from nautilus.marketdata.trading_days import Date

__all__ = ["quality_report"]

_CONFIRMABLE = ("outlier", "spike", "split_without_action", "jump")


def quality_report(
    bars: Any,
    *,
    timeframe: str = "1d",
    calendar: str = "XNYS",
    others: Mapping[str, Any] | None = None,
    actions: Any = None,
    adjustment: str = "none",
    start: Date | None = None,
    end: Date | None = None,
    listed: Date | None = None,
    delisted: Date | None = None,
    now: dt.datetime | None = None,
    sla: dt.timedelta | None = None,
    expected_basis: str = "calendar",
    tolerance: float = 0.001,
    tick_size: float | None = None,
    jump_limit: float = 0.5,
) -> QualityReport:
    """What is missing, late, contradictory, implausible, or denied by other sources.

    Flags only: nothing is deleted, repaired or interpolated. An unusual return that another source
    has as well is no error.

    Parameters
    ----------
    bars : frame
        Bars of one symbol: polars with `timestamp` (UTC), or pandas by time; `close`, and where
        known `open, high, low, volume, vwap, adjusted_close, knowledge_ts, symbol, source`.
    timeframe : {"1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"}
    calendar : str
        As for `sessions`; "24/7" for what never closes.
    others : mapping of str -> frame, optional
        The same bars from other sources. With one, disagreement is reported; with two or more, the
        source that is far from the median is named.
    actions : frame, optional
        `timestamp` (ex-date), `kind` ("dividend" or "split"), `value` (cash per share; new shares
        for old).
    adjustment : {"none", "split", "total"}
        What `close` is: as traded, adjusted for splits, or for dividends too.
    start, end : date, optional
        Sessions, both included; the first and last bar where not given (`end`: the last session
        before `now`, where that is given).
    listed, delisted : date, optional
        None is expected outside.
    now : datetime, aware, optional
        What should be there by now; without `knowledge_ts` timeliness comes from it.
    sla : timedelta, optional
        How long after its end a bar may become known: 26 hours after the start of the session for
        daily and longer bars (02:00 UTC of the day after), 15 minutes for others.
    expected_basis : {"calendar", "trades"}
        "trades" for what trades rarely: expected are times at which some source has a bar.
    tolerance : float
        Difference of two sources' log returns that still agrees: 10 basis points.
    tick_size : float, optional
        Currency; prices that are no multiple are flagged, and it is the least spread of Hampel.
    jump_limit : float
        |open / close before - 1| above it is flagged.

    Returns
    -------
    QualityReport

    Raises
    ------
    LabelError, TimeIndexError, DataError, ParameterError, NotFoundError, MissingExtraError
    NotEnoughDataError
        No bars, and neither `start` nor `end`.
    MissingInputError
        "trades" without `others`.

    Notes
    -----
    A NaN price is an issue of its own and left out of all other checks.

    References
    ----------
    Hampel (1974), The Influence Curve and Its Role in Robust Estimation; Brownlees and Gallo
    (2006), Financial econometric analysis at ultra-high frequency, for ticks (`tick_quality`).

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2025-07-01", "2025-07-02", "2025-07-07"])
    >>> report = quality_report(pd.DataFrame({"close": [10.0, 10.1, 10.2]}, index=days))
    >>> report.completeness, report.issues[0].evidence
    (0.75, 'no bar at 2025-07-03 00:00, 1 expected')
    """
    check_choice(timeframe, "timeframe", TIMEFRAMES)
    check_choice(adjustment, "adjustment", ("none", "split", "total"))
    check_choice(expected_basis, "expected_basis", ("calendar", "trades"))
    check_positive(tolerance, "tolerance")
    check_positive(jump_limit, "jump_limit")
    given, issues = read_bars(bars, "bars"), Issues()
    sources = {str(k): read_bars(b, f"others[{k!r}]").in_order() for k, b in (others or {}).items()}
    span = span_of(
        given,
        calendar,
        timeframe,
        days=(start, end),
        life=(listed, delisted),
        now=now,
        sla=sla,
    )
    backward = check_order(given, issues)
    placed = _place(given, sources, span, expected_basis, issues)
    facts, regular = read_actions(actions, given.symbol), placed.regular
    name = given.source or "bars"
    agreement = compare_sources(name, regular, placed.sources, facts, issues, tolerance=tolerance)
    checks = {
        "strictly_increasing": {"checked": max(len(given) - 1, 0), "violations": backward},
        "unique_times": {"checked": len(given), "violations": issues.counts["duplicate"]},
        "on_grid": {"checked": len(placed.bars), "violations": placed.covered.n_off_grid},
        **check_bars(regular, issues, jump_limit=jump_limit, tick_size=tick_size),
    }
    returns = log_returns(regular, tick_size)
    checks["adjustment_factor"] = find_adjustment_errors(regular, returns, facts, issues)
    _check_values(regular, returns, facts, issues, adjusted=adjustment != "none")
    confirmed = issues.confirm(_CONFIRMABLE, agreement.confirmed)
    if "jump" in checks:
        checks["jump"]["violations"] -= confirmed["jump"]
    return _report(given, span, expected_basis, placed, agreement, checks, issues)


class _Placed(NamedTuple):
    """Bars beside what is expected; `regular` are those within trading hours."""

    bars: BarColumns
    regular: BarColumns
    sources: dict[str, BarColumns]
    expected: Times
    covered: Coverage


def _place(
    given: BarColumns,
    sources: Mapping[str, BarColumns],
    span: Span,
    expected_basis: str,
    issues: Issues,
) -> _Placed:
    wide, hours, timeframe = span.expected(), span.hours(), span.timeframe
    bars = on_grid(given.in_order(), wide, timeframe, issues)
    others = {k: on_grid(b, wide, timeframe, Issues()) for k, b in sources.items()}
    on_time = bars.times - shifted_sessions(bars.times, hours, timeframe, issues)
    inside = span.inside(on_time)
    bars, on_time = bars.take(inside), on_time[inside]
    expected = span.cut(wide, on_time)
    if expected_basis == "trades":
        expected = _traded(expected, on_time, others)
    trading = trading_hours(on_time, hours, timeframe)
    covered = coverage(on_time, expected, trading, issues)
    regular = bars if bool(trading.all()) else bars.take(trading)
    return _Placed(bars, regular, others, expected, covered)


def _traded(expected: Times, times: Times, sources: Mapping[str, BarColumns]) -> Times:
    if not sources:
        raise MissingInputError(
            '`expected_basis` "trades" needs `others`: bars of a second source say when it traded.',
            field="others",
        )
    traded = np.unique(np.concatenate([times, *(b.times for b in sources.values())]))
    return np.intersect1d(expected, traded, assume_unique=True)


def _check_values(
    bars: BarColumns, returns: Returns, facts: Actions, issues: Issues, *, adjusted: bool
) -> None:
    """Each finding explains the moves it covers, so that one defect is one kind of issue."""
    places = reverting(bars, returns)
    around = {int(row) for i in (places, places + 1) for row in returns.rows[i]}
    explained = find_unit_errors(bars, returns, issues)
    explained |= find_splits(
        bars,
        returns,
        facts,
        issues,
        adjusted=adjusted,
        explained=explained,
        reverting=around,
    )
    find_spikes(bars, returns, places, issues, explained)
    find_outliers(bars, returns, issues)
    find_stale(bars, issues)


def _report(
    given: BarColumns,
    span: Span,
    expected_basis: str,
    placed: _Placed,
    agreement: Agreement,
    checks: Checks,
    issues: Issues,
) -> QualityReport:
    bars, expected, covered = placed.bars, placed.expected, placed.covered
    checked = sum(c["checked"] for c in checks.values())
    violations = sum(c["violations"] for c in checks.values())
    missing = covered.n_missing / len(expected) if len(expected) else float("nan")
    figures: dict[str, Any] = {
        "completeness": 1.0 - missing,
        "timeliness": timeliness(bars, expected, span),
        "accuracy": agreement.accuracy,
        "consistency": 1.0 - violations / checked if checked else 1.0,
        "plausibility": 1.0 - issues.implausible_bars / len(bars) if len(bars) else 1.0,
    }
    score, weights = weighted_score(figures)
    seen = expected if len(expected) else bars.times
    return QualityReport(
        symbol=given.symbol,
        source=given.source,
        timeframe=span.timeframe,
        calendar=span.calendar,
        expected_basis=expected_basis,
        start=stamp(seen[0]) if len(seen) else None,
        end=stamp(seen[-1]) if len(seen) else None,
        n_bars=len(bars),
        n_expected=covered.n_expected,
        n_missing=covered.n_missing,
        n_extra=covered.n_extra,
        longest_gap=covered.longest_gap,
        **figures,
        score=score,
        weights=weights,
        checks=checks,
        accuracy_by_source=agreement.by_source,
        sla_seconds=span.sla.total_seconds(),
        issue_counts=dict(sorted(issues.counts.items())),
        issues=issues.listed(),
        reasons=_reasons(len(expected), issues.unlisted),
    )


def _reasons(n_expected: int, unlisted: int) -> tuple[Reason, ...]:
    reasons = []
    if not n_expected:
        message = "no bar is expected between start and end: the exchange is closed."
        reasons.append(Reason("NOTHING_EXPECTED", ("completeness",), message, 0, 1))
    if unlisted:
        message = f"{unlisted} issues are counted in issue_counts and not listed."
        reasons.append(Reason("ISSUES_NOT_LISTED", ("issues",), message, unlisted))
    return tuple(reasons)
