"""Rows of the state from one database into another, whatever the two are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select

from nautilus.server.state.database import Database, open_database
from nautilus.server.state.schema import (
    SCHEMA_VERSION,
    audit_log,
    metadata,
    outbox,
    schema_versions,
)

__all__ = ["export_rows", "import_rows"]

ROWS = 500
COUNTED = (outbox, audit_log)


def export_rows(source: Connection, target: Path) -> None:
    """All rows into a SQLite file of its own, without a log beside it.

    Parameters
    ----------
    source : Connection
        In a transaction that sees one moment.
    target : Path
        Empty.
    """
    database = _opened(target)
    try:
        database.write_now(lambda connection: _copy(source, connection))
    finally:
        database.close_now()
    with closing(sqlite3.connect(target)) as plain:
        plain.execute("PRAGMA journal_mode=DELETE")


def import_rows(source: Path, target: Connection) -> None:
    """The rows of a SQLite file in the place of all rows of another database.

    Parameters
    ----------
    source : Path
        A copy that may be changed: tables of an earlier version are brought up to date.
    target : Connection
        In the transaction that makes this all or nothing.
    """
    database = _opened(source)
    try:
        metadata.drop_all(target)  # no row of the audit log can be deleted
        metadata.create_all(target)
        database.read_now(lambda connection: _copy(connection, target))
        target.execute(insert(schema_versions).values(version=SCHEMA_VERSION))
    finally:
        database.close_now()


def _opened(path: Path) -> Database:
    return open_database(f"sqlite:///{path}")


def _copy(source: Connection, target: Connection) -> None:
    for table in metadata.sorted_tables:
        if table is not schema_versions:
            found = source.execute(select(table).execution_options(yield_per=ROWS))
            for some in found.mappings().partitions(ROWS):
                target.execute(insert(table), [dict(row) for row in some])
    if target.dialect.name == "postgresql":
        for table in COUNTED:
            _count_on(target, table)


def _count_on(target: Connection, table: Table) -> None:
    """The next row of a counted table comes after those that were copied."""
    last = target.execute(select(func.max(table.c.sequence))).scalar()
    if last is not None:
        target.execute(
            select(func.setval(func.pg_get_serial_sequence(table.name, "sequence"), last))
        )
