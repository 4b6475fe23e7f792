"""Mistakes that other projects made and repaired, or still make; each is named after its report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nautilus as nt
import nautilus.analytics as na
from nautilus.core.errors import DataError, OverlapError, TimeIndexError, UnitError

DAYS = pd.bdate_range("2020-01-01", periods=504)
RNG = np.random.default_rng(5)
R = pd.Series(RNG.normal(0.0005, 0.01, 504), DAYS)
B = pd.Series(RNG.normal(0.0004, 0.01, 504), DAYS)
MONTHS = pd.date_range("2015-01-31", periods=60, freq="ME")
MONTHLY = pd.Series(RNG.normal(0.005, 0.03, 60), MONTHS)


def test_quantstats_1_growth_counts_periods_not_calendar_days() -> None:
    """Also #3, #111, #273, #302, #317, #355, #356, #431, #458."""
    wealth = (1 + R).prod()
    assert na.annualized_return(R) == pytest.approx(wealth ** (252 / 504) - 1)
    assert na.annualized_return(R) == pytest.approx(na.annualized_return(R.to_numpy()))


def test_empyrical_one_observation_is_not_annualised() -> None:
    assert np.isnan(na.annualized_return([0.01]))
    assert np.isnan(na.annualized_return(R.iloc[:62]))
    assert np.isfinite(na.annualized_return(R.iloc[:63]))


def test_quantstats_7_prices_passed_as_returns_are_refused_not_guessed() -> None:
    """Also #72, #190 (a currency below 1), PR#541."""
    for prices in (100 * (1 + R).cumprod(), 0.85 * (1 + R).cumprod()):
        with pytest.raises(UnitError, match=r"`returns` look like prices.*simple_returns"):
            na.sharpe_ratio(prices)
    jump = R.copy()
    jump.iloc[100] = 1.5
    assert na.sharpe_ratio(jump) == pytest.approx(jump.mean() / jump.std() * 252**0.5)


def test_quantstats_201_a_loss_on_the_first_day_is_a_drawdown() -> None:
    """Also #438."""
    assert na.max_drawdown([-0.1, 0.05]) == pytest.approx(-0.1)
    assert na.drawdown_series(np.array([-0.1, 0.05]))[0] == pytest.approx(-0.1)
    assert na.drawdown_table([-0.1, 0.05])[0].start == 0
    assert na.wealth_index(np.array([-0.1]))[0] == pytest.approx(0.9)


def test_quantstats_546_missing_returns_are_left_out_not_zero() -> None:
    holes = R.copy()
    holes.iloc[::13] = np.nan
    assert na.annualized_volatility(holes) == pytest.approx(holes.dropna().std() * 252**0.5)
    assert na.performance_summary(holes).n_used == holes.notna().sum()


def test_empyrical_a_leading_nan_is_no_period() -> None:
    returns = na.simple_returns(100 * (1 + MONTHLY).cumprod())
    assert np.isnan(returns.iloc[0])
    assert na.annualized_return(returns, periods_per_year=12) == pytest.approx(
        na.annualized_return(returns.iloc[1:], periods_per_year=12)
    )


@pytest.mark.parametrize("metric", [na.sharpe_ratio, na.max_drawdown, na.rachev_ratio])
def test_quantstats_379_series_frame_and_panel_column_are_equal(metric: object) -> None:
    """Also #467, quantstats_lumi#63, #90: a frame once got another measure than a series."""
    assert callable(metric)
    panel = pd.DataFrame({"a": R, "b": B})
    assert metric(panel)["a"] == metric(R) == metric(R.to_frame("a"))["a"]
    assert metric(panel.to_numpy())[0] == metric(R.to_numpy()) == metric(R)


def test_quantstats_18_the_annual_rate_is_converted_to_one_period() -> None:
    """Also empyrical#108: an annual rate taken off each day gave ratios of -35."""
    rate = 1.05 ** (1 / 252) - 1
    excess = R - rate
    assert na.sharpe_ratio(R, risk_free_rate=0.05) == pytest.approx(
        excess.mean() / excess.std() * 252**0.5
    )
    pd.testing.assert_series_equal(na.excess_returns(R, risk_free_rate=0.05), excess)


def test_empyrical_116_alpha_is_arithmetic_and_says_so() -> None:
    """Also empyrical#59, PR#60."""
    slope = R.cov(B) / B.var()
    period = R.mean() - slope * B.mean()
    assert na.alpha(R, B) == pytest.approx(period * 252)
    assert na.compounded_alpha(R, B) == pytest.approx((1 + period) ** 252 - 1)
    assert "arithmetic" in str(na.alpha.__doc__)


def test_ffn_303_the_frequency_is_stated_never_inferred() -> None:
    """Also PR#304, PR#322: half-hourly data got a ratio 30 times too large."""
    minutes = pd.Series(R.to_numpy(), pd.date_range("2024-01-02 09:30", periods=504, freq="30min"))
    with pytest.raises(UnitError, match=r"`periods_per_year` is 252, but the index is spaced"):
        na.sharpe_ratio(minutes)
    assert na.sharpe_ratio(R.to_numpy(), periods_per_year=252) == na.sharpe_ratio(R)


