"""From a path to its endpoint by a table, without the matching and solving that few requests need.

FastAPI asks every route of every router in turn and solves each dependency anew. An endpoint of
ours nearly always takes a body, what its path carries and `Deps`: such a call is made here.
Whatever else an endpoint takes, and every request that is not plainly right, is left to FastAPI,
so that there is one place that words an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from re import Pattern
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nautilus.server.deps import deps_of, engine_deps
from nautilus.server.http_errors import RefusedError
from nautilus.server.idempotent import declares_key
from nautilus.server.routing import EngineRoute, JsonRequest

__all__ = ["Dispatch"]

Entry = tuple[Any, ASGIApp]  # the route as it is included, and what answers


class Dispatch:
    """Calls the endpoint of a path; what the table does not hold the router decides.

    Parameters
    ----------
    router : APIRouter
        With everything included.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._fixed: dict[tuple[str, str], Entry] = {}
        self._patterns: dict[tuple[str, str], list[tuple[Pattern[str], Entry]]] = {}
        self._version: int | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        found = self._found(scope) if scope["type"] == "http" else None
        if found is None:
            await self._router.app(scope, receive, send)
            return
        (route, app), carried = found
        scope["router"] = self._router
        scope["route"] = route.original_route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = carried
        await app(scope, receive, send)

    def _found(self, scope: Scope) -> tuple[Entry, dict[str, Any]] | None:
        if self._version != len(self._router.routes):
            self._fill()
        method, path = scope["method"], scope["path"]
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        for head in _heads(path):
            for pattern, entry in self._patterns.get((method, head), ()):
                if match := pattern.match(path):
                    return entry, match.groupdict()
        return None

    def _fill(self) -> None:
        """The first of two routes for the same path wins, as it does in a router."""
        self._version = len(self._router.routes)
        for route in _included(self._router):
            entry = route, _fast(route) or route.app
            for method in route.methods:
                if "{" not in route.path_format:
                    self._fixed.setdefault((method, route.path_format), entry)
                    continue
                for head in _heads(route.path_format):
                    if "{" not in head:
                        known = self._patterns.setdefault((method, head), [])
                        known.append((route.path_regex, entry))
                        break


def _heads(path: str) -> tuple[str, str]:
    """The first two parts of a path, which few routes share, and the first."""
    parts = path.split("/", 3)
    return "/".join(parts[:3]), "/".join(parts[:2])


def _included(router: APIRouter) -> Iterator[Any]:
    """Routes of ours as they are included; none where FastAPI does it otherwise."""
    for included in router.routes:
        contexts = getattr(included, "effective_route_contexts", None)
        for route in contexts() if contexts is not None else ():
            if isinstance(route.original_route, EngineRoute) and _plain_path(route):
                yield route


def _plain_path(route: Any) -> bool:
    """Whether the path carries text only, which needs no conversion."""
    return all(type(one).__name__ == "StringConvertor" for one in route.param_convertors.values())


def _fast(route: Any) -> ASGIApp | None:
    """The direct call of an endpoint that takes body, path and `Deps`, and returns a model."""
    needs = route.dependant
    others = (
        needs.query_params,
        needs.header_params,
        needs.cookie_params,
        needs.request_param_name,
        needs.response_param_name,
        needs.background_tasks_param_name,
        needs.security_scopes_param_name,
        needs.http_connection_param_name,
        route.status_code not in (None, 200),
        route.response_field is None,
        route.is_sse_stream,
        route.is_json_stream,
        declares_key(route.original_route),
        any(one.call is not engine_deps for one in needs.dependencies),
        route._embed_body_fields,
    )
    return None if any(others) else _FastRoute(route)


class _FastRoute:
    """Body in, one call, model out."""

    def __init__(self, route: Any) -> None:
        needs = route.dependant
        self._slow: ASGIApp = route.app
        self._endpoint = needs.call
        self._path = tuple(needs.path_params)
        self._body = needs.body_params[0] if needs.body_params else None
        self._deps = tuple(one.name for one in needs.dependencies)
        self._response = route.response_field
        self._counted = route.original_route.operation_id is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = JsonRequest(scope, receive)
        body = await request.body() if self._body is not None else None
        values = self._values(await _parsed(request, body), request)
        if values is None:
            await self._slow(scope, receive if body is None else _again(body, receive), send)
            return
        if self._counted:
            with request.app.state.metrics.calculation():
                response = await self._answered(values)
        else:
            response = await self._answered(values)
        await response(scope, receive, send)

    async def _answered(self, values: dict[str, Any]) -> Response:
        result = await self._endpoint(**values)
        if isinstance(result, Response):
            return result
        model, errors = self._response.validate(result, {}, loc=("response",))
        if errors:
            raise TypeError(f"{self._endpoint.__name__} does not return what it declares.")
        return Response(self._response.serialize_json(model), media_type="application/json")

    def _values(self, body: Any, request: JsonRequest) -> dict[str, Any] | None:
        """Arguments of the endpoint; None where FastAPI shall say what is wrong."""
        values: dict[str, Any] = {}
        for field in self._path:
            value, errors = field.validate(request.path_params[field.alias], {}, loc=("path",))
            if errors:
                return None
            values[field.name] = value
        if self._body is not None:
            if body is None:
                return None
            value, errors = self._body.validate(body, {}, loc=("body",))
            if errors:
                return None
            values[self._body.name] = value
        if self._deps:
            values.update(dict.fromkeys(self._deps, deps_of(request)))
        return values


async def _parsed(request: JsonRequest, body: bytes | None) -> Any:
    """The JSON of a body; None where there is none or FastAPI shall say what is wrong with it."""
    try:
        return await request.json() if body else None
    except (ValueError, RefusedError):
        return None


def _again(body: bytes, receive: Receive) -> Receive:
    """Give the body once more, then go on."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay
