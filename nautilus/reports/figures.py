"""The pictures of a tear sheet, each drawn from plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.plot import (
    COLOURS,
    INK,
    LOSS,
    line,
    logarithmic,
    require_matplotlib,
    style,
    underwater,
)
from nautilus.core.statistics import quantile
from nautilus.reports.svg import as_svg

__all__ = ["equity_picture", "histogram_picture", "rolling_picture", "thinned"]

Floats = NDArray[np.float64]

WIDE, HALF = 960, 468
_PIXEL_COLUMNS = 640
_MANY, _MANY_BINS, _FEW_BINS = 500, 61, 25
_FAINT = INK + "b3"  # 70 % opaque
_FONT = {"font.size": 11.0, "axes.unicode_minus": True}


def thinned(
    times: NDArray[Any], values: Floats, *, columns: int = _PIXEL_COLUMNS
) -> tuple[NDArray[Any], Floats]:
    """The points that a line of `columns` pixel columns can show.

    Of each column's points the lowest and the highest are kept, in their order, and the first and
    the last of all: no extreme is lost, and the line does not change on the page.

    Parameters
    ----------
    times : array (time,)
    values : array (time,)
        A NaN is kept where a whole column is NaN, so that a gap stays a gap.
    columns : int

    Returns
    -------
    tuple of (times, values)
        As given where they are few enough.

    Examples
    --------
    >>> thinned(np.arange(8), np.array([0.0, 9.0, 1.0, 2.0, 3.0, -9.0, 4.0, 5.0]), columns=2)
    (array([0, 1, 5, 7]), array([ 0.,  9., -9.,  5.]))
    """
    n = len(values)
    if n <= 2 * columns:
        return times, values
    edges = np.linspace(0, n, columns + 1).astype(np.intp)
    kept = {0, n - 1}
    for start, end in pairwise(edges):
        part = values[start:end]
        known = np.flatnonzero(np.isfinite(part))
        if len(known):
            kept |= {start + known[part[known].argmin()], start + known[part[known].argmax()]}
        else:
            kept.add(start)
    rows = np.sort(np.array(list(kept), dtype=np.intp))
    return times[rows], values[rows]


def equity_picture(
    times: NDArray[Any],
    wealth: Sequence[Floats],
    drawdowns: Sequence[Floats],
    *,
    episodes: Sequence[tuple[Any, Any]] = (),
) -> str:
    """Growth of 1 on a logarithmic axis above the drawdown, as SVG.

    Parameters
    ----------
    times : array (time,)
    wealth, drawdowns : sequence of array (time,)
        The portfolio first, then its benchmark if there is one.
    episodes : sequence of (first, last) time
        Shaded.

    Returns
    -------
    str
    """
    with _drawing(WIDE, 420) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1.0))
        for axes in (top, bottom):
            style(axes)
            for first, last in episodes:
                axes.axvspan(first, last, color=INK, alpha=0.1, linewidth=0.0)
        _lines(top, times, wealth)
        logarithmic(top)
        _falls(bottom, times, drawdowns)
        _time_axis(bottom, times)
        return as_svg(figure, label="Growth of 1 and drawdown over time", salt="equity")


def rolling_picture(
    times: NDArray[Any],
    values: Sequence[Floats],
    *,
    label: str,
    percent: bool = False,
    reference: float | None = None,
) -> str:
    """A rolling metric over time, as SVG.

    Parameters
    ----------
    times : array (time,)
    values : sequence of array (time,)
        The portfolio first, then its benchmark if there is one; fractions if `percent`.
    label : str
        What is shown, for those who cannot see it.
    percent : bool
    reference : float, optional
        A level that is marked.

    Returns
    -------
    str
    """
    with _drawing(HALF, 200) as figure:
        axes = figure.subplots()
        style(axes)
        if reference is not None:
            axes.axhline(reference, color=INK, linewidth=0.8)
        _lines(axes, times, [100.0 * v for v in values] if percent else values)
        axes.yaxis.set_major_formatter(_formatter("{:g} %" if percent else "{:g}"))
        axes.yaxis.get_major_locator().set_params(nbins=5)
        _time_axis(axes, times)
        return as_svg(figure, label=label, salt=label)


def histogram_picture(returns: Floats, *, marks: Sequence[tuple[str, float]] = ()) -> str:
    """How often each return came, in percent, with losses marked, as SVG.

    Parameters
    ----------
    returns : array (time,)
        Fractions, without NaN.
    marks : sequence of (text, return)
        Vertical lines, such as minus the value at risk; bars beyond the first are red.

    Returns
    -------
    str
    """
    with _drawing(HALF, 230) as figure:
        axes = figure.subplots()
        style(axes)
        edges = _bins(100.0 * returns)
        counts, _ = np.histogram(np.clip(100.0 * returns, edges[0], edges[-1]), bins=edges)
        middle = 0.5 * (edges[1:] + edges[:-1])
        worst = 100.0 * marks[0][1] if marks else -np.inf
        colours = [LOSS if x <= worst else COLOURS[0] for x in middle]
        axes.bar(middle, counts, 0.86 * (edges[1] - edges[0]), color=colours)
        top = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        for text, value in marks:
            axes.axvline(100.0 * value, color=LOSS, linewidth=1.0, linestyle=(0, (4, 2)))
            place = {"xytext": (-4, 0), "ha": "right", "va": "top", "color": INK, **top}
            axes.annotate(text, (100.0 * value, 1.0), **place)
        axes.xaxis.set_major_formatter(_formatter("{:g} %"))
        axes.yaxis.get_major_locator().set_params(nbins=4, integer=True)
        return as_svg(figure, label="Distribution of returns", salt="histogram")


@contextmanager
def _drawing(width: int, height: int) -> Iterator[Any]:
    matplotlib = require_matplotlib()
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_FONT):
        yield Figure(figsize=(width / 72, height / 72), layout="constrained", facecolor="none")


def _lines(axes: Any, times: NDArray[Any], values: Sequence[Floats]) -> None:
    """The benchmark below, thinner; the portfolio on top."""
    for i in reversed(range(len(values))):
        x, y = thinned(times, values[i])
        line(axes, x, y, colour=COLOURS[0] if i == 0 else _FAINT, width=1.5 if i == 0 else 1.0)


def _falls(axes: Any, times: NDArray[Any], drawdowns: Sequence[Floats]) -> None:
    """The benchmark as a line below the portfolio's area."""
    for falls in drawdowns[1:]:
        x, y = thinned(times, falls)
        line(axes, x, 100.0 * y, colour=_FAINT, width=0.8)
    underwater(axes, *thinned(times, drawdowns[0]))
    axes.set_ylabel("")
    axes.yaxis.set_major_formatter(_formatter("{:g} %"))
    axes.yaxis.get_major_locator().set_params(nbins=4)
    axes.set_ylim(top=0.0)


def _time_axis(axes: Any, times: NDArray[Any]) -> None:
    if np.asarray(times).dtype.kind == "M":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    else:
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.margins(x=0.0)


def _formatter(pattern: str) -> Callable[[float, int], str]:
    return lambda value, _: pattern.format(round(value, 10)).replace("-", "−")


def _bins(values: Floats) -> Floats:
    """Equal widths over all values but the outermost 0.2 % on each side."""
    low, high = quantile(values, 0.002), quantile(values, 0.998)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, _MANY_BINS if len(values) > _MANY else _FEW_BINS)
