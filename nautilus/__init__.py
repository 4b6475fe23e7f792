"""Quantitative finance as pure functions; the live number is the same function folded over events.

Nothing is imported before its first use: `import nautilus as nt` is cheap, `nt.risk` loads risk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus import accounting as accounting
    from nautilus import analytics as analytics
    from nautilus import indicators as indicators
    from nautilus import marketdata as marketdata
    from nautilus import portfolio as portfolio
    from nautilus import reports as reports
    from nautilus import risk as risk
    from nautilus.core.streams import Stream as Stream
    from nautilus.core.streams import stream as stream
    from nautilus.core.versions import show_versions as show_versions

__version__ = "0.1.0"

__all__ = [
    "Stream",
    "accounting",
    "analytics",
    "indicators",
    "marketdata",
    "portfolio",
    "reports",
    "risk",
    "show_versions",
    "stream",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "core.streams": ["Stream", "stream"],
        "core.versions": ["show_versions"],
        "accounting": [],
        "analytics": [],
        "indicators": [],
        "marketdata": [],
        "portfolio": [],
        "reports": [],
        "risk": [],
    },
)
