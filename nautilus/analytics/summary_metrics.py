"""What a performance summary holds: its metrics, what each needs, and why one can be undefined."""

from __future__ import annotations

from dataclasses import dataclass

from nautilus.analytics import (
    active_returns,
    alphas,
    betas,
    capture,
    correlations,
    distribution,
    drawdown_ratios,
    drawdowns,
    gains,
    performance,
    risk_adjusted,
    skill,
    tails,
)
from nautilus.analytics.measures import Measure

__all__ = ["BENCHMARK_ROWS", "RETURN_ROWS", "TAIL_ROWS", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of the summary.

    Parameters
    ----------
    measure : Measure
    need : int
        Fewest returns.
    code, message : str
        Why it is NaN although there are enough returns.
    percent : bool
        A fraction that people read in percent.
    """

    measure: Measure
    need: int = 1
    code: str = "UNDEFINED_RATIO"
    message: str = "the denominator is zero"
    percent: bool = False


_SPREAD = ("ZERO_SPREAD", "returns are constant: their spread is below 8 eps of the largest")
_DOWN = ("NO_LOSSES", "no return is below zero")
_WET = ("NO_DRAWDOWN", "wealth never falls from its peak")
_RUIN = ("RUIN", "a return is below -100 %")
_FLAT = ("ZERO_SPREAD", "the benchmark or the returns are constant")

RETURN_ROWS: dict[str, Row] = {
    "total_return": Row(performance.TOTAL, 1, *_RUIN, percent=True),
    "annualized_return": Row(performance.ANNUAL, 1, *_RUIN, percent=True),
    "mean_return": Row(performance.MEAN, percent=True),
    "annualized_volatility": Row(performance.VOLATILITY, 2, percent=True),
    "downside_deviation": Row(performance.DOWNSIDE, percent=True),
    "sharpe_ratio": Row(performance.SHARPE, 2, *_SPREAD),
    "sortino_ratio": Row(performance.SORTINO, 1, *_DOWN),
    "calmar_ratio": Row(drawdown_ratios.CALMAR, 1, *_WET),
    "sterling_ratio": Row(drawdown_ratios.STERLING, 1, *_RUIN),
    "burke_ratio": Row(drawdown_ratios.BURKE, 1, *_WET),
    "martin_ratio": Row(drawdown_ratios.MARTIN, 1, *_WET),
    "pain_ratio": Row(drawdown_ratios.PAINFUL, 1, *_WET),
    "omega_ratio": Row(gains.OMEGA, 1, *_DOWN),
    "kappa_ratio": Row(gains.KAPPA, 1, *_DOWN),
    "gain_to_pain_ratio": Row(gains.PAIN, 1, *_DOWN),
    "profit_factor": Row(gains.PROFIT, 1, *_DOWN),
    "payoff_ratio": Row(gains.PAYOFF, 1, "ONE_SIDED", "no gains or no losses"),
    "hit_rate": Row(gains.HITS, percent=True),
    "upside_potential_ratio": Row(gains.UPSIDE, 1, *_DOWN),
    "prospect_ratio": Row(gains.PROSPECT, 1, *_DOWN),
    "max_drawdown": Row(drawdowns.MAX, 1, *_RUIN, percent=True),
    "average_drawdown": Row(drawdowns.AVERAGE, 1, *_RUIN, percent=True),
    "longest_drawdown": Row(drawdowns.LONGEST, 1, *_RUIN),
    "ulcer_index": Row(drawdown_ratios.ULCER, 1, *_RUIN, percent=True),
    "pain_index": Row(drawdown_ratios.PAIN, 1, *_RUIN, percent=True),
    "best_return": Row(distribution.BEST, percent=True),
    "worst_return": Row(distribution.WORST, percent=True),
    "skewness": Row(distribution.SKEW, 3, *_SPREAD),
    "kurtosis": Row(distribution.KURT, 4, *_SPREAD),
    "mean_absolute_deviation": Row(distribution.DEVIATION, percent=True),
    "gini_mean_difference": Row(distribution.GINI, 2, percent=True),
    "probabilistic_sharpe_ratio": Row(skill.PROBABILISTIC, 4, *_SPREAD, percent=True),
    "minimum_track_record_length": Row(
        skill.NEEDED, 4, "NOT_ABOVE_BENCHMARK", "the Sharpe ratio is not above zero"
    ),
    "autocorrelation_adjusted_sharpe_ratio": Row(skill.CORRELATED, 2, *_SPREAD),
}

TAIL_ROWS: dict[str, Row] = {
    "rachev_ratio": Row(tails.RACHEV, 1, "NO_LOSSES", "the worst returns are no losses"),
    "tail_gini": Row(tails.TAIL_GINI, percent=True),
    "entropic_value_at_risk": Row(tails.EVAR, percent=True),
    "conditional_drawdown_at_risk": Row(tails.CDAR, 1, *_RUIN, percent=True),
    "entropic_drawdown_at_risk": Row(tails.EDAR, 1, *_RUIN, percent=True),
}

BENCHMARK_ROWS: dict[str, Row] = {
    "alpha": Row(alphas.ALPHA, 2, *_FLAT, percent=True),
    "beta": Row(betas.BETA, 2, *_FLAT),
    "up_beta": Row(betas.UP_BETA, 2, "NO_RISE_OR_FALL", "the benchmark rises less than twice"),
    "down_beta": Row(betas.DOWN_BETA, 2, "NO_RISE_OR_FALL", "the benchmark falls less than twice"),
    "correlation": Row(correlations.CORRELATION, 2, *_FLAT),
    "r_squared": Row(correlations.R_SQUARED, 2, *_FLAT, percent=True),
    "tracking_error": Row(active_returns.TRACKING, 2, percent=True),
    "information_ratio": Row(
        active_returns.INFORMATION, 2, "ZERO_SPREAD", "the active return is constant"
    ),
    "up_capture": Row(capture.UP, 1, "NO_RISE_OR_FALL", "the benchmark never rises", percent=True),
    "down_capture": Row(
        capture.DOWN, 1, "NO_RISE_OR_FALL", "the benchmark never falls", percent=True
    ),
    "treynor_ratio": Row(risk_adjusted.TREYNOR, 2, *_FLAT),
    "m_squared": Row(risk_adjusted.M2, 2, *_FLAT, percent=True),
    "net_selectivity": Row(risk_adjusted.NET, 2, *_FLAT, percent=True),
    "batting_average": Row(active_returns.BATTING, percent=True),
}
