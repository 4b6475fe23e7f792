"""Feature importance: against sklearn and scipy, its error rate under chance, and its laws."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_selection import mutual_info_regression

from nautilus.core.errors import (
    DataError,
    LabelError,
    NotEnoughDataError,
    OverlapError,
    ParameterError,
    ShapeError,
)
from nautilus.core.results import unexplained
from nautilus.ml import feature_importance
from nautilus.ml.dependence import block_permutations
from nautilus.ml.importance import UNITS

NAN = float("nan")
methods = pytest.mark.parametrize("method", UNITS)
DAYS = pd.bdate_range("2022-01-03", periods=500)


def data(seed=0, n=200, width=4):
    """The target is made of columns 0 (linear) and 1 (even) and of noise."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, width))
    return x, 0.8 * x[:, 0] + x[:, 1] ** 2 + 0.3 * rng.standard_normal(n)


def by_feature(found, field="raw_score"):
    return {one.feature: getattr(one, field) for one in found.feature_importance}


def alone(x, y, **options):
    (one,) = feature_importance(x[:, None], y, **options).feature_importance
    return one


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("digits", [12, 1])
def test_mutual_information_is_that_of_sklearn(seed, digits):
    x, y = data(seed, n=400)
    x, y = x.round(digits), y.round(digits)
    found = by_feature(feature_importance(x, y, n_permutations=19, seed=seed))
    for j in range(x.shape[1]):
        (expected,) = mutual_info_regression(x[:, [j]], y, random_state=seed)
        assert found[str(j)] == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("correlation", [0.5, 0.9])
def test_mutual_information_of_normals_is_known(correlation):
    rng = np.random.default_rng(3)
    x, noise = rng.standard_normal((2, 4000))
    y = correlation * x + math.sqrt(1.0 - correlation**2) * noise
    found = alone(x, y, n_permutations=19).raw_score
    assert found == pytest.approx(-0.5 * math.log(1.0 - correlation**2), abs=0.03)


@methods
def test_correlation_is_that_of_scipy(method):
    x, y = data()
    x = x.round(1)
    found = feature_importance(x, y, method=method, n_permutations=19)
    for name, value in by_feature(found, "correlation_to_target").items():
        assert value == pytest.approx(scipy.stats.spearmanr(x[:, int(name)], y)[0], rel=1e-12)
    if method == "correlation":
        signed = by_feature(found, "correlation_to_target")
        assert by_feature(found) == pytest.approx({k: abs(v) for k, v in signed.items()})


def test_p_value_and_noise_floor_by_hand():
    x, y = data(n=40)
    one = alone(x[:, 0], y, method="correlation", n_permutations=39, seed=5)
    rng = np.random.default_rng(5)
    chance = []
    for _ in range(39):
        rng.integers(1)  # the start of the blocks
        chance.append(abs(scipy.stats.spearmanr(x[:, 0], y[rng.permutation(40)])[0]))
    assert one.noise_floor == pytest.approx(sorted(chance)[37], rel=1e-12)
    assert one.p_value == (1 + sum(c >= one.raw_score - 1e-12 for c in chance)) / 40


def above(seeds, make, **options):
    """How often a feature that has nothing to do with the target is above its noise floor."""
    options = {"n_permutations": 19} | options
    return sum(alone(*make(np.random.default_rng(s)), **options).above_noise for s in range(seeds))


def independent(rng):
    return rng.standard_t(3, 60), rng.standard_normal(60)


@pytest.mark.parametrize(("method", "seeds"), [("correlation", 400), ("mutual_information", 200)])
def test_chance_exceeds_the_noise_floor_in_five_per_cent_of_cases(method, seeds):
    count = above(seeds, independent, method=method)
    assert scipy.stats.binomtest(count, seeds, 0.05).pvalue > 1e-3


def test_chance_exceeds_the_noise_floor_of_a_model_in_five_per_cent_of_cases():
    def make(rng):
        return rng.standard_normal(110), rng.standard_normal(110)

    count = above(60, make, method="permutation")
    assert scipy.stats.binomtest(count, 60, 0.05, alternative="greater").pvalue > 1e-3


