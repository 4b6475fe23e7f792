"""Metrics of a performance summary as rows of a report: value, interval, benchmark, footnote."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nautilus.core.results import Reason
from nautilus.reports.tables import MISSING, number, percent, sentence

__all__ = [
    "ACTIVE",
    "HEADLINE",
    "HEADLINE_ACTIVE",
    "HEADLINE_ALONE",
    "OWN",
    "PATHS",
    "MetricRow",
    "footnotes",
    "metric_rows",
    "tail_rows",
]

# (metric, label, digits): "1%" is percent with one digit, "2" a number with two.
Shown = tuple[str, str, str]

HEADLINE: tuple[Shown, ...] = (
    ("annualized_return", "Return per year", "1%"),
    ("annualized_volatility", "Volatility", "1%"),
    ("sharpe_ratio", "Sharpe ratio", "2"),
    ("max_drawdown", "Max drawdown", "1%"),
)
HEADLINE_ALONE: tuple[Shown, ...] = (
    ("sortino_ratio", "Sortino ratio", "2"),
    ("calmar_ratio", "Calmar ratio", "2"),
)
HEADLINE_ACTIVE: tuple[Shown, ...] = (
    ("alpha_annualized", "Alpha per year", "1%"),
    ("beta", "Beta", "2"),
)
OWN: tuple[Shown, ...] = (
    ("total_return", "Total return", "0%"),
    ("annualized_return", "Return per year, compounded", "2%"),
    ("mean_return", "Return per year, mean", "2%"),
    ("annualized_volatility", "Volatility per year", "2%"),
    ("downside_deviation", "Downside deviation per year", "2%"),
    ("sharpe_ratio", "Sharpe ratio", "2"),
    ("autocorrelation_adjusted_sharpe_ratio", "Sharpe, autocorrelation adj.", "2"),
    ("probabilistic_sharpe_ratio", "Probability of Sharpe above 0", "1%"),
    ("minimum_track_record_length", "Periods needed to tell it from 0", "0"),
    ("sortino_ratio", "Sortino ratio", "2"),
    ("omega_ratio", "Omega ratio", "2"),
    ("calmar_ratio", "Calmar ratio", "2"),
    ("max_drawdown", "Maximum drawdown", "2%"),
    ("longest_drawdown", "Longest drawdown, periods", "0"),
    ("ulcer_index", "Ulcer index", "2%"),
    ("skewness", "Skewness", "2"),
    ("kurtosis", "Excess kurtosis", "2"),
    ("best_return", "Best period", "2%"),
    ("worst_return", "Worst period", "2%"),
    ("hit_rate", "Periods with a gain", "1%"),
)
# What depends on the order of returns: its interval comes from the bootstrap.
PATHS = (
    "max_drawdown",
    "calmar_ratio",
    "ulcer_index",
    "longest_drawdown",
)
ACTIVE: tuple[Shown, ...] = (
    ("excess_return", "Excess return over the span", "0%"),
    ("alpha_annualized", "Alpha per year", "2%"),
    ("beta", "Beta", "2"),
    ("correlation", "Correlation", "2"),
    ("tracking_error_annualized", "Tracking error per year", "2%"),
    ("information_ratio_annualized", "Information ratio", "2"),
    ("up_capture", "Up capture", "1%"),
    ("down_capture", "Down capture", "1%"),
    ("batting_average", "Periods ahead of the benchmark", "1%"),
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
    paths: Any = None,
    other: Any = None,
    notes: Mapping[str, str] | None = None,
) -> tuple[MetricRow, ...]:
    """Metrics that a result holds, in the order of `shown`.

    Parameters
    ----------
    summary : PerformanceSummary or BenchmarkComparison
        Of one series.
    shown : iterable of (metric, label, digits)
    paths : PerformanceSummary, optional
        Gives the intervals that `summary` has not.
    other : PerformanceSummary, optional
        Of the benchmark.
    notes : mapping of metric to mark, optional
        As `footnotes` gives it.

    Examples
    --------
    >>> from nautilus.analytics import performance_summary
    >>> summary = performance_summary([0.02, -0.01, 0.03, 0.01], periods_per_year=12)
    >>> row = metric_rows(summary, [("sharpe_ratio", "Sharpe ratio", "2")])[0]
    >>> row.value, row.interval
    ('2.54', '0.40 to 4.67')
    """
    marks = notes or {}
    return tuple(
        MetricRow(
            label=label,
            value=_text(getattr(summary, name), digits),
            interval=_interval((summary, paths), name, digits),
            other="" if other is None else _text(getattr(other, name), digits),
            mark=marks.get(name, ""),
        )
        for name, label, digits in shown
    )


def footnotes(
    results: Iterable[Any], shown: Iterable[Shown]
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Marks of the metrics that results lack, and (mark, reason) for each cause.

    Examples
    --------
    >>> from nautilus.analytics import performance_summary
    >>> summary = performance_summary([0.01, 0.01, 0.01], periods_per_year=12)
    >>> marks, texts = footnotes([summary], [("sharpe_ratio", "Sharpe ratio", "2")])
    >>> marks, texts[0][0]
    ({'sharpe_ratio': '1'}, '1')
    """
    wanted = [name for name, _, _ in shown]
    marks: dict[str, str] = {}
    texts: list[tuple[str, str]] = []
    for reason in (reason for result in results for reason in result.reasons):
        missing = [name for name in reason.fields if name in wanted and name not in marks]
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
            _range(one.lower, one.upper, "2%"),
            percent(one.expected_shortfall),
            number(one.n_tail, 0),
        )
        for one in risk.estimates
    )


def _cause(reason: Reason) -> str:
    # The message begins with the names of all metrics, which the marks already show.
    _, found, cause = reason.message.partition(": ")
    return sentence(cause if found else reason.message)


def _text(value: Any, digits: str) -> str:
    if digits.endswith("%"):
        return percent(value, int(digits[:-1]))
    return number(value, int(digits))


def _interval(results: Iterable[Any], name: str, digits: str) -> str:
    for one in results:
        if one is not None and name in one.lower:
            return _range(one.lower[name], one.upper[name], digits)
    return ""


def _range(low: float, high: float, digits: str) -> str:
    if not (math.isfinite(low) or math.isfinite(high)):
        return ""
    scale = 100.0 if digits.endswith("%") else 1.0
    ends = [number(scale * end, int(digits.rstrip("%"))) for end in (low, high)]
    return " to ".join(ends).replace(MISSING, "?")
