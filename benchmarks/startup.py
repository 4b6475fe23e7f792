"""Starting up against `import pandas` in one run: the library, the nine engines, and the memory.

Run: python benchmarks/startup.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

REPEATS = 5
MEMORY = "import psutil; print(psutil.Process().memory_info().rss)"


@dataclass(frozen=True)
class Measured:
    """Wall seconds from the start of the process, and its resident memory in bytes."""

    seconds: float
    memory: float


def imported(statement: str) -> Measured:
    """A fresh interpreter that runs one statement; an empty one is subtracted nowhere."""
    start = time.perf_counter()
    command = [sys.executable, "-c", statement]
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - start
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\n{MEMORY}"], check=True, capture_output=True, text=True
    )
    return Measured(seconds, float(done.stdout))


def servers(*, warm: bool) -> Measured:
    """`python -m nautilus.server` until all nine engines have answered `/health`."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--free-ports", "--ready-json", "--database", str(Path(folder) / "state.db")]
        command = [sys.executable, "-m", "nautilus.server", *options]
        start = time.perf_counter()
        with subprocess.Popen(
            command if warm else [*command, "--no-warm"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            engines = json.loads(process.stdout.readline())["engines"]
            for url in engines.values():
                urllib.request.urlopen(f"{url}/health", timeout=10).close()
            while warm and not is_warm(engines["analytics"]):
                time.sleep(0.05)
            seconds = time.perf_counter() - start
            memory = psutil.Process(process.pid).memory_info().rss
            process.terminate()
    return Measured(seconds, float(memory))


def is_warm(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/ready", timeout=10) as reply:
        return bool(json.load(reply)["warm"])


def median(runs: list[Measured]) -> Measured:
    return Measured(
        statistics.median(r.seconds for r in runs), statistics.median(r.memory for r in runs)
    )


def main() -> None:
    tasks = {
        "import pandas": lambda: imported("import pandas"),
        "python alone": lambda: imported("pass"),
        "import nautilus": lambda: imported("import nautilus"),
        "nine engines answer /health": lambda: servers(warm=False),
        "... and heavy libraries warm": lambda: servers(warm=True),
    }
    for task in tasks.values():  # fills the page cache, which a second start has
        task()
    found = {name: median([task() for _ in range(REPEATS)]) for name, task in tasks.items()}
    peer = found["import pandas"]
    print(f"median of {REPEATS} fresh processes; seconds from the start of the process")
    print(f"{'':<30}{'seconds':>9}{'/ pandas':>10}{'MB':>8}{'/ pandas':>10}")
    for name, one in found.items():
        time_ratio, memory_ratio = one.seconds / peer.seconds, one.memory / peer.memory
        print(
            f"{name:<30}{one.seconds:>9.3f}{time_ratio:>10.2f}"
            f"{one.memory / 1e6:>8.0f}{memory_ratio:>10.2f}"
        )


if __name__ == "__main__":
    main()
