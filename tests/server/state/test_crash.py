"""A writer that is killed loses nothing that it was told is stored, and tells of all of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

from sqlalchemy import select, text

from nautilus.server.state import AuditLog, Outbox, Portfolios, open_database
from nautilus.server.state.schema import outbox as table

KILLS = 100 if os.environ.get("NAUTILUS_PROVE") == "1" else 5
ACKNOWLEDGED = 25

WRITER = """
import asyncio, itertools, sys
from datetime import UTC, datetime, timedelta
from nautilus.accounting import Fill
from nautilus.server.state import AuditLog, Journal, Outbox, Portfolios, open_database

async def publish(message):
    print("told", message.data["version"], flush=True)

async def write():
    database = open_database(sys.argv[1])
    outbox = Outbox(database, publish, lease=timedelta(seconds=0.1), check_seconds=0.05)
    outbox.start()
    journal = Journal(outbox=outbox, audit=AuditLog(database))
    portfolios = Portfolios(database, journal=journal)
    at = datetime(2024, 1, 2, tzinfo=UTC)
    first = int(sys.argv[2])
    if not first:
        await portfolios.create("p1")
    for number in itertools.count(first):
        await portfolios.append_events("p1", [Fill(at, "AAPL", 1, 100.0, fill_id=str(number))])
        print("stored", number, flush=True)

asyncio.run(write())
"""


def killed_writer(url, first):
    """What a writer said, as ("stored" or "told", number), until it was killed."""
    said = []
    command = [sys.executable, "-c", WRITER, url, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        stored = 0
        while stored < ACKNOWLEDGED:
            said.append(writer.stdout.readline())
            assert said[-1], "the writer ended by itself"
            stored += said[-1].startswith("stored")
        writer.send_signal(signal.SIGKILL)
        said.extend(line for line in writer.stdout if line.endswith("\n"))
    assert writer.returncode == -signal.SIGKILL
    return [line.split() for line in said]


async def told_of_the_rest(database):
    """Versions that were stored by writers that died before they told of them."""
    versions = []

    async def publish(message):
        versions.append(message.data["version"])

    outbox = Outbox(database, publish, lease=timedelta(seconds=0.1), check_seconds=0.01)
    outbox.start()
    async with asyncio.timeout(30):
        while await outbox.waiting():
            await asyncio.sleep(0)
    await outbox.close()
    return versions


async def stored_in(database):
    portfolio = await Portfolios(database).get("p1")
    query = select(table.c.data).order_by(table.c.sequence)
    messages = await database.read(lambda c: c.execute(query).scalars().all())
    return portfolio, [json.loads(one)["version"] for one in messages]


def test_killed_writers_lose_no_acknowledged_event_and_no_message(url):
    said = [one for n in range(KILLS) for one in killed_writer(url, 10_000 * n)]
    acknowledged = {number for word, number in said if word == "stored"}
    told = {int(number) for word, number in said if word == "told"}
    database = open_database(url)
    with closing(asyncio.Runner()) as runner:
        told.update(runner.run(told_of_the_rest(database)))
        portfolio, versions = runner.run(stored_in(database))
        entries = runner.run(AuditLog(database).entries(limit=10**6))
    fills = {event.fill_id for event in portfolio.events}
    assert len(acknowledged) >= KILLS * ACKNOWLEDGED
    assert acknowledged <= fills
    assert portfolio.version == len(portfolio.events) + 1
    assert versions == list(range(1, portfolio.version + 1))
    assert [entry.after["version"] for entry in entries] == versions
    assert told == set(versions)
    if url.startswith("sqlite"):
        check = text("PRAGMA integrity_check")
        assert database.read_now(lambda c: c.execute(check).scalar()) == "ok"
    database.close_now()
