"""Standardisation: by hand, against scipy, pandas and statsmodels, and what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import DataError, LabelError, ParameterError, ShapeError
from nautilus.factors import standardize
from nautilus.factors.standardization import METHODS

NAN = float("nan")
DAYS = pd.bdate_range("2024-01-01", periods=6)
NAMES = [f"S{i}" for i in range(12)]
SECTORS = dict(zip(NAMES, ["a", "b", "c"] * 4, strict=True))
methods = pytest.mark.parametrize("method", METHODS)
scored = pytest.mark.parametrize("method", ["zscore", "robust_zscore", "rank", "normal"])


def panel(seed=3, missing=0.15):
    rng = np.random.default_rng(seed)
    values = rng.standard_t(3, (len(DAYS), len(NAMES)))
    values[rng.uniform(size=values.shape) < missing] = NAN
    return pd.DataFrame(values, index=DAYS, columns=NAMES)


def test_zscore_is_that_of_scipy():
    table = panel()
    expected = scipy.stats.zscore(table.to_numpy(), axis=1, ddof=1, nan_policy="omit")
    np.testing.assert_allclose(standardize(table), expected, rtol=1e-12, atol=1e-14)


def test_robust_zscore_is_that_of_scipy():
    table = panel().to_numpy()
    middle = np.nanmedian(table, axis=1, keepdims=True)
    spread = scipy.stats.median_abs_deviation(table, axis=1, scale="normal", nan_policy="omit")
    found = standardize(table, method="robust_zscore")
    np.testing.assert_allclose(found, (table - middle) / spread[:, None], rtol=1e-12)


def test_rank_is_that_of_pandas_and_normal_its_quantile():
    table = panel().round(0)
    count = table.notna().sum(axis=1)
    expected = (table.rank(axis=1) - 0.5).div(count, axis=0)
    pd.testing.assert_frame_equal(standardize(table, method="rank"), expected)
    normal = standardize(table, method="normal")
    np.testing.assert_allclose(normal, scipy.stats.norm.ppf(expected), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.4])
def test_winsorising_is_that_of_scipy(share):
    row = np.random.default_rng(5).standard_cauchy(37)
    expected = scipy.stats.mstats.winsorize(row, limits=share)
    assert standardize(row, method="none", winsorize=share).tolist() == expected.tolist()


def test_far_values_are_drawn_in_to_deviations_of_the_median_by_hand():
    # Median 3, deviations 2 1 0 1 97: their median 1.
    found = standardize([1.0, 2.0, 3.0, 4.0, 100.0], method="none", mad_limit=3.0)
    assert found[:4].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found[4] == pytest.approx(3.0 + 3.0 * 1.482602218505602, rel=1e-15)


def test_nothing_is_drawn_in_where_more_than_half_are_equal():
    row = [0.0, 0.0, 0.0, 0.0, 9.0]
    assert standardize(row, method="none", mad_limit=3.0).tolist() == row


def test_robust_zscore_where_more_than_half_are_equal_by_hand():
    # Mean absolute deviation of the median 10 / 5 = 2.
    found = standardize([0.0, 0.0, 0.0, 0.0, 10.0], method="robust_zscore")
    assert found.tolist() == pytest.approx([0.0, 0.0, 0.0, 0.0, 10.0 / (2.0 * 1.2533141373)])


def test_within_groups_is_each_group_alone():
    table = panel()
    for method in METHODS:
        found = standardize(table, method=method, groups=SECTORS)
        for sector in "abc":
            names = [n for n in NAMES if SECTORS[n] == sector]
            pd.testing.assert_frame_equal(found[names], standardize(table[names], method=method))


def test_demeaned_within_industries_is_that_of_pandas():
    table = panel()
    expected = table.T - table.T.groupby(SECTORS).transform("mean")
    found = standardize(table, method="demean", groups=pd.Series(SECTORS))
    np.testing.assert_allclose(found, expected.T, rtol=1e-12, atol=1e-15)


def test_an_asset_without_a_group_has_no_score():
    found = standardize({"A": 1.0, "B": 2.0, "C": 9.0}, groups={"A": "x", "B": "x", "C": None})
    assert found["C"] != found["C"]
    assert found["A"] == -found["B"] == pytest.approx(-np.sqrt(0.5))


@pytest.mark.parametrize("groups", [None, SECTORS])
def test_neutralised_is_the_residual_of_statsmodels(groups):
    rng = np.random.default_rng(8)
    row = pd.Series(rng.normal(size=12), NAMES)
    size, beta = (pd.Series(rng.normal(10.0, 3.0, 12), NAMES) for _ in range(2))
    row["S3"] = size["S4"] = NAN
    found = standardize(row, method="none", exposures={"size": size, "beta": beta}, groups=groups)
    slots = pd.get_dummies(pd.Series(SECTORS), dtype=float) if groups else pd.Series(1.0, NAMES)
    design = pd.concat([size, beta, slots], axis=1)
    expected = sm.OLS(row, design, missing="drop").fit().resid.reindex(NAMES)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_exposures_over_time_are_taken_out_day_by_day():
    table, size = panel(), panel(seed=9, missing=0.1)
    found = standardize(table, exposures={"size": size})
    for day in DAYS:
        alone = standardize(table.loc[day], exposures={"size": size.loc[day]})
        np.testing.assert_allclose(found.loc[day], alone, rtol=1e-12)
        both = pd.concat([found.loc[day], size.loc[day]], axis=1).dropna()
        assert abs(np.corrcoef(both.T)[0, 1]) < 1e-12


def test_what_the_exposures_explain_wholly_scores_nothing():
    size = np.arange(10.0)
    for scale in (1e-8, 1.0, 1e8):
        found = standardize(3.0 + 0.1 * size, exposures={"size": scale * size})
        assert found.tolist() == [0.0] * 10


@methods
def test_a_constant_day_and_a_single_value_have_their_documented_score(method):
    neutral = {"rank": 0.5, "none": 0.1}.get(method, 0.0)
    rows = np.array([[0.1] * 4, [NAN, 0.1, NAN, NAN], [NAN] * 4])
    found = standardize(rows, method=method)
    assert found[0].tolist() == [neutral] * 4
    assert found[1, 1] == neutral
    assert np.isnan(found[1, [0, 2, 3]]).all()
    assert np.isnan(found[2]).all()


@methods
def test_values_that_differ_by_rounding_are_constant(method):
    row = [0.3, 0.1 + 0.2, 0.3]
    if method not in ("rank", "normal", "none"):
        assert standardize(row, method=method).tolist() == [0.0] * 3


@methods
def test_every_kind_comes_back_as_it_was(method):
    table = panel()
    expected = standardize(table.to_numpy(), method=method)
    frame = standardize(table, method=method)
    assert frame.index.equals(table.index)
    assert list(frame) == NAMES
    days = pl.Series("day", DAYS.to_numpy()).cast(pl.Date)
    polars = standardize(
        pl.DataFrame({"day": days, **{n: table[n].to_numpy() for n in NAMES}}), method=method
    )
    assert polars["day"].equals(days)
    for found in (frame.to_numpy(), polars.drop("day").to_numpy()):
        np.testing.assert_array_equal(found, expected)


@methods
def test_every_kind_of_cross_section_comes_back_as_it_was(method):
    row = panel().iloc[0]
    expected = standardize(row.to_numpy(), method=method)
    series = standardize(row, method=method)
    assert (series.index.tolist(), series.name) == (NAMES, row.name)
    mapping = standardize(row.to_dict(), method=method)
    assert list(mapping) == NAMES
    pair = standardize(pl.DataFrame({"symbol": NAMES, "value": row.to_numpy()}), method=method)
    assert pair.columns == ["symbol", "value"]
    plain = standardize(row.tolist(), method=method)
    column = standardize(pl.Series("x", row.to_numpy()), method=method)
    for found in (series, list(mapping.values()), pair["value"], plain, column):
        np.testing.assert_array_equal(np.asarray(found, dtype=float), expected)


def test_infinity_is_left_out():
    found = standardize([1.0, 2.0, 3.0, float("inf")])
    assert found[:3].tolist() == [-1.0, 0.0, 1.0]
    assert np.isnan(found[3])


finite = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
rows = st.lists(st.one_of(finite, st.just(NAN)), min_size=1, max_size=15)


@scored
@given(row=rows, shift=st.integers(-1000, 1000), scale=st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_unit_and_the_level_of_a_factor_do_not_matter(method, row, shift, scale):
    found = standardize(row, method=method)
    moved = standardize([scale * x + shift for x in row], method=method)
    np.testing.assert_allclose(moved, found, rtol=1e-6, atol=1e-6)


@scored
@pytest.mark.parametrize("power", [-1000, -300, 300, 990])
def test_no_unit_is_too_small_or_too_large(method, power):
    row = panel().iloc[0].to_numpy()
    expected = standardize(row, method=method)
    found = standardize(np.ldexp(row, power), method=method)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@methods
@given(row=rows, seed=st.integers(0, 99))
def test_the_order_of_the_assets_does_not_matter(method, row, seed):
    order = np.random.default_rng(seed).permutation(len(row))
    found = standardize([row[i] for i in order], method=method)
    np.testing.assert_allclose(found, standardize(row, method=method)[order], rtol=1e-9, atol=1e-9)


@methods
@given(row=rows, seed=st.integers(0, 99))
def test_missing_assets_are_as_if_they_were_not_there(method, row, seed):
    known = [x for x in row if x == x]
    found = standardize(row, method=method)
    assert np.isnan(found).tolist() == [x != x for x in row]
    if known:
        alone = standardize(known, method=method)
        np.testing.assert_allclose(found[~np.isnan(found)], alone, rtol=1e-9, atol=1e-9)


@given(row=rows)
def test_a_monotone_map_leaves_ranks_alone(row):
    for method in ("rank", "normal"):
        mapped = standardize([x**3 for x in row], method=method)
        np.testing.assert_array_equal(mapped, standardize(row, method=method))


@given(row=rows, share=st.floats(0.01, 0.49))
def test_drawing_in_twice_changes_nothing(row, share):
    for limit in ({"winsorize": share}, {"mad_limit": 1.5 + share}):
        once = standardize(row, method="none", **limit)
        np.testing.assert_array_equal(standardize(once, method="none", **limit), once)


@given(row=rows)
def test_zscores_have_mean_zero_and_deviation_one_or_are_all_zero(row):
    found = standardize(row)
    known = found[~np.isnan(found)]
    if len(known) and known.any():
        assert known.mean() == pytest.approx(0.0, abs=1e-9)
        assert known.std(ddof=1) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: standardize([1.0], method="z"), ParameterError, "`method` must be one of"),
        (lambda: standardize([1.0], winsorize=5), ParameterError, "Pass 0.01 for 1 %"),
        (lambda: standardize([1.0], mad_limit=1), ParameterError, "3 to 5 are usual"),
        (lambda: standardize([1.0], winsorize=0.1, mad_limit=3), ParameterError, "not both"),
        (lambda: standardize({"A": 1.0}, groups={"B": "x"}), LabelError, "lacks"),
        (lambda: standardize({"A": 1.0}, groups={"A": "x", "B": "x"}), LabelError, "too many"),
        (lambda: standardize([1.0, 2.0], groups=["x"]), ShapeError, "2 labels"),
        (lambda: standardize(panel()["S0"]), ShapeError, "a single asset"),
        (lambda: standardize(panel().stack()), ShapeError, "unstack"),
        (lambda: standardize([1.0], exposures={}), DataError, "not empty"),
        (lambda: standardize([1.0], exposures={"s": {"A": 1.0}}), LabelError, "lacks"),
        (lambda: standardize([1.0], exposures={"s": np.ones((2, 3))}), ShapeError, "the shape"),
        (
            lambda: standardize(panel(), exposures={"s": panel()[NAMES[::-1]]}),
            LabelError,
            "in its order",
        ),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
