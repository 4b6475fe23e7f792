"""Indicators inside backtrader: a stream per line, one bar at a time."""

from __future__ import annotations

import backtrader as bt
import numpy as np
import pandas as pd

import nautilus as nt


class Rsi(bt.Indicator):
    """Nautilus' RSI as a line: the stream is the indicator, `next` feeds it."""

    lines = ("rsi",)
    params = (("period", 14),)

    def __init__(self) -> None:
        self.live = nt.stream(nt.indicators.rsi, period=self.p.period)

    def next(self) -> None:
        self.lines.rsi[0] = self.live.update(float(self.data.close[0]))


class Reader(bt.Strategy):
    """Collects what the indicator says."""

    def __init__(self) -> None:
        self.rsi = Rsi(self.data)
        self.said: list[float] = []

    def next(self) -> None:
        self.said.append(self.rsi.rsi[0])


def main() -> None:
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 300)))
    days = pd.bdate_range("2020-01-02", periods=300)
    bars = pd.DataFrame(
        {"open": close, "high": close, "low": close, "close": close, "volume": 1.0}, index=days
    )
    engine = bt.Cerebro(runonce=False)
    engine.adddata(bt.feeds.PandasData(dataname=bars))
    engine.addstrategy(Reader)
    (strategy,) = engine.run()
    assert np.array_equal(np.array(strategy.said), nt.indicators.rsi(close, 14), equal_nan=True)
    print(f"backtrader: {len(strategy.said)} bars, the line equals our history to the bit")


if __name__ == "__main__":
    main()
