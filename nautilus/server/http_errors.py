"""Every error in the documented shape: status, code, field, what to do; never a traceback."""

from __future__ import annotations

import difflib
import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket

from nautilus.core.errors import (
    ConflictError,
    NautilusError,
    NotBuiltError,
    NotFoundError,
    UnavailableError,
)
from nautilus.server.cpu import TimedOutError
from nautilus.server.envelope import current_call, failure_body
from nautilus.server.identity import ForbiddenError
from nautilus.server.registry import ENGINES
from nautilus.server.schemas.bases import Failure

__all__ = [
    "FAILURES",
    "RefusedError",
    "deliver",
    "failure",
    "install",
    "library_failure",
    "status_of",
    "unexpected",
]

MOST_ERRORS = 20
_MOST_TEXT = 64
_log = logging.getLogger("nautilus.server")

_STATUS: tuple[tuple[type[NautilusError], int], ...] = (
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (NotBuiltError, 501),
    (TimedOutError, 504),
    (UnavailableError, 503),
    (NautilusError, 422),
)

_CODES = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    410: "gone",
    413: "body_too_large",
    415: "unsupported_content_type",
}

_VALIDATION_CODES = {
    "missing": "missing_field",
    "extra_forbidden": "unknown_field",
    "finite_number": "non_finite_number",
    "too_long": "too_many_items",
    "string_pattern_mismatch": "invalid_format",
}

_HINTS = {
    "missing_field": "Send this field; /info gives the schema of every operation.",
    "unknown_field": "Check the spelling; /info lists the fields of every operation.",
    "non_finite_number": "Send a finite number, or null where the field may be unknown.",
}

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": text}
    for status, text in {
        400: "Body is not JSON",
        401: "A token is needed, or the one that came proves nothing",
        403: "Host, Origin or rights do not allow it",
        404: "Unknown id or path",
        408: "Body did not arrive in time",
        409: "In conflict with what is stored, or with a request that still runs",
        413: "Body too large",
        415: "Body is not application/json",
        422: "A value cannot be used; `errors` says which and what to send",
        501: "Documented, and not built yet",
        503: "Busy or draining; try again after `Retry-After` seconds",
        504: "No answer within the time that a request may take",
    }.items()
}


class RefusedError(HTTPException):
    """A request that is refused before its endpoint sees it."""

    def __init__(self, status: int, *errors: Mapping[str, Any]) -> None:
        super().__init__(status_code=status, detail=str(errors[0]["message"]))
        self.errors = [dict(error) for error in errors]


def status_of(error: NautilusError) -> int:
    """The HTTP status of a library error.

    Examples
    --------
    >>> status_of(NotFoundError("`portfolio_id` 'x' is unknown."))
    404
    """
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def failure(
    status: int, errors: Iterable[Mapping[str, Any]], headers: Mapping[str, str] | None = None
) -> Response:
    """A response in the documented shape."""
    body = failure_body([_complete(error) for error in errors])
    return Response(body, status, dict(headers or {}), media_type="application/json")


def unexpected(error: BaseException) -> Response:
    """500 with an id that finds the traceback in the log; the reply itself shows nothing of it."""
    error_id = uuid.uuid4().hex
    text = "unexpected error %s in request %s"
    known = {"error_id": error_id}
    _log.error(text, error_id, current_call().request_id, exc_info=error, extra=known)
    message = "The server failed on this request. The log has the details under this error_id."
    return failure(500, [{"code": "internal_error", "message": message, "error_id": error_id}])


def install(app: FastAPI) -> None:
    """Answer every error of an app in the documented shape."""
    app.add_exception_handler(NautilusError, _library_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)


def library_failure(error: NautilusError) -> Response:
    """The response to an error of the library."""
    status = status_of(error)
    wait = getattr(error, "retry_after", 1 if status == 503 else None)
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return failure(status, [error.to_dict()], headers)


async def _library_error(connection: HTTPConnection, error: Exception) -> Any:
    assert isinstance(error, NautilusError)
    return await deliver(connection, library_failure(error))


async def _http_error(connection: HTTPConnection, error: Exception) -> Any:
    assert isinstance(error, StarletteHTTPException)
    if isinstance(error, RefusedError):
        errors = error.errors
    else:
        errors = [_plain_http_error(connection, error)]
    headers = dict(error.headers or {})
    return await deliver(connection, failure(error.status_code, errors, headers))


def _plain_http_error(connection: HTTPConnection, error: StarletteHTTPException) -> dict[str, Any]:
    code = _CODES.get(error.status_code, "http_error")
    if error.status_code in (404, 405):
        method = connection.scope.get("method", "GET")
        message = f"No endpoint answers {method} at this path."
        return {"code": code, "message": message, "hint": _where(connection)}
    return {"code": code, "message": f"{str(error.detail).rstrip('.')}."}


async def _invalid_request(connection: HTTPConnection, error: Exception) -> Any:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return await deliver(connection, failure(400, [_malformed()]))
    body = getattr(connection.scope.get("route"), "body_field", None)
    model = body and body.field_info.annotation
    errors = [_item(item, model) for item in found[:MOST_ERRORS]]
    if len(found) > MOST_ERRORS:
        message = f"{len(found)} errors in all; the first {MOST_ERRORS} are shown."
        errors.append({"code": "more_errors", "message": message, "count": len(found)})
    return await deliver(connection, failure(422, errors))


def _where(connection: HTTPConnection) -> str:
    """The engine that a path belongs to, when somebody asks another one."""
    first = "/" + connection.scope["path"].split("/")[1]
    for row in ENGINES.values():
        if first in row.paths and row.name != current_call().engine:
            return f"{first} is the {row.name} engine, port {row.port} plus the port offset."
    return "GET /info lists every operation."


def _malformed() -> dict[str, Any]:
    return {
        "code": "malformed_json",
        "message": "The body is not valid JSON.",
        "hint": "Check quotes, commas and nesting.",
    }


def _item(error: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """One validation error without the input: neither NaN nor secrets are echoed."""
    code = _VALIDATION_CODES.get(str(error["type"]), "invalid_value")
    place, *parts = [str(part)[:_MOST_TEXT] for part in error["loc"]]
    field = ".".join(parts) or place
    message = "A value is missing" if code == "missing_field" else str(error["msg"])
    hint = _HINTS.get(code)
    if code == "unknown_field" and (close := _close_fields(model, parts)):
        hint = f"Did you mean {', '.join(close)}?"
    return {"code": code, "field": field, "message": f"`{field}`: {message}.", "hint": hint}


def _close_fields(model: Any, parts: list[str]) -> list[str]:
    """Fields of the model at this place whose names look like the last part."""
    for part in parts[:-1]:
        arguments = getattr(model, "__args__", ())
        if part.isdigit() and arguments:
            model = arguments[0]
        else:
            field = getattr(model, "model_fields", {}).get(part)
            model = field and field.annotation
    return difflib.get_close_matches(parts[-1], getattr(model, "model_fields", {}), n=3)


async def _unexpected_error(connection: HTTPConnection, error: Exception) -> Any:
    return await deliver(connection, unexpected(error))


async def deliver(connection: HTTPConnection, response: Response) -> Any:
    """The response itself; None where it was sent already, to refuse a WebSocket."""
    if isinstance(connection, WebSocket):
        if "websocket.http.response" in connection.scope.get("extensions", {}):
            await connection.send_denial_response(response)
        else:
            await connection.close(1008)
        return None
    return response


def _complete(error: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": "error", "field": None, "message": "", "hint": None, **error}
