"""Market data against plain Python doing the same work in one run.

Run: python benchmarks/marketdata.py

Ingestion: JSON ticks of 20 symbols through decode, validation, deduplication, checks, latency and
publish, on one core. The peer is json.loads and a loop over dicts with the same checks. CPU is
shared: the ratios count. Quality: a report of ten years of days and of a year of minutes.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from nautilus.marketdata import (
    Ingestion,
    LatencyHistogram,
    TickBars,
    expected_bars,
    quality_report,
)

TICKS = 200_000
SYMBOLS = 20
BATCH = 500
REPEATS = 5
START = 1_704_205_800_000_000  # microseconds
PACED_RATE = 50_000
PACED_SECONDS = 4


def median_seconds(task: Callable[[], Any], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


class Published:
    """Counts what is published."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, ticks: list[Any]) -> None:
        self.count += len(ticks)


def messages() -> list[bytes]:
    return [
        json.dumps(
            {
                "type": "trade",
                "symbol": f"SIM{i % SYMBOLS:02d}",
                "timestamp": START + 20 * i,
                "price": round(100 + 0.01 * (i % 7), 2),
                "size": 100.0,
                "sequence": i // SYMBOLS,
                "side": "buy",
            }
        ).encode()
        for i in range(TICKS)
    ]


def json_loop(raw: list[bytes], received: list[int], publish: Callable[[list[Any]], None]) -> None:
    """The same checks on dicts, without constraints that a schema would add for free."""
    last: dict[tuple[str, str], int] = {}
    prices: dict[str, float] = {}
    latencies: dict[str, list[int]] = {}
    jumps = invalid = duplicates = lost = 0
    for text, at in zip(raw, received, strict=True):
        tick = json.loads(text)
        symbol, price, number = tick.get("symbol"), tick.get("price"), tick.get("sequence")
        valid = isinstance(symbol, str) and isinstance(price, float) and price > 0
        if not (valid and isinstance(number, int) and isinstance(tick.get("timestamp"), int)):
            invalid += 1
            continue
        key = (symbol, tick["type"])
        before = last.get(key, number - 1)
        if number <= before:
            duplicates += 1
            continue
        lost += number - before - 1
        last[key] = number
        previous = prices.get(symbol, price)
        jumps += abs(price / previous - 1) > 0.1
        prices[symbol] = price
        latencies.setdefault(symbol, []).append(at - 1_000 * tick["timestamp"])
        publish([tick])


def ingestion() -> None:
    raw = messages()
    received = [1_000 * (START + 20 * i) + 900_000 for i in range(TICKS)]
    arrays = [b"[" + b",".join(raw[i : i + BATCH]) + b"]" for i in range(0, TICKS, BATCH)]

    def one_by_one() -> None:
        sink = Published()
        live = Ingestion("simulated", sink)
        for text, at in zip(raw, received, strict=True):
            live.update(text, at)
        assert live.counts().published == sink.count == TICKS

    def by_array() -> None:
        sink = Published()
        live = Ingestion("simulated", sink)
        for text, at in zip(arrays, received[BATCH - 1 :: BATCH], strict=True):
            live.update_batch(text, at)
        assert live.counts().published == sink.count == TICKS

    peer = TICKS / median_seconds(lambda: json_loop(raw, received, Published()))
    print(f"ingestion: {TICKS:,} JSON ticks of {len(raw[0])} bytes, median of {REPEATS}")
    print(f"{'path':<32}{'ticks/s':>12}{'to the peer':>13}")
    print(f"{'json.loads and a loop (peer)':<32}{peer:>12,.0f}{1:>13.1f}")
    for name, task in (("one by one", one_by_one), (f"arrays of {BATCH}", by_array)):
        rate = TICKS / median_seconds(task)
        print(f"{name:<32}{rate:>12,.0f}{rate / peer:>13.1f}")


def paced() -> None:
    """From when a message is due to when it is published, at a fixed rate."""
    raw, step = messages(), 1_000_000_000 // PACED_RATE
    delays: list[int] = []
    due = 0
    live = Ingestion("simulated", lambda ticks: delays.append(time.perf_counter_ns() - due))
    gc.collect()
    gc.freeze()
    clock = time.perf_counter_ns
    start = clock()
    for i in range(min(PACED_RATE * PACED_SECONDS, TICKS)):
        due = start + i * step
        while clock() < due:
            continue
        live.update(raw[i], 1_000 * (START + 20 * i) + 900_000)
    gc.unfreeze()
    seen = LatencyHistogram()
    seen.record(delays)
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "p100": 1.0}
    figures = ", ".join(f"{k} {seen.percentile(q) / 1e3:.1f} us" for k, q in shares.items())
    print(f"\nprocessing at {PACED_RATE:,}/s, due to published: {figures}")


def tick_bars() -> None:
    times = START + 20 * np.arange(TICKS)
    prices = np.round(100 + 0.01 * (np.arange(TICKS) % 7), 2)
    sizes = np.full(TICKS, 100.0)
    rows = list(zip(times.tolist(), prices.tolist(), sizes.tolist(), strict=True))

    def one_by_one() -> None:
        bars = TickBars("1s")
        for at, price, size in rows:
            bars.update("SIM", at, price, size)

    rates = [
        TICKS / median_seconds(task)
        for task in (
            one_by_one,
            lambda: TickBars("1s").update_batch("SIM", times, prices, sizes),
        )
    ]
    print(f"\nbars of one second: {rates[0]:,.0f} trades/s one by one, {rates[1]:,.0f} by array")


def random_bars(timeframe: str, start: str, end: str, spread: float) -> pl.DataFrame:
    times = expected_bars("XNYS", start, end, timeframe=timeframe)
    rng = np.random.default_rng(0)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, spread, len(times)))), 2)
    open_ = np.append(close[:1], close[:-1])
    return pl.DataFrame(
        {
            "timestamp": pl.Series(times).dt.replace_time_zone("UTC"),
            "open": open_,
            "high": np.maximum(open_, close) + 0.02,
            "low": np.minimum(open_, close) - 0.02,
            "close": close,
            "volume": rng.integers(100, 10_000, len(times)).astype(float),
        }
    )


def quality() -> None:
    print("\nquality report")
    for timeframe, start, spread in (("1d", "2015-01-01", 0.01), ("1m", "2024-01-01", 0.0005)):
        bars = random_bars(timeframe, start, "2024-12-31", spread)
        quality_report(bars, timeframe=timeframe)  # the calendar is built once
        taken = median_seconds(lambda b=bars, t=timeframe: quality_report(b, timeframe=t))
        print(f"{bars.height:>7,} bars of {timeframe}: {taken * 1e3:.1f} ms")


if __name__ == "__main__":
    ingestion()
    paced()
    tick_bars()
    quality()
