"""What can be learnt from data, and how much of it is luck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.ml.feature_scores import FeatureImportance as FeatureImportance
    from nautilus.ml.feature_scores import FeatureScore as FeatureScore
    from nautilus.ml.importance import feature_importance as feature_importance

__all__ = ["FeatureImportance", "FeatureScore", "feature_importance"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "feature_scores": ["FeatureImportance", "FeatureScore"],
        "importance": ["feature_importance"],
    },
)
