"""One engine in a process of its own: serves, tells its supervisor, and never outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.launcher import Launch, loop_factory
from nautilus.server.logs import log_to_stderr
from nautilus.server.progress import Progress

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from nautilus.server.settings import Settings

__all__ = ["ALIVE", "READY", "SIGNS", "STOP", "UNAVAILABLE", "run_engine", "when_orphaned"]

READY, ALIVE, STOP = "ready", "alive", "stop"
SIGNS = 10  # of life, within the time after which a process without any is killed
ORPHANED, UNAVAILABLE = 3, 75
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
        Brings its orders, and ends with this process.
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
        code = UNAVAILABLE if isinstance(error, UnavailableError) else 1
    sys.stderr.flush()
    os._exit(code)  # a calculation that nobody waits for must not hold us up


def when_orphaned(begin_to_end: Callable[[], None]) -> None:
    """Once the parent is gone, perhaps by kill -9, this process has a few seconds to end.

    Parameters
    ----------
    begin_to_end : callable
        Called in a thread: an event loop that is stuck would never hear of it.
    """
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            begin_to_end()
            time.sleep(ORPHAN_SECONDS)
            os._exit(ORPHANED)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


class Supervised(Launch):
    """A launch of one engine whose orders come through a pipe."""

    def __init__(
        self, engine: str, settings: Settings, listening: socket.socket, pipe: Connection
    ) -> None:
        super().__init__(settings, {engine: listening}, Reported(pipe))
        self._pipe = pipe

    async def run(self) -> None:
        """Serve until the pipe says stop, or the supervisor is gone."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pipe.fileno(), self._told)
        when_orphaned(lambda: self._abandoned(loop))
        signs = asyncio.create_task(self._show_life())
        try:
            await super().run()
        finally:
            signs.cancel()
            loop.remove_reader(self._pipe.fileno())

    async def _show_life(self) -> None:
        """From the event loop: one that is stuck shows none."""
        with contextlib.suppress(OSError):  # the supervisor is gone; another watch sees to that
            while True:
                self._pipe.send(ALIVE)
                await asyncio.sleep(self.settings.hung_seconds / SIGNS / 2)

    def _told(self) -> None:
        try:
            self._pipe.recv()
        except (EOFError, OSError):  # the supervisor is gone
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        self.stopping.set()

    def _abandoned(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(self.stopping.set)

    def _handle(self, number: int) -> None:
        """A signal to all processes comes beside the order; only the supervisor forces."""
        self.stopping.set()


class Reported(Progress):
    """Tells the supervisor instead of a person."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__(time.perf_counter(), machine=True)
        self._pipe = pipe

    def say(self, text: str) -> None:
        """The supervisor speaks for all."""

    def ready(
        self,
        addresses: dict[str, str],
        *,
        pids: dict[str, int] | None = None,
        failed: Sequence[str] = (),
    ) -> None:
        """The engine answers."""
        self.stage(READY)
        self._pipe.send(READY)
