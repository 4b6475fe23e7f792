"""How long /health takes while libraries warm up and while an optimisation of 2 s runs.

Run: python benchmarks/health_under_load.py

A process serves an engine as the launcher does and runs the work where the engines run theirs; this
process asks /health over one kept connection, every 5 ms, and prints the times in milliseconds.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import select
import socket
import subprocess
import sys
import time
from typing import Any

EVERY = 0.005
SECONDS = 2.0


def optimise(seconds: float) -> int:
    """Minimum variance portfolios of 100 assets, one after the other."""
    import numpy as np

    from nautilus.portfolio import min_variance

    returns = np.random.default_rng(0).normal(0.0003, 0.01, (504, 100))
    ends, count = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        min_variance(returns)
        count += 1
    return count


def count_primes(seconds: float) -> int:
    """Pure Python, which holds the interpreter lock."""
    ends, found, number = time.monotonic() + seconds, 0, 2
    while time.monotonic() < ends:
        found += all(number % divisor for divisor in range(2, int(number**0.5) + 1))
        number += 1
    return found


async def serve() -> None:
    from nautilus.server.app import create_app
    from nautilus.server.launcher import _server
    from nautilus.server.platform import open_platform
    from nautilus.server.warming import warm_up

    async with open_platform() as platform:
        app = create_app("analytics", platform=platform)
        listening = socket.create_server(("127.0.0.1", 0))
        server = _server(app, platform.settings, started := asyncio.Event())
        task = asyncio.create_task(server.serve([listening]))
        await started.wait()
        say(port=listening.getsockname()[1])
        work = {
            "idle": lambda: asyncio.sleep(SECONDS),
            "warming": lambda: asyncio.to_thread(warm_up, platform, [app]),
            "optimisation, thread": lambda: platform.cpu.thread(optimise, SECONDS),
            "optimisation, process": lambda: platform.cpu.process(optimise, SECONDS),
            "pure Python, process": lambda: platform.cpu.process(count_primes, SECONDS),
        }
        while order := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await work[order]()
            say(done=order)
        task.cancel()


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def times(process: subprocess.Popen[str], port: int, order: str) -> list[float]:
    """Seconds of each /health until the work is done."""
    assert process.stdin is not None
    assert process.stdout is not None
    connection = http.client.HTTPConnection("127.0.0.1", port)
    process.stdin.write(order + "\n")
    process.stdin.flush()
    found = []
    while not select.select([process.stdout], [], [], EVERY)[0]:
        began = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        found.append(time.perf_counter() - began)
    process.stdout.readline()
    connection.close()
    return sorted(found)


def main() -> None:
    command = [sys.executable, __file__, "--serve"]
    print(f"{'/health while':26s} {'requests':>9s} {'p50 ms':>8s} {'p99 ms':>8s} {'max ms':>8s}")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        for order in (
            "idle",
            "warming",
            "optimisation, thread",
            "optimisation, process",
            "pure Python, process",
        ):
            found = times(process, port, order)
            p50, p99 = (found[int(share * (len(found) - 1))] for share in (0.5, 0.99))
            print(
                f"{order:26s} {len(found):9d} {p50 * 1e3:8.1f} {p99 * 1e3:8.1f}"
                f" {found[-1] * 1e3:8.1f}"
            )
        process.kill()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        import uvloop

        uvloop.run(serve())
    else:
        main()
