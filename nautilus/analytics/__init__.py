"""How did we do: returns, performance, drawdowns, benchmark, attribution and P&L."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.analytics.attribution import brinson as brinson
    from nautilus.analytics.contributions import Contributions as Contributions
    from nautilus.analytics.contributions import return_contributions as return_contributions
    from nautilus.analytics.currency import currency_attribution as currency_attribution
    from nautilus.analytics.effects import Attribution as Attribution
    from nautilus.analytics.factor_models import FactorAttribution as FactorAttribution
    from nautilus.analytics.factor_models import factor_attribution as factor_attribution
    from nautilus.analytics.linking import link_effects as link_effects
    from nautilus.analytics.linking_choices import LinkingComparison as LinkingComparison
    from nautilus.analytics.linking_choices import compare_linking as compare_linking
    from nautilus.analytics.positions import PortfolioPnl as PortfolioPnl
    from nautilus.analytics.positions import portfolio_pnl as portfolio_pnl

__all__ = [
    "Attribution",
    "Contributions",
    "FactorAttribution",
    "LinkingComparison",
    "PortfolioPnl",
    "brinson",
    "compare_linking",
    "currency_attribution",
    "factor_attribution",
    "link_effects",
    "portfolio_pnl",
    "return_contributions",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "attribution": ["brinson"],
        "contributions": ["Contributions", "return_contributions"],
        "currency": ["currency_attribution"],
        "effects": ["Attribution"],
        "factor_models": ["FactorAttribution", "factor_attribution"],
        "linking": ["link_effects"],
        "linking_choices": ["LinkingComparison", "compare_linking"],
        "positions": ["PortfolioPnl", "portfolio_pnl"],
    },
)
