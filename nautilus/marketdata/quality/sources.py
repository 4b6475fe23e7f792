"""The same bars from other sources: days that differ, who is wrong, where the basis switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.quality.bar_columns import Actions, BarColumns
from nautilus.marketdata.quality.issues import Issues, QualityIssue, stamp

__all__ = ["Agreement", "compare_sources"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Times = NDArray[np.datetime64]

_MIN_SIDE = 3  # ex-dates on each side of a switch
_LEAST_GAP = 5e-4  # of an adjustment factor, above what rounding makes of prices
_PURE = 0.8  # of the ex-dates that must fit the switch


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How the sources agree.

    Parameters
    ----------
    accuracy : float or None
        Share of shared returns that agree; None with one source.
    by_source : dict of str -> float
        Against the median with three or more, against each other with two.
    n_shared : int
    confirmed : set of int
        Rows of the first source whose return another source has as well.
    """

    accuracy: float | None
    by_source: dict[str, float]
    n_shared: int
    confirmed: set[int]


def compare_sources(
    name: str,
    bars: BarColumns,
    others: Mapping[str, BarColumns],
    actions: Actions,
    issues: Issues,
    *,
    tolerance: float,
) -> Agreement:
    """Compare log returns over the times that all sources share.

    Returns do not depend on the adjustment basis, ex-dates apart: there a price return and a total
    return differ by the dividend, which is no error but a basis, and a switch of it is an issue.
    """
    times = bars.times
    for other in others.values():
        times = np.intersect1d(times, other.times, assume_unique=True)
    if not others or len(times) < 2:
        return Agreement(None, {}, 0, set())
    closes = {key: _closes_at(b, times) for key, b in ((name, bars), *others.items())}
    gaps = _basis_gaps({name: bars, **others}, closes, actions, times)
    returns = np.array([np.diff(c) for c in closes.values()])
    known = np.isfinite(returns).all(axis=0)
    if len(others) == 1:
        bad = _two(name, closes, times, returns, gaps, issues, tolerance)
        by_source = dict.fromkeys(closes, _share(bad, known))
    else:
        bad, by_source = _many(closes, times, returns, gaps, known, issues, tolerance)
    rows = np.searchsorted(bars.times, times[1:])
    seen = np.abs(returns[1:] - returns[0]) <= np.maximum(tolerance, 0.05 * np.abs(returns[0]))
    confirmed = set(rows[seen.any(axis=0)].tolist())
    return Agreement(by_source[name], by_source, int(known.sum()), confirmed)


