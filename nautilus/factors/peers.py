"""A company's features against those of the other companies of its industry."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np

from nautilus.core.errors import DataError, LabelError
from nautilus.core.results import Reason
from nautilus.factors.feature_definitions import FUNDAMENTAL_FEATURES
from nautilus.factors.fundamentals import (
    RELATIVE,
    FundamentalFeatures,
    IndustryRanking,
)
from nautilus.factors.standardization import standardize

__all__ = ["industry_relative"]

NAN = float("nan")
Features = Mapping[str, FundamentalFeatures]


def industry_relative(
    features: Features, *, sectors: Mapping[str, str] | None = None
) -> dict[str, FundamentalFeatures]:
    """The same features with each company's place among those of its industry.

    - ``pe_relative_to_sector``: pe_ratio over the median pe_ratio of the other companies.
    - ``fundamental_score``: mean over the features of (rank - 1/2) / n, n the companies with that
      feature, at least two. Rank n is the best: the lowest of the valuation features, the highest
      of all others. Equal values share their mean rank, each feature weighs the same, and what a
      company lacks is left out (`features_scored` counts the rest).
    - ``industry_ranking``: rank by that score.

    Parameters
    ----------
    features : mapping of symbol -> FundamentalFeatures
        All of the same day.
    sectors : mapping of symbol -> str, optional
        By default all are one industry. A company without a sector has no peers.

    Returns
    -------
    dict of symbol -> FundamentalFeatures
        None, with the reason ``NO_PEERS``, where there are none; NaN, with its reason, where there
        are peers and no feature in common with them.

    Raises
    ------
    DataError
        Features of different times.
    LabelError
        A symbol that its features do not bear.

    References
    ----------
    Asness, Frazzini and Pedersen (2019), Quality minus junk, Review of Accounting Studies 24(1),
    for averaging ranks of many features.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.datetime(2024, 6, 30, tzinfo=dt.UTC)
    >>> three = {name: FundamentalFeatures(symbol=name, as_of=day, period_end=None,
    ...     feature_types=("profitability",), roe=roe)
    ...     for name, roe in {"A": 0.1, "B": 0.3, "C": 0.2}.items()}
    >>> found = industry_relative(three)
    >>> found["B"].industry_ranking.rank, round(found["B"].fundamental_score, 4)
    (1, 0.8333)
    """
    _check(features)
    found: dict[str, FundamentalFeatures] = {}
    for members in _industries(features, sectors):
        found |= (
            _ranked(members) if len(members) > 1 else {n: _alone(f) for n, f in members.items()}
        )
    return {name: found[name] for name in features}


def _check(features: Features) -> None:
    for name, one in features.items():
        if one.symbol != name:
            raise LabelError(
                f"`features` must have each company under its symbol, got {one.symbol!r} under"
                f" {name!r}.",
                field="features",
            )
    times = sorted({one.as_of for one in features.values()})
    if len(times) > 1:
        raise DataError(
            f"`features` must all be of one time, got {times[0]} and {times[-1]}.",
            field="features",
        )


def _industries(features: Features, sectors: Mapping[str, str] | None) -> list[Features]:
    if sectors is None:
        return [features]
    named: dict[Any, dict[str, FundamentalFeatures]] = {}
    for name, one in features.items():
        sector = sectors.get(name)
        # Without a sector each is an industry of its own.
        named.setdefault((sector,) if sector is not None else (None, name), {})[name] = one
    return list(named.values())


def _alone(one: FundamentalFeatures) -> FundamentalFeatures:
    reason = Reason("NO_PEERS", RELATIVE, "there are no other companies to compare it with.")
    return dataclasses.replace(
        one, pe_relative_to_sector=None, fundamental_score=None, features_scored=None,
        industry_ranking=None, reasons=(*_own_reasons(one), reason),
    )  # fmt: skip


def _own_reasons(one: FundamentalFeatures) -> tuple[Reason, ...]:
    return tuple(reason for reason in one.reasons if not set(reason.fields) & set(RELATIVE))


def _ranked(members: Features) -> dict[str, FundamentalFeatures]:
    scores, counts = _scores(members)
    known = {name: score for name, score in scores.items() if not math.isnan(score)}
    return {
        name: _placed(one, members, scores[name], counts[name], _ranking(name, known))
        for name, one in members.items()
    }


def _scores(members: Features) -> tuple[dict[str, float], dict[str, int]]:
    """Mean of the places by feature, and how many of them there are."""
    places = np.array([_places(members, name) for name in FUNDAMENTAL_FEATURES])
    counts = np.isfinite(places).sum(axis=0)
    sums = np.nansum(places, axis=0)
    means = np.divide(sums, counts, out=np.full(len(members), NAN), where=counts > 0)
    names = list(members)
    return (
        dict(zip(names, means.tolist(), strict=True)),
        dict(zip(names, counts.tolist(), strict=True)),
    )


def _places(members: Features, feature: str) -> Any:
    given = [getattr(one, feature) for one in members.values()]
    sign = 1.0 if FUNDAMENTAL_FEATURES[feature].higher_is_better else -1.0
    values = np.array([NAN if value is None else sign * value for value in given])
    if np.isfinite(values).sum() < 2:
        return np.full(len(values), NAN)
    return standardize(values, method="rank")


def _ranking(name: str, known: Mapping[str, float]) -> IndustryRanking | None:
    if name not in known:
        return None
    rank = 1 + sum(score > known[name] for score in known.values())
    total = len(known)
    return IndustryRanking(
        percentile=100.0 * (total - rank) / total, rank=rank, total_companies=total
    )


def _placed(
    one: FundamentalFeatures,
    members: Features,
    score: float,
    count: int,
    ranking: IndustryRanking | None,
) -> FundamentalFeatures:
    relative, reasons = _relative_price(one, members)
    if ranking is None:
        text = "it has no feature that another company of its industry has as well."
        reasons = (*reasons, Reason("NO_COMMON_FEATURE", RELATIVE[1:], text))
    return dataclasses.replace(
        one, pe_relative_to_sector=relative, fundamental_score=score, features_scored=count,
        industry_ranking=ranking, reasons=(*_own_reasons(one), *reasons),
    )  # fmt: skip


def _relative_price(
    one: FundamentalFeatures, members: Features
) -> tuple[float | None, tuple[Reason, ...]]:
    if one.pe_ratio is None:
        return None, ()
    others = [m.pe_ratio for m in members.values() if m is not one and m.pe_ratio is not None]
    known = [ratio for ratio in others if math.isfinite(ratio)]
    if known and math.isfinite(one.pe_ratio):
        return one.pe_ratio / statistics.median(known), ()
    text = (
        "no other company of its industry has a pe_ratio." if not known else "it has no pe_ratio."
    )
    return NAN, (Reason("MISSING_RATIO", RELATIVE[:1], text),)
