from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nautilus.analytics as na
from nautilus.core.errors import MissingInputError, ParameterError, UnitError

DAYS = pd.bdate_range("2022-01-03", periods=300)
R = pd.DataFrame(np.random.default_rng(2).normal(0, 0.01, (300, 3)), DAYS, list("abc"))
B = pd.Series(np.random.default_rng(3).normal(0, 0.01, 300), DAYS)


def test_the_kind_index_and_columns_stay() -> None:
    found = na.rolling(na.sharpe_ratio, R, window=50, risk_free_rate=0.02)
    assert found.index.equals(DAYS)
    assert list(found.columns) == list("abc")
    assert found.iloc[:49].isna().all().all()
    expected = na.sharpe_ratio(R.iloc[100:150], risk_free_rate=0.02)
    assert found.iloc[149].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)


def test_a_benchmark_metric_takes_the_benchmark_as_an_option() -> None:
    found = na.rolling(na.beta, R, window=60, benchmark_returns=B)
    expected = na.beta(R.iloc[-60:], B.iloc[-60:])
    assert found.iloc[-1].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)
    with pytest.raises(MissingInputError, match=r"rolling beta needs benchmark_returns="):
        na.rolling(na.beta, R, window=60)


def test_any_function_of_a_panel_rolls() -> None:
    found = na.rolling(lambda x: np.median(x, axis=0), R, window=20)
    assert found.iloc[40].to_numpy() == pytest.approx(R.iloc[21:41].median().to_numpy())


def test_one_bad_tick_leaves_no_trace() -> None:
    spoilt = R["a"].copy()
    spoilt.iloc[100] = 1e12
    clean, dirty = (na.rolling(na.annualized_volatility, x, window=30) for x in (R["a"], spoilt))
    assert dirty.iloc[130:].equals(clean.iloc[130:])


def test_a_window_longer_than_the_data_is_all_warm_up() -> None:
    for metric in (na.sharpe_ratio, na.ulcer_index):
        assert na.rolling(metric, R.iloc[:10], window=11).isna().all().all()


def test_options_are_checked() -> None:
    with pytest.raises(ParameterError, match="`window` must be at least 1, got 0"):
        na.rolling(na.sharpe_ratio, R, window=0)
    with pytest.raises(ParameterError, match="sharpe_ratio has no option `rf`"):
        na.rolling(na.sharpe_ratio, R, window=10, rf=0.02)
    with pytest.raises(UnitError, match="spaced daily; pass 252"):
        na.rolling(na.sharpe_ratio, R, window=10, periods_per_year=12)


def test_empty_panel() -> None:
    assert na.rolling(na.sharpe_ratio, np.empty((5, 0)), window=2).shape == (5, 0)
