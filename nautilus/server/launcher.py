"""`python -m nautilus.server`: nine engines in one process and one event loop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nautilus.server.cpu import cap_library_threads
from nautilus.server.registry import ENGINES, EngineRow, engine_rows

if TYPE_CHECKING:
    import uvicorn

    from nautilus.server.app import EngineApp
    from nautilus.server.platform import Platform
    from nautilus.server.settings import Settings

__all__ = ["main"]

BACKLOG = 2048
OFFSETS = (1000, 2000, 3000, 5000, 10_000, 20_000)
_log = logging.getLogger("nautilus.server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the servers until a signal; the exit code of the process.

    Returns
    -------
    int
        0 after a clean stop, 1 when a port is taken, 2 for a wrong argument or setting.
    """
    started = time.perf_counter()
    options = _parser().parse_args(arguments)
    cap_library_threads()
    try:
        settings = _settings(options)
    except ValueError as error:
        return _refused(str(error), 2)
    if options.print_config:
        print(json.dumps(settings.shown(), indent=2))
        return 0
    _log_to_stderr(settings.log_level)
    rows = engine_rows(settings.engines)
    try:
        sockets = bind(rows, settings, free=options.free_ports)
    except OSError as error:
        return _refused(str(error), 1)
    report = Report(started, machine=options.ready_json)
    report.stage("ports bound")
    launch = Launch(settings, sockets, report)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        code = runner.run(launch.run())
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nautilus.server",
        description="The nine engines on 8100 ... 8900, in one process, without network or keys.",
        epilog="Every setting is also a NAUTILUS_* variable; --print-config shows them.",
    )
    add = parser.add_argument
    add("--host", help="address to listen on; loopback only")
    add("--port-offset", type=int, metavar="N", help="added to 8100 ... 8900")
    add("--free-ports", action="store_true", help="let the system choose the ports")
    add("--engines", metavar="A,B", help=f"engines to start: {','.join(ENGINES)}")
    add("--database", metavar="URL", help="SQLAlchemy URL, or the path of a SQLite file")
    add("--no-demo", dest="demo", action="store_false", default=None, help="no demo set")
    add("--no-warm", dest="warm", action="store_false", default=None, help="no background imports")
    add("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    add("--ready-json", action="store_true", help="print one line of JSON when ready")
    add("--print-config", action="store_true", help="print the settings and stop")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    from nautilus.server.settings import Settings

    names = ("host", "port_offset", "engines", "database", "demo", "warm", "log_level")
    given = {name: getattr(options, name) for name in names}
    settings = Settings(
        **{name: value for name, value in given.items() if value is not None}, check_host=True
    )
    if not settings.loopback:
        raise ValueError(
            f"`--host` must be a loopback address such as 127.0.0.1, got {settings.host}: "
            "the servers have no authentication yet, so other machines may not connect."
        )
    return settings


def bind(
    rows: Sequence[EngineRow], settings: Settings, *, free: bool = False
) -> dict[str, socket.socket]:
    """A listening socket for each engine, or one error that names every busy port.

    Raises
    ------
    OSError
        The message lists all busy ports and an offset whose ports are free.
    """
    sockets: dict[str, socket.socket] = {}
    busy: list[int] = []
    for row in rows:
        port = 0 if free else row.port + settings.port_offset
        try:
            sockets[row.name] = _listening(settings.host, port)
        except OSError:
            busy.append(port)
    if not busy:
        return sockets
    for one in sockets.values():
        one.close()
    raise OSError(_busy_message(busy, rows, settings))


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    one.setblocking(False)
    return one


def _busy_message(busy: Sequence[int], rows: Sequence[EngineRow], settings: Settings) -> str:
    ports = ", ".join(str(port) for port in busy)
    word = "Port" if len(busy) == 1 else "Ports"
    verb = "is" if len(busy) == 1 else "are"
    offset = next((n for n in OFFSETS if _all_free(rows, settings.host, n)), OFFSETS[0])
    return (
        f"{word} {ports} on {settings.host} {verb} in use. Stop what listens there, or move all "
        f"ports: --port-offset {offset} (make run PORT_OFFSET={offset})."
    )


def _all_free(rows: Sequence[EngineRow], host: str, offset: int) -> bool:
    try:
        for row in rows:
            _listening(host, row.port + offset).close()
    except OSError:
        return False
    return True


class Report:
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

    def ready(self, addresses: dict[str, str]) -> None:
        """All engines answer."""
        self.stage("ready")
        for name, url in addresses.items():
            self.say(f"           {url}  {name}: {ENGINES[name].title}")
        if self.machine:
            line = {"ready": True, "pid": os.getpid(), "seconds": self.stages["ready"]}
            print(json.dumps({**line, "stages": self.stages, "engines": addresses}), flush=True)
        else:
            self.say("Ctrl-C stops.")


class Launch:
    """The servers of one process, from the first socket to the last answer.

    Parameters
    ----------
    settings : Settings
    sockets : mapping of engine -> bound socket
    report : Report
    """

    def __init__(
        self, settings: Settings, sockets: dict[str, socket.socket], report: Report
    ) -> None:
        self.settings = settings
        self.sockets = sockets
        self.report = report
        self.servers: list[uvicorn.Server] = []
        self.stopping = asyncio.Event()

    async def run(self) -> int:
        """Serve until a signal has been handled."""
        from nautilus.server.app import create_app
        from nautilus.server.platform import documented_addresses, open_platform

        own = {name: _url(one) for name, one in self.sockets.items()}
        addresses = documented_addresses(self.settings) | own
        with self._signals() as draining:
            async with open_platform(self.settings, addresses=addresses) as platform:
                draining(platform.draining.set)
                self.report.stage("platform open")
                apps = {name: create_app(name, platform=platform) for name in self.sockets}
                self.report.stage("engines made")
                await self._serve(platform, apps, own)
        self.report.say("Stopped.")
        return 0

    async def _serve(
        self, platform: Platform, apps: dict[str, EngineApp], own: dict[str, str]
    ) -> None:
        started = [asyncio.Event() for _ in apps]
        self.servers = [
            _server(app, self.settings, e) for app, e in zip(apps.values(), started, strict=True)
        ]
        tasks = [
            asyncio.create_task(server.serve([one]), name=name)
            for server, (name, one) in zip(self.servers, self.sockets.items(), strict=True)
        ]
        await asyncio.gather(*(event.wait() for event in started))
        self.report.ready(own)
        if self.settings.warm:
            self._warm(platform, list(apps.values()))
        await self.stopping.wait()
        await self._drain(tasks)

    async def _drain(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """`/ready` says 503 first; then nobody connects any more; then open requests end."""
        await asyncio.sleep(self.settings.drain_seconds)
        for server in self.servers:
            server.should_exit = True
        await asyncio.gather(*tasks)

    def _warm(self, platform: Platform, apps: list[EngineApp]) -> None:
        from nautilus.server.warming import warm_up

        threading.Thread(target=warm_up, args=(platform, apps), daemon=True).start()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[Callable[[Callable[[], None]], None]]:
        """First signal drains, second forces."""
        loop = asyncio.get_running_loop()
        on_first: list[Callable[[], None]] = []

        def handle(number: int) -> None:
            if self.stopping.is_set():
                os._exit(128 + number)
            self.report.say("Stopping; a second signal forces it.")
            self.stopping.set()
            for action in on_first:
                action()

        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, handle, int(one))
        try:
            yield on_first.append
        finally:
            for one in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(one)


def _server(app: EngineApp, settings: Settings, started: asyncio.Event) -> uvicorn.Server:
    import uvicorn

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
        ws_per_message_deflate=False,
        ws_max_size=1024 * 1024,
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, round(settings.stop_seconds)),
    )
    return OneOfMany(config)


def _url(one: socket.socket) -> str:
    host, port = one.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _refused(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


class _JsonLines(logging.Formatter):
    """One JSON object per record; line breaks in a message cannot forge another record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        names = ("request_id", "engine", "method", "route", "status", "duration_ms")
        line: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {n: getattr(record, n) for n in (*names, "client_version") if hasattr(record, n)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
