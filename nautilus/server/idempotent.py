"""`Idempotency-Key`: a POST that a client sends twice is carried out once.

An endpoint declares it in its decorator, and knows nothing of it otherwise:

    @router.post("/broadcast", operation_id="broadcast", dependencies=[IDEMPOTENT])
    async def broadcast(body: schemas.BroadcastRequest, deps: Deps) -> schemas.Broadcast: ...

Without the header nothing changes. With it, the first answer below 400 is kept for a day and sent
again, with `Idempotency-Replayed: true`, to whoever repeats the request; the same key with another
body, path or query is 422 `idempotency_key_reused`; while the first still runs it is 409
`request_in_progress` with `Retry-After`. A request that was refused or failed keeps nothing, so it
may be sent again. Keys of another subject or operation are other keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from nautilus.server.deps import engine_deps
from nautilus.server.state.idempotency import Claim, StoredAnswer

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

    from nautilus.server.platform import Platform

__all__ = ["IDEMPOTENT", "carried_out_once", "declares_key"]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
HEADER = "Idempotency-Key"


async def idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="1 to 200 printable ASCII characters; a request that repeats the key is"
            " answered like the first one.",
        ),
    ] = None,
) -> None:
    """Declares the header, so that the OpenAPI document shows it; the route does the rest."""


IDEMPOTENT: Any = Depends(idempotency_key)


def declares_key(route: APIRoute) -> bool:
    """Whether a route has `dependencies=[IDEMPOTENT]`."""
    return any(one.dependency is idempotency_key for one in route.dependencies)


def carried_out_once(handler: Handler, operation: str) -> Handler:
    """A handler of a route that asks the stored keys first.

    Parameters
    ----------
    handler : async callable
    operation : str
        Name of the operation; with the subject, the scope of its keys.
    """

    async def handle(request: Request) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return await handler(request)
        asked = await _asked(request)
        if asked is None:
            return await handler(request)
        platform: Platform = (await engine_deps(request)).platform
        scope = _scope(operation, platform.subject())
        held = await platform.idempotency.claim(scope, key, asked)
        if isinstance(held, StoredAnswer):
            headers = {"Idempotency-Replayed": "true"}
            return Response(held.body, held.status, headers, media_type="application/json")
        return await _answered(platform, held, handler(request))

    return handle


async def _answered(platform: Platform, claim: Claim, answer: Awaitable[Response]) -> Response:
    try:
        response = await answer
    except BaseException:
        await platform.idempotency.release(claim)
        raise
    if response.status_code < 400:
        body = bytes(response.body).decode()
        await platform.idempotency.finish(claim, response.status_code, body)
    else:
        await platform.idempotency.release(claim)
    return response


async def _asked(request: Request) -> dict[str, Any] | None:
    """What must be the same when the key comes again; None for a body that is no JSON."""
    try:
        body = await request.json() if await request.body() else None
    except ValueError:
        return None  # the handler says so to the client
    return {
        "path": request.path_params,
        "query": sorted(request.query_params.multi_items()),
        "body": body,
    }


def _scope(operation: str, subject: str | None) -> str:
    """Short enough for its column, whoever the subject is."""
    if subject is None:
        return operation
    return f"{operation}:{hashlib.sha256(subject.encode()).hexdigest()[:20]}"
