"""Ticks as they come over the wire: JSON decoded and validated in one step (extra `data`)."""

from __future__ import annotations

from typing import Annotated, Literal

from nautilus.core.errors import MissingExtraError

try:
    import msgspec
    from msgspec import Meta, Struct
except ModuleNotFoundError as error:
    raise MissingExtraError(
        "ticks need the extra `data`.", hint="pip install 'nautilus-quant[data]'"
    ) from error

__all__ = [
    "Decoder",
    "DepthTick",
    "QuoteTick",
    "Struct",
    "Tick",
    "TickError",
    "TradeTick",
    "decode_tick",
    "decode_ticks",
]

# This file is the one door of msgspec.
Decoder = msgspec.json.Decoder
TickError = msgspec.MsgspecError

Symbol = Annotated[str, Meta(min_length=1, max_length=32)]
Micros = Annotated[int, Meta(gt=0, lt=2**53)]
Positive = Annotated[float, Meta(gt=0, lt=1e15)]
Size = Annotated[float, Meta(ge=0, lt=1e18)]
Sequence = Annotated[int, Meta(ge=0)]


class TradeTick(Struct, frozen=True, gc=False, tag_field="type", tag="trade"):
    """One trade.

    Parameters
    ----------
    symbol : str
    timestamp : int
        Of the exchange, microseconds since 1970 in UTC.
    price, size : float
        Above 0.
    sequence : int, optional
        Number that the exchange gave it.
    side : {"buy", "sell"}, optional
        Of the taker.

    Examples
    --------
    >>> raw = b'{"type": "trade", "symbol": "A", "timestamp": 1704205800000000, "price": 9.5,'
    >>> decode_tick(raw + b' "size": 100}').price
    9.5
    """

    symbol: Symbol
    timestamp: Micros
    price: Positive
    size: Positive
    sequence: Sequence | None = None
    side: Literal["buy", "sell"] | None = None


class QuoteTick(Struct, frozen=True, gc=False, tag_field="type", tag="quote"):
    """The best bid and ask.

    Parameters
    ----------
    symbol : str
    timestamp : int or None
        Of the exchange, microseconds since 1970 in UTC; None where it sends none.
    bid, ask : float
        Above 0.
    bid_size, ask_size : float
        At least 0.
    sequence : int, optional
        Increasing; numbers in between may belong to other messages.

    Examples
    --------
    >>> QuoteTick("A", 1704205800000000, 9.4, 100, 9.5, 200).ask
    9.5
    """

    symbol: Symbol
    timestamp: Micros | None
    bid: Positive
    bid_size: Size
    ask: Positive
    ask_size: Size
    sequence: Sequence | None = None


class DepthTick(Struct, frozen=True, gc=False, tag_field="type", tag="depth"):
    """Changes of an order book.

    Parameters
    ----------
    symbol : str
    timestamp : int
        Of the exchange, microseconds since 1970 in UTC.
    first_sequence, sequence : int
        First and last number of the changes in it.
    bids, asks : tuple of (price, size)
        New size at each price; 0 removes it.

    Examples
    --------
    >>> DepthTick("A", 1704205800000000, 7, 9, ((9.4, 100.0),), ()).sequence
    9
    """

    symbol: Symbol
    timestamp: Micros
    first_sequence: Sequence
    sequence: Sequence
    bids: tuple[tuple[float, float], ...] = ()
    asks: tuple[tuple[float, float], ...] = ()


Tick = TradeTick | QuoteTick | DepthTick

_ONE = Decoder(Tick)
_MANY = Decoder(list[Tick])
_PARTS = Decoder(list[msgspec.Raw])

decode_tick = _ONE.decode


def decode_ticks(raw: bytes) -> tuple[list[Tick], list[str]]:
    """The valid ticks of a JSON array, and what was wrong with the others.

    Examples
    --------
    >>> decode_ticks(b'[{"type": "trade", "symbol": "A", "timestamp": 1, "price": -1, "size": 1}]')
    ([], ['Expected `float` > 0.0 - at `$.price`'])
    """
    try:
        return _MANY.decode(raw), []
    except TickError:
        return _one_by_one(raw)


def _one_by_one(raw: bytes) -> tuple[list[Tick], list[str]]:
    try:
        parts = _PARTS.decode(raw)
    except TickError as error:
        return [], [str(error)]
    ticks, errors = [], []
    for part in parts:
        try:
            ticks.append(decode_tick(part))
        except TickError as error:
            errors.append(str(error))
    return ticks, errors
