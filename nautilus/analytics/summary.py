"""Every metric of a series or of a whole panel in one pass, with errors, intervals and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.html_tables import html_table
from nautilus.analytics.measures import paired, prepared
from nautilus.analytics.options import rated
from nautilus.analytics.summary_metrics import BENCHMARK_ROWS
from nautilus.analytics.summary_reasons import reasons_of
from nautilus.analytics.summary_values import (
    Bounds,
    Options,
    all_rows,
    bootstrapped,
    counts_of,
    estimated,
    values_of,
)
from nautilus.core.checks import check_probability, check_window
from nautilus.core.errors import MissingInputError, ParameterError
from nautilus.core.frames import Like, labelled_frame
from nautilus.core.results import Result

__all__ = ["PerformanceSummary", "performance_summary"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PerformanceSummary(Result):
    """Metrics of returns: floats for one series, labelled vectors for a panel.

    A metric that was not asked for, or needs a benchmark that was not given, is None. Each one is
    defined at the function of its name.

    Parameters
    ----------
    n_used : float or vector
        Returns used; with a benchmark, every metric is over the periods in which both are known.
    labels : tuple
        Assets of a panel; empty for one series.
    start, end : time or None
        First and last time of the index.
    risk_free_rate, periods_per_year, confidence : float
        Confidence is that of the tail measures.
    interval : float or None
        Coverage of `lower` and `upper`.
    method : str or None
        "hac" (influence functions) or "bootstrap".
    replications : int or None
    standard_errors, lower, upper : mapping of metric to float or vector, or None
        Metrics of the path have them from the bootstrap only.

    Examples
    --------
    >>> summary = performance_summary([0.02, -0.01, 0.03, 0.01], periods_per_year=12)
    >>> summary.to_frame().loc["sharpe_ratio"].round(1).tolist()
    [2.5, 1.1, 0.4, 4.7]
    >>> summary.reasons[-1].code
    'NO_STANDARD_ERROR'
    """

    total_return: Any = None
    annualized_return: Any = None
    mean_return: Any = None
    annualized_volatility: Any = None
    downside_deviation: Any = None
    sharpe_ratio: Any = None
    sortino_ratio: Any = None
    calmar_ratio: Any = None
    sterling_ratio: Any = None
    burke_ratio: Any = None
    martin_ratio: Any = None
    pain_ratio: Any = None
    omega_ratio: Any = None
    kappa_ratio: Any = None
    gain_to_pain_ratio: Any = None
    profit_factor: Any = None
    payoff_ratio: Any = None
    hit_rate: Any = None
    upside_potential_ratio: Any = None
    prospect_ratio: Any = None
    max_drawdown: Any = None
    average_drawdown: Any = None
    longest_drawdown: Any = None
    ulcer_index: Any = None
    pain_index: Any = None
    best_return: Any = None
    worst_return: Any = None
    skewness: Any = None
    kurtosis: Any = None
    mean_absolute_deviation: Any = None
    gini_mean_difference: Any = None
    probabilistic_sharpe_ratio: Any = None
    minimum_track_record_length: Any = None
    autocorrelation_adjusted_sharpe_ratio: Any = None
    rachev_ratio: Any = None
    tail_gini: Any = None
    entropic_value_at_risk: Any = None
    conditional_drawdown_at_risk: Any = None
    entropic_drawdown_at_risk: Any = None
    alpha: Any = None
    beta: Any = None
    up_beta: Any = None
    down_beta: Any = None
    correlation: Any = None
    r_squared: Any = None
    tracking_error: Any = None
    information_ratio: Any = None
    up_capture: Any = None
    down_capture: Any = None
    treynor_ratio: Any = None
    m_squared: Any = None
    net_selectivity: Any = None
    batting_average: Any = None
    n_used: Any
    labels: tuple[Any, ...]
    start: Any
    end: Any
    risk_free_rate: float
    periods_per_year: float
    confidence: float
    interval: float | None
    method: str | None
    replications: int | None
    standard_errors: Mapping[str, Any] | None
    lower: Mapping[str, Any] | None
    upper: Mapping[str, Any] | None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that it holds."""
        return tuple(n for n in all_rows() if getattr(self, n) is not None)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return ((n, getattr(self, n)) for n in self.metrics)

    def to_frame(self, what: str = "value") -> Any:
        """Pandas frame by metric.

        One series: columns value, standard_error, lower, upper. A panel: one column per asset of
        `what` ("value", "standard_error", "lower" or "upper").
        """
        names = self.metrics
        if not self.labels:
            columns = {c: [_plain(self._part(c, n)) for n in names] for c in PARTS}
            return labelled_frame(names, columns, "metric")
        if what not in PARTS:
            known = ", ".join(repr(p) for p in PARTS)
            raise ParameterError(f"`what` must be one of {known}, got {what!r}.", field="what")
        width = len(self.labels)
        table = np.array([_vector(self._part(what, n), width) for n in names]).reshape(-1, width)
        by_asset: dict[Any, Any] = {label: table[:, j] for j, label in enumerate(self.labels)}
        return labelled_frame(names, by_asset, "metric")

    def _part(self, part: str, name: str) -> Any:
        if part == "value":
            return getattr(self, name)
        mapping = {
            "standard_error": self.standard_errors,
            "lower": self.lower,
            "upper": self.upper,
        }[part]
        return None if mapping is None else mapping.get(name)

    def _repr_html_(self) -> str:
        if self.labels:
            return self._panel_html()
        coverage = "" if self.interval is None else f"{self.interval:.0%} interval"
        rows = [
            [n.replace("_", " "), _shown(n, getattr(self, n)), self._between(n)]
            for n in self.metrics
        ]
        notes = [r.message for r in self.reasons]
        caption = f"Performance, {self.n_used:,.0f} returns"
        return html_table(caption, ["", "value", coverage], rows, notes)

    def _between(self, name: str) -> str:
        low, high = self._part("lower", name), self._part("upper", name)
        known = low is not None and high is not None and low == low and high == high
        return f"{_shown(name, low)} to {_shown(name, high)}" if known else ""

    def _panel_html(self) -> str:
        shown = self.labels[:HTML_ASSETS]
        rows = [
            [n.replace("_", " "), *(_shown(n, v) for v in _vector(getattr(self, n), len(shown)))]
            for n in self.metrics
        ]
        more = len(self.labels) - len(shown)
        notes = [*([f"{more} more assets in to_frame()"] if more else [])]
        notes += [r.message for r in self.reasons]
        caption = f"Performance of {len(self.labels)} series"
        return html_table(caption, ["", *map(str, shown)], rows, notes)

    def plot(self, ax: Any = None, *, metric: str = "sharpe_ratio") -> Any:
        """One metric with its interval: a bar per asset of a panel; returns the axes."""
        from nautilus.core.plot import INK, bars, new_axes

        labels = self.labels or (metric.replace("_", " "),)
        values = _vector(getattr(self, metric), len(labels))
        axes = new_axes(title=metric.replace("_", " ")) if ax is None else ax
        bars(axes, labels, values)
        low, high = self._part("lower", metric), self._part("upper", metric)
        if low is not None and high is not None:
            ends = [_vector(v, len(labels)) for v in (low, high)]
            axes.vlines(np.arange(len(labels)), *ends, color=INK, linewidth=1.2)
        return axes


