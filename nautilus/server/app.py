"""The factory of the nine apps: the same for tests, one process, many processes, containers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from nautilus.server import system
from nautilus.server.auth import authenticator_of
from nautilus.server.boundary import Boundary
from nautilus.server.bus.deadlines import Limits
from nautilus.server.deps import EngineDeps
from nautilus.server.dispatch import Dispatch
from nautilus.server.docs_pages import docs_router
from nautilus.server.engine import EngineModule, engine_module, opened, root_router
from nautilus.server.exposure import allowed_hosts, with_cors
from nautilus.server.guard import Guard
from nautilus.server.http_errors import FAILURES, install
from nautilus.server.job_routes import job_router
from nautilus.server.metrics import EngineMetrics
from nautilus.server.openapi import completed
from nautilus.server.operations import Operations
from nautilus.server.platform import Platform, open_platform
from nautilus.server.registry import EngineRow, engine_row
from nautilus.server.route_table import RouteTable
from nautilus.server.routing import EngineRoute, engine_router
from nautilus.server.schemas.bases import API_VERSION
from nautilus.server.settings import Settings
from nautilus.server.socket_guard import SocketGuard
from nautilus.server.standard import standard_router

__all__ = ["EngineApp", "create_app", "openapi_bytes"]

_log = logging.getLogger("nautilus.server")


class EngineApp(FastAPI):
    """A FastAPI app whose outermost layer is ours."""

    boundary: Callable[[ASGIApp], ASGIApp]

    def build_middleware_stack(self) -> ASGIApp:
        """The stack of FastAPI inside the boundary, with the table of paths at its end."""
        self.router.middleware_stack = Dispatch(self.router)
        return self.boundary(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, with the answers that each operation can give."""
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def create_app(
    engine: str, *, platform: Platform | None = None, settings: Settings | None = None
) -> EngineApp:
    """The ASGI app of an engine.

    Parameters
    ----------
    engine : str
        Name of a registry row.
    platform : Platform, optional
        Shared with the other engines; None opens a private one with the lifespan.
    settings : Settings, optional
        For a private platform; None keeps its state in a temporary folder.

    Returns
    -------
    EngineApp
        Its state holds `deps` once the lifespan runs.

    Raises
    ------
    ParameterError
        Unknown engine.

    Examples
    --------
    >>> create_app("risk").title
    'risk-engine'
    """
    row, module = engine_row(engine), engine_module(engine)
    limits = platform.settings if platform else settings or Settings()
    metrics = EngineMetrics(row)
    app = EngineApp(
        title=row.display_name,
        description=row.title,
        version=API_VERSION,
        lifespan=_lifespan(row, module, metrics, platform, settings),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        responses=FAILURES,
        max_body_size=limits.max_body_bytes,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    guard, sockets = _doors(app, row, module, platform, limits)
    app.state.limits = Limits()
    app.boundary = lambda inner: with_cors(
        Boundary(
            inner,
            engine=row.name,
            metrics=metrics,
            max_body_bytes=limits.max_body_bytes,
            request_seconds=limits.request_seconds,
            open_requests=limits.open_requests,
            hosts=allowed_hosts(limits),
            guard=guard,
            sockets=sockets,
            limits=app.state.limits,
        ),
        limits.allowed_origins,
    )
    install(app)
    _include(app, row, module)
    app.state.metrics = metrics
    app.state.settings = limits
    app.state.operations = Operations([*module.router.routes], row.paths[0])
    return app


def _include(app: EngineApp, row: EngineRow, module: EngineModule) -> None:
    """The engine's endpoints under each path, the roots, then the standard ones likewise.

    Routers are asked in this order, so that the work of the engine does not wait for the others.
    """
    for route in (*module.router.routes, *root_router(module).routes):
        if not isinstance(route, EngineRoute) and hasattr(route, "body_field"):
            raise TypeError(f"{row.name}: make routers with engine_router(), not APIRouter().")
    for prefix, router, in_schema in _mounted(row, module):
        app.include_router(router, prefix=prefix, include_in_schema=in_schema)


def _mounted(row: EngineRow, module: EngineModule) -> Iterator[tuple[str, APIRouter, bool]]:
    for position, path in enumerate(row.paths):
        yield path, module.router, position == 0
    yield "", root_router(module), True
    yield "", standard_router(module, in_schema=True), True
    yield "", job_router(), True
    for path in row.paths:
        yield path, standard_router(module, in_schema=False), True
        yield path, job_router(), False
    for router in (system.router, _document_router(), docs_router()):
        yield "", router, True


def _doors(
    app: EngineApp,
    row: EngineRow,
    module: EngineModule,
    platform: Platform | None,
    settings: Settings,
) -> tuple[Guard | None, SocketGuard | None]:
    """Who asks for a token, on HTTP and on WebSockets; nobody where authentication is off."""
    authenticator = platform.authenticator if platform else authenticator_of(settings)
    if authenticator is None:
        return None, None
    routes = RouteTable((prefix, r) for prefix, m, _ in _mounted(row, module) for r in m.routes)
    guard = Guard(authenticator, row, routes)
    return guard, SocketGuard(guard, lambda: app.state.deps.platform.tickets)


def _document_router() -> Any:
    router = engine_router("standard")

    @router.get("/openapi.json", include_in_schema=False, response_model=None)
    async def openapi(request: Request) -> Response:
        """The OpenAPI document."""
        return Response(openapi_bytes(request.app), media_type="application/json")

    return router


def openapi_bytes(app: FastAPI) -> bytes:
    """The OpenAPI document, made once."""
    body: bytes | None = getattr(app.state, "openapi_bytes", None)
    if body is None:
        body = app.state.openapi_bytes = orjson.dumps(app.openapi())
    return body


def _lifespan(
    row: EngineRow,
    module: EngineModule,
    metrics: EngineMetrics,
    platform: Platform | None,
    settings: Settings | None,
) -> Callable[[EngineApp], AbstractAsyncContextManager[None]]:
    """Opens the engine; it never raises: an engine that cannot start says so in `/health`."""

    @asynccontextmanager
    async def lifespan(app: EngineApp) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            shared = platform
            if shared is None:
                shared = await stack.enter_async_context(open_platform(settings))
            bus = shared.broker.bus(row.bus_name)
            stack.push_async_callback(bus.close)
            metrics.bus, metrics.platform = bus, shared
            shared.process_engine = shared.process_engine or row.name
            deps: EngineDeps[Any] = EngineDeps(
                row=row, platform=shared, bus=bus, metrics=metrics, own=None
            )
            app.state.deps = deps
            try:
                deps.own = await stack.enter_async_context(opened(module, deps))
            except Exception as error:
                deps.problems.append(f"The engine could not start: {type(error).__name__}.")
                _log.error("%s could not start", row.name, exc_info=error)
            yield
            app.state.deps = None

    return lifespan
