"""The main job as a command: exit codes, its last line, and the number by curl."""

from __future__ import annotations

import pathlib
import socket
import subprocess
import sys
from contextlib import ExitStack

SCRIPT = pathlib.Path(__file__).parents[2] / "examples" / "did_i_make_money.py"
PORTS = range(8100, 9000, 100)


def run(folder: pathlib.Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)


def test_demo_ends_with_the_path_of_the_tear_sheet(tmp_path: pathlib.Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    page = pathlib.Path(done.stdout.splitlines()[-1])
    assert page == (tmp_path / "tear_sheet.html").resolve()
    assert page.stat().st_size < 300_000
    for said in ("caveat: Twenty stocks chosen", "reconciled: True", "to 12 decimals: 0.0e+00"):
        assert said in done.stdout


def test_the_served_number_equals_the_printed_one(tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, "--serve", "--check", "--port-offset", str(free_offset()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal: True" in done.stdout


def test_busy_ports_are_named_in_one_message(tmp_path: pathlib.Path) -> None:
    offset = free_offset()
    with ExitStack() as stack:
        for port in (8100 + offset, 8500 + offset):
            busy = stack.enter_context(socket.socket())
            busy.bind(("127.0.0.1", port))
            busy.listen()
        done = run(tmp_path, "--serve", "--check", "--port-offset", str(offset))
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert str(8100 + offset) in said
    assert str(8500 + offset) in said
    assert "PORT_OFFSET" in said


def free_offset() -> int:
    """An offset at which all nine documented ports are free."""
    for offset in range(2_000, 40_000, 37):
        with ExitStack() as stack:
            try:
                for port in PORTS:
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port + offset))
            except OSError:
                continue
            return offset
    raise AssertionError("no nine free ports")
