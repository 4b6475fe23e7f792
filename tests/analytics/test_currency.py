"""Currency attribution: Bacon's table by Ankrim and Hensel, Karnosky and Singer by hand, laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.analytics import brinson, currency_attribution, link_effects
from nautilus.core.errors import (
    DataError,
    LabelError,
    MissingInputError,
    ParameterError,
    ShapeError,
    TimeIndexError,
)

MARKETS = ("UK equities", "Japanese equities", "US equities")


def by(*values):
    return dict(zip(MARKETS, values, strict=True))


WEIGHTS, BASE = by(0.4, 0.3, 0.3), by(0.4, 0.2, 0.4)
SPOT, PREMIUM = by(0.0, 0.1, 0.2), by(0.0, 0.01, 0.02)
HEDGES = {"portfolio_hedges": by(0.2, -0.15, -0.05), "benchmark_hedges": by(0.3, -0.1, -0.2)}


def local(*base_returns):
    """Local returns from those in sterling."""
    return by(*((1 + r) / (1 + s) - 1 for r, s in zip(base_returns, SPOT.values(), strict=True)))


def test_bacon_table_6_2_ankrim_and_hensel():
    # Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 6,
    # inputs and printed effects as in the R package PortfolioAttribution
    # (tests/testthat/test_arithmetic_multicurrency.R), where returns are in sterling.
    result = currency_attribution(
        WEIGHTS, BASE, local(0.2, 0.045, 0.272), local(0.1, 0.056, 0.296), SPOT,
        method="ankrim_hensel", forward_premiums=PREMIUM, **HEDGES,
    )  # fmt: skip
    printed = [
        [0.0, 0.04, 0.0, 0.009, 0.0],
        [-0.01136, -0.0022, -0.0011, 0.0, 0.0],
        [-0.00264, -0.0096, 0.0024, 0.004, -0.001],
    ]
    assert result.effect_names == (
        "allocation", "selection", "interaction", "currency_management", "forward_premium",
    )  # fmt: skip
    np.testing.assert_allclose(result.effects, printed, atol=5e-5)
    assert list(result.totals.values()) == pytest.approx(
        [-0.014, 0.0282, 0.0013, 0.013, -0.001], abs=5e-5
    )
    assert abs(result.residual) < 1e-12


def test_karnosky_and_singer_by_hand():
    # Two markets; the second currency loses 2 % while its cash earns 4 %: 1.04 x 0.98 - 1.
    result = currency_attribution(
        {"home": 0.5, "away": 0.5}, {"home": 0.7, "away": 0.3},
        {"home": 0.06, "away": 0.10}, {"home": 0.05, "away": 0.09},
        {"home": 0.0, "away": -0.02},
        local_cash_returns={"home": 0.01, "away": 0.04},
        portfolio_hedges={"home": 0.2, "away": -0.2},
    )  # fmt: skip
    assert result.effect_names[3:] == ("currency", "cross")
    totals = result.totals
    # Premiums 0.04 and 0.05: -0.2 (0.04 - 0.043) + 0.2 (0.05 - 0.043).
    assert totals["allocation"] == pytest.approx(0.002)
    assert totals["selection"] == pytest.approx(0.01)
    assert totals["interaction"] == pytest.approx(0.0, abs=1e-15)
    # With the hedge both sides hold 0.7 and 0.3 of the currencies: no currency decision is left.
    assert totals["currency"] == pytest.approx(0.0, abs=1e-15)
    assert totals["cross"] == pytest.approx(-0.02 * (0.5 * 0.06 - 0.3 * 0.05))
    earned = 0.5 * 0.06 + 0.5 * (1.10 * 0.98 - 1) + 0.2 * 0.01 - 0.2 * (1.04 * 0.98 - 1)
    assert result.portfolio_return == pytest.approx(earned)
    assert abs(result.residual) < 1e-12


def test_without_currency_moves_and_cash_it_is_brinson_fachler():
    returns = (by(0.2, -0.05, 0.06), by(0.1, -0.04, 0.08))
    still = by(0.0, 0.0, 0.0)
    result = currency_attribution(WEIGHTS, BASE, *returns, still, local_cash_returns=still)
    plain = brinson(WEIGHTS, BASE, *returns)
    np.testing.assert_allclose(result.effects[:, :3], plain.effects, atol=1e-16)
    np.testing.assert_allclose(result.effects[:, 3:], 0.0, atol=1e-16)


def test_each_method_names_the_input_it_needs():
    returns = (by(0.2, -0.05, 0.06), by(0.1, -0.04, 0.08))
    with pytest.raises(MissingInputError, match="'karnosky_singer' needs `local_cash_returns`"):
        currency_attribution(WEIGHTS, BASE, *returns, SPOT)
    with pytest.raises(MissingInputError, match="'ankrim_hensel' needs `forward_premiums`"):
        currency_attribution(WEIGHTS, BASE, *returns, SPOT, method="ankrim_hensel")
    with pytest.raises(ParameterError, match="`method` must be one of"):
        currency_attribution(WEIGHTS, BASE, *returns, SPOT, method="bhb")


def test_errors_teach():
    returns = (by(0.2, -0.05, 0.06), by(0.1, -0.04, 0.08))
    with pytest.raises(LabelError, match="`currency_returns` must name the same segments"):
        currency_attribution(WEIGHTS, BASE, *returns, {"UK equities": 0.0})
    with pytest.raises(DataError, match="`currency_returns` must be finite, but US equities"):
        currency_attribution(WEIGHTS, BASE, *returns, by(0.0, 0.1, float("nan")))
    with pytest.raises(DataError, match=r"`portfolio_hedges` must sum to 0.*sums to 0.1"):
        currency_attribution(WEIGHTS, BASE, *returns, SPOT, local_cash_returns=PREMIUM,
                             portfolio_hedges=by(0.1, 0.0, 0.0))  # fmt: skip
    with pytest.raises(ShapeError, match="`currency_returns` has 2 periods, need 1"):
        currency_attribution(WEIGHTS, BASE, *returns, [[0.0, 0.1, 0.2]] * 2)


def test_panels_must_have_the_same_times():
    index = pd.to_datetime(["2024-01-31", "2024-02-29"])
    earned = pd.DataFrame([list(WEIGHTS.values())] * 2, index=index, columns=MARKETS) / 10
    later = earned.set_axis(index + pd.Timedelta(days=1))
    with pytest.raises(TimeIndexError, match="`currency_returns` must have the times"):
        currency_attribution(WEIGHTS, BASE, earned, earned, later, local_cash_returns=PREMIUM)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-0.2, 0.19), min_size=36, max_size=36),
    st.lists(st.integers(1, 9), min_size=12, max_size=12),
    st.sampled_from(["karnosky_singer", "ankrim_hensel"]),
)
def test_law_effects_sum_to_the_active_return_in_base_currency(values, parts, method):
    earned, index, spot, rates, forwards, forwards_of_base = np.array(values).reshape(6, 2, 3)
    weights, base = np.array(parts, dtype=float).reshape(2, 2, 3)
    hedges = [f - f.mean(axis=1, keepdims=True) for f in (forwards, forwards_of_base)]
    need = "local_cash_returns" if method == "karnosky_singer" else "forward_premiums"
    result = currency_attribution(
        weights / weights.sum(axis=1, keepdims=True), base / base.sum(axis=1, keepdims=True),
        earned, index, spot, method=method, portfolio_hedges=hedges[0],
        benchmark_hedges=hedges[1], **{need: rates},
    )  # fmt: skip
    assert result.check_sum < 1e-12
    assert abs(link_effects(result).residual) < 1e-12
