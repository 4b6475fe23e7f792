"""One row per public name: the law files run over these rows, a house test wants every name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nautilus as nt
from nautilus.core.folds import registered

from .calls import CALLS, Call


@dataclass(frozen=True)
class Case:
    """What holds for one public name.

    Parameters
    ----------
    function : callable
        The public function or class.
    inputs : tuple of str
        Series arguments, in order; empty for what is no series function.
    parameters : mapping
        Options, small enough for short data.
    gives : {"series", "metric", "result"}
        What comes back for series: the same rows, one value per column, or more than one number.
    causal : bool, optional
        A value at t uses data up to t.
    nan : {"skip", "window", "ends", "omit", "raise"}, optional
    reads : int or tuple of (int, int)
        Bars that read one bar, for nan="window"; where outputs differ, for each of them the first
        and the end of those bars, counted from that bar. For "ends" the first and last are read.
    stream : "bits" or float, optional
        How the stream equals the batch.
    dated : bool
        Only an index of dates will do.
    panel : bool
        Takes (time, asset) as well as (time,).
    kinds : bool
        Takes every kind of array and frame.
    call : Call, optional
        For what is no series function: its arguments, made anew each time.
    """

    function: Callable[..., Any]
    inputs: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    gives: str = "series"
    causal: bool | None = None
    nan: str | None = None
    reads: int | tuple[tuple[int, int], ...] = 1
    stream: str | float | None = None
    dated: bool = False
    panel: bool = True
    kinds: bool = True
    call: Call | None = None

    @property
    def name(self) -> str:
        """Package and name, as a caller writes them after `nt.`."""
        package = self.function.__module__.split(".")[1]
        if self.call is not None:
            return f"{package}.{self.function.__name__}"
        options = ",".join(f"{k}={getattr(v, '__name__', v)}" for k, v in self.parameters.items())
        return f"{package}.{self.function.__name__}({options})"

    def __call__(self, *inputs: Any) -> Any:
        if self.call is not None:
            args, kwargs = self.call.arguments()
            return (self.call.by or self.function)(*args, **kwargs)
        return self.function(**dict(zip(self.inputs, inputs, strict=True)), **self.parameters)


def indicator(function, *inputs, nan, reads=1, **parameters):
    return Case(function, inputs, parameters, causal=True, nan=nan, reads=reads, stream="bits")


def metric(function, **parameters):
    """One value per column; its stream is the same definition where it has one."""
    return _measure(function, ("returns",), "metric", parameters)


def against(function, **parameters):
    """A metric against a benchmark."""
    return _measure(function, ("returns", "benchmark_returns"), "metric", parameters)


def summary(function, *inputs, panel=True, dated=False, **parameters):
    """More than one number from series."""
    return Case(function, inputs, parameters, gives="result", panel=panel, dated=dated)


def _measure(function, inputs, gives, parameters):
    stream = 1e-12 if registered(function) is not None else None
    return Case(function, inputs, parameters, gives=gives, nan="omit", stream=stream)


a, i, r = nt.analytics, nt.indicators, nt.risk
BOTH = ("returns", "benchmark_returns")
HLC = ("high", "low", "close")
HLCV = (*HLC, "volume")

INDICATORS = [
    indicator(i.rsi, "close", nan="skip", period=5),
    indicator(i.rsi, "close", nan="skip", period=1, seed="first"),
    indicator(i.ema, "close", nan="skip", period=4),
    indicator(i.ema, "close", nan="skip", period=4, seed="first"),
    indicator(i.sma, "close", nan="window", reads=5, period=5),
    indicator(i.sma, "close", nan="window", reads=1, period=1),
    indicator(i.momentum, "close", nan="ends", reads=4, period=3),
    indicator(i.roc, "close", nan="ends", reads=4, period=3),
    indicator(i.macd, "close", nan="skip", fast=3, slow=5, signal=4),
    indicator(i.macd, "close", nan="skip", fast=3, slow=5, signal=4, seed="first"),
    indicator(i.ppo, "close", nan="skip", fast=2, slow=6, signal=3),
    indicator(i.stochastic, *HLC, nan="window", reads=((0, 6), (0, 8)), period=5,
              k_smooth=2, d_period=3),
    indicator(i.williams_r, *HLC, nan="window", reads=5, period=5),
    indicator(i.ultimate_oscillator, *HLC, nan="window", reads=6, short=2, medium=4, long=6),
    indicator(i.commodity_channel_index, *HLC, nan="window", reads=5, period=5),
    indicator(i.bollinger_bands, "close", nan="window", reads=5, period=5),
    indicator(i.bollinger_bands, "close", nan="window", reads=4, period=4, num_std=1.5, ddof=1),
    indicator(i.standard_deviation, "close", nan="window", reads=5, period=5),
    indicator(i.standard_deviation, "close", nan="window", reads=2, period=2, ddof=1),
    indicator(i.linear_regression, "close", nan="window", reads=6, period=6),
    indicator(i.parabolic_sar, "high", "low", nan="skip"),
    indicator(
        i.ichimoku, "high", "low", nan="window", conversion=3, base=5, span=8, displacement=4,
        reads=((0, 3), (0, 5), (0, 5), (0, 8), (4, 9), (4, 12)),
    ),
    indicator(i.obv, "close", "volume", nan="skip"),
    indicator(i.obv, "close", "volume", nan="skip", start="zero"),
    indicator(i.accumulation_distribution, *HLCV, nan="skip"),
    indicator(i.chaikin_money_flow, *HLCV, nan="window", reads=5, period=5),
    indicator(i.volume_sma, "volume", nan="window", reads=5, period=5),
    indicator(i.vwap, *HLCV, "session", nan="skip"),
    indicator(i.vwap, *HLCV, "session", nan="skip", anchor="start"),
    indicator(i.rolling_vwap, *HLCV, nan="window", reads=4, period=4),
    indicator(i.money_flow_index, *HLCV, nan="window", reads=6, period=5),
    indicator(i.atr, *HLC, nan="skip", period=5),
    indicator(i.atr, *HLC, nan="skip", period=5, first_tr="range"),
    indicator(i.bollinger_width, "close", nan="window", reads=5, period=5),
    indicator(i.keltner_channels, *HLC, nan="skip", period=6, atr_period=4),
    indicator(i.keltner_channels, *HLC, nan="skip", period=4, atr_period=4, source="typical"),
    indicator(i.historical_volatility, "close", nan="window", reads=6, period=5),
    indicator(i.garman_klass_volatility, "open", *HLC, nan="window", reads=5, period=5),
]  # fmt: skip

SERIES = [
    Case(a.simple_returns, ("prices",), causal=True, nan="window", reads=2, stream="bits"),
    Case(a.log_returns, ("prices",), causal=True, nan="window", reads=2),
    Case(a.excess_returns, ("returns",), {"risk_free_rate": 0.02}, causal=True, nan="window"),
    Case(a.wealth_index, ("returns",), causal=True, nan="skip", stream="bits"),
    Case(a.cumulative_returns, ("returns",), causal=True, nan="skip", stream="bits"),
    Case(a.drawdown_series, ("returns",), causal=True, nan="skip", stream="bits"),
]

METRICS = [
    metric(a.annualized_return),
    metric(a.annualized_return, force=True),
    metric(a.annualized_volatility),
    metric(a.autocorrelation_adjusted_sharpe_ratio),
    metric(a.average_drawdown),
    metric(a.best_return),
    metric(a.burke_ratio),
    metric(a.calmar_ratio),
    metric(a.conditional_drawdown_at_risk, confidence=0.9),
    metric(a.deflated_sharpe_ratio, n_trials=10, trial_sharpe_variance=0.25),
    metric(a.downside_deviation, minimum_acceptable_return=0.03),
    metric(a.entropic_drawdown_at_risk, confidence=0.9),
    metric(a.entropic_value_at_risk, confidence=0.9),
    metric(a.gain_to_pain_ratio),
    metric(a.gini_mean_difference),
    metric(a.hit_rate),
    metric(a.kappa_ratio),
    metric(a.kurtosis),
    metric(a.longest_drawdown),
    metric(a.martin_ratio),
    metric(a.max_drawdown),
    metric(a.mean_absolute_deviation),
    metric(a.mean_return),
    metric(a.minimum_track_record_length),
    metric(a.omega_ratio, minimum_acceptable_return=0.01),
    metric(a.pain_index),
    metric(a.pain_ratio),
    metric(a.payoff_ratio),
    metric(a.probabilistic_sharpe_ratio),
    metric(a.profit_factor),
    metric(a.prospect_ratio),
    metric(a.rachev_ratio, confidence=0.9),
    metric(a.relativistic_drawdown_at_risk, confidence=0.9),
    metric(a.relativistic_value_at_risk, confidence=0.9),
    metric(a.sharpe_ratio, risk_free_rate=0.02),
    metric(a.skewness),
    metric(a.sortino_ratio),
    metric(a.sterling_ratio),
    metric(a.tail_gini, confidence=0.9),
    metric(a.total_return),
    metric(a.ulcer_index),
    metric(a.upside_potential_ratio),
    metric(a.worst_return),
    against(a.alpha, risk_free_rate=0.02),
    against(a.batting_average),
    against(a.beta),
    against(a.compounded_alpha),
    against(a.correlation),
    against(a.down_beta),
    against(a.down_capture),
    against(a.information_ratio),
    against(a.m_squared),
    against(a.net_selectivity),
    against(a.r_squared),
    against(a.tracking_error),
    against(a.treynor_ratio),
    against(a.up_beta),
    against(a.up_capture),
    metric(r.value_at_risk, confidence=0.95),
    metric(r.value_at_risk, confidence=0.95, method="normal", horizon=10),
    metric(r.expected_shortfall, confidence=0.95),
    metric(r.expected_shortfall, confidence=0.95, method="normal"),
]

ROLLED = [
    Case(a.rolling, ("returns",), {"metric": m, "window": 20}, causal=True, nan="omit")
    for m in (a.sharpe_ratio, a.max_drawdown, a.gini_mean_difference)
]

SUMMARIES = [
    summary(a.alpha_beta, *BOTH),
    summary(a.capture_ratios, *BOTH),
    summary(a.compare_to_benchmark, *BOTH),
    summary(a.performance_summary, "returns"),
    summary(a.performance_summary, *BOTH),
    summary(nt.reports.tear_sheet, "returns", panel=False, dated=True),
    summary(nt.reports.tear_sheet, *BOTH, panel=False, dated=True),
    summary(a.drawdown_table, "returns", panel=False, top=3),
    summary(a.henriksson_merton, *BOTH),
    summary(a.l_moments, "returns"),
    summary(a.treynor_mazuy, *BOTH),
    summary(r.var_summary, "returns", confidence=(0.9, 0.95)),
    summary(a.aggregate_returns, "returns", dated=True),
    summary(a.monthly_returns, "returns", dated=True, panel=False),
]

OTHERS = [Case(call.public, gives="result", kinds=False, call=call) for call in CALLS]

CASES = [*INDICATORS, *SERIES, *METRICS, *ROLLED, *SUMMARIES, *OTHERS]


def those(condition):
    """Cases for `pytest.mark.parametrize`, each under its name."""
    import pytest

    return [pytest.param(case, id=case.name) for case in CASES if condition(case)]
