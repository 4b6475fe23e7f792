"""Routers of the engines: strict JSON bodies, and endpoints that are documented but not built."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from nautilus.core.errors import NotBuiltError
from nautilus.server.http_errors import MOST_ERRORS, RefusedError
from nautilus.server.idempotent import carried_out_once, declares_key
from nautilus.server.portfolio_access import checked_body

__all__ = [
    "EngineRoute",
    "JsonRequest",
    "engine_router",
    "not_built",
    "read_json",
]


class JsonRequest(Request):
    """A request whose body is read once, in time, and as strict JSON."""

    async def body(self) -> bytes:
        """All of it, unless the client takes its time: a slow one must not hold a place."""
        if hasattr(self, "_body"):
            return self._body
        seconds: float = self.app.state.settings.body_seconds
        try:
            with self.app.state.limits.within(seconds):
                return await super().body()
        except TimeoutError:
            message = f"The body did not arrive within {seconds:g} s."
            raise RefusedError(408, {"code": "body_too_slow", "message": message}) from None

    async def json(self) -> Any:
        """The value of the body; see `read_json`."""
        if not hasattr(self, "_json"):
            self._json = checked_body(read_json(await self.body()))
        return self._json


class EngineRoute(APIRoute):
    """A route whose JSON body is read once, strictly, and fast."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of FastAPI over a request that reads its own JSON."""
        handler = super().get_route_handler()
        if declares_key(self):
            handler = carried_out_once(handler, str(self.operation_id))

        async def handle(request: Request) -> Response:
            own = JsonRequest(request.scope, request.receive)
            if self.operation_id is None:
                return await handler(own)
            with request.app.state.metrics.calculation():
                return await handler(own)

        return handle


def engine_router(tag: str) -> APIRouter:
    """An empty router for the endpoints of one engine; the registry row gives its paths.

    Examples
    --------
    >>> engine_router("risk").tags
    ['risk']
    """
    return APIRouter(tags=[tag], route_class=EngineRoute)


def not_built(
    router: APIRouter,
    method: str,
    path: str,
    operation_id: str,
    summary: str,
    *,
    call: bool = True,
) -> None:
    """Answer a documented endpoint by 501 `not_built`, and list it so in `/info`.

    A body that is no JSON is refused first, as it will be when the endpoint is built.
    `call=False` marks streams and downloads, which `/process` does not offer.
    """

    async def endpoint(request: Request) -> None:
        await _refuse_malformed(request)
        raise NotBuiltError(
            f"`{operation_id}` ({method} {path}) is documented and not built yet.",
            hint="GET /info lists what is built.",
        )

    endpoint.__name__ = operation_id
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        operation_id=operation_id,
        summary=summary,
        openapi_extra={"x-not-built": True, "x-operation": call},
    )


async def _refuse_malformed(request: Request) -> None:
    if await request.body():
        try:
            await request.json()
        except ValueError as error:
            wrong = {"type": "json_invalid", "loc": ("body",), "msg": "", "input": None}
            raise RequestValidationError([wrong]) from error


def read_json(body: bytes) -> Any:
    """The value of a JSON body.

    Raises
    ------
    json.JSONDecodeError
        Malformed, or nested deeper than 1,024 levels.
    RefusedError
        NaN, Infinity or a number too large for a float: 422 with the place of each.

    Examples
    --------
    >>> read_json(b'{"returns": [0.01, null]}')
    {'returns': [0.01, None]}
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        places = [".".join(place) for place in _non_finite(_tolerant(body))]
        if not places:
            raise
    errors = [_non_finite_item(place) for place in places[:MOST_ERRORS]]
    if len(places) > MOST_ERRORS:
        message = f"{len(places)} errors in all; the first {MOST_ERRORS} are shown."
        errors.append({"code": "more_errors", "message": message, "count": len(places)})
    raise RefusedError(422, *errors)


def _tolerant(body: bytes) -> Any:
    """What Python reads where the standard forbids it; None where it cannot read it either."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _non_finite(value: Any) -> Iterator[tuple[str, ...]]:
    stack: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while stack:
        place, item = stack.pop()
        if isinstance(item, dict):
            stack.extend(((*place, _shown(key)), part) for key, part in reversed(item.items()))
        elif isinstance(item, list):
            numbered = list(enumerate(item))
            stack.extend(((*place, str(i)), part) for i, part in reversed(numbered))
        elif _is_non_finite(item):
            yield place


def _shown(key: str) -> str:
    """A key of the request in an error: short, and text that UTF-8 can hold."""
    return key[:64].encode("utf-8", "replace").decode()


def _is_non_finite(item: Any) -> bool:
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        return False
    try:
        return not math.isfinite(item)
    except OverflowError:  # an integer beyond the largest float
        return True


def _non_finite_item(place: str) -> dict[str, Any]:
    return {
        "code": "non_finite_number",
        "field": place or "body",
        "message": f"`{place or 'body'}` must be a finite number.",
        "hint": "Send a finite number, or null where the field may be unknown.",
    }
