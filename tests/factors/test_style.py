"""Style factors: published formulas by hand, weights of ranks, and causality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.core.errors import (
    LabelError,
    MissingInputError,
    NotEnoughDataError,
    ParameterError,
)
from nautilus.factors import style_factor_returns, style_scores
from nautilus.factors.style import STYLE_FACTORS
from nautilus.marketdata import simulate_fundamentals

DAYS = pd.bdate_range("2023-01-02", periods=300)
NAMES = ["A", "B", "C", "D", "E"]
FACTS = {
    "shares_outstanding": dict(zip(NAMES, [10.0, 20.0, 30.0, 40.0, 50.0], strict=True)),
    "book_value": dict(zip(NAMES, [900.0, 800.0, 2500.0, 600.0, 5000.0], strict=True)),
    "gross_profit": dict(zip(NAMES, [3.0, 2.0, 5.0, 1.0, 4.0], strict=True)),
    "total_assets": dict.fromkeys(NAMES, 10.0),
}


def prices(seed=0, rows=300):
    rng = np.random.default_rng(seed)
    moves = rng.normal(0.0, 0.01, (rows, len(NAMES)))
    return pd.DataFrame(100.0 * np.exp(moves.cumsum(axis=0)), index=DAYS[:rows], columns=NAMES)


def test_momentum_is_twelve_months_without_the_last_one():
    table = prices()
    scores = style_scores(table, factor="momentum")
    assert scores.iloc[:252].isna().all().all()
    expected = table.iloc[279 - 21] / table.iloc[279 - 252] - 1.0
    assert scores.iloc[279].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-14)


def test_low_volatility_is_minus_the_deviation_of_a_year():
    table = prices()
    scores = style_scores(table, factor="low_volatility")
    expected = -table.pct_change().iloc[279 - 251 : 280].std()
    assert scores.iloc[279].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-10)


def test_scores_of_fundamentals_by_hand():
    table = prices(rows=1)
    cap = table.iloc[0] * pd.Series(FACTS["shares_outstanding"])
    for factor, expected in (
        ("size", -np.log(cap)),
        ("value", pd.Series(FACTS["book_value"]) / cap),
        ("quality", pd.Series(FACTS["gross_profit"]) / 10.0),
    ):
        scores = style_scores(table, factor=factor, fundamentals=FACTS)
        assert scores.iloc[0].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-14)


def test_a_factor_is_long_high_ranks_and_short_low_ones():
    table = pd.DataFrame([[100.0] * 5, [101.0, 102.0, 103.0, 104.0, 105.0]], columns=NAMES)
    found = style_factor_returns(table, factors=["quality"], fundamentals=FACTS)
    ranks = np.array([3.0, 2.0, 5.0, 1.0, 4.0]) - 3.0
    weights = 2.0 * ranks / np.abs(ranks).sum()
    assert found["quality"].iloc[1] == pytest.approx(weights @ [0.01, 0.02, 0.03, 0.04, 0.05])
    assert np.isnan(found["quality"].iloc[0])


def test_equal_scores_share_their_rank_and_earn_nothing_apart():
    facts = {**FACTS, "gross_profit": dict.fromkeys(NAMES, 1.0)}
    table = pd.DataFrame([[100.0] * 5, [101.0] * 5], columns=NAMES)
    found = style_factor_returns(table, factors=["quality"], fundamentals=facts)
    assert found["quality"].isna().all()


def test_a_stock_without_a_score_is_left_out():
    table = prices(rows=2)
    table.iloc[0, 0] = np.nan
    found = style_factor_returns(table, factors=["value"], fundamentals=FACTS)
    four = {fact: {s: v for s, v in by.items() if s != "A"} for fact, by in FACTS.items()}
    same = style_factor_returns(table[NAMES[1:]], factors=["value"], fundamentals=four)
    assert found["value"].iloc[1] == pytest.approx(same["value"].iloc[1], rel=1e-14)


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(254, 299), seed=st.integers(0, 5))
def test_a_return_knows_nothing_of_later_days_and_weights_nothing_of_its_own(cut, seed):
    table = prices(seed)
    whole = style_factor_returns(table, factors=STYLE_FACTORS, fundamentals=FACTS)
    part = style_factor_returns(table.iloc[:cut], factors=STYLE_FACTORS, fundamentals=FACTS)
    np.testing.assert_array_equal(whole.iloc[:cut].to_numpy(), part.to_numpy())
    moved = table.copy()
    moved.iloc[cut - 1] *= 2.0  # every stock doubles: weights of the day before earn 1 - 1
    doubled = style_factor_returns(moved, factors=STYLE_FACTORS, fundamentals=FACTS)
    base = whole.iloc[cut - 1].to_numpy()
    assert doubled.iloc[cut - 1].to_numpy() == pytest.approx(2.0 * base, abs=1e-12)


def test_numpy_and_polars_give_the_same_numbers():
    table = prices()
    expected = style_factor_returns(table).to_numpy()
    plain = style_factor_returns(table.to_numpy())
    np.testing.assert_array_equal(plain, expected)
    frame = pl.from_pandas(table.reset_index(names="date"))
    assert style_factor_returns(frame).columns == ["date", "momentum", "low_volatility"]


def test_what_is_refused():
    table = prices(rows=2)
    with pytest.raises(ParameterError, match="`factor` must be one of"):
        style_scores(table, factor="astrology")
    with pytest.raises(MissingInputError, match="'book_value' by stock for the factor 'value'"):
        style_scores(
            table,
            factor="value",
            fundamentals={"shares_outstanding": FACTS["shares_outstanding"]},
        )
    with pytest.raises(NotEnoughDataError, match="at least 2 stocks to compare, got 1"):
        style_factor_returns(table[["A"]])
    few = {fact: {s: v for s, v in by.items() if s != "E"} for fact, by in FACTS.items()}
    with pytest.raises(LabelError, match="E"):
        style_scores(table, factor="size", fundamentals=few)


def test_simulated_facts_do_not_depend_on_the_others():
    both, one = simulate_fundamentals(["AAPL", "MSFT"]), simulate_fundamentals(["MSFT"])
    assert {f: v["MSFT"] for f, v in both.items()} == {f: v["MSFT"] for f, v in one.items()}
    assert simulate_fundamentals(["MSFT"], seed=1) != one
    assert all(v["MSFT"] > 0 for v in one.values())
    assert one["total_assets"]["MSFT"] >= one["book_value"]["MSFT"]