def slow_and_overlapping(rng, n=252, horizon=5, persistence=0.95):
    """A slow feature, and the sums of the next five of independent numbers."""
    y = np.convolve(rng.standard_normal(n + horizon - 1), np.ones(horizon), "valid")
    shocks = rng.standard_normal(n)
    x = [shocks[0] / math.sqrt(1.0 - persistence**2)]
    for shock in shocks[1:]:
        x.append(persistence * x[-1] + shock)
    return np.array(x), y


def test_overlapping_targets_fool_single_rows_and_not_blocks():
    options = {"method": "correlation", "horizon": 5}
    rows = above(200, slow_and_overlapping, block_length=1, **options)
    blocks = above(200, slow_and_overlapping, **options)
    assert scipy.stats.binomtest(rows, 200, 0.2, alternative="less").pvalue > 1e-3
    assert scipy.stats.binomtest(blocks, 200, 0.08, alternative="greater").pvalue > 1e-3
    assert rows > 3 * blocks


def test_an_even_relation_has_information_and_no_correlation():
    x, y = data(n=300)
    information = feature_importance(x, y)
    assert {one.feature for one in information.feature_importance[:2]} == {"0", "1"}
    assert all(one.above_noise for one in information.feature_importance[:2])
    correlation = by_feature(feature_importance(x, y, method="correlation"), "above_noise")
    assert correlation["0"]
    assert not correlation["1"]


def test_a_model_finds_what_it_relies_on():
    x, y = data(n=400)
    found = feature_importance(x, y, method="permutation")
    assert {one.feature for one in found.feature_importance if one.above_noise} == {"0", "1"}
    assert found.held_out_r_squared > 0.7
    assert found.n_test == 120


@methods
def test_scores_are_shares_and_groups_their_sums(method):
    x, y = data(n=150)
    groups = {"0": "a", "1": "b", "2": "b", "3": "c"}
    found = feature_importance(x, y, method=method, groups=groups, n_permutations=19)
    scores = by_feature(found, "importance_score")
    assert sum(scores.values()) == pytest.approx(1.0)
    assert all(score >= 0.0 for score in scores.values())
    assert found.feature_groups == pytest.approx(
        {"a": scores["0"], "b": scores["1"] + scores["2"], "c": scores["3"]}
    )
    ranks = [one.rank for one in found.feature_importance]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    assert found.unit == UNITS[method]


@methods
@given(seed=st.integers(0, 50))
def test_the_order_of_the_features_does_not_matter(method, seed):
    x, y = data(n=110)
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(x, columns=names)
    turned = frame[np.random.default_rng(seed).permutation(names)]
    options = {"method": method, "n_permutations": 19}
    expected, found = (feature_importance(f, y, **options) for f in (frame, turned))
    for field in ("raw_score", "noise_floor", "importance_score"):
        expectation = pytest.approx(by_feature(expected, field), rel=1e-9, abs=1e-12)
        assert by_feature(found, field) == expectation
    assert by_feature(found, "p_value") == by_feature(expected, "p_value")


@methods
@given(scale=st.sampled_from([1e-250, 1e-6, 0.125, 3.0, 4096.0, 1e200]))
def test_the_unit_of_a_feature_does_not_matter(method, scale):
    x, y = data(n=110)
    options = {"method": method, "n_permutations": 19}
    expected = by_feature(feature_importance(x, y, **options))
    found = by_feature(feature_importance(x * [scale, 1.0, 1.0, 1.0], y, **options))
    assert sorted(found, key=found.get) == sorted(expected, key=expected.get)
    assert found == pytest.approx(expected, abs=1e-6)


@given(n=st.integers(4, 60), length=st.integers(1, 15), seed=st.integers(0, 99))
def test_blocks_stay_together(n, length, seed):
    for order in block_permutations(n, 3, length, seed):
        assert sorted(order.tolist()) == list(range(n))
        together = sum((b - a) % n == 1 for a, b in pairwise(order))
        assert together >= n - 1 - math.ceil(n / length)


@methods
def test_a_constant_feature_scores_nothing_and_says_why(method):
    x, y = data(n=150)
    x[:, 2], x[:, 3] = 0.1 + 0.2, NAN
    found = feature_importance(x, y, method=method, n_permutations=19)
    constant, empty = found.feature_importance[-2:]
    assert (constant.feature, empty.feature) == ("2", "3")
    assert constant.importance_score == constant.raw_score == 0.0
    assert constant.reasons[0].code == "CONSTANT"
    assert math.isnan(empty.importance_score)
    assert (empty.rank, empty.reasons[0].code) == (None, "NO_VALUES")
    assert unexplained(found) == ()
    scores = [one.importance_score for one in found.feature_importance[:3]]
    assert sum(scores) == pytest.approx(1.0)
    assert by_feature(found) | {"2": 0, "3": 0} == {
        **by_feature(feature_importance(x[:, :2], y, method=method, n_permutations=19)),
        "2": 0,
        "3": 0,
    }


