"""What the hub counted, as metrics: differences since the last look."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from nautilus.server.websocket.hub import Hub
from nautilus.server.workers.pauses import waiting_for

if TYPE_CHECKING:
    from nautilus.server.metrics import EngineMetrics

__all__ = ["Meter"]

EVERY_SECONDS = 1.0
WINDOW = 10


class Meter:
    """Looks once a second.

    Parameters
    ----------
    hub : Hub
    metrics : EngineMetrics
    """

    def __init__(self, hub: Hub, metrics: EngineMetrics) -> None:
        self._hub = hub
        self._metrics = metrics
        self._looks: deque[tuple[float, int]] = deque([(time.monotonic(), 0)], maxlen=WINDOW)
        self._sent = 0
        self._disconnects = 0
        self._dropped: dict[str, int] = {}

    @property
    def sent_per_second(self) -> float:
        """Messages that went out, over the last seconds."""
        began, sent = self._looks[0]
        return (self._hub.told.sent - sent) / max(time.monotonic() - began, 1.0)

    async def run(self, draining: asyncio.Event) -> None:
        """Look until the server drains."""
        pause = waiting_for(draining)
        while not draining.is_set():
            await pause(EVERY_SECONDS)
            self.look()

    def look(self) -> None:
        """Add what has happened to the counters."""
        told, metrics = self._hub.told, self._metrics
        self._looks.append((time.monotonic(), told.sent))
        metrics.count("websocket_messages_sent_total", told.sent - self._sent)
        gone = told.slow_disconnects - self._disconnects
        metrics.count("websocket_slow_consumer_disconnects_total", gone)
        self._sent, self._disconnects = told.sent, told.slow_disconnects
        for reason, messages in told.dropped.items():
            new = messages - self._dropped.get(reason, 0)
            metrics.count("websocket_messages_dropped_total", new, reason=reason)
            self._dropped[reason] = messages
