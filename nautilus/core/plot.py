"""Pictures of plain arrays: axes in, axes out, nothing shown, readable on white and on black.

Figures are made without pyplot, so that no library call leaves a figure open behind the caller; the
axes draw themselves in a notebook.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from nautilus.core.errors import MissingExtraError, ShapeError

__all__ = [
    "COLOURS",
    "GAIN",
    "GRID",
    "INK",
    "LOSS",
    "bars",
    "heat_map",
    "line",
    "logarithmic",
    "new_axes",
    "require_matplotlib",
    "style",
    "underwater",
]

# Each has a contrast of at least 3 against white and against the near-black of dark themes.
COLOURS = ("#2f7fc1", "#d9622b", "#2b9467", "#a463b8", "#b3862a", "#7d7d7d")
GAIN, LOSS = "#2b9467", "#d9534a"
INK = "#7d7d7d"
_STRONG = 0.5  # share of the strongest colour from which grey text cannot be read on it
GRID = "#7d7d7d40"


def require_matplotlib() -> Any:
    """The matplotlib package.

    Raises
    ------
    MissingExtraError
        It is not installed; the message names the extra.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError(
            "Pictures need matplotlib. Install it with: pip install 'nautilus-quant[plot]'."
        ) from error
    return matplotlib


def new_axes(
    *,
    title: str | None = None,
    size: tuple[float, float] = (8.0, 3.6),
    x_label: str | None = None,
    y_label: str | None = None,
) -> Any:
    """Empty axes on a transparent figure of their own.

    Parameters
    ----------
    title, x_label, y_label : str, optional
    size : tuple of float
        Width and height, inches.

    Returns
    -------
    matplotlib Axes
        They draw themselves as the last line of a notebook cell; `axes.figure.savefig` writes them.

    Raises
    ------
    MissingExtraError

    Examples
    --------
    >>> new_axes(title="Equity").get_title(loc="left")
    'Equity'
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained", facecolor="none")
    axes = figure.add_subplot(axes_class=_inline_axes())
    style(axes)
    axes.set_title(title or "", loc="left", color=INK, fontweight="bold")
    axes.set_xlabel(x_label or "", color=INK)
    axes.set_ylabel(y_label or "", color=INK)
    return axes


def style(axes: Any) -> None:
    """The look of every picture: transparent, grey text and grid, the palette for its lines.

    Parameters
    ----------
    axes : matplotlib Axes

    Examples
    --------
    >>> axes = new_axes()
    >>> style(axes)
    >>> axes.get_facecolor()
    (0.0, 0.0, 0.0, 0.0)
    """
    axes.set_prop_cycle(color=list(COLOURS))
    axes.set_facecolor("none")
    axes.tick_params(colors=INK, which="both", length=0)
    axes.grid(True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(INK)


def line(
    ax: Any,
    times: Any,
    values: Any,
    *,
    label: str | None = None,
    colour: str | None = None,
    width: float = 1.4,
    log: bool = False,
) -> Any:
    """A line over time, broken where a value is NaN.

    Parameters
    ----------
    ax : matplotlib Axes, or None for new ones
    times : array (time,) or None
        None for positions.
    values : array (time,)
    label : str, optional
        Shown in a legend.
    colour : str, optional
        The next of the palette if left out.
    width : float
        Points.
    log : bool
        Logarithmic y axis.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    MissingExtraError, ShapeError

    Examples
    --------
    >>> axes = line(None, None, [1.0, 1.1, 1.05], label="wealth")
    >>> [str(text.get_text()) for text in axes.get_legend().get_texts()]
    ['wealth']
    """
    axes = new_axes() if ax is None else ax
    x, y = _matched(times, values)
    extra = {} if colour is None else {"color": colour}
    axes.plot(x, y, linewidth=width, label=label, solid_joinstyle="round", **extra)
    if log:
        logarithmic(axes)
    return _with_legend(axes, label)


def logarithmic(axes: Any) -> None:
    """Logarithmic y axis with plain numbers, round ones where the range is small.

    Parameters
    ----------
    axes : matplotlib Axes
        With its data; a range that touches zero keeps its linear axis.

    Examples
    --------
    >>> axes = line(None, None, [1.0, 1.5, 90.0], log=True)
    >>> [int(tick) for tick in axes.get_yticks() if 1 <= tick <= 90]
    [1, 2, 5, 10, 20, 50]
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = float(axes.dataLim.y0), float(axes.dataLim.y1)
    if not 0.0 < low <= high < np.inf:
        return
    axes.set_yscale("log")
    if high / low > 6.0:
        axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    else:
        ticks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if tick > 0.0]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(value, 10):g}"))


