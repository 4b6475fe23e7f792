"""Raw messages of Binance's combined streams as ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from nautilus.core.errors import DataError
from nautilus.marketdata.tick_messages import (
    Decoder,
    DepthTick,
    QuoteTick,
    Struct,
    Tick,
    TickError,
    TradeTick,
)

__all__ = ["binance_tick", "captured_ticks"]

_Level = tuple[str, str]


class _Data(Struct, gc=False):
    """One wide record: `b` and `a` are a price in bookTicker, and levels in depth."""

    s: str
    e: str = "bookTicker"
    E: int = 0
    t: int = 0
    T: int = 0
    p: str = ""
    q: str = ""
    m: bool = False
    U: int = 0
    u: int = 0
    b: str | tuple[_Level, ...] = ""
    a: str | tuple[_Level, ...] = ""
    B: str = ""
    A: str = ""


class _Envelope(Struct, gc=False):
    stream: str = ""
    data: _Data | None = None


_DECODER = Decoder(_Envelope)


def binance_tick(raw: bytes) -> Tick | None:
    """One message of a combined stream; None for what is no tick, such as a snapshot of the book.

    Best bids and asks (bookTicker) carry no time of the exchange.

    Raises
    ------
    DataError
        What is no JSON, or lacks what its kind must have.

    Examples
    --------
    >>> binance_tick(b'{"stream": "x@trade", "data": {"e": "trade", "E": 1723161255343, "s": "X",'
    ...              b'"t": 7, "p": "61837.63", "q": "0.02", "T": 1723161255342, "m": true}}').side
    'sell'
    """
    try:
        data = _DECODER.decode(raw).data
        return None if data is None else _tick(data)
    except (TickError, ValueError) as error:
        raise DataError(
            f"no message of Binance: {error}. Got {raw[:80]!r}.", field="raw"
        ) from error


def _tick(data: _Data) -> Tick:
    if data.e == "trade":
        # m: the buyer was the maker.
        side: Literal["buy", "sell"] = "sell" if data.m else "buy"
        return TradeTick(data.s, data.E * 1_000, float(data.p), float(data.q), data.t, side)
    if isinstance(data.b, str) or isinstance(data.a, str):
        bid, ask = float(str(data.b)), float(str(data.a))
        return QuoteTick(data.s, None, bid, float(data.B), ask, float(data.A), data.u)
    bids, asks = (tuple((float(p), float(q)) for p, q in levels) for levels in (data.b, data.a))
    return DepthTick(data.s, data.E * 1_000, data.U, data.u, bids, asks)


def captured_ticks(lines: Iterable[bytes]) -> Iterator[tuple[int, Tick]]:
    """(received_ns, tick) of a capture with "<local nanoseconds> <message>" on each line.

    Examples
    --------
    >>> line = b'17 {"stream": "x@bookTicker", "data": {"u": 5, "s": "X", "b": "9.4", "B": "1",'
    >>> [(at, tick.bid) for at, tick in captured_ticks([line + b'"a": "9.5", "A": "2"}}'])]
    [(17, 9.4)]
    """
    for line in lines:
        at, _, raw = line.partition(b" ")
        tick = binance_tick(raw)
        if tick is not None:
            yield int(at), tick
