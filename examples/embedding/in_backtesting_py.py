"""Indicators inside backtesting.py: `self.I` takes the functions as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from nautilus.indicators import bollinger_bands, ema, rsi


class Bands(Strategy):
    """Buy below the lower band while the RSI is low, sell above the upper one."""

    def init(self) -> None:
        self.rsi = self.I(rsi, self.data.Close, 14)
        self.slow = self.I(ema, self.data.Close, 50)
        # A named tuple of arrays is what `I` draws as several lines.
        self.bands = self.I(bollinger_bands, self.data.Close, 20, 2.0)

    def next(self) -> None:
        low = self.data.Close[-1] < self.bands[2][-1] and self.rsi[-1] < 35
        if low and not self.position:
            self.buy()
        elif self.data.Close[-1] > self.bands[0][-1]:
            self.position.close()


def main() -> None:
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 800)))
    days = pd.bdate_range("2020-01-02", periods=800)
    bars = pd.DataFrame(
        {"Open": close, "High": close * 1.002, "Low": close * 0.998, "Close": close}, index=days
    ).assign(Volume=1e6)
    result = Backtest(bars, Bands, cash=10_000, finalize_trades=True).run()
    strategy = result["_strategy"]
    assert np.array_equal(np.asarray(strategy.rsi), rsi(close, 14), equal_nan=True)
    assert np.array_equal(np.asarray(strategy.bands), np.array(bollinger_bands(close)), True)
    assert result["# Trades"] > 0
    print(f"backtesting.py: {result['# Trades']} trades on indicators equal to ours to the bit")


if __name__ == "__main__":
    main()
