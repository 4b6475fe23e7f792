"""One row per engine; adding an engine is a row here, `engines/<name>.py` and its schemas."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from nautilus.core.errors import ParameterError

__all__ = ["ENGINES", "EngineRow", "engine_row", "engine_rows"]


@dataclass(frozen=True, slots=True)
class EngineRow:
    """Where an engine listens and what others call it.

    Parameters
    ----------
    name : str
        Module in `nautilus.server.engines`, label in metrics and `metadata.engine`.
    port : int
        Before the port offset.
    paths : tuple of str
        Path prefixes under which every endpoint answers; the first is the documented one.
    metric_prefix : str
        First word of its own metrics.
    bus_name : str
        `source_engine` of its messages.
    display_name : str
        Key in `/system/health/engines`.
    title : str
        One line for people.
    """

    name: str
    port: int
    paths: tuple[str, ...]
    metric_prefix: str
    bus_name: str
    display_name: str
    title: str


_ROWS = (
    EngineRow(
        "analytics",
        8100,
        ("/analytics",),
        "analytics",
        "analytics",
        "analytics-engine",
        "Real-time P&L, performance analytics",
    ),
    EngineRow(
        "risk",
        8200,
        ("/risk",),
        "risk",
        "risk",
        "risk-engine",
        "Dynamic limit monitoring, breach detection",
    ),
    EngineRow(
        "factors",
        8300,
        ("/factors", "/factor"),
        "factor",
        "factors",
        "factor-engine",
        "380,000+ factor synthesis",
    ),
    EngineRow(
        "ml",
        8400,
        ("/ml",),
        "ml",
        "ml",
        "ml-engine",
        "Model predictions, regime detection",
    ),
    EngineRow(
        "features",
        8500,
        ("/features",),
        "features",
        "features",
        "features-engine",
        "Technical indicators, fundamentals",
    ),
    EngineRow(
        "websocket",
        8600,
        ("/websocket",),
        "websocket",
        "websocket",
        "websocket-engine",
        "Real-time streaming",
    ),
    EngineRow(
        "strategy",
        8700,
        ("/strategy",),
        "strategy",
        "strategy",
        "strategy-engine",
        "Automated deployment",
    ),
    EngineRow(
        "marketdata",
        8800,
        ("/marketdata",),
        "marketdata",
        "marketdata",
        "marketdata-engine",
        "Data ingestion",
    ),
    EngineRow(
        "portfolio",
        8900,
        ("/portfolio",),
        "portfolio",
        "portfolio",
        "portfolio-engine",
        "Portfolio optimization",
    ),
)

ENGINES = MappingProxyType({row.name: row for row in _ROWS})


def engine_row(name: str) -> EngineRow:
    """The row of an engine.

    Raises
    ------
    ParameterError
        Unknown name; the message lists the known ones.

    Examples
    --------
    >>> engine_row("risk").port
    8200
    """
    if name not in ENGINES:
        raise ParameterError(
            f"`engine` must be one of {', '.join(ENGINES)}, got {name!r}.", field="engine"
        )
    return ENGINES[name]


def engine_rows(names: tuple[str, ...] = ()) -> tuple[EngineRow, ...]:
    """Rows of these engines in the order of their ports; all for an empty tuple.

    Examples
    --------
    >>> [row.name for row in engine_rows(("risk", "analytics"))]
    ['analytics', 'risk']
    """
    wanted = {engine_row(name).name for name in names} or set(ENGINES)
    return tuple(row for row in _ROWS if row.name in wanted)
