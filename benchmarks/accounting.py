"""Realised P&L of a million fills against plain Python loops in one run, and the live ledger.

Run: python benchmarks/accounting.py

The peers do the same work on lists of floats: realised P&L of each fill and of each symbol, fees,
what is held and at which cost. Ours starts from numpy columns and checks every row. CPU time of one
thread, so that a busy machine disturbs the ratios less.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

import nautilus as nt
from nautilus.accounting import Fill, Mark, fills_pnl, run_ledger
from nautilus.core import jit

FILLS = 1_000_000
SYMBOLS = 1_000
SLICE = 100_000
REPEATS = 7


def median_seconds(task: Callable[[], Any], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return statistics.median(times)


def average_loop(
    symbols: list[int], quantities: list[float], prices: list[float], fees: list[float]
) -> Any:
    held, costs = [0.0] * SYMBOLS, [0.0] * SYMBOLS
    realised, charged = [0.0] * SYMBOLS, [0.0] * SYMBOLS
    each = []
    for symbol, quantity, price, fee in zip(symbols, quantities, prices, fees, strict=True):
        position, gain = held[symbol], 0.0
        after = position + quantity
        if position == 0 or (position > 0) == (quantity > 0):
            costs[symbol] = (position * costs[symbol] + quantity * price) / after
        else:
            closed = min(abs(position), abs(quantity)) * (1 if position > 0 else -1)
            gain = closed * (price - costs[symbol])
            if after == 0:
                costs[symbol] = 0.0
            elif (after > 0) != (position > 0):
                costs[symbol] = price
        held[symbol] = after
        realised[symbol] += gain
        charged[symbol] += fee
        each.append(gain)
    return each, realised, charged, held, costs


def fifo_loop(
    symbols: list[int], quantities: list[float], prices: list[float], fees: list[float]
) -> Any:
    lots: list[deque[list[float]]] = [deque() for _ in range(SYMBOLS)]
    realised, charged = [0.0] * SYMBOLS, [0.0] * SYMBOLS
    each = []
    for symbol, quantity, price, fee in zip(symbols, quantities, prices, fees, strict=True):
        queue, gain = lots[symbol], 0.0
        while quantity and queue and (queue[0][0] > 0) != (quantity > 0):
            lot = queue[0]
            closed = min(abs(lot[0]), abs(quantity)) * (1 if lot[0] > 0 else -1)
            gain += closed * (price - lot[1])
            lot[0] -= closed
            quantity += closed
            if lot[0] == 0:
                queue.popleft()
        if quantity:
            queue.append([quantity, price])
        realised[symbol] += gain
        charged[symbol] += fee
        each.append(gain)
    held = [sum(q for q, _ in queue) for queue in lots]
    costs = [sum(q * p for q, p in queue) for queue in lots]
    return each, realised, charged, held, costs


def random_fills(count: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    quantities = rng.integers(1, 100, count) * rng.choice([-1.0, 1.0], count)
    prices = np.round(100 * np.exp(rng.normal(0, 0.1, count)), 2)
    return rng.integers(0, SYMBOLS, count), quantities, prices, np.full(count, 0.35)


def columns_against_loops() -> None:
    columns = random_fills(FILLS)
    lists = [c.tolist() for c in columns]
    part = tuple(c[:SLICE] for c in columns)
    part_lists = [c.tolist() for c in part]
    print(f"{FILLS:,} fills, {SYMBOLS:,} symbols, median of {REPEATS}")
    print(
        f"{'lots':<9}{'ours ms':>10}{'peer':>14}{'peer ms':>10}{'peer/ours':>11}{'largest gap':>13}"
    )
    for method, peer, name in (
        ("average", average_loop, "Python loop"),
        ("fifo", fifo_loop, "Python deque"),
    ):
        for _ in range(2):  # past the price of compiling
            found = fills_pnl(*columns, lot_method=method)
        ours = median_seconds(lambda m=method: fills_pnl(*columns, lot_method=m))
        theirs = median_seconds(lambda f=peer: f(*lists), 3)
        gap = np.abs(found.realised - np.array(peer(*lists)[0])).max()
        times = f"{ours * 1e3:>10.1f}{name:>14}{theirs * 1e3:>10.0f}"
        print(f"{method:<9}{times}{theirs / ours:>11.1f}{gap:>13.1e}")
    for method in ("lifo", "hifo"):
        ours = median_seconds(lambda m=method: fills_pnl(*columns, lot_method=m), 3)
        print(f"{method:<9}{ours * 1e3:>10.1f}")
    interpreted(part, part_lists)


def interpreted(part: tuple[Any, ...], lists: list[Any]) -> None:
    """The same step without numba, on a slice."""
    import os

    print(f"\nwithout numba, {SLICE:,} fills")
    os.environ["NAUTILUS_JIT"] = "0"
    for method, peer in (("average", average_loop), ("fifo", fifo_loop)):
        ours = median_seconds(lambda m=method: fills_pnl(*part, lot_method=m), 3)
        theirs = median_seconds(lambda f=peer: f(*lists), 3)
        print(f"{method:<9}{ours * 1e3:>10.1f}{'':>14}{theirs * 1e3:>10.0f}{theirs / ours:>11.2f}")
    del os.environ["NAUTILUS_JIT"]


def live_ledger() -> None:
    """Events of a live book one by one, and a book with daily marks."""
    at = datetime(2024, 1, 2)
    columns = [c[:SLICE].tolist() for c in random_fills(SLICE)]
    fills = [Fill(at, f"S{s}", q, p, f) for s, q, p, f in zip(*columns, strict=True)]
    marks = [Mark(at, {f"S{s}": 100.0 for s in range(SYMBOLS)})] * 100

    def stream(events: list[Any]) -> None:
        live = nt.stream(run_ledger)
        for event in events:
            live.update(event)

    print(
        f"\nlive ledger: {median_seconds(lambda: stream(fills), 3) / SLICE * 1e6:.2f} us a fill,",
        end=" ",
    )
    opened = median_seconds(lambda: stream(fills[:5_000]), 3)
    marked = median_seconds(lambda: stream([*fills[:5_000], *marks]), 3)
    print(f"{(marked - opened) / 100 / SYMBOLS * 1e6:.2f} us a position and mark")
    whole = median_seconds(lambda: run_ledger(fills), 3)
    print(f"run_ledger: {SLICE:,} fills in {whole:.2f} s")


if __name__ == "__main__":
    print(f"numba {'on' if jit.is_available() else 'off'}")
    columns_against_loops()
    live_ledger()
