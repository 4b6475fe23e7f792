"""What an endpoint may reach: the platform, this engine's bus and metrics, and its own things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic

from fastapi import Depends
from starlette.requests import HTTPConnection
from typing_extensions import TypeVar

from nautilus.core.errors import UnavailableError
from nautilus.server.metrics import EngineMetrics
from nautilus.server.registry import EngineRow

if TYPE_CHECKING:
    import asyncio

    from nautilus.server.bus.interface import Bus
    from nautilus.server.cpu import Cpu
    from nautilus.server.history import History
    from nautilus.server.jobs import Jobs
    from nautilus.server.market.stored import MarketStore
    from nautilus.server.platform import Platform
    from nautilus.server.settings import Settings
    from nautilus.server.state.audit import AuditLog
    from nautilus.server.state.client_subscriptions import ClientSubscriptions
    from nautilus.server.state.idempotency import IdempotencyKeys
    from nautilus.server.state.outbox import Outbox
    from nautilus.server.state.portfolios import Portfolios

__all__ = ["Deps", "EngineDeps", "engine_deps"]

Own = TypeVar("Own", default=Any)


@dataclass(slots=True, kw_only=True)
class EngineDeps(Generic[Own]):
    """The dependencies of one engine; `own` is a dataclass that its module defines.

    An engine with things of its own declares `RiskDeps = Annotated[EngineDeps[RiskOwn],
    Depends(engine_deps)]` and takes `deps: RiskDeps`; the others take `deps: Deps`.
    """

    row: EngineRow
    platform: Platform
    bus: Bus
    metrics: EngineMetrics
    own: Own
    problems: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Settings of the process."""
        return self.platform.settings

    @property
    def portfolios(self) -> Portfolios:
        """The one portfolio aggregate."""
        return self.platform.portfolios

    @property
    def outbox(self) -> Outbox:
        """Messages that are stored with the change they tell of."""
        return self.platform.outbox

    @property
    def audit(self) -> AuditLog:
        """Who changed what."""
        return self.platform.audit

    @property
    def client_subscriptions(self) -> ClientSubscriptions:
        """What WebSocket clients have asked for."""
        return self.platform.client_subscriptions

    @property
    def idempotency(self) -> IdempotencyKeys:
        """Stored answers; an endpoint declares `nautilus.server.idempotent.IDEMPOTENT` instead."""
        return self.platform.idempotency

    @property
    def history(self) -> History:
        """Stored returns and prices, one source per answer."""
        return self.platform.history

    @property
    def market(self) -> MarketStore:
        """Stored market data."""
        return self.platform.market

    @property
    def cpu(self) -> Cpu:
        """Pools for the work that would hold up the event loop."""
        return self.platform.cpu

    @property
    def jobs(self) -> Jobs:
        """Long calls; an endpoint is registered by `nautilus.server.long_operations` instead."""
        return self.platform.jobs

    @property
    def clock(self) -> Callable[[], datetime]:
        """The time now, in UTC."""
        return self.platform.clock

    @property
    def draining(self) -> asyncio.Event:
        """Set by the first signal; every endless generator and worker watches it."""
        return self.platform.draining


def deps_of(connection: HTTPConnection) -> Any:
    """The dependencies of the engine that answers this connection."""
    deps = getattr(connection.app.state, "deps", None)
    if deps is None:
        raise UnavailableError("The engine has not started yet. Try again in a second.")
    return deps


async def engine_deps(connection: HTTPConnection) -> Any:
    """`deps_of`, as FastAPI calls it in the event loop."""
    return deps_of(connection)


Deps = Annotated[EngineDeps[Any], Depends(engine_deps)]
