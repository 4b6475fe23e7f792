"""Technical indicators: each one step, over history or over live bars, equal to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.indicators.oscillators import rsi as rsi
    from nautilus.indicators.registry import available as available
    from nautilus.indicators.registry import warmup as warmup
    from nautilus.indicators.trend import ema as ema
    from nautilus.indicators.trend import sma as sma
    from nautilus.indicators.warm_up import Warmup as Warmup

__all__ = ["Warmup", "available", "ema", "rsi", "sma", "warmup"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "oscillators": ["rsi"],
        "registry": ["available", "warmup"],
        "trend": ["ema", "sma"],
        "warm_up": ["Warmup"],
    },
)
