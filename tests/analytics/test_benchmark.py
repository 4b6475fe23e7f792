from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nautilus as nt
import nautilus.analytics as na
from nautilus.core.errors import OverlapError, ParameterError, ShapeError
from nautilus.core.results import unexplained

RNG = np.random.default_rng(13)
B = RNG.standard_t(5, 400) * 0.01 + 0.0003
R = 0.7 * B + RNG.normal(0, 0.006, 400)
RATE = 1.02 ** (1 / 252) - 1
DAYS = pd.bdate_range("2021-01-01", periods=400)


def test_line_by_least_squares() -> None:
    slope, level = np.polyfit(B - RATE, R - RATE, 1)
    assert na.beta(R, B) == pytest.approx(slope)
    assert na.alpha(R, B, risk_free_rate=0.02) == pytest.approx(level * 252)
    found = na.alpha_beta(R, B, risk_free_rate=0.02)
    assert (found.alpha, found.beta, found.n_used) == pytest.approx((level * 252, slope, 400))


def test_line_of_a_panel_with_holes_is_that_of_each_column() -> None:
    panel = np.column_stack([R, np.where(np.arange(400) < 50, np.nan, R), R[::-1]])
    found = na.alpha_beta(panel, B)
    for j in range(3):
        known = ~np.isnan(panel[:, j])
        slope, level = np.polyfit(B[known], panel[known, j], 1)
        assert found.beta[j] == pytest.approx(slope)
        assert found.alpha[j] == pytest.approx(level * 252)
        assert found.n_used[j] == known.sum()
    holes = np.where(np.arange(400) % 7 == 0, np.nan, B)
    assert na.beta(panel, holes)[0] == pytest.approx(
        na.beta(R[~np.isnan(holes)], B[~np.isnan(holes)])
    )


def test_rising_and_falling_markets() -> None:
    for metric, side in ((na.up_beta, B > 0), (na.down_beta, B < 0)):
        assert metric(R, B) == pytest.approx(np.polyfit(B[side], R[side], 1)[0])
    up, down = B > 0, B < 0
    geometric = [np.prod(1 + x) ** (1 / len(x)) - 1 for x in (R[up], B[up], R[down], B[down])]
    shares = na.capture_ratios(R, B)
    assert shares.up == pytest.approx(geometric[0] / geometric[1])
    assert shares.down == pytest.approx(geometric[2] / geometric[3])
    assert shares.ratio == pytest.approx(shares.up / shares.down)
    assert (shares.n_up, shares.n_down) == (up.sum(), down.sum())
    assert na.down_capture(R, B) == pytest.approx(shares.down)


def test_correlation_and_active_return() -> None:
    rho = np.corrcoef(R, B)[0, 1]
    assert na.correlation(R, B) == pytest.approx(rho)
    assert na.r_squared(R, B) == pytest.approx(rho**2)
    active = R - B
    assert na.tracking_error(R, B) == pytest.approx(active.std(ddof=1) * 252**0.5)
    assert na.information_ratio(R, B) == pytest.approx(
        active.mean() / active.std(ddof=1) * 252**0.5
    )
    assert na.batting_average(R, B) == pytest.approx((R > B).mean())
    assert na.correlation(B, B) == 1.0
    assert na.correlation(-B, B) == -1.0


def test_adjusted_rewards() -> None:
    options = {"risk_free_rate": 0.02}
    excess, market = R.mean() - RATE, B.mean() - RATE
    sr, sb = R.std(ddof=1), B.std(ddof=1)
    slope = np.cov(R, B)[0, 1] / B.var(ddof=1)
    assert na.treynor_ratio(R, B, **options) == pytest.approx(excess * 252 / slope)
    assert na.m_squared(R, B, **options) == pytest.approx((excess / sr * sb + RATE) * 252)
    net = na.net_selectivity(R, B, **options)
    assert net == pytest.approx((excess - sr / sb * market) * 252)
    diversification = (sr / sb - slope) * market * 252
    assert na.alpha(R, B, **options) - diversification == pytest.approx(net)


def test_timing_finds_the_bend_that_is_there() -> None:
    x = B - RATE
    bent = RATE + 0.0002 + 0.8 * x + 3.0 * x**2
    found = na.treynor_mazuy(bent, B, risk_free_rate=0.02)
    assert (found.alpha, found.beta, found.gamma) == pytest.approx((0.0002 * 252, 0.8, 3.0))
    broken = RATE + 0.5 * x + 0.4 * np.maximum(x, 0)
    found = na.henriksson_merton(broken, B, risk_free_rate=0.02)
    assert (found.beta, found.gamma) == pytest.approx((0.5, 0.4))
    noisy = na.henriksson_merton(R, B)
    columns = np.column_stack([np.ones(400), B, np.maximum(B, 0)])
    residuals = R - columns @ np.linalg.lstsq(columns, R, rcond=None)[0]
    covariance = np.linalg.inv(columns.T @ columns) * (residuals @ residuals) / 397
    assert noisy.gamma_standard_error == pytest.approx(covariance[2, 2] ** 0.5)


def test_timing_explains_what_it_cannot_tell() -> None:
    for r, b in (([0.01] * 3, [0.01, 0.02, 0.03]), (R, np.zeros(400)), (R, np.abs(B))):
        found = na.henriksson_merton(r, b)
        assert np.isnan(found.gamma)
        assert unexplained(found) == ()
    panel = na.treynor_mazuy(np.column_stack([R, B]), B)
    assert panel.beta[1] == pytest.approx(1.0)


def test_undefined_lines_explain_themselves() -> None:
    flat = na.alpha_beta(R, np.full(400, 0.001))
    assert np.isnan(flat.beta)
    assert np.isnan(flat.alpha)
    assert unexplained(flat) == ()
    rising = na.capture_ratios(R, np.abs(B))
    assert np.isnan(rising.down)
    assert unexplained(rising) == ()
    assert "rise and fall" in rising.reasons[0].message


def test_benchmark_joins_on_time_and_is_one_series() -> None:
    fund, index = pd.Series(R, DAYS), pd.Series(B, DAYS)
    assert na.beta(fund, index.iloc[20:]) == pytest.approx(na.beta(R[20:], B[20:]))
    with pytest.raises(OverlapError, match=r"share 50% of the first's times, need 90%"):
        na.beta(fund, index.iloc[200:])
    assert np.isfinite(na.beta(fund, index.iloc[200:], min_overlap=0.5))
    with pytest.raises(ShapeError, match="`benchmark_returns` must be one series, got 2 columns"):
        na.beta(R, np.column_stack([B, B]))


def test_min_overlap_has_no_meaning_in_a_stream() -> None:
    with pytest.raises(ParameterError, match="`min_overlap` has no meaning for one event"):
        nt.stream(na.tracking_error, min_overlap=0.5)