def test_nothing_but_constants_finds_nothing():
    found = feature_importance(np.ones((60, 2)), np.arange(60.0))
    assert [r.code for r in found.reasons] == ["NOTHING_FOUND"]
    assert [one.importance_score for one in found.feature_importance] == [0.0, 0.0]
    assert unexplained(found) == ()


@methods
def test_rows_with_a_missing_value_are_left_out(method):
    x, y = data(n=160)
    holes = x.copy()
    holes[3, 1], holes[5, 0] = NAN, float("inf")
    y_holes = y.copy()
    y_holes[-1] = NAN  # the future of the last row is not known
    keep = np.setdiff1d(np.arange(160), [3, 5, 159])
    options = {"method": method, "n_permutations": 19}
    found = feature_importance(holes, y_holes, **options)
    assert found.n_used == 157
    assert repr(found.to_dict()) == repr(feature_importance(x[keep], y[keep], **options).to_dict())


def test_the_rows_between_training_and_test_are_not_seen():
    x, y = data(n=200)
    spoiled = x.copy()
    spoiled[135:140] = 1e6  # 60 rows to test, 5 before them whose target reaches into the test
    options = {"method": "permutation", "horizon": 5, "n_permutations": 19}
    expected, found = (feature_importance(f, y, **options) for f in (x, spoiled))
    for field in ("raw_score", "noise_floor", "p_value"):
        assert by_feature(found, field) == by_feature(expected, field)
    assert found.held_out_r_squared == expected.held_out_r_squared
    spoiled[134] = 1e6
    assert by_feature(feature_importance(spoiled, y, **options)) != by_feature(expected)


def test_a_model_without_skill_says_so():
    rng = np.random.default_rng(0)
    found = feature_importance(
        rng.standard_normal((150, 3)), rng.standard_normal(150), method="permutation"
    )
    assert found.held_out_r_squared < 0.0
    assert "NO_SKILL" in [r.code for r in found.reasons]


def pool(n=120, assets=5, seed=4):
    """Two features of several assets; the first tells of the target, days have a common shock."""
    rng = np.random.default_rng(seed)
    a, b, noise = rng.standard_normal((3, n, assets))
    day = rng.standard_normal((n, 1))
    return {"a": a, "b": b + day}, 0.7 * a + 0.5 * noise


@methods
def test_pooled_assets_are_all_their_rows_by_time(method):
    features, target = pool()
    flat = np.column_stack([features["a"].reshape(-1), features["b"].reshape(-1)])
    options = {"method": method, "n_permutations": 19}
    found = feature_importance(features, target, **options)
    assert (found.n_used, found.n_assets) == (600, 5)
    scores = by_feature(found)
    assert scores["a"] > scores["b"]
    assert by_feature(found, "above_noise")["a"]
    if method != "permutation":
        alone = by_feature(feature_importance(flat, target.reshape(-1), **options))
        assert list(scores.values()) == pytest.approx(list(alone.values()), abs=1e-12)
    else:
        assert found.n_test == 36 * 5


@methods
def test_pooled_frames_are_joined_by_asset_and_time(method):
    features, target = pool()
    names = list("VWXYZ")
    frames = {k: pd.DataFrame(v, DAYS[:120], names) for k, v in features.items()}
    turned = pd.DataFrame(target, DAYS[:120], names)[names[::-1]].iloc[4:]
    turned.iloc[7, 2] = NAN
    options = {"method": method, "n_permutations": 19}
    keep = np.setdiff1d(np.arange(120), [0, 1, 2, 3, 11])
    kept = {k: v[keep] for k, v in features.items()}
    expected = feature_importance(kept, target[keep], **options)
    assert feature_importance(frames, turned, **options) == expected


def shocks_of_the_day(rng):
    x, y = rng.standard_normal((2, 60, 1))
    return x, y


def levels_of_the_asset(rng):
    x, y = rng.standard_normal((2, 1, 8))
    return x, y


