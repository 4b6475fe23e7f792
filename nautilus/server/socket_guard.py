"""The door of WebSockets: a token in the handshake, a ticket, or a token as the first message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from nautilus.server.auth import TokenError
from nautilus.server.guard import Guard, bearer, rejected, unauthenticated
from nautilus.server.http_errors import deliver, failure
from nautilus.server.identity import Identity, current_identity, identified, seconds_left
from nautilus.server.request_headers import RequestHeaders
from nautilus.server.tickets import SCOPE_KEY

if TYPE_CHECKING:
    from nautilus.server.tickets import Tickets

__all__ = ["SocketGuard"]

SUBPROTOCOL = "nautilus.v1"
TOKEN_PREFIX = "nautilus.bearer."
UNAUTHENTICATED = 4401
FORBIDDEN = 4403
FIRST_MESSAGE_SECONDS = 5.0
LONGEST_FIRST_MESSAGE = 16_384
MOST_WAITING = 100
EXPIRED = "the token has expired"
CONNECTION = "nautilus.ws"  # as `websocket.protocol` leaves it in the scope, where it serves
LONGEST_TIMER = 30 * 86_400.0


class SocketGuard:
    """Lets a WebSocket through to the app once it is known who is there, and until he is not.

    Parameters
    ----------
    guard : Guard
        Of the same engine; it decides on scopes and portfolios.
    tickets : callable
        Gives the announced connections; a `conn_id` of theirs takes the place of a token.
    """

    def __init__(self, guard: Guard, tickets: Callable[[], Tickets]) -> None:
        self._guard = guard
        self._tickets = tickets
        self._waiting = 0

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one WebSocket."""
        identified(None)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        try:
            token = _token(scope)
            if token is not None:
                identity = await self._guard.identity(token)
            elif (ticket := self._redeemed(scope, query)) is not None:
                identity = ticket
            elif query.get("auth") == ["message"]:
                await self._by_message(app, scope, receive, send)
                return
            else:
                await _deny(unauthenticated("A token is needed."), scope, receive, send)
                return
        except TokenError as error:
            await _deny(rejected(error), scope, receive, send)
            return
        refusal = self._guard.admitted(identity, "WEBSOCKET", scope)
        if refusal is not None:
            await _deny(refusal, scope, receive, send)
        else:
            await _Admitted(app, identity, receive, send).run(scope)

    def _redeemed(self, scope: Scope, query: dict[str, list[str]]) -> Identity | None:
        given = query.get("conn_id", [])
        ticket = self._tickets().redeem(given[0]) if len(given) == 1 else None
        if ticket is None or ticket.identity is None or not seconds_left(ticket.identity):
            return None
        scope[SCOPE_KEY] = ticket
        return ticket.identity

    async def _by_message(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept, and let nothing reach the app before the token has come and counts."""
        if self._waiting >= MOST_WAITING:
            message = "Too many connections have not sent their token yet."
            busy = failure(503, [{"code": "busy", "message": message}], {"Retry-After": "5"})
            await _deny(busy, scope, receive, send)
            return
        self._waiting += 1
        try:
            identity = await self._introduced(_chosen(scope), receive, send)
        finally:
            self._waiting -= 1
        if identity is None:
            return
        if self._guard.admitted(identity, "WEBSOCKET", scope) is not None:
            await send(_close(FORBIDDEN, "the token does not allow this"))
            return
        extensions = dict(scope.get("extensions") or {})
        extensions.pop("websocket.http.response", None)  # it is too late for another status
        scope["extensions"] = extensions
        await _Admitted(app, identity, receive, send, accepted=True).run(scope)

    async def _introduced(
        self, chosen: str | None, receive: Receive, send: Send
    ) -> Identity | None:
        if (await receive())["type"] != "websocket.connect":
            return None
        await send({"type": "websocket.accept", "subprotocol": chosen, "headers": []})
        try:
            async with asyncio.timeout(FIRST_MESSAGE_SECONDS):
                message = await receive()
            if message["type"] == "websocket.disconnect":
                return None
            identity = await self._guard.identity(_told(message))
        except TimeoutError:
            await send(_close(UNAUTHENTICATED, "no token came within 5 s"))
            return None
        except TokenError as error:
            await send(_close(UNAUTHENTICATED, error.message[:120]))
            return None
        left = seconds_left(identity)
        reply = {"type": "authenticated", "subject": identity.subject, "expires_in_seconds": left}
        await send({"type": "websocket.send", "text": orjson.dumps(reply).decode()})
        return identity


class _Admitted:
    """A WebSocket of a known identity, closed by 4401 when its token ends."""

    def __init__(
        self,
        app: ASGIApp,
        identity: Identity,
        receive: Receive,
        send: Send,
        *,
        accepted: bool = False,
    ) -> None:
        self._app, self._identity = app, identity
        self._receive, self._send = receive, send
        self._accepted = accepted
        self._connect_due = accepted
        self._chosen: str | None = None
        self._closed = False
        self._ending: asyncio.Task[None] | None = None

    async def run(self, scope: Scope) -> None:
        assert current_identity() is self._identity
        left = min(seconds_left(self._identity), LONGEST_TIMER)
        timer = asyncio.get_running_loop().call_later(left, self._end, scope)
        self._chosen = _chosen(scope)
        try:
            await self._app(scope, self.receive, self.send)
        except WebSocketDisconnect:
            if not self._closed:
                raise
        finally:
            timer.cancel()
            if self._ending is not None:  # the last word goes out before the connection is closed
                await asyncio.wait((self._ending,), timeout=FIRST_MESSAGE_SECONDS)

    async def receive(self) -> Message:
        if self._connect_due:
            self._connect_due = False
            return {"type": "websocket.connect"}
        return await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            if self._accepted:
                return
            self._accepted = True
            if message.get("subprotocol") is None:
                message = {**message, "subprotocol": self._chosen}
        if self._closed:
            raise OSError("the token of this connection has ended")
        self._closed = message["type"] == "websocket.close"
        await self._send(message)

    def _end(self, scope: Scope) -> None:
        """Close it, also where the client does not read and `send` would wait for it."""
        if not self._accepted or self._closed:
            return
        self._closed = True
        connection = (scope.get("extensions") or {}).get(CONNECTION)
        if connection is not None:
            connection.leave(UNAUTHENTICATED, EXPIRED)
        else:
            self._ending = asyncio.ensure_future(self._send(_close(UNAUTHENTICATED, EXPIRED)))


def _token(scope: Scope) -> str | None:
    """The token of a handshake; as a subprotocol it is taken out, so that nobody echoes it."""
    token = bearer(RequestHeaders(scope["headers"]))
    offered: list[str] = scope.get("subprotocols", [])
    ours = [one for one in offered if one.startswith(TOKEN_PREFIX)]
    if not ours:
        return token
    scope["subprotocols"] = [one for one in offered if one not in ours]
    scope["headers"] = [h for h in scope["headers"] if h[0] != b"sec-websocket-protocol"]
    if token is not None or len(ours) > 1:
        raise TokenError("The handshake must hold one token.")
    return ours[0].removeprefix(TOKEN_PREFIX)


def _chosen(scope: Scope) -> str | None:
    return SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", []) else None


def _told(message: Message) -> str:
    """The token of `{"type": "auth", "token": "..."}`."""
    text = message.get("text") or (message.get("bytes") or b"").decode("latin-1")
    try:
        told = orjson.loads(text) if len(text) <= LONGEST_FIRST_MESSAGE else None
    except orjson.JSONDecodeError:
        told = None
    token = told.get("token") if isinstance(told, dict) and told.get("type") == "auth" else None
    if not isinstance(token, str):
        raise TokenError('The first message must be {"type": "auth", "token": "..."}.')
    return token


async def _deny(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    await deliver(WebSocket(scope, receive, send), response)


def _close(code: int, reason: str) -> dict[str, Any]:
    return {"type": "websocket.close", "code": code, "reason": reason}
