import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus.core.errors import (
    DataError,
    LabelError,
    NotEnoughDataError,
    ParameterError,
    UnitError,
)
from nautilus.portfolio import Moments, estimate_moments, min_variance


def test_per_annum(returns):
    found = estimate_moments(returns, covariance="sample")
    clean = returns.dropna()
    pd.testing.assert_series_equal(found.mean, clean.mean() * 252, rtol=1e-10)
    pd.testing.assert_frame_equal(found.covariance, clean.cov() * 252, rtol=1e-10)
    assert (found.n_used, found.shrinkage) == (len(returns) - 1, None)
    assert found.to_frame().loc["KO", "volatility"] == pytest.approx(clean["KO"].std() * 252**0.5)


def test_ledoit_wolf_is_the_default_and_says_how_much_it_shrinks(returns):
    found = estimate_moments(returns)
    assert found.covariance_method == "ledoit_wolf"
    assert 0 < found.shrinkage < 0.2


def test_the_kind_that_came_goes_back(returns):
    frame = pl.DataFrame({c: returns[c].to_numpy() for c in ("KO", "GE")})
    assert estimate_moments(frame).mean.columns == ["KO", "GE"]
    assert isinstance(estimate_moments(returns.to_numpy()).covariance, np.ndarray)
    assert min_variance(frame).weights.columns == ["KO", "GE"]


def test_monthly_returns_need_twelve(prices):
    monthly = prices.iloc[::21].pct_change()
    with pytest.raises(UnitError, match="`periods_per_year` is 252, but the index is spaced"):
        estimate_moments(monthly)
    with pytest.raises(UnitError, match=r"Pass estimate_moments\(returns, periods_per_year=...\)"):
        min_variance(monthly)
    assert estimate_moments(monthly, periods_per_year=12).periods_per_year == 12


def test_moments_of_your_own_are_joined_by_label():
    covariance = pd.DataFrame(np.diag([0.04, 0.01]), ["A", "B"], ["A", "B"])
    swapped = Moments(mean=pd.Series({"B": 0.1, "A": 0.0}), covariance=covariance)
    found = min_variance(swapped)
    assert found.weights.round(6).to_dict() == {"A": 0.2, "B": 0.8}
    assert found.expected_return == pytest.approx(0.08)
    with pytest.raises(LabelError, match="`mean` must name the same assets: it lacks B"):
        min_variance(Moments(mean=pd.Series({"A": 0.0}), covariance=covariance))


def test_what_is_refused(returns, prices):
    with pytest.raises(ParameterError, match="`covariance` must be one of 'ledoit_wolf', 'sample'"):
        estimate_moments(returns, covariance="oas")
    with pytest.raises(ParameterError, match="`mean` must be one of 'sample'"):
        estimate_moments(returns, mean="james_stein")
    with pytest.raises(NotEnoughDataError, match="have 1 rows without NaN, need 2"):
        estimate_moments(returns.iloc[:2])
    with pytest.raises(UnitError, match="`returns` look like prices"):
        min_variance(prices)
    with pytest.raises(
        DataError, match="must be positive semidefinite; its smallest eigenvalue is -"
    ):
        min_variance(Moments(mean=np.zeros(2), covariance=np.array([[1.0, 2.0], [2.0, 1.0]])))
    with pytest.raises(LabelError, match="`covariance` must name each asset once"):
        min_variance(Moments(mean=np.zeros(0), covariance=np.zeros((0, 0))))
