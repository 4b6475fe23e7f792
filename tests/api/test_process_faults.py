"""`--processes` when things break: engines, Redis, the fork server, the supervisor itself."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services.faulty_engines import EXIT_CODE
from tests.services.redis import RedisServer, running_redis

PATIENCE = 30.0


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


class Supervised:
    """A supervisor in a process group of its own, risk and ml under it."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        assert process.stdout is not None
        self.process = process
        self._log = log
        line = process.stdout.readline()
        self.ready: dict[str, Any] = json.loads(line) if line else {}

    @property
    def log(self) -> str:
        return self._log.read_text()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def get(self, engine: str, path: str, timeout: float = PATIENCE) -> Any:
        with urllib.request.urlopen(self.ready["engines"][engine] + path, timeout=timeout) as reply:
            return json.load(reply)

    def pid(self, engine: str) -> int:
        found: int = self.get(engine, "/status")["data"]["pid"]
        return found


@contextmanager
def supervised(folder: Path, bus: str, fault: str = "none") -> Iterator[Supervised]:
    command = [sys.executable, "-m", "tests.services.faulty_engines", fault, str(folder), bus]
    log = folder / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
        ) as process,
    ):
        try:
            yield Supervised(process, log)
        finally:
            if process.poll() is None:
                process.kill()


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether every one of them ends; psutil waits, so that no test sleeps."""
    for one in processes:
        one.wait(15)
    return True


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline


def test_an_engine_that_dies_again_and_again_is_given_up_and_the_others_live(tmp_path, redis):
    with supervised(tmp_path, redis.url, "crash") as servers:
        assert (servers.ready["failed"], list(servers.ready["pids"])) == (["risk"], ["ml"])
        assert servers.get("ml", "/live")["status"] == "alive"
        with pytest.raises(urllib.error.URLError):
            servers.get("risk", "/live")
        states = servers.get("ml", "/system/health/engines")["data"]["engine_status"]
        assert states["risk-engine"]["status"] == "unreachable"
        servers.process.terminate()
        assert servers.process.wait(20) == 0
        assert servers.log.count(f"risk ended with code {EXIT_CODE} after") == 5
        assert "risk died 5 times within a minute and is given up" in servers.log


def test_an_engine_whose_event_loop_hangs_is_killed_and_comes_back(tmp_path, redis):
    with supervised(tmp_path, redis.url, "hung") as servers:
        hung = servers.ready["pids"]["risk"]
        with pytest.raises((OSError, http.client.HTTPException)):
            servers.get("risk", "/risk/stuck")
        assert servers.pid("risk") != hung
        assert "risk has shown no life for 3 s and is killed" in servers.log
        assert "ml has shown" not in servers.log


@pytest.mark.prove
def test_without_any_engine_left_the_supervisor_ends(tmp_path, redis):
    with supervised(tmp_path, redis.url, "hopeless") as servers:
        assert servers.ready == {}
        assert servers.process.wait(20) == 1
        assert "all engines have failed" in servers.log


def test_an_engine_that_waits_for_redis_is_not_given_up(tmp_path, redis):
    with supervised(tmp_path, redis.url) as servers:
        redis.kill()
        os.kill(servers.ready["pids"]["risk"], signal.SIGKILL)
        wait_until(lambda: servers.log.count("risk ended with code 75 after") > 6)
        redis.start()
        assert servers.get("risk", "/live")["status"] == "alive"
        assert servers.get("risk", "/health")["messagebus_connected"]
        assert "given up" not in servers.log


def test_engines_outlive_their_fork_server_and_the_next_one_starts_them_again(tmp_path, redis):
    with supervised(tmp_path, redis.url) as servers:
        before = {name: servers.pid(name) for name in ("risk", "ml")}
        fork_server = psutil.Process(before["risk"]).parent()
        assert fork_server is not None
        assert fork_server.pid != servers.process.pid
        fork_server.kill()
        wait_until(lambda: fork_server.status() == psutil.STATUS_ZOMBIE)
        assert {name: servers.pid(name) for name in before} == before
        os.kill(before["risk"], signal.SIGKILL)
        wait_until(lambda: "risk answers again" in servers.log)
        assert servers.pid("risk") != before["risk"]
        assert servers.pid("ml") == before["ml"]
        family = [*servers.family(), psutil.Process(before["ml"])]
        servers.process.terminate()
        assert servers.process.wait(20) == 0
        assert all_gone(family)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.prove)]
)
def test_a_signal_to_the_whole_group_drains_too(tmp_path, redis, number):
    """Ctrl-C at a terminal, and how some service managers stop what they run."""
    with supervised(tmp_path, redis.url) as servers:
        family = servers.family()
        os.killpg(servers.process.pid, number)
        assert servers.process.wait(20) == 0
        assert all_gone(family)
        assert "Traceback" not in servers.log
        assert "ended with code" not in servers.log


def test_an_engine_whose_loop_is_stuck_does_not_outlive_a_killed_supervisor(tmp_path, redis):
    with supervised(tmp_path, redis.url, "stuck") as servers:
        with pytest.raises(OSError, match="timed out"):
            servers.get("risk", "/risk/stuck", timeout=0.5)
        family = servers.family()
        servers.process.kill()
        servers.process.wait(10)
        assert all_gone(family)


@pytest.mark.prove
def test_an_engine_whose_loop_is_stuck_is_killed_when_the_others_have_drained(tmp_path, redis):
    with supervised(tmp_path, redis.url, "stuck") as servers:
        with pytest.raises(OSError, match="timed out"):
            servers.get("risk", "/risk/stuck", timeout=0.5)
        family = servers.family()
        servers.process.terminate()
        assert servers.process.wait(30) == 0
        assert all_gone(family)
        assert "nautilus-risk did not stop and is killed" in servers.log


@pytest.mark.prove
def test_a_second_signal_forces_all_of_them(tmp_path, redis):
    with supervised(tmp_path, redis.url, "stuck") as servers:
        with pytest.raises(OSError, match="timed out"):
            servers.get("risk", "/risk/stuck", timeout=0.5)
        family = servers.family()
        servers.process.terminate()
        wait_until(lambda: "a second signal forces it" in servers.log)
        servers.process.terminate()
        assert servers.process.wait(20) == 128 + signal.SIGTERM
        assert all_gone(family)
