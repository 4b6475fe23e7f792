import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import SolverError
from nautilus.core.results import unexplained
from nautilus.marketdata import sectors
from nautilus.portfolio import Constraints, Moments, min_variance
from nautilus.portfolio.allocation import allocation_of
from nautilus.portfolio.constraints import limits_of
from nautilus.portfolio.moments import inputs_of
from nautilus.risk import risk_contributions


def test_two_assets_closed_form():
    s = np.array([[0.04, 0.006], [0.006, 0.09]])
    found = min_variance(Moments(mean=np.zeros(2), covariance=s))
    inverse = np.linalg.inv(s) @ np.ones(2)
    np.testing.assert_allclose(found.weights, inverse / inverse.sum(), atol=1e-9)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(3, 25),
    cap=st.floats(1.2, 6.0),
    floor=st.floats(0.0, 0.5),
    cash=st.sampled_from([0.0, 0.2]),
)
def test_no_worse_than_cvxpy_on_random_problems(random_moments, seed, n, cap, floor, cash):
    moments = random_moments(seed, n)
    low, high = floor / n, min(cap / n, 1.0)
    found = min_variance(
        moments, constraints=Constraints(min_weight=low, max_weight=high, max_cash=cash)
    )
    w = cp.Variable(n)
    limits = [w >= low, w <= high, cp.sum(w) <= 1, cp.sum(w) >= 1 - cash]
    problem = cp.Problem(cp.Minimize(cp.quad_form(w, cp.psd_wrap(moments.covariance))), limits)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    assert found.volatility**2 <= problem.value * (1 + 1e-10)
    # Karush-Kuhn-Tucker: equal marginal variance wherever no bound holds.
    weights = np.asarray(found.weights)
    marginal = moments.covariance @ weights
    free = (weights > low + 1e-9) & (weights < high - 1e-9)
    if free.any():
        assert np.ptp(marginal[free]) <= 1e-10 * np.abs(marginal).max()
    assert all(row.slack > -1e-9 for row in found.limits)


def test_long_short_with_leverage_against_cvxpy(random_moments):
    moments = random_moments(5, 12)
    found = min_variance(
        moments, constraints=Constraints(min_weight=-0.3, max_weight=0.6, max_leverage=1.4)
    )
    w = cp.Variable(12)
    limits = [w >= -0.3, w <= 0.6, cp.sum(w) == 1, cp.norm1(w) <= 1.4]
    cp.Problem(cp.Minimize(cp.quad_form(w, cp.psd_wrap(moments.covariance))), limits).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    np.testing.assert_allclose(found.weights, w.value, atol=1e-6)
    assert found.weights.min() < 0
    assert any(row.name == "leverage" for row in found.limits)


@pytest.mark.parametrize("cash", [0.0, 0.5])
def test_turnover_is_one_way_and_counts_cash(cash, returns):
    names = list(returns.columns)
    current = dict.fromkeys(names[:5], 0.2)
    free = min_variance(returns).weights
    found = min_variance(
        returns,
        constraints=Constraints(current_weights=current, max_turnover=0.15, max_cash=cash),
    )
    change = found.weights - pd.Series(current).reindex(names).fillna(0.0)
    turnover = 0.5 * (change.abs().sum() + abs(change.sum()))
    assert turnover == pytest.approx(0.15, abs=1e-7)
    (row,) = [r for r in found.limits if r.name == "turnover"]
    assert row.value == pytest.approx(turnover)
    assert row.binding
    assert abs(found.weights - free).max() > 0.01


def test_sector_limits_bind_and_are_reported(returns):
    found = min_variance(
        returns,
        constraints=Constraints(
            sectors=sectors(returns.columns),
            sector_limits={"consumer_staples": 0.25, "energy": (0.10, 0.30)},
        ),
    )
    by_sector = found.weights.groupby(sectors(returns.columns)).sum()
    assert by_sector["consumer_staples"] == pytest.approx(0.25, abs=1e-8)
    assert by_sector["energy"] == pytest.approx(0.10, abs=1e-8)
    assert {"sector:consumer_staples", "sector:energy"} <= set(found.binding_limits)


def test_everything_is_recomputed_from_the_weights(returns):
    found = min_variance(returns)
    inputs = inputs_of(returns)
    w = found.weights.to_numpy()
    assert found.volatility == pytest.approx(np.sqrt(w @ inputs.covariance @ w), rel=1e-12)
    assert found.expected_return == pytest.approx(w @ inputs.mean, rel=1e-12)
    assert w.sum() + found.cash == pytest.approx(1.0, abs=1e-15)
    parts = risk_contributions(found.weights, covariance=inputs.matrix())
    assert found.risk_contributions.total == parts.total
    assert unexplained(found) == ()
    assert found.to_frame()["risk_share"].sum() == pytest.approx(1.0)


def test_order_of_columns_does_not_matter(returns):
    a = min_variance(returns).weights
    b = min_variance(returns[returns.columns[::-1]]).weights
    np.testing.assert_allclose(a, b[a.index], atol=1e-7)


def test_scale_of_returns_does_not_matter(returns):
    np.testing.assert_allclose(
        min_variance(returns / 100).weights, min_variance(returns).weights, atol=1e-7
    )


def test_an_asset_without_risk_takes_all():
    found = min_variance(Moments(mean=np.zeros(2), covariance=np.diag([0.04, 0.0])))
    np.testing.assert_allclose(found.weights, [0, 1], atol=1e-5)


def test_no_risk_at_all_is_explained():
    found = min_variance(Moments(mean=np.zeros(2), covariance=np.zeros((2, 2))))
    assert found.volatility == 0.0
    assert unexplained(found) == ()


def test_weights_that_break_a_limit_are_never_handed_out(returns):
    inputs = inputs_of(returns)
    limits = limits_of(Constraints(), inputs.labels)
    with pytest.raises(SolverError, match=r"the solver's weights break invested by 0.1"):
        allocation_of("min_variance", np.full(20, 0.055), inputs, limits)
