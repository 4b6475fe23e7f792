"""Contributions with drifting weights: hand-computed cases, errors, and laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.analytics import return_contributions
from nautilus.core.errors import (
    DataError,
    LabelError,
    MissingInputError,
    ParameterError,
    UnitError,
)
from nautilus.core.results import unexplained

HALF = {"A": 0.5, "B": 0.5}
RETURNS = [[0.10, 0.00], [0.20, -0.10], [0.00, 0.05]]


def test_single_period_is_weight_times_return():
    result = return_contributions({"A": 0.6, "B": 0.4}, {"A": 0.10, "B": -0.05})
    assert result.effects[:, 0] == pytest.approx([0.06, -0.02])
    assert result.portfolio_return == pytest.approx(0.04)
    assert result.linking is None


def test_buy_and_hold_contribution_is_initial_weight_times_whole_return():
    result = return_contributions(HALF, RETURNS, rebalance="never")
    a, b = 1.1 * 1.2 * 1.0 - 1, 1.0 * 0.9 * 1.05 - 1
    assert result.effects[:, 0] == pytest.approx([0.5 * a, 0.5 * b], abs=1e-15)
    assert result.portfolio_return == pytest.approx(0.5 * a + 0.5 * b)
    # After period 1: 0.55 and 0.50 of 1.05.
    np.testing.assert_allclose(result.weights[1], [0.55 / 1.05, 0.50 / 1.05])
    assert result.rebalanced.tolist() == [True, False, False]
    assert result.turnover == 0.0


def test_rebalancing_every_period_by_hand():
    result = return_contributions(HALF, RETURNS)
    np.testing.assert_allclose(result.weights, 0.5)
    assert result.period_portfolio_returns == pytest.approx([0.05, 0.05, 0.025])
    # Profit per unit of initial capital: the wealth before each period is 1, 1.05, 1.1025.
    assert result.effects[0, 0] == pytest.approx(0.05 + 1.05 * 0.10)
    assert result.effects[1, 0] == pytest.approx(-1.05 * 0.05 + 1.1025 * 0.025)
    # Trades: 0.55/1.05 back to 0.5, then 0.6/1.05 back to 0.5.
    assert result.turnover == pytest.approx(0.55 / 1.05 - 0.5 + 0.6 / 1.05 - 0.5)


def test_rebalancing_every_second_period_drifts_between():
    result = return_contributions(HALF, RETURNS, rebalance=2)
    assert result.rebalanced.tolist() == [True, False, True]
    np.testing.assert_allclose(result.weights[1], [0.55 / 1.05, 0.50 / 1.05])
    np.testing.assert_allclose(result.weights[2], [0.5, 0.5])


@pytest.mark.parametrize(
    ("word", "starts"),
    [
        ("weekly", ["2024-03-28", "2024-04-01"]),
        ("monthly", ["2024-03-28", "2024-04-01"]),
        ("quarterly", ["2024-03-28", "2024-04-01"]),
        ("yearly", ["2024-03-28"]),
    ],
)
def test_calendar_words_rebalance_on_the_first_period_of_each_span(word, starts):
    index = pd.to_datetime(["2024-03-28", "2024-03-29", "2024-04-01", "2024-04-02"])
    frame = pd.DataFrame({"A": [0.1, 0.0, 0.1, 0.0], "B": [0.0] * 4}, index=index)
    result = return_contributions(HALF, frame, rebalance=word)
    assert [str(d)[:10] for d in result.times[result.rebalanced]] == starts


def test_calendar_words_need_dates():
    with pytest.raises(MissingInputError, match="`rebalance` 'monthly' needs returns with dates"):
        return_contributions(HALF, RETURNS, rebalance="monthly")


def test_weights_of_a_panel_are_taken_at_rebalances_only():
    weights = [[0.5, 0.5], [9.0, -8.0], [0.2, 0.8]]
    result = return_contributions(weights, RETURNS, rebalance=2)
    np.testing.assert_allclose(result.weights[2], [0.2, 0.8])
    np.testing.assert_allclose(result.weights[1], [0.55 / 1.05, 0.50 / 1.05])


def test_cash_holds_the_rest_and_earns_its_own_return():
    result = return_contributions({"A": 0.9}, {"A": 0.10}, cash_returns=0.01)
    assert result.segments == ("A", "cash")
    assert result.effects[:, 0] == pytest.approx([0.09, 0.001])
    with pytest.raises(LabelError, match="names one already"):
        return_contributions({"cash": 1.0}, {"cash": 0.1}, cash_returns=0.0)


def test_other_linkings_sum_to_the_same_return():
    for linking in ("carino", "menchero", "frongello"):
        result = return_contributions(HALF, RETURNS, linking=linking)
        assert result.linking == linking
        assert abs(result.residual) < 1e-12
    with pytest.raises(ParameterError, match="`linking` must be one of"):
        return_contributions(HALF, RETURNS, linking="davies_laker")


def test_errors_teach():
    with pytest.raises(DataError, match="`weights` must sum to 1"):
        return_contributions({"A": 0.5, "B": 0.4}, RETURNS)
    with pytest.raises(LabelError, match="`returns` must name the same segments"):
        return_contributions(HALF, {"A": 0.1})
    with pytest.raises(
        DataError, match="`returns` must be finite where the weight is not 0, but B"
    ):
        return_contributions(HALF, {"A": 0.1, "B": float("nan")})
    with pytest.raises(DataError, match="lose the whole portfolio in row 1"):
        return_contributions(HALF, [[0.0, 0.0], [-1.0, -1.0], [0.0, 0.0]], rebalance="never")
    with pytest.raises(ParameterError, match="`rebalance` must be one of"):
        return_contributions(HALF, RETURNS, rebalance="daily")
    with pytest.raises(ParameterError, match="`rebalance` must be at least 1"):
        return_contributions(HALF, RETURNS, rebalance=0)
    with pytest.raises(UnitError, match="simple_returns"):
        return_contributions(HALF, [[100.0, 50.0], [101.0, 50.0], [102.0, 51.0]])


def test_a_holding_of_weight_zero_may_have_no_return():
    result = return_contributions({"A": 1.0, "B": 0.0}, [[0.1, np.nan], [0.1, np.nan]],
                                  rebalance="never")  # fmt: skip
    assert result.effects[:, 0] == pytest.approx([0.21, 0.0])
    assert unexplained(result) == ()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-0.4, 0.19), min_size=12, max_size=12),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
    st.sampled_from(["every_period", "never", 2]),
    st.sampled_from(["grap", "carino", "menchero", "frongello"]),
)
def test_law_contributions_sum_to_the_return(returns, parts, rebalance, linking):
    weights = np.array(parts) / sum(parts)
    grid = np.array(returns).reshape(4, 3)
    result = return_contributions(weights, grid, rebalance=rebalance, linking=linking)
    assert abs(result.effects.sum() - result.portfolio_return) < 1e-12
    assert result.check_sum < 1e-14
    np.testing.assert_allclose(result.weights.sum(axis=1), 1.0, atol=1e-14)
    if rebalance == "never":
        wealth = (weights * np.prod(1 + grid, axis=0)).sum()
        assert result.portfolio_return == pytest.approx(wealth - 1, abs=1e-13)
