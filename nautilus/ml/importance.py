"""Which features tell something of a target, and which no more than chance would."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_probability, check_window
from nautilus.core.errors import LabelError, NotEnoughDataError, ParameterError
from nautilus.core.results import Reason
from nautilus.ml.dependence import (
    Dependence,
    absolute_correlations,
    block_permutations,
    each_asset,
    held_out_losses,
    mutual_informations,
    rank_correlation,
)
from nautilus.ml.feature_scores import FeatureImportance, FeatureScore
from nautilus.ml.observations import LEAST_TIMES, Observations, observations

__all__ = ["UNITS", "feature_importance"]

Floats = NDArray[np.float64]
NAN = float("nan")
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
      feature is shuffled there; training ends `horizon` times before the test begins.

    The noise floor is the quantile at `confidence` of the same score with blocks of the target in
    another order (for ``permutation``: of the feature, over the test rows). Rows of a target that
    looks more than one period ahead overlap, so that blocks of 4 horizons stay together: with 5
    days and a feature of autocorrelation 0.95, single rows call a third of independent features
    important.

    Parameters
    ----------
    features : frame or array (time, feature), or mapping of feature -> (time, asset)
        Known at each time. Of several assets all rows are pooled. When time is shuffled the rows of
        one time stay together, and the assets of the target take another order among themselves.
    target : series (time,), or (time, asset)
        Such as the return of the `horizon` periods that follow. Joined on time.
    method : {"mutual_information", "correlation", "permutation"}
    horizon : int
        Periods that the target looks ahead.
    block_length : int, optional
        Times that stay together; by default 1 for `horizon` 1, else 4 `horizon`.
    n_permutations : int
    confidence : float
        Of the noise floor; (n_permutations + 1) (1 - confidence) must be at least 1.
    groups : mapping of feature -> str, optional
        Sums of scores by group are given then.
    test_share : float
        Share of the last times to test on, for ``permutation``.
    min_overlap : float
        Share of the times of `features` that `target` must have.
    seed : int

    Returns
    -------
    FeatureImportance
        A time with a missing or infinite value in any feature or the target is left out. A feature
        that is constant over the rest scores 0, one without any value NaN, each with a reason.

    Raises
    ------
    NotEnoughDataError
        Fewer than 30 times, or times to train or to test on.
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
    start = _seed(seed)
    level = _level(check_probability(confidence, "confidence"), count)
    seen = observations(features, target, min_overlap=min_overlap)
    named = _groups(groups, seen.names)
    length = _block_length(block_length, ahead, seen.times)
    tested = math.floor(check_probability(test_share, "test_share") * seen.times)
    found = _dependence(
        method, seen, length=length, count=count, ahead=ahead, test=tested, seed=start
    )
    scores = _scores(found, level, rank_correlation(seen.rows[:, seen.varying], seen.target))
    listed = _listed(seen, scores)
    return FeatureImportance(
        method=method, unit=UNITS[method], n_used=len(seen.rows), n_assets=seen.assets,
        n_test=tested * seen.assets if method == "permutation" else None, horizon=ahead,
        block_length=length, n_permutations=count, seed=start, confidence=float(confidence),
        held_out_r_squared=found.held_out, feature_importance=listed,
        feature_groups=None if named is None else _group_sums(listed, named),
        reasons=_caveats(listed, found.held_out),
    )  # fmt: skip


def _seed(given: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 2**32:
        raise ParameterError(
            f"`seed` must be a whole number from 0 to 2**32 - 1, got {given!r}.", field="seed"
        )
    return given


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


def _block_length(given: int | None, horizon: int, n: int) -> int:
    if given is None:
        return 1 if horizon == 1 else min(BLOCKS_OF_HORIZON * horizon, n // 4)
    length = check_window(given, "block_length")
    if length > n // 4:
        raise ParameterError(
            f"`block_length` must be at most a quarter of the {n} times, got {length}.",
            field="block_length",
        )
    return length


def _dependence(
    method: str, seen: Observations, *, length: int, count: int, ahead: int, test: int, seed: int
) -> Dependence:
    rows = seen.rows[:, seen.varying]
    if not rows.shape[1]:
        return Dependence(np.empty(0), np.empty((0, count)))
    if method == "permutation":
        train = seen.times - test - ahead
        if min(test, train) < LEAST_TIMES:
            raise NotEnoughDataError(
                f"`features` must leave {LEAST_TIMES} times each to train and to test on, got"
                f" {train} and {test}.",
                field="features",
            )
        times = block_permutations(test, count, min(length, test // 4), seed)
        orders = each_asset(times, seen.assets, seed)
        gap = ahead * seen.assets
        return held_out_losses(rows, seen.target, orders=orders, gap=gap, seed=seed)
    times = block_permutations(seen.times, count, length, seed)
    score = mutual_informations if method == "mutual_information" else absolute_correlations
    return score(rows, seen.target, each_asset(times, seen.assets, seed), seed)


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


def _listed(seen: Observations, scores: list[dict[str, float]]) -> tuple[FeatureScore, ...]:
    """In the order of the ranks, and of the columns where they are equal."""
    left = iter(scores)
    flags = list(zip(seen.names, seen.present, seen.varying, strict=True))
    values = [next(left) if varies else _no_score(bool(has)) for _, has, varies in flags]
    raw = [one["raw_score"] for one in values]
    found = [
        FeatureScore(
            feature=name,
            rank=None if math.isnan(mine) else 1 + sum(other > mine for other in raw),
            reasons=() if varies else (_why(name, bool(has)),),
            **one,
        )
        for (name, has, varies), one, mine in zip(flags, values, raw, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: one.rank or len(raw) + 1))


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


def _groups(groups: Mapping[str, str] | None, names: tuple[str, ...]) -> dict[str, str] | None:
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
