"""Sources of market data: eight connectors, their limits and errors, and the failover over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.marketdata.sources.errors import AuthRequired as AuthRequired
    from nautilus.marketdata.sources.errors import CircuitOpen as CircuitOpen
    from nautilus.marketdata.sources.errors import NoSourceAnswered as NoSourceAnswered
    from nautilus.marketdata.sources.errors import NotConfigured as NotConfigured
    from nautilus.marketdata.sources.errors import NotEntitled as NotEntitled
    from nautilus.marketdata.sources.errors import QuotaExhausted as QuotaExhausted
    from nautilus.marketdata.sources.errors import SchemaChanged as SchemaChanged
    from nautilus.marketdata.sources.errors import SourceError as SourceError
    from nautilus.marketdata.sources.errors import SymbolNotFound as SymbolNotFound
    from nautilus.marketdata.sources.errors import Throttled as Throttled
    from nautilus.marketdata.sources.errors import Upstream as Upstream
    from nautilus.marketdata.sources.failover import Attempt as Attempt
    from nautilus.marketdata.sources.failover import Loaded as Loaded
    from nautilus.marketdata.sources.failover import load_first as load_first
    from nautilus.marketdata.sources.http_source import HttpSource as HttpSource
    from nautilus.marketdata.sources.interface import Capabilities as Capabilities
    from nautilus.marketdata.sources.interface import DataRequest as DataRequest
    from nautilus.marketdata.sources.interface import Source as Source
    from nautilus.marketdata.sources.interface import SourceConfig as SourceConfig
    from nautilus.marketdata.sources.payloads import RawPayload as RawPayload
    from nautilus.marketdata.sources.point_in_time import known_at as known_at
    from nautilus.marketdata.sources.registry import available_sources as available_sources
    from nautilus.marketdata.sources.registry import open_sources as open_sources
    from nautilus.marketdata.sources.transport import RecordingTransport as RecordingTransport

__all__ = [
    "Attempt",
    "AuthRequired",
    "Capabilities",
    "CircuitOpen",
    "DataRequest",
    "HttpSource",
    "Loaded",
    "NoSourceAnswered",
    "NotConfigured",
    "NotEntitled",
    "QuotaExhausted",
    "RawPayload",
    "RecordingTransport",
    "SchemaChanged",
    "Source",
    "SourceConfig",
    "SourceError",
    "SymbolNotFound",
    "Throttled",
    "Upstream",
    "available_sources",
    "known_at",
    "load_first",
    "open_sources",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "errors": [
            "AuthRequired",
            "CircuitOpen",
            "NoSourceAnswered",
            "NotConfigured",
            "NotEntitled",
            "QuotaExhausted",
            "SchemaChanged",
            "SourceError",
            "SymbolNotFound",
            "Throttled",
            "Upstream",
        ],
        "failover": ["Attempt", "Loaded", "load_first"],
        "http_source": ["HttpSource"],
        "interface": ["Capabilities", "DataRequest", "Source", "SourceConfig"],
        "payloads": ["RawPayload"],
        "point_in_time": ["known_at"],
        "registry": ["available_sources", "open_sources"],
        "transport": ["RecordingTransport"],
    },
)
