"""What all engines of a process share, opened once and closed in reverse order."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nautilus.server.bus.opening import open_broker
from nautilus.server.bus.topics import portfolio_updated
from nautilus.server.cpu import Cpu
from nautilus.server.demo import install
from nautilus.server.envelope import current_request_id
from nautilus.server.history import History
from nautilus.server.registry import engine_rows
from nautilus.server.settings import Settings
from nautilus.server.state.client_subscriptions import ClientSubscriptions
from nautilus.server.state.database import Database, open_database
from nautilus.server.state.idempotency import IdempotencyKeys
from nautilus.server.state.portfolios import Change, Portfolios
from nautilus.server.system import EngineProbe

if TYPE_CHECKING:
    from nautilus.server.bus.interface import Broker, Bus

__all__ = ["Platform", "documented_addresses", "open_platform"]


def _now() -> datetime:
    return datetime.now(UTC)


def _nobody() -> None:
    """Nobody is authenticated."""


@dataclass(slots=True, kw_only=True)
class Platform:
    """Database, repositories, history, CPU pools, broker, clock and the draining event."""

    settings: Settings
    database: Database
    portfolios: Portfolios
    idempotency: IdempotencyKeys
    client_subscriptions: ClientSubscriptions
    history: History
    broker: Broker
    cpu: Cpu
    probe: EngineProbe
    subject: Callable[[], str | None] = _nobody
    clock: Callable[[], datetime] = _now
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    warm: bool = False
    started_at: datetime = field(default_factory=_now)

    def address(self, engine: str) -> str:
        """Where an engine answers."""
        return self.probe.addresses[engine]


@asynccontextmanager
async def open_platform(
    settings: Settings | None = None, *, addresses: dict[str, str] | None = None
) -> AsyncIterator[Platform]:
    """Open everything that engines share; close it on the way out.

    Parameters
    ----------
    settings : Settings, optional
        None opens a private platform whose state is in a temporary folder.
    addresses : mapping of engine -> URL, optional
        Where the engines listen, if not at their documented ports plus the offset.

    Yields
    ------
    Platform
    """
    async with AsyncExitStack() as stack:
        if settings is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nautilus-"))
            settings = Settings(database=str(Path(folder) / "state.db"))
        platform = await _opened(stack, settings, addresses or documented_addresses(settings))
        if settings.demo:
            await install(platform)
        try:
            yield platform
        finally:
            platform.draining.set()


async def _opened(stack: AsyncExitStack, settings: Settings, addresses: dict[str, str]) -> Platform:
    cpu = Cpu(settings.threads, waiting=settings.waiting)
    stack.callback(cpu.close)
    database = open_database(settings.database)
    stack.push_async_callback(database.close)
    broker = await open_broker(settings.bus, clock=_now, request_id=current_request_id)
    stack.push_async_callback(broker.close)
    probe = EngineProbe(addresses)
    stack.push_async_callback(probe.close)
    announced = _announced_by(broker.bus("portfolio"))
    return Platform(
        settings=settings,
        database=database,
        portfolios=Portfolios(database, on_change=announced, clock=_now),
        idempotency=IdempotencyKeys(database, clock=_now),
        client_subscriptions=ClientSubscriptions(database, clock=_now),
        history=History(simulated_fallback=settings.simulated_fallback, clock=_now, run=cpu.thread),
        broker=broker,
        cpu=cpu,
        probe=probe,
    )


def _announced_by(bus: Bus) -> Callable[[Change], Awaitable[None]]:
    """Tell everybody that a stored portfolio has a new version."""

    async def announce(change: Change) -> None:
        body = {"portfolio_id": change.portfolio_id, "version": change.version, "what": change.what}
        await bus.publish(portfolio_updated(change.portfolio_id), body)

    return announce


def documented_addresses(settings: Settings) -> dict[str, str]:
    """URL of each engine: the configured one, else this host at the documented port."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        row.name: settings.engine_urls.get(
            row.name, f"http://{host}:{row.port + settings.port_offset}"
        )
        for row in engine_rows()
    }
