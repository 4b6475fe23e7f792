"""Bars and ticks of Interactive Brokers, one JSON object per line, as frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nautilus.core.errors import DataError, ParameterError
from nautilus.marketdata.sources.interface import DataRequest
from nautilus.marketdata.sources.layouts import frame, midnight
from nautilus.marketdata.sources.payloads import RawPayload, day, decode, instant, number, require

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_records"]

_PRICES = ("open", "high", "low", "close", "volume")
_WITHIN_A_DAY = frozenset({"1m", "5m", "15m", "30m", "1h", "4h"})


def read_records(payload: RawPayload, request: DataRequest) -> pl.DataFrame:
    """A frame of bars ("vwap" and "trade_count" too), quotes or trades.

    Raises
    ------
    Upstream, SchemaChanged
    DataError
        Times without a zone and no `options["time_zone"]`: the gateway's log-in decides what they
        are, so guessing would be wrong for somebody.
    """
    lines = [line for line in payload.body.splitlines() if line.strip()]
    found = [decode(replace(payload, body=line), "ibkr") for line in lines]
    zone = _zone(request)
    if request.kind == "bars":
        return frame("rich_bars", [_bar(one, request, zone) for one in found])
    if request.options.get("ticks") == "trades":
        return frame("trades", [_trade(one, n, request, zone) for n, one in enumerate(found)])
    return frame("quotes", [_quote(one, n, request, zone) for n, one in enumerate(found)])


def _zone(request: DataRequest) -> ZoneInfo | None:
    name = request.options.get("time_zone")
    try:
        return ZoneInfo(str(name)) if name else None
    except (ValueError, OSError, LookupError):
        raise ParameterError(
            f"`time_zone` must be an IANA name such as 'America/New_York', got {name!r}.",
            field="time_zone",
        ) from None


def _bar(one: Any, request: DataRequest, zone: ZoneInfo | None) -> Sequence[Any]:
    stamp = require(one, "date", (str, int), "ibkr")
    prices = [_number(one, key) for key in _PRICES]
    vwap, count = _number(one, "average"), _number(one, "barCount")
    trades = int(count) if count is not None and abs(count) < 2**62 else None
    at = _start(stamp, request.timeframe, zone)
    # The gateway writes -1 where it does not know.
    rest = [None if value is not None and value < 0 else value for value in (vwap, trades)]
    return request.symbol, at, *prices, *rest


def _start(stamp: Any, timeframe: str, zone: ZoneInfo | None) -> datetime:
    if timeframe in _WITHIN_A_DAY:
        return _moment(stamp, "date", zone)
    if isinstance(stamp, str):
        of = day(stamp, "date", "ibkr")
    else:
        of = instant(stamp, "date", "ibkr").date()
    return midnight(of)


def _moment(stamp: Any, name: str, zone: ZoneInfo | None) -> datetime:
    found = instant(stamp, name, "ibkr")
    if not isinstance(stamp, str) or datetime.fromisoformat(stamp.strip()).tzinfo is not None:
        return found
    if zone is None:
        raise DataError(
            f"ibkr sent the time {stamp[:40]!r} without a zone; pass options['time_zone'] with that"
            " of the gateway's log-in, or record with formatDate=2.",
            field="time_zone",
        )
    return instant(found.replace(tzinfo=zone).isoformat(), name, "ibkr")


def _quote(one: Any, n: int, request: DataRequest, zone: ZoneInfo | None) -> Sequence[Any]:
    at = _moment(require(one, "time", (str, int), "ibkr"), "time", zone)
    names = ("priceBid", "sizeBid", "priceAsk", "sizeAsk")
    return request.symbol, at, *(_number(one, key) for key in names), None, None, None, n


def _trade(one: Any, n: int, request: DataRequest, zone: ZoneInfo | None) -> Sequence[Any]:
    at = _moment(require(one, "time", (str, int), "ibkr"), "time", zone)
    return request.symbol, at, _number(one, "price"), _number(one, "size"), n


def _number(one: Any, key: str) -> float | None:
    return number(require(one, key, (int, float), "ibkr"), key, "ibkr")
