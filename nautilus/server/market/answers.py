"""From a request of the market data engine to what its answer shows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.responses import Response

from nautilus.core.errors import NautilusError, ParameterError
from nautilus.marketdata.expected import completeness, expected_bars
from nautilus.server.market.formats import file_of, records_of
from nautilus.server.market.historical import Asked, Found
from nautilus.server.market.quality import calendar_of
from nautilus.server.market.subscriptions import Subscription
from nautilus.server.market.windows import expected_rows, window_of

if TYPE_CHECKING:
    from nautilus.server.market.tally import Tallies
    from nautilus.server.schemas.marketdata import HistoricalRequest

__all__ = ["asked_of", "attempts_of", "completeness_of", "file_answer", "history_data", "shown"]

MOST_ROWS = 2_000_000


def asked_of(body: HistoricalRequest, now: datetime) -> Asked:
    """A request as the histories take it.

    Raises
    ------
    ParameterError
        A window that is reversed, in the future, or longer than one answer may be.
    """
    window = window_of(body.start_date, body.end_date, body.as_of, now)
    if expected_rows(window, body.timeframe) > MOST_ROWS:
        raise ParameterError(
            f"`start_date` to `end_date` is more than {MOST_ROWS:,} bars of {body.timeframe}."
            " Ask for a shorter window or a longer timeframe.",
            field="timeframe",
        )
    return Asked(
        symbol=body.symbol,
        kind=body.data_type,
        timeframe=body.timeframe,
        window=window,
        sources=tuple(body.sources),
        fallback=body.fallback_enabled,
        keep=body.cache_result,
        adjustment=body.adjustment,
    )


def completeness_of(asked: Asked, found: Found, now: datetime) -> tuple[float | None, str | None]:
    """Expected bars that are there, and what was expected. Off the event loop at first."""
    if asked.kind != "bars":
        return None, None
    calendar, (first, last) = calendar_of(asked.symbol), asked.window.days
    try:
        expected = expected_bars(calendar, first, last, timeframe=asked.timeframe)
    except NautilusError:  # no calendar reaches there: nothing is known to be missing
        return None, None
    ended = expected[expected < np.datetime64(now.replace(tzinfo=None), "us")]
    if asked.timeframe == "1d" and (sessions := asked.window.sessions(now)) and calendar == "XNYS":
        ended = ended[ended <= np.datetime64(sessions[1], "us")]
    if not len(ended):
        return None, f"calendar:{calendar}"
    if asked.timeframe in ("1w", "1M"):
        return min(len(found.rows) / len(ended), 1.0), f"calendar:{calendar}"
    times = found.rows["timestamp"].dt.replace_time_zone(None).to_numpy().astype("M8[us]")
    return completeness(times, ended), f"calendar:{calendar}"


def history_data(
    asked: Asked, found: Found, completeness: float | None, tallies: Tallies
) -> dict[str, Any]:
    """The documented `data` of `POST /marketdata/historical`."""
    return {
        "symbol": asked.symbol,
        "data_type": asked.kind,
        "timeframe": asked.timeframe if asked.kind == "bars" else None,
        "source_used": found.source,
        "simulated": found.simulated,
        "bars_count": len(found.rows),
        "data": records_of(found.rows),
        "data_quality": {
            "completeness": completeness,
            "source_reliability": tallies[found.source].reliability,
            "latency_ms": found.latency_ms,
        },
    }


def file_answer(asked: Asked, found: Found, form: str) -> Response:
    """The rows as a file; what an envelope would say stands in the headers."""
    headers = {
        "X-Data-Source": found.source,
        "X-Simulated": str(found.simulated).lower(),
        "X-Cache-Hit": str(found.cache_hit).lower(),
        "X-Fallback-Used": str(found.fallback_used).lower(),
        "X-Adjustment": found.adjustment or "",
        "X-Attempts": "; ".join(f"{one.source}={one.error}" for one in found.attempts),
    }
    first, last = asked.window.days
    return file_of(found.rows, form, f"{asked.symbol}_{asked.timeframe}_{first}_{last}", headers)


def attempts_of(found: Found) -> list[dict[str, Any]]:
    """Who was asked before, and why it did not answer."""
    return [asdict(one) for one in found.attempts]


def shown(subscription: Subscription, *, address: str, per_second: float | None) -> dict[str, Any]:
    """A subscription as the API shows it."""
    delivery = subscription.delivery
    host = address.replace("http", "ws", 1)
    socket = f"{host}/ws/marketdata/{subscription.id}"
    return {
        "subscription_id": subscription.id,
        "symbols_subscribed": len(subscription.symbols),
        "data_streams_active": len(subscription.topics),
        "estimated_messages_per_second": per_second,
        "websocket_endpoint": socket if subscription.method == "websocket" else None,
        "symbols": list(subscription.symbols),
        "topics": subscription.topics,
        "unknown": dict(subscription.unknown),
        "source_used": subscription.source,
        "simulated": subscription.simulated,
        "expires_at": subscription.expires_at,
        "connected": subscription.connected,
        "sent": delivery.sent,
        "filtered": delivery.filtered,
        "conflated": delivery.conflated,
        "duplicates": delivery.duplicates,
        "attempts": [asdict(one) for one in subscription.attempts],
    }
