"""Brinson: published tables recomputed, conventions, errors that teach, and laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.analytics import brinson
from nautilus.core.errors import (
    DataError,
    LabelError,
    NotEnoughDataError,
    ParameterError,
    ShapeError,
    TimeIndexError,
    UnitError,
)
from nautilus.core.results import unexplained

MARKETS = ("UK equities", "Japanese equities", "US equities")
METHODS = ("fachler", "bhb", "geometric")
INTERACTIONS = ("separate", "with_selection", "with_allocation")


def by(*values):
    return dict(zip(MARKETS, values, strict=True))


# Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 5:
# inputs and printed effects as restated in the tests of the R package PortfolioAttribution
# (github.com/anandkkumar/PortfolioAttribution, tests/testthat/test_arithmetic.R).
BACON = (by(0.4, 0.3, 0.3), by(0.4, 0.2, 0.4), by(0.2, -0.05, 0.06), by(0.1, -0.04, 0.08))


def rows(result, level=None):
    labels, effects = result.by_level(level)
    return dict(zip(labels, np.round(effects, 10).tolist(), strict=True))


def test_bacon_table_5_2_brinson_hood_beebower():
    result = brinson(*BACON, method="bhb")
    assert rows(result) == {
        "UK equities": [0.0, 0.04, 0.0],
        "Japanese equities": [-0.004, -0.002, -0.001],
        "US equities": [-0.008, -0.008, 0.002],
    }
    assert (result.portfolio_return, result.benchmark_return) == pytest.approx((0.083, 0.064))


def test_bacon_table_5_3_brinson_fachler():
    result = brinson(*BACON)
    assert rows(result) == {
        "UK equities": [0.0, 0.04, 0.0],
        "Japanese equities": [-0.0104, -0.002, -0.001],
        "US equities": [-0.0016, -0.008, 0.002],
    }
    assert result.totals == pytest.approx(
        {"allocation": -0.012, "selection": 0.03, "interaction": 0.001}
    )


def test_bacon_table_5_4_top_down_merges_interaction_into_selection():
    result = brinson(*BACON, interaction="with_selection")
    assert rows(result) == {
        "UK equities": [0.0, 0.04],
        "Japanese equities": [-0.0104, -0.003],
        "US equities": [-0.0016, -0.006],
    }
    assert result.interaction is None
    assert result.selection == pytest.approx(0.031)


def test_bacon_bottom_up_merges_interaction_into_allocation():
    assert rows(brinson(*BACON, interaction="with_allocation")) == {
        "UK equities": [0.0, 0.04],
        "Japanese equities": [-0.0114, -0.002],
        "US equities": [0.0004, -0.008],
    }


def test_bacon_table_5_5_geometric():
    # Four printed decimals, from test_geometric.R of the same source.
    result = brinson(*BACON, method="geometric")
    _, effects = result.by_level()
    printed = [[0.0, 0.038], [-0.0098, -0.0028], [-0.0015, -0.0057]]
    np.testing.assert_allclose(effects, printed, atol=1e-4)
    assert result.allocation == pytest.approx(-0.0113, abs=5e-5)
    assert result.selection == pytest.approx(0.0295, abs=5e-5)
    assert result.interaction is None
    assert result.interaction_mode is None
    compound = (1 + result.allocation) * (1 + result.selection) - 1
    assert compound == pytest.approx(1.083 / 1.064 - 1, abs=1e-15)


def test_bacon_table_9_4_levels_of_a_balanced_portfolio():
    # Bacon (2008) table 9.4 as in test_geometric_multi_level.R; that source works with group
    # returns rounded to 0.01 %, so its digits agree to 2e-5 only.
    names = ("Financial", "Software", "Autos", "Chemicals", "Govt", "Corp")
    weights = dict(zip(names, (0.1, 0.09, 0.225, 0.17, 0.125, 0.29), strict=True))
    base = dict(zip(names, (0.05, 0.1, 0.25, 0.15, 0.1, 0.35), strict=True))
    earned = dict(zip(names, (0.0838, 0.02, 0.1605, 0.02, 0.02, 0.025), strict=True))
    index = dict(zip(names, (0.096, 0.0645, 0.156, -0.0067, 0.01, 0.02), strict=True))
    paths = {
        "Financial": ("Equities", "US", "Financial"),
        "Software": ("Equities", "US", "Software"),
        "Autos": ("Equities", "Europe", "Autos"),
        "Chemicals": ("Equities", "Europe", "Chemicals"),
        "Govt": ("Bonds", "Govt", "Govt"),
        "Corp": ("Bonds", "Corp", "Corp"),
    }
    levels = ("asset_class", "region", "industry")
    result = brinson(
        weights, base, earned, index, method="geometric", sectors=paths, level_names=levels
    )
    assert result.totals == pytest.approx(
        {
            "asset_class_allocation": 0.002373644,
            "region_allocation": -0.000867662,
            "industry_allocation": -0.002275164,
            "selection": 0.00284263,
        },
        abs=2.5e-5,
    )
    assert result.active_return == pytest.approx(0.002080969, abs=5e-6)


def test_morningstar_three_levels_with_a_segment_missing_on_each_side():
    # Morningstar, Equity Performance Attribution Methodology (2011), worked example, as in
    # test_morningstar_examples.R with weights neutral to the parent ("anchored"), 4 digits.
    names = tuple(
        f"{size} Cap {region} {kind}"
        for region in ("Asia", "Europe")
        for kind in ("Cyclical", "Defensive")
        for size in ("Large", "Small")
    )
    paths = {n: (n.split()[2], n.split()[3], n) for n in names}
    table = [
        (0.15, 0.1, 0.05, 0.23, 0, 0.12, 0.18, 0.17),
        (0.05, 0.25, 0.1, 0.05, 0.1, 0.25, 0, 0.2),
        (0.1, 0.2, 0.07, 0.133, 0.1476, 0.07, 0.05, -0.1),
        (-0.08, 0.08, 0.18, -0.01, 0.1476, 0.0586, 0.05, -0.05),
    ]
    result = brinson(
        *(dict(zip(names, row, strict=True)) for row in table),
        method="geometric",
        sectors=paths,
        level_names=("region", "sector", "size"),
    )
    assert list(result.totals.values()) == pytest.approx(
        [0.0029, -0.0166, -0.0273, 0.05865], abs=8e-5
    )
    regions = rows(result, "region")
    assert [regions["Asia"][0], regions["Europe"][0]] == pytest.approx([0.0016, 0.0013], abs=8e-5)
    sectors = rows(result, "sector")
    assert {k: v[1] for k, v in sectors.items()} == pytest.approx(
        {
            "Asia / Cyclical": 0.0021,
            "Asia / Defensive": 0.0041,
            "Europe / Cyclical": -0.0083,
            "Europe / Defensive": -0.0145,
        },
        abs=8e-5,
    )
    sizes = list(rows(result, "size").values())
    assert [row[2] for row in sizes] == pytest.approx(
        [-0.0139, -0.0028, -0.0083, -0.0167, -0.0021, -0.0008, 0.0173, 0.0], abs=8e-5
    )
    assert [row[3] for row in sizes] == pytest.approx(
        [0.0267, 0.0119, -0.0054, 0.0326, 0.0, 0.0014, 0.0, -0.0084], abs=8e-5
    )
    assert result.active_return == pytest.approx(0.0157660, abs=8e-5)


def test_securities_roll_up_by_hand():
    # Tech: portfolio 0.6 in A, none in B; benchmark 0.2 A, 0.2 B. Energy: C alone.
    returns = {"A": 0.10, "B": 0.02, "C": -0.05}
    result = brinson(
        {"A": 0.6, "C": 0.4},
        {"A": 0.2, "B": 0.2, "C": 0.6},
        returns,
        returns,
        sectors={"A": "tech", "B": "tech", "C": "energy"},
    )
    # Benchmark: tech 0.06, energy -0.05, total -0.006. Portfolio: tech 0.10, total 0.04.
    assert rows(result) == {
        "tech": [0.0132, 0.016, 0.008],
        "energy": [0.0088, 0.0, 0.0],
    }
    # Allocation 0.2 to tech is bought in benchmark composition: half A, half B.
    assert rows(result, "security")["A"] == [0.0106, 0.008, 0.004]
    assert rows(result, "security")["B"] == [0.0026, 0.008, 0.004]
    assert result.levels == ("sector", "security")
    assert result.residual == pytest.approx(0.0, abs=1e-15)


def test_each_level_sums_to_the_same_totals():
    paths = {"A": ("eq", "tech"), "B": ("eq", "bank"), "C": ("fi", "govt"), "D": ("fi", "corp")}
    returns = {"A": 0.1, "B": 0.03, "C": 0.01, "D": -0.02}
    result = brinson(
        {"A": 0.4, "B": 0.1, "C": 0.2, "D": 0.3},
        {"A": 0.2, "B": 0.3, "C": 0.4, "D": 0.1},
        returns,
        returns,
        sectors=paths,
    )
    assert result.levels == ("asset_class", "sector", "security")
    assert result.effect_names[:2] == ("asset_class_allocation", "sector_allocation")
    expected = list(result.totals.values())
    for level in result.levels:
        assert result.by_level(level)[1].sum(axis=0) == pytest.approx(expected, abs=1e-15)
    assert result.allocation == pytest.approx(expected[0] + expected[1])


def test_off_benchmark_sector_is_an_allocation_bet_at_its_own_return():
    weights, base = {"UK": 0.8, "gold": 0.2}, {"UK": 1.0}
    result = brinson(
        weights, base, {"UK": 0.05, "gold": 0.10}, {"UK": 0.04}, off_benchmark="own_return"
    )
    assert rows(result)["gold"] == pytest.approx([0.2 * (0.10 - 0.04), 0.0, 0.0])


def test_off_benchmark_sector_at_the_benchmark_return_is_interaction():
    weights, base = {"UK": 0.8, "gold": 0.2}, {"UK": 1.0}
    given_returns = ({"UK": 0.05, "gold": 0.10}, {"UK": 0.04})
    result = brinson(weights, base, *given_returns, off_benchmark="benchmark_return")
    assert rows(result)["gold"] == pytest.approx([0.0, 0.0, 0.2 * (0.10 - 0.04)])
    bhb = brinson(weights, base, *given_returns, off_benchmark="benchmark_return", method="bhb")
    assert rows(bhb)["gold"] == pytest.approx([0.2 * 0.04, 0.0, 0.2 * (0.10 - 0.04)])


def test_zero_benchmark_weight_uses_the_return_given_for_it():
    result = brinson(
        {"UK": 0.8, "gold": 0.2},
        {"UK": 1.0, "gold": 0.0},
        {"UK": 0.05, "gold": 0.10},
        {"UK": 0.04, "gold": 0.07},
    )
    assert rows(result)["gold"] == pytest.approx([0.2 * 0.03, 0.0, 0.2 * 0.03])


def test_a_segment_not_held_has_no_selection_whatever_return_stands_there():
    held = brinson({"UK": 1.0, "US": 0.0}, {"UK": 0.5, "US": 0.5}, {"UK": 0.1, "US": 0.0},
                   {"UK": 0.1, "US": 0.2})  # fmt: skip
    assert rows(held)["US"] == pytest.approx([-0.5 * (0.2 - 0.15), 0.0, 0.0])
    missing = brinson({"UK": 1.0, "US": 0.0}, {"UK": 0.5, "US": 0.5},
                      {"UK": 0.1, "US": float("nan")}, {"UK": 0.1, "US": 0.2})  # fmt: skip
    assert rows(missing) == rows(held)


def test_long_short_group_of_zero_weight_keeps_its_profit():
    returns = {"A": 0.10, "B": -0.10, "C": 0.02}
    result = brinson(
        {"A": 0.3, "B": -0.3, "C": 1.0},
        {"A": 0.2, "B": 0.2, "C": 0.6},
        returns,
        returns,
        sectors={"A": "tech", "B": "tech", "C": "bank"},
    )
    assert result.residual == pytest.approx(0.0, abs=1e-15)
    assert rows(result)["tech"][1] == 0.0
    assert rows(result)["tech"][2] == pytest.approx(0.06)


def test_cash_row_holds_the_rest_of_both_sides():
    result = brinson({"UK": 0.9}, {"UK": 1.0}, {"UK": 0.10}, {"UK": 0.08}, cash_returns=0.01)
    assert result.segments == ("UK", "cash")
    assert result.portfolio_return == pytest.approx(0.091)
    assert rows(result)["cash"] == pytest.approx([0.1 * (0.01 - 0.08), 0.0, 0.0])
    rolled = brinson({"A": 0.9}, {"A": 1.0}, {"A": 0.10}, {"A": 0.08}, cash_returns=0.01,
                     sectors={"A": ("eq", "tech")})  # fmt: skip
    assert rolled.groups == (("eq", "cash"), ("tech", "cash"))


def test_residual_row_is_what_holdings_do_not_explain():
    result = brinson(*BACON, portfolio_total_returns=0.080)
    assert result.segments[-1] == "residual"
    assert result.totals["residual"] == pytest.approx(-0.003)
    assert result.active_return == pytest.approx(0.016)
    assert result.residual == pytest.approx(0.0, abs=1e-15)
    geometric = brinson(*BACON, method="geometric", portfolio_total_returns=0.080)
    assert geometric.totals["residual"] == pytest.approx(1.080 / 1.083 - 1)
    assert geometric.residual == pytest.approx(0.0, abs=1e-15)
    rolled = brinson(*BACON, sectors=dict.fromkeys(MARKETS, "world"), benchmark_total_returns=0.06)
    assert rolled.groups[0][-1] == "residual"
    assert rolled.totals["residual"] == pytest.approx(0.004)


def test_trading_effect_is_what_transactions_add_to_buy_and_hold():
    # Japan made 0.5 % of the portfolio more than its 0.3 x -0.05 by trading within the period.
    made = {"UK equities": 0.08, "Japanese equities": -0.010, "US equities": 0.018}
    result = brinson(*BACON, portfolio_contributions=made)
    assert rows(result)["Japanese equities"] == [-0.0104, -0.002, -0.001, 0.005]
    assert result.portfolio_return == pytest.approx(0.088)
    assert result.residual == pytest.approx(0.0, abs=1e-15)
    geometric = brinson(*BACON, method="geometric", portfolio_contributions=made)
    assert geometric.totals["trading"] == pytest.approx(1.088 / 1.083 - 1)
    assert geometric.residual == pytest.approx(0.0, abs=1e-15)
    both = brinson(*BACON, portfolio_contributions=made, portfolio_total_returns=0.087)
    assert both.totals["residual"] == pytest.approx(-0.001)
    with pytest.raises(LabelError, match=r"`portfolio_contributions`.*lacks Japanese equities"):
        brinson(*BACON, portfolio_contributions={"UK equities": 0.08})
    with pytest.raises(LabelError, match=r"`portfolio_contributions`.*has gold too many"):
        brinson(*BACON, portfolio_contributions={**made, "gold": 0.1})
    index = brinson({"UK": 1.0}, {"UK": 0.5, "US": 0.5}, {"UK": 0.1}, {"UK": 0.1, "US": 0.0},
                    off_benchmark="own_return", portfolio_contributions={"UK": 0.11})  # fmt: skip
    assert index.totals["trading"] == pytest.approx(0.01)


def test_trap_tuleva_1951_weights_averaged_over_different_day_counts_do_not_sum_to_one():
    index = pd.to_datetime(["2024-01-31", "2024-02-29"])
    weights = pd.DataFrame({"UK": [0.4, 0.5], "US": [0.6, 0.66]}, index=index)
    base = pd.DataFrame({"UK": [0.5, 0.5], "US": [0.5, 0.5]}, index=index)
    with pytest.raises(
        DataError, match=r"`portfolio_weights` must sum to 1.*2024-02-29 sums to 1.16"
    ):
        brinson(weights, base, base / 10, base / 10)


def test_weights_rounded_for_print_are_rescaled():
    result = brinson({"UK": 0.3333333, "US": 0.6666666}, {"UK": 0.5, "US": 0.5},
                     {"UK": 0.1, "US": 0.1}, {"UK": 0.1, "US": 0.1})  # fmt: skip
    assert result.portfolio_return == pytest.approx(0.1, abs=1e-15)
    with pytest.raises(DataError, match="sum to 1"):
        brinson({"UK": 0.3333333, "US": 0.6666666}, {"UK": 0.5, "US": 0.5},
                {"UK": 0.1, "US": 0.1}, {"UK": 0.1, "US": 0.1}, weight_tolerance=1e-9)  # fmt: skip


def panel(values, kind):
    index = pd.date_range("2024-01-31", periods=len(values), freq="ME")
    frame = pd.DataFrame(values, columns=list(MARKETS), index=index)
    if kind == "polars":
        return pl.from_pandas(frame.rename_axis("date").reset_index())
    return frame if kind == "pandas" else frame.to_numpy()


@pytest.mark.parametrize("kind", ["pandas", "polars", "numpy"])
def test_panels_of_every_kind_give_the_same_effects(kind):
    weights = [[0.4, 0.3, 0.3], [0.7, 0.2, 0.1]]
    base = [[0.4, 0.2, 0.4], [0.4, 0.3, 0.3]]
    earned = [[0.2, -0.05, 0.06], [-0.05, 0.03, -0.05]]
    index = [[0.1, -0.04, 0.08], [-0.07, 0.04, -0.1]]
    result = brinson(*(panel(v, kind) for v in (weights, base, earned, index)))
    assert result.period_effects.sum(axis=1)[1] == pytest.approx([-0.005, 0.02, -0.003])
    assert (result.times is None) == (kind == "numpy")
    assert [r.code for r in result.reasons] == ["NOT_LINKED"]
    assert unexplained(result) == ()


def test_columns_are_joined_by_label_not_by_position():
    shuffled = tuple(dict(reversed(list(side.items()))) for side in BACON[1:])
    assert brinson(BACON[0], *shuffled).totals == pytest.approx(brinson(*BACON).totals, abs=1e-15)
    values = np.array([[0.2, -0.05, 0.06]])
    frame = pd.DataFrame(values, columns=list(MARKETS)).iloc[:, ::-1]
    assert brinson(BACON[0], BACON[1], frame, BACON[3]).totals == pytest.approx(
        brinson(*BACON).totals
    )


def test_series_lists_and_constant_weights_beside_panels():
    series = [pd.Series(side) for side in BACON]
    assert brinson(*series).totals == brinson(*BACON).totals
    plain = [list(side.values()) for side in BACON]
    assert list(brinson(*plain).totals.values()) == pytest.approx([-0.012, 0.03, 0.001])
    plain_series = [pd.Series(v) for v in plain]
    assert brinson(*plain_series).segments == (0, 1, 2)
    named = pl.DataFrame({"market": MARKETS, "weight": plain[0]})
    assert brinson(named, *BACON[1:]).totals == brinson(*BACON).totals
    earned = panel([[0.2, -0.05, 0.06]] * 2, "pandas")
    index = panel([[0.1, -0.04, 0.08]] * 2, "pandas")
    held = brinson(BACON[0], BACON[1], earned, index)
    assert held.n_periods == 2
    np.testing.assert_array_equal(held.period_effects[0], held.period_effects[1])


def test_labels_must_agree_and_the_error_says_what_to_do():
    with pytest.raises(
        LabelError, match=r"`benchmark_weights`.*lacks UK equities and has gold too many"
    ):
        brinson(BACON[0], {"gold": 0.4, "Japanese equities": 0.2, "US equities": 0.4}, *BACON[2:])
    with pytest.raises(LabelError, match="off_benchmark="):
        brinson({"UK": 1.0}, {"UK": 1.0}, {"UK": 0.1, "US": 0.1}, {"UK": 0.1})
    with pytest.raises(
        LabelError, match="`portfolio_returns` must name the same segments: it lacks A"
    ):
        brinson({"A": 1.0}, {"B": 1.0}, {"B": 0.1}, {"B": 0.1}, off_benchmark="own_return")


def test_sectors_must_cover_every_security():
    returns = {"A": 0.1, "B": 0.0}
    side = {"A": 0.5, "B": 0.5}
    with pytest.raises(LabelError, match="`sectors` must give the sector of B"):
        brinson(side, side, returns, returns, sectors={"A": "tech"})
    with pytest.raises(LabelError, match="paths of one length"):
        brinson(side, side, returns, returns, sectors={"A": ("eq", "tech"), "B": "bank"})
    with pytest.raises(ParameterError, match="`level_names` needs `sectors`"):
        brinson(side, side, returns, returns, level_names=["sector"])
    deep = {"A": (1, 2, 3), "B": (1, 2, 4)}
    with pytest.raises(ParameterError, match="`level_names` must name the 3 levels"):
        brinson(side, side, returns, returns, sectors=deep)
    with pytest.raises(ParameterError, match="3 different names, none of them 'security'"):
        brinson(side, side, returns, returns, sectors=deep, level_names=["a", "b", "security"])


def test_missing_return_of_a_held_segment_is_an_error():
    with pytest.raises(
        DataError, match=r"`benchmark_returns` must be finite.*US equities in the period is nan"
    ):
        brinson(*BACON[:3], by(0.1, 0.1, float("nan")))
    with pytest.raises(
        DataError, match="`portfolio_weights` must be finite, but the period has NaN"
    ):
        brinson(by(0.5, 0.5, float("nan")), *BACON[1:])


def test_periods_must_agree():
    two = panel([[0.4, 0.3, 0.3]] * 2, "pandas")
    with pytest.raises(
        ShapeError, match="`benchmark_weights` has 1 periods and `portfolio_weights` 2"
    ):
        brinson(two, two.iloc[:1], two / 10, two / 10)
    later = two.set_axis(two.index + pd.Timedelta(days=1))
    with pytest.raises(TimeIndexError, match="`portfolio_returns` must have the times"):
        brinson(two, two, later / 10, two / 10)
    with pytest.raises(NotEnoughDataError, match="`portfolio_weights` has no periods"):
        brinson(two.iloc[:0], two, two / 10, two / 10)


def test_prices_passed_as_returns_are_refused():
    two = panel([[0.4, 0.3, 0.3]] * 3, "pandas")
    with pytest.raises(UnitError, match="simple_returns"):
        brinson(two, two, two + 100, two / 10)


def test_options_are_checked():
    for option, value in [("method", "brinson"), ("interaction", "none"), ("off_benchmark", "x")]:
        with pytest.raises(ParameterError, match=f"`{option}` must be one of"):
            brinson(*BACON, **{option: value})
    with pytest.raises(ParameterError, match="geometric"):
        brinson(*BACON, method="geometric", interaction="with_allocation")
    with pytest.raises(ParameterError, match="`weight_tolerance` must be at least 0"):
        brinson(*BACON, weight_tolerance=-1)


def test_cash_and_residual_names_must_be_free():
    side = {"cash": 1.0}
    with pytest.raises(LabelError, match="adds a segment 'cash'"):
        brinson(side, side, side, side, cash_returns=0.0)
    side = {"residual": 1.0}
    with pytest.raises(LabelError, match="row 'residual'"):
        brinson(side, side, side, side, portfolio_total_returns=0.5)
    with pytest.raises(ShapeError, match="`cash_returns` has 2 periods, need 1"):
        brinson(*BACON, cash_returns=[0.0, 0.0])
    with pytest.raises(DataError, match="`cash_returns` must be finite"):
        brinson(*BACON, cash_returns=float("nan"))


def test_geometric_needs_wealth_above_zero():
    for earned, index in ((0.1, -1.0), (-1.0, 0.1)):
        with pytest.raises(DataError, match="above -100 %"):
            brinson({"A": 1.0}, {"A": 1.0}, {"A": earned}, {"A": index}, method="geometric")
    with pytest.raises(DataError, match="above -100 %"):
        brinson(*BACON, method="geometric", portfolio_total_returns=-1.0)


@st.composite
def cases(draw, periods=3, segments=4):
    """Whole weights and returns of both sides, some segments missing on one side."""

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


@settings(max_examples=40, deadline=None)
@given(cases(), st.sampled_from(METHODS), st.sampled_from(INTERACTIONS), st.booleans(),
       st.sampled_from([None, "own_return", "benchmark_return"]))  # fmt: skip
def test_law_effects_sum_to_the_active_return(case, method, interaction, rolled, off_benchmark):
    if method == "geometric" and interaction == "with_allocation":
        interaction = "separate"
    sectors = {0: ("eq", "tech"), 1: ("eq", "bank"), 2: ("fi", "govt"), 3: ("fi", "govt")}
    result = brinson(*case, method=method, interaction=interaction, off_benchmark=off_benchmark,
                     sectors=sectors if rolled else None)  # fmt: skip
    assert result.check_sum < 1e-12
    p = (case[0] * case[2]).sum(axis=1)
    np.testing.assert_allclose(result.period_portfolio_returns, p, atol=1e-14)
    for level in result.levels:
        np.testing.assert_allclose(
            result.by_level(level)[1].sum(axis=0), list(result.totals.values()), atol=1e-12
        )


@settings(max_examples=25, deadline=None)
@given(cases(), st.sampled_from(METHODS), st.permutations(range(4)))
def test_law_order_of_labels_does_not_matter(case, method, order):
    moved = [side[:, list(order)] for side in case]
    names = [f"s{i}" for i in range(4)]
    first = brinson(*(pd.DataFrame(side, columns=names) for side in case), method=method)
    columns = [names[i] for i in order]
    second = brinson(*(pd.DataFrame(side, columns=columns) for side in moved), method=method)
    back = [second.segments.index(n) for n in names]
    np.testing.assert_allclose(second.period_effects[:, back], first.period_effects, atol=1e-14)


@settings(max_examples=25, deadline=None)
@given(cases(periods=1), st.sampled_from(METHODS[:2]), st.floats(0.1, 0.9))
def test_law_arithmetic_effects_scale_with_returns(case, method, scale):
    small = brinson(*case[:2], case[2] * scale, case[3] * scale, method=method)
    np.testing.assert_allclose(
        small.effects, brinson(*case, method=method).effects * scale, atol=1e-13
    )


@settings(max_examples=25, deadline=None)
@given(cases(periods=1, segments=3), st.sampled_from(METHODS), st.floats(0.1, 0.9))
def test_law_splitting_a_segment_into_two_alike_leaves_totals(case, method, share):
    whole = brinson(*case, method=method)
    split = []
    for i, side in enumerate(case):
        first, second = (share, 1 - share) if i < 2 else (1.0, 1.0)
        split.append(np.column_stack([side[:, 0] * first, side[:, 0] * second, side[:, 1:]]))
    parts = brinson(*split, method=method)
    np.testing.assert_allclose(list(parts.totals.values()), list(whole.totals.values()), atol=1e-13)


@settings(max_examples=25, deadline=None)
@given(cases(periods=1), st.sampled_from(METHODS))
def test_law_portfolio_that_is_its_benchmark_has_no_effects(case, method):
    same = brinson(case[0], case[0], case[2], case[2], method=method)
    np.testing.assert_allclose(same.effects, 0.0, atol=1e-15)


@settings(max_examples=25, deadline=None)
@given(cases(periods=1), st.sampled_from(["with_selection", "geometric"]))
def test_law_rolling_up_securities_equals_sector_inputs(case, mode):
    """Effects by sector do not depend on whether securities or their sectors are passed."""
    method = "geometric" if mode == "geometric" else "fachler"
    interaction = "separate" if mode == "geometric" else mode
    weights, base, earned, index = (side[0] for side in case)
    weights, base = weights + 0.01, base + 0.01
    weights, base = weights / weights.sum(), base / base.sum()
    sector = np.array([0, 0, 1, 1])
    fine = brinson(weights[None], base[None], earned[None], index[None], method=method,
                   interaction=interaction, sectors=dict(enumerate(sector)))  # fmt: skip

    def rolled(held, values):
        total = np.bincount(sector, held)
        return total, np.bincount(sector, held * values) / total

    (w, r), (wb, rb) = rolled(weights, earned), rolled(base, index)
    coarse = brinson(w, wb, r, rb, method=method, interaction=interaction)
    np.testing.assert_allclose(fine.by_level("sector")[1], coarse.effects, atol=1e-13)
