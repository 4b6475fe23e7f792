import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import DataError, LabelError, ParameterError, SolverError
from nautilus.portfolio import Constraints, InfeasibleError, Moments, risk_parity
from nautilus.portfolio.moments import inputs_of


def shares(found):
    return found.risk_contributions.to_frame()["shares"].to_numpy()


@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), k=st.integers(1, 5))
def test_equal_contributions(random_moments, seed, n, k):
    found = risk_parity(random_moments(seed, n, k))
    np.testing.assert_allclose(shares(found), 1 / n, atol=1e-10)
    assert found.parity_achieved
    assert found.max_gap < 1e-10
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-14)
    assert (found.weights > 0).all()


@given(seed=st.integers(0, 10_000), raw=st.lists(st.floats(0.02, 5), min_size=2, max_size=20))
def test_any_positive_budget(random_moments, seed, raw):
    budget = np.array(raw) / sum(raw)
    found = risk_parity(random_moments(seed, len(raw)), risk_budget=dict(enumerate(budget)))
    np.testing.assert_allclose(shares(found), budget, atol=1e-10)
    assert found.parity_achieved


def test_without_correlation_weights_are_inverse_volatilities():
    found = risk_parity(Moments(mean=np.zeros(3), covariance=np.diag([0.01, 0.04, 0.16])))
    np.testing.assert_allclose(found.weights, np.array([4, 2, 1]) / 7, rtol=1e-12)


def test_negative_correlations():
    s = np.array([[0.04, -0.018, 0.0], [-0.018, 0.01, 0.0], [0.0, 0.0, 0.09]])
    found = risk_parity(Moments(mean=np.zeros(3), covariance=s))
    np.testing.assert_allclose(shares(found), 1 / 3, atol=1e-12)


def test_budget_by_class_is_split_equally_inside(returns):
    few = returns[["AAPL", "MSFT", "KO", "XOM"]]
    classes = {"AAPL": "tech", "MSFT": "tech", "KO": "staples", "XOM": "energy"}
    budget = {"tech": 0.6, "staples": 0.3, "energy": 0.1}
    found = risk_parity(few, classes=classes, risk_budget=budget)
    np.testing.assert_allclose(shares(found), [0.3, 0.3, 0.3, 0.1], atol=1e-10)
    equal = risk_parity(few, classes=classes)
    np.testing.assert_allclose(shares(equal), [1 / 6, 1 / 6, 1 / 3, 1 / 3], atol=1e-10)
    by_asset = risk_parity(few, risk_budget={"XOM": 0.1, "KO": 0.3, "AAPL": 0.3, "MSFT": 0.3})
    np.testing.assert_allclose(by_asset.weights, found.weights, atol=1e-12)


def test_limits_that_do_not_bind_change_nothing(returns):
    capped = risk_parity(returns, constraints=Constraints(max_weight=0.10))
    np.testing.assert_array_equal(capped.weights, risk_parity(returns).weights)
    assert capped.parity_achieved


def test_limits_that_bind_are_reported(returns):
    found = risk_parity(returns, constraints=Constraints(max_weight=0.055))
    assert found.parity_achieved is False
    assert found.max_gap > 1e-3
    assert found.weights.max() <= 0.055 + 1e-12
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert sum(name.startswith("weight:") for name in found.binding_limits) >= 3


@given(seed=st.integers(0, 10_000), n=st.integers(4, 20), tight=st.floats(0.05, 0.9))
def test_within_limits_as_good_as_cvxpy(random_moments, seed, n, tight):
    moments = random_moments(seed, n)
    free = risk_parity(moments).weights
    cap = float(1 / n + tight * (free.max() - 1 / n)) + 1e-3
    found = risk_parity(moments, constraints=Constraints(max_weight=cap))
    variance = float(free @ moments.covariance @ free)
    w = cp.Variable(n)
    objective = (
        cp.quad_form(w, cp.psd_wrap(moments.covariance / variance)) / 2 - cp.sum(cp.log(w)) / n
    )
    problem = cp.Problem(cp.Minimize(objective), [w <= cap, cp.sum(w) == 1])
    problem.solve(solver=cp.CLARABEL)
    ours = found.weights
    value = ours @ moments.covariance @ ours / variance / 2 - np.log(ours).sum() / n
    assert value <= problem.value + 1e-8
    np.testing.assert_allclose(ours, w.value, atol=2e-4)


