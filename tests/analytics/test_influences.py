"""Influence functions against leaving one observation out, their errors against simulation."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import nautilus.analytics as na
from nautilus.analytics.influences import INFLUENCES, Sample
from nautilus.core.statistics import influence_standard_error, jackknife_influence

RNG = np.random.default_rng(3)
Y = RNG.standard_t(8, 800) * 0.01 + 0.0004
X = 0.7 * Y + RNG.standard_t(8, 800) * 0.006 + 0.0003
RATE = 0.02 / 252


@pytest.mark.parametrize("name", INFLUENCES)
def test_influence_is_what_leaving_one_out_shows(name: str) -> None:
    metric = getattr(na, name)
    known = inspect.signature(metric).parameters
    options = {"risk_free_rate": (1 + RATE) ** 252 - 1} if "risk_free_rate" in known else {}
    series = (X, Y) if "benchmark_returns" in known else (X,)

    def statistic(*samples: np.ndarray) -> Any:
        if len(samples) == 1:
            return metric(samples[0], **options)
        columns = range(samples[0].shape[1])
        return np.array([metric(*(s[:, i] for s in samples), **options) for i in columns])

    left_out = influence_standard_error(jackknife_influence(statistic, *series), 0)
    influence = INFLUENCES[name](Sample(X[None, :], Y[None, :], RATE, 252.0))[0]
    assert abs(influence.mean()) <= 1e-9 * np.abs(influence).max()
    # They differ by terms of order 1 / n, most for the fourth moment.
    assert influence_standard_error(influence, 0) == pytest.approx(left_out, rel=0.08)


@pytest.mark.parametrize("name", ["sharpe_ratio", "annualized_volatility", "sortino_ratio", "beta"])
def test_errors_are_the_spread_over_samples(name: str) -> None:
    rng = np.random.default_rng(9)
    y = rng.normal(0.0005, 0.01, (600, 400))
    x = 0.5 * y + rng.normal(0.0002, 0.01, (600, 400))
    metrics = [name]
    summary = na.performance_summary(x, interval=0.95, metrics=metrics) if name != "beta" else None
    if summary is None:
        parts = [na.performance_summary(x[:, j], y[:, j], metrics=metrics) for j in range(400)]
        values = np.array([p.beta for p in parts])
        errors = np.array([p.standard_errors["beta"] for p in parts])
        inside = np.mean([p.lower["beta"] <= 0.5 <= p.upper["beta"] for p in parts])
        assert inside == pytest.approx(0.95, abs=0.035)
    else:
        values, errors = getattr(summary, name), summary.standard_errors[name]
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.1)


def test_errors_grow_with_autocorrelation() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0.0005, 0.01, 3000)
    smooth = np.convolve(noise, np.full(5, 0.2), mode="valid")
    independent = smooth.std() / len(smooth) ** 0.5 * 252
    found = na.performance_summary(smooth, metrics=["mean_return"]).standard_errors["mean_return"]
    assert found > 1.7 * independent
