"""The outermost layer of an engine: request id, content type, size, and no error that escapes."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from nautilus.server.envelope import Call, started_call
from nautilus.server.http_errors import failure, unexpected
from nautilus.server.metrics import EngineMetrics
from nautilus.server.settings import LOOPBACK

__all__ = ["Boundary"]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SENDS_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_log = logging.getLogger("nautilus.server.access")


class Boundary:
    """Pure ASGI wrapper around a whole app.

    Parameters
    ----------
    app : ASGI application
    engine : str
    metrics : EngineMetrics
    max_body_bytes : int
    check_host : bool
        Refuse Host and Origin headers that do not name this machine: no page of another site, nor
        one whose name was bound to 127.0.0.1, talks to a server without authentication.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        engine: str,
        metrics: EngineMetrics,
        max_body_bytes: int,
        check_host: bool = False,
    ) -> None:
        self.app = app
        self.engine = engine
        self.metrics = metrics
        self.max_body_bytes = max_body_bytes
        self.check_host = check_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        started_call(self.engine, request_id(headers))
        if self._foreign(headers):
            await WebSocketClose(1008, "foreign host or origin")(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        call = started_call(self.engine, request_id(headers))
        reply = _Reply(send, call, scope, self.metrics)
        with reply:
            refusal = self._refusal(scope["method"], headers)
            try:
                await (refusal or self.app)(scope, receive, reply.send)
            except Exception as error:
                if not reply.started:
                    await unexpected(error)(scope, receive, reply.send)
                elif not reply.failed:  # broken while streaming: the status is out already
                    _log.error("request %s broke off", call.request_id, exc_info=error)
                    raise

    def _foreign(self, headers: Headers) -> bool:
        """Whether a page of another site asks, by its own name or by one bound to 127.0.0.1."""
        if not self.check_host:
            return False
        origin = headers.get("origin", "//localhost").partition("//")[2]
        return any(_host(name) not in LOOPBACK for name in (headers.get("host", ""), origin))

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        if self._foreign(headers):
            message = "Host and Origin must name this machine: localhost or 127.0.0.1."
            return failure(403, [{"code": "foreign_host", "message": message}])
        if method not in _SENDS_BODY or not _has_body(headers):
            return None
        if _length(headers) > self.max_body_bytes:
            message = f"A body may have at most {self.max_body_bytes:,} bytes."
            return failure(413, [{"code": "body_too_large", "message": message}])
        if not _is_json(headers.get("content-type", "")):
            return _wrong_type("content-type", "Send Content-Type: application/json.")
        if headers.get("content-encoding", "identity") != "identity":
            return _wrong_type("content-encoding", "Send the body without compression.")
        return None


def request_id(headers: Headers) -> str | None:
    """The id of the caller where it is harmless in a log and a header, else None."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None


def _wrong_type(field: str, hint: str) -> Response:
    message = "A body must be plain application/json."
    code = "unsupported_content_type"
    return failure(415, [{"code": code, "field": field, "message": message, "hint": hint}])


def _has_body(headers: Headers) -> bool:
    return _length(headers) > 0 or "transfer-encoding" in headers


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _host(value: str) -> str:
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0].lower()


class _Reply:
    """Sends the response of one request, and counts it."""

    def __init__(self, send: Send, call: Call, scope: Scope, metrics: EngineMetrics) -> None:
        self._send, self._call, self._scope, self._metrics = send, call, scope, metrics
        self.started = False
        self.failed = False

    def __enter__(self) -> None:
        self._metrics.active += 1

    def __exit__(self, *exception: object) -> None:
        self._metrics.active -= 1

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
        await self._send(message)

    def _start(self, message: Message) -> None:
        """Time to the first byte: a stream is not slow because it lasts."""
        self.started = True
        status: int = message["status"]
        self.failed = status == 500
        headers = MutableHeaders(raw=message.setdefault("headers", []))
        headers["X-Request-ID"] = self._call.request_id
        headers["X-Content-Type-Options"] = "nosniff"
        message["headers"] = headers.raw
        method = self._scope["method"]
        seconds = time.perf_counter() - self._call.started
        route: Any = self._scope.get("route")
        self._metrics.observe(method, getattr(route, "path", None), status, seconds)
        if _log.isEnabledFor(logging.INFO):
            self._log(method, status, seconds)

    def _log(self, method: str, status: int, seconds: float) -> None:
        client = Headers(scope=self._scope).get("x-client-version", "")[:32]
        _log.info(
            "request",
            extra={
                "request_id": self._call.request_id,
                "engine": self._call.engine,
                "method": method,
                "route": getattr(self._scope.get("route"), "path", "unmatched"),
                "status": status,
                "duration_ms": round(seconds * 1000, 3),
                "client_version": client,
            },
        )
