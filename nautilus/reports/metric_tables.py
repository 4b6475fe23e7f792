"""Metrics of a performance summary as rows of a report: value, interval, benchmark, footnote."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nautilus.core.results import Reason
from nautilus.reports.tables import MISSING, number, percent

__all__ = ["ACTIVE", "HEADLINE", "OWN", "MetricRow", "footnotes", "metric_rows", "tail_rows"]

# (metric, label, digits in percent or None for a plain number with two)
Shown = tuple[str, str, int | None]

HEADLINE: tuple[Shown, ...] = (
    ("annualized_return", "Return per year", 1),
    ("annualized_volatility", "Volatility", 1),
    ("sharpe_ratio", "Sharpe ratio", None),
    ("max_drawdown", "Max drawdown", 1),
)
HEADLINE_ALONE: tuple[Shown, ...] = (
    ("sortino_ratio", "Sortino ratio", None),
    ("calmar_ratio", "Calmar ratio", None),
)
HEADLINE_ACTIVE: tuple[Shown, ...] = (
    ("alpha", "Alpha per year", 1),
    ("beta", "Beta", None),
)
OWN: tuple[Shown, ...] = (
    ("total_return", "Total return", 1),
    ("annualized_return", "Return per year, geometric", 2),
    ("mean_return", "Return per year, arithmetic", 2),
    ("annualized_volatility", "Volatility per year", 2),
    ("downside_deviation", "Downside deviation per year", 2),
    ("sharpe_ratio", "Sharpe ratio", None),
    ("autocorrelation_adjusted_sharpe_ratio", "Sharpe ratio, autocorrelation adjusted", None),
    ("probabilistic_sharpe_ratio", "Probability that it is above 0", 1),
    ("sortino_ratio", "Sortino ratio", None),
    ("omega_ratio", "Omega ratio", None),
    ("calmar_ratio", "Calmar ratio", None),
    ("max_drawdown", "Maximum drawdown", 2),
    ("ulcer_index", "Ulcer index", 2),
    ("skewness", "Skewness", None),
    ("kurtosis", "Excess kurtosis", None),
    ("best_return", "Best period", 2),
    ("worst_return", "Worst period", 2),
    ("hit_rate", "Periods with a gain", 1),
)
ACTIVE: tuple[Shown, ...] = (
    ("alpha", "Alpha per year, arithmetic", 2),
    ("beta", "Beta", None),
    ("correlation", "Correlation", None),
    ("tracking_error", "Tracking error per year", 2),
    ("information_ratio", "Information ratio", None),
    ("up_capture", "Up capture", 1),
    ("down_capture", "Down capture", 1),
)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric as text.

    Parameters
    ----------
    label, value : str
    interval : str
        Empty where there is none.
    other : str
        The same metric of the benchmark; empty without one.
    mark : str
        Number of the footnote that says why the value is missing, or empty.
    """

    label: str
    value: str
    interval: str
    other: str
    mark: str


def metric_rows(
    summary: Any,
    shown: Iterable[Shown],
    *,
    other: Any = None,
    notes: Mapping[str, str] | None = None,
) -> tuple[MetricRow, ...]:
    """Metrics that a summary holds, in the order of `shown`.

    Parameters
    ----------
    summary : PerformanceSummary
        Of one series.
    shown : iterable of (metric, label, digits in percent or None)
    other : PerformanceSummary, optional
        Of the benchmark.
    notes : mapping of metric to mark, optional
        As `footnotes` gives it.

    Examples
    --------
    >>> from nautilus.analytics import performance_summary
    >>> summary = performance_summary([0.02, -0.01, 0.03, 0.01], periods_per_year=12)
    >>> row = metric_rows(summary, [("sharpe_ratio", "Sharpe ratio", None)])[0]
    >>> row.value, row.interval
    ('2.54', '0.40 to 4.67')
    """
    marks = notes or {}
    return tuple(
        MetricRow(
            label=label,
            value=_text(getattr(summary, name), digits),
            interval=_interval(summary, name, digits),
            other="" if other is None else _text(getattr(other, name), digits),
            mark=marks.get(name, ""),
        )
        for name, label, digits in shown
        if getattr(summary, name) is not None
    )


def footnotes(
    summary: Any, shown: Iterable[Shown]
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Marks of missing metrics, and (mark, reason) for each cause.

    Examples
    --------
    >>> from nautilus.analytics import performance_summary
    >>> summary = performance_summary([0.01, 0.01, 0.01], periods_per_year=12)
    >>> marks, texts = footnotes(summary, [("sharpe_ratio", "Sharpe ratio", None)])
    >>> marks, texts[0][0]
    ({'sharpe_ratio': '1'}, '1')
    """
    wanted = [name for name, _, _ in shown]
    marks: dict[str, str] = {}
    texts: list[tuple[str, str]] = []
    for reason in summary.reasons:
        missing = [name for name in reason.fields if name in wanted]
        if missing:
            texts.append((str(len(texts) + 1), _cause(reason)))
            marks |= dict.fromkeys(missing, texts[-1][0])
    return marks, tuple(texts)


def tail_rows(risk: Any) -> tuple[tuple[str, str, str, str, str], ...]:
    """(confidence, value at risk, its interval, expected shortfall, returns in the tail)."""
    return tuple(
        (
            f"{100 * one.confidence:g}\u00a0%",
            percent(one.value_at_risk),
            _range(one.lower, one.upper, 2),
            percent(one.expected_shortfall),
            number(one.n_tail, 0),
        )
        for one in risk.estimates
    )


def _cause(reason: Reason) -> str:
    # The message begins with the names of all metrics, which the marks already show.
    _, found, cause = reason.message.partition(": ")
    return cause if found else reason.message


def _text(value: Any, digits: int | None) -> str:
    return number(value) if digits is None else percent(value, digits)


def _interval(summary: Any, name: str, digits: int | None) -> str:
    if summary.lower is None or name not in summary.lower:
        return ""
    return _range(summary.lower[name], summary.upper[name], digits)


def _range(low: float, high: float, digits: int | None) -> str:
    if not (math.isfinite(low) or math.isfinite(high)):
        return ""
    scale, places = (1.0, 2) if digits is None else (100.0, digits)
    text = f"{number(scale * low, places)} to {number(scale * high, places)}"
    return text.replace(MISSING, "?")
