from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
from contextvars import copy_context

import httpx
import pytest
import structlog
import websockets
from websockets.asyncio.client import connect

from nautilus.server import create_app
from nautilus.server.envelope import started_call
from nautilus.server.logs import LogFormatter, log_to_stderr
from nautilus.server.progress import Progress


@pytest.fixture
def logging_restored():
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


FORGERY = 'one\r\n{"level": "FORGED"}\u2028\x85\x1b[2J'


def test_a_record_is_one_line_whatever_it_says(logging_restored, capsys):
    log_to_stderr("INFO")
    logging.getLogger("x").info(FORGERY, extra={"request_id": "r\n1"})
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert list(record)[:4] == ["time", "level", "logger", "message"]
    assert (record["level"], record["request_id"]) == ("info", "r\n1")
    assert (record["message"], record["pid"]) == (FORGERY, os.getpid())
    assert record["time"].endswith("Z")


def test_a_traceback_goes_to_the_log(logging_restored, capsys):
    log_to_stderr("WARNING")
    try:
        raise ValueError("deep inside")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "deep inside" in json.loads(capsys.readouterr().err)["traceback"]


def test_a_person_at_a_terminal_reads_lines_and_nobody_drives_the_terminal(
    logging_restored, monkeypatch
):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    log_to_stderr("INFO")
    logging.getLogger("x").info(FORGERY, extra={"route": "/a\nb\x1b[2J"})
    (line,) = terminal.getvalue().splitlines()
    assert "one\\r\\n" in line
    assert "\x1b[2J" not in line
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)


def test_the_console_shows_a_traceback_line_by_line_without_control_characters():
    formatter = LogFormatter(console=True)
    try:
        raise ValueError("deep\x1b[2J")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", None, sys.exc_info())
    text = formatter.format(record)
    assert "\nTraceback" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("log_format", "is_json"), [("json", True), ("console", False)])
def test_the_format_can_be_chosen(logging_restored, monkeypatch, log_format, is_json):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    log_to_stderr("INFO", log_format)
    logging.getLogger("x").info("hello")
    assert terminal.getvalue().startswith("{") is is_json


def test_a_record_knows_its_request_and_its_process(logging_restored, capsys):
    log_to_stderr("INFO", engine="ml")
    logging.getLogger("x").info("outside")

    def request() -> None:
        started_call("risk", "r7")
        logging.getLogger("x").info("inside")
        structlog.get_logger("y").info("by structlog", symbol="A")

    copy_context().run(request)
    outside, inside, ours = map(json.loads, capsys.readouterr().err.splitlines())
    assert ("request_id" in outside, outside["engine"]) == (False, "ml")
    assert (inside["request_id"], inside["engine"]) == ("r7", "risk")
    assert (ours["logger"], ours["request_id"], ours["symbol"]) == ("y", "r7", "A")


def test_the_quiet_server_does_not_load_structlog():
    code = "import sys; from nautilus.server.logs import log_to_stderr; log_to_stderr('WARNING');"
    code += "print('structlog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def _asked(launched_at, secret: str) -> None:
    """Secrets in every place where a client could put one."""
    headers = {"authorization": f"Bearer {secret}", "x-request-id": "r1"}
    body = {"portfolio_id": "p", secret: secret}
    async with httpx.AsyncClient(headers=headers, params={"token": secret}) as client:
        await client.get(launched_at.url("risk") + f"/risk/breaches/{secret}")
        await client.post(launched_at.url("analytics") + "/analytics/calculate/p", json=body)
    url = launched_at.url("websocket").replace("http", "ws") + f"/ws/stream?token={secret}"
    try:
        async with connect(url, additional_headers=headers) as socket:
            await socket.send(json.dumps({"token": secret}))
    except websockets.WebSocketException:  # a refusal is an answer too
        return


def test_at_its_most_talkative_the_log_holds_no_secret(launched, tmp_path):
    secret = "hunter2hunter2"
    log = tmp_path / "log"
    with launched(tmp_path, "--no-warm", "--no-demo", "--log-level", "DEBUG", log=log) as running:
        asyncio.run(_asked(running, secret))
        running.stop()
    err = log.read_text()
    lines = [line for line in err.splitlines() if line.startswith("{")]
    records = [json.loads(line) for line in lines]
    routes = {r["route"]: r for r in records if r["logger"] == "nautilus.server.access"}
    answered = routes["/breaches/{portfolio_id}"]
    assert (answered["engine"], answered["request_id"], answered["method"]) == ("risk", "r1", "GET")
    assert answered["duration_ms"] > 0
    assert secret not in err


def test_requests_are_logged_with_route_and_client_and_nothing_secret(caplog):
    from starlette.testclient import TestClient

    caplog.set_level(logging.INFO, "nautilus.server.access")
    headers = {"x-client-version": "1.2.3", "authorization": "Bearer secret", "x-request-id": "r1"}
    with TestClient(create_app("risk")) as client:
        client.get("/risk/breaches/portfolio_001?token=secret", headers=headers)
    (record,) = [r for r in caplog.records if r.name == "nautilus.server.access"]
    assert (record.route, record.status, record.client_version) == (
        "/breaches/{portfolio_id}",
        501,
        "1.2.3",
    )
    assert record.request_id == "r1"
    assert "secret" not in str(vars(record))


def test_progress_for_people_and_for_machines(capsys):
    for machine in (False, True):
        progress = Progress(0.0, machine=machine)
        progress.stage("ports bound")
        progress.ready({"risk": "http://127.0.0.1:8200"})
        out, err = capsys.readouterr()
        people = err if machine else out
        assert "ports bound" in people
        assert "http://127.0.0.1:8200  risk: Dynamic limit monitoring" in people
        if machine:
            line = json.loads(out)
            assert line["engines"] == {"risk": "http://127.0.0.1:8200"}
            assert set(line["stages"]) == {"ports bound", "ready"}
        else:
            assert "Ctrl-C stops." in out