def _closes_at(bars: BarColumns, times: Times) -> Floats:
    close = bars.close[np.searchsorted(bars.times, times)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(close > 0, np.log(close), np.nan)


def _share(bad: Flags, known: Flags) -> float:
    count = int(known.sum())
    return 1.0 - float((bad & known).sum()) / count if count else 1.0


def _basis_gaps(
    sources: Mapping[str, BarColumns], closes: Mapping[str, Floats], actions: Actions, times: Times
) -> Floats:
    """Total minus price return of each step, from dividends or adjusted closes; 0 elsewhere.

    Dividends are cash per share as traded, and not every source need have such prices: the closes
    whose yields explain most of the differences are taken.
    """
    for source in sources.values():
        if source.adjusted_close is not None:
            at = np.searchsorted(source.times, times)
            with np.errstate(invalid="ignore", divide="ignore"):
                steps = np.diff(np.log(source.adjusted_close[at] / source.close[at]))
            clear = np.isfinite(steps) & (np.abs(steps) > _LEAST_GAP)
            return np.where(clear, steps, 0.0)
    paid = actions.dividends_on(times.astype("datetime64[D]"))[1:]
    first, other = (np.diff(c) for c in list(closes.values())[:2])
    best, fewest = np.zeros(len(paid)), np.inf
    for close in closes.values():
        with np.errstate(invalid="ignore", divide="ignore"):
            gaps = np.nan_to_num(-np.log1p(-paid / np.exp(close[:-1])), posinf=0.0)
        left = np.abs(np.abs(first - other) - gaps)[paid > 0]
        unexplained = float(np.nansum(np.minimum(left, np.abs(first - other)[paid > 0])))
        if unexplained < fewest:
            best, fewest = gaps, unexplained
    return best


def _two(
    name: str,
    closes: Mapping[str, Floats],
    times: Times,
    returns: Floats,
    gaps: Floats,
    issues: Issues,
    tolerance: float,
) -> Flags:
    """With two sources nobody can say who is wrong: disagreement is what is reported."""
    other = next(key for key in closes if key != name)
    apart = returns[0] - returns[1]
    paying = gaps != 0
    basis = paying & (np.minimum(np.abs(apart), np.abs(np.abs(apart) - np.abs(gaps))) <= tolerance)
    _basis_switch(name, other, times, apart, gaps, paying, issues)
    bad = _blamed(np.where(basis, 0.0, np.nan_to_num(apart)), tolerance)
    issues.add_each(
        np.flatnonzero(bad),
        lambda i: QualityIssue(
            "source_disagreement",
            stamp(times[i + 1]),
            "medium",
            float(np.expm1(returns[0][i])),
            float(np.expm1(returns[1][i])),
            "ask a third source",
            f"{name} has {np.expm1(returns[0][i]):+.3%},"
            f" {other} {np.expm1(returns[1][i]):+.3%}; two sources cannot say who is wrong",
        ),
        bars=False,
    )
    return bad


def _blamed(apart: Floats, tolerance: float) -> Flags:
    """Steps that differ, less those that only lead back to agreement after a wrong price."""
    bad = np.abs(apart) > tolerance
    off, previous = 0.0, -2
    for i in np.flatnonzero(bad).tolist():
        off = off + apart[i] if previous == i - 1 else float(apart[i])
        if previous == i - 1 and abs(off) <= tolerance:
            bad[i] = False
            off = 0.0
        previous = i
    return bad


def _basis_switch(
    name: str,
    other: str,
    times: Times,
    apart: Floats,
    gaps: Floats,
    paying: Flags,
    issues: Issues,
) -> None:
    """Where the first source goes from price to total returns, or back, against the other."""
    at = np.flatnonzero(paying)
    if len(at) < 2 * _MIN_SIDE:
        return
    with_dividend = np.abs(np.abs(apart[at]) - np.abs(gaps[at])) < np.abs(apart[at])
    before = np.append(0, np.cumsum(with_dividend))
    count = np.arange(len(at) + 1)
    fits = np.maximum(  # none before and all after, or the reverse
        (count - before) + (before[-1] - before), before + (len(at) - count) - (before[-1] - before)
    )
    fits[:_MIN_SIDE] = fits[len(at) - _MIN_SIDE + 1 :] = 0
    best = int(np.argmax(fits))
    constant = max(before[-1], len(at) - before[-1])
    if fits[best] < _PURE * len(at) or fits[best] - constant < _MIN_SIDE:
        return
    after = before[-1] - before[best] > (len(at) - best) / 2
    same, other_way = f"has the return of {other}", "differs from it by the dividend"
    words = (same, other_way) if after else (other_way, same)
    first = at[best]
    issues.add(
        QualityIssue(
            "adjustment_basis_switch",
            stamp(times[first + 1]),
            "high",
            float(apart[first]),
            float(gaps[first]),
            "take price returns or total returns throughout: re-base or refuse",
            f"on {best} ex-dates {name} {words[0]}, on {len(at) - best} from here on it"
            f" {words[1]}: {int(fits[best])} of {len(at)} fit",
        )
    )


def _many(
    closes: Mapping[str, Floats],
    times: Times,
    returns: Floats,
    gaps: Floats,
    known: Flags,
    issues: Issues,
    tolerance: float,
) -> tuple[Flags, dict[str, float]]:
    """With three and more, each against the median: who is far from it is wrong."""
    middle = np.median(np.where(known, returns, 0.0), axis=0)
    by_source, first = {}, np.zeros(len(middle), dtype=bool)
    name = next(iter(closes))
    _basis_switch(name, "the median", times, returns[0] - middle, gaps, gaps != 0, issues)
    for k, key in enumerate(closes):
        apart = np.where(known, returns[k] - middle, 0.0)
        basis = (gaps != 0) & (np.abs(np.abs(apart) - np.abs(gaps)) <= tolerance)
        bad = _blamed(np.where(basis, 0.0, apart), tolerance)
        by_source[key] = _share(bad, known)
        first = bad if k == 0 else first
        _wrong_source(key, times, returns[k], middle, bad, len(closes), issues)
    return first, by_source


def _wrong_source(
    key: str,
    times: Times,
    values: Floats,
    middle: Floats,
    bad: Flags,
    sources: int,
    issues: Issues,
) -> None:
    issues.add_each(
        np.flatnonzero(bad),
        lambda i: QualityIssue(
            "wrong_source",
            stamp(times[i + 1]),
            "high",
            float(np.expm1(values[i])),
            float(np.expm1(middle[i])),
            f"take another source than {key} here",
            f"{key} has {np.expm1(values[i]):+.3%}, the median of {sources} sources"
            f" {np.expm1(middle[i]):+.3%}",
        ),
        bars=False,
    )
