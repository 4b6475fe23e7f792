"""Time of POST /analytics/calculate with 1,000 positions over HTTP on loopback.

Run: python benchmarks/server.py

A launcher with all nine engines answers one client over one connection. The same domain calls run
in this process, so that the ratio says what the wire, validation, storage and messages cost.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from nautilus.analytics import backcast_returns, performance_summary, portfolio_pnl
from nautilus.marketdata import simulate_market

POSITIONS = 1_000
SYMBOLS = 500
WARM_UP = 20
REQUESTS = 200
METRICS = (
    "sharpe_ratio", "max_drawdown", "annualized_volatility", "annualized_return", "total_return",
    "sortino_ratio", "alpha", "beta", "correlation", "tracking_error", "information_ratio",
)  # fmt: skip


def positions() -> list[dict[str, Any]]:
    return [
        {
            "symbol": f"SIM{1 + i % SYMBOLS:03d}",
            "quantity": 10 + i,
            "avg_cost": 50.0,
            "current_price": 50.0 + i % 7,
            "asset_class": "equity",
            "sector": f"sector_{i % 11}",
        }
        for i in range(POSITIONS)
    ]


@contextmanager
def server() -> Iterator[str]:
    """Address of the analytics engine of a launcher that is ready."""
    with tempfile.TemporaryDirectory(prefix="nautilus-") as folder:
        command = [sys.executable, "-m", "nautilus.server", "--free-ports", "--ready-json"]
        command += ["--database", str(Path(folder) / "state.db")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield json.loads(process.stdout.readline())["engines"]["analytics"]
            finally:
                process.terminate()


def seconds(task: Callable[[], Any], repeats: int) -> list[float]:
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        task()
        found.append(time.perf_counter() - started)
    return found


def over_http(address: str, body: bytes) -> list[float]:
    place = urlsplit(address)
    headers = {"Content-Type": "application/json"}
    with closing(http.client.HTTPConnection(str(place.hostname), place.port)) as connection:

        def ask() -> None:
            connection.request("POST", "/analytics/calculate/benchmark_1", body, headers)
            reply = connection.getresponse()
            content = reply.read()
            assert reply.status == 200, content

        seconds(ask, WARM_UP)
        return seconds(ask, REQUESTS)


def in_process(sent: list[dict[str, Any]]) -> list[float]:
    held = [{**row, "average_cost": row["avg_cost"], "price": row["current_price"]} for row in sent]
    names = list(dict.fromkeys(row["symbol"] for row in sent))
    market = simulate_market([*names, "SPY"], start="2024-01-02", end="2024-12-31")
    returns = market.close[1:] / market.close[:-1] - 1.0
    stocks, benchmark = returns[:, :-1], returns[:, -1]

    def call() -> None:
        pnl = portfolio_pnl(held)
        own = backcast_returns(np.array(list(pnl.weights.values())), stocks)
        performance_summary(own, benchmark, interval=None, metrics=METRICS)

    seconds(call, WARM_UP)
    return seconds(call, REQUESTS)


def quantiles(times: list[float]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    return 1000.0 * statistics.median(times), 1000.0 * statistics.quantiles(times, n=20)[-1]


def main() -> None:
    sent = positions()
    with server() as address:
        wire = quantiles(over_http(address, json.dumps({"positions": sent}).encode()))
    bare = quantiles(in_process(sent))
    print(f"POST /analytics/calculate, {POSITIONS:,} positions, {REQUESTS} requests")
    print(f"over HTTP    p50 {wire[0]:6.1f} ms   p95 {wire[1]:6.1f} ms")
    print(f"domain calls p50 {bare[0]:6.1f} ms   p95 {bare[1]:6.1f} ms")
    print(f"HTTP / domain p50: {wire[0] / bare[0]:.1f}x")


if __name__ == "__main__":
    main()
