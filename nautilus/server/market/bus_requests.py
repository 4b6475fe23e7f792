"""What other engines ask this one over the bus: bars of a symbol, and what a symbol is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata.reference import find_instrument
from nautilus.server.bus.interface import Bus
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import HISTORY_REQUEST, REFERENCE_REQUEST
from nautilus.server.market.answers import asked_of, attempts_of
from nautilus.server.market.formats import records_of
from nautilus.server.market.historical import Histories
from nautilus.server.schemas.marketdata import HistoricalRequest

__all__ = ["answer_requests"]

MOST_SYMBOLS = 2_000


@asynccontextmanager
async def answer_requests(
    bus: Bus, histories: Histories, clock: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Answer `market.history.request` and `market.reference.request` until the block ends."""

    async def history(message: Message) -> dict[str, Any]:
        asked = asked_of(_request(message.data), clock())
        found = await histories.find(asked)
        return {
            "symbol": asked.symbol,
            "data_source": found.source,
            "simulated": found.simulated,
            "adjustment": found.adjustment,
            "rows": records_of(found.rows),
            "attempts": attempts_of(found),
        }

    subscribed = [
        await bus.subscribe(HISTORY_REQUEST, history, concurrency=4),
        await bus.subscribe(REFERENCE_REQUEST, reference, concurrency=4),
    ]
    try:
        yield
    finally:
        for one in subscribed:
            await one.close()


async def reference(message: Message) -> dict[str, Any]:
    """`{symbols: [...]}` -> `{instruments: {symbol: {...}}, unknown: {symbol: why}}`."""
    symbols = message.data.get("symbols") if isinstance(message.data, dict) else None
    if not isinstance(symbols, list) or len(symbols) > MOST_SYMBOLS:
        raise ParameterError(
            f'`symbols` must be a list of at most {MOST_SYMBOLS}: {{"symbols": ["AAPL"]}}.',
            field="symbols",
        )
    known: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for symbol in map(str, symbols):
        try:
            known[symbol] = asdict(find_instrument(symbol))
        except NotFoundError as error:
            unknown[symbol] = str(error)
    return {"instruments": known, "unknown": unknown}


def _request(data: Any) -> HistoricalRequest:
    try:
        return HistoricalRequest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise ParameterError(f"`{place}`: {first['msg']}.", field=place) from error