def underwater(
    ax: Any,
    times: Any,
    drawdowns: Any,
    *,
    label: str | None = None,
    colour: str = LOSS,
) -> Any:
    """Area between zero and the drawdown, in percent.

    Parameters
    ----------
    ax : matplotlib Axes, or None for new ones
    times : array (time,) or None
    drawdowns : array (time,)
        Fractions <= 0.
    label : str, optional
    colour : str

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    MissingExtraError, ShapeError

    Examples
    --------
    >>> underwater(None, None, [0.0, -0.2, -0.1]).get_ylabel()
    'drawdown, %'
    """
    axes = new_axes() if ax is None else ax
    x, y = _matched(times, drawdowns)
    axes.fill_between(x, 100.0 * y, 0.0, color=colour, alpha=0.3, linewidth=0.0)
    axes.plot(x, 100.0 * y, color=colour, linewidth=0.9, label=label)
    axes.set_ylabel("drawdown, %", color=INK)
    return _with_legend(axes, label)


def bars(
    ax: Any,
    labels: Sequence[Any],
    values: Any,
    *,
    label: str | None = None,
    colour: str | None = None,
    horizontal: bool = False,
) -> Any:
    """One bar per label; green above and red below zero unless a colour is given.

    Parameters
    ----------
    ax : matplotlib Axes, or None for new ones
    labels : sequence
    values : array (label,)
    label : str, optional
        Of the whole series, shown in a legend.
    colour : str, optional
    horizontal : bool
        First label on top.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    MissingExtraError, ShapeError

    Examples
    --------
    >>> len(bars(None, ["A", "B"], [0.1, -0.2]).patches)
    2
    """
    axes = new_axes() if ax is None else ax
    places, heights = _matched(np.arange(len(labels)), values)
    signs = [GAIN if v >= 0 else LOSS for v in heights]
    colours = signs if colour is None else colour
    names = [str(name) for name in labels]
    if horizontal:
        axes.barh(places, heights, color=colours, label=label)
        axes.set_yticks(places, names)
        axes.invert_yaxis()
    else:
        axes.bar(places, heights, color=colours, label=label)
        axes.set_xticks(places, names)
    return _with_legend(axes, label)


def heat_map(
    ax: Any,
    values: Any,
    *,
    rows: Sequence[Any],
    columns: Sequence[Any],
    limit: float | None = None,
    digits: int | None = 1,
) -> Any:
    """A table in colours: red below zero, green above, stronger the further away.

    Parameters
    ----------
    ax : matplotlib Axes, or None for new ones
    values : array (row, column)
        NaN stays empty.
    rows, columns : sequence
        Labels.
    limit : float, optional
        Distance from zero of the strongest colour; the largest in the table if left out.
    digits : int, optional
        Decimals of the number in each cell; None for colours only.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    MissingExtraError, ShapeError

    Examples
    --------
    >>> axes = heat_map(None, [[1.0, -2.0]], rows=["2024"], columns=["Jan", "Feb"])
    >>> [text.get_text() for text in axes.texts]
    ['1.0', '−2.0']
    """
    table = np.asarray(values, dtype=np.float64)
    if table.shape != (len(rows), len(columns)):
        raise ShapeError(
            f"`values` must be ({len(rows)}, {len(columns)}) as its labels, got {table.shape}.",
            field="values",
        )
    axes = new_axes() if ax is None else ax
    finite = np.abs(table[np.isfinite(table)])
    widest = limit if limit is not None else float(finite.max(initial=0.0)) or 1.0
    axes.imshow(table, cmap=_diverging(), vmin=-widest, vmax=widest, aspect="auto")
    axes.set_xticks(range(len(columns)), [str(c) for c in columns])
    axes.set_yticks(range(len(rows)), [str(r) for r in rows])
    axes.grid(False)
    if digits is not None:
        for i, j in zip(*np.nonzero(np.isfinite(table)), strict=True):
            text = f"{table[i, j]:.{digits}f}".replace("-", "\u2212")
            colour = "white" if abs(table[i, j]) > _STRONG * widest else INK
            axes.text(j, i, text, ha="center", va="center", color=colour)
    return axes


@functools.cache
def _inline_axes() -> Any:
    """Axes with a picture for notebooks; a figure made without pyplot would show its name only."""
    from matplotlib.axes import Axes

    class InlineAxes(Axes):
        def _repr_png_(self) -> bytes:
            from io import BytesIO

            stream = BytesIO()
            picture: Any = self.figure
            picture.savefig(stream, format="png", dpi=144)
            return stream.getvalue()

    return InlineAxes


@functools.cache
def _diverging() -> Any:
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    # Zero is transparent: the page shows through, whether it is white or black.
    ends = [(*to_rgba(LOSS)[:3], 0.9), (*to_rgba(INK)[:3], 0.0), (*to_rgba(GAIN)[:3], 0.9)]
    return LinearSegmentedColormap.from_list("loss_gain", ends)


def _matched(times: Any, values: Any) -> tuple[Any, Any]:
    y = np.asarray(values, dtype=np.float64)
    x = np.arange(len(y)) if times is None else np.asarray(times)
    if y.ndim != 1 or x.shape != y.shape:
        raise ShapeError(
            f"`values` must be 1-D and as long as the labels or times, got {y.shape} for"
            f" {x.shape}.",
            field="values",
        )
    return x, y


def _with_legend(axes: Any, label: str | None) -> Any:
    if label is not None:
        above = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 4}
        axes.legend(frameon=False, labelcolor=INK, **above)
    return axes
