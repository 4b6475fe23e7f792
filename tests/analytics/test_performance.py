from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nautilus.analytics as na
from nautilus.core.errors import ParameterError

R = np.array([0.02, -0.01, 0.03, np.nan, -0.02, 0.01])
USED = R[~np.isnan(R)]


def test_growth_and_volatility_by_hand() -> None:
    assert na.total_return(R) == pytest.approx(np.prod(1 + USED) - 1)
    assert na.annualized_return(R, periods_per_year=12) == pytest.approx(
        np.prod(1 + USED) ** (12 / 5) - 1
    )
    assert na.mean_return(R, periods_per_year=12) == pytest.approx(USED.mean() * 12)
    assert na.annualized_volatility(R, periods_per_year=12) == pytest.approx(
        USED.std(ddof=1) * 12**0.5
    )


def test_ratios_by_hand() -> None:
    rate = 1.03 ** (1 / 12) - 1
    sharpe = (USED.mean() - rate) / USED.std(ddof=1) * 12**0.5
    assert na.sharpe_ratio(R, risk_free_rate=0.03, periods_per_year=12) == pytest.approx(sharpe)
    short = np.sqrt(np.mean(np.minimum(USED - rate, 0.0) ** 2))
    found = na.sortino_ratio(R, minimum_acceptable_return=0.03, periods_per_year=12)
    assert found == pytest.approx((USED.mean() - rate) / short * 12**0.5)
    found = na.downside_deviation(R, minimum_acceptable_return=0.03, periods_per_year=12)
    assert found == pytest.approx(short * 12**0.5)


def test_gains_by_hand() -> None:
    gains, losses = USED[USED > 0], -USED[USED < 0]
    assert na.omega_ratio(R) == pytest.approx(gains.sum() / losses.sum())
    assert na.profit_factor(R) == na.omega_ratio(R)
    assert na.gain_to_pain_ratio(R) == pytest.approx(USED.sum() / losses.sum())
    assert na.payoff_ratio(R) == pytest.approx(gains.mean() / losses.mean())
    assert na.hit_rate(R) == pytest.approx(3 / 5)
    down = np.sqrt((losses**2).sum() / 5)
    one = {"periods_per_year": 1}
    assert na.upside_potential_ratio(R, **one) == pytest.approx(gains.sum() / 5 / down)
    felt = (gains.sum() - 2.25 * losses.sum()) / 5
    assert na.prospect_ratio(R, **one) == pytest.approx(felt / down)
    cubes = ((losses**3).sum() / 5) ** (1 / 3)
    assert na.kappa_ratio(R, **one) == pytest.approx(USED.mean() / cubes)


def test_kappa_of_order_two_and_one_are_sortino_and_omega() -> None:
    assert na.kappa_ratio(R, order=2) == pytest.approx(na.sortino_ratio(R))
    assert na.kappa_ratio(R, order=1, periods_per_year=1) == pytest.approx(na.omega_ratio(R) - 1)


def test_metrics_come_back_in_the_kind_of_the_panel() -> None:
    panel = pd.DataFrame({"a": USED, "b": USED[::-1]})
    assert na.sharpe_ratio(panel).index.tolist() == ["a", "b"]
    assert na.sharpe_ratio(pl.DataFrame(panel.to_dict("list"))).columns == ["a", "b"]
    assert na.sharpe_ratio(panel.to_numpy()).shape == (2,)
    assert isinstance(na.sharpe_ratio(panel["a"]), float)


def test_a_span_below_a_quarter_is_not_annualised_unless_forced() -> None:
    short = np.full(12, 0.001)
    for metric in (na.annualized_return, na.sterling_ratio):
        assert np.isnan(metric(short, periods_per_year=52))
        assert np.isfinite(metric(short, periods_per_year=52, force=True))
        assert np.isfinite(metric(np.full(13, 0.001), periods_per_year=52))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: na.sharpe_ratio(R, risk_free_rate=5), r"got 5\. Pass 0\.05 for 5 %"),
        (lambda: na.sharpe_ratio(R, risk_free_rate=-2), r"`risk_free_rate` must be above -1"),
        (lambda: na.sortino_ratio(R, minimum_acceptable_return=3), r"`minimum_acceptable_return`"),
        (lambda: na.sharpe_ratio(R, periods_per_year=0), r"`periods_per_year` must be above 0"),
        (lambda: na.kappa_ratio(R, order=0), r"`order` must be above 0"),
        (lambda: na.prospect_ratio(R, loss_aversion=0), r"`loss_aversion` must be above 0"),
    ],
)
def test_options_are_checked(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ParameterError, match=message):
        call()


def test_a_huge_and_a_tiny_growth_stay_finite_or_nan() -> None:
    assert np.isnan(
        na.annualized_return([5.0, 4.0, 6.0, -0.1] * 3, periods_per_year=5000, force=True)
    )
    assert na.annualized_return(np.full(100, -0.9), periods_per_year=12) == pytest.approx(-1.0)


def test_an_infinite_return_gives_no_number() -> None:
    for metric in (na.sharpe_ratio, na.skewness, na.annualized_volatility):
        assert np.isnan(metric([0.01, np.inf, 0.02, -0.01]))