PARTS = ("value", "standard_error", "lower", "upper")
HTML_ASSETS = 8


def performance_summary(
    returns: Any,
    benchmark_returns: Any = None,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    interval: float | None = 0.95,
    bootstrap: int | None = None,
    seed: int = 0,
    confidence: float = 0.99,
    metrics: Sequence[str] | None = None,
    min_overlap: float = 0.9,
) -> PerformanceSummary:
    """Every metric of a series or a panel, with n used, standard errors, intervals and reasons.

    Statistics that metrics share are computed once: by numpy, or compiled for panels of a million
    values and more where numba is installed; both agree to 1e-12.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,), optional
        Joined with `returns` on time.
    risk_free_rate : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float
    interval : float or None
        Coverage of the intervals; None leaves errors and intervals out, which is much faster.
    bootstrap : int, optional
        Replications of the stationary bootstrap; then errors are standard deviations and intervals
        percentiles over them, for every metric. Without it: the normal interval around each smooth
        metric, by a HAC standard error of its influence function; growth, spreads, shares and
        correlation on the scale (log, logit, Fisher) on which they have no bound.
    seed : int
        Of the bootstrap.
    confidence : float
        Of the tail measures, in (0, 1).
    metrics : sequence of str, optional
        Names of the metrics to compute; the others are None.
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    PerformanceSummary
        NaN returns are left out. Each NaN metric has a reason; fewer than 30 returns, and fewer
        than 10 in the tail, are reported as a caveat.

    Raises
    ------
    UnitError
        Prices instead of returns, or an index of another frequency than `periods_per_year`.
    ParameterError, MissingInputError, OverlapError

    References
    ----------
    Chen and Martin (2021), Standard Errors of Risk and Performance Estimators, Journal of Risk
    23(3); Politis and Romano (1994), The Stationary Bootstrap, JASA 89(428).

    Examples
    --------
    >>> summary = performance_summary([0.02, -0.01, 0.03, 0.01], periods_per_year=12)
    >>> round(summary.sharpe_ratio, 3), round(summary.standard_errors["sharpe_ratio"], 3)
    (2.535, 1.087)
    """
    options = Options(risk_free_rate, periods_per_year, check_probability(confidence, "confidence"))
    rate = rated(risk_free_rate, periods_per_year)[0]
    coverage = None if interval is None else check_probability(interval, "interval")
    benchmark: Floats | None = None
    if benchmark_returns is None:
        values, like = prepared(returns, periods_per_year)
    else:
        values, benchmark, like = paired(returns, benchmark_returns, periods_per_year, min_overlap)
        if np.isnan(benchmark).any():
            values = np.where(np.isnan(benchmark), np.nan, values)
    names = _chosen(metrics, benchmark is not None)
    with np.errstate(all="ignore"):
        found = values_of(names, values, benchmark, options)
        bounds = _bounded(found, values, benchmark, options, rate, coverage, bootstrap, seed)
    n = counts_of(values)
    return _labelled(
        like,
        found,
        bounds,
        n,
        reasons=reasons_of(found, bounds, values, n, like, options, bootstrap),
        risk_free_rate=float(risk_free_rate),
        periods_per_year=float(periods_per_year),
        confidence=options.confidence,
        interval=coverage,
        method=None if coverage is None else ("hac" if bootstrap is None else "bootstrap"),
        replications=None if coverage is None else bootstrap,
    )