@pytest.mark.parametrize(
    "metric", [na.sharpe_ratio, na.annualized_volatility, na.annualized_return, na.calmar_ratio]
)
def test_quantstats_116_monthly_data_with_252_is_refused(metric: object) -> None:
    """Also quantstats_lumi#44."""
    assert callable(metric)
    with pytest.raises(UnitError, match="spaced monthly; pass 12"):
        metric(MONTHLY)
    assert np.isfinite(metric(MONTHLY, periods_per_year=12))


@pytest.mark.parametrize("level", [0.01, 1e-300, -0.003, 0.0])
def test_investing_algorithm_framework_599_constant_returns_have_no_ratio(level: float) -> None:
    constant = np.full(300, level)
    assert na.annualized_volatility(constant) == 0.0
    summary = na.performance_summary(constant, interval=None)
    for name in ("sharpe_ratio", "skewness", "kurtosis", "probabilistic_sharpe_ratio"):
        assert np.isnan(getattr(summary, name)), name
    codes = {r.code: r.fields for r in summary.reasons}
    assert "sharpe_ratio" in codes["ZERO_SPREAD"]
    assert np.isnan(na.information_ratio(R, R + 0.0001))


def test_investing_algorithm_framework_599_sortino_averages_over_all_returns() -> None:
    """Also ai-hedge-fund PR#502, empyrical PR#49 to #51: not the spread of the losing days."""
    r = np.array([0.02, -0.01, 0.03, -0.02])
    root = np.sqrt((0.01**2 + 0.02**2) / 4)
    assert na.sortino_ratio(r, periods_per_year=1) == pytest.approx(r.mean() / root)
    assert np.isnan(na.sortino_ratio([0.01, 0.02, 0.03]))


def test_quantstats_129_a_rolling_ratio_reads_its_window_only() -> None:
    rolled = na.rolling(na.sortino_ratio, R, window=63)
    assert rolled.iloc[200] == pytest.approx(na.sortino_ratio(R.iloc[138:201]), rel=1e-12)


def test_quantstats_2_no_drawdown_is_an_empty_table() -> None:
    """Also #34, #42, #58."""
    table = na.drawdown_table([0.01, 0.02])
    assert len(table) == table.count == 0
    assert list(table.to_frame().columns) == [
        "start",
        "trough",
        "recovery",
        "depth",
        "periods",
        "periods_to_trough",
        "periods_to_recovery",
    ]
    assert na.max_drawdown([0.01, 0.02]) == na.average_drawdown([0.01, 0.02]) == 0.0


def test_quantstats_222_a_shifted_or_foreign_benchmark_is_refused() -> None:
    """Also #226, #232, #245, empyrical PR#24, zipline#1832."""
    other = B.copy()
    other.index = other.index + pd.Timedelta(hours=5)
    with pytest.raises(OverlapError, match=r"share 0% of the first's times, need 90%"):
        na.beta(R, other)
    with pytest.raises(TimeIndexError, match="time zone"):
        na.beta(R, B.tz_localize("America/New_York"))
    zoned = B.tz_localize("America/New_York").tz_convert("Asia/Tokyo")
    assert na.beta(R.tz_localize("America/New_York"), zoned) == na.beta(R, B)


def test_quantstats_253_a_benchmark_is_data_never_a_ticker() -> None:
    """Also #392, #407: no network in analytics."""
    with pytest.raises(DataError, match="`benchmark_returns` must be an array"):
        na.performance_summary(R, "SPY")


def test_wealthfolio_1414_time_weighted_return_of_accounts_with_different_starts() -> None:
    """The return of the sum is that of the pooled values and flows, not a mean of two returns."""
    first = np.array([100.0, 110.0, 121.0, 133.1])
    second = np.array([0.0, 0.0, 50.0, 45.0])
    flows = np.array([0.0, 0.0, 50.0, 0.0])
    pooled = na.time_weighted_return(first + second, flows)
    assert pooled == pytest.approx(1.1 * 1.1 * (178.1 / 171.0) - 1)
    with pytest.raises(DataError, match="period 1 begins with 0"):
        na.time_weighted_return(second, flows)


def test_riskfolio_67_entropic_measures_neither_overflow_nor_give_nan() -> None:
    for scale in (1e-12, 1.0, 1e6, 1e12):
        value = na.entropic_value_at_risk(R.to_numpy() * scale, confidence=0.95)
        assert value / scale == pytest.approx(na.entropic_value_at_risk(R, confidence=0.95))


def test_quantstats_and_empyrical_refuse_polars_and_we_do_not() -> None:
    frame = pl.DataFrame({"time": DAYS.to_numpy(), "fund": R.to_numpy()})
    assert na.sharpe_ratio(frame["fund"]) == na.sharpe_ratio(R)
    assert na.sharpe_ratio(frame)["fund"][0] == na.sharpe_ratio(R)
    assert isinstance(na.drawdown_series(frame), pl.DataFrame)


def test_drawdown_streams_day_by_day() -> None:
    live = nt.stream(na.drawdown_series)
    assert [live.update(x) for x in R] == na.drawdown_series(R).tolist()
