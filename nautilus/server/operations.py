"""The operations of an engine: what `/info` lists and `/process` calls by name."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

import orjson
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nautilus.core.errors import ParameterError
from nautilus.server.scopes import needed_scope

__all__ = ["Operation", "Operations", "described"]

_ASGI_KEYS = (
    "type",
    "asgi",
    "http_version",
    "scheme",
    "root_path",
    "client",
    "server",
    "state",
    "extensions",
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint with a name of the library."""

    name: str
    method: str
    path: str
    summary: str
    built: bool
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    has_body: bool


class Operations:
    """The operations of one engine by name.

    Parameters
    ----------
    routes : iterable of routes
        Those of the engine's router.
    prefix : str
        Path under which they answer.
    """

    def __init__(self, routes: Iterable[BaseRoute], prefix: str) -> None:
        named = [r for r in routes if isinstance(r, APIRoute) and r.operation_id]
        self.by_name = {str(r.operation_id): _operation(r, prefix) for r in named if _is_call(r)}
        self.streams = [f"{prefix}{r.path}" for r in named if not _is_call(r)]
        self.not_built = [str(r.operation_id) for r in named if not _is_built(r)]

    def forward(self, request: Request, name: str, parameters: Mapping[str, Any]) -> Response:
        """The response of the endpoint of `name`, through the whole app.

        Raises
        ------
        ParameterError
            Unknown operation, or a parameter that its path needs is missing or no plain value.
        """
        operation = self.by_name.get(name)
        if operation is None:
            close = difflib.get_close_matches(name, self.by_name, n=3)
            raise ParameterError(
                "`operation` must be one of /info's operations"
                + (f"; did you mean {', '.join(close)}?" if close else "."),
                field="operation",
            )
        return _Forwarded(request, operation, parameters)


def described(app: FastAPI, operations: Operations, engine: str) -> list[dict[str, Any]]:
    """Operations as `/info` shows them, each with the JSON schema of its parameters."""
    document = app.openapi()
    return [
        {
            "operation": operation.name,
            "method": operation.method,
            "path": operation.path,
            "scope": needed_scope(engine, operation.method, operation.name),
            "summary": operation.summary,
            "built": operation.built,
            "parameters": _schema(document, operation),
        }
        for operation in operations.by_name.values()
    ]


def _operation(route: APIRoute, prefix: str) -> Operation:
    (method,) = route.methods or {"GET"}
    return Operation(
        name=str(route.operation_id),
        method=method,
        path=f"{prefix}{route.path}",
        summary=route.summary or route.description.partition("\n")[0],
        built=_is_built(route),
        in_path=tuple(route.param_convertors),
        in_query=tuple(field.alias for field in route.dependant.query_params),
        has_body=route.body_field is not None,
    )


def _is_call(route: APIRoute) -> bool:
    """Streams and downloads are not operations."""
    stream = route.response_class is EventSourceResponse
    return not stream and bool((route.openapi_extra or {}).get("x-operation", True))


def _is_built(route: APIRoute) -> bool:
    return not bool((route.openapi_extra or {}).get("x-not-built", False))


def _schema(document: Mapping[str, Any], operation: Operation) -> dict[str, Any]:
    """Path, query and body of an endpoint as one object."""
    entry = document["paths"][operation.path][operation.method.lower()]
    declared = entry.get("parameters", [])
    properties = {key: {"type": "string"} for key in operation.in_path}
    properties |= {p["name"]: p["schema"] for p in declared}
    required = [*operation.in_path]
    required += [p["name"] for p in declared if p.get("required") and p["in"] != "path"]
    components = document.get("components", {}).get("schemas", {})
    content = entry.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = content.get("schema", {})
    if "$ref" in body:
        body = components[body["$ref"].rpartition("/")[2]]
    schema = {
        "type": "object",
        "properties": {**properties, **body.get("properties", {})},
        "required": [*required, *body.get("required", [])],
        "additionalProperties": body.get("additionalProperties", False),
    }
    return _with_definitions(schema, components)


def _with_definitions(schema: dict[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with everything that it refers to, so that it stands alone."""
    wanted, definitions = _references(schema), {}
    while wanted:
        name = wanted.pop()
        definitions[name] = components[name]
        wanted |= _references(components[name]) - definitions.keys()
    if definitions:
        schema["$defs"] = definitions
    text = json.dumps(schema).replace("#/components/schemas/", "#/$defs/")
    standing: dict[str, Any] = json.loads(text)
    return standing


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {str(value["$ref"]).rpartition("/")[2]} if "$ref" in value else set()
        return own.union(*(_references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(part) for part in value))
    return set()


class _Forwarded(Response):
    """A response that another endpoint of the same app gives."""

    def __init__(
        self, request: Request, operation: Operation, parameters: Mapping[str, Any]
    ) -> None:
        super().__init__()
        left = dict(parameters)
        path = _filled(operation, left)
        query = {name: left.pop(name) for name in operation.in_query if name in left}
        self._app: ASGIApp = request.app
        self._body = _encoded(operation, left)
        self._scope = _inner_scope(request, operation.method, path, query, self._body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        await self._app(self._scope, replay, send)


def _filled(operation: Operation, parameters: dict[str, Any]) -> str:
    path = operation.path
    for name in operation.in_path:
        value = parameters.pop(name, None)
        if not isinstance(value, (str, int, float)) or value == "":
            raise ParameterError(
                f"`parameters.{name}` is needed by `{operation.name}`, as text or number.",
                field=f"parameters.{name}",
            )
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path


def _encoded(operation: Operation, parameters: dict[str, Any]) -> bytes:
    if not operation.has_body:
        if parameters and operation.built:
            raise ParameterError(
                f"`{operation.name}` has no parameter {', '.join(sorted(parameters)[:5])}.",
                field="parameters",
                hint="GET /info lists the parameters of every operation.",
            )
        return b""
    try:
        return orjson.dumps(parameters)
    except orjson.JSONEncodeError as error:
        raise ParameterError("`parameters` are nested too deeply.", field="parameters") from error


def _inner_scope(
    request: Request, method: str, path: str, query: Mapping[str, Any], body: bytes
) -> Scope:
    kept = [
        (name, value)
        for name, value in request.scope["headers"]
        if name not in (b"content-length", b"content-type", b"transfer-encoding")
    ]
    if body:
        kept += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return {
        **{key: request.scope[key] for key in _ASGI_KEYS if key in request.scope},
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": urlencode(_plain(query), doseq=True).encode(),
        "headers": kept,
    }


def _plain(query: Mapping[str, Any]) -> dict[str, Any]:
    words = {True: "true", False: "false"}
    return {
        name: words.get(value, value) if isinstance(value, bool) else value
        for name, value in query.items()
        if value is not None
    }
