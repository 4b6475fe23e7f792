"""What a module in `engines/` offers to the app factory."""

from __future__ import annotations

import importlib
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol, cast

from fastapi import APIRouter

from nautilus.server.deps import EngineDeps
from nautilus.server.registry import engine_row
from nautilus.server.schemas.health import Health

__all__ = ["EngineModule", "engine_module", "opened", "root_router"]


class EngineModule(Protocol):
    """The required part; `root_router` and `opened` are optional.

    `root_router: APIRouter` holds paths without the engine's prefix, such as `/ws/stream`.
    `opened(deps)` is an async context that yields `deps.own` and runs the engine's workers.
    """

    router: APIRouter

    async def health(self, deps: EngineDeps[Any]) -> Health:
        """The documented health object with true values."""
        ...


def engine_module(name: str) -> EngineModule:
    """The module of an engine, imported when its app is made."""
    return cast(
        EngineModule, importlib.import_module(f"nautilus.server.engines.{engine_row(name).name}")
    )


def root_router(module: EngineModule) -> APIRouter:
    """Endpoints of the engine whose documented path has no prefix."""
    return cast(APIRouter, getattr(module, "root_router", APIRouter()))


def opened(module: EngineModule, deps: EngineDeps[Any]) -> AbstractAsyncContextManager[Any]:
    """The engine's own things and workers; nothing for an engine without any."""
    context = getattr(module, "opened", None)
    return nullcontext() if context is None else context(deps)
