"""What drives returns: factors of published definition, and the returns of trading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.factors.standardization import standardize as standardize
    from nautilus.factors.style import style_factor_returns as style_factor_returns
    from nautilus.factors.style import style_scores as style_scores

__all__ = ["standardize", "style_factor_returns", "style_scores"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "standardization": ["standardize"],
        "style": ["style_factor_returns", "style_scores"],
    },
)
