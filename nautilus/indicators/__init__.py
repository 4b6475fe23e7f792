"""Technical indicators: each one step, over history or over live bars, equal to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.indicators.anchored import rolling_vwap as rolling_vwap
    from nautilus.indicators.anchored import session_numbers as session_numbers
    from nautilus.indicators.anchored import vwap as vwap
    from nautilus.indicators.estimators import garman_klass_volatility as garman_klass_volatility
    from nautilus.indicators.estimators import historical_volatility as historical_volatility
    from nautilus.indicators.expressions import expression as expression
    from nautilus.indicators.features import compute as compute
    from nautilus.indicators.lines import Ichimoku as Ichimoku
    from nautilus.indicators.lines import ParabolicSar as ParabolicSar
    from nautilus.indicators.lines import ichimoku as ichimoku
    from nautilus.indicators.lines import parabolic_sar as parabolic_sar
    from nautilus.indicators.live import FeatureSet as FeatureSet
    from nautilus.indicators.oscillators import Stochastic as Stochastic
    from nautilus.indicators.oscillators import commodity_channel_index as commodity_channel_index
    from nautilus.indicators.oscillators import rsi as rsi
    from nautilus.indicators.oscillators import stochastic as stochastic
    from nautilus.indicators.oscillators import ultimate_oscillator as ultimate_oscillator
    from nautilus.indicators.oscillators import williams_r as williams_r
    from nautilus.indicators.rates import Macd as Macd
    from nautilus.indicators.rates import Ppo as Ppo
    from nautilus.indicators.rates import macd as macd
    from nautilus.indicators.rates import momentum as momentum
    from nautilus.indicators.rates import ppo as ppo
    from nautilus.indicators.rates import roc as roc
    from nautilus.indicators.registry import available as available
    from nautilus.indicators.registry import warmup as warmup
    from nautilus.indicators.signals import SignalSummary as SignalSummary
    from nautilus.indicators.signals import signal_summary as signal_summary
    from nautilus.indicators.trend import BollingerBands as BollingerBands
    from nautilus.indicators.trend import LinearRegression as LinearRegression
    from nautilus.indicators.trend import bollinger_bands as bollinger_bands
    from nautilus.indicators.trend import ema as ema
    from nautilus.indicators.trend import linear_regression as linear_regression
    from nautilus.indicators.trend import sma as sma
    from nautilus.indicators.trend import standard_deviation as standard_deviation
    from nautilus.indicators.volatility import KeltnerChannels as KeltnerChannels
    from nautilus.indicators.volatility import atr as atr
    from nautilus.indicators.volatility import bollinger_width as bollinger_width
    from nautilus.indicators.volatility import keltner_channels as keltner_channels
    from nautilus.indicators.volume import accumulation_distribution as accumulation_distribution
    from nautilus.indicators.volume import chaikin_money_flow as chaikin_money_flow
    from nautilus.indicators.volume import money_flow_index as money_flow_index
    from nautilus.indicators.volume import obv as obv
    from nautilus.indicators.volume import volume_sma as volume_sma
    from nautilus.indicators.warm_up import Warmup as Warmup

__all__ = [
    "BollingerBands",
    "FeatureSet",
    "Ichimoku",
    "KeltnerChannels",
    "LinearRegression",
    "Macd",
    "ParabolicSar",
    "Ppo",
    "SignalSummary",
    "Stochastic",
    "Warmup",
    "accumulation_distribution",
    "atr",
    "available",
    "bollinger_bands",
    "bollinger_width",
    "chaikin_money_flow",
    "commodity_channel_index",
    "compute",
    "ema",
    "expression",
    "garman_klass_volatility",
    "historical_volatility",
    "ichimoku",
    "keltner_channels",
    "linear_regression",
    "macd",
    "momentum",
    "money_flow_index",
    "obv",
    "parabolic_sar",
    "ppo",
    "roc",
    "rolling_vwap",
    "rsi",
    "session_numbers",
    "signal_summary",
    "sma",
    "standard_deviation",
    "stochastic",
    "ultimate_oscillator",
    "volume_sma",
    "vwap",
    "warmup",
    "williams_r",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "anchored": [
            "rolling_vwap",
            "session_numbers",
            "vwap",
        ],
        "estimators": [
            "garman_klass_volatility",
            "historical_volatility",
        ],
        "expressions": [
            "expression",
        ],
        "features": [
            "compute",
        ],
        "lines": [
            "Ichimoku",
            "ParabolicSar",
            "ichimoku",
            "parabolic_sar",
        ],
        "live": [
            "FeatureSet",
        ],
        "oscillators": [
            "Stochastic",
            "commodity_channel_index",
            "rsi",
            "stochastic",
            "ultimate_oscillator",
            "williams_r",
        ],
        "rates": [
            "Macd",
            "Ppo",
            "macd",
            "momentum",
            "ppo",
            "roc",
        ],
        "registry": [
            "available",
            "warmup",
        ],
        "signals": [
            "SignalSummary",
            "signal_summary",
        ],
        "trend": [
            "BollingerBands",
            "LinearRegression",
            "bollinger_bands",
            "ema",
            "linear_regression",
            "sma",
            "standard_deviation",
        ],
        "volatility": [
            "KeltnerChannels",
            "atr",
            "bollinger_width",
            "keltner_channels",
        ],
        "volume": [
            "accumulation_distribution",
            "chaikin_money_flow",
            "money_flow_index",
            "obv",
            "volume_sma",
        ],
        "warm_up": [
            "Warmup",
        ],
    },
)
