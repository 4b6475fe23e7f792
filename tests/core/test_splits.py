import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError
from nautilus.core.splits import (
    combinatorial_paths,
    combinatorial_purged_splits,
    purged_splits,
    walk_forward_splits,
)

options = st.fixed_dictionaries({"purge": st.integers(0, 6), "embargo": st.integers(0, 6)})


@given(st.integers(12, 80), st.integers(2, 6), options)
def test_no_training_row_is_within_purge_or_embargo_of_a_test_row(n, folds, given_options):
    purge, embargo = given_options["purge"], given_options["embargo"]
    for train, test in purged_splits(n, folds=folds, **given_options):
        ahead = test[:, None] - train  # > 0: the training row is before the test row
        assert not ((ahead >= 0) & (ahead <= purge)).any()
        assert not ((ahead <= 0) & (-ahead <= purge + embargo)).any()


@given(st.integers(12, 80), st.integers(2, 6), options)
def test_nothing_else_is_left_out(n, folds, given_options):
    purge, embargo = given_options["purge"], given_options["embargo"]
    for train, test in purged_splits(n, folds=folds, **given_options):
        closed = range(test[0] - purge, test[-1] + purge + embargo + 1)
        assert train.tolist() == [row for row in range(n) if row not in closed]


@given(st.integers(5, 60), st.integers(2, 5))
def test_folds_cover_every_row_once(n, folds):
    tested = np.concatenate([test for _, test in purged_splits(n, folds=folds)])
    assert tested.tolist() == list(range(n))


def test_labels_of_different_reach_are_purged_by_their_ends():
    ends = np.array([0, 4, 2, 3, 4, 5])
    found = [train.tolist() for train, _ in purged_splits(6, folds=3, label_ends=ends)]
    # Row 1 is known at row 4: it reaches into both later folds, and they start inside it.
    assert found == [[5], [0, 4, 5], [0, 2, 3]]


def test_every_choice_of_folds_is_tested_and_purged():
    found = list(combinatorial_purged_splits(30, folds=6, test_folds=2, purge=1, embargo=1))
    assert len(found) == math.comb(6, 2)
    assert [test[0] for _, test in found[:5]] == [0] * 5
    for train, test in found:
        gaps = test[:, None] - train
        assert not ((gaps <= 1) & (gaps >= -2)).any()


@pytest.mark.parametrize("folds, test_folds", [(6, 2), (5, 1), (6, 3), (3, 2)])
def test_paths_use_each_test_once_and_cover_the_whole_history(folds, test_folds):
    paths = combinatorial_paths(folds, test_folds)
    assert paths.shape == (math.comb(folds - 1, test_folds - 1), folds)
    splits = list(combinatorial_purged_splits(folds, folds=folds, test_folds=test_folds))
    used = [(paths[p, fold], fold) for p in range(len(paths)) for fold in range(folds)]
    assert len(set(used)) == len(used) == len(splits) * test_folds
    assert all(fold in splits[split].test for split, fold in used)


@given(st.integers(3, 60), st.integers(1, 8), st.integers(0, 4), st.booleans())
def test_walking_forward_never_trains_on_what_is_not_known(train, test, gap, expanding):
    found = list(walk_forward_splits(100, train=train, test=test, gap=gap, expanding=expanding))
    assert all(rows.train[-1] + gap < rows.test[0] for rows in found)
    assert all(len(rows.test) == test for rows in found)
    assert all((rows.train[0] == 0) or not expanding for rows in found)
    tested = np.concatenate([rows.test for rows in found])
    assert tested.tolist() == list(range(train + gap, train + gap + len(tested)))
    assert 100 - tested[-1] - 1 < test


def test_a_step_of_its_own():
    found = walk_forward_splits(10, train=4, test=2, step=1)
    assert [rows.test.tolist() for rows in found] == [[4, 5], [5, 6], [6, 7], [7, 8], [8, 9]]


def test_wrong_options_raise_at_the_call():
    with pytest.raises(ParameterError, match=r"`train` \+ `gap` \+ `test` must be at most `n` = 5"):
        walk_forward_splits(5, train=4, test=2)
    with pytest.raises(ParameterError, match="`folds` must be at most `n` = 3, got 5"):
        purged_splits(3)
    with pytest.raises(ParameterError, match="`test_folds` must be below `folds` = 3, got 3"):
        combinatorial_purged_splits(10, folds=3, test_folds=3)
    with pytest.raises(ParameterError, match="Pass either `purge` or `label_ends`, not both"):
        purged_splits(10, purge=1, label_ends=np.arange(10))
    with pytest.raises(ParameterError, match="`label_ends` must be 10 row numbers"):
        purged_splits(10, label_ends=np.zeros(10, dtype=int))
