"""The outermost layer of an engine: request id, content type, size, and no error that escapes."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from nautilus.server.bus.deadlines import Limit, Limits
from nautilus.server.envelope import Call, started_call
from nautilus.server.exposure import AllowedHosts
from nautilus.server.guard import OPEN, Guard
from nautilus.server.http_errors import failure, unexpected
from nautilus.server.identity import current_identity, current_subject, seconds_left
from nautilus.server.logs import ACCESS, access_record
from nautilus.server.metrics import EngineMetrics
from nautilus.server.request_headers import RequestHeaders
from nautilus.server.socket_guard import LONGEST_TIMER, SocketGuard

__all__ = ["Boundary"]

FOREIGN = {
    "code": "foreign_host",
    "message": "Host and Origin must name this machine, localhost or 127.0.0.1, or be allowed.",
    "hint": "Names go into NAUTILUS_ALLOWED_HOSTS, pages of other sites into"
    " NAUTILUS_ALLOWED_ORIGINS.",
}
BUSY = {"code": "busy", "message": "As many requests as this engine takes are open already."}

EVENT_STREAM = b"text/event-stream; charset=utf-8"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SENDS_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_log = logging.getLogger(ACCESS)


class Boundary:
    """Pure ASGI wrapper around a whole app.

    Parameters
    ----------
    app : ASGI application
    engine : str
    metrics : EngineMetrics
    max_body_bytes : int
    request_seconds : float
        An answer must end by then, unless it is a stream.
    open_requests : int
        One more is refused by 503, unless it asks for the health.
    hosts : AllowedHosts, optional
        Refuse Host and Origin headers that are not of these.
    guard : Guard, optional
        Refuse requests without a token that allows them.
    sockets : SocketGuard, optional
        The same for WebSockets; goes with `guard`.
    limits : Limits, optional
        Give out the time that a request may take.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        engine: str,
        metrics: EngineMetrics,
        max_body_bytes: int,
        request_seconds: float = 60.0,
        open_requests: int = 1000,
        hosts: AllowedHosts | None = None,
        guard: Guard | None = None,
        sockets: SocketGuard | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.app = app
        self.engine = engine
        self.metrics = metrics
        self.max_body_bytes = max_body_bytes
        self.request_seconds = request_seconds
        self.open_requests = open_requests
        self.hosts = hosts
        self.guard = guard
        self.sockets = sockets
        self.limits = limits or Limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = RequestHeaders(scope["headers"])
        started_call(self.engine, request_id(headers))
        if self._foreign(headers):
            await WebSocketClose(1008, "foreign host or origin")(scope, receive, send)
        elif self.sockets is not None:
            await self.sockets(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = RequestHeaders(scope["headers"])
        call = started_call(self.engine, request_id(headers))
        limit = self.limits.within(self.request_seconds)
        reply = _Reply(send, call, scope, headers, self.metrics, limit)
        with reply:
            refusal = self._refusal(scope, headers)
            if self.guard is not None:
                refusal = await self.guard.refusal(scope, headers) or refusal
                reply.private = True
            try:
                with limit:
                    await (refusal or self.app)(scope, receive, reply.send)
            except Exception as error:
                if not reply.started:
                    response = self._too_late() if limit.late else unexpected(error)
                    await response(scope, receive, reply.send)
                elif limit.late and reply.streams:  # the token of its reader has ended
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                elif not reply.failed:  # broken while streaming: the status is out already
                    _log.error("request %s broke off", call.request_id, exc_info=error)
                    raise

    def _foreign(self, headers: RequestHeaders) -> bool:
        """Whether a page of another site asks, by its own name or by one bound to 127.0.0.1."""
        hosts = self.hosts
        if hosts is None:
            return False
        return hosts.foreign(headers.get("host", ""), headers.get("origin"))

    def _too_late(self) -> Response:
        message = f"There was no answer within {self.request_seconds:g} s."
        return failure(504, [{"code": "request_too_slow", "message": message}])

    def _refusal(self, scope: Scope, headers: RequestHeaders) -> Response | None:
        if self._foreign(headers):
            return failure(403, [FOREIGN])
        if self.metrics.active > self.open_requests and not scope["path"].endswith(OPEN):
            return failure(503, [BUSY], {"Retry-After": "1"})
        if scope["method"] not in _SENDS_BODY or not _has_body(headers):
            return None
        if _length(headers) > self.max_body_bytes:
            message = f"A body may have at most {self.max_body_bytes:,} bytes."
            return failure(413, [{"code": "body_too_large", "message": message}])
        if not _is_json(headers.get("content-type", "")):
            return _wrong_type("content-type", "Send Content-Type: application/json.")
        if headers.get("content-encoding", "identity") != "identity":
            return _wrong_type("content-encoding", "Send the body without compression.")
        return None


def request_id(headers: RequestHeaders) -> str | None:
    """The id of the caller where it is harmless in a log and a header, else None."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None


def _wrong_type(field: str, hint: str) -> Response:
    message = "A body must be plain application/json."
    code = "unsupported_content_type"
    return failure(415, [{"code": code, "field": field, "message": message, "hint": hint}])


def _has_body(headers: RequestHeaders) -> bool:
    return _length(headers) > 0 or "transfer-encoding" in headers


def _length(headers: RequestHeaders) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


class _Reply:
    """Sends the response of one request, and counts it."""

    def __init__(
        self,
        send: Send,
        call: Call,
        scope: Scope,
        headers: RequestHeaders,
        metrics: EngineMetrics,
        limit: Limit,
    ) -> None:
        self._send, self._call, self._scope, self._metrics = send, call, scope, metrics
        self._headers = headers
        self._limit = limit
        self._timer: asyncio.TimerHandle | None = None
        self.private = False
        self.streams = False
        self.started = False
        self.failed = False

    def __enter__(self) -> None:
        self._metrics.active += 1

    def __exit__(self, *exception: object) -> None:
        self._metrics.active -= 1
        if self._timer is not None:
            self._timer.cancel()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
        await self._send(message)

    def _start(self, message: Message) -> None:
        """Time to the first byte: a stream is not slow because it lasts."""
        self.started = True
        status: int = message["status"]
        self.failed = status == 500
        own = [
            (b"x-request-id", self._call.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        if self.private:
            own.append((b"cache-control", b"no-store"))
        names = [name for name, _ in own]  # /process passes on a reply that has them already
        given = [one for one in message.get("headers", ()) if one[0] not in names]
        if (b"content-type", EVENT_STREAM) in given:
            self._lasts()
        message["headers"] = given + own
        method = self._scope["method"]
        seconds = time.perf_counter() - self._call.started
        route: Any = self._scope.get("route")
        self._metrics.observe(method, getattr(route, "path", None), status, seconds)
        if _log.isEnabledFor(logging.INFO):
            self._log(method, status, seconds)

    def _lasts(self) -> None:
        """A stream may last, but not longer than the token of its reader."""
        self.streams = True
        self._limit.lift()
        if (identity := current_identity()) is not None:
            left = min(seconds_left(identity), LONGEST_TIMER)
            self._timer = asyncio.get_running_loop().call_later(left, self._limit.expire)

    def _log(self, method: str, status: int, seconds: float) -> None:
        _log.handle(
            access_record(
                request_id=self._call.request_id,
                engine=self._call.engine,
                method=method,
                route=getattr(self._scope.get("route"), "path", "unmatched"),
                status=status,
                duration_ms=round(seconds * 1000, 3),
                client_version=self._headers.get("x-client-version", "")[:32],
                subject=current_subject(),
            )
        )
