"""Splits of time into training and test rows that do not see each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_window
from nautilus.core.errors import ParameterError

__all__ = [
    "Split",
    "combinatorial_paths",
    "combinatorial_purged_splits",
    "purged_splits",
    "walk_forward_splits",
]

Rows = NDArray[np.intp]


class Split(NamedTuple):
    """Positions of the training and of the test rows, each ascending."""

    train: Rows
    test: Rows


def walk_forward_splits(
    n: int,
    *,
    train: int,
    test: int,
    step: int | None = None,
    gap: int = 0,
    expanding: bool = False,
) -> Iterator[Split]:
    """Train on the past, test on what follows, move on.

    Parameters
    ----------
    n : int
        Rows in all.
    train, test : int
        Rows of each; with `expanding`, `train` is the length of the first.
    step : int, optional
        Rows from one test to the next; `test` if left out, so that tests do not overlap.
    gap : int
        Rows left out between training and test: how far a label looks ahead.
    expanding : bool
        Every training set begins at row 0.

    Yields
    ------
    Split
        Tests are always `test` long; a shorter rest at the end is not tested.

    Raises
    ------
    ParameterError
        Not even one split fits in.

    Examples
    --------
    >>> for rows in walk_forward_splits(7, train=3, test=2, gap=0):
    ...     print(rows.train.tolist(), rows.test.tolist())
    [0, 1, 2] [3, 4]
    [2, 3, 4] [5, 6]
    """
    total, first = check_window(n, "n"), check_window(train, "train")
    length, blind = check_window(test, "test"), check_window(gap, "gap", 0)
    stride = length if step is None else check_window(step, "step")
    if first + blind + length > total:
        raise ParameterError(
            f"`train` + `gap` + `test` must be at most `n` = {total}, got"
            f" {first} + {blind} + {length}.",
            field="train",
        )
    # A generator of its own, so that wrong options raise at the call and not at the first split.
    return _walk(total, first, length, stride, blind, expanding)


def _walk(n: int, train: int, test: int, step: int, gap: int, expanding: bool) -> Iterator[Split]:
    for end in range(train, n - gap - test + 1, step):
        begin = 0 if expanding else end - train
        yield Split(np.arange(begin, end), np.arange(end + gap, end + gap + test))


def purged_splits(
    n: int, *, folds: int = 5, purge: int = 0, embargo: int = 0, label_ends: Any = None
) -> Iterator[Split]:
    """K folds in time, without the training rows whose labels overlap a test label.

    Parameters
    ----------
    n : int
        Rows in all.
    folds : int
        Contiguous test folds whose lengths differ by at most one.
    purge : int
        Rows that a label looks ahead: row i's label is known at row i + purge.
    embargo : int
        Further rows after each test that are not trained on, for slow features.
    label_ends : array (n,) of int, optional
        Row at which each label is known, where that differs; instead of `purge`.

    Yields
    ------
    Split
        Training rows on both sides of the test.

    Raises
    ------
    ParameterError

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, sections 7.4.1 and 7.4.2.

    Examples
    --------
    >>> for rows in purged_splits(6, folds=3, purge=1):
    ...     print(rows.train.tolist(), rows.test.tolist())
    [3, 4, 5] [0, 1]
    [0, 5] [2, 3]
    [0, 1, 2] [4, 5]
    """
    return _combined(n, folds, 1, purge, embargo, label_ends)


def combinatorial_purged_splits(
    n: int,
    *,
    folds: int = 6,
    test_folds: int = 2,
    purge: int = 0,
    embargo: int = 0,
    label_ends: Any = None,
) -> Iterator[Split]:
    """Every choice of `test_folds` out of `folds` as the test, purged as in `purged_splits`.

    Parameters
    ----------
    n : int
    folds, test_folds : int
    purge, embargo : int
        Rows a label looks ahead; further rows after each test fold.
    label_ends : array (n,) of int, optional
        Row at which each label is known; instead of `purge`.

    Yields
    ------
    Split
        In the order of `itertools.combinations`; `combinatorial_paths` joins the tests to whole
        histories.

    Raises
    ------
    ParameterError

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 12.4.

    Examples
    --------
    >>> [rows.test.tolist() for rows in combinatorial_purged_splits(3, folds=3, test_folds=2)]
    [[0, 1], [0, 2], [1, 2]]
    """
    return _combined(n, folds, test_folds, purge, embargo, label_ends)


def combinatorial_paths(folds: int, test_folds: int) -> Rows:
    """Which split tests each fold on each path through the whole history.

    Parameters
    ----------
    folds, test_folds : int
        As in `combinatorial_purged_splits`.

    Returns
    -------
    array (path, fold) of int
        Number of the split, in the order they are yielded; comb(folds - 1, test_folds - 1) paths.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 12.3.

    Examples
    --------
    >>> combinatorial_paths(3, 2).tolist()
    [[0, 0, 1], [1, 2, 2]]
    """
    total, tested = _fold_counts(folds, test_folds)
    splits = list(combinations(range(total), tested))
    paths = math.comb(total - 1, tested - 1)
    used = [[i for i, chosen in enumerate(splits) if fold in chosen] for fold in range(total)]
    return np.array(used, dtype=np.intp).T.reshape(paths, total)


def _combined(
    n: int, folds: int, test_folds: int, purge: int, embargo: int, label_ends: Any
) -> Iterator[Split]:
    total, (count, tested) = check_window(n, "n"), _fold_counts(folds, test_folds)
    if count > total:
        raise ParameterError(f"`folds` must be at most `n` = {total}, got {count}.", field="folds")
    ends = _label_ends(total, check_window(purge, "purge", 0), label_ends)
    return _without_overlap(total, count, tested, ends, check_window(embargo, "embargo", 0))


def _without_overlap(
    n: int, folds: int, test_folds: int, ends: Rows, embargo: int
) -> Iterator[Split]:
    rows = np.arange(n)
    parts = np.array_split(rows, folds)
    # Rows that may not be trained on when a fold is tested: labels reach into it, or it into them.
    closed = [
        (ends >= part[0]) & (rows <= ends[part[0] : part[-1] + 1].max() + embargo) for part in parts
    ]
    for chosen in combinations(range(folds), test_folds):
        blocked = np.any([closed[fold] for fold in chosen], axis=0)
        yield Split(rows[~blocked], np.concatenate([parts[fold] for fold in chosen]))


def _label_ends(n: int, purge: int, given: Any) -> Rows:
    if given is None:
        return np.arange(n) + purge
    if purge:
        raise ParameterError("Pass either `purge` or `label_ends`, not both.", field="purge")
    ends = np.asarray(given)
    if ends.shape != (n,) or ends.dtype.kind not in "iu" or bool((ends < np.arange(n)).any()):
        raise ParameterError(
            f"`label_ends` must be {n} row numbers, each at or after its own row.",
            field="label_ends",
        )
    return ends.astype(np.intp)


def _fold_counts(folds: int, test_folds: int) -> tuple[int, int]:
    count, tested = check_window(folds, "folds", 2), check_window(test_folds, "test_folds")
    if tested >= count:
        raise ParameterError(
            f"`test_folds` must be below `folds` = {count}, got {tested}.", field="test_folds"
        )
    return count, tested
