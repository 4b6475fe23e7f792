"""One page about a series of returns: how much, how sure, how deep, against what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.comparison import BenchmarkComparison, compare_to_benchmark
from nautilus.analytics.drawdowns import DrawdownTable, drawdown_table
from nautilus.analytics.returns import monthly_returns, wealth_index
from nautilus.analytics.summary import PerformanceSummary, performance_summary
from nautilus.core.errors import DataError, MissingExtraError, NotEnoughDataError
from nautilus.core.frames import Like, aligned, read, time_series
from nautilus.core.periods import check_returns
from nautilus.core.results import Reason, Result
from nautilus.reports.metric_tables import PATHS
from nautilus.risk.summaries import VarSummary, var_summary

__all__ = ["TearSheet", "tear_sheet"]

Floats = NDArray[np.float64]

_TOP = 10
_FEWEST = 30
_REPLICATIONS = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TearSheet(Result):
    """Performance of one series of returns, ready to read.

    Parameters
    ----------
    title : str
    names : tuple of str
        The portfolio, and its benchmark if there is one.
    returns, benchmark_returns : Series by time, or array
        Of the common times in which the portfolio has a return; the second is None without a
        benchmark.
    summary : PerformanceSummary
        With 95 % intervals.
    path_summary : PerformanceSummary
        Drawdown measures only, whose intervals come from the stationary bootstrap.
    benchmark_summary : PerformanceSummary or None
        Without intervals.
    comparison : BenchmarkComparison or None
    drawdowns : DrawdownTable
        The ten deepest.
    months : pandas frame or None
        Year x month; None where the returns have no times.
    risk : VarSummary
        Historical, one period, at 95 and 99 %.
    window : int or None
        Periods of the rolling pictures: a year, or a third of a shorter history; None below 30
        returns.
    caveats : tuple of str
        What the data say about themselves.
    """

    title: str
    names: tuple[str, ...]
    returns: Any
    benchmark_returns: Any
    summary: PerformanceSummary
    path_summary: PerformanceSummary
    benchmark_summary: PerformanceSummary | None
    comparison: BenchmarkComparison | None
    drawdowns: DrawdownTable
    months: Any
    risk: VarSummary
    window: int | None
    caveats: tuple[str, ...]

    def to_frame(self) -> Any:
        """Pandas frame of every metric: value, standard error and interval."""
        return self.summary.to_frame()

    def plot(self, ax: Any = None) -> Any:
        """Growth of 1 on a logarithmic axis; returns the axes."""
        from nautilus.core.plot import line, new_axes

        axes = new_axes(title=self.title) if ax is None else ax
        series = (self.returns, self.benchmark_returns)[: len(self.names)]
        for name, one in zip(self.names, series, strict=True):
            like = read(one)[1]
            wealth, _ = read(wealth_index(one))
            line(axes, like.times, wealth[:, 0], label=name, log=True)
        return axes

    def report(self, path: Any) -> Path:
        """Write one HTML file that needs no network, and return its path.

        Parameters
        ----------
        path : str or Path
            Ends in .html.

        Raises
        ------
        ParameterError
            Another ending.
        MissingExtraError
            jinja2 or matplotlib is not installed.
        """
        from nautilus.reports.html import write_page

        return write_page(path, self.title, self._body())

    def _body(self) -> str:
        from nautilus.reports.contents import contents
        from nautilus.reports.html import part

        return part("tear_sheet.html", **contents(self))

    def __repr__(self) -> str:
        found = self.summary
        return (
            f"TearSheet({self.title!r}, n_used={found.n_used:,.0f},"
            f" annualized_return={found.annualized_return:.6g},"
            f" sharpe_ratio={found.sharpe_ratio:.6g}, max_drawdown={found.max_drawdown:.6g})"
        )

    def _repr_html_(self) -> str:
        try:
            return self._body()
        except MissingExtraError as error:
            return f"{self.summary._repr_html_()}<p>{error}</p>"


def tear_sheet(
    returns: Any,
    benchmark_returns: Any = None,
    *,
    title: str | None = None,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    min_overlap: float = 0.9,
) -> TearSheet:
    """One page about a series of returns; shows itself in a notebook, `.report(path)` writes it.

    Parameters
    ----------
    returns : array (time,)
        Simple returns per period, fractions. A `caveat` in its `attrs` is shown on the page.
    benchmark_returns : array (time,), optional
        Joined on time; then everything on the page is about the common times.
    title : str, optional
        The name of the returns if left out.
    risk_free_rate : float
        Per annum, a fraction.
    periods_per_year : float
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    TearSheet
        Times without a return of the portfolio are left out and counted in `reasons`.

    Raises
    ------
    ShapeError
        More than one column.
    NotEnoughDataError
        No return at all.
    DataError
        An infinite return.
    OverlapError, UnitError, TimeIndexError

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.random.default_rng(0).normal(0.0005, 0.01, 500)
    >>> sheet = tear_sheet(returns, title="Two years")
    >>> sheet.title, len(sheet.drawdowns), sheet.window
    ('Two years', 10, 167)
    """
    own, other, reasons = _joined(returns, benchmark_returns, min_overlap)
    options: dict[str, Any] = {
        "risk_free_rate": risk_free_rate,
        "periods_per_year": periods_per_year,
    }
    names = tuple(
        _name(series, default)
        for series, default in ((own, "Portfolio"), (other, "Benchmark"))
        if series is not None
    )
    return TearSheet(
        title=title or names[0],
        names=names,
        returns=own,
        benchmark_returns=other,
        summary=performance_summary(own, **options),
        path_summary=performance_summary(own, bootstrap=_REPLICATIONS, metrics=PATHS, **options),
        benchmark_summary=(
            None if other is None else performance_summary(other, interval=None, **options)
        ),
        comparison=None if other is None else compare_to_benchmark(own, other, **options),
        drawdowns=drawdown_table(own, top=_TOP),
        months=None if isinstance(own, np.ndarray) else monthly_returns(own),
        risk=var_summary(own, methods="historical"),
        window=_window(len(own), periods_per_year),
        caveats=_caveats(returns, benchmark_returns),
        reasons=reasons,
    )


def _joined(
    returns: Any, benchmark_returns: Any, min_overlap: float
) -> tuple[Any, Any, tuple[Reason, ...]]:
    """Both as series by time on the common times that have a return of the portfolio."""
    values, like = read(returns, "returns", ndim=1)
    check_returns(values, "returns")
    name, other, unmatched = like.name, None, 0
    if benchmark_returns is not None:
        sent, told = read(benchmark_returns, "benchmark_returns", ndim=1)
        check_returns(sent, "benchmark_returns")
        label = told.name
        size = like.size
        values, benchmark, like = aligned(returns, benchmark_returns, min_overlap=min_overlap)
        other, unmatched = benchmark[:, 0], size - like.size
    known = ~np.isnan(values[:, 0])
    if not known.any():
        raise NotEnoughDataError("`returns` hold no return at all.", field="returns")
    if np.isinf(values).any():
        raise DataError(
            "`returns` hold an infinite value. It comes from a price of 0: leave that price out.",
            field="returns",
        )
    times = _local_times(like)
    own = _series(times, values[:, 0], known, name)
    if other is None:
        return own, None, _missing(known, 0, 0)
    gaps = int(np.isnan(other[known]).sum())
    return own, _series(times, other, known, label), _missing(known, unmatched, gaps)


def _series(times: Any, values: Floats, known: NDArray[np.bool_], name: Any) -> Any:
    return values[known] if times is None else time_series(times[known], values[known], name)


def _local_times(like: Like) -> Any:
    """Dates in the zone of the index, naive; None where there are none."""
    if like.times is None or like.times.dtype.kind != "M":
        return None
    if not like.aware:
        return like.times
    if like.kind == "pandas":
        return like.index.tz_localize(None).to_numpy()
    return like.index.dt.replace_time_zone(None).to_numpy()


def _missing(known: NDArray[np.bool_], unmatched: int, gaps: int) -> tuple[Reason, ...]:
    """The first row of returns from prices is never there: it is not worth a word."""
    counts = (
        (int((~known[1:]).sum()), "returns", "Times without a return, left out: {:,}."),
        (unmatched, "returns", "Times that the benchmark does not have, left out: {:,}."),
        (gaps, "benchmark_returns", "Times at which the benchmark has no return: {:,}."),
    )
    return tuple(
        Reason("MISSING_RETURNS", (field,), text.format(count), float(count))
        for count, field, text in counts
        if count
    )


def _name(series: Any, default: str) -> str:
    name = getattr(series, "name", None)
    return default if name is None else str(name)


def _window(n: int, periods_per_year: float) -> int | None:
    return None if n < _FEWEST else max(2, min(round(periods_per_year), round(n / 3)))


def _caveats(*inputs: Any) -> tuple[str, ...]:
    found = [getattr(one, "attrs", {}).get("caveat") for one in inputs]
    return tuple(dict.fromkeys(str(text) for text in found if text))
