"""A process per engine: until all answer, memory, and until a killed engine answers again.

Run: python benchmarks/processes.py

Memory is PSS: what processes share counts once. The peer is the same servers in one process.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.services.redis import running_redis

REPEATS = 3


def measured(folder: Path, *options: str) -> dict[str, float]:
    state = ["--database", str(folder / f"{time.monotonic_ns()}.db")]
    command = [sys.executable, "-m", "nautilus.server", "--free-ports", "--ready-json"]
    began = time.perf_counter()
    with subprocess.Popen(
        [*command, *state, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        for url in ready["engines"].values():
            urllib.request.urlopen(f"{url}/health", timeout=10).close()
        found = {"seconds": time.perf_counter() - began}
        time.sleep(5.0)  # libraries warm up
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(True)]
        found["memory"] = sum(one.memory_full_info().pss for one in family) / 1e6
        found["back"] = recovery(ready) if "pids" in ready else float("nan")
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        found["stop"] = time.perf_counter() - began
    return found


def recovery(ready: dict[str, Any]) -> float:
    began = time.perf_counter()
    os.kill(ready["pids"]["risk"], signal.SIGKILL)
    while True:
        try:
            urllib.request.urlopen(ready["engines"]["risk"] + "/health", timeout=10).close()
            return time.perf_counter() - began
        except OSError:
            time.sleep(0.01)


def main() -> None:
    print(f"median of {REPEATS}")
    print(f"{'':<22}{'ready s':>9}{'PSS MB':>9}{'back s':>9}{'stop s':>9}")
    with tempfile.TemporaryDirectory() as place, running_redis() as redis:
        for name, options in (
            ("one process", ()),
            ("a process per engine", ("--processes", "--bus", redis.url)),
        ):
            runs = [measured(Path(place), *options) for _ in range(REPEATS)]
            middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
            print(
                f"{name:<22}{middle['seconds']:>9.2f}{middle['memory']:>9.0f}"
                f"{middle['back']:>9.2f}{middle['stop']:>9.2f}"
            )


if __name__ == "__main__":
    main()
