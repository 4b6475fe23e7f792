"""What every change of a portfolio leaves, in its own transaction: a message and an audit entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from nautilus.server.bus.topics import portfolio_updated
from nautilus.server.state.audit import AuditLog
from nautilus.server.state.outbox import Outbox
from nautilus.server.state.transactions import Change

__all__ = ["Journal", "Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks for a change, and in which request; known to the task, not to the writer thread."""

    actor: str | None
    request_id: str | None


def _unknown() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Tells others of a change and keeps who made it; both or neither, with the change itself.

    Parameters
    ----------
    outbox : Outbox
    audit : AuditLog
    actor : callable
        The authenticated subject of this task, or None.
    request_id : callable
        Id of the request of this task, or None.
    """

    outbox: Outbox
    audit: AuditLog
    actor: Callable[[], str | None] = _unknown
    request_id: Callable[[], str | None] = _unknown

    def origin(self) -> Origin:
        """Where a change that this task makes comes from."""
        return Origin(self.actor(), self.request_id())

    def write(self, connection: Connection, change: Change, origin: Origin) -> None:
        """Store the message `portfolio.updated.{id}` and the entry."""
        body = {"portfolio_id": change.portfolio_id, "version": change.version, "what": change.what}
        self.outbox.enqueue(
            connection, portfolio_updated(change.portfolio_id), body, request_id=origin.request_id
        )
        self.audit.record(
            connection,
            origin.actor,
            f"portfolio.{change.what}",
            f"portfolio:{change.portfolio_id}",
            before=change.before,
            after=change.after,
            request_id=origin.request_id,
        )
