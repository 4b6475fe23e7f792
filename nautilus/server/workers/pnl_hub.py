"""The workers of live P&L: one for each portfolio that somebody watches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from nautilus.core.errors import NautilusError, ParameterError, UnavailableError
from nautilus.server.bus.interface import Bus, Subscription
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import PORTFOLIO_ENSURE
from nautilus.server.state.portfolios import Portfolios
from nautilus.server.workers.live_book import LiveBook
from nautilus.server.workers.live_performance import LivePerformance
from nautilus.server.workers.portfolio_pnl import LivePnl

__all__ = ["PnlHub", "running_hub"]

MOST_PORTFOLIOS = 256
LINGER_SECONDS = 60.0
LEASE_SECONDS = 60.0
_log = logging.getLogger("nautilus.server.analytics")


class PnlHub:
    """The workers of an engine, one for each portfolio that somebody watches.

    Parameters
    ----------
    bus : Bus
    portfolios : Portfolios
    draining : asyncio.Event
    clock : callable
    counted : callable
    linger_seconds : float
        A worker without clients stays this long, so that who reconnects loses nothing.
    """

    def __init__(
        self,
        bus: Bus,
        portfolios: Portfolios,
        draining: asyncio.Event,
        *,
        clock: Callable[[], datetime],
        counted: Callable[[], None] = lambda: None,
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._bus = bus
        self._portfolios = portfolios
        self._draining = draining
        self._clock = clock
        self._counted = counted
        self._linger = linger_seconds
        self._live: dict[str, LivePnl] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._leases: dict[str, tuple[LivePnl, asyncio.TimerHandle]] = {}
        self._subscriptions: list[Subscription] = []
        self._opening = asyncio.Lock()

    @property
    def active(self) -> int:
        """Portfolios that are watched."""
        return len(self._live)

    async def join(self, portfolio_id: str) -> LivePnl:
        """The worker of a stored portfolio, started for the first who asks.

        Raises
        ------
        NotFoundError
            Nothing is stored.
        UnavailableError
            Too many portfolios are watched.
        MissingInputError
            An exchange rate is not known.
        """
        async with self._opening:
            live = self._live.get(portfolio_id) or await self._started(portfolio_id)
            live.clients += 1
            if (end := self._ends.pop(portfolio_id, None)) is not None:
                end.cancel()
            return live

    def leave(self, live: LivePnl) -> None:
        """One client less; after a while the worker ends."""
        live.clients -= 1
        if live.clients == 0 and self._live.get(live.portfolio_id) is live:
            loop = asyncio.get_running_loop()
            self._ends[live.portfolio_id] = loop.call_later(
                self._linger, self._retire, live.portfolio_id
            )

    async def ensure(self, message: Message) -> dict[str, Any]:
        """Follow portfolios for a minute: the handler of `portfolio.feed.ensure.request`.

        Returns
        -------
        dict
            `portfolio_ids` followed, `unknown` {id: why}, `lease_seconds`.

        Raises
        ------
        ParameterError
            Not a list of ids.
        """
        followed, unknown = [], {}
        for portfolio_id in _ids_of(message.data):
            try:
                await self._lease(portfolio_id)
            except NautilusError as error:
                unknown[portfolio_id] = str(error)
            else:
                followed.append(portfolio_id)
        return {"portfolio_ids": followed, "unknown": unknown, "lease_seconds": LEASE_SECONDS}

    async def _lease(self, portfolio_id: str) -> None:
        """Hold the worker as one more client, whose place is free again when the lease ends."""
        held = self._leases.pop(portfolio_id, None)
        if held is not None:
            held[1].cancel()
        fresh = held is not None and self._live.get(portfolio_id) is held[0]
        live = held[0] if held is not None and fresh else await self.join(portfolio_id)
        end = asyncio.get_running_loop().call_later(LEASE_SECONDS, self._let_go, portfolio_id)
        self._leases[portfolio_id] = live, end

    def _let_go(self, portfolio_id: str) -> None:
        self.leave(self._leases.pop(portfolio_id)[0])

    async def close(self) -> None:
        """End all workers."""
        for end in (*self._ends.values(), *(end for _, end in self._leases.values())):
            end.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for subscription in self._subscriptions:
            await subscription.close()

    async def _started(self, portfolio_id: str) -> LivePnl:
        if len(self._live) >= MOST_PORTFOLIOS:
            raise UnavailableError(
                f"{MOST_PORTFOLIOS} portfolios are watched, no more can be. Try again later."
            )
        book, performance = await self._read(portfolio_id)
        if not self._subscriptions:
            await self._subscribe()
        live = LivePnl(
            portfolio_id,
            book,
            performance,
            self._bus,
            clock=self._clock,
            counted=self._counted,
        )
        task = asyncio.create_task(live.run(self._draining), name=f"live P&L {portfolio_id}")
        task.add_done_callback(lambda ended: self._ended(live, ended))
        self._live[portfolio_id], self._tasks[portfolio_id] = live, task
        return live

    async def _read(self, portfolio_id: str) -> tuple[LiveBook, LivePerformance]:
        portfolio = await self._portfolios.get(portfolio_id)
        return LiveBook(portfolio, self._clock()), LivePerformance(portfolio)

    async def _subscribe(self) -> None:
        for pattern, handler in (
            ("market.quotes.*", self._on_quote),
            ("market.trades.*", self._on_trade),
            ("portfolio.updated.*", self._on_update),
        ):
            self._subscriptions.append(
                await self._bus.subscribe(pattern, handler, mode="broadcast")
            )

    async def _on_quote(self, message: Message) -> None:
        bid, ask = message.data["bid"], message.data["ask"]
        for live in self._live.values():
            close = message.data.get("previous_close")
            live.quote(message.data["symbol"], 0.5 * (bid + ask), _source(message), close)

    async def _on_trade(self, message: Message) -> None:
        for live in self._live.values():
            live.trade(message.data["symbol"], message.data["price"], _source(message))

    async def _on_update(self, message: Message) -> None:
        live = self._live.get(message.data["portfolio_id"])
        known = live is not None and live.version == message.data["version"]
        if live is None or (known and message.data["what"] != "deleted"):
            return  # told twice, or after it was read
        try:
            live.reopen(*await self._read(live.portfolio_id))
        except NautilusError as error:
            self._drop(live)
            live.fail(str(error))

    def _retire(self, portfolio_id: str) -> None:
        self._ends.pop(portfolio_id, None)
        if (live := self._live.get(portfolio_id)) is not None:
            self._drop(live)

    def _drop(self, live: LivePnl) -> None:
        if self._live.get(live.portfolio_id) is live:
            del self._live[live.portfolio_id]
            self._tasks.pop(live.portfolio_id).cancel()

    def _ended(self, live: LivePnl, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("live P&L of %s has stopped", live.portfolio_id, exc_info=error)
            self._live.pop(live.portfolio_id, None)
            self._tasks.pop(live.portfolio_id, None)
            live.fail("The worker has stopped; the log says why.")


def _ids_of(data: Any) -> list[str]:
    ids = data.get("portfolio_ids") if isinstance(data, dict) else None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ParameterError(
            '`portfolio_ids` must be a list of ids: {"portfolio_ids": ["portfolio_001"]}.',
            field="portfolio_ids",
        )
    return list(dict.fromkeys(ids))


def _source(message: Message) -> str:
    """Who says so; the simulated feed says `simulated`."""
    return str(message.data.get("source", "unknown"))


@asynccontextmanager
async def running_hub(
    bus: Bus,
    portfolios: Portfolios,
    draining: asyncio.Event,
    *,
    clock: Callable[[], datetime],
    counted: Callable[[], None],
) -> AsyncIterator[PnlHub]:
    """A hub that answers `portfolio.feed.ensure.request`, and whose workers end with the block."""
    hub = PnlHub(bus, portfolios, draining, clock=clock, counted=counted)
    subscription = await bus.subscribe(PORTFOLIO_ENSURE, hub.ensure)
    try:
        yield hub
    finally:
        await subscription.close()
        await hub.close()
