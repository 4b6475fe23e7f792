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

HEAVY = ("httpx", "pandas", "scipy.stats", "scipy.optimize", "polars")
_log = logging.getLogger("nautilus.server")


def warm_up(platform: Platform, apps: Sequence[EngineApp]) -> None:
    """Import heavy libraries and make the OpenAPI documents, so that no request pays for them."""
    from nautilus.server.app import openapi_bytes

    try:
        for app in apps:
            openapi_bytes(app)
        for name in HEAVY:
            importlib.import_module(name)
    except Exception as error:  # the first request that needs it meets the same error, and says so
        _log.error("warming failed", exc_info=error)
    # What is loaded now stays: full collections that walk it would hold up requests for 0.1 s.
    gc.freeze()
    platform.warm = True
