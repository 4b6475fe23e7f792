"""What a client announced before it connects, and how an announcement becomes a connection."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket

from nautilus.core.errors import NautilusError, NotFoundError, UnavailableError
from nautilus.core.rate_limit import TokenBucket
from nautilus.server.http_errors import RefusedError
from nautilus.server.identity import current_identity, current_subject
from nautilus.server.tickets import redeemed
from nautilus.server.websocket.client import Client
from nautilus.server.websocket.hub import Hub
from nautilus.server.websocket.links import link_to
from nautilus.server.websocket.prepared import told
from nautilus.server.websocket.session import Session, subscribed

if TYPE_CHECKING:
    from nautilus.server.deps import EngineDeps

__all__ = ["Announcement", "converse", "find", "idle_seconds", "own_connections"]

ANONYMOUS = "api_client"
RATE_WINDOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A client that is about to connect.

    Parameters
    ----------
    client_id, connection_type : str
    subscriptions : tuple of (topic, filters)
        Checked already.
    limit : TokenBucket, optional
        Of messages to it.
    """

    client_id: str
    connection_type: str = ANONYMOUS
    subscriptions: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    limit: TokenBucket | None = None


async def converse(
    hub: Hub,
    socket: WebSocket,
    deps: EngineDeps[Any],
    client_id: str | None,
    connection_id: str | None,
) -> None:
    """Accept a client, give it what it announced, and answer it until it goes.

    Raises
    ------
    RefusedError
        403 for a `conn_id` that is unknown, used, too old or somebody else's.
    UnavailableError
        Too many clients, or the server is stopping.
    """
    try:
        announced = _announced(socket, deps, client_id, connection_id)
        if deps.draining.is_set():
            raise UnavailableError("the server is stopping. Connect again in a few seconds.")
        hub.check_room(current_subject())
    except (NautilusError, RefusedError):
        hub.refused += 1
        raise
    await socket.accept(subprotocol=_subprotocol(socket))
    client = Client(
        connection_id or "conn_" + secrets.token_urlsafe(24),
        announced.client_id,
        announced.connection_type,
        link_to(socket),
        opened_at=hub.clock(),
        soil=hub.soil,
        told=hub.told,
        identity=current_identity(),
        limit=announced.limit,
    )
    hub.join(client)
    deps.metrics.put("websocket_connections_active", len(hub.clients))
    try:
        await _subscribe_announced(hub, client, announced, deps)
        session = Session(hub, client)
        while (heard := await client.link.received()) is not None:
            await session.take(heard)
    finally:
        hub.left(client)
        client.link.end()
        deps.metrics.put("websocket_connections_active", len(hub.clients))


def _announced(
    socket: WebSocket, deps: EngineDeps[Any], client_id: str | None, connection_id: str | None
) -> Announcement:
    if connection_id is None:
        return Announcement(client_id=client_id or "client_" + secrets.token_hex(8))
    ticket = redeemed(deps.platform.tickets, socket.scope, connection_id)
    announced = ticket.payload if ticket is not None else None
    mine = isinstance(announced, Announcement) and client_id in (None, announced.client_id)
    if not mine:
        message = (
            "`conn_id` is unknown, used, older than a minute, or of another client."
            " POST /websocket/connections gives a new one."
        )
        raise RefusedError(
            403, {"code": "unknown_connection", "field": "conn_id", "message": message}
        )
    assert isinstance(announced, Announcement)
    return announced


def _subprotocol(socket: WebSocket) -> str | None:
    """The documented protocol, for clients that insist on one."""
    return "nautilus.v1" if "nautilus.v1" in socket.scope.get("subprotocols", []) else None


async def _subscribe_announced(
    hub: Hub, client: Client, announced: Announcement, deps: EngineDeps[Any]
) -> None:
    """What it announced, and what was stored for it while it was away."""
    subject = current_subject()
    stored = await deps.client_subscriptions.of(announced.client_id, subject=subject)
    wanted = [*announced.subscriptions, *((one.topic, one.filters) for one in stored)]
    done = []
    for topic, filters in wanted:
        try:
            done.append(await subscribed(hub, client, topic, filters))
        except NautilusError as error:
            client.owe(told("error", code=error.code, field=topic, message=error.message))
    if stored:
        await deps.client_subscriptions.remove(announced.client_id, subject=subject)
    if done:
        positions = {t: hub.logs.position(t) for t in done if "*" not in t and ">" not in t}
        client.owe(told("subscribed", topics=done, positions=positions))


def own_connections(hub: Hub) -> list[Client]:
    """Open connections of who asks; all of them without authentication."""
    subject = current_subject()
    return [client for client in hub.clients.values() if subject in (None, _subject(client))]


def _subject(client: Client) -> str | None:
    return client.identity.subject if client.identity else None


def find(hub: Hub, connection_id: str) -> Client:
    """An open connection of who asks.

    Raises
    ------
    NotFoundError
    """
    client = hub.clients.get(connection_id)
    if client is None or current_subject() not in (None, _subject(client)):
        raise NotFoundError(f"no open connection of yours is {connection_id[:80]!r}.")
    return client


def idle_seconds(client: Client) -> float:
    """How long nothing went either way."""
    return time.monotonic() - client.active_at
