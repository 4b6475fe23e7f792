import json

import numpy as np
import pytest

from nautilus.core import errors
from nautilus.marketdata import sectors
from nautilus.portfolio import Constraints, InfeasibleError, min_variance, risk_parity


def refused(returns, **options):
    with pytest.raises(InfeasibleError) as caught:
        min_variance(returns, constraints=Constraints(**options))
    return caught.value


def test_too_small_a_maximum(returns):
    found = refused(returns, max_weight=0.04)
    assert "`max_weight` allows 0.8 in 20 assets, but 1 must be invested" in str(found)
    assert "Raise max_weight to at least 0.05, or pass max_cash=0.2" in str(found)
    assert found.conflict == ("max_weight", "max_cash")
    assert sum(found.relaxation.values()) == pytest.approx(0.2)
    assert isinstance(found, errors.InfeasibleError)


def test_too_large_a_minimum(returns):
    found = refused(returns, min_weight=0.06)
    assert "`min_weight` asks for 1.2 in 20 assets, but at most 1 may be invested" in str(found)


def test_leverage_below_what_must_be_invested(returns):
    found = refused(returns, max_leverage=0.5)
    assert "at least 1 must be invested, but `max_leverage` and `min_cash` allow 0.5" in str(found)


def test_a_sector_that_cannot_reach_its_minimum(returns):
    found = refused(
        returns,
        max_weight=0.1,
        sectors=sectors(returns.columns),
        sector_limits={"energy": (0.5, 0.8)},
    )
    assert "the weights in sector:energy can be 0..0.3" in str(found)
    assert found.conflict == ("sector:energy", "max_weight")


def test_limits_that_conflict_only_together(returns):
    found = refused(
        returns,
        sectors=sectors(returns.columns),
        sector_limits=dict.fromkeys(set(sectors(returns.columns).values()), 0.1),
    )
    assert "no weights satisfy all limits" in str(found)
    assert sum(found.relaxation.values()) == pytest.approx(0.3, abs=1e-6)


def test_turnover_that_cannot_reach_the_limits(returns):
    current = {"AAPL": 1.0}
    found = refused(returns, max_weight=0.1, current_weights=current, max_turnover=0.2)
    assert found.conflict
    assert found.nearest_feasible is not None


def test_the_nearest_weights_satisfy_the_relaxed_limits(returns):
    found = refused(returns, max_weight=0.04)
    body = json.loads(json.dumps(found.to_dict()))
    assert body["code"] == "infeasible"
    total = sum(found.nearest_feasible.values())
    slack = sum(found.relaxation.values())
    over = np.maximum(np.array(list(found.nearest_feasible.values())) - 0.04, 0).sum()
    assert over + (1 - total) <= slack + 1e-9


def test_risk_parity_is_diagnosed_alike(returns):
    with pytest.raises(InfeasibleError, match=r"Raise max_weight to at least 0.05"):
        risk_parity(returns, constraints=Constraints(max_weight=0.04))


def test_a_diagnosis_that_fails_is_no_diagnosis(returns, monkeypatch):
    from scipy import optimize

    stopped = optimize.OptimizeResult(x=None, message="time limit")
    monkeypatch.setattr(optimize, "linprog", lambda *_, **__: stopped)
    with pytest.raises(errors.SolverError, match="diagnosis of infeasible limits failed: time"):
        min_variance(returns, constraints=Constraints(max_weight=0.04))
