import numpy as np
import pytest

from nautilus.analytics import compare_to_benchmark, performance_summary
from nautilus.reports.metric_tables import (
    ACTIVE,
    HEADLINE,
    HEADLINE_ACTIVE,
    HEADLINE_ALONE,
    OWN,
    PATHS,
    footnotes,
    metric_rows,
    tail_rows,
)
from nautilus.risk import var_summary

RETURNS = np.random.default_rng(1).normal(0.001, 0.01, 500)
SUMMARY = performance_summary(RETURNS)


def row(name, label="x", digits="2", **options):
    return metric_rows(SUMMARY, [(name, label, digits)], **options)[0]


@pytest.mark.parametrize("shown", [OWN, HEADLINE, HEADLINE_ALONE])
def test_every_metric_of_the_page_is_one_of_the_summary(shown):
    assert len(metric_rows(SUMMARY, shown)) == len(shown)


@pytest.mark.parametrize("shown", [ACTIVE, HEADLINE_ACTIVE])
def test_every_active_metric_is_one_of_the_comparison(shown):
    comparison = compare_to_benchmark(RETURNS, RETURNS[::-1])
    assert len(metric_rows(comparison, shown)) == len(shown)


def test_value_and_interval_are_those_of_the_summary():
    found = row("annualized_volatility", digits="1%")
    assert found.value == f"{100 * SUMMARY.annualized_volatility:.1f}\u00a0%"
    low, high = SUMMARY.lower["annualized_volatility"], SUMMARY.upper["annualized_volatility"]
    assert found.interval == f"{100 * low:.1f} to {100 * high:.1f}"


def test_drawdown_measures_take_their_interval_from_the_bootstrap():
    assert row("max_drawdown", digits="1%").interval == ""
    paths = performance_summary(RETURNS, metrics=PATHS, bootstrap=50)
    found = row("max_drawdown", digits="1%", paths=paths)
    low = 100 * paths.lower["max_drawdown"]
    assert found.interval.startswith(f"−{-low:.1f} to ")


def test_the_benchmark_stands_beside():
    other = performance_summary(2.0 * RETURNS, interval=None)
    assert row("total_return", other=other).other == f"{other.total_return:.2f}"


def test_a_missing_metric_is_a_dash_with_a_footnote():
    summary = performance_summary(np.full(40, 0.001))
    marks, texts = footnotes([summary], OWN)
    assert metric_rows(summary, [("sharpe_ratio", "Sharpe", "2")], notes=marks)[0].value == "–"
    assert dict(texts)[marks["sharpe_ratio"]].startswith("Returns are constant")
    assert set(marks) == {n for n, _, _ in OWN if not np.isfinite(getattr(summary, n))}


def test_nothing_missing_has_no_footnote():
    assert footnotes([SUMMARY], OWN) == ({}, ())


def test_tails_show_value_shortfall_and_an_open_end():
    (low, high) = tail_rows(var_summary(RETURNS[:60], methods="historical"))
    assert low[0] == "95\u00a0%"
    assert low[2].endswith(" to ?")
    assert (high[1], high[2], high[3]) == ("–", "", "–")
