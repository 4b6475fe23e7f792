"""`python -m nautilus.server`: nine engines in one process and one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from nautilus.core.errors import NautilusError
from nautilus.server.bus.addresses import MEMORY
from nautilus.server.cores import usable_cores
from nautilus.server.cpu import cap_library_threads
from nautilus.server.registry import engine_rows

if TYPE_CHECKING:
    import uvicorn

    from nautilus.server.app import EngineApp
    from nautilus.server.platform import Platform
    from nautilus.server.progress import Progress
    from nautilus.server.settings import Settings

__all__ = ["Launch", "handled_signals", "loop_factory", "main"]

INSECURE = (
    "WARNING: --insecure: whoever reaches {} reads and changes every portfolio, without a token."
)
ALONE = (
    "The bus is in memory: engines in other processes hear nothing of these."
    " --bus redis://... joins them."
)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the servers until a signal; the exit code of the process.

    Returns
    -------
    int
        0 after a clean stop, 1 when the servers cannot start, 2 for a wrong argument or setting.
    """
    started = time.perf_counter()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] in (["backup"], ["restore"]):
        from nautilus.server.state.command import state_command

        return state_command(words)
    if words[:1] == ["import"]:
        from nautilus.server.market.import_command import import_command

        return import_command(words)
    if words[:1] == ["token"]:
        from nautilus.server.token_command import token_command

        return token_command(words[1:])
    for one in SIGNALS:  # until the loop takes over, nothing is open that would need a drain
        signal.signal(one, lambda *_: sys.exit(0))
    from nautilus.server.command import command_parser, command_settings
    from nautilus.server.logs import log_to_stderr
    from nautilus.server.ports import bind
    from nautilus.server.progress import Progress

    options = command_parser().parse_args(arguments)
    try:
        settings = command_settings(options)
    except ValueError as error:
        return _refused(str(error), 2)
    if options.print_config:
        print(json.dumps(settings.shown(), indent=2))
        return 0
    processes = len(engine_rows(settings.engines)) if settings.processes else 1
    cap_library_threads(max(1, usable_cores() // processes) if processes > 1 else 1)
    log_to_stderr(settings.log_level, settings.log_format)
    if not settings.loopback and not settings.authenticated:
        print(INSECURE.format(settings.host), file=sys.stderr)
    progress = Progress(started, machine=options.ready_json)
    try:
        sockets = bind(engine_rows(settings.engines), settings, free=options.free_ports)
        progress.stage("ports bound")
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serving(settings, sockets, progress))
    except (OSError, NautilusError) as error:
        return _refused(str(error), 1)
    return 0


async def _serving(
    settings: Settings, sockets: dict[str, socket.socket], progress: Progress
) -> None:
    """In this process, or in one for each engine."""
    if settings.processes:
        from nautilus.server.supervisor import Supervisor

        await Supervisor(settings, sockets, progress).run()
    else:
        if settings.bus == MEMORY and settings.engines:
            progress.say(ALONE)
        await Launch(settings, sockets, progress).run()


@contextlib.contextmanager
def handled_signals(handle: Callable[[int], None]) -> Iterator[None]:
    """Give the signals that stop the servers to a callable, in the event loop."""
    loop = asyncio.get_running_loop()
    for one in SIGNALS:
        loop.add_signal_handler(one, handle, int(one))
    try:
        yield
    finally:
        for one in SIGNALS:
            loop.remove_signal_handler(one)


class Launch:
    """The servers of one process, from the first socket to the last answer.

    Parameters
    ----------
    settings : Settings
    sockets : mapping of engine -> bound socket
    progress : Progress
    """

    def __init__(
        self, settings: Settings, sockets: dict[str, socket.socket], progress: Progress
    ) -> None:
        self.settings = settings
        self.sockets = sockets
        self.progress = progress
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until a signal has been handled."""
        with handled_signals(self._handle):
            from nautilus.server.app import create_app
            from nautilus.server.platform import open_platform
            from nautilus.server.ports import documented_addresses, url_of

            own = {name: url_of(one) for name, one in self.sockets.items()}
            addresses = documented_addresses(self.settings) | own
            self.progress.stage("modules imported")
            async with open_platform(self.settings, addresses=addresses) as platform:
                self.progress.stage("platform open")
                apps = {name: create_app(name, platform=platform) for name in self.sockets}
                self.progress.stage("engines made")
                await self._serve(platform, apps, own)
        self.progress.say("Stopped.")

    async def _serve(
        self, platform: Platform, apps: dict[str, EngineApp], own: dict[str, str]
    ) -> None:
        started = {name: asyncio.Event() for name in apps}
        servers = {name: _server(apps[name], self.settings, started[name]) for name in apps}
        async with asyncio.TaskGroup() as group:
            for name, server in servers.items():
                group.create_task(server.serve([self.sockets[name]]), name=name)
            for event in started.values():
                await event.wait()
            self.progress.ready(own)
            if self.settings.warm:
                _warm(platform, list(apps.values()))
            await self.stopping.wait()
            await self._drain(platform, servers.values())

    async def _drain(self, platform: Platform, servers: Iterable[uvicorn.Server]) -> None:
        """`/ready` says 503 first; then nobody connects any more; then open requests end."""
        platform.draining.set()
        await asyncio.sleep(self.settings.drain_seconds)
        for server in servers:
            server.should_exit = True

    def _handle(self, number: int) -> None:
        if self.stopping.is_set():
            os._exit(128 + number)
        self.progress.say("Stopping; a second signal forces it.")
        self.stopping.set()


def _warm(platform: Platform, apps: list[EngineApp]) -> None:
    from nautilus.server.warming import warm_up

    threading.Thread(target=warm_up, args=(platform, apps), name="warming", daemon=True).start()


def _server(app: EngineApp, settings: Settings, started: asyncio.Event) -> uvicorn.Server:
    import uvicorn

    from nautilus.server.http_protocol import BoundedHttpProtocol
    from nautilus.server.ports import BACKLOG
    from nautilus.server.websocket.protocol import FanOutProtocol

    class OneOfMany(uvicorn.Server):
        """Leaves the signals to the launcher, and tells when it listens."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    config = uvicorn.Config(
        app,
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        http=BoundedHttpProtocol,
        ws=FanOutProtocol,
        ws_per_message_deflate=False,
        ws_max_size=1024 * 1024,
        backlog=BACKLOG,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    return OneOfMany(config)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Loops of uvloop, where it exists."""
    try:
        import uvloop
    except ImportError:  # not on Windows
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _refused(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
