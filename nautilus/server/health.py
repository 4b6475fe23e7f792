"""The part of `/health` that all engines share, with true values."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.schemas.bases import API_VERSION

__all__ = ["bus_connected", "database_connected", "health_basics", "problems", "uptime_seconds"]


async def health_basics(deps: EngineDeps[Any], *further: str) -> dict[str, Any]:
    """Status, version, uptime and bus of an engine, and what is wrong with it.

    Parameters
    ----------
    deps : EngineDeps
    *further : str
        Problems that only the engine itself knows, one sentence each.
    """
    found = [*await problems(deps), *further]
    return {
        "status": _status(deps, found),
        "version": API_VERSION,
        "uptime_seconds": uptime_seconds(deps),
        "messagebus_connected": bus_connected(deps),
        "problems": found,
    }


async def problems(deps: EngineDeps[Any]) -> list[str]:
    """What keeps this engine from being healthy, one sentence each."""
    found = list(deps.problems)
    if not bus_connected(deps):
        found.append("The message bus is not connected.")
    if not await database_connected(deps):
        found.append("The database does not answer.")
    return found


def bus_connected(deps: EngineDeps[Any]) -> bool:
    """Whether this engine's bus carries messages."""
    return deps.metrics.bus_connected()


async def database_connected(deps: EngineDeps[Any]) -> bool:
    """Whether the state can be read, and soon."""
    reachable: bool = await deps.platform.stored.now()
    return reachable


def uptime_seconds(deps: EngineDeps[Any]) -> float:
    """Seconds since the platform was opened."""
    return round((deps.clock() - deps.platform.started_at).total_seconds(), 3)


def _status(deps: EngineDeps[Any], found: list[str]) -> str:
    if deps.problems:
        return "unhealthy"
    return "degraded" if found else "healthy"
