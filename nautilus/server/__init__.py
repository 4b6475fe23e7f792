"""Nine engines over HTTP: each answer is one call of the library, named in its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.server.app import create_app as create_app
    from nautilus.server.platform import open_platform as open_platform
    from nautilus.server.registry import ENGINES as ENGINES
    from nautilus.server.settings import Settings as Settings

__all__ = ["ENGINES", "Settings", "create_app", "open_platform"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "app": ["create_app"],
        "platform": ["open_platform"],
        "registry": ["ENGINES"],
        "settings": ["Settings"],
    },
)
