"""How a start goes, for a person or for a machine."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence

from nautilus.server.registry import ENGINES

__all__ = ["Progress"]


class Progress:
    """Tells a person, or a machine, how the start goes.

    Parameters
    ----------
    started : float
        `time.perf_counter()` at the start of the process.
    machine : bool
        Keep standard output for the one line of JSON.
    """

    def __init__(self, started: float, *, machine: bool) -> None:
        self.started = started
        self.machine = machine
        self.stages: dict[str, float] = {}

    def say(self, text: str) -> None:
        """A line for people."""
        print(text, file=sys.stderr if self.machine else sys.stdout, flush=True)

    def stage(self, name: str) -> None:
        """A stage is done; its time counts from the start."""
        seconds = self.stages[name] = round(time.perf_counter() - self.started, 3)
        self.say(f"{seconds:7.2f} s  {name}")

    def ready(
        self,
        addresses: dict[str, str],
        *,
        pids: dict[str, int] | None = None,
        failed: Sequence[str] = (),
    ) -> None:
        """All engines answer but the failed; `pids` where each has a process of its own."""
        self.stage("ready")
        for name, url in addresses.items():
            state = "FAILED" if name in failed else ENGINES[name].title
            self.say(f"           {url}  {name}: {state}")
        if self.machine:
            line: dict[str, object] = {
                "ready": True,
                "pid": os.getpid(),
                "seconds": self.stages["ready"],
            }
            line |= {} if pids is None else {"pids": pids, "failed": list(failed)}
            print(json.dumps({**line, "stages": self.stages, "engines": addresses}), flush=True)
        else:
            self.say("Ctrl-C stops.")
