"""What indicators say, by a published table of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nautilus.core.checks import check_finite
from nautilus.core.results import Reason, Result

__all__ = ["RULES", "SignalSummary", "signal_summary"]

BULLISH, BEARISH, NEUTRAL = "BULLISH", "BEARISH", "NEUTRAL"
_ROUNDING = 1e-12
Rule = Callable[[Mapping[str, float], str, float], float]


def _between(low: float, high: float) -> Rule:
    """Oversold below the one is bullish, overbought above the other bearish."""
    return lambda values, name, close: _side(values[name], low, high)


def _side(value: float, low: float, high: float) -> float:
    return 1.0 if value < low else -1.0 if value > high else 0.0


def _sign(column: str | None = None, least: float = 0.0) -> Rule:
    """Above zero is bullish."""
    return lambda values, name, close: -_side(values[column or name], -least, least)


def _above(values: Mapping[str, float], name: str, close: float) -> float:
    """A price above the column is bullish."""
    return _over(close, values[name])


def _over(close: float, level: float) -> float:
    """1 above a level, -1 below, 0 where only rounding tells them apart."""
    if abs(close - level) <= _ROUNDING * abs(close):
        return 0.0
    return float(close > level) - float(close < level)


def _outside(upper: str, lower: str) -> Rule:
    """A price above both columns is bullish, below both bearish."""

    def rule(values: Mapping[str, float], name: str, close: float) -> float:
        top, bottom = max(values[upper], values[lower]), min(values[upper], values[lower])
        return float(_over(close, top) > 0.0) - float(_over(close, bottom) < 0.0)

    return rule


# Column, without its period -> (rule in words, columns read besides, rule). What only measures,
# such as atr or obv, says nothing.
RULES: dict[str, tuple[str, tuple[str, ...], Rule]] = {
    "rsi": ("below 30 bullish, above 70 bearish", (), _between(30.0, 70.0)),
    "stochastic_k": ("below 20 bullish, above 80 bearish", (), _between(20.0, 80.0)),
    "williams_r": ("below -80 bullish, above -20 bearish", (), _between(-80.0, -20.0)),
    "ultimate_oscillator": ("below 30 bullish, above 70 bearish", (), _between(30.0, 70.0)),
    "commodity_channel_index": (
        "below -100 bullish, above 100 bearish", (), _between(-100.0, 100.0),
    ),
    "money_flow_index": ("below 20 bullish, above 80 bearish", (), _between(20.0, 80.0)),
    "momentum": ("above 0 bullish, below 0 bearish", (), _sign()),
    "roc": ("above 0 bullish, below 0 bearish", (), _sign()),
    "macd": (
        "histogram above 0 bullish, below 0 bearish", ("macd_histogram",), _sign("macd_histogram"),
    ),
    "ppo": (
        "histogram above 0 bullish, below 0 bearish", ("ppo_histogram",), _sign("ppo_histogram"),
    ),
    "sma": ("price above it bullish, below it bearish", (), _above),
    "ema": ("price above it bullish, below it bearish", (), _above),
    "vwap": ("price above it bullish, below it bearish", (), _above),
    "bollinger_position": (
        "above 1, the upper band, bullish, below 0, the lower band, bearish",
        (),
        lambda values, name, close: -_side(values[name], 0.0, 1.0),
    ),
    "keltner_middle": (
        "price above the upper channel bullish, below the lower bearish",
        ("keltner_upper", "keltner_lower"),
        _outside("keltner_upper", "keltner_lower"),
    ),
    "ichimoku_cloud_a": (
        "price above the cloud bullish, below it bearish",
        ("ichimoku_cloud_a", "ichimoku_cloud_b"),
        _outside("ichimoku_cloud_a", "ichimoku_cloud_b"),
    ),
    "parabolic_sar_direction": ("long bullish, short bearish", (), _sign()),
    "linear_regression_slope": ("above 0 bullish, below 0 bearish", (), _sign()),
    "chaikin_money_flow": ("above 0.05 bullish, below -0.05 bearish", (), _sign(None, 0.05)),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSummary(Result):
    """What the rules say of one bar.

    Parameters
    ----------
    bullish_signals, bearish_signals, neutral_signals : int
    overall_signal : {"BULLISH", "BEARISH", "NEUTRAL"}
        Of the larger count; neutral where both are equal.
    signal_strength : float
        Share of the rules that agree with it, those that say nothing counted half: 0.5 to 1. NaN
        where no rule applied.
    signals : dict of str -> str
        By column.
    """

    bullish_signals: int
    bearish_signals: int
    neutral_signals: int
    overall_signal: str
    signal_strength: float
    signals: dict[str, str]


def signal_summary(values: Mapping[str, float], *, close: float) -> SignalSummary:
    """Count what indicators say of one bar; `RULES` is the table.

    Parameters
    ----------
    values : mapping of column -> float, such as a row of a frame
        As `compute` and `FeatureSet` name them. What has no rule, or is NaN, does not count.
    close : float
        Price of the bar.

    Returns
    -------
    SignalSummary

    Raises
    ------
    ParameterError
        `close` is not finite.

    Notes
    -----
    A count of textbook rules, not a forecast: nothing here says that it earns anything.

    Examples
    --------
    >>> found = signal_summary({"rsi_14": 25.0, "sma_20": 101.0, "atr_14": 2.0}, close=100.0)
    >>> found.signals, found.overall_signal
    ({'rsi_14': 'BULLISH', 'sma_20': 'BEARISH'}, 'NEUTRAL')
    """
    price, known = check_finite(close, "close"), dict(values)
    signals = {
        name: {1.0: BULLISH, -1.0: BEARISH, 0.0: NEUTRAL}[rule(known, name, price)]
        for name in known
        if (rule := _rule_of(name, known)) is not None
    }
    said = list(signals.values())
    bullish, bearish, neutral = (said.count(one) for one in (BULLISH, BEARISH, NEUTRAL))
    overall = BULLISH if bullish > bearish else BEARISH if bearish > bullish else NEUTRAL
    agreeing = max(bullish, bearish) if overall != NEUTRAL else 0.5 * (bullish + bearish)
    strength = (agreeing + 0.5 * neutral) / len(said) if said else float("nan")
    message = "none of the indicators has a rule and a value."
    reasons = () if said else (Reason("NO_SIGNAL", ("signal_strength",), message),)
    return SignalSummary(
        bullish_signals=bullish,
        bearish_signals=bearish,
        neutral_signals=neutral,
        overall_signal=overall,
        signal_strength=strength,
        signals=signals,
        reasons=reasons,
    )


def _rule_of(name: str, values: Mapping[str, float]) -> Rule | None:
    """The rule of a column, where everything that it reads is there."""
    stem = name.rstrip("0123456789").rstrip("_") if name not in RULES else name
    if stem not in RULES:
        return None
    _, reads, rule = RULES[stem]
    there = all(values.get(column, float("nan")) == values.get(column) for column in (name, *reads))
    return rule if there else None
