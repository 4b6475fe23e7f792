"""Which features tell something of a target, and which no more than chance would."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_probability, check_window
from nautilus.core.errors import DataError, LabelError, NotEnoughDataError, ParameterError
from nautilus.core.frames import aligned
from nautilus.core.results import Reason
from nautilus.ml.dependence import (
    Dependence,
    absolute_correlations,
    block_permutations,
    held_out_losses,
    mutual_informations,
    rank_correlation,
)
from nautilus.ml.feature_scores import FeatureImportance, FeatureScore

__all__ = ["UNITS", "feature_importance"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
NAN = float("nan")
LEAST_ROWS = 30
BLOCKS_OF_HORIZON = 4
UNITS = {
    "mutual_information": "nats",
    "correlation": "absolute Spearman correlation",
    "permutation": "held-out R squared",
}


def feature_importance(
    features: Any,
    target: Any,
    *,
    method: str = "mutual_information",
    horizon: int = 1,
    block_length: int | None = None,
    n_permutations: int = 99,
    confidence: float = 0.95,
    groups: Mapping[str, str] | None = None,
    test_share: float = 0.3,
    min_overlap: float = 0.9,
    seed: int = 0,
) -> FeatureImportance:
    """How much each feature tells of a target, beside what chance alone would give.

    - ``mutual_information``: of feature and target, in nats, from 3 nearest neighbours (0 for
      independent ones). The same number as `mutual_info_regression` of sklearn with
      ``random_state=seed``, one column at a time.
    - ``correlation``: absolute value of Spearman's.
    - ``permutation``: R squared that a model of the earlier rows loses over the last rows when the
      feature is shuffled there; training ends `horizon` rows before the test begins.

    The noise floor is the quantile at `confidence` of the same score with blocks of the target in
    another order (for ``permutation``: of the feature, over the test rows). Rows of a target that
    looks more than one period ahead overlap, so that blocks of 4 horizons stay together: with 5
    days and a feature of autocorrelation 0.95, single rows call a third of independent features
    important.

    Parameters
    ----------
    features : frame or array (time, feature)
        Known at each time.
    target : series (time,)
        Such as the return of the `horizon` periods that follow. Joined on time.
    method : {"mutual_information", "correlation", "permutation"}
    horizon : int
        Periods that the target looks ahead.
    block_length : int, optional
        Rows that stay together; by default 1 for `horizon` 1, else 4 `horizon`. For rows that are
        pooled over S assets, sorted by time, S times as much.
    n_permutations : int
    confidence : float
        Of the noise floor; (n_permutations + 1) (1 - confidence) must be at least 1.
    groups : mapping of feature -> str, optional
        Sums of scores by group are given then.
    test_share : float
        Share of the last rows to test on, for ``permutation``.
    min_overlap : float
        Share of the times of `features` that `target` must have.
    seed : int

    Returns
    -------
    FeatureImportance
        Rows with a missing or infinite value in any feature or the target are left out. A feature
        that is constant over them scores 0, one without any value NaN, each with a reason.

    Raises
    ------
    NotEnoughDataError
        Fewer than 30 rows, or test rows.
    ParameterError, LabelError, DataError, OverlapError, ShapeError, TimeIndexError

    References
    ----------
    Kraskov, Stoegbauer and Grassberger (2004), Physical Review E 69, 066138; Ross (2014), PLoS ONE
    9(2); Phipson and Smyth (2010), Permutation p-values should never be zero, Statistical
    Applications in Genetics and Molecular Biology 9(1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.standard_normal((300, 2))
    >>> found = feature_importance(values, np.abs(values[:, 1]), method="mutual_information")
    >>> [(one.feature, one.rank, one.above_noise) for one in found.feature_importance]
    [('1', 1, True), ('0', 2, False)]
    """
    check_choice(method, "method", UNITS)
    ahead, count = check_window(horizon, "horizon"), check_window(n_permutations, "n_permutations")
    level = _level(check_probability(confidence, "confidence"), count)
    values, truth, names = _joined(features, target, min_overlap)
    named = _groups(groups, names)
    present = np.asarray(np.isfinite(values).any(axis=0))
    rows, known = _complete(values, truth, present, names)
    varying = present & _varies(rows)
    length = _block_length(block_length, ahead, len(rows))
    tested = math.floor(check_probability(test_share, "test_share") * len(rows))
    found = _dependence(
        method, rows[:, varying], known, length=length, count=count, ahead=ahead, test=tested,
        seed=seed,
    )  # fmt: skip
    scores = _scores(found, level, rank_correlation(rows[:, varying], known))
    listed = _listed(names, present, varying, scores)
    return FeatureImportance(
        method=method, unit=UNITS[method], n_used=len(rows),
        n_test=tested if method == "permutation" else None, horizon=ahead, block_length=length,
        n_permutations=count, seed=seed, confidence=float(confidence),
        held_out_r_squared=found.held_out, feature_importance=listed,
        feature_groups=None if named is None else _group_sums(listed, named),
        reasons=_caveats(listed, found.held_out),
    )  # fmt: skip


def _level(confidence: float, count: int) -> int:
    """Which of the sorted shuffles is the noise floor, from 0: exact for exchangeable ones."""
    if (count + 1) * (1.0 - confidence) < 1.0 - 1e-9:
        needed = math.ceil(1.0 / (1.0 - confidence) - 1e-9) - 1
        raise ParameterError(
            f"`n_permutations` must be at least {needed} for a confidence of {confidence:g},"
            f" got {count}.",
            field="n_permutations",
        )
    return math.ceil((count + 1) * confidence - 1e-9) - 1


def _joined(features: Any, target: Any, min_overlap: float) -> tuple[Floats, Floats, list[str]]:
    values, other, like = aligned(
        features, target, names=("features", "target"), min_overlap=min_overlap
    )
    if other.shape[1] != 1:
        raise DataError(
            f"`target` must be one series, got {other.shape[1]} columns.", field="target"
        )
    return values, other[:, 0], [str(name) for name in like.columns]


def _complete(
    values: Floats, target: Floats, present: Flags, names: list[str]
) -> tuple[Floats, Floats]:
    """Rows with a value of each feature that has any, and of the target."""
    there = np.isfinite(values[:, present]).all(axis=1) & np.isfinite(target)
    if there.sum() < LEAST_ROWS:
        counts = {n: int(c) for n, c in zip(names, np.isfinite(values).sum(axis=0), strict=True)}
        fewest = min(counts, key=lambda name: counts[name], default="target")
        raise NotEnoughDataError(
            f"`features` and `target` must share {LEAST_ROWS} rows without a missing value, got"
            f" {int(there.sum())}; {fewest!r} has {counts.get(fewest, 0)} values.",
            field="features",
        )
    known = target[there]
    if not _varies(known[:, None])[0]:
        raise DataError("`target` must not be constant: nothing can tell of it.", field="target")
    return values[there], known


def _varies(rows: Floats) -> Flags:
    """Columns whose values differ by more than rounding."""
    known = np.where(np.isfinite(rows), rows, 0.0)
    size = np.abs(known).max(axis=0, initial=0.0)
    varies: Flags = np.ptp(known, axis=0) > 8.0 * np.finfo(np.float64).eps * size
    return varies


def _block_length(given: int | None, horizon: int, n: int) -> int:
    if given is None:
        return 1 if horizon == 1 else min(BLOCKS_OF_HORIZON * horizon, n // 4)
    length = check_window(given, "block_length")
    if length > n // 4:
        raise ParameterError(
            f"`block_length` must be at most a quarter of the {n} rows, got {length}.",
            field="block_length",
        )
    return length


def _dependence(
    method: str,
    rows: Floats,
    target: Floats,
    *,
    length: int,
    count: int,
    ahead: int,
    test: int,
    seed: int,
) -> Dependence:
    if not rows.shape[1]:
        return Dependence(np.empty(0), np.empty((0, count)))
    if method == "permutation":
        if min(test, len(target) - test - ahead) < LEAST_ROWS:
            raise NotEnoughDataError(
                f"`features` must leave {LEAST_ROWS} rows each to train and to test on, got"
                f" {len(target) - test - ahead} and {test}.",
                field="features",
            )
        blocks = min(length, test // 4)
        return held_out_losses(
            rows, target, test=test, gap=ahead, shuffles=(count, blocks), seed=seed
        )
    orders = block_permutations(len(target), count, length, seed)
    score = mutual_informations if method == "mutual_information" else absolute_correlations
    return score(rows, target, orders, seed)


def _scores(found: Dependence, level: int, correlations: Floats) -> list[dict[str, float]]:
    positive = np.maximum(found.raw, 0.0)
    total = positive.sum()
    shares = positive / total if total > 0.0 else positive
    reached = (found.chance >= found.raw[:, None]).sum(axis=1)
    p_values = (1.0 + reached) / (1.0 + found.chance.shape[1])
    floors = np.sort(found.chance, axis=1)[:, level]
    table = {
        "importance_score": shares, "raw_score": found.raw, "p_value": p_values,
        "noise_floor": floors, "correlation_to_target": correlations,
    }  # fmt: skip
    return [{k: float(v[i]) for k, v in table.items()} for i in range(len(shares))]


def _listed(
    names: list[str],
    present: Flags,
    varying: Flags,
    scores: list[dict[str, float]],
) -> tuple[FeatureScore, ...]:
    """In the order of the ranks, and of the columns where they are equal."""
    left = iter(scores)
    values = [
        next(left) if v else _no_score(p) for v, p in zip(varying, present, strict=True)
    ]  # fmt: skip
    raw = [one["raw_score"] for one in values]
    found = [
        FeatureScore(
            feature=name,
            rank=None if math.isnan(mine) else 1 + sum(other > mine for other in raw),
            reasons=() if v else (_why(name, p),),
            **one,
        )
        for name, one, mine, v, p in zip(names, values, raw, varying, present, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: one.rank or len(names) + 1))


def _no_score(present: bool) -> dict[str, float]:
    score = 0.0 if present else NAN
    unknown = dict.fromkeys(("p_value", "noise_floor", "correlation_to_target"), NAN)
    return {"importance_score": score, "raw_score": score, **unknown}


def _why(name: str, present: bool) -> Reason:
    fields = ("importance_score", "raw_score", "p_value", "noise_floor", "correlation_to_target")
    if present:
        return Reason("CONSTANT", fields, f"{name} is constant over the rows that were used.")
    return Reason("NO_VALUES", fields, f"{name} has no value at all.")


def _caveats(listed: tuple[FeatureScore, ...], held_out: float | None) -> tuple[Reason, ...]:
    found = []
    if not any(one.importance_score > 0.0 for one in listed):
        text = "no feature has a score above 0, so that the scores do not sum to 1."
        found.append(Reason("NOTHING_FOUND", ("feature_importance",), text))
    if held_out is not None and held_out <= 0.0:
        text = "the model predicts no better than the mean; what it relies on says little."
        found.append(Reason("NO_SKILL", ("held_out_r_squared",), text, have=held_out, need=0.0))
    return tuple(found)


def _groups(groups: Mapping[str, str] | None, names: list[str]) -> dict[str, str] | None:
    if groups is None:
        return None
    found = {str(name): str(group) for name, group in groups.items()}
    missing = [n for n in names if n not in found]
    extra = [n for n in found if n not in set(names)]
    if missing or extra:
        raise LabelError(
            f"`groups` must name the features: it lacks {missing[:5]} and has {extra[:5]} too"
            " many.",
            field="groups",
        )
    return found


def _group_sums(listed: tuple[FeatureScore, ...], groups: Mapping[str, str]) -> dict[str, float]:
    sums = dict.fromkeys(groups.values(), 0.0)
    for one in listed:
        if not math.isnan(one.importance_score):
            sums[groups[one.feature]] += one.importance_score
    return sums
