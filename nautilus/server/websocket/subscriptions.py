"""One subscription of one client: what it let through last, and what it holds back for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nautilus.server.websocket.filters import Filters, price_of
from nautilus.server.websocket.prepared import Prepared

if TYPE_CHECKING:
    from nautilus.server.websocket.client import Client

__all__ = ["ClientSubscription"]

MOST_REMEMBERED = 10_000


class ClientSubscription:
    """A pattern of a client.

    Parameters
    ----------
    client : Client
    pattern : str
    filters : Filters
    since : int
        Number of the hub's last message when it was made: what is older is for `resume`.
    """

    __slots__ = ("_due", "_held", "_prices", "_timers", "client", "filters", "pattern", "plain",
                 "restricted", "since")  # fmt: skip

    def __init__(self, client: Client, pattern: str, filters: Filters, since: int) -> None:
        self.client = client
        self.pattern = pattern
        self.filters = filters
        self.since = since
        self.restricted = client.restricted
        self.plain = filters == Filters() and not self.restricted
        self._prices: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._held: dict[str, Prepared] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def offer(self, message: Prepared) -> None:
        """Give the client a message that matches, unless it is filtered or comes too soon."""
        if self.plain:
            self.client.owe(message)
        elif self.wanted(message):
            if self.filters.update_frequency is None:
                self._send(message)
            else:
                self._paced(message, self.filters.update_frequency)

    def wanted(self, message: Prepared) -> bool:
        """Whether the client may and wants to hear it."""
        if self.restricted and not self.client.may_receive(message.topic):
            return False
        return self.filters.lets_through(message.data, self._prices.get(message.topic))

    def shown(self, message: Prepared) -> Prepared:
        """The part of a message that was asked for."""
        metrics = self.filters.metrics
        return message if metrics is None else message.projected(metrics)

    def close(self) -> None:
        """Hold nothing back any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._held.clear()

    def _send(self, message: Prepared) -> None:
        if self.filters.price_change_threshold is not None:
            price = price_of(message.data)
            if price is not None and len(self._prices) < MOST_REMEMBERED:
                self._prices[message.topic] = price
        self.client.owe(self.shown(message))

    def _paced(self, message: Prepared, seconds: float) -> None:
        """At once after a pause, else the last of those that came too soon when it is time."""
        topic = message.topic
        loop = asyncio.get_running_loop()
        now, due = loop.time(), self._due.get(topic, 0.0)
        if topic in self._timers:
            self._held[topic] = message
        elif now >= due:
            if len(self._due) >= MOST_REMEMBERED:
                self._due.clear()
            self._due[topic] = now + seconds
            self._send(message)
        else:
            self._held[topic] = message
            self._timers[topic] = loop.call_at(due, self._fire, topic, seconds)

    def _fire(self, topic: str, seconds: float) -> None:
        del self._timers[topic]
        self._due[topic] = asyncio.get_running_loop().time() + seconds
        self._send(self._held.pop(topic))
