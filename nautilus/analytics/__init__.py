"""How did we do: returns, performance, drawdowns, benchmark comparison and attribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.analytics.active_returns import batting_average as batting_average
    from nautilus.analytics.active_returns import information_ratio as information_ratio
    from nautilus.analytics.active_returns import tracking_error as tracking_error
    from nautilus.analytics.alphas import AlphaBeta as AlphaBeta
    from nautilus.analytics.alphas import alpha as alpha
    from nautilus.analytics.alphas import alpha_beta as alpha_beta
    from nautilus.analytics.alphas import compounded_alpha as compounded_alpha
    from nautilus.analytics.attribution import brinson as brinson
    from nautilus.analytics.backcasts import backcast_returns as backcast_returns
    from nautilus.analytics.betas import beta as beta
    from nautilus.analytics.betas import down_beta as down_beta
    from nautilus.analytics.betas import up_beta as up_beta
    from nautilus.analytics.book_periods import BookHistory as BookHistory
    from nautilus.analytics.book_periods import book_history as book_history
    from nautilus.analytics.capture import CaptureRatios as CaptureRatios
    from nautilus.analytics.capture import capture_ratios as capture_ratios
    from nautilus.analytics.capture import down_capture as down_capture
    from nautilus.analytics.capture import up_capture as up_capture
    from nautilus.analytics.comparison import BenchmarkComparison as BenchmarkComparison
    from nautilus.analytics.comparison import compare_to_benchmark as compare_to_benchmark
    from nautilus.analytics.contributions import Contributions as Contributions
    from nautilus.analytics.contributions import return_contributions as return_contributions
    from nautilus.analytics.correlations import correlation as correlation
    from nautilus.analytics.correlations import r_squared as r_squared
    from nautilus.analytics.currency import currency_attribution as currency_attribution
    from nautilus.analytics.distribution import LMoments as LMoments
    from nautilus.analytics.distribution import best_return as best_return
    from nautilus.analytics.distribution import gini_mean_difference as gini_mean_difference
    from nautilus.analytics.distribution import kurtosis as kurtosis
    from nautilus.analytics.distribution import l_moments as l_moments
    from nautilus.analytics.distribution import mean_absolute_deviation as mean_absolute_deviation
    from nautilus.analytics.distribution import skewness as skewness
    from nautilus.analytics.distribution import worst_return as worst_return
    from nautilus.analytics.drawdown_ratios import burke_ratio as burke_ratio
    from nautilus.analytics.drawdown_ratios import calmar_ratio as calmar_ratio
    from nautilus.analytics.drawdown_ratios import martin_ratio as martin_ratio
    from nautilus.analytics.drawdown_ratios import pain_index as pain_index
    from nautilus.analytics.drawdown_ratios import pain_ratio as pain_ratio
    from nautilus.analytics.drawdown_ratios import sterling_ratio as sterling_ratio
    from nautilus.analytics.drawdown_ratios import ulcer_index as ulcer_index
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
    from nautilus.analytics.gains import gain_to_pain_ratio as gain_to_pain_ratio
    from nautilus.analytics.gains import hit_rate as hit_rate
    from nautilus.analytics.gains import kappa_ratio as kappa_ratio
    from nautilus.analytics.gains import omega_ratio as omega_ratio
    from nautilus.analytics.gains import payoff_ratio as payoff_ratio
    from nautilus.analytics.gains import profit_factor as profit_factor
    from nautilus.analytics.gains import prospect_ratio as prospect_ratio
    from nautilus.analytics.gains import upside_potential_ratio as upside_potential_ratio
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
    from nautilus.analytics.relativistic import (
        relativistic_drawdown_at_risk as relativistic_drawdown_at_risk,
    )
    from nautilus.analytics.relativistic import (
        relativistic_value_at_risk as relativistic_value_at_risk,
    )
    from nautilus.analytics.returns import aggregate_returns as aggregate_returns
    from nautilus.analytics.returns import cumulative_returns as cumulative_returns
    from nautilus.analytics.returns import excess_returns as excess_returns
    from nautilus.analytics.returns import log_returns as log_returns
    from nautilus.analytics.returns import monthly_returns as monthly_returns
    from nautilus.analytics.returns import simple_returns as simple_returns
    from nautilus.analytics.returns import wealth_index as wealth_index
    from nautilus.analytics.risk_adjusted import m_squared as m_squared
    from nautilus.analytics.risk_adjusted import net_selectivity as net_selectivity
    from nautilus.analytics.risk_adjusted import treynor_ratio as treynor_ratio
    from nautilus.analytics.skill import (
        autocorrelation_adjusted_sharpe_ratio as autocorrelation_adjusted_sharpe_ratio,
    )
    from nautilus.analytics.skill import deflated_sharpe_ratio as deflated_sharpe_ratio
    from nautilus.analytics.skill import expected_maximum_sharpe as expected_maximum_sharpe
    from nautilus.analytics.skill import minimum_track_record_length as minimum_track_record_length
    from nautilus.analytics.skill import probabilistic_sharpe_ratio as probabilistic_sharpe_ratio
    from nautilus.analytics.summary import PerformanceSummary as PerformanceSummary
    from nautilus.analytics.summary import performance_summary as performance_summary
    from nautilus.analytics.tails import (
        conditional_drawdown_at_risk as conditional_drawdown_at_risk,
    )
    from nautilus.analytics.tails import entropic_drawdown_at_risk as entropic_drawdown_at_risk
    from nautilus.analytics.tails import entropic_value_at_risk as entropic_value_at_risk
    from nautilus.analytics.tails import rachev_ratio as rachev_ratio
    from nautilus.analytics.tails import tail_gini as tail_gini
    from nautilus.analytics.timing import MarketTiming as MarketTiming
    from nautilus.analytics.timing import henriksson_merton as henriksson_merton
    from nautilus.analytics.timing import treynor_mazuy as treynor_mazuy
    from nautilus.analytics.two_ways import ActiveAttribution as ActiveAttribution
    from nautilus.analytics.two_ways import attribute_active_return as attribute_active_return
    from nautilus.analytics.windows import rolling as rolling

__all__ = [
    "ActiveAttribution",
    "AlphaBeta",
    "Attribution",
    "BenchmarkComparison",
    "BookHistory",
    "CaptureRatios",
    "Contributions",
    "Drawdown",
    "DrawdownTable",
    "FactorAttribution",
    "LMoments",
    "LinkingComparison",
    "MarketTiming",
    "PerformanceSummary",
    "PortfolioPnl",
    "aggregate_returns",
    "alpha",
    "alpha_beta",
    "annualized_return",
    "annualized_volatility",
    "attribute_active_return",
    "autocorrelation_adjusted_sharpe_ratio",
    "average_drawdown",
    "backcast_returns",
    "batting_average",
    "best_return",
    "beta",
    "book_history",
    "brinson",
    "burke_ratio",
    "calmar_ratio",
    "capture_ratios",
    "compare_linking",
    "compare_to_benchmark",
    "compounded_alpha",
    "conditional_drawdown_at_risk",
    "correlation",
    "cumulative_returns",
    "currency_attribution",
    "deflated_sharpe_ratio",
    "down_beta",
    "down_capture",
    "downside_deviation",
    "drawdown_series",
    "drawdown_table",
    "entropic_drawdown_at_risk",
    "entropic_value_at_risk",
    "excess_returns",
    "expected_maximum_sharpe",
    "factor_attribution",
    "gain_to_pain_ratio",
    "gini_mean_difference",
    "henriksson_merton",
    "hit_rate",
    "information_ratio",
    "kappa_ratio",
    "kurtosis",
    "l_moments",
    "link_effects",
    "log_returns",
    "longest_drawdown",
    "m_squared",
    "martin_ratio",
    "max_drawdown",
    "mean_absolute_deviation",
    "mean_return",
    "minimum_track_record_length",
    "modified_dietz",
    "money_weighted_return",
    "monthly_returns",
    "net_selectivity",
    "omega_ratio",
    "pain_index",
    "pain_ratio",
    "payoff_ratio",
    "performance_summary",
    "portfolio_pnl",
    "probabilistic_sharpe_ratio",
    "profit_factor",
    "prospect_ratio",
    "r_squared",
    "rachev_ratio",
    "relativistic_drawdown_at_risk",
    "relativistic_value_at_risk",
    "return_contributions",
    "rolling",
    "sharpe_ratio",
    "simple_returns",
    "skewness",
    "sortino_ratio",
    "sterling_ratio",
    "tail_gini",
    "time_weighted_return",
    "total_return",
    "tracking_error",
    "treynor_mazuy",
    "treynor_ratio",
    "ulcer_index",
    "up_beta",
    "up_capture",
    "upside_potential_ratio",
    "wealth_index",
    "worst_return",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "active_returns": ["batting_average", "information_ratio", "tracking_error"],
        "alphas": ["AlphaBeta", "alpha", "alpha_beta", "compounded_alpha"],
        "attribution": ["brinson"],
        "backcasts": ["backcast_returns"],
        "betas": ["beta", "down_beta", "up_beta"],
        "book_periods": ["BookHistory", "book_history"],
        "capture": ["CaptureRatios", "capture_ratios", "down_capture", "up_capture"],
        "comparison": ["BenchmarkComparison", "compare_to_benchmark"],
        "contributions": ["Contributions", "return_contributions"],
        "correlations": ["correlation", "r_squared"],
        "currency": ["currency_attribution"],
        "distribution": [
            "LMoments",
            "best_return",
            "gini_mean_difference",
            "kurtosis",
            "l_moments",
            "mean_absolute_deviation",
            "skewness",
            "worst_return",
        ],
        "drawdown_ratios": [
            "burke_ratio",
            "calmar_ratio",
            "martin_ratio",
            "pain_index",
            "pain_ratio",
            "sterling_ratio",
            "ulcer_index",
        ],
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
        "gains": [
            "gain_to_pain_ratio",
            "hit_rate",
            "kappa_ratio",
            "omega_ratio",
            "payoff_ratio",
            "profit_factor",
            "prospect_ratio",
            "upside_potential_ratio",
        ],
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
        "relativistic": ["relativistic_drawdown_at_risk", "relativistic_value_at_risk"],
        "returns": [
            "aggregate_returns",
            "cumulative_returns",
            "excess_returns",
            "log_returns",
            "monthly_returns",
            "simple_returns",
            "wealth_index",
        ],
        "risk_adjusted": ["m_squared", "net_selectivity", "treynor_ratio"],
        "skill": [
            "autocorrelation_adjusted_sharpe_ratio",
            "deflated_sharpe_ratio",
            "expected_maximum_sharpe",
            "minimum_track_record_length",
            "probabilistic_sharpe_ratio",
        ],
        "summary": ["PerformanceSummary", "performance_summary"],
        "tails": [
            "conditional_drawdown_at_risk",
            "entropic_drawdown_at_risk",
            "entropic_value_at_risk",
            "rachev_ratio",
            "tail_gini",
        ],
        "timing": ["MarketTiming", "henriksson_merton", "treynor_mazuy"],
        "two_ways": ["ActiveAttribution", "attribute_active_return"],
        "windows": ["rolling"],
    },
)
