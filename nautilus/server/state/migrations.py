"""From one version of the tables to the next.

A table that was released is changed by a new step here. The step that made it then gets a copy of
the old definition, so that it still makes what it made; a test compares a database that went
through all steps with a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, insert, select, update

from nautilus.server.state.schema import (
    SCHEMA_VERSION,
    audit_log,
    client_subscriptions,
    jobs,
    metadata,
    outbox,
    outbox_relays,
    schema_versions,
)

__all__ = ["STEPS", "bring_up_to_date", "stored_version"]


def stored_version(connection: Connection) -> int | None:
    """Version of the tables in a database; None where there are none."""
    if not connection.dialect.has_table(connection, schema_versions.name):
        return None
    found: int | None = connection.execute(select(schema_versions.c.version)).scalar()
    return found


def bring_up_to_date(connection: Connection) -> int:
    """Make the tables, or change those of an earlier version, in the transaction of the caller.

    Returns
    -------
    int
        The version now: `SCHEMA_VERSION`, or that of a program that we cannot follow.
    """
    version = stored_version(connection)
    if version is None:
        metadata.create_all(connection)
        connection.execute(insert(schema_versions).values(version=SCHEMA_VERSION))
        return SCHEMA_VERSION
    while version in STEPS:
        STEPS[version](connection)
        version += 1
        connection.execute(update(schema_versions).values(version=version))
    return version


def _outbox_audit_and_subscriptions(connection: Connection) -> None:
    added = [outbox, outbox_relays, audit_log, client_subscriptions]
    metadata.create_all(connection, tables=added, checkfirst=False)


def _jobs(connection: Connection) -> None:
    metadata.create_all(connection, tables=[jobs], checkfirst=False)


STEPS: Mapping[int, Callable[[Connection], None]] = {1: _outbox_audit_and_subscriptions, 2: _jobs}
