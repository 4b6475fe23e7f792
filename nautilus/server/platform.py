"""What all engines of a process share, opened once and closed in reverse order."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nautilus.server.auth import Authenticator, authenticator_of
from nautilus.server.bus.handling import handled_message
from nautilus.server.bus.opening import open_broker
from nautilus.server.cpu import Cpu
from nautilus.server.demo import install
from nautilus.server.envelope import current_request_id, started_call
from nautilus.server.history import History
from nautilus.server.identity import current_subject
from nautilus.server.jobs import Jobs
from nautilus.server.loop_watch import LoopWatch
from nautilus.server.market.stored import MarketStore, StoredCloses
from nautilus.server.ports import documented_addresses
from nautilus.server.reachable import Reachable
from nautilus.server.settings import Settings
from nautilus.server.state.audit import AuditLog
from nautilus.server.state.client_subscriptions import ClientSubscriptions
from nautilus.server.state.database import Database, open_database
from nautilus.server.state.idempotency import IdempotencyKeys
from nautilus.server.state.jobs import StoredJobs
from nautilus.server.state.journal import Journal
from nautilus.server.state.outbox import Outbox, OutboxMessage, private_scope
from nautilus.server.state.portfolios import Portfolios
from nautilus.server.system import EngineProbe
from nautilus.server.tickets import Tickets

if TYPE_CHECKING:
    from nautilus.server.bus.interface import Broker, Bus

__all__ = ["Platform", "open_platform"]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Platform:
    """Database, repositories, history, CPU pools, broker, clock and the draining event."""

    settings: Settings
    database: Database
    stored: Reachable
    portfolios: Portfolios
    outbox: Outbox
    audit: AuditLog
    idempotency: IdempotencyKeys
    client_subscriptions: ClientSubscriptions
    history: History
    market: MarketStore
    broker: Broker
    cpu: Cpu
    jobs: Jobs
    probe: EngineProbe
    authenticator: Authenticator | None = None
    tickets: Tickets = field(default_factory=Tickets)
    subject: Callable[[], str | None] = current_subject
    clock: Callable[[], datetime] = _now
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    loop: LoopWatch = field(default_factory=LoopWatch)
    process_engine: str = ""
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
        await stack.enter_async_context(platform.loop.running())
        try:
            yield platform
        finally:
            platform.draining.set()


async def _opened(stack: AsyncExitStack, settings: Settings, addresses: dict[str, str]) -> Platform:
    cpu = Cpu(settings.threads, waiting=settings.waiting)
    stack.callback(cpu.close)
    database = open_database(settings.database)
    stack.push_async_callback(database.close)
    stored = Reachable(database.reachable)
    stack.callback(stored.close)
    broker = await open_broker(settings.bus, clock=_now, request_id=current_request_id)
    stack.push_async_callback(broker.close)
    probe = EngineProbe(addresses)
    stack.push_async_callback(probe.close)
    audit = AuditLog(database, clock=_now)
    outbox = Outbox(
        database,
        _published_by(broker.bus("portfolio")),
        scope=private_scope() if broker.status.kind == "memory" else "shared",
        clock=_now,
    )
    outbox.start()
    stack.push_async_callback(outbox.close)
    journal = Journal(outbox=outbox, audit=audit, actor=current_subject, request_id=_request_id)
    market = MarketStore(settings.market_folder)
    stack.callback(market.close)
    if market.filled:  # polars is loaded before anybody asks
        await asyncio.to_thread(market.open)
    jobs = _jobs(database, settings, max(1, cpu.workers - 1))
    stack.push_async_callback(jobs.close)
    return Platform(
        settings=settings,
        database=database,
        stored=stored,
        portfolios=Portfolios(database, journal=journal, clock=_now),
        outbox=outbox,
        audit=audit,
        idempotency=IdempotencyKeys(database, clock=_now),
        client_subscriptions=ClientSubscriptions(database, clock=_now),
        market=market,
        history=History(
            sources=[StoredCloses(market)],
            simulated_fallback=settings.simulated_fallback,
            clock=_now,
            run=cpu.thread,
        ),
        broker=broker,
        cpu=cpu,
        jobs=jobs,
        probe=probe,
        authenticator=authenticator_of(settings),
    )


def _jobs(database: Database, settings: Settings, at_once: int) -> Jobs:
    keep = timedelta(hours=settings.job_hours)
    return Jobs(
        StoredJobs(database, holder=str(uuid.uuid4()), clock=_now, keep=keep),
        at_once=at_once,
        most=settings.jobs,
        most_bytes=settings.job_result_bytes,
        # A call must become a job before its time as a request is over.
        patience=min(settings.job_after_seconds, settings.request_seconds / 2),
        clock=_now,
    )


def _published_by(bus: Bus) -> Callable[[OutboxMessage], Awaitable[None]]:
    """Publish what was stored, in the name of the request that stored it."""

    async def publish(message: OutboxMessage) -> None:
        context = copy_context()
        if message.request_id is not None:
            context.run(started_call, "portfolio", message.request_id)
        sent = bus.publish(message.topic, message.data, durable=True, message_id=message.id)
        await asyncio.create_task(sent, context=context)

    return publish


def _request_id() -> str | None:
    """Of the message that is being handled, else of the HTTP request."""
    handled = handled_message()
    return handled.request_id if handled else current_request_id()