def _bounded(
    found: Mapping[str, Floats],
    values: Floats,
    benchmark: Floats | None,
    options: Options,
    rate: float,
    interval: float | None,
    bootstrap: int | None,
    seed: int,
) -> Bounds | None:
    if interval is None:
        return None
    if bootstrap is None:
        return estimated(found, values, benchmark, options, rate, interval)
    replications = check_window(bootstrap, "bootstrap", 2)
    return bootstrapped(found, values, benchmark, options, interval, replications, seed)


def _chosen(metrics: Sequence[str] | None, has_benchmark: bool) -> list[str]:
    known = [n for n in all_rows() if has_benchmark or n not in BENCHMARK_ROWS]
    if metrics is None:
        return known
    for name in metrics:
        if name in BENCHMARK_ROWS and not has_benchmark:
            raise MissingInputError(f"`{name}` needs benchmark_returns.", field="benchmark_returns")
        if name not in known:
            raise ParameterError(
                f"`metrics` must be names of the summary, got {name!r}. It has {', '.join(known)}.",
                field="metrics",
            )
    return list(metrics)


def _labelled(
    like: Like, found: Mapping[str, Floats], bounds: Bounds | None, n: Floats, **rest: Any
) -> PerformanceSummary:
    """Arrays as floats, or as labelled vectors for a panel."""
    parts: dict[str, Any] = dict.fromkeys(("standard_errors", "lower", "upper"))
    if bounds is not None:
        for part in parts:
            parts[part] = like.metrics(getattr(bounds, part))
    ends = (None, None) if like.index is None or not like.size else (like.index[0], like.index[-1])
    return PerformanceSummary(
        **like.metrics(found),
        n_used=like.metric(n),
        labels=like.columns if like.ndim == 2 else (),
        start=ends[0],
        end=ends[1],
        **parts,
        **rest,
    )


def _vector(value: Any, width: int) -> Floats:
    if value is None:
        return np.full(width, np.nan)
    return np.asarray(value, dtype=np.float64).reshape(-1)[:width]


def _plain(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _shown(name: str, value: float) -> str:
    if not np.isfinite(value):
        return "n/a"
    return f"{value:.2%}" if all_rows()[name].percent else f"{value:,.3f}"


assert set(all_rows()) <= {f.name for f in fields(PerformanceSummary)}
