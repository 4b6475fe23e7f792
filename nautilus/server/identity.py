"""Who asks: the identity of this request, as its token proved it."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass

from nautilus.core.errors import NautilusError

__all__ = [
    "ForbiddenError",
    "Identity",
    "current_identity",
    "current_subject",
    "identified",
    "may_use_portfolio",
    "seconds_left",
]


class ForbiddenError(NautilusError, PermissionError):
    """Who asks may not."""

    code = "forbidden"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified token says about its bearer.

    Parameters
    ----------
    subject : str
        Who it is: `sub` of the token, the actor in the audit log.
    scopes : frozenset of str
        What it may do, such as `read` or `risk:write`.
    portfolios : tuple of str or None
        The only portfolios that it may name; None for all.
    expires_at : float
        Seconds since 1970; infinity for one that has no end.

    Examples
    --------
    >>> alice = Identity("alice", frozenset({"read"}), ("p1",))
    >>> may_use_portfolio(alice, "p1"), may_use_portfolio(alice, "p2")
    (True, False)
    """

    subject: str
    scopes: frozenset[str]
    portfolios: tuple[str, ...] | None = None
    expires_at: float = float("inf")


_IDENTITY: ContextVar[Identity | None] = ContextVar("nautilus_identity", default=None)


def identified(identity: Identity | None) -> None:
    """Remember who asks in this task."""
    _IDENTITY.set(identity)


def current_identity() -> Identity | None:
    """Who asks in this task; None without authentication and outside of any request."""
    return _IDENTITY.get()


def current_subject() -> str | None:
    """Name of who asks in this task; None without authentication and outside of any request."""
    identity = _IDENTITY.get()
    return identity.subject if identity else None


def may_use_portfolio(identity: Identity | None, portfolio_id: str) -> bool:
    """Whether an identity may name a portfolio; everybody may without authentication."""
    return identity is None or identity.portfolios is None or portfolio_id in identity.portfolios


def seconds_left(identity: Identity | None) -> float:
    """Seconds until the token of an identity ends, never negative; infinity without one.

    Examples
    --------
    >>> seconds_left(None), seconds_left(Identity("alice", frozenset(), None, expires_at=0.0))
    (inf, 0.0)
    """
    return float("inf") if identity is None else max(identity.expires_at - time.time(), 0.0)
