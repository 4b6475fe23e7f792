"""Falls from the peak: the series, its worst, and a table of the episodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus.analytics.html_tables import html_table
from nautilus.analytics.measures import ONE, Measure, evaluate, measured, prepared, refuse_prices
from nautilus.analytics.options import no_parameters
from nautilus.analytics.paths import (
    Episodes,
    episodes_of,
    lift_valley,
    lift_water,
    merge_valley,
    merge_water,
    underwater,
    valley_of,
    water_of,
)
from nautilus.analytics.primitives import at_least, larger, ratio
from nautilus.core.checks import check_window
from nautilus.core.folds import Fold, apply, folded
from nautilus.core.frames import Like, labelled_frame, read
from nautilus.core.results import Result

__all__ = [
    "Drawdown",
    "DrawdownTable",
    "average_drawdown",
    "drawdown_series",
    "drawdown_table",
    "longest_drawdown",
    "max_drawdown",
]

NAN = float("nan")


def fall_init() -> tuple[float, float]:
    return 1.0, 1.0


def fall_step(state: tuple[float, float], value: float) -> tuple[tuple[float, float], float]:
    if value != value:
        return state, NAN
    wealth, peak = state
    wealth = wealth * (1.0 + value)
    peak = wealth if wealth > peak else peak
    return (wealth, peak), wealth / peak - 1.0


FALLS = Fold(("returns",), fall_init, fall_step, no_parameters)


@folded(FALLS)
def drawdown_series(returns: Any) -> Any:
    """Fall of wealth from its highest value so far, as fractions <= 0.

    wealth(t) / max(1, wealth up to t) - 1; wealth is 1 before the first return, so that a loss on
    the first day counts.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.

    Returns
    -------
    array
        Same length and kind. A NaN return is no period: NaN there, and the path goes on.

    References
    ----------
    Magdon-Ismail and Atiya (2004), Maximum Drawdown, Risk 17(10).

    Examples
    --------
    >>> drawdown_series(np.array([-0.1, 0.2, -0.5])).round(4).tolist()
    [-0.1, 0.0, -0.5]
    """
    _, _ = prepared(returns, None)
    return apply(FALLS, (returns,), ())[0]


def deepest(aggregate: Any) -> Any:
    n, growth, _, _, worst = aggregate
    return at_least(n, 1.0, worst + 0.0 * growth)


MAX = Measure(ONE, no_parameters, valley_of, deepest, lift_valley, merge_valley)


@measured(MAX)
def max_drawdown(returns: Any) -> Any:
    """Worst fall of wealth from its highest value so far, as a fraction <= 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.

    Returns
    -------
    float, or one value per asset; 0 where wealth never falls, NaN without returns, and where a
    return is below -1. NaN returns are left out.

    References
    ----------
    Magdon-Ismail and Atiya (2004), Maximum Drawdown, Risk 17(10).

    Examples
    --------
    >>> round(max_drawdown([-0.1, 0.2, -0.5, 0.1]), 4)
    -0.5
    """
    return evaluate(MAX, returns, (), None)


def mean_depth(aggregate: Any) -> Any:
    n, wealth, _, _, _, _, _, _, _, count, depths, _ = aggregate
    # Depths sum to 0 where there is no episode, and so does their mean.
    return at_least(n, 1.0, ratio(depths, larger(count, 1.0)) + 0.0 * wealth)


def longest_periods(aggregate: Any) -> Any:
    n, wealth, _, _, _, _, _, longest, _, _, _, _ = aggregate
    return at_least(n, 1.0, longest + 0.0 * wealth)


AVERAGE = Measure(
    ONE, no_parameters, water_of, mean_depth, lift_water, merge_water, associative=False
)
LONGEST = Measure(
    ONE, no_parameters, water_of, longest_periods, lift_water, merge_water, associative=False
)


@measured(AVERAGE)
def average_drawdown(returns: Any) -> Any:
    """Mean depth of the drawdowns, each from peak to trough, as a fraction <= 0.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.

    Returns
    -------
    float, or one value per asset; an open drawdown counts. 0 where wealth never falls, NaN without
    returns, and where a return is below -1. NaN returns are left out.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> round(average_drawdown([-0.1, 0.2, -0.5, 0.1]), 4)
    -0.3
    """
    return evaluate(AVERAGE, returns, (), None)


@measured(LONGEST)
def longest_drawdown(returns: Any) -> Any:
    """Periods of the longest drawdown, from the first below the peak to the recovery, inclusive.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions. Wealth is 1 before the first.

    Returns
    -------
    float, or one value per asset; an open drawdown counts up to the last return. 0 where wealth
    never falls, NaN without returns, and where a return is below -1. NaN returns are no periods.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> longest_drawdown([-0.1, 0.2, -0.5, 0.1, 0.1])
    3.0
    """
    return evaluate(LONGEST, returns, (), None)


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One episode under water.

    Parameters
    ----------
    start : time, or position without an index
        First period below the peak.
    trough : time or position
        Period of the lowest wealth.
    recovery : time or position, or None
        First period back at the peak; None while it is open.
    depth : float
        Fraction < 0.
    periods : int
        From start to recovery, or to the last return, inclusive.
    periods_to_trough : int
        From start to trough, inclusive.
    periods_to_recovery : int or None
        After the trough up to the recovery.

    Examples
    --------
    >>> worst = drawdown_table([0.1, -0.2, 0.3])[0]
    >>> worst.start, worst.recovery, round(worst.depth, 4), worst.periods
    (1, 2, -0.2, 2)
    """

    start: Any
    trough: Any
    recovery: Any
    depth: float
    periods: int
    periods_to_trough: int
    periods_to_recovery: int | None


