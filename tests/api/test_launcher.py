"""The launcher as a user starts it: a process of its own, real sockets, real signals."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nautilus.server import ENGINES

HEAVY = ("pandas", "polars", "scipy", "sklearn", "cvxpy", "arch", "numba", "matplotlib")


def get(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    command = [sys.executable, "-m", "nautilus.server", *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, env={**os.environ, **environment}
    )


def test_nine_engines_answer_health_in_one_process(servers):
    assert list(servers.ready["engines"]) == list(ENGINES)
    assert servers.ready["pid"] == servers.process.pid
    for name in ENGINES:
        assert get(f"{servers.url(name)}/health")["status"] == "healthy"


def test_any_engine_tells_the_health_of_all_nine(servers):
    for name in ("analytics", "portfolio"):
        data = get(f"{servers.url(name)}/system/health/engines")["data"]
        assert (data["overall_status"], data["engines_healthy"]) == ("healthy", 9)
        assert list(data["engine_status"]) == [row.display_name for row in ENGINES.values()]
        assert all(s["response_time_ms"] > 0 for s in data["engine_status"].values())
        assert data["messagebus_connectivity"]["connectivity_rate"] == 1.0


def test_a_page_of_another_site_is_refused(servers):
    assert raw_get(servers.url("risk"), "/health", {"Host": "evil.example"})[0] == 403


def test_a_websocket_that_nobody_opened_is_refused_with_the_envelope(servers):
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    status, body = raw_get(servers.url("marketdata"), "/ws/marketdata/sub_001", headers)
    assert status == 404
    assert json.loads(body)["errors"][0]["code"] == "not_found"


def test_a_websocket_from_another_origin_is_refused(servers):
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": "https://evil.example",
    }
    assert raw_get(servers.url("websocket"), "/ws/stream", headers)[0] == 403


def raw_get(url: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_a_body_that_never_ends_is_given_up(launched, tmp_path, monkeypatch):
    monkeypatch.setenv("NAUTILUS_BODY_SECONDS", "0.1")
    with launched(tmp_path, "--no-warm", "--no-demo", "--engines", "risk") as running:
        address = urlsplit(running.url("risk"))
        with socket.create_connection((address.hostname, address.port), timeout=10) as client:
            client.sendall(
                b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            assert client.recv(4096).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_drains_and_exits_0(launched, tmp_path, number):
    with launched(tmp_path, "--no-demo", "--engines", "risk,ml") as running:
        assert list(running.ready["engines"]) == ["risk", "ml"]
        running.process.send_signal(number)
        assert running.process.wait(15) == 0
        told = running.process.stderr.read()
        assert "The bus is in memory: engines in other processes hear nothing of these." in told
        assert "Stopped." in told


def test_a_signal_while_warming_exits_0_too(launched, tmp_path):
    with launched(tmp_path) as running:
        assert running.stop() == 0


def test_ready_says_503_during_the_drain_and_a_second_signal_forces(
    launched, tmp_path, monkeypatch
):
    monkeypatch.setenv("NAUTILUS_DRAIN_SECONDS", "60")
    with launched(tmp_path, "--no-warm", "--no-demo", "--engines", "risk") as running:
        running.process.send_signal(signal.SIGTERM)
        assert "a second signal forces it" in next(
            line for line in running.process.stderr if "signal" in line
        )
        status, body = raw_get(running.url("risk"), "/ready", {})
        assert (status, json.loads(body)["draining"]) == (503, True)
        assert raw_get(running.url("risk"), "/live", {})[0] == 200
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(15) == 128 + signal.SIGINT


def test_all_busy_ports_are_named_in_one_message_with_the_remedy(tmp_path):
    with socket.socket() as one, socket.socket() as two:
        offset = _free_offset()
        for busy, port in ((one, 8200), (two, 8700)):
            busy.bind(("127.0.0.1", port + offset))
            busy.listen()
        done = run("--port-offset", str(offset), "--database", str(tmp_path / "s.db"))
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert f"Ports {8200 + offset}, {8700 + offset} on 127.0.0.1 are in use." in line
    assert "--port-offset " in line
    assert "make run PORT_OFFSET=" in line


def _free_offset() -> int:
    """An offset at which all nine documented ports are free."""
    for offset in range(20_000, 50_000, 1000):
        try:
            for row in ENGINES.values():
                with socket.socket() as one:
                    one.bind(("127.0.0.1", row.port + offset))
        except OSError:
            continue
        return offset
    raise AssertionError("no free ports")


def test_it_binds_the_documented_ports_plus_the_offset(tmp_path):
    offset = _free_offset()
    command = [sys.executable, "-m", "nautilus.server", "--port-offset", str(offset)]
    options = [
        "--engines",
        "portfolio",
        "--ready-json",
        "--no-warm",
        "--database",
        str(tmp_path / "s.db"),
    ]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        ready = json.loads(process.stdout.readline())
        assert ready["engines"] == {"portfolio": f"http://127.0.0.1:{8900 + offset}"}
        process.terminate()
        assert process.wait(15) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_for_other_machines_is_refused(host):
    done = run("--host", host)
    assert done.returncode == 2
    assert f"`host` {host} can be reached by other machines" in done.stderr
    assert "NAUTILUS_AUTH_SECRET_FILE" in done.stderr


def test_every_wrong_setting_is_named_at_once():
    done = run("--engines", "rsk", NAUTILUS_PORT_OFFSET="-3", NAUTILUS_WAITING="many")
    assert done.returncode == 2
    assert "`engine` must be one of analytics, risk" in done.stderr
    assert "`port_offset` (NAUTILUS_PORT_OFFSET)" in done.stderr
    assert "`waiting` (NAUTILUS_WAITING)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_opened_is_told_without_a_traceback(tmp_path):
    (tmp_path / "file").write_text("no folder")
    done = run("--free-ports", "--database", str(tmp_path / "file" / "state.db"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_print_config_masks_the_password():
    done = run("--print-config", NAUTILUS_DATABASE="postgresql://me:hunter2@host/db")
    assert done.returncode == 0
    assert json.loads(done.stdout)["database"] == "postgresql://me:***@host/db"
    assert "hunter2" not in done.stdout + done.stderr


def test_variables_and_arguments_reach_the_settings():
    done = run("--print-config", "--no-demo", "--engines", "ml,risk", NAUTILUS_PORT_OFFSET="500")
    shown = json.loads(done.stdout)
    assert (shown["demo"], shown["engines"], shown["port_offset"]) == (False, ["risk", "ml"], 500)


START = """
import asyncio, sys
import nautilus.server.launcher
from nautilus.server import ENGINES, create_app, open_platform

async def start():
    async with open_platform() as platform:
        for name in ENGINES:
            app = create_app(name, platform=platform)
            async with app.router.lifespan_context(app):
                assert app.state.deps.problems == []

asyncio.run(start())
print([name for name in HEAVY if name in sys.modules], "numpy" in sys.modules)
"""


def test_numpy_is_the_only_scientific_import_when_the_servers_answer():
    program = f"HEAVY = {HEAVY!r}\n{START}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[] True", done.stderr


def test_engines_import_no_scientific_library_directly():
    folder = Path(sys.modules["nautilus.server"].__file__).parent / "engines"
    for file in folder.glob("*.py"):
        text = file.read_text()
        for name in ("numpy", "pandas", "polars", "scipy", "cvxpy", "arch"):
            assert f"import {name}" not in text
            assert f"from {name}" not in text
