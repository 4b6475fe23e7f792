"""A summary holds the numbers of the functions whose names its fields bear."""

import dataclasses

import numpy as np
import pytest

import nautilus as nt

from .cases import those
from .compare import assert_close
from .data import numbers, pandas

SUMMARIES = [nt.analytics.performance_summary, nt.analytics.compare_to_benchmark]
METRICS = {
    c.function.__name__: c for c in (p.values[0] for p in those(lambda c: c.gives == "metric"))
}


def data(width):
    rng = np.random.default_rng(3)
    values = numbers("returns", rng, 300, max(width, 1))
    values[rng.uniform(size=values.shape) < 0.05] = np.nan
    benchmark = numbers("benchmark_returns", rng, 300, 1)[:, 0]
    return pandas(values[:, 0] if width == 0 else values), pandas(benchmark)


def options_of(function, given):
    """The summary's `confidence` is that of the tails; a track record has its own."""
    own = {"confidence"} if function is nt.analytics.minimum_track_record_length else set()
    known = set(function.__kwdefaults__ or {}) - own
    return {k: v for k, v in given.items() if k in known}


@pytest.mark.parametrize("width", [0, 3])
def test_the_summary_of_performance_is_every_metric(width):
    returns, benchmark = data(width)
    given = {"risk_free_rate": 0.02, "confidence": 0.9}
    whole = nt.analytics.performance_summary(returns, benchmark, **given)
    checked = 0
    for field in dataclasses.fields(whole):
        if field.name not in METRICS:
            continue
        case = METRICS[field.name]
        rest = (benchmark,) if "benchmark_returns" in case.inputs else ()
        alone = case.function(returns, *rest, **options_of(case.function, given))
        assert_close(getattr(whole, field.name), alone)
        checked += 1
    assert checked > 40


def test_a_summary_of_a_panel_is_the_summaries_of_its_columns():
    returns, benchmark = data(3)
    for summary in SUMMARIES:
        whole = summary(returns, benchmark)
        for j, name in enumerate(returns.columns):
            one = summary(returns[name], benchmark)
            for field in ("alpha", "beta", "information_ratio", "n_used", "up_capture"):
                assert_close(getattr(whole, field).iloc[j], getattr(one, field))


def test_value_at_risk_in_the_tear_sheet_is_the_function():
    returns, benchmark = data(0)
    sheet = nt.reports.tear_sheet(returns, benchmark)
    for estimate in sheet.risk.estimates:
        options = {"confidence": estimate.confidence, "method": estimate.method}
        assert_close(estimate.value_at_risk, nt.risk.value_at_risk(returns, **options))
        assert_close(estimate.expected_shortfall, nt.risk.expected_shortfall(returns, **options))


def test_the_seed_alone_decides_a_bootstrap():
    returns, _ = data(0)

    def lower(seed):
        return nt.analytics.performance_summary(returns, bootstrap=50, seed=seed).lower[
            "sharpe_ratio"
        ]

    assert lower(1) == lower(1)
    assert lower(1) != lower(2)
