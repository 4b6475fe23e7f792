"""The same figures as empyrical and quantstats where these are right, and where they are not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nautilus.analytics as na

DAYS = pd.bdate_range("2018-01-01", periods=1000)
_RNG = np.random.default_rng(11)
B = pd.Series(_RNG.standard_t(5, 1000) * 0.008 + 0.0004, DAYS, name="index")
R = pd.Series(0.8 * B + _RNG.standard_t(5, 1000) * 0.006 + 0.0002, DAYS, name="fund")


@pytest.fixture(scope="module")
def empyrical() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import empyrical as library

        yield library


@pytest.fixture(scope="module")
def quantstats() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import quantstats.stats as library

        yield library


def test_empyrical_agrees(empyrical: Any) -> None:
    rate = 0.0001
    annual = (1 + rate) ** 252 - 1
    pairs = {
        "cum_returns_final": (na.total_return(R), empyrical.cum_returns_final(R)),
        "annual_return": (na.annualized_return(R), empyrical.annual_return(R)),
        "annual_volatility": (na.annualized_volatility(R), empyrical.annual_volatility(R)),
        "sharpe": (
            na.sharpe_ratio(R, risk_free_rate=annual),
            empyrical.sharpe_ratio(R, risk_free=rate),
        ),
        "sortino": (
            na.sortino_ratio(R, minimum_acceptable_return=annual),
            empyrical.sortino_ratio(R, required_return=rate),
        ),
        "downside": (na.downside_deviation(R), empyrical.downside_risk(R)),
        "drawdown": (na.max_drawdown(R), empyrical.max_drawdown(R)),
        "calmar": (na.calmar_ratio(R), empyrical.calmar_ratio(R)),
        "omega": (na.omega_ratio(R), empyrical.omega_ratio(R)),
        "beta": (na.beta(R, B), empyrical.beta(R, B)),
        "alpha": (na.compounded_alpha(R, B), empyrical.alpha(R, B)),
        "batting": (na.batting_average(R, B), empyrical.batting_average(R, B)["batting average"]),
    }
    for name, (ours, theirs) in pairs.items():
        assert ours == pytest.approx(theirs, rel=1e-10), name


def test_empyrical_agrees_on_series(empyrical: Any) -> None:
    cumulative = na.cumulative_returns(R)
    pd.testing.assert_series_equal(cumulative, empyrical.cum_returns(R), check_names=False)
    monthly = na.aggregate_returns(R, frequency="month")
    assert monthly.to_numpy() == pytest.approx(empyrical.aggregate_returns(R, "monthly").to_numpy())
    prices = 100 * (1 + R).cumprod()
    theirs = empyrical.simple_returns(prices)
    assert na.simple_returns(prices).iloc[1:].to_numpy() == pytest.approx(theirs.to_numpy())


def test_empyrical_captures_annualise_and_ours_do_when_asked(empyrical: Any) -> None:
    shares = na.capture_ratios(R, B, periods_per_year=252)
    assert shares.up == pytest.approx(empyrical.up_capture(R, B), rel=1e-9)
    assert shares.down == pytest.approx(empyrical.down_capture(R, B), rel=1e-9)
    assert na.capture_ratios(R, B).up == na.up_capture(R, B)


def test_quantstats_agrees(quantstats: Any) -> None:
    pairs = {
        "comp": (na.total_return(R), quantstats.comp(R)),
        "volatility": (na.annualized_volatility(R), quantstats.volatility(R)),
        "sharpe": (na.sharpe_ratio(R), quantstats.sharpe(R)),
        "sortino": (na.sortino_ratio(R), quantstats.sortino(R)),
        "max_drawdown": (na.max_drawdown(R), quantstats.max_drawdown(R)),
        "profit_factor": (na.profit_factor(R), quantstats.profit_factor(R)),
        "gain_to_pain": (na.gain_to_pain_ratio(R), quantstats.gain_to_pain_ratio(R)),
        "payoff": (na.payoff_ratio(R), quantstats.payoff_ratio(R)),
        "best": (na.best_return(R), quantstats.best(R)),
        "worst": (na.worst_return(R), quantstats.worst(R)),
        "r_squared": (na.r_squared(R, B), quantstats.r_squared(R, B)),
        "alpha": (na.alpha(R, B), quantstats.greeks(R, B)["alpha"]),
        "beta": (na.beta(R, B), quantstats.greeks(R, B)["beta"]),
        "information": (
            na.information_ratio(R, B, periods_per_year=1),
            quantstats.information_ratio(R, B),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        assert ours == pytest.approx(theirs, rel=1e-9), name


def test_empyrical_annualises_a_single_day(empyrical: Any) -> None:
    """Asserted in its own tests: +1 % on one day is 1,127 % a year."""
    one = pd.Series([0.01], DAYS[:1])
    assert empyrical.annual_return(one) == pytest.approx(11.27, abs=0.01)
    assert np.isnan(na.annualized_return(one))
    assert na.annualized_return(one, force=True) == pytest.approx(11.27, abs=0.01)


def test_empyrical_counts_a_leading_nan_as_a_period(empyrical: Any) -> None:
    """Eight returns after one NaN are divided by nine."""
    eight = pd.Series([0.05, 0.01, -0.02, 0.03, 0.02, 0.01, 0.04, -0.01], DAYS[:8])
    nine = pd.Series([np.nan, *eight], DAYS[:9])
    assert empyrical.annual_return(nine) != pytest.approx(empyrical.annual_return(eight))
    ours = [na.annualized_return(x.to_numpy(), periods_per_year=12) for x in (eight, nine)]
    assert ours[0] == ours[1]


def test_empyrical_asserts_infinity_for_constant_returns(empyrical: Any) -> None:
    constant = pd.Series(0.01, DAYS[:100])
    with np.errstate(all="ignore"):
        assert not np.isfinite(empyrical.sharpe_ratio(constant)) or (
            abs(empyrical.sharpe_ratio(constant)) > 1e10
        )
    assert np.isnan(na.sharpe_ratio(constant))


def test_quantstats_takes_returns_with_a_big_day_for_prices(quantstats: Any) -> None:
    """Guessed from values: with one day of +150 % they are taken for prices."""
    jump = R.clip(lower=0).copy()
    jump.iloc[500] = 1.5
    guessed = quantstats.sharpe(jump)
    assert guessed != pytest.approx(jump.mean() / jump.std() * 252**0.5, rel=0.01)
    assert na.sharpe_ratio(jump) == pytest.approx(jump.mean() / jump.std() * 252**0.5)


def test_quantstats_gives_1e17_for_constant_returns(quantstats: Any) -> None:
    constant = pd.Series(0.01, DAYS[:100])
    with np.errstate(all="ignore"):
        theirs = quantstats.sharpe(constant)
    assert not np.isfinite(theirs) or abs(theirs) > 1e10
    assert np.isnan(na.sharpe_ratio(constant))


def test_alpha_of_the_two_differs_by_compounding(empyrical: Any, quantstats: Any) -> None:
    assert na.alpha(R, B) == pytest.approx(quantstats.greeks(R, B)["alpha"])
    assert na.compounded_alpha(R, B) == pytest.approx(empyrical.alpha(R, B))
    assert na.alpha(R, B) != pytest.approx(na.compounded_alpha(R, B), rel=1e-3)
