"""Adjusted closes against the dividends that should explain them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.quality.bar_columns import Actions, BarColumns
from nautilus.marketdata.quality.issues import Issues, QualityIssue, stamp
from nautilus.marketdata.quality.outliers import Returns

__all__ = ["find_adjustment_errors"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

_FACTOR_NOISE = 0.002  # of a factor made from prices with two decimals
_SHARE_OFF = 0.2  # of the dividend that the factor may miss
_LARGE_YIELD = 0.03
_SIGMAS = 4.0
_REPEAT_DAYS = 10
_REPEAT_WIDTH = 0.15


def find_adjustment_errors(
    bars: BarColumns, returns: Returns, actions: Actions, issues: Issues
) -> dict[str, int]:
    """Factors looked at and wrong ones: they change on ex-dates, by 1 - dividend / close.

    A dividend between two bars counts for the later. Flagged even where the factor agrees with
    them: a dividend above 3 % and four deviations of a return that the price does not fall by; one
    that is repeated within ten days; one that is a hundredth, or 100 times, of another.
    """
    if bars.adjusted_close is None or len(returns.rows) < 2:
        return {"checked": 0, "violations": 0}
    whole, spread = bars.take(returns.rows), returns.sigma
    paid = actions.dividends_on(whole.times.astype("datetime64[D]"))
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = bars.adjusted_close[returns.rows] / whole.close
        step = 1.0 - factor[:-1] / factor[1:]
        due = paid[1:] / whole.close[:-1]
    known = np.isfinite(step) & np.isfinite(due)
    wrong = np.flatnonzero(known & (np.abs(step - due) > _FACTOR_NOISE + _SHARE_OFF * due)) + 1
    for row in wrong.tolist():
        place = int(returns.rows[row])
        _factor_issue(bars, place, float(step[row - 1]), float(due[row - 1]), issues)
    unpaid = _unpaid(whole, due, spread[1:])
    for row in unpaid.tolist():
        _unpaid_issue(whole, row, float(due[row - 1]), int(returns.rows[row]), issues)
    odd = _repeated(whole, paid, returns.rows, issues) | _other_unit(
        whole, paid, returns.rows, issues
    )
    return {"checked": int(known.sum()), "violations": len({*wrong, *unpaid, *odd})}


def _repeated(bars: BarColumns, paid: Floats, places: Rows, issues: Issues) -> set[int]:
    """Dividends booked twice, a few days apart; which is right, the price cannot tell."""
    rows = np.flatnonzero(paid > 0)
    days = bars.times[rows].astype("datetime64[D]")
    near = np.diff(days).astype(np.int64) <= _REPEAT_DAYS
    alike = np.abs(np.log(paid[rows[1:]] / paid[rows[:-1]])) < _REPEAT_WIDTH
    found = set()
    for i in np.flatnonzero(near & alike).tolist():
        row = int(rows[i + 1])
        found.add(row)
        words = f"{paid[rows[i]]:g} on {days[i]} and {paid[row]:g} on {days[i + 1]}"
        _dividend_issue("repeated_dividend", bars, row, places, paid, paid[rows[i]], words, issues)
    return found


def _other_unit(bars: BarColumns, paid: Floats, places: Rows, issues: Issues) -> set[int]:
    """Dividends that are exactly a hundredth of another, or 100 times it, and unlike the rest."""
    rows = np.flatnonzero(paid > 0)
    if len(rows) < 2:
        return set()
    logs = np.log(paid[rows])
    hundred = np.abs(np.abs(logs[:, None] - logs) - np.log(100.0)) < 0.01
    unlike = np.abs(logs - np.median(logs)) > np.log(30.0)
    found = set()
    for i in np.flatnonzero(hundred.any(axis=1) & unlike).tolist():
        row, other = int(rows[i]), float(paid[rows[int(np.argmax(hundred[i]))]])
        found.add(row)
        words = f"{paid[row]:g}, another is {other:g}"
        _dividend_issue("dividend_unit_error", bars, row, places, paid, other, words, issues)
    return found


def _dividend_issue(
    kind: str,
    bars: BarColumns,
    row: int,
    places: Rows,
    paid: Floats,
    expected: float,
    words: str,
    issues: Issues,
) -> None:
    at, action = stamp(bars.times[row]), "check amount, unit and date of the dividend"
    issue = QualityIssue(kind, at, "medium", float(paid[row]), float(expected), action, words)
    issues.add(issue, (int(places[row]),))


def _unpaid(bars: BarColumns, due: Floats, spread: Floats) -> NDArray[np.int64]:
    """Rows whose open and close stay above where the dividend would take them."""
    stays = np.minimum(bars.open[1:], bars.close[1:]) / bars.close[:-1]
    unpaid = (due > np.maximum(_LARGE_YIELD, _SIGMAS * spread)) & (1.0 - stays < due / 3)
    return np.flatnonzero(unpaid) + 1


def _factor_issue(bars: BarColumns, row: int, step: float, due: float, issues: Issues) -> None:
    if due == 0:
        kind, words = "adjustment_without_action", "no dividend recorded"
    elif abs(step) < _FACTOR_NOISE:
        kind, words = "dividend_not_adjusted", "the factor does not change"
    else:
        kind, words = "dividend_adjustment_wrong", "factor and dividend disagree"
    issues.add(
        QualityIssue(
            kind,
            stamp(bars.times[row]),
            "high",
            step,
            due,
            "adjust anew from raw prices and actions",
            f"the adjustment takes {step:.2%}, the dividend is {due:.2%} of the close: {words}",
        ),
        (row,),
    )


def _unpaid_issue(bars: BarColumns, row: int, due: float, place: int, issues: Issues) -> None:
    fall = 1.0 - bars.open[row] / bars.close[row - 1]
    issues.add(
        QualityIssue(
            "implausible_dividend",
            stamp(bars.times[row]),
            "medium",
            due,
            float(fall),
            "check amount, unit and date of the dividend",
            f"the dividend is {due:.2%} of the close before, the open {-fall:+.2%}",
        ),
        (place,),
    )
