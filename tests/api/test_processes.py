"""`--processes` from the outside: real processes, a real Redis, kill -9."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import psutil
import pytest
import websockets

from nautilus.server import ENGINES

from ..services.redis import running_redis

START = [sys.executable, "-m", "nautilus.server", "--free-ports", "--ready-json"]


@pytest.fixture(scope="module")
def redis():
    with running_redis() as server:
        yield server


class Running:
    def __init__(self, process, ready):
        self.process, self.engines, self.pids = process, ready["engines"], ready.get("pids", {})

    def family(self):
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def running(folder, bus, *options):
    command = [*START, "--processes", "--bus", bus, "--database", str(folder / "state.db")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()
            yield Running(process, json.loads(line))
        finally:
            if process.poll() is None:
                process.kill()


def get(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as reply:
        return json.load(reply)


def wait_until_healthy(engines):
    """Ready is before healthy: on a busy machine some do not answer a probe in time at first."""
    address = engines["portfolio"] + "/system/health/engines"
    deadline = time.monotonic() + 60
    while (health := get(address)["data"])["engines_healthy"] < 9:
        assert time.monotonic() < deadline, health
    assert health["overall_status"] == "healthy"


def all_gone(processes):
    """Whether every one of them has ended; psutil waits, so that no test sleeps."""
    return not psutil.wait_procs(processes, timeout=15)[1]


def test_nine_processes_of_which_one_is_killed_and_comes_back(tmp_path, redis):
    """Nobody who asks another engine notices, and the port is the same."""
    with running(tmp_path, redis.url, "--no-warm") as servers:
        engines = servers.engines
        wait_until_healthy(engines)
        assert len(set(servers.pids.values())) == 9
        supervisor = psutil.Process(servers.process.pid)
        assert not any("numpy" in one.path for one in supervisor.memory_maps())
        failures, asked, back = [], [], threading.Event()

        def ask_the_others():
            while not back.is_set():
                for name in ENGINES:
                    if name != "risk":
                        try:
                            asked.append(get(engines[name] + "/live")["status"])
                        except OSError as error:
                            failures.append((name, error))

        asking = threading.Thread(target=ask_the_others)
        asking.start()
        os.kill(servers.pids["risk"], signal.SIGKILL)
        try:
            # The socket stays open in the supervisor: this request waits in its backlog.
            status = get_again(engines["risk"] + "/status")["data"]
        finally:
            back.set()
            asking.join()
        assert failures == []
        assert set(asked) == {"alive"}
        assert status["pid"] != servers.pids["risk"]
        family = servers.family()
        servers.process.send_signal(signal.SIGTERM)
        assert servers.process.wait(20) == 0
        assert all_gone(family)
    assert "risk ended with code -9" in (tmp_path / "log").read_text()


@pytest.mark.prove
def test_nine_warm_processes_share_what_they_can(tmp_path, redis):
    """What is shared counts once."""
    with running(tmp_path, redis.url) as servers:
        for url in servers.engines.values():
            while not get(url + "/ready")["warm"]:
                continue
        family = [psutil.Process(servers.process.pid), *servers.family()]
        assert sum(one.memory_full_info().pss for one in family) < 600e6
        servers.process.send_signal(signal.SIGTERM)
        assert servers.process.wait(20) == 0


def get_again(url):
    """Connections to the process that died are reset; a new one waits for the next process."""
    for _ in range(3):
        try:
            return get(url, timeout=20)
        except (ConnectionError, urllib.error.URLError):
            continue
    return get(url, timeout=20)


def test_prices_and_pnl_cross_from_process_to_process_to_a_client(tmp_path, redis):
    async def heard(url):
        seen = {}
        async with asyncio.timeout(30), websockets.connect(url) as ws:
            topics = ["market.data.AAPL", "portfolio.pnl.portfolio_001"]
            await ws.send(json.dumps({"type": "subscribe", "topics": topics}))
            while len(seen) < 2:
                message = json.loads(await ws.recv())
                if message["type"] in ("market_data", "portfolio_performance"):
                    seen[message["type"]] = message["data"]
        return seen

    wanted = "--engines", "analytics,marketdata,websocket"
    with running(tmp_path, redis.url, "--no-warm", *wanted) as servers:
        url = servers.engines["websocket"].replace("http", "ws", 1) + "/ws/stream"
        seen = asyncio.run(heard(url))
    assert seen["market_data"]["source"] == "simulated"
    assert seen["portfolio_performance"]["portfolio_id"] == "portfolio_001"


def test_live_pnl_goes_on_when_the_feed_has_died_and_ends_with_the_servers(tmp_path, redis):
    wanted = "--engines", "analytics,marketdata"
    with running(tmp_path, redis.url, "--no-warm", *wanted) as servers:
        address = servers.engines["analytics"] + "/analytics/stream/portfolio_001"
        with urllib.request.urlopen(address, timeout=30) as stream:
            ticks = (json.loads(line[6:]) for line in stream if line.startswith(b"data: "))
            live = (tick for tick in ticks if tick.get("price_source") == "simulated")
            next(live)
            os.kill(servers.pids["marketdata"], signal.SIGKILL)
            back = get_again(servers.engines["marketdata"] + "/status")["data"]["started_at"]
            while next(live)["timestamp"] < back:
                continue
            servers.process.send_signal(signal.SIGTERM)
            for _ in ticks:
                continue
        assert servers.process.wait(20) == 0


def test_nobody_outlives_a_killed_supervisor(tmp_path, redis):
    with running(tmp_path, redis.url, "--no-warm", "--engines", "risk,ml") as servers:
        family = servers.family()
        assert len(family) >= 2
        servers.process.kill()
        servers.process.wait(10)
        assert all_gone(family)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--processes"], 2, "pass --bus redis://127.0.0.1:6379/0"),
        (["--processes", "--bus", "redis://127.0.0.1:1/0"], 1, "does not answer"),
    ],
)
def test_what_is_missing_is_said(tmp_path, options, code, message):
    command = [*START, "--database", str(tmp_path / "state.db"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
