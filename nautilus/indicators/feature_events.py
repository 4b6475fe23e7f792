"""What live bars make happen: updates of indicators, volume spikes, breakouts of the bands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nautilus.indicators.live import FeatureSet

__all__ = ["FeatureEvents"]

SPIKE_RATIO = 1.5
VOLUME_BARS = 20
SPECS: tuple[Any, ...] = (
    ("rsi", {}, "rsi"),
    "macd",
    "stochastic",
    ("sma", {}, "sma"),
    ("ema", {}, "ema"),
    "bollinger_bands",
    ("atr", {}, "atr"),
    "obv",
    "vwap",
    ("volume_sma", {"period": VOLUME_BARS}, "volume_ma"),
)


class FeatureEvents:
    """A fold: a bar in, the events that it makes out.

    - ``technical_update``: the indicators after the bar; null while they warm up.
    - ``volume_spike``: the bar's volume is above 1.5 times the mean of the 20 before it.
    - ``bollinger_breakout``: the close is outside the bands of the bar before it.

    The last two come once, when it begins, and again only after it has ended.

    Examples
    --------
    >>> live = FeatureEvents("AAPL")
    >>> from datetime import UTC, datetime
    >>> opened = datetime(2025, 7, 1, 13, 30, tzinfo=UTC)
    >>> bar = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 5.0}
    >>> [event["event"] for event in live.update({**bar, "timestamp": opened})]
    ['technical_update']
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.features = FeatureSet(SPECS)
        self._spike = False
        self._outside = 0

    def update(self, bar: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Events of one closed bar.

        Raises
        ------
        DataError, LabelError, TimeIndexError
            A bar that cannot be; nothing is taken.
        """
        before = self.features.value or {}
        values = self.features.update(bar)
        at = {"symbol": self.symbol, "timestamp": bar["timestamp"].isoformat()}
        shown = {name: value if math.isfinite(value) else None for name, value in values.items()}
        events = [{"event": "technical_update", **at, **shown}]
        events += self._volume_spike(float(bar["volume"]), before, at)
        events += self._breakout(float(bar["close"]), before, at)
        return events

    def _volume_spike(
        self, volume: float, before: Mapping[str, float], at: dict[str, Any]
    ) -> list[dict[str, Any]]:
        mean = before.get("volume_ma", math.nan)
        was, self._spike = self._spike, volume > SPIKE_RATIO * mean
        if was or not self._spike:
            return []
        ratio = volume / mean if mean > 0.0 else None
        return [
            {"event": "volume_spike", **at, "volume": volume, "volume_ma": mean,
             "spike_ratio": ratio}
        ]  # fmt: skip

    def _breakout(
        self, price: float, before: Mapping[str, float], at: dict[str, Any]
    ) -> list[dict[str, Any]]:
        upper = before.get("bollinger_upper", math.nan)
        lower = before.get("bollinger_lower", math.nan)
        was, self._outside = self._outside, (price > upper) - (price < lower)
        if self._outside in (0, was):
            return []
        signal = "BULLISH" if self._outside > 0 else "BEARISH"
        return [
            {"event": "bollinger_breakout", **at, "price": price, "upper_band": upper,
             "lower_band": lower, "signal": signal}
        ]  # fmt: skip
