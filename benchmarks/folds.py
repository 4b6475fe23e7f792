"""Folds against TA-Lib in one run: a million bars in batch, and one bar at a time from Python.

Run: python benchmarks/folds.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import talib

import nautilus as nt
from nautilus.core import jit

BARS = 1_000_000
UPDATES = 20_000
REPEATS = 7


def median_seconds(task: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, BARS)))
    pairs = {
        "sma(20)": (lambda x: nt.indicators.sma(x, 20), lambda x: talib.SMA(x, 20)),
        "ema(20)": (lambda x: nt.indicators.ema(x, 20), lambda x: talib.EMA(x, 20)),
        "rsi(14)": (lambda x: nt.indicators.rsi(x, 14), lambda x: talib.RSI(x, 14)),
    }
    print(f"{BARS:,} bars, median of {REPEATS}; numba {'on' if jit.is_available() else 'off'}")
    print(f"{'indicator':<10}{'ours ms':>10}{'TA-Lib ms':>11}{'ours/TA-Lib':>13}")
    for name, (ours, theirs) in pairs.items():
        for _ in range(3):  # past the price of compiling
            ours(close)
        mine, peer = (
            median_seconds(lambda f=ours: f(close)),
            median_seconds(lambda f=theirs: f(close)),
        )
        print(f"{name:<10}{mine * 1e3:>10.2f}{peer * 1e3:>11.2f}{mine / peer:>13.2f}")
    print(f"\none bar at a time from Python, {UPDATES:,} updates, median of {REPEATS}")
    print(f"{'indicator':<10}{'ours us':>10}{'talib.stream us':>17}{'ours/TA-Lib':>13}")
    bars = close[1_000 : 1_000 + UPDATES].tolist()
    for name, function, period, handle in (
        ("sma(20)", nt.indicators.sma, 20, talib.stream.SMA),
        ("ema(20)", nt.indicators.ema, 20, talib.stream.EMA),
        ("rsi(14)", nt.indicators.rsi, 14, talib.stream.RSI),
    ):
        live, peer = nt.stream(function, period=period), handle(close[:1_000].copy(), period)
        mine = median_seconds(lambda s=live: [s.update(x) for x in bars]) / UPDATES
        theirs = median_seconds(lambda s=peer: [s.update(x) for x in bars]) / UPDATES
        print(f"{name:<10}{mine * 1e6:>10.2f}{theirs * 1e6:>17.2f}{mine / theirs:>13.2f}")


if __name__ == "__main__":
    main()
