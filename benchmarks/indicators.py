"""Indicators against TA-Lib, ta, talipp and polars: a series, a panel, one bar at a time.

Run: python benchmarks/indicators.py [--full]

Ratios are ours over the peer's: below 1 we are faster. `talipp` is compared where it is installed.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import ta
import talib

from nautilus import indicators as i
from nautilus.core import jit

BARS = 1_000_000
TIMES, ASSETS = 2_520, 500 if "--full" in sys.argv else 200
REPEATS = 5


def median_ms(task: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def made_up(*shape: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.001, shape), axis=0))
    before = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(close, before) * 1.001, np.minimum(close, before) * 0.999
    volume = np.rint(rng.lognormal(12, 0.7, shape))
    return {"open": before, "high": high, "low": low, "close": close, "volume": volume}


def series() -> None:
    o, h, low, c, v = made_up(BARS).values()
    peers = {
        "rsi": (lambda: i.rsi(c), lambda: talib.RSI(c)),
        "stochastic": (lambda: i.stochastic(h, low, c),
                       lambda: talib.STOCH(h, low, c, 14, 3, 0, 3, 0)),
        "williams_r": (lambda: i.williams_r(h, low, c), lambda: talib.WILLR(h, low, c)),
        "momentum": (lambda: i.momentum(c), lambda: talib.MOM(c)),
        "roc": (lambda: i.roc(c), lambda: talib.ROC(c)),
        "macd": (lambda: i.macd(c), lambda: talib.MACD(c)),
        "ppo": (lambda: i.ppo(c), lambda: talib.PPO(c)),
        "ultimate_oscillator": (lambda: i.ultimate_oscillator(h, low, c),
                                lambda: talib.ULTOSC(h, low, c)),
        "commodity_channel_index": (lambda: i.commodity_channel_index(h, low, c),
                                    lambda: talib.CCI(h, low, c, 20)),
        "sma": (lambda: i.sma(c), lambda: talib.SMA(c, 20)),
        "ema": (lambda: i.ema(c), lambda: talib.EMA(c, 20)),
        "bollinger_bands": (lambda: i.bollinger_bands(c), lambda: talib.BBANDS(c, 20)),
        "parabolic_sar": (lambda: i.parabolic_sar(h, low), lambda: talib.SAR(h, low)),
        "ichimoku": (lambda: i.ichimoku(h, low), None),
        "linear_regression": (lambda: i.linear_regression(c), lambda: talib.LINEARREG(c)),
        "standard_deviation": (lambda: i.standard_deviation(c), lambda: talib.STDDEV(c, 20)),
        "obv": (lambda: i.obv(c, v), lambda: talib.OBV(c, v)),
        "accumulation_distribution": (lambda: i.accumulation_distribution(h, low, c, v),
                                      lambda: talib.AD(h, low, c, v)),
        "chaikin_money_flow": (lambda: i.chaikin_money_flow(h, low, c, v),
                               lambda: talib.CMF(h, low, c, v, 20)),
        "volume_sma": (lambda: i.volume_sma(v), lambda: talib.SMA(v, 20)),
        "vwap": (lambda: i.vwap(h, low, c, v), lambda: talib.VWAP(h, low, c, v)),
        "money_flow_index": (lambda: i.money_flow_index(h, low, c, v),
                             lambda: talib.MFI(h, low, c, v)),
        "atr": (lambda: i.atr(h, low, c), lambda: talib.ATR(h, low, c)),
        "bollinger_width": (lambda: i.bollinger_width(c), None),
        "keltner_channels": (lambda: i.keltner_channels(h, low, c), None),
        "historical_volatility": (lambda: i.historical_volatility(c), None),
        "garman_klass_volatility": (lambda: i.garman_klass_volatility(o, h, low, c), None),
    }  # fmt: skip
    print(f"{BARS:,} bars, median of {REPEATS}; numba {'on' if jit.is_available() else 'off'}")
    print(f"{'indicator':<26}{'ours ms':>9}{'TA-Lib':>9}{'ratio':>8}")
    ratios = []
    for name, (ours, theirs) in peers.items():
        for _ in range(2):  # past the price of compiling
            ours()
        mine = median_ms(ours)
        if theirs is None:
            print(f"{name:<26}{mine:>9.2f}{'':>9}{'':>8}")
            continue
        peer = median_ms(theirs)
        ratios.append(mine / peer)
        print(f"{name:<26}{mine:>9.2f}{peer:>9.2f}{mine / peer:>8.2f}")
    print(f"{'median of the ratios':<26}{'':>18}{statistics.median(ratios):>8.2f}")
    frame = pl.DataFrame({"c": c})
    native = {
        "sma": (lambda: i.sma(frame["c"]), lambda: frame["c"].rolling_mean(20)),
        "ema": (lambda: i.ema(frame["c"]), lambda: frame["c"].ewm_mean(span=20, adjust=False)),
    }
    for name, (ours, theirs) in native.items():
        mine, peer = median_ms(ours), median_ms(theirs)
        print(f"{name + ' (polars)':<26}{mine:>9.2f}{peer:>9.2f}{mine / peer:>8.2f}")


def talib_of(o, h, low, c, v):
    """All 27 by TA-Lib; what it lacks by its parts and numpy."""
    upper, middle, lower = talib.BBANDS(c, 20)
    average, reach = talib.EMA(c, 20), talib.ATR(h, low, c, 10)
    log = np.append(np.nan, np.log(c[1:] / c[:-1]))
    body = 0.5 * np.log(h / low) ** 2 - (2 * np.log(2) - 1) * np.log(c / o) ** 2
    tenkan = (talib.MAX(h, 9) + talib.MIN(low, 9)) / 2
    kijun = (talib.MAX(h, 26) + talib.MIN(low, 26)) / 2
    span = (talib.MAX(h, 52) + talib.MIN(low, 52)) / 2
    return [
        talib.RSI(c), *talib.STOCH(h, low, c, 14, 3, 0, 3, 0), talib.WILLR(h, low, c),
        talib.MOM(c), talib.ROC(c), *talib.MACD(c), talib.PPO(c), talib.ULTOSC(h, low, c),
        talib.CCI(h, low, c, 20), talib.SMA(c, 20), talib.EMA(c, 20), upper, middle, lower,
        (c - lower) / (upper - lower), talib.SAR(h, low), tenkan, kijun, (tenkan + kijun) / 2,
        span, talib.LINEARREG(c), talib.LINEARREG_SLOPE(c), talib.STDDEV(c, 20), talib.OBV(c, v),
        talib.AD(h, low, c, v), talib.CMF(h, low, c, v, 20), talib.SMA(v, 20),
        talib.VWAP(h, low, c, v), talib.MFI(h, low, c, v), talib.ATR(h, low, c),
        (upper - lower) / middle, average + 2 * reach, average, average - 2 * reach,
        talib.STDDEV(log, 20) * 252**0.5, np.sqrt(np.maximum(talib.SMA(body, 20), 0) * 252),
    ]  # fmt: skip


def panel() -> None:
    data = {k: np.ascontiguousarray(x.T) for k, x in made_up(TIMES, ASSETS).items()}
    names = np.repeat([f"S{j}" for j in range(ASSETS)], TIMES)
    frame = pl.DataFrame({"symbol": names, **{k: x.reshape(-1) for k, x in data.items()}})

    def theirs() -> list[np.ndarray]:
        columns = None
        for j in range(ASSETS):
            found = talib_of(*(x[j] for x in data.values()))
            columns = columns or [np.empty(TIMES * ASSETS) for _ in found]
            for column, values in zip(columns, found, strict=True):
                column[j * TIMES : (j + 1) * TIMES] = values
        return columns or []

    i.compute(frame, i.available(), by="symbol")
    mine = median_ms(lambda: i.compute(frame, i.available(), by="symbol"))
    peer = median_ms(theirs)
    cores = os.cpu_count()
    print(f"\npanel {TIMES:,} x {ASSETS}, all 27 indicators into one frame, {cores} cores")
    print(f"compute {mine:,.0f} ms, TA-Lib symbol by symbol {peer:,.0f} ms: {mine / peer:.2f}")
    h, low, c, v = (pd.Series(data[k][0]) for k in ("high", "low", "close", "volume"))
    start = time.perf_counter()
    ta.volatility.average_true_range(h, low, c)
    ta.trend.cci(h, low, c)
    ta.trend.PSARIndicator(h, low, c).psar()
    ta.momentum.rsi(c)
    ta.trend.macd_signal(c)
    ta.volatility.bollinger_wband(c)
    ta.volume.money_flow_index(h, low, c, v)
    some = time.perf_counter() - start
    every = ASSETS * some * 1e3
    print(f"ta, 7 of them for one symbol {some * 1e3:.0f} ms; for all symbols {every:,.0f} ms:"
          f" {every / mine:.0f} times all 27 of ours")  # fmt: skip


def panel_stream() -> None:
    symbols = [f"S{j}" for j in range(500)]
    panel_of = made_up(60, len(symbols))
    together = i.FeatureSet(i.available(), symbols=symbols)
    together.warm_up()
    rows = [{name: column[n] for name, column in panel_of.items()} for n in range(60)]

    def panel_bars() -> None:
        for row in rows:
            together.update(row)

    print(f"500 symbols, all 27, compiled: {median_ms(panel_bars) / len(rows):.2f} ms a bar")


def streaming() -> None:
    o, h, low, c, v = (x.tolist() for x in made_up(4_000).values())
    bars = [dict(zip(("open", "high", "low", "close", "volume"), row, strict=True))
            for row in zip(o, h, low, c, v, strict=True)]  # fmt: skip

    def all_of_them() -> None:
        live = i.FeatureSet(i.available())
        for bar in bars:
            live.update(bar)

    per_bar = median_ms(all_of_them) / len(bars) * 1e3
    print(f"\none bar at a time, interpreted: all 27 by FeatureSet.update {per_bar:.1f} us a bar")
    panel_stream()
    import nautilus as nt

    def one(function, **parameters):
        def run() -> None:
            live = nt.stream(function, **parameters)
            for x in c:
                live.update(x)

        return median_ms(run) / len(c) * 1e3

    def handle(make):
        def run() -> None:
            live = make(np.array(c[:100]))
            for x in c[100:]:
                live.update(x)

        return median_ms(run) / (len(c) - 100) * 1e3

    peers = {
        "rsi": (i.rsi, {"period": 14}, lambda x: talib.stream.RSI(x, 14), ("RSI", (14,))),
        "ema": (i.ema, {"period": 20}, lambda x: talib.stream.EMA(x, 20), ("EMA", (20,))),
        "bollinger_bands": (i.bollinger_bands, {}, lambda x: talib.stream.BBANDS(x, 20),
                            ("BB", (20, 2.0))),
    }  # fmt: skip
    found = importlib.util.find_spec("talipp") is not None
    print(f"{'indicator':<18}{'ours us':>9}{'TA-Lib us':>11}{'talipp us':>11}")
    for name, (function, options, make, (theirs, arguments)) in peers.items():
        mine, peer = one(function, **options), handle(make)
        third = talipp_us(theirs, arguments, c) if found else float("nan")
        print(f"{name:<18}{mine:>9.2f}{peer:>11.2f}{third:>11.2f}")


def talipp_us(name: str, arguments: tuple, values: list[float]) -> float:
    import talipp.indicators

    def run() -> None:
        live = getattr(talipp.indicators, name)(*arguments)
        for x in values:
            live.add(x)

    return median_ms(run) / len(values) * 1e3


if __name__ == "__main__":
    series()
    panel()
    streaming()
