"""A writer that is killed loses nothing that it was told is stored."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys

from nautilus.server.state import Portfolios, open_database

KILLS = 20 if os.environ.get("NAUTILUS_PROVE") == "1" else 2
ACKNOWLEDGED = 25

WRITER = """
import asyncio, itertools, sys
from datetime import UTC, datetime
from nautilus.accounting import Fill
from nautilus.server.state import Portfolios, open_database

async def write():
    portfolios = Portfolios(open_database(sys.argv[1]))
    at = datetime(2024, 1, 2, tzinfo=UTC)
    first = int(sys.argv[2])
    if not first:
        await portfolios.create("p1")
    for number in itertools.count(first):
        await portfolios.append_events("p1", [Fill(at, "AAPL", 1, 100.0, fill_id=str(number))])
        print(number, flush=True)

asyncio.run(write())
"""


def test_kill_loses_no_acknowledged_event(sqlite_url, tmp_path):
    acknowledged: set[str] = set()
    for round_ in range(KILLS):
        command = [sys.executable, "-c", WRITER, sqlite_url, str(10_000 * round_)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(ACKNOWLEDGED):
                acknowledged.add(writer.stdout.readline().strip())
            writer.send_signal(signal.SIGKILL)
            acknowledged.update(line.strip() for line in writer.stdout if line.endswith("\n"))
        assert writer.returncode == -signal.SIGKILL
    database = open_database(sqlite_url)
    stored = asyncio.run(Portfolios(database).get("p1"))
    assert len(acknowledged) >= KILLS * ACKNOWLEDGED
    assert acknowledged <= {event.fill_id for event in stored.events}
    assert stored.version == len(stored.events) + 1
    database.close_now()
    with sqlite3.connect(tmp_path / "state.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()
