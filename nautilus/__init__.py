"""Quantitative finance as pure functions; the live number is the same function folded over events.

Nothing is imported before its first use: `import nautilus as nt` is cheap, `nt.risk` loads risk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    import nautilus.accounting as accounting
    import nautilus.analytics as analytics
    import nautilus.factors as factors
    import nautilus.indicators as indicators
    import nautilus.marketdata as marketdata
    import nautilus.ml as ml
    import nautilus.portfolio as portfolio
    import nautilus.reports as reports
    import nautilus.risk as risk
    from nautilus.core.streams import Stream as Stream
    from nautilus.core.streams import stream as stream
    from nautilus.core.versions import show_versions as show_versions

__version__ = "0.1.0"

__all__ = [
    "Stream",
    "accounting",
    "analytics",
    "factors",
    "indicators",
    "marketdata",
    "ml",
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
        "factors": [],
        "indicators": [],
        "marketdata": [],
        "ml": [],
        "portfolio": [],
        "reports": [],
        "risk": [],
    },
)
