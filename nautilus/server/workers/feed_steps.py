"""The simulated feed as a pure step: quotes and trades of one symbol, moved by a seeded path."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.tick_bars import TickBar

__all__ = [
    "BLOCK",
    "TRADE_PROBABILITY",
    "SymbolFeed",
    "Tick",
    "bar_message",
    "book_message",
    "data_message",
    "draw_block",
    "open_symbol",
    "quote_message",
    "step",
    "trade_message",
]

SECONDS_PER_YEAR = 252 * 6.5 * 3600
LEAST_VOLATILITY, USUAL_VOLATILITY = 0.02, 0.20
HALF_SPREAD = 0.00006  # of the price: a cent on 155
TRADE_PROBABILITY = 0.6
CENT = 0.01
BLOCK = 256
LEVELS = 5


@dataclass(frozen=True, slots=True)
class SymbolFeed:
    """Where the path of one symbol stands.

    Parameters
    ----------
    symbol : str
    session : str
        Date of the close that the path continues.
    close : float
        That close; `change` is measured from it.
    volatility : float
        Per annum.
    mid : float
        Unrounded.
    volume : int
        Shares traded since the path began.
    ticks : int
    """

    symbol: str
    session: str
    close: float
    volatility: float
    mid: float
    volume: int = 0
    ticks: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """One look at a symbol; `trade_size` is 0 when nothing traded."""

    symbol: str
    at: datetime
    bid: float
    ask: float
    bid_size: int
    ask_size: int
    price: float
    trade_size: int
    close: float
    volume: int


def open_symbol(symbol: str, session: str, closes: NDArray[np.float64]) -> SymbolFeed:
    """The path after the last of some daily closes, at the volatility of their log returns.

    Examples
    --------
    >>> feed = open_symbol("AAPL", "2025-08-22", np.array([100.0, 101.0, 100.0, 102.0]))
    >>> feed.mid, round(feed.volatility, 3)
    (102.0, 0.241)
    """
    moves = np.diff(np.log(closes))
    spread = float(np.std(moves, ddof=1)) * math.sqrt(252) if len(moves) > 1 else USUAL_VOLATILITY
    close = float(closes[-1])
    return SymbolFeed(symbol, session, close, max(spread, LEAST_VOLATILITY), close)


def step(
    feed: SymbolFeed, at: datetime, seconds: float, draws: NDArray[np.float64]
) -> tuple[SymbolFeed, Tick]:
    """Move a symbol by `seconds` of trading time.

    mid' = mid exp(-s^2 dt / 2 + s sqrt(dt) z), so its expected value is the mid before.

    Parameters
    ----------
    feed : SymbolFeed
    at : datetime
    seconds : float
    draws : array (4,)
        A standard normal, then three uniforms: whether something trades, on which side, how much.

    Examples
    --------
    >>> from datetime import UTC
    >>> feed = open_symbol("AAPL", "2025-08-22", np.array([154.0, 155.0, 155.25]))
    >>> at = datetime(2025, 8, 25, 14, 30, tzinfo=UTC)
    >>> feed, tick = step(feed, at, 0.25, np.array([0.0, 0.9, 0.0, 0.0]))
    >>> tick.bid, tick.ask, tick.trade_size
    (155.24, 155.26, 0)
    """
    normal, trades, side, size = draws.tolist()
    scale = feed.volatility * math.sqrt(seconds / SECONDS_PER_YEAR)
    mid = feed.mid * math.exp(scale * normal - 0.5 * scale * scale)
    half = max(CENT, round(mid * HALF_SPREAD / CENT) * CENT)
    bid, ask = max(_cents(mid - half), CENT), _cents(mid + half)
    shares = 100 * (1 + int(9 * size)) if trades < TRADE_PROBABILITY else 0
    moved = replace(feed, mid=mid, volume=feed.volume + shares, ticks=feed.ticks + 1)
    tick = Tick(
        symbol=feed.symbol,
        at=at,
        bid=bid,
        ask=ask,
        bid_size=100 * (1 + int(20 * side)),
        ask_size=100 * (1 + int(20 * (1.0 - side))),
        price=ask if side >= 0.5 else bid,
        trade_size=shares,
        close=feed.close,
        volume=moved.volume,
    )
    return moved, tick


def draw_block(symbol: str, session: str, block: int, seed: int) -> NDArray[np.float64]:
    """Random numbers (tick, 4) of `BLOCK` ticks in a row, the same whoever else is fed.

    Examples
    --------
    >>> draw_block("AAPL", "2025-08-22", 0, seed=0).shape
    (256, 4)
    """
    text = f"{symbol}/{session}/{block}".encode()
    words = np.frombuffer(hashlib.sha256(text).digest()[:16], dtype="<u4").tolist()
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
    return np.column_stack([generator.standard_normal(BLOCK), generator.random((BLOCK, 3))])


def quote_message(tick: Tick) -> dict[str, Any]:
    """Data of `market.quotes.{symbol}`."""
    return {
        "symbol": tick.symbol,
        "bid": tick.bid,
        "ask": tick.ask,
        "bid_size": tick.bid_size,
        "ask_size": tick.ask_size,
        "previous_close": tick.close,
        "timestamp": tick.at,
        "source": "simulated",
    }


def trade_message(tick: Tick) -> dict[str, Any]:
    """Data of `market.trades.{symbol}`."""
    return {
        "symbol": tick.symbol,
        "price": tick.price,
        "size": tick.trade_size,
        "timestamp": tick.at,
        "source": "simulated",
    }


def book_message(tick: Tick) -> dict[str, Any]:
    """Data of `market.orderbook.{symbol}`: five levels a cent apart, `[price, size]`, best first.

    The best levels are the quote; deeper ones hold more, as books do.
    """
    levels = range(LEVELS)
    bids = [[_cents(tick.bid - n * CENT), tick.bid_size * (n + 1)] for n in levels]
    return {
        "symbol": tick.symbol,
        "bids": [level for level in bids if level[0] > 0],
        "asks": [[_cents(tick.ask + n * CENT), tick.ask_size * (n + 1)] for n in levels],
        "timestamp": tick.at,
        "source": "simulated",
    }


def bar_message(bar: TickBar) -> dict[str, Any]:
    """Data of `market.bars.{symbol}`: a minute of trades."""
    return {**bar._asdict(), "timeframe": "1m", "source": "simulated"}


def data_message(tick: Tick) -> dict[str, Any]:
    """Data of `market.data.{symbol}`, as documented; `change_percent` is a fraction.

    `price` is the mid, `change` is since the last daily close.
    """
    price = _tenth_cents(0.5 * (tick.bid + tick.ask))
    return {
        "symbol": tick.symbol,
        "price": price,
        "change": round(price - tick.close, 4),
        "change_percent": round(price / tick.close - 1.0, 6),
        "volume": tick.volume,
        "bid": tick.bid,
        "ask": tick.ask,
        "timestamp": tick.at,
        "source": "simulated",
    }


def _cents(price: float) -> float:
    return round(price, 2)


def _tenth_cents(price: float) -> float:
    return round(price, 3)
