"""What outlives a process: portfolios, subscriptions, keys and records, in SQLite or PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.server.state.audit import AuditLog as AuditLog
    from nautilus.server.state.client_subscriptions import (
        ClientSubscriptions as ClientSubscriptions,
    )
    from nautilus.server.state.client_subscriptions import (
        StoredSubscription as StoredSubscription,
    )
    from nautilus.server.state.database import Database as Database
    from nautilus.server.state.database import open_database as open_database
    from nautilus.server.state.idempotency import IdempotencyKeys as IdempotencyKeys
    from nautilus.server.state.journal import Journal as Journal
    from nautilus.server.state.outbox import Outbox as Outbox
    from nautilus.server.state.portfolio import NavHistory as NavHistory
    from nautilus.server.state.portfolio import Portfolio as Portfolio
    from nautilus.server.state.portfolio import Snapshot as Snapshot
    from nautilus.server.state.portfolios import Change as Change
    from nautilus.server.state.portfolios import Portfolios as Portfolios

__all__ = [
    "AuditLog",
    "Change",
    "ClientSubscriptions",
    "Database",
    "IdempotencyKeys",
    "Journal",
    "NavHistory",
    "Outbox",
    "Portfolio",
    "Portfolios",
    "Snapshot",
    "StoredSubscription",
    "open_database",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "audit": ["AuditLog"],
        "client_subscriptions": ["ClientSubscriptions", "StoredSubscription"],
        "database": ["Database", "open_database"],
        "idempotency": ["IdempotencyKeys"],
        "journal": ["Journal"],
        "outbox": ["Outbox"],
        "portfolio": ["NavHistory", "Portfolio", "Snapshot"],
        "portfolios": ["Change", "Portfolios"],
    },
)
