"""Who needs live prices holds a lease on them: asked for at once, renewed while it is needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from nautilus.core.errors import NautilusError
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.topics import FEED_ENSURE
from nautilus.server.workers.pauses import Wait, waiting_for

__all__ = ["PriceLease", "leased"]

RENEWAL_SECONDS = 20.0  # a third of a lease: two renewals may fail before it ends
_log = logging.getLogger("nautilus.server.leases")


class PriceLease:
    """Symbols that the live feed ticks while this lease is renewed.

    Parameters
    ----------
    bus : Bus
        Of the engine that needs the prices.
    symbols : iterable of str
    """

    def __init__(self, bus: Bus, symbols: Iterable[str] = ()) -> None:
        self.symbols = set(symbols)
        self.unknown: dict[str, str] = {}
        self.problem: str | None = None
        self.source: str | None = None
        self._bus = bus

    @property
    def running(self) -> bool:
        """Whether the feed answered last time; else `problem` says why there are no prices."""
        return self.problem is None and self.source is not None

    async def add(self, symbols: Iterable[str]) -> None:
        """Lease more symbols, at once."""
        new = set(symbols) - self.symbols
        if new:
            self.symbols |= new
            await self.renew()

    async def renew(self) -> bool:
        """Ask the feed; False when there is none or it refuses, and `problem` says why."""
        if not self.symbols:
            return True
        try:
            reply = await self._bus.request(FEED_ENSURE, {"symbols": sorted(self.symbols)})
        except NautilusError as error:
            self.problem = str(error)
            return False
        self.problem, self.source, self.unknown = None, reply["source"], reply["unknown"]
        return True

    async def run(
        self,
        draining: asyncio.Event,
        *,
        wait: Wait,
        every: float = RENEWAL_SECONDS,
    ) -> None:
        """Renew until the server drains; `wait(seconds)` is the pause in between."""
        while not draining.is_set():
            await wait(every)
            before = self.problem
            if not await self.renew() and self.problem != before:
                _log.info("no live prices for %s: %s", self._bus.engine, self.problem)


@asynccontextmanager
async def leased(
    bus: Bus,
    symbols: Iterable[str],
    *,
    draining: asyncio.Event,
    every: float = RENEWAL_SECONDS,
) -> AsyncIterator[PriceLease]:
    """A lease that is asked for now and renewed until the block ends or the server drains.

    Where no feed runs the block is entered all the same: see `PriceLease.problem`.
    """
    lease = PriceLease(bus, symbols)
    await lease.renew()
    task = asyncio.create_task(lease.run(draining, wait=waiting_for(draining), every=every))
    try:
        yield lease
    finally:
        task.cancel()
        await asyncio.wait([task])
