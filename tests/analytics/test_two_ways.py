"""Two decompositions of one active return: both complete, each as its own function gives it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.analytics import (
    attribute_active_return,
    brinson,
    factor_attribution,
    link_effects,
)
from nautilus.core.errors import DataError, MissingInputError, NotEnoughDataError
from nautilus.core.results import unexplained

DAYS = pd.bdate_range("2024-01-01", periods=30)
SEGMENTS = ["A", "B", "C"]


def panel(rng, scale=0.01):
    return pd.DataFrame(rng.normal(0.0, scale, (30, 3)), index=DAYS, columns=SEGMENTS)


def weights(rng):
    raw = rng.uniform(0.1, 1.0, (30, 3))
    return pd.DataFrame(raw / raw.sum(axis=1, keepdims=True), index=DAYS, columns=SEGMENTS)


def inputs(seed=0):
    rng = np.random.default_rng(seed)
    factors = pd.DataFrame(rng.normal(0.0, 0.01, (30, 2)), index=DAYS, columns=["size", "value"])
    return {
        "portfolio_weights": weights(rng),
        "benchmark_weights": weights(rng),
        "portfolio_returns": panel(rng),
        "benchmark_returns": panel(rng),
        "factor_returns": factors,
    }


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_each_decomposition_sums_to_the_same_active_return(seed):
    both = attribute_active_return(**inputs(seed))
    assert both.allocation_effect + both.selection_effect == pytest.approx(
        both.active_return, abs=1e-12
    )
    by_factor = sum(both.factor_effects.values()) + both.specific_effect
    assert by_factor == pytest.approx(both.active_return, abs=1e-12)
    assert abs(both.residual) < 1e-10
    assert abs(both.factor_residual) < 1e-10
    assert unexplained(both) == ()


def test_the_parts_are_those_of_their_own_functions():
    given_inputs = inputs()
    factors = given_inputs.pop("factor_returns")
    both = attribute_active_return(**given_inputs, factor_returns=factors)
    single = brinson(*given_inputs.values())
    linked = link_effects(single)
    assert both.allocation_effect == pytest.approx(linked.allocation, rel=1e-12)
    assert both.interaction_effect == pytest.approx(linked.interaction, rel=1e-12)
    assert both.selection_effect == pytest.approx(linked.selection + linked.interaction, rel=1e-12)
    own = pd.Series(single.period_portfolio_returns, index=DAYS)
    base = pd.Series(single.period_benchmark_returns, index=DAYS)
    expected = link_effects(factor_attribution(own, factors, benchmark_returns=base))
    assert list(both.factor_effects.values()) == pytest.approx(expected.effects[:-1, 0].tolist())
    assert both.factor_exposures == pytest.approx(
        dict(zip(["size", "value"], expected.betas.tolist(), strict=True))
    )


def test_trades_within_the_period_are_an_effect():
    both = attribute_active_return(
        portfolio_weights={"A": 0.5, "B": 0.5},
        benchmark_weights={"A": 0.5, "B": 0.5},
        portfolio_returns={"A": 0.02, "B": 0.0},
        benchmark_returns={"A": 0.02, "B": 0.0},
        portfolio_contributions={"A": 0.015, "B": 0.0},
    )
    assert both.trading_effect == pytest.approx(0.005)
    assert both.active_return == pytest.approx(0.005)
    assert [row["segment"] for row in both.segment_effects] == ["A", "B"]
    assert both.to_frame()["effect"]["trading"] == pytest.approx(0.005)


def test_known_exposures_need_one_period_only():
    factors = pd.DataFrame({"size": [0.01]})
    both = attribute_active_return(
        portfolio_returns=[0.03],
        benchmark_returns=[0.01],
        factor_returns=factors,
        exposures={"size": 0.5},
    )
    assert both.factor_effects == {"size": pytest.approx(0.005)}
    assert both.specific_effect == pytest.approx(0.015)
    assert both.residual is None
    assert both.segment_effects is None


def test_too_few_periods_for_a_regression_are_said():
    both = attribute_active_return(
        portfolio_weights={"A": 1.0},
        benchmark_weights={"A": 1.0},
        portfolio_returns={"A": 0.02},
        benchmark_returns={"A": 0.01},
        factor_returns=[[0.01]],
    )
    assert both.factors is None
    assert both.factor_effects is None
    assert both.specific_effect is None
    assert both.factor_residual is None
    assert both.factor_exposures is None
    assert both.reasons[0].code == "INSUFFICIENT_DATA"
    with pytest.raises(NotEnoughDataError, match="share 1 complete periods"):
        attribute_active_return(
            portfolio_returns=[0.02], benchmark_returns=[0.01], factor_returns=[[0.01]]
        )


def test_what_is_missing_is_named():
    with pytest.raises(MissingInputError, match="or `factor_returns`, must be given"):
        attribute_active_return(portfolio_returns=[0.1], benchmark_returns=[0.1])
    with pytest.raises(MissingInputError, match="`benchmark_returns` must be given"):
        attribute_active_return(portfolio_returns=[0.1], factor_returns=[0.1])
    given_inputs = inputs()
    given_inputs["factor_returns"].iloc[3, 0] = np.nan
    with pytest.raises(DataError, match="must be known in each of 30 periods, got 29"):
        attribute_active_return(**given_inputs)
