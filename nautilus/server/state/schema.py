"""The tables of the state, in column types that SQLite and PostgreSQL share.

Bodies are JSON text: what is stored is what `event_to_dict` and its kind wrote, to the bit.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

__all__ = [
    "SCHEMA_VERSION",
    "audit_log",
    "client_subscriptions",
    "idempotency_keys",
    "jobs",
    "metadata",
    "nav_history",
    "outbox",
    "outbox_relays",
    "portfolio_events",
    "portfolios",
    "schema_versions",
]

SCHEMA_VERSION = 3

metadata = MetaData()

_Sequence = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts INTEGER columns only

schema_versions = Table(
    "schema_versions", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)

portfolios = Table(
    "portfolios",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text),
    Column("source", String(16), nullable=False),
    Column("base_currency", String(8), nullable=False),
    Column("cash", Float(53), nullable=False),
    Column("benchmark", String(32)),
    Column("targets", Text, nullable=False),
    Column("limits", Text, nullable=False),
    Column("snapshot", Text),
    Column("event_count", Integer, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
)

portfolio_events = Table(
    "portfolio_events",
    metadata,
    Column("portfolio_id", ForeignKey("portfolios.id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("fill_id", Text),
    Column("body", Text, nullable=False),
    Index("portfolio_fill_ids", "portfolio_id", "fill_id", unique=True),
)

nav_history = Table(
    "nav_history",
    metadata,
    Column("portfolio_id", ForeignKey("portfolios.id", ondelete="CASCADE"), primary_key=True),
    Column("microseconds", BigInteger, primary_key=True, autoincrement=False),
    Column("nav", Float(53), nullable=False),
    Column("flow", Float(53), nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("claim", String(36), nullable=False),
    Column("claimed_at", String(32), nullable=False),
    Column("status", Integer),
    Column("body", Text),
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", _Sequence, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("scope", String(64), nullable=False),
    Column("topic", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("request_id", Text),
    Column("created_at", String(32), nullable=False),
    Column("published_at", String(32)),
    # Sequences of rows that were pruned are not given out again.
    sqlite_autoincrement=True,
)
_waiting = text("published_at IS NULL")
Index(
    "outbox_waiting",
    outbox.c.scope,
    outbox.c.sequence,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index("outbox_published", outbox.c.published_at)

outbox_relays = Table(
    "outbox_relays",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("holder", String(36), nullable=False),
    Column("held_until", String(32), nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("sequence", _Sequence, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("request_id", Text),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("audit_subjects", "subject", "sequence"),
    sqlite_autoincrement=True,
)

client_subscriptions = Table(
    "client_subscriptions",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("filters", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Index("client_subscription_ends", "expires_at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("engine", String(16), nullable=False),
    Column("operation", String(64), nullable=False),
    Column("subject", Text),
    Column("portfolio_id", String(64)),
    Column("request_id", Text),
    Column("status", String(16), nullable=False),
    Column("progress", Float(53), nullable=False),
    Column("stage", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("ended_at", String(32)),
    Column("holder", String(36), nullable=False),
    Column("held_until", String(32), nullable=False),
    Column("cancel_asked", Integer, nullable=False),
    Column("http_status", Integer),
    Column("size", Integer, nullable=False),
    Column("body", Text),
    Index("jobs_of_engines", "engine", "created_at"),
    Index("jobs_of_holders", "holder", "ended_at"),
)

_APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
        """CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
        # INSERT OR REPLACE deletes without asking the trigger for DELETE.
        """CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
        WHEN EXISTS (SELECT 1 FROM audit_log WHERE sequence = NEW.sequence)
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION nautilus_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit_log is append-only'; END $$""",
        """CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION nautilus_append_only()""",
    ),
}
for _dialect, _statements in _APPEND_ONLY.items():
    for _statement in _statements:
        _guard = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(audit_log, "after_create", _guard.execute_if(dialect=_dialect))
