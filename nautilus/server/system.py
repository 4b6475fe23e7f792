"""Health of all nine engines, asked over HTTP from whichever engine is called."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nautilus.server.deps import Deps
from nautilus.server.envelope import answer
from nautilus.server.registry import engine_rows
from nautilus.server.routing import engine_router
from nautilus.server.schemas.standard import EnginesHealth

if TYPE_CHECKING:
    import httpx

__all__ = ["EngineProbe", "EngineState", "overall_status", "router"]

TIMEOUT = 1.0
FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class EngineState:
    """What one probe found."""

    status: str
    response_time_ms: float | None
    messagebus_connected: bool


class EngineProbe:
    """Asks every engine for its health, at most once a second.

    Parameters
    ----------
    addresses : mapping of engine -> URL
    """

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self._client: httpx.AsyncClient | None = None
        self._found: dict[str, EngineState] = {}
        self._at = float("-inf")
        self._lock = asyncio.Lock()

    async def states(self) -> dict[str, EngineState]:
        """State of each engine by name."""
        async with self._lock:
            if time.monotonic() - self._at > FRESH_SECONDS:
                names = list(self.addresses)
                states = await asyncio.gather(*(self._state(name) for name in names))
                self._found = dict(zip(names, states, strict=True))
                self._at = time.monotonic()
        return self._found

    async def _state(self, name: str) -> EngineState:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        started = time.perf_counter()
        try:
            reply = await self._client.get(f"{self.addresses[name]}/health")
            body: dict[str, Any] = reply.json()
        except httpx.TimeoutException:
            return EngineState("timeout", None, False)
        except (httpx.HTTPError, ValueError):
            return EngineState("unreachable", None, False)
        elapsed = round((time.perf_counter() - started) * 1000, 3)
        connected = body.get("messagebus_connected") is True
        return EngineState(str(body.get("status", "unknown")), elapsed, connected)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


def overall_status(healthy: int, total: int, connected: int) -> str:
    """Healthy when all are; unhealthy when the bus or more than half of the engines are down.

    Examples
    --------
    >>> overall_status(9, 9, 9), overall_status(8, 9, 9), overall_status(4, 9, 9)
    ('healthy', 'degraded', 'unhealthy')
    """
    if healthy == total:
        return "healthy"
    return "unhealthy" if connected == 0 or healthy < total / 2 else "degraded"


router = engine_router("system")


@router.get("/system/health/engines")
async def engines_health(deps: Deps) -> EnginesHealth:
    """Health of all nine engines."""
    states = await deps.platform.probe.states()
    healthy = sum(state.status == "healthy" for state in states.values())
    connected = sum(state.messagebus_connected for state in states.values())
    total = len(states)
    body = {
        "overall_status": overall_status(healthy, total, connected),
        "engines_healthy": healthy,
        "engines_total": total,
        "engine_status": {row.display_name: states[row.name] for row in engine_rows()},
        "messagebus_connectivity": {
            "connected_engines": connected,
            "total_engines": total,
            "connectivity_rate": connected / total,
        },
    }
    return answer(EnginesHealth, body)
