"""The servers over Redis, from the outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import httpx

from tests.services.redis import running_redis


def until(condition, seconds=15.0):
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come"
    return found


def test_health_says_when_redis_is_gone_and_when_it_is_back(launched, tmp_path):
    with (
        running_redis(append_only=True) as redis,
        launched(tmp_path, "--bus", redis.url, "--engines", "risk,marketdata") as servers,
        httpx.Client(base_url=servers.url("risk")) as risk,
    ):

        def connected():
            return risk.get("/health").json()["messagebus_connected"]

        assert connected()
        redis.kill()
        until(lambda: not connected())
        body = risk.get("/health").json()
        assert body["status"] == "degraded"
        assert "The message bus is not connected." in body["problems"]
        redis.restart()
        until(connected)
        assert servers.stop() == 0


def test_a_redis_that_does_not_answer_is_said_at_the_start(tmp_path):
    command = [sys.executable, "-m", "nautilus.server", "--free-ports", "--no-demo"]
    options = ["--bus", "redis://:secret@127.0.0.1:1/0", "--database", str(tmp_path / "state.db")]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "Redis at redis://:***@127.0.0.1:1/0 does not answer" in ended.stderr
    assert "or take --bus memory, which" in ended.stderr


def test_a_wrong_address_is_said_and_passwords_are_not_shown(tmp_path):
    command = [sys.executable, "-m", "nautilus.server", "--print-config"]
    wrong = subprocess.run(
        [*command, "--bus", "nats://u:secret@host"], capture_output=True, text=True, timeout=60
    )
    assert wrong.returncode == 2
    assert "`bus` must be memory, redis://host:port/0" in wrong.stderr
    assert "secret" not in wrong.stderr
    shown = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NAUTILUS_BUS": "redis://:secret@127.0.0.1:1/0"},
    )
    assert "redis://:***@127.0.0.1:1/0" in shown.stdout
