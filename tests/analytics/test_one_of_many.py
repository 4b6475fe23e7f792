"""A metric does not depend on which others are asked for, to the bit."""

import numpy as np
import pandas as pd
import pytest

import nautilus as nt

RETURNS = np.random.default_rng(3).standard_t(4, (700, 3)) * 0.01
RETURNS[5, 1] = np.nan
BENCHMARK = np.random.default_rng(4).normal(0, 0.01, 700)
WHOLE = nt.analytics.performance_summary(RETURNS, BENCHMARK, risk_free_rate=0.02, interval=None)


@pytest.mark.parametrize("name", [n for n, v in WHOLE if v is not None])
def test_alone_it_is_what_it_is_in_the_summary(name):
    alone = nt.analytics.performance_summary(
        RETURNS, BENCHMARK, risk_free_rate=0.02, interval=None, metrics=(name,)
    )
    np.testing.assert_array_equal(getattr(alone, name), getattr(WHOLE, name))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sharpe_ratio", {"risk_free_rate": 0.02}),
        ("annualized_return", {}),
        ("annualized_volatility", {}),
        ("sortino_ratio", {}),
        ("max_drawdown", {}),
        ("calmar_ratio", {}),
        ("omega_ratio", {}),
        ("ulcer_index", {}),
        ("skewness", {}),
        ("kurtosis", {}),
        ("hit_rate", {}),
    ],
)
def test_the_function_gives_the_summary_s_number(name, options):
    alone = getattr(nt.analytics, name)(pd.DataFrame(RETURNS), **options)
    whole = nt.analytics.performance_summary(RETURNS, risk_free_rate=0.02, interval=None)
    np.testing.assert_array_equal(np.asarray(alone), getattr(whole, name))
