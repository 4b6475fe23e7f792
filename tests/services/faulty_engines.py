"""Engines under a supervisor, with a fault.

Run as `python -m tests.services.faulty_engines FAULT FOLDER BUS`.
Faults: `crash` (risk dies at once), `hopeless` (each engine does), `stuck` (a request to
`/risk/stuck` never gives the event loop back), `hung` (the same, and it shows soon), `none`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from typing import Any

from nautilus.server import engine_process, supervisor
from nautilus.server.engine_process import run_engine
from nautilus.server.launcher import loop_factory
from nautilus.server.ports import bind
from nautilus.server.progress import Progress
from nautilus.server.registry import engine_rows
from nautilus.server.settings import Settings

EXIT_CODE = 7


def crash(engine: str, settings: Settings, listening: socket.socket, pipe: Any) -> None:
    if engine == "risk":
        os._exit(EXIT_CODE)
    run_engine(engine, settings, listening, pipe)


def hopeless(engine: str, settings: Settings, listening: socket.socket, pipe: Any) -> None:
    os._exit(EXIT_CODE)


def stuck(engine: str, settings: Settings, listening: socket.socket, pipe: Any) -> None:
    from nautilus.server.engines import risk

    @risk.router.get("/stuck", operation_id="stuck", response_model=None)
    async def endless() -> None:
        while True:
            pass

    engine_process.ORPHAN_SECONDS = 0.5
    run_engine(engine, settings, listening, pipe)


TARGETS = {"crash": crash, "hopeless": hopeless, "stuck": stuck, "hung": stuck, "none": run_engine}


async def supervise(fault: str, folder: str, bus: str) -> None:
    supervisor.FIRST_PAUSE, supervisor.LONGEST_PAUSE = 0.01, 0.1
    supervisor.KILL_SECONDS = 0.5
    settings = Settings(
        database=f"{folder}/state.db",
        bus=bus,
        warm=False,
        processes=True,
        stop_seconds=1,
        hung_seconds=3 if fault == "hung" else 30,
    )
    sockets = bind(engine_rows(("risk", "ml")), settings, free=True)
    progress = Progress(time.perf_counter(), machine=True)
    await supervisor.Supervisor(settings, sockets, progress, target=TARGETS[fault]).run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(supervise(*sys.argv[1:]))
