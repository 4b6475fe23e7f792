"""`--processes`: a process per engine over Redis, started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import UnavailableError
from nautilus.server.engine_process import READY, SIGNS, STOP, UNAVAILABLE, run_engine
from nautilus.server.launcher import handled_signals
from nautilus.server.ports import documented_addresses, url_of
from nautilus.server.state_process import prepare_state

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

    from nautilus.server.progress import Progress
    from nautilus.server.settings import Settings

__all__ = ["Supervisor"]

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
MOST_DEATHS, DEATHS_SECONDS = 5, 60.0
KILL_SECONDS = 5.0
PRELOADED = [
    "nautilus.server.engine_process",
    "nautilus.server.app",
    "nautilus.server.bus.redis_streams",
    "nautilus.server.engines.analytics",
    "nautilus.server.engines.marketdata",
    "nautilus.server.engines.websocket",
    "nautilus.server.websocket.protocol",
    "httpx",
    "uvicorn",
    "uvloop",
    "nautilus.server.preloaded",
]
_log = logging.getLogger("nautilus.server.supervisor")

Target = Callable[[str, Any, socket.socket, Any], None]


class Supervisor:
    """The processes of all engines.

    Processes come from a fork server that has the light modules loaded and has used none of them:
    forking a process that has used polars deadlocks.

    Parameters
    ----------
    settings : Settings
        With a bus that processes share.
    sockets : mapping of engine -> bound socket
        Kept open here: who connects while an engine starts again waits in its backlog.
    progress : Progress
    target : callable, optional
        What a process runs.
    """

    def __init__(
        self,
        settings: Settings,
        sockets: dict[str, socket.socket],
        progress: Progress,
        *,
        target: Target = run_engine,
    ) -> None:
        self.progress = progress
        self.stopping = asyncio.Event()
        self.failed: set[str] = set()
        self._settings = settings
        self._sockets = sockets
        self._target = target
        self._own = {name: url_of(one) for name, one in sockets.items()}
        self._pipes: dict[str, Connection] = {}
        self._processes: dict[str, ForkServerProcess] = {}
        self._shown: set[str] = set()
        self._answered = {name: asyncio.Event() for name in sockets}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)

    async def run(self) -> None:
        """Serve until a signal has been handled.

        Raises
        ------
        UnavailableError
            The bus or the database does not answer, or all engines have failed.
        """
        with handled_signals(self._signalled):
            addresses = documented_addresses(self._settings) | self._own
            await self._prepare()
            shared = {"demo": False, "engine_urls": addresses, "processes": False}
            async with asyncio.TaskGroup() as group:
                for name in self._sockets:
                    settings = self._settings.model_copy(update={**shared, "engines": (name,)})
                    group.create_task(self._supervise(name, settings), name=name)
                group.create_task(self._report())
        self.progress.say("Stopped.")
        if len(self.failed) == len(self._sockets):
            raise UnavailableError("all engines have failed; the log says why.")

    async def _prepare(self) -> None:
        """Tables and demo set are written once, before anybody reads them."""
        try:
            process, pipe = await self._started("state", prepare_state, self._settings)
            with pipe:
                problem = await asyncio.to_thread(pipe.recv)
            await asyncio.to_thread(process.join)
        except EOFError:
            problem = "the process that prepares the state has died; the log says why."
        if problem and not self.stopping.is_set():
            raise UnavailableError(problem)
        self.progress.stage("state prepared")

    @property
    def pids(self) -> dict[str, int]:
        """Processes that run now."""
        return {name: one.pid for name, one in self._processes.items() if one.pid is not None}

    async def _report(self) -> None:
        for event in self._answered.values():
            await event.wait()
        if not self.stopping.is_set():
            self.progress.ready(self._own, pids=self.pids, failed=sorted(self.failed))

    async def _supervise(self, name: str, settings: Settings) -> None:
        """Start it again and again, after longer and longer pauses, unless it dies too often."""
        deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        pause = FIRST_PAUSE
        while not self.stopping.is_set():
            began = time.monotonic()
            code = await self._one_life(name, settings)
            if self.stopping.is_set():
                break
            now = time.monotonic()
            if code != UNAVAILABLE:  # waiting for Redis is no fault of the engine
                deaths.append(now)
            _log.error("%s ended with code %s after %.1f s", name, code, now - began)
            if len(deaths) == MOST_DEATHS and now - deaths[0] < DEATHS_SECONDS:
                self._give_up(name)
                break
            if now - began > DEATHS_SECONDS:
                pause = FIRST_PAUSE
            self.progress.say(f"{name} ended with code {code}; again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self._answered[name].set()

    async def _one_life(self, name: str, settings: Settings) -> int | None:
        """From start to exit code; None where it could not start."""
        try:
            process, pipe = await self._started(
                name, self._target, name, settings, self._sockets[name]
            )
        except (OSError, EOFError) as error:  # the fork server has just died: the next one forks
            _log.error("%s could not be started", name, exc_info=error)
            return None
        self._pipes[name], self._processes[name] = pipe, process
        if self.stopping.is_set():
            self._order(name)
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(pipe.fileno(), self._heard, name, gone)
        watch = asyncio.create_task(self._watch(name, process))
        try:
            await self._ended(process, gone)
        finally:
            watch.cancel()
            loop.remove_reader(pipe.fileno())
            del self._pipes[name], self._processes[name]
            pipe.close()
        await asyncio.to_thread(process.join)
        return process.exitcode

    async def _started(
        self, name: str, target: Callable[..., None], *args: Any
    ) -> tuple[ForkServerProcess, Connection]:
        """A process, and our end of the pipe that is its last argument."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=target, args=(*args, theirs), name=f"nautilus-{name}"
        )
        with theirs:
            try:
                await asyncio.to_thread(process.start)
            except BaseException:
                ours.close()
                raise
        return process, ours

    async def _ended(self, process: ForkServerProcess, gone: asyncio.Event) -> None:
        """Wait for it; once the server stops, no longer than it may take."""
        stopping = asyncio.ensure_future(self.stopping.wait())
        ending = asyncio.ensure_future(gone.wait())
        await asyncio.wait([stopping, ending], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ending.done():
            most = self._settings.drain_seconds + self._settings.stop_seconds + KILL_SECONDS
            await asyncio.wait([ending], timeout=most)
        if not ending.done():
            _log.error("%s did not stop and is killed", process.name)
            _kill(process)
            await ending

    async def _watch(self, name: str, process: ForkServerProcess) -> None:
        """Kill an engine whose event loop has shown no life for too long.

        It is our own rounds that count: a machine that was suspended kills nobody when it wakes.
        """
        silent = 0
        while silent < SIGNS:
            self._shown.discard(name)
            await asyncio.sleep(self._settings.hung_seconds / SIGNS)
            silent = 0 if name in self._shown else silent + 1
        seconds = self._settings.hung_seconds
        _log.error("%s has shown no life for %g s and is killed", name, seconds)
        _kill(process)

    def _heard(self, name: str, gone: asyncio.Event) -> None:
        """Its end of the pipe closes with the process, also when the fork server is dead."""
        pipe = self._pipes[name]
        self._shown.add(name)
        try:
            answered = pipe.recv() == READY
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(pipe.fileno())
            gone.set()
            return
        if answered and not self._answered[name].is_set():
            self._answered[name].set()
        elif answered:
            self.progress.say(f"{name} answers again")

    def _give_up(self, name: str) -> None:
        """Its port is closed, so that nobody waits for it."""
        self.failed.add(name)
        self._sockets[name].close()
        self.progress.say(f"{name} died {MOST_DEATHS} times within a minute and is given up")
        _log.error("%s is given up", name)
        if len(self.failed) == len(self._sockets):
            self.stopping.set()

    def _signalled(self, number: int) -> None:
        """First signal drains, second forces."""
        if self.stopping.is_set():
            for process in self._processes.values():
                _kill(process)
            os._exit(128 + number)
        self.progress.say("Stopping; a second signal forces it.")
        self.stopping.set()
        for name in list(self._pipes):
            self._order(name)

    def _order(self, name: str) -> None:
        with contextlib.suppress(OSError):  # it is gone already
            self._pipes[name].send(STOP)


def _kill(process: ForkServerProcess) -> None:
    """By its id: `process.kill()` does nothing once the fork server that knew it has died."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid or 0, signal.SIGKILL)
