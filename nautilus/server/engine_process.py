"""One engine in a process of its own: serves, tells its supervisor, and never outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from nautilus.core.errors import NautilusError
from nautilus.server.launcher import Launch, loop_factory
from nautilus.server.logs import log_to_stderr
from nautilus.server.progress import Progress

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from nautilus.server.settings import Settings

__all__ = ["READY", "STOP", "run_engine"]

READY, STOP = "ready", "stop"
ORPHANED = 3
ORPHAN_SECONDS = 5.0


def run_engine(engine: str, settings: Settings, listening: socket.socket, pipe: Connection) -> None:
    """Serve one engine until the supervisor says stop, or is gone.

    Parameters
    ----------
    engine : str
    settings : Settings
        With the addresses of all engines, and without the demo set, which is loaded already.
    listening : socket
        Bound; the supervisor keeps it, so that the port survives this process.
    pipe : Connection
        Ends when the supervisor does.
    """
    # Ctrl-C reaches all processes of a terminal: the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_to_stderr(settings.log_level, settings.log_format, engine=engine)
    launch = Supervised(engine, settings, listening, pipe)
    code = 0
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(launch.run())
    except (OSError, NautilusError) as error:
        print(f"{engine}: {error}", file=sys.stderr)
        code = 1
    if threading.active_count() > 1:  # a calculation that nobody waits for must not hold us up
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


class Supervised(Launch):
    """A launch of one engine whose orders come through a pipe."""

    def __init__(
        self, engine: str, settings: Settings, listening: socket.socket, pipe: Connection
    ) -> None:
        super().__init__(settings, {engine: listening}, Reported(pipe))
        self._pipe = pipe

    async def run(self) -> None:
        """Serve until the pipe says stop, or ends."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pipe.fileno(), self._told)
        try:
            await super().run()
        finally:
            loop.remove_reader(self._pipe.fileno())

    def _told(self) -> None:
        try:
            self._pipe.recv()
        except (EOFError, OSError):  # the supervisor is gone, perhaps by kill -9
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            threading.Timer(ORPHAN_SECONDS, os._exit, (ORPHANED,)).start()
        self.stopping.set()


class Reported(Progress):
    """Tells the supervisor instead of a person."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__(time.perf_counter(), machine=True)
        self._pipe = pipe

    def say(self, text: str) -> None:
        """The supervisor speaks for all."""

    def ready(self, addresses: dict[str, str], *, pids: dict[str, int] | None = None) -> None:
        """The engine answers."""
        self.stage(READY)
        self._pipe.send(READY)
