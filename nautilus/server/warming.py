"""What is loaded in the background after the servers answer."""

from __future__ import annotations

import gc
import importlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nautilus.server.app import EngineApp
    from nautilus.server.platform import Platform

__all__ = ["HEAVY", "warm_up"]

HEAVY = ("httpx", "pandas", "scipy.stats", "scipy.optimize")
# What the operations of an engine use; an engine that is not here needs only what asks the others.
NEEDED = {"analytics": HEAVY}
_log = logging.getLogger("nautilus.server")


def warm_up(platform: Platform, apps: Sequence[EngineApp]) -> None:
    """Import heavy libraries and make the OpenAPI documents, so that no request pays for them."""
    from nautilus.server.app import openapi_bytes

    try:
        for app in apps:
            openapi_bytes(app)
        for name in dict.fromkeys(name for app in apps for name in needed(app)):
            importlib.import_module(name)
    except Exception as error:  # the first request that needs it meets the same error, and says so
        _log.error("warming failed", exc_info=error)
    # What is loaded now stays: full collections that walk it would hold up requests for 0.1 s.
    gc.freeze()
    platform.warm = True


def needed(app: EngineApp) -> tuple[str, ...]:
    """Libraries that the operations of an engine import."""
    return NEEDED.get(app.state.metrics.row.name, HEAVY[:1])
