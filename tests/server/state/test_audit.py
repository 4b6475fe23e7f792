from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from nautilus.core.errors import NautilusError, ParameterError
from nautilus.server.state import AuditLog, Journal, Outbox, Portfolios


@pytest.fixture
def audit(database, clock):
    return AuditLog(database, clock=clock)


@pytest.fixture
def portfolios(database, audit, clock):
    journal = Journal(
        outbox=Outbox(database, None),
        audit=audit,
        actor=lambda: "ann",
        request_id=lambda: "req-1",
    )
    return Portfolios(database, journal=journal, clock=clock)


def test_a_change_says_who_what_and_from_what_to_what(portfolios, audit, clock):
    async def scenario():
        await portfolios.create("p1", cash=5.0, targets={"A": 1.0})
        await portfolios.set_limits("p1", {"position_size": 0.1})
        await portfolios.set_limits("p1", {"position_size": 0.2})
        await portfolios.delete("p1")
        return await audit.entries(subject="portfolio:p1")

    created, first, second, deleted = asyncio.run(scenario())
    assert (created.actor, created.request_id, created.at) == ("ann", "req-1", clock.now)
    assert (created.action, created.before) == ("portfolio.created", None)
    assert (created.after["cash"], created.after["targets"]) == (5.0, {"A": 1.0})
    assert (first.action, first.before) == ("portfolio.limits", {"version": 1, "limits": {}})
    assert second.before == {"version": 2, "limits": {"position_size": 0.1}}
    assert second.after == {"version": 3, "limits": {"position_size": 0.2}}
    assert (deleted.before["version"], deleted.after) == (3, None)


def test_without_a_subject_the_actor_is_anonymous(database, audit):
    database.write_now(audit.record, None, "model.deployed", "model:m1", before=None, after={})
    (entry,) = asyncio.run(audit.entries())
    assert (entry.actor, entry.request_id, entry.after) == ("anonymous", None, {})


def test_a_change_that_is_refused_leaves_no_entry(portfolios, audit):
    async def scenario():
        await portfolios.create("p1")
        with pytest.raises(NautilusError):
            await portfolios.set_benchmark("p1", "SPY", expected_version=7)
        return await audit.entries()

    assert [entry.action for entry in asyncio.run(scenario())] == ["portfolio.created"]


def test_pages_follow_the_cursor(database, audit):
    def many(connection):
        for number in range(7):
            audit.record(connection, "ann", "test", f"s{number % 2}", before=None, after=number)

    async def scenario():
        await database.write(many)
        first = await audit.entries(limit=3)
        second = await audit.entries(limit=3, after=first[-1].sequence)
        odd = await audit.entries(subject="s1")
        return [[entry.after for entry in page] for page in (first, second, odd)]

    assert asyncio.run(scenario()) == [[0, 1, 2], [3, 4, 5], [1, 3, 5]]


def test_a_page_has_at_least_one_entry(audit):
    with pytest.raises(ParameterError, match="`limit`"):
        asyncio.run(audit.entries(limit=0))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_log SET actor = 'bob'", "DELETE FROM audit_log", "OTHER"],
)
def test_the_database_refuses_to_change_an_entry(database, audit, statement):
    other = {
        "sqlite": "INSERT OR REPLACE INTO audit_log"
        " SELECT sequence, at, 'bob', action, subject, request_id, before, after FROM audit_log",
        "postgresql": "TRUNCATE audit_log",
    }

    def change(connection):
        wanted = other[connection.dialect.name] if statement == "OTHER" else statement
        connection.execute(text(wanted))

    database.write_now(audit.record, "ann", "test", "s", before=None, after=None)
    with pytest.raises((DatabaseError, NautilusError)) as caught:
        database.write_now(change)
    assert "append-only" in f"{caught.value} {caught.value.__cause__}"
    (entry,) = asyncio.run(audit.entries())
    assert entry.actor == "ann"
