"""Costs of trading: commission, half spread, square-root impact."""

from __future__ import annotations

import math

import pytest

from nautilus.accounting import Costs
from nautilus.core.errors import MissingInputError, ParameterError


def test_commission_has_a_floor_and_a_cap():
    costs = Costs(commission_per_share=0.005, min_commission=1.0, max_commission_fraction=0.01)
    assert costs.commission(100, 50.0) == 1.0
    assert costs.commission(-1_000, 50.0) == 5.0
    assert costs.commission(10, 2.0) == 0.2
    assert costs.commission(0, 50.0) == 0.0


def test_commission_by_value_counts_the_multiplier():
    assert Costs(commission_fraction=0.0005).commission(2, 100.0, multiplier=50) == 5.0


def test_impact_grows_with_the_root_of_the_size():
    costs = Costs(impact=0.8, volatilities={"A": 0.02}, average_daily_volumes={"A": 1e6})
    small, large = costs.market_impact("A", 1_000, 10.0), costs.market_impact("A", 4_000, 10.0)
    assert small == pytest.approx(0.8 * 0.02 * math.sqrt(0.001) * 10_000)
    assert large / small == pytest.approx(8.0)


def test_the_whole_cost_serves_as_a_cost_function():
    costs = Costs(
        commission_per_share=0.01, spread=0.001, impact=1.0,
        volatilities={"A": 0.02}, average_daily_volumes={"A": 1e6},
    )  # fmt: skip
    parts = costs.commission(100, 10.0), costs.half_spread(100, 10.0)
    assert costs("A", -100, 10.0) == pytest.approx(sum(parts) + costs.market_impact("A", 100, 10.0))
    assert Costs()("B", 100, 10.0) == 0.0


def test_missing_market_data_are_asked_for():
    costs = Costs(impact=1.0, volatilities={"A": 0.02})
    with pytest.raises(MissingInputError, match=r"market impact needs `volatilities` of B"):
        costs.market_impact("B", 1, 1.0)
    with pytest.raises(MissingInputError, match=r"needs `average_daily_volumes` of A"):
        costs("A", 1, 1.0)


def test_parts_are_checked():
    with pytest.raises(ParameterError, match=r"`spread` must be at least 0, got -1"):
        Costs(spread=-1)
    with pytest.raises(ParameterError, match=r"got 5. Pass 0.0005 for 5 basis points"):
        Costs(commission_fraction=5)
    with pytest.raises(ParameterError, match=r"`price` must be finite, got nan"):
        Costs().commission(1, float("nan"))
