from __future__ import annotations

import json
import logging

import pytest

from nautilus.server import create_app
from nautilus.server.logs import log_to_stderr
from nautilus.server.progress import Progress


@pytest.fixture
def logging_restored():
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


def test_a_record_is_one_line_whatever_it_says(logging_restored, capsys):
    log_to_stderr("INFO")
    logging.getLogger("x").info('one\n{"level": "FORGED"}', extra={"request_id": "r\n1"})
    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert (record["level"], record["request_id"]) == ("INFO", "r\n1")


def test_a_traceback_goes_to_the_log(logging_restored, capsys):
    log_to_stderr("WARNING")
    try:
        raise ValueError("deep inside")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "deep inside" in json.loads(capsys.readouterr().err)["traceback"]


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
