"""Tickets: one use, one minute, for a WebSocket whose client cannot send a token in a header."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nautilus.core.errors import UnavailableError
from nautilus.server.identity import Identity, current_identity

__all__ = ["SCOPE_KEY", "Ticket", "Tickets", "redeemed"]

SCOPE_KEY = "nautilus.ticket"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What was issued: to whom, for what, until when."""

    identity: Identity | None
    payload: Any
    ends: float


class Tickets:
    """Issued tickets of one process.

    Parameters
    ----------
    prefix : str
        Of every ticket, as in the documented `conn_001`.
    seconds : float
        How long one may be redeemed.
    most : int
        Open tickets at once; one more is refused by 503.
    clock : callable
        Monotonic seconds.

    Examples
    --------
    >>> tickets = Tickets()
    >>> ticket = tickets.issue(None, {"client_id": "dashboard"})
    >>> ticket.startswith("conn_"), tickets.redeem(ticket).payload, tickets.redeem(ticket)
    (True, {'client_id': 'dashboard'}, None)
    """

    def __init__(
        self,
        *,
        prefix: str = "conn_",
        seconds: float = 60.0,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prefix = prefix
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._open: dict[str, Ticket] = {}

    def issue(self, identity: Identity | None, payload: Any) -> str:
        """A new ticket of 192 random bits.

        Raises
        ------
        UnavailableError
            Too many tickets are open.
        """
        self._forget_ended()
        if len(self._open) >= self._most:
            raise UnavailableError(
                f"{self._most:,} connections are announced and not opened yet; try again in"
                f" {self._seconds:g} s."
            )
        ticket = self._prefix + secrets.token_urlsafe(24)
        self._open[ticket] = Ticket(identity, payload, self._clock() + self._seconds)
        return ticket

    def redeem(self, ticket: str) -> Ticket | None:
        """What was issued, once; None for a ticket that is unknown, used or too old."""
        found = self._open.pop(ticket, None)
        return found if found is not None and self._clock() < found.ends else None

    def _forget_ended(self) -> None:
        """Every ticket lives as long, so the oldest come first."""
        now = self._clock()
        for ticket, issued in list(self._open.items()):
            if now < issued.ends:
                return
            del self._open[ticket]


def redeemed(tickets: Tickets, scope: Mapping[str, Any], ticket: str) -> Ticket | None:
    """The ticket of a WebSocket handshake, whether the boundary has redeemed it already or not.

    Parameters
    ----------
    tickets : Tickets
    scope : ASGI scope
    ticket : str
        As the client gave it, in the query `conn_id`.

    Returns
    -------
    Ticket or None
        None also for a ticket of somebody else than the token of the same handshake.
    """
    found: Ticket | None = scope.get(SCOPE_KEY) or tickets.redeem(ticket)
    if found is None or found.identity is None:
        return found
    asking = current_identity()
    return found if asking is None or asking.subject == found.identity.subject else None
