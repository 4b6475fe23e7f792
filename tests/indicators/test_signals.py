"""What indicators say: the published table, counted."""

import math

import pandas as pd
import pytest

from nautilus.core.errors import ParameterError
from nautilus.core.results import unexplained
from nautilus.indicators import available, signal_summary
from nautilus.indicators.plan import planned
from nautilus.indicators.signals import RULES

B, S, N = "BULLISH", "BEARISH", "NEUTRAL"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rsi_14": 29.9}, B), ({"rsi_14": 30.0}, N), ({"rsi_21": 70.1}, S),
        ({"stochastic_k": 10.0}, B), ({"williams_r": -10.0}, S), ({"money_flow_index": 50.0}, N),
        ({"macd": 0.1, "macd_histogram": 0.01}, B), ({"macd": 0.1, "macd_histogram": -0.01}, S),
        ({"ppo": 0.1, "ppo_histogram": 0.0}, N), ({"momentum": -1.0}, S), ({"roc": 0.5}, B),
        ({"sma_20": 99.0}, B), ({"ema_50": 101.0}, S), ({"vwap": 100.0}, N),
        ({"bollinger_position": 1.01}, B), ({"bollinger_position": -0.01}, S),
        ({"bollinger_position": 0.5}, N), ({"parabolic_sar_direction": -1.0}, S),
        ({"keltner_middle": 95.0, "keltner_upper": 99.0, "keltner_lower": 91.0}, B),
        ({"ichimoku_cloud_a": 102.0, "ichimoku_cloud_b": 105.0}, S),
        ({"ichimoku_cloud_a": 98.0, "ichimoku_cloud_b": 105.0}, N),
        ({"linear_regression_slope": 0.2}, B), ({"chaikin_money_flow": 0.04}, N),
        ({"commodity_channel_index": 101.0}, S), ({"ultimate_oscillator": 20.0}, B),
    ],
)  # fmt: skip
def test_a_rule_says_what_the_table_says(values, said):
    found = signal_summary(values, close=100.0)
    assert list(found.signals.values()) == [said]


def test_counts_and_strength():
    values = {"rsi_14": 20.0, "sma_20": 90.0, "roc": 1.0, "momentum": -1.0, "vwap": 100.0}
    found = signal_summary(values, close=100.0)
    assert (found.bullish_signals, found.bearish_signals, found.neutral_signals) == (3, 1, 1)
    assert (found.overall_signal, found.signal_strength) == (B, 3.5 / 5)


def test_the_documented_counts_have_the_documented_strength():
    """Five bullish, one bearish, two neutral: 0.75."""
    values = {"sma_1": 1.0, "sma_2": 1.0, "sma_3": 1.0, "ema_1": 1.0, "ema_2": 1.0, "sma_4": 200.0,
              "vwap": 100.0, "rsi_14": 50.0}  # fmt: skip
    assert signal_summary(values, close=100.0).signal_strength == 0.75


@pytest.mark.parametrize(
    "values", [{}, {"atr_14": 2.0, "obv": 1e6}, {"rsi_14": math.nan}, {"macd": 0.1}]
)
def test_what_has_no_rule_or_no_value_does_not_count(values):
    found = signal_summary(values, close=100.0)
    assert found.signals == {}
    assert found.overall_signal == N
    assert math.isnan(found.signal_strength)
    assert unexplained(found) == ()


def test_every_rule_is_of_a_column_that_exists():
    names = {n.rstrip("0123456789").rstrip("_") for n in planned(available()).names}
    names |= set(planned(available()).names)
    assert set(RULES) <= names
    assert {column for _, reads, _ in RULES.values() for column in reads} <= names


def test_a_price_that_is_none():
    with pytest.raises(ParameterError, match="`close`"):
        signal_summary({"rsi_14": 20.0}, close=math.nan)


def test_a_row_of_a_frame_will_do():
    row = pd.DataFrame({"rsi_14": [20.0], "sma_20": [90.0]}).iloc[0]
    assert signal_summary(row, close=100.0).bullish_signals == 2


def test_rounding_is_no_signal():
    price = 365.41
    assert sum([price] * 20) / 20 != price
    found = signal_summary({"sma_20": sum([price] * 20) / 20}, close=price)
    assert found.signals == {"sma_20": N}
