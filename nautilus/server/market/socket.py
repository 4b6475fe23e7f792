"""The WebSocket of a subscription: from the bus or a replay, through the delivery, to it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from nautilus.core.errors import NautilusError
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.messages import Message
from nautilus.server.market.delivery import Delivery, TooSlowError
from nautilus.server.market.replay import Event, day_of_ticks, in_order, replayed
from nautilus.server.market.stored import MarketStore
from nautilus.server.market.subscriptions import Subscription, Subscriptions
from nautilus.server.workers.leases import leased

__all__ = ["serve"]

_log = logging.getLogger("nautilus.server.market")
TRY_AGAIN, TOO_SLOW, GOING_AWAY, NORMAL = 1013, 1008, 1001, 1000
_IDLE_SECONDS, _BREATH = 15.0, 0.005
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


class Feeding:
    """What arrives for one subscription, and the event that says so."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.news = asyncio.Event()
        self.end: tuple[int, str] | None = None
        self.gone = False

    def offer(self, topic: str, data: dict[str, Any]) -> None:
        """A message of the bus or of a replay."""
        try:
            self.delivery.offer(topic, data, time.monotonic())
        except TooSlowError as error:
            self.finish(TOO_SLOW, str(error))
        self.news.set()

    async def heard(self, message: Message) -> None:
        """The handler of the bus."""
        self.offer(message.topic, message.data)

    def finish(self, code: int, reason: str) -> None:
        """Close when what waits has been sent."""
        self.end = self.end or (code, reason)
        self.news.set()


async def serve(
    socket: WebSocket,
    subscription: Subscription,
    subscriptions: Subscriptions,
    *,
    bus: Bus,
    market: MarketStore,
    draining: asyncio.Event,
    run: Callable[..., Awaitable[Any]],
) -> None:
    """Accept the client and send it what its subscription asks for, until one of both ends."""
    await socket.accept()
    feeding = Feeding(subscription.delivery)
    tasks = [
        asyncio.create_task(_listen(socket, feeding), name="subscriber"),
        asyncio.create_task(_drained(draining, feeding), name="subscription drain"),
    ]
    try:
        async with AsyncExitStack() as stack:
            if subscription.replay is None:
                await stack.enter_async_context(_live(subscription, feeding, bus, draining))
            else:
                play = _play(subscription, feeding, market, run=run)
                tasks.append(asyncio.create_task(play, name="replay"))
            await _send(socket, subscription, subscriptions, feeding)
    except WebSocketDisconnect:
        _log.debug("subscriber of %s has gone", subscription.id[:8])
    finally:
        subscriptions.left(subscription)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@asynccontextmanager
async def _live(
    subscription: Subscription, feeding: Feeding, bus: Bus, draining: asyncio.Event
) -> AsyncIterator[None]:
    """Hear the topics, and keep the feed at it."""
    heard = []
    try:
        for topic in subscription.topics:
            heard.append(await bus.subscribe(topic, feeding.heard, mode="broadcast"))
        async with leased(bus, subscription.symbols, draining=draining):
            yield
    finally:
        for one in heard:
            await one.close()


async def _play(
    subscription: Subscription,
    feeding: Feeding,
    market: MarketStore,
    *,
    run: Callable[..., Awaitable[Any]],
) -> None:
    replay, symbols = subscription.replay, subscription.symbols
    assert replay is not None

    def prepared() -> list[Event]:
        ticks = day_of_ticks(market, replay, symbols)
        wanted = {k: rows for k, rows in ticks.items() if k in subscription.data_types}
        return in_order(wanted)

    try:
        events = await run(prepared)
    except NautilusError as error:
        feeding.finish(TRY_AGAIN, str(error))
        return
    speed, count = replay.speed, 0
    played = replayed(events, subscription.source, speed, clock=time.monotonic, pause=asyncio.sleep)
    async for topic, message in played:
        while feeding.delivery.crowded and not feeding.gone:
            # A replay waits for its reader: nothing of the day may be lost.
            await asyncio.sleep(_BREATH)
        feeding.offer(topic, message)
        count += 1
    feeding.finish(NORMAL, f"end of the replay: {count} messages")


async def _send(
    socket: WebSocket, subscription: Subscription, subscriptions: Subscriptions, feeding: Feeding
) -> None:
    delivery = subscription.delivery
    while True:
        feeding.news.clear()
        while batch := delivery.take(time.monotonic() if feeding.end is None else float("inf")):
            await socket.send_text(_frame(batch, subscription))
        if feeding.gone:
            return
        if feeding.end is not None:
            await socket.close(feeding.end[0], feeding.end[1][:120])
            return
        if not subscriptions.holds(subscription):
            await socket.close(NORMAL, "the subscription was cancelled")
            return
        await _news(feeding.news, delivery.wait(time.monotonic()))


async def _news(news: asyncio.Event, seconds: float | None) -> None:
    """Until something comes or a batch is due; now and then to see who has cancelled."""
    try:
        async with asyncio.timeout(_IDLE_SECONDS if seconds is None else seconds):
            await news.wait()
    except TimeoutError:
        return


async def _listen(socket: WebSocket, feeding: Feeding) -> None:
    """Answer pings; notice that the client goes."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            feeding.gone = True
            feeding.news.set()
            return
        if message.get("text") in ('{"type":"ping"}', '{"type": "ping"}', "ping"):
            await socket.send_text('{"type":"pong"}')


async def _drained(draining: asyncio.Event, feeding: Feeding) -> None:
    await draining.wait()
    feeding.finish(GOING_AWAY, "the server is stopping")


def _frame(batch: list[dict[str, Any]], subscription: Subscription) -> str:
    if subscription.rules.batch_size == 1:
        message: dict[str, Any] = batch[0]
    else:
        message = {"type": "batch", "count": len(batch), "messages": batch}
    return orjson.dumps(message, option=_OPTIONS).decode()
