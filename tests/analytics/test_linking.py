"""Linking: Bacon's four quarters under every method, limits, the GRAP identity, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.analytics import brinson, compare_linking, link_effects
from nautilus.core.errors import DataError, ParameterError
from nautilus.core.results import unexplained

METHODS = ("carino", "menchero", "grap", "frongello")
ALL = (*METHODS, "davies_laker")

# Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 8: UK,
# Japanese and US equities over four quarters. Inputs and printed results as restated in the R
# package PortfolioAttribution (github.com/anandkkumar/PortfolioAttribution,
# tests/testthat/test_arithmetic_multi_period.R and test_geometric_multi_period.R).
WEIGHTS = [[0.4, 0.3, 0.3], [0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.3, 0.5, 0.2]]
BASE = [[0.4, 0.2, 0.4], [0.4, 0.3, 0.3], [0.5, 0.4, 0.1], [0.4, 0.4, 0.2]]
EARNED = [[0.2, -0.05, 0.06], [-0.05, 0.03, -0.05], [-0.2, 0.08, -0.15], [0.1, -0.07, 0.25]]
INDEX = [[0.1, -0.04, 0.08], [-0.07, 0.04, -0.1], [-0.25, 0.05, -0.2], [0.05, -0.05, 0.1]]
BACON = (WEIGHTS, BASE, EARNED, INDEX)


def quarters(**options):
    return brinson(*BACON, **{"interaction": "with_selection", **options})


@pytest.mark.parametrize(
    ("method", "allocation", "selection"),
    [
        ("carino", [0.0165, -0.006, 0.0015], [0.0804, 0.0018, 0.0385]),  # table 8.2
        ("menchero", [0.0156, -0.0078, 0.0014], [0.0838, 0.0005, 0.0391]),  # table 8.3
        ("grap", [0.0167, -0.0055, 0.0011], [0.0785, 0.0016, 0.0402]),  # table 8.4
        ("frongello", [0.0167, -0.0055, 0.0011], [0.0785, 0.0016, 0.0402]),  # table 8.5
    ],
)
def test_bacon_four_quarters_by_sector(method, allocation, selection):
    linked = link_effects(quarters(), method=method)
    np.testing.assert_allclose(linked.effects, np.column_stack([allocation, selection]), atol=1e-4)
    assert linked.active_return == pytest.approx(0.1327, abs=5e-5)


@pytest.mark.parametrize(
    ("method", "allocation", "selection"),
    [
        ("carino", [-0.0109, -0.0051, 0.0373, -0.0094], [0.028, 0.0172, 0.0426, 0.0329]),
        ("menchero", [-0.0119, -0.0049, 0.036, -0.0099], [0.0307, 0.0168, 0.0411, 0.0348]),
        ("grap", [-0.0102, -0.0048, 0.0373, -0.0099], [0.0264, 0.0164, 0.0427, 0.0348]),
        ("frongello", [-0.012, -0.0049, 0.0387, -0.0095], [0.031, 0.017, 0.0358, 0.0365]),
    ],
)
def test_bacon_adjusted_effects_of_each_quarter(method, allocation, selection):
    adjusted = link_effects(quarters(), method=method).period_effects.sum(axis=1)
    np.testing.assert_allclose(adjusted, np.column_stack([allocation, selection]), atol=1e-4)


def test_bacon_table_8_1_before_linking():
    totals = quarters().period_effects.sum(axis=1)
    printed = [[-0.012, 0.031], [-0.005, 0.017], [0.035, 0.04], [-0.01, 0.035]]
    np.testing.assert_allclose(totals, printed, atol=1e-12)


def test_bacon_exhibit_8_10_davies_and_laker():
    linked = link_effects(brinson(*BACON, method="bhb"), method="davies_laker")
    printed = {"allocation": 0.0117, "selection": 0.1318, "interaction": -0.0108}
    assert linked.totals == pytest.approx(printed, abs=1e-4)


def test_bacon_table_8_6_geometric_effects_compound():
    result = brinson(*BACON, method="geometric")
    assert result.active_return == pytest.approx(0.1464, abs=5e-5)
    assert result.totals == pytest.approx({"allocation": 0.0129, "selection": 0.1319}, abs=1e-4)
    assert result.linking == "compounded"
    assert abs(result.residual) < 1e-12


def test_grap_and_frongello_give_the_same_totals_at_different_times():
    grap, frongello = (link_effects(quarters(), method=m) for m in ("grap", "frongello"))
    np.testing.assert_allclose(grap.effects, frongello.effects, atol=1e-15)
    assert grap.totals == pytest.approx({"allocation": 0.01236, "selection": 0.12030}, abs=5e-6)
    assert np.abs(grap.period_effects - frongello.period_effects).max() > 1e-3


def test_carino_by_hand():
    two = brinson([[1.0], [1.0]], [[1.0], [1.0]], [[0.10], [0.05]], [[0.05], [0.05]])
    # k(1) = ln(1.10/1.05)/0.05, k = ln(1.155/1.1025)/0.0525: the whole 0.0525 in period 1.
    linked = link_effects(two, method="carino")
    assert linked.period_effects.sum(axis=(1, 2)) == pytest.approx([0.0525, 0.0], abs=1e-15)


@pytest.mark.parametrize("method", ALL)
def test_limit_of_equal_returns_in_a_period_and_over_the_whole(method):
    # Same return of both sides in period 1, and opposite gaps later that cancel over the whole.
    weights = [[0.5, 0.5]] * 3
    earned = [[0.04, 0.02], [0.10, 0.00], [0.0, 0.0]]
    index = [[0.03, 0.03], [0.0, 0.0], [0.10, 0.0]]
    result = brinson(weights, weights, earned, index)
    assert result.active_return == pytest.approx(0.0, abs=1e-16)
    linked = link_effects(result, method=method)
    assert np.isfinite(linked.effects).all()
    assert abs(linked.residual) < 1e-12
    near = np.add(earned, [[1e-13, 0.0], [0.0, 0.0], [0.0, 1e-13]])
    np.testing.assert_allclose(
        link_effects(brinson(weights, weights, near, index), method=method).effects,
        linked.effects,
        atol=1e-9,
    )


@pytest.mark.parametrize("method", ALL)
def test_benchmark_held_exactly_links_to_nothing(method):
    same = brinson(WEIGHTS, WEIGHTS, EARNED, EARNED)
    np.testing.assert_allclose(link_effects(same, method=method).effects, 0.0, atol=1e-16)


def test_one_period_is_unchanged_by_linking():
    one = brinson(WEIGHTS[:1], BASE[:1], EARNED[:1], INDEX[:1])
    for method in ALL:
        np.testing.assert_allclose(
            link_effects(one, method=method).effects, one.effects, atol=1e-15
        )


def test_what_cannot_be_linked_says_why():
    linked = link_effects(quarters())
    with pytest.raises(ParameterError, match="linked already \\(carino\\)"):
        link_effects(linked)
    with pytest.raises(ParameterError, match="is geometric"):
        link_effects(brinson(*BACON, method="geometric"))
    with pytest.raises(ParameterError, match="`method` must be one of"):
        link_effects(quarters(), method="log")
    lost = brinson([[1.0]] * 2, [[1.0]] * 2, [[-1.0], [0.1]], [[0.0], [0.0]])
    with pytest.raises(DataError, match="above -100 %"):
        link_effects(lost)
    with pytest.raises(DataError, match="above -100 %"):
        link_effects(lost, method="menchero")
    assert abs(link_effects(lost, method="grap").residual) < 1e-12


def test_linking_keeps_the_kind_and_drops_the_caveat():
    unlinked = quarters()
    linked = link_effects(unlinked, method="menchero")
    assert [r.code for r in unlinked.reasons] == ["NOT_LINKED"]
    assert unlinked.residual == pytest.approx(0.0016557, abs=1e-7)
    assert linked.reasons == ()
    assert linked.linking == "menchero"
    assert linked.check_sum == unlinked.check_sum
    assert unexplained(linked) == ()


def test_compare_linking_shows_how_much_the_choice_matters():
    comparison = compare_linking(quarters())
    frame = comparison.to_frame()
    assert list(frame.index) == ["unlinked", *ALL]
    assert frame.loc["menchero", "allocation"] == pytest.approx(0.0092, abs=5e-5)
    assert np.abs(comparison.residuals[1:]).max() < 1e-12
    assert comparison.spread[0] == pytest.approx(np.ptp(frame["allocation"].iloc[1:]))
    assert "spread" in comparison._repr_html_()
    assert "widest='allocation'" in repr(comparison)
    assert unexplained(comparison) == ()


@st.composite
def panels(draw, periods=4, segments=3):
    def weights():
        parts = draw(st.lists(st.integers(0, 9), min_size=periods * segments,
                              max_size=periods * segments))  # fmt: skip
        grid = np.array(parts, dtype=float).reshape(periods, segments)
        grid[:, 0] += 1.0
        return grid / grid.sum(axis=1, keepdims=True)

    def returns():
        parts = draw(st.lists(st.floats(-0.3, 0.2), min_size=periods * segments,
                              max_size=periods * segments))  # fmt: skip
        return np.array(parts).reshape(periods, segments)

    return weights(), weights(), returns(), returns()


@settings(max_examples=60, deadline=None)
@given(
    panels(),
    st.sampled_from(ALL),
    st.sampled_from(["fachler", "bhb"]),
    st.sampled_from(["separate", "with_selection", "with_allocation"]),
    st.booleans(),
)
def test_law_linked_effects_sum_to_the_linked_active_return(case, method, model, mode, reported):
    options = {}
    if reported:
        options["portfolio_total_returns"] = [0.01, -0.02, 0.0, 0.1]
        options["portfolio_contributions"] = case[0] * case[2] + [0.0, 0.01, -0.002]
    result = brinson(*case, method=model, interaction=mode, **options)
    linked = link_effects(result, method=method)
    assert abs(linked.effects.sum() - linked.active_return) < 1e-12
    np.testing.assert_allclose(linked.period_effects.sum(axis=0), linked.effects, atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(panels())
def test_law_grap_equals_frongello_in_every_sector(case):
    result = brinson(*case)
    grap, frongello = (link_effects(result, method=m) for m in ("grap", "frongello"))
    np.testing.assert_allclose(grap.effects, frongello.effects, atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(panels(), st.sampled_from(ALL))
def test_law_levels_sum_after_linking(case, method):
    sectors = {0: ("eq", "tech"), 1: ("eq", "bank"), 2: ("fi", "govt")}
    for mode in ("separate", "with_selection", "with_allocation"):
        result = brinson(*case, sectors=sectors, interaction=mode)
        linked = link_effects(result, method=method)
        assert abs(linked.residual) < 1e-12
        for level in linked.levels:
            total = linked.by_level(level)[1].sum(axis=0)
            np.testing.assert_allclose(total, list(linked.totals.values()), atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(panels())
def test_law_geometric_effects_compound_to_the_geometric_active_return(case):
    result = brinson(*case, method="geometric")
    compound = np.prod([1.0 + v for v in result.totals.values()]) - 1.0
    assert compound == pytest.approx(result.active_return, abs=1e-12)
    assert abs(result.residual) < 1e-12
