from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import nautilus.analytics as na
from nautilus.core.errors import ParameterError

X = np.random.default_rng(21).standard_t(5, 300) * 0.01 + 0.001


def probability(x: np.ndarray, hurdle: float) -> float:
    s = x.mean() / x.std(ddof=1)
    raw = stats.kurtosis(x, fisher=False)
    variance = 1 - stats.skew(x) * s + (raw - 1) / 4 * s**2
    return float(stats.norm.cdf((s - hurdle) * np.sqrt((len(x) - 1) / variance)))


def test_probabilistic_ratio_is_its_formula() -> None:
    assert na.probabilistic_sharpe_ratio(X) == pytest.approx(probability(X, 0.0))
    found = na.probabilistic_sharpe_ratio(X, benchmark_sharpe=1.5)
    assert found == pytest.approx(probability(X, 1.5 / 252**0.5))
    assert na.probabilistic_sharpe_ratio(X, benchmark_sharpe=na.sharpe_ratio(X)) == pytest.approx(
        0.5
    )


def test_deflated_ratio_beats_the_best_of_the_trials() -> None:
    luck = na.expected_maximum_sharpe(50, 0.25)
    found = na.deflated_sharpe_ratio(X, n_trials=50, trial_sharpe_variance=0.25)
    assert found == na.probabilistic_sharpe_ratio(X, benchmark_sharpe=luck)
    one = na.deflated_sharpe_ratio(X, n_trials=1, trial_sharpe_variance=0.25)
    assert one == na.probabilistic_sharpe_ratio(X)
    assert found < one


def test_luck_line_is_the_expected_maximum_of_normal_trials() -> None:
    draws = np.random.default_rng(0).normal(0.0, 0.5, (40_000, 100)).max(axis=1)
    assert na.expected_maximum_sharpe(100, 0.25) == pytest.approx(draws.mean(), rel=0.01)


def test_track_record_length_gives_the_confidence_back() -> None:
    need = na.minimum_track_record_length(X, confidence=0.9)
    s = X.mean() / X.std(ddof=1)
    raw = stats.kurtosis(X, fisher=False)
    variance = 1 - stats.skew(X) * s + (raw - 1) / 4 * s**2
    assert stats.norm.cdf(s * np.sqrt((need - 1) / variance)) == pytest.approx(0.9)
    assert np.isnan(na.minimum_track_record_length(-X))


def test_lo_without_autocorrelation_is_the_usual_ratio_and_falls_with_it() -> None:
    """Lo (2002), eq. 20, for a known autocorrelation."""
    rng = np.random.default_rng(4)
    noise = rng.normal(0.002, 0.01, 20_000)
    plain = na.autocorrelation_adjusted_sharpe_ratio(noise, lags=1)
    assert plain == pytest.approx(na.sharpe_ratio(noise), rel=0.03)
    smooth = noise[1:] + 0.8 * noise[:-1]
    d = smooth - smooth.mean()
    rho = (d[1:] @ d[:-1]) / (d @ d)
    factor = 12 / np.sqrt(12 + 2 * 11 * rho)
    found = na.autocorrelation_adjusted_sharpe_ratio(smooth, periods_per_year=12, lags=1)
    assert found == pytest.approx(smooth.mean() / smooth.std(ddof=1) * factor)
    assert found < na.sharpe_ratio(smooth, periods_per_year=12)


def test_default_lags_are_a_year_for_monthly_returns() -> None:
    monthly = X[:120]
    default = na.autocorrelation_adjusted_sharpe_ratio(monthly, periods_per_year=12)
    every = na.autocorrelation_adjusted_sharpe_ratio(monthly, periods_per_year=12, lags=11)
    assert default == every
    daily = na.autocorrelation_adjusted_sharpe_ratio(X)
    assert daily == na.autocorrelation_adjusted_sharpe_ratio(X, lags=int(4 * 3 ** (2 / 9)))


def test_alternating_returns_leave_no_variance() -> None:
    alternating = np.tile([0.02, -0.01], 60)
    assert np.isnan(
        na.autocorrelation_adjusted_sharpe_ratio(alternating, periods_per_year=12, lags=1)
    )


def test_options_are_checked() -> None:
    with pytest.raises(ParameterError, match="`n_trials` must be at least 1, got 0"):
        na.deflated_sharpe_ratio(X, n_trials=0, trial_sharpe_variance=1.0)
    with pytest.raises(ParameterError, match="`trial_sharpe_variance` must be at least 0"):
        na.expected_maximum_sharpe(5, -1.0)
    with pytest.raises(ParameterError, match=r"`confidence` must be in \(0, 1\)"):
        na.minimum_track_record_length(X, confidence=95)
    with pytest.raises(ParameterError, match="`benchmark_sharpe` must be finite"):
        na.probabilistic_sharpe_ratio(X, benchmark_sharpe=float("nan"))
    with pytest.raises(ParameterError, match="`lags` must be at least 1, got 0"):
        na.autocorrelation_adjusted_sharpe_ratio(X, lags=0)
