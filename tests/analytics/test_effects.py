"""How an attribution is read: levels, frames, text and JSON."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from nautilus.analytics import brinson, compare_linking, link_effects, return_contributions
from nautilus.core.errors import ParameterError

RETURNS = {"A": 0.10, "B": 0.02, "C": -0.05}


def example(**options):
    return brinson(
        {"A": 0.6, "C": 0.4},
        {"A": 0.2, "B": 0.2, "C": 0.6},
        RETURNS,
        RETURNS,
        sectors={"A": "<tech>", "B": "<tech>", "C": "energy"},
        **options,
    )


def test_frame_has_weights_effects_and_a_total_row():
    frame = example().to_frame()
    assert list(frame.columns) == [
        "portfolio_weight", "benchmark_weight", "allocation", "selection", "interaction", "total",
    ]  # fmt: skip
    assert list(frame.index) == ["<tech>", "energy", "total"]
    assert frame.loc["total", "total"] == pytest.approx(example().active_return)
    assert frame.loc["<tech>", "portfolio_weight"] == pytest.approx(0.6)
    assert list(example().to_frame("security").index) == ["A", "C", "B", "total"]


def test_geometric_frame_has_no_total_column_because_effects_compound():
    assert "total" not in example(method="geometric").to_frame().columns


def test_period_frame_has_one_row_for_each_period():
    index = pd.to_datetime(["2024-01-31", "2024-02-29"])
    weights = pd.DataFrame({"A": [0.6, 0.5], "B": [0.4, 0.5]}, index=index)
    result = brinson(
        weights, weights[["B", "A"]].set_axis(["A", "B"], axis=1), weights / 10, weights / 20
    )
    frame = result.period_frame()
    assert list(frame.index) == list(index)
    effects = frame[["allocation", "selection", "interaction"]].sum(axis=1)
    active = frame["portfolio_return"] - frame["benchmark_return"]
    assert effects.to_numpy() == pytest.approx(active.to_numpy(), abs=1e-15)
    assert list(example().period_frame().index) == [0]


def test_unknown_level_lists_the_known_ones():
    with pytest.raises(ParameterError, match="`level` must be one of 'sector', 'security'"):
        example().by_level("industry")


def test_html_escapes_labels_and_shows_percent():
    text = example()._repr_html_()
    assert "&lt;tech&gt;" in text
    assert "<tech>" not in text
    assert "active return" in text
    assert " %" in text


def test_long_tables_are_cut_in_html():
    names = [f"s{i}" for i in range(60)]
    side = dict.fromkeys(names, 1 / 60)
    text = brinson(side, side, side, side)._repr_html_()
    assert text.count("<tr>") < 45
    assert ">total<" in text


def test_repr_is_one_line_with_the_effects():
    text = repr(example())
    assert text.startswith("Attribution(method='fachler', active_return=")
    assert "\n" not in text
    many = return_contributions(
        {f"s{i}": 0.2 for i in range(5)}, {f"s{i}": i / 10 for i in range(5)}
    )
    assert "s4=0.08, s3=0.06, s2=0.04, s1=0.02)" in repr(many)
    linked = link_effects(brinson([[1.0]] * 2, [[1.0]] * 2, [[0.1]] * 2, [[0.05]] * 2))
    assert "linking='carino'" in repr(linked)


def test_dictionary_is_plain_json():
    found = json.loads(json.dumps(example().to_dict()))
    assert found["totals"]["allocation"] == pytest.approx(example().allocation)
    assert found["levels"] == ["sector", "security"]
    assert len(found["effects"]) == 3


def test_plot_stacks_effects_of_one_sign_and_ends_at_their_sum():
    result = example()
    axes = result.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["<tech>", "energy"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(result.effect_names)
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches if bar.get_y() < 0.5]
    assert ends[-1] == pytest.approx(100 * result.by_level()[1][0].sum())
    assert result.plot(axes, level="security") is axes


def test_plots_of_one_kind_of_effect_and_of_linking_methods():
    held = return_contributions({"A": 0.5, "B": 0.5}, {"A": 0.1, "B": -0.1})
    assert [bar.get_width() for bar in held.plot().patches] == pytest.approx([5.0, -5.0])
    two = brinson([[0.5, 0.5]] * 2, [[0.6, 0.4]] * 2, [[0.1, 0.0]] * 2, [[0.0, 0.1]] * 2)
    assert len(compare_linking(two).plot().patches) == 6 * 3
