"""What drives returns: factors of published definition, and the returns of trading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.factors.fundamentals import FundamentalFeatures as FundamentalFeatures
    from nautilus.factors.fundamentals import IndustryRanking as IndustryRanking
    from nautilus.factors.fundamentals import fundamental_features as fundamental_features
    from nautilus.factors.peers import industry_relative as industry_relative
    from nautilus.factors.standardization import standardize as standardize
    from nautilus.factors.style import style_factor_returns as style_factor_returns
    from nautilus.factors.style import style_scores as style_scores

__all__ = [
    "FundamentalFeatures",
    "IndustryRanking",
    "fundamental_features",
    "industry_relative",
    "standardize",
    "style_factor_returns",
    "style_scores",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "fundamentals": ["FundamentalFeatures", "IndustryRanking", "fundamental_features"],
        "peers": ["industry_relative"],
        "standardization": ["standardize"],
        "style": ["style_factor_returns", "style_scores"],
    },
)