def test_cash_that_may_be_held_is_not_held(returns):
    found = risk_parity(returns, constraints=Constraints(max_cash=0.5))
    np.testing.assert_allclose(found.weights, risk_parity(returns).weights, atol=1e-12)
    half = risk_parity(returns, constraints=Constraints(min_cash=0.5, max_cash=0.5))
    assert half.cash == pytest.approx(0.5)
    assert half.parity_achieved


def test_minimum_weights_and_sectors_together(returns):
    from nautilus.marketdata import sectors

    found = risk_parity(
        returns,
        constraints=Constraints(
            min_weight=0.04,
            sectors=sectors(returns.columns),
            sector_limits={"energy": (0.0, 0.125)},
        ),
    )
    assert found.weights.min() >= 0.04 - 1e-12
    assert found.weights[["CVX", "XOM", "RRC"]].sum() <= 0.125 + 1e-9


def test_what_is_refused(returns):
    few = returns[["AAPL", "KO"]]
    with pytest.raises(
        LabelError, match=r"nothing else \(unknown: tech, staples\). For a budget by class"
    ):
        risk_parity(few, risk_budget={"tech": 0.6, "staples": 0.4})
    with pytest.raises(LabelError, match=r"all assets and nothing else \(missing: KO\)"):
        risk_parity(few, risk_budget={"AAPL": 1.0})
    with pytest.raises(LabelError, match=r"`classes` must give every asset its class .*; see KO"):
        risk_parity(few, classes={"AAPL": "tech"})
    with pytest.raises(
        ParameterError, match="`risk_budget` must be positive and sum to 1, got AAPL"
    ):
        risk_parity(few, risk_budget={"AAPL": 0.6, "KO": 0.6})
    with pytest.raises(ParameterError, match="`risk_budget` must be positive and sum to 1"):
        risk_parity(few, risk_budget={"AAPL": 1.0, "KO": 0.0})
    with pytest.raises(DataError, match="risk parity needs assets that move; 1 has no variance"):
        risk_parity(Moments(mean=np.zeros(2), covariance=np.diag([0.04, 0.0])))
    with pytest.raises(InfeasibleError, match="`max_weight` of KO is not above 0"):
        risk_parity(few, constraints=Constraints(max_weight={"KO": 0.0}))


def test_moments_and_returns_agree(returns):
    inputs = inputs_of(returns)
    own = Moments(mean=inputs.vector(inputs.mean), covariance=inputs.matrix())
    np.testing.assert_allclose(risk_parity(own).weights, risk_parity(returns).weights, atol=1e-12)


def test_limits_that_conflict_are_diagnosed(returns):
    few = returns[["AAPL", "KO", "XOM"]]
    kinds = {"AAPL": "tech", "KO": "staples", "XOM": "energy"}
    with pytest.raises(InfeasibleError, match="The least change that would do: relax"):
        risk_parity(
            few,
            constraints=Constraints(
                sectors=kinds, sector_limits=dict.fromkeys(kinds.values(), 0.3)
            ),
        )
    with pytest.raises(InfeasibleError, match="the limits together force some weight to 0"):
        risk_parity(few, constraints=Constraints(sectors=kinds, sector_limits={"energy": 0.0}))


def test_what_does_not_settle_says_so(returns, monkeypatch):
    monkeypatch.setattr("nautilus.portfolio.risk_budgeting._ROUNDS", 1)
    with pytest.raises(SolverError, match="did not settle in 1 rounds"):
        risk_parity(returns, constraints=Constraints(max_weight=0.055))
