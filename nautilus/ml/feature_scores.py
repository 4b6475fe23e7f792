"""Scores of features, and the table of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nautilus.core.frames import labelled_frame
from nautilus.core.results import Result

__all__ = ["FeatureImportance", "FeatureScore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureScore(Result):
    """What one feature tells of the target.

    Parameters
    ----------
    feature : str
    importance_score : float
        Share of the sum over all features, negative raw scores as 0.
    raw_score : float
        In the unit of the method.
    rank : int or None
        1 is the most important; equal ones share the better rank.
    correlation_to_target : float
        Spearman's, -1 to 1, over the same rows.
    p_value : float
        Of a raw score at least as high when target and feature have nothing to do with each other:
        (1 + shuffles that reach it) / (1 + shuffles).
    noise_floor : float
        What chance alone exceeds in a share 1 - confidence of cases, in the unit of the method.
    """

    feature: str
    importance_score: float
    raw_score: float
    rank: int | None
    correlation_to_target: float
    p_value: float
    noise_floor: float

    @property
    def above_noise(self) -> bool:
        """Whether the raw score is above its noise floor."""
        return self.raw_score > self.noise_floor


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureImportance(Result):
    """Scores of all features, the most important first.

    Parameters
    ----------
    method : str
    unit : str
        Of the raw scores and noise floors.
    n_used : int
        Rows: times without a missing value, for each asset.
    n_assets : int
    n_test : int or None
        The last rows, on which a model was tested.
    horizon, block_length, n_permutations, seed : int
    confidence : float
    held_out_r_squared : float or None
        Of the model, against the mean of its training rows.
    feature_importance : tuple of FeatureScore
    feature_groups : mapping of group -> sum of importance scores, or None
    """

    method: str
    unit: str
    n_used: int
    n_assets: int
    n_test: int | None
    horizon: int
    block_length: int
    n_permutations: int
    seed: int
    confidence: float
    held_out_r_squared: float | None
    feature_importance: tuple[FeatureScore, ...]
    feature_groups: Mapping[str, float] | None

    def to_frame(self) -> Any:
        """Pandas frame by feature, the most important first."""
        names = [one.feature for one in self.feature_importance]
        columns = (
            "importance_score", "rank", "correlation_to_target", "raw_score", "noise_floor",
            "p_value", "above_noise",
        )  # fmt: skip
        table = {c: [getattr(one, c) for one in self.feature_importance] for c in columns}
        return labelled_frame(names, table, "feature")
