"""The tables of the state, in column types that SQLite and PostgreSQL share.

Bodies are JSON text: what is stored is what `event_to_dict` and its kind wrote, to the bit.
"""

from __future__ import annotations

from sqlalchemy import (
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
)

__all__ = [
    "SCHEMA_VERSION",
    "idempotency_keys",
    "metadata",
    "nav_history",
    "portfolio_events",
    "portfolios",
    "schema_versions",
]

SCHEMA_VERSION = 1

metadata = MetaData()

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