@pytest.mark.parametrize("make", [shocks_of_the_day, levels_of_the_asset])
def test_what_rows_share_fools_rows_and_not_times_and_assets(make):
    options = {"method": "correlation", "n_permutations": 19}
    pooled = rows = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        shared, own = make(rng), 0.3 * rng.standard_normal((2, 60, 8))
        x, y = shared[0] + own[0], shared[1] + own[1]
        (whole,) = feature_importance({"x": x}, y, **options).feature_importance
        pooled += whole.above_noise
        rows += alone(x.reshape(-1), y.reshape(-1), **options).above_noise
    assert scipy.stats.binomtest(pooled, 120, 0.05).pvalue > 1e-3
    assert rows > 5 * pooled


def test_a_lasting_difference_between_assets_is_found():
    rng = np.random.default_rng(0)
    level = np.linspace(-1.0, 1.0, 8)
    x, y = level + 0.3 * rng.standard_normal((2, 60, 8))
    (one,) = feature_importance({"x": x}, y, method="correlation").feature_importance
    assert one.p_value == 0.01


@methods
def test_every_kind_gives_the_same(method):
    x, y = data(n=130)
    options = {"method": method, "n_permutations": 19}
    names = ["0", "1", "2", "3"]
    expected = feature_importance(x, y, **options)
    frame = pd.DataFrame(x, DAYS[:130], names)
    days = pl.Series("day", DAYS[:130].to_numpy()).cast(pl.Date)
    table = pl.DataFrame({"day": days, **{n: x[:, i] for i, n in enumerate(names)}})
    assert feature_importance(frame, pd.Series(y, DAYS[:130]), **options) == expected
    assert feature_importance(table, pl.DataFrame({"day": days, "y": y}), **options) == expected
    assert feature_importance(x.tolist(), y.tolist(), **options) == expected


def test_features_and_target_are_joined_on_time():
    x, y = data(n=130)
    frame, target = pd.DataFrame(x, DAYS[:130]), pd.Series(y, DAYS[:130])
    found = feature_importance(frame, target.iloc[10:], n_permutations=19)
    assert found == feature_importance(x[10:], y[10:], n_permutations=19)


def test_the_table_has_a_row_for_each_feature():
    x, y = data(n=60)
    table = feature_importance(x, y, n_permutations=19).to_frame()
    assert table.index.name == "feature"
    assert table["rank"].is_monotonic_increasing
    assert len(table) == 4


X, Y = data(n=60)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: feature_importance(X, Y, method="shap"), ParameterError, "`method` must be one"),
        (lambda: feature_importance(X, Y, horizon=0), ParameterError, "`horizon` must be"),
        (lambda: feature_importance(X, Y, n_permutations=9), ParameterError, "at least 19"),
        (lambda: feature_importance(X, Y, confidence=95), ParameterError, "Pass 0.95"),
        (lambda: feature_importance(X, Y, block_length=30), ParameterError, "a quarter"),
        (lambda: feature_importance(X, Y, test_share=30), ParameterError, "Pass 0.3"),
        (lambda: feature_importance(X, Y, groups={"0": "a"}), LabelError, "lacks"),
        (lambda: feature_importance(X[:20], Y[:20]), NotEnoughDataError, "30 times"),
        (lambda: feature_importance(X, Y, method="permutation"), NotEnoughDataError, "to test on"),
        (lambda: feature_importance(X, X), ShapeError, "`target` must be one series"),
        (lambda: feature_importance(X, Y, seed=-1), ParameterError, "`seed` must be"),
        (lambda: feature_importance({}, X), DataError, "at least one feature"),
        (lambda: feature_importance({"a": X}, X[:, :2]), ShapeError, "the 4 assets"),
        (lambda: feature_importance({"a": X, "b": X[:, :2]}, X), ShapeError, "4 columns"),
        (
            lambda: feature_importance(
                {"a": pd.DataFrame(X, DAYS[:60], list("abcd"))},
                pd.DataFrame(X, DAYS[:60], list("abce")),
            ),
            LabelError,
            "lacks d",
        ),
        (lambda: feature_importance(X, 0.0 * Y + 0.3), DataError, "`target` must not be constant"),
        (
            lambda: feature_importance(
                pd.DataFrame(X, DAYS[:60]), pd.Series(Y, DAYS[40:100]), n_permutations=19
            ),
            OverlapError,
            "of the first's times",
        ),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
