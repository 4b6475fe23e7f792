"""A database of an earlier version is brought up to date when it is opened."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import create_engine, inspect, text

from nautilus.server.state import Portfolios, open_database
from nautilus.server.state.migrations import STEPS, stored_version
from nautilus.server.state.schema import SCHEMA_VERSION

VERSION_1 = """
CREATE TABLE schema_versions (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE portfolios (
    id VARCHAR(64) NOT NULL, version INTEGER NOT NULL, name TEXT, source VARCHAR(16) NOT NULL,
    base_currency VARCHAR(8) NOT NULL, cash FLOAT(53) NOT NULL, benchmark VARCHAR(32),
    targets TEXT NOT NULL, limits TEXT NOT NULL, snapshot TEXT, event_count INTEGER NOT NULL,
    created_at VARCHAR(32) NOT NULL, updated_at VARCHAR(32) NOT NULL, PRIMARY KEY (id));
CREATE TABLE portfolio_events (
    portfolio_id VARCHAR(64) NOT NULL, sequence INTEGER NOT NULL, fill_id TEXT, body TEXT NOT NULL,
    PRIMARY KEY (portfolio_id, sequence),
    FOREIGN KEY(portfolio_id) REFERENCES portfolios (id) ON DELETE CASCADE);
CREATE UNIQUE INDEX portfolio_fill_ids ON portfolio_events (portfolio_id, fill_id);
CREATE TABLE nav_history (
    portfolio_id VARCHAR(64) NOT NULL, microseconds BIGINT NOT NULL, nav FLOAT(53) NOT NULL,
    flow FLOAT(53) NOT NULL, PRIMARY KEY (portfolio_id, microseconds),
    FOREIGN KEY(portfolio_id) REFERENCES portfolios (id) ON DELETE CASCADE);
CREATE TABLE idempotency_keys (
    scope VARCHAR(64) NOT NULL, key VARCHAR(200) NOT NULL, fingerprint VARCHAR(64) NOT NULL,
    claim VARCHAR(36) NOT NULL, claimed_at VARCHAR(32) NOT NULL, status INTEGER, body TEXT,
    PRIMARY KEY (scope, key));
INSERT INTO schema_versions VALUES (1);
INSERT INTO portfolios VALUES ('p1', 2, 'Mine', 'user', 'EUR', 10.5, NULL, '{"A": 1.0}', '{}',
    NULL, 1, '2025-08-23T10:30:00.000000+00:00', '2025-08-23T10:31:00.000000+00:00');
INSERT INTO portfolio_events VALUES ('p1', 0, 'f1', '{"kind": "fill",
    "timestamp": "2024-01-02T14:35:00+00:00", "symbol": "A", "quantity": 2.0, "price": 3.0,
    "fee": 0.0, "currency": "USD", "fill_id": "f1", "multiplier": 1.0}')
"""


def of_version_1(url: str) -> None:
    """The tables and rows that the first program wrote."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in VERSION_1.split(";"):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    engine.dispose()


def shape(connection):
    """Names, types and indexes of all tables, and the triggers."""
    seen = inspect(connection)
    columns = {
        table: [(one["name"], str(one["type"]), one["nullable"]) for one in seen.get_columns(table)]
        for table in sorted(seen.get_table_names())
    }
    keys = {table: seen.get_pk_constraint(table)["constrained_columns"] for table in columns}
    indexes = {
        table: sorted((one["name"], one["column_names"]) for one in seen.get_indexes(table))
        for table in columns
    }
    source = "sqlite_master WHERE type = 'trigger'"
    if connection.dialect.name == "postgresql":
        source = "(SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal) AS own"
    triggers = connection.execute(text(f"SELECT name FROM {source} ORDER BY name")).scalars().all()
    return columns, keys, indexes, triggers


def test_version_1_keeps_its_rows(url):
    of_version_1(url)
    database = open_database(url)
    stored = asyncio.run(Portfolios(database).get("p1"))
    assert database.read_now(stored_version) == SCHEMA_VERSION == 3
    assert (stored.version, stored.name, stored.cash, stored.targets) == (2, "Mine", 10.5, {"A": 1})
    assert [(event.symbol, event.quantity) for event in stored.events] == [("A", 2.0)]
    database.close_now()
    open_database(url).close_now()


def test_a_database_that_was_changed_is_like_a_new_one(url, another_url):
    of_version_1(another_url)
    changed, new = open_database(another_url), open_database(url)
    assert changed.read_now(shape) == new.read_now(shape)
    for database in (changed, new):
        database.close_now()


def test_a_step_that_fails_leaves_version_1(url, monkeypatch):
    step = STEPS[1]

    def fail(connection):
        step(connection)
        raise RuntimeError("out of luck")

    of_version_1(url)
    monkeypatch.setattr("nautilus.server.state.migrations.STEPS", {1: fail})
    with pytest.raises(RuntimeError, match="out of luck"):
        open_database(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert stored_version(connection) == 1
        assert "outbox" not in inspect(connection).get_table_names()
    engine.dispose()
    monkeypatch.undo()
    open_database(url).close_now()
