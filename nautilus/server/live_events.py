"""Server-sent events of a live portfolio: resumable, with heartbeats, ended by draining."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from fastapi.sse import ServerSentEvent

from nautilus.server.schemas.analytics import Heartbeat, StreamReset
from nautilus.server.workers.portfolio_pnl import LiveEvent, LivePnl, first_of

__all__ = ["live_events"]


async def live_events(
    live: LivePnl,
    last_event_id: str | None,
    *,
    heartbeat_seconds: float,
    draining: asyncio.Event,
    clock: Callable[[], datetime],
) -> AsyncIterator[ServerSentEvent]:
    """Events from where the client was, or from what is known now.

    Parameters
    ----------
    live : LivePnl
    last_event_id : str or None
        `{epoch}-{seq}` as the last event had it; of another epoch, or too old: a reset comes first.
    heartbeat_seconds : float
        Silence after which a heartbeat says whether anything ticks.
    draining : asyncio.Event
    clock : callable
    """
    seq = _resumed(live, last_event_id)
    if seq is None and last_event_id:
        yield _plain(_reset(live, "unknown_event_id", clock()))
    while not draining.is_set():
        news = live.news
        events = live.now() if seq is None else live.after(seq)
        if events is None:
            yield _plain(_reset(live, "too_slow", clock()))
            events = live.now()
        for event in events:
            yield _numbered(live, event)
        seq = events[-1].seq if events else live.seq if seq is None else seq
        if live.problem is not None:
            yield _plain(_reset(live, "ended", clock(), live.problem))
            return
        if not events:
            await first_of(news, draining, timeout=heartbeat_seconds)
            if not news.is_set() and not draining.is_set():
                yield _plain(_heartbeat(live, clock()))


def _resumed(live: LivePnl, last_event_id: str | None) -> int | None:
    """The number after which a client goes on; None where it must begin anew."""
    epoch, _, number = (last_event_id or "").partition("-")
    known = epoch == live.epoch and number.isascii() and number.isdigit() and len(number) < 16
    seq = int(number) if known else -1
    return seq if known and live.after(seq) is not None else None


def _numbered(live: LivePnl, event: LiveEvent) -> ServerSentEvent:
    return ServerSentEvent(raw_data=event.text, id=f"{live.epoch}-{event.seq}")


def _plain(text: str) -> ServerSentEvent:
    return ServerSentEvent(raw_data=text)


def _reset(live: LivePnl, reason: str, at: datetime, message: str | None = None) -> str:
    return StreamReset(
        portfolio_id=live.portfolio_id, reason=reason, message=message, timestamp=at
    ).model_dump_json()


def _heartbeat(live: LivePnl, at: datetime) -> str:
    return Heartbeat(
        portfolio_id=live.portfolio_id, no_prices=live.no_prices, timestamp=at, seq=live.seq
    ).model_dump_json()
