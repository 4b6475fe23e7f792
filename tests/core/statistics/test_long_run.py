import numpy as np
import pytest
import statsmodels.api
from arch.covariance.kernel import Bartlett
from scipy.signal import lfilter
from statsmodels.stats.sandwich_covariance import S_hac_simple
from statsmodels.tsa.stattools import acovf

from nautilus.core.errors import ParameterError
from nautilus.core.statistics import (
    autocovariances,
    automatic_lag,
    hac_standard_error_of_mean,
    hac_variance,
)


def correlated(n, rho, columns=1, seed=5):
    noise = np.random.default_rng(seed).standard_normal((n, columns))
    return lfilter([1.0], [1.0, -rho], noise, axis=0)


@pytest.mark.parametrize("lags", [0, 1, 5, 40])
def test_variance_equals_statsmodels(lags):
    x = correlated(400, 0.6)[:, 0]
    expected = S_hac_simple(x - x.mean(), lags)[0, 0] / len(x)
    assert hac_variance(x, lags) == pytest.approx(expected, rel=1e-12)


def test_standard_error_is_that_of_a_regression_on_a_constant():
    x = correlated(300, 0.4)[:, 0]
    fit = statsmodels.api.OLS(x, np.ones(len(x))).fit(cov_type="HAC", cov_kwds={"maxlags": 7})
    assert hac_standard_error_of_mean(x, 7) == pytest.approx(fit.bse[0], rel=1e-12)


def test_autocovariances_equal_statsmodels():
    x = correlated(100, 0.5)[:, 0]
    assert autocovariances(x, 10) == pytest.approx(acovf(x, fft=False)[:11], abs=1e-14)


@pytest.mark.parametrize("rho", [0.9, 0.5, 0.2, 0.0])
def test_newey_west_lag_equals_arch_where_the_first_stage_is_whole(rho):
    x = correlated(100, rho)[:, 0]  # 4 (n / 100)^(2/9) = 4: rounding it up or down is the same
    expected = min(int(Bartlett(x - x.mean()).opt_bandwidth), 33)
    assert automatic_lag(x) == expected


def test_andrews_lag_by_hand():
    x = correlated(500, 0.8)[:, 0]
    gap = x - x.mean()
    rho = float(gap[1:] @ gap[:-1] / (gap @ gap))
    alpha = 4.0 * rho**2 / ((1.0 - rho) ** 2 * (1.0 + rho) ** 2)
    assert automatic_lag(x, rule="andrews") == int(1.1447 * (alpha * 500) ** (1 / 3))


def test_positive_correlation_widens_and_negative_narrows():
    for rho, wider in ((0.8, True), (-0.8, False)):
        x = correlated(2000, rho)[:, 0]
        assert (hac_variance(x) > hac_variance(x, 0)) is wider


def test_a_panel_is_its_columns_and_a_gap_is_no_time():
    x = correlated(200, 0.5, columns=3)
    gapped = x.copy()
    gapped[[10, 50], 1] = np.nan
    found = hac_standard_error_of_mean(gapped)
    assert found[0] == hac_standard_error_of_mean(x[:, 0])
    assert found[1] == pytest.approx(
        hac_standard_error_of_mean(np.delete(x[:, 1], [10, 50])), rel=1e-14
    )
    assert automatic_lag(gapped).tolist() == [automatic_lag(c) for c in gapped.T]


def test_constant_values_have_no_variance():
    assert hac_variance(np.full(40, 0.1)) == 0.0
    assert automatic_lag(np.full(40, 0.1)) == 0
    assert automatic_lag(np.full(40, 0.1), rule="andrews") == 0


def test_too_few_values():
    assert np.isnan(hac_variance([]))
    assert np.isnan(hac_variance([np.nan]))
    assert np.isnan(hac_standard_error_of_mean([1.0]))
    assert np.isnan(hac_standard_error_of_mean(np.empty((0, 2)))).all()
    assert hac_variance([5.0], 3) == 0.0


def test_lags_longer_than_the_series_add_nothing():
    assert autocovariances([1.0, 2.0], 4).tolist() == [0.25, -0.125, 0.0, 0.0, 0.0]


def test_wrong_options_are_named():
    with pytest.raises(ParameterError, match="`lags` must be at least 0, got -1"):
        hac_variance([1.0, 2.0], -1)
    with pytest.raises(ParameterError, match="`rule` must be one of 'newey_west', 'andrews'"):
        automatic_lag([1.0, 2.0], rule="auto")
    with pytest.raises(ParameterError, match="`rule` must be one of"):
        hac_variance([1.0, 2.0], rule="auto")
