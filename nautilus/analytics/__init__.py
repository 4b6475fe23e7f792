"""How did we do: returns, performance, drawdowns, benchmark comparison and attribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.analytics.attribution import brinson as brinson
    from nautilus.analytics.contributions import Contributions as Contributions
    from nautilus.analytics.contributions import return_contributions as return_contributions
    from nautilus.analytics.currency import currency_attribution as currency_attribution
    from nautilus.analytics.drawdowns import Drawdown as Drawdown
    from nautilus.analytics.drawdowns import DrawdownTable as DrawdownTable
    from nautilus.analytics.drawdowns import average_drawdown as average_drawdown
    from nautilus.analytics.drawdowns import drawdown_series as drawdown_series
    from nautilus.analytics.drawdowns import drawdown_table as drawdown_table
    from nautilus.analytics.drawdowns import longest_drawdown as longest_drawdown
    from nautilus.analytics.drawdowns import max_drawdown as max_drawdown
    from nautilus.analytics.effects import Attribution as Attribution
    from nautilus.analytics.factor_models import FactorAttribution as FactorAttribution
    from nautilus.analytics.factor_models import factor_attribution as factor_attribution
    from nautilus.analytics.flows import modified_dietz as modified_dietz
    from nautilus.analytics.flows import money_weighted_return as money_weighted_return
    from nautilus.analytics.flows import time_weighted_return as time_weighted_return
    from nautilus.analytics.linking import link_effects as link_effects
    from nautilus.analytics.linking_choices import LinkingComparison as LinkingComparison
    from nautilus.analytics.linking_choices import compare_linking as compare_linking
    from nautilus.analytics.performance import annualized_return as annualized_return
    from nautilus.analytics.performance import annualized_volatility as annualized_volatility
    from nautilus.analytics.performance import downside_deviation as downside_deviation
    from nautilus.analytics.performance import mean_return as mean_return
    from nautilus.analytics.performance import sharpe_ratio as sharpe_ratio
    from nautilus.analytics.performance import sortino_ratio as sortino_ratio
    from nautilus.analytics.performance import total_return as total_return
    from nautilus.analytics.positions import PortfolioPnl as PortfolioPnl
    from nautilus.analytics.positions import portfolio_pnl as portfolio_pnl
    from nautilus.analytics.returns import aggregate_returns as aggregate_returns
    from nautilus.analytics.returns import cumulative_returns as cumulative_returns
    from nautilus.analytics.returns import excess_returns as excess_returns
    from nautilus.analytics.returns import log_returns as log_returns
    from nautilus.analytics.returns import monthly_returns as monthly_returns
    from nautilus.analytics.returns import simple_returns as simple_returns
    from nautilus.analytics.returns import wealth_index as wealth_index

__all__ = [
    "Attribution",
    "Contributions",
    "Drawdown",
    "DrawdownTable",
    "FactorAttribution",
    "LinkingComparison",
    "PortfolioPnl",
    "aggregate_returns",
    "annualized_return",
    "annualized_volatility",
    "average_drawdown",
    "brinson",
    "compare_linking",
    "cumulative_returns",
    "currency_attribution",
    "downside_deviation",
    "drawdown_series",
    "drawdown_table",
    "excess_returns",
    "factor_attribution",
    "link_effects",
    "log_returns",
    "longest_drawdown",
    "max_drawdown",
    "mean_return",
    "modified_dietz",
    "money_weighted_return",
    "monthly_returns",
    "portfolio_pnl",
    "return_contributions",
    "sharpe_ratio",
    "simple_returns",
    "sortino_ratio",
    "time_weighted_return",
    "total_return",
    "wealth_index",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "attribution": ["brinson"],
        "contributions": ["Contributions", "return_contributions"],
        "currency": ["currency_attribution"],
        "drawdowns": [
            "Drawdown",
            "DrawdownTable",
            "average_drawdown",
            "drawdown_series",
            "drawdown_table",
            "longest_drawdown",
            "max_drawdown",
        ],
        "effects": ["Attribution"],
        "factor_models": ["FactorAttribution", "factor_attribution"],
        "flows": ["modified_dietz", "money_weighted_return", "time_weighted_return"],
        "linking": ["link_effects"],
        "linking_choices": ["LinkingComparison", "compare_linking"],
        "performance": [
            "annualized_return",
            "annualized_volatility",
            "downside_deviation",
            "mean_return",
            "sharpe_ratio",
            "sortino_ratio",
            "total_return",
        ],
        "positions": ["PortfolioPnl", "portfolio_pnl"],
        "returns": [
            "aggregate_returns",
            "cumulative_returns",
            "excess_returns",
            "log_returns",
            "monthly_returns",
            "simple_returns",
            "wealth_index",
        ],
    },
)