COLUMNS = tuple(Drawdown.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawdownTable(Result):
    """The worst drawdowns, deepest first.

    Parameters
    ----------
    drawdowns : tuple of Drawdown
        Empty where wealth never falls.
    count : int
        Drawdowns in all, shown or not.
    n_used : int
        Returns used.

    Examples
    --------
    >>> drawdown_table([0.1, -0.2, 0.3]).to_frame()["depth"].round(4).to_dict()
    {1: -0.2}
    """

    drawdowns: tuple[Drawdown, ...]
    count: int
    n_used: int

    def __len__(self) -> int:
        return len(self.drawdowns)

    def __iter__(self) -> Any:
        return iter(self.drawdowns)

    def __getitem__(self, position: int) -> Drawdown:
        return self.drawdowns[position]

    def to_frame(self) -> Any:
        """Pandas frame, one row per drawdown, numbered from 1; all columns even when empty."""
        ranks = range(1, len(self.drawdowns) + 1)
        columns = {c: [getattr(d, c) for d in self.drawdowns] for c in COLUMNS}
        return labelled_frame(list(ranks), columns, "rank")

    def _repr_html_(self) -> str:
        rows = [
            [i, *map(_day, (d.start, d.trough, d.recovery)), f"{d.depth:.2%}", d.periods]
            for i, d in enumerate(self.drawdowns, 1)
        ]
        caption = f"Drawdowns, {len(self)} of {self.count}"
        heads = ["", "start", "trough", "recovery", "depth", "periods"]
        return html_table(caption, heads, rows)

    def plot(self, ax: Any = None) -> Any:
        """Depth of each drawdown in percent, by its start; returns the axes."""
        from nautilus.core.plot import bars, new_axes

        axes = new_axes(title="Worst drawdowns", y_label="depth, %") if ax is None else ax
        starts = [_day(d.start) for d in self.drawdowns]
        return bars(axes, starts, [100.0 * d.depth for d in self.drawdowns])


def drawdown_table(returns: Any, *, top: int = 5) -> DrawdownTable:
    """The deepest drawdowns with their dates and durations.

    Parameters
    ----------
    returns : array (time,)
        Simple returns per period, fractions. Wealth is 1 before the first.
    top : int
        How many to show.

    Returns
    -------
    DrawdownTable
        Deepest first, of equal ones the earlier first; empty where wealth never falls. NaN returns
        are no periods.

    Raises
    ------
    ShapeError
        More than one column.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 4.

    Examples
    --------
    >>> table = drawdown_table([-0.1, 0.2, -0.5, 0.1])
    >>> [(d.start, d.trough, d.recovery, round(d.depth, 4)) for d in table]
    [(2, 2, None, -0.5), (0, 0, 1, -0.1)]
    """
    top = check_window(top, "top")
    values, like = read(returns, "returns", ndim=1)
    refuse_prices(values, "returns")
    block = np.ascontiguousarray(values.T)
    with np.errstate(all="ignore"):
        n, _, _, depths = underwater(block)
    valid = ~np.isnan(block)
    found = episodes_of(depths, valid)
    order = np.argsort(found.depth, kind="stable")[:top]
    seen = np.cumsum(valid[0])
    return DrawdownTable(
        drawdowns=tuple(_drawdown(found, int(i), depths[0], like, seen) for i in order),
        count=len(found.depth),
        n_used=int(n[0]),
    )


def _drawdown(found: Episodes, i: int, depths: Any, like: Like, seen: Any) -> Drawdown:
    start, end = int(found.start[i]), int(found.end[i])
    trough = start + int(np.argmin(depths[start:end]))
    recovered = end < like.size
    to_trough = int(seen[trough] - seen[start]) + 1
    periods = int(found.periods[i])
    return Drawdown(
        start=_when(like, start),
        trough=_when(like, trough),
        recovery=_when(like, end) if recovered else None,
        depth=float(found.depth[i]),
        periods=periods,
        periods_to_trough=to_trough,
        periods_to_recovery=periods - to_trough if recovered else None,
    )


def _day(when: Any) -> str:
    """A date as people write it, a position as it stands, and what is still open."""
    if when is None:
        return "open"
    return str(when.date()) if hasattr(when, "date") else str(when)


def _when(like: Like, position: int) -> Any:
    return position if like.index is None else like.index[position]
