"""Factor attribution: statsmodels as oracle, causality, sums, and errors that teach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.analytics import factor_attribution, link_effects
from nautilus.core.errors import (
    DataError,
    LabelError,
    MissingInputError,
    NotEnoughDataError,
    OverlapError,
    ParameterError,
    ShapeError,
    UnitError,
)
from nautilus.core.results import unexplained


def market(size=120, seed=7):
    rng = np.random.default_rng(seed)
    factors = rng.normal(0.0, 0.01, (size, 3))
    returns = factors @ [1.0, 0.5, -0.3] + 0.0002 + rng.normal(0.0, 0.004, size)
    return returns, factors, rng.normal(0.0002, 0.008, size)


@pytest.mark.parametrize("lags", [0, 3, None])
def test_betas_and_newey_west_errors_equal_statsmodels(lags):
    returns, factors, _ = market()
    result = factor_attribution(returns, factors, lags=lags)
    used = 4 if lags is None else lags
    options = {"maxlags": used, "use_correction": True}
    oracle = sm.OLS(returns, sm.add_constant(factors)).fit(cov_type="HAC", cov_kwds=options)
    assert result.lags == used
    np.testing.assert_allclose([result.alpha, *result.betas], oracle.params, rtol=1e-10)
    errors = [result.alpha_standard_error, *result.standard_errors]
    np.testing.assert_allclose(errors, oracle.bse, rtol=1e-10)
    np.testing.assert_allclose(result.t_statistics, oracle.tvalues[1:], rtol=1e-9)
    assert result.r_squared == pytest.approx(oracle.rsquared, abs=1e-12)


def test_effects_are_beta_times_factor_and_the_rest_is_specific():
    returns, factors, benchmark = market()
    result = factor_attribution(returns, factors, benchmark_returns=benchmark)
    assert result.segments == ("factor_0", "factor_1", "factor_2", "specific")
    np.testing.assert_allclose(result.period_effects[:, :3, 0], factors * result.betas)
    total = result.period_effects.sum(axis=(1, 2))
    np.testing.assert_allclose(total, returns - benchmark, atol=1e-16)
    # Residuals of a regression with intercept average out: the specific part is alpha alone.
    assert result.period_effects[:, 3, 0].mean() == pytest.approx(result.alpha, abs=1e-16)
    assert result.check_sum < 1e-15


def test_window_uses_only_the_periods_before():
    returns, factors, _ = market()
    result = factor_attribution(returns, factors, window=40)
    assert result.n_periods == 80
    for t in (40, 77, 119):
        past = sm.OLS(returns[t - 40 : t], sm.add_constant(factors[t - 40 : t])).fit()
        np.testing.assert_allclose(result.exposures[t - 40], past.params[1:], rtol=1e-9)
    assert [r.code for r in result.reasons] == ["WARM_UP", "NOT_LINKED"]


def test_causality_the_future_does_not_change_past_exposures():
    returns, factors, _ = market()
    before = factor_attribution(returns, factors, window=40)
    shocked = returns.copy()
    shocked[100:] += 0.5
    after = factor_attribution(shocked, factors, window=40)
    np.testing.assert_array_equal(before.exposures[:61], after.exposures[:61])
    assert not np.array_equal(before.exposures[61:], after.exposures[61:])


def test_frames_are_joined_on_time_and_labels_kept():
    returns, factors, benchmark = market(60)
    index = pd.date_range("2024-01-01", periods=60, freq="B")
    r = pd.Series(returns, index=index)
    f = pd.DataFrame(factors, index=index, columns=["market", "size", "value"]).iloc[2:]
    b = pd.Series(benchmark, index=index).iloc[:-1]
    result = factor_attribution(r, f, benchmark_returns=b)
    assert result.factors == ("market", "size", "value")
    assert result.n_used == 57
    assert str(result.times[0])[:10] == "2024-01-03"
    plain = factor_attribution(returns[2:-1], factors[2:-1], benchmark_returns=benchmark[2:-1])
    np.testing.assert_array_equal(result.betas, plain.betas)
    polars = factor_attribution(
        pl.Series(returns[2:-1]), pl.DataFrame(factors[2:-1]), benchmark_returns=benchmark[2:-1]
    )
    np.testing.assert_array_equal(polars.betas, plain.betas)
    named = factor_attribution(r, f["size"])
    assert named.segments == ("size", "specific")
    with pytest.raises(OverlapError, match="share"):
        factor_attribution(r, f.iloc[20:])


def test_missing_returns_are_left_out():
    returns, factors, _ = market()
    holes = returns.copy()
    holes[[3, 50]] = np.nan
    kept = np.delete(np.arange(120), [3, 50])
    result = factor_attribution(holes, factors)
    assert result.n_used == 118
    np.testing.assert_array_equal(
        result.betas, factor_attribution(returns[kept], factors[kept]).betas
    )


def test_exact_fit_has_no_t_statistic_and_says_why():
    factors = market()[1]
    result = factor_attribution(factors @ [1.0, 0.5, -0.3], factors)
    assert np.isnan(result.t_statistics).all()
    assert result.r_squared == pytest.approx(1.0)
    constant = factor_attribution(np.full(120, 0.01), factors)
    assert np.isnan(constant.r_squared)
    for found in (result, constant):
        assert unexplained(found) == ()


def test_regression_frame_and_html():
    returns, factors, _ = market()
    result = factor_attribution(returns, factors)
    frame = result.regression_frame()
    assert list(frame.index) == ["alpha", "factor_0", "factor_1", "factor_2"]
    assert frame.loc["factor_0", "coefficient"] == pytest.approx(1.0, abs=0.1)
    assert "specific" in result._repr_html_()
    assert list(result.to_frame().index) == [*result.segments, "total"]


def test_linked_factor_effects_sum_to_the_compounded_active_return():
    returns, factors, benchmark = market()
    result = factor_attribution(returns, factors, benchmark_returns=benchmark, window=30)
    for method in ("carino", "menchero", "grap", "frongello"):
        linked = link_effects(result, method=method)
        assert abs(linked.effects.sum() - linked.active_return) < 1e-12
        assert type(linked) is type(result)
    with pytest.raises(ParameterError, match="needs a brinson attribution"):
        link_effects(result, method="davies_laker")


def test_known_exposures_need_no_regression():
    returns, factors, benchmark = market(10)
    known = {"factor_1": 0.5, "factor_0": 1.0, "factor_2": 0.0}
    result = factor_attribution(returns, factors, exposures=known, benchmark_returns=benchmark)
    np.testing.assert_allclose(result.period_effects[:, 1, 0], 0.5 * factors[:, 1])
    total = result.period_effects.sum(axis=(1, 2))
    np.testing.assert_allclose(total, returns - benchmark, atol=1e-16)
    assert result.betas is None
    assert unexplained(result) == ()
    with pytest.raises(MissingInputError, match="there is no regression"):
        result.regression_frame()
    listed = factor_attribution(returns, factors, exposures=[1.0, 0.5, 0.0])
    np.testing.assert_array_equal(listed.exposures[0], [1.0, 0.5, 0.0])


def test_known_exposures_over_time_are_joined_by_date_and_label():
    returns, factors, _ = market(20)
    index = pd.date_range("2024-01-01", periods=20, freq="B")
    f = pd.DataFrame(factors[:, :2], index=index, columns=["value", "size"])
    exposures = pd.DataFrame({"size": np.arange(20.0), "value": 1.0}, index=index).iloc[1:]
    result = factor_attribution(pd.Series(returns, index=index), f, exposures=exposures)
    assert result.n_used == 19
    np.testing.assert_array_equal(result.exposures[:, 0], 1.0)
    np.testing.assert_array_equal(result.exposures[:, 1], np.arange(1.0, 20.0))
    with pytest.raises(LabelError, match="`exposures` must name the same segments: it lacks size"):
        factor_attribution(returns, f.reset_index(drop=True), exposures={"value": 1.0})
    with pytest.raises(ShapeError, match="`exposures` must have 2 columns"):
        factor_attribution(returns, f.reset_index(drop=True), exposures=[1.0])
    with pytest.raises(ParameterError, match="`window` and `exposures` exclude each other"):
        factor_attribution(returns, factors, exposures=[1.0, 1.0, 1.0], window=5)


def test_errors_teach():
    returns, factors, _ = market(20)
    with pytest.raises(NotEnoughDataError, match="share 4 complete periods, need 5"):
        factor_attribution(returns[:4], factors[:4])
    with pytest.raises(NotEnoughDataError, match="need 21"):
        factor_attribution(returns, factors, window=20)
    with pytest.raises(ParameterError, match="`window` must be at least 5"):
        factor_attribution(returns, factors, window=4)
    with pytest.raises(DataError, match="factor_2 is constant or a combination"):
        factor_attribution(returns, np.column_stack([factors[:, :2], factors[:, 0] * 2]))
    flat = factors.copy()
    flat[5:12, 1] = 0.0
    with pytest.raises(DataError, match=r"factor_1 is constant.*in a window of 6 periods"):
        factor_attribution(returns, flat, window=6)
    with pytest.raises(ShapeError, match="`returns` must be one series, got 3"):
        factor_attribution(factors, returns)
    with pytest.raises(ShapeError, match="`benchmark_returns` must be one series, got 3"):
        factor_attribution(returns, factors, benchmark_returns=factors)
    with pytest.raises(LabelError, match="must not have a column 'specific'"):
        factor_attribution(returns, pd.DataFrame(factors[:, :1], columns=["specific"]))
    with pytest.raises(UnitError, match="simple_returns"):
        factor_attribution(returns + 100, factors)
    with pytest.raises(ParameterError, match="`lags` must be at least 0"):
        factor_attribution(returns, factors, lags=-1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([None, 12]), st.booleans())
def test_law_effects_sum_to_the_active_return(seed, window, relative):
    returns, factors, benchmark = market(40, seed)
    options = {"benchmark_returns": benchmark} if relative else {}
    result = factor_attribution(returns, factors, window=window, **options)
    active = result.period_portfolio_returns - result.period_benchmark_returns
    np.testing.assert_allclose(result.period_effects.sum(axis=(1, 2)), active, atol=1e-12)
