"""Indicators inside vectorbt: `IndicatorFactory` over panels and several parameters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import vectorbt as vbt

from nautilus.indicators import atr, rsi

Rsi = vbt.IndicatorFactory(
    class_name="Rsi", input_names=["close"], param_names=["period"], output_names=["rsi"]
).from_apply_func(lambda close, period: rsi(close, int(period)), period=14)
Atr = vbt.IndicatorFactory(
    class_name="Atr", input_names=["high", "low", "close"], param_names=["period"],
    output_names=["atr"],
).from_apply_func(
    lambda high, low, close, period: atr(high, low, close, int(period)), period=14
)  # fmt: skip


def main() -> None:
    rng = np.random.default_rng(1)
    days = pd.bdate_range("2020-01-02", periods=400)
    close = pd.DataFrame(
        100 * np.exp(np.cumsum(rng.normal(0, 0.01, (400, 3)), axis=0)), index=days,
        columns=["A", "B", "C"],
    )  # fmt: skip
    found = Rsi.run(close, period=[7, 14])
    for period in (7, 14):
        ours = rsi(close, period)
        assert np.array_equal(found.rsi[period].to_numpy(), ours.to_numpy(), equal_nan=True)
    ranges = Atr.run(close * 1.01, close * 0.99, close)
    assert np.array_equal(
        ranges.atr.to_numpy(), atr(close * 1.01, close * 0.99, close).to_numpy(), equal_nan=True
    )
    portfolio = vbt.Portfolio.from_signals(close, found.rsi[14] < 30, found.rsi[14] > 70)
    print(f"vectorbt: {len(portfolio.orders)} orders on indicators equal to ours to the bit")


if __name__ == "__main__":
    main()
