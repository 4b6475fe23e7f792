"""What clients listen to is made to tick: symbols at the feed, portfolios at analytics."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any

from nautilus.core.errors import NautilusError
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.topics import FEED_ENSURE, PORTFOLIO_ENSURE, unescape
from nautilus.server.workers.pauses import waiting_for

__all__ = ["LiveLeases"]

RENEWAL_SECONDS = 5.0  # leases last longer, but who died and came back has forgotten them
MOST_ASKED = 500
_log = logging.getLogger("nautilus.server.websocket")
_SYMBOLS = frozenset({"market.data", "market.quotes", "market.trades", "market.orderbook"})
_PORTFOLIOS = frozenset({"portfolio.pnl", "portfolio.positions", "portfolio.performance"})


class LiveLeases:
    """Counts who listens to what, and asks for it while somebody does.

    A pattern with a wildcard asks for nothing: it hears what ticks for others.

    Parameters
    ----------
    bus : Bus
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._symbols: Counter[str] = Counter()
        self._portfolios: Counter[str] = Counter()
        self._wanted = asyncio.Event()

    def want(self, pattern: str) -> None:
        """One more listens to it."""
        self._count(pattern, 1)

    def unwant(self, pattern: str) -> None:
        """One less."""
        self._count(pattern, -1)

    async def run(self, draining: asyncio.Event) -> None:
        """Ask when something new is wanted, and again before the leases end."""
        pause = waiting_for(draining)
        while not draining.is_set():
            self._wanted.clear()
            await self._ask(FEED_ENSURE, "symbols", self._symbols)
            await self._ask(PORTFOLIO_ENSURE, "portfolio_ids", self._portfolios)
            waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(pause(RENEWAL_SECONDS))]
            waits.append(asyncio.ensure_future(self._wanted.wait()))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()

    def _count(self, pattern: str, step: int) -> None:
        tokens = pattern.split(".")
        if len(tokens) != 3 or tokens[2] in ("*", ">"):
            return
        family, name = ".".join(tokens[:2]), unescape(tokens[2])
        for families, counter in ((_SYMBOLS, self._symbols), (_PORTFOLIOS, self._portfolios)):
            if family in families:
                if step > 0 and name not in counter:
                    self._wanted.set()
                counter[name] += step
                if counter[name] <= 0:
                    del counter[name]

    async def _ask(self, topic: str, name: str, wanted: Counter[str]) -> None:
        names = sorted(wanted)
        for start in range(0, len(names), MOST_ASKED):
            try:
                await self._bus.request(topic, {name: names[start : start + MOST_ASKED]})
            except NautilusError as error:  # asked again before long
                _log.info("nothing ticks for clients: %s", error)
