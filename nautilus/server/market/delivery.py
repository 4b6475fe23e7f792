"""What one subscriber is sent: what is news, once, in batches, the newest if it is slow."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Delivery", "Rules", "TooSlowError", "message_type"]

# Trades are never dropped: who is behind by more than this is sent away instead.
MOST_WAITING = 10_000
REMEMBERED = 4_096
_TYPES = {
    "quotes": "quotes", "trades": "trades", "data": "level1", "orderbook": "level2", "bars": "bars",
}  # fmt: skip


class TooSlowError(Exception):
    """The subscriber takes less than comes, and nothing of it may be dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a subscription is delivered.

    Parameters
    ----------
    batch_size : int
        Messages of a frame, at most.
    max_latency_seconds : float
        A message waits no longer for others.
    deduplicate : bool
        By source, symbol, type and sequence, or where there is none by time and content.
    conflate : bool
        Of what waits only the newest quote of a symbol stays; trades and bars all stay.
    min_price_change : float, optional
        Absolute, since the last message of that symbol and type that was sent.
    min_volume_change : float, optional
        Absolute, in shares, since then. With both, one of them suffices.
    """

    batch_size: int = 1
    max_latency_seconds: float = 0.1
    deduplicate: bool = True
    conflate: bool = True
    min_price_change: float | None = None
    min_volume_change: float | None = None


@dataclass(frozen=True, slots=True)
class _Sent:
    """The last message of a symbol and type that passed; `volume` is the day's until then."""

    price: float
    volume: float


class Delivery:
    """Messages in, batches out; a pure fold but for the time it is told.

    Examples
    --------
    >>> delivery = Delivery(Rules(min_price_change=0.05))
    >>> for price in (10.0, 10.01, 10.06):
    ...     delivery.offer("market.trades.A", {"symbol": "A", "price": price, "size": 1}, 0.0)
    >>> [message["data"]["price"] for message in delivery.take(0.0)]
    [10.0]
    >>> [message["data"]["price"] for message in delivery.take(0.0)]
    [10.06]
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.sent = self.filtered = self.conflated = self.duplicates = 0
        self._waiting: deque[tuple[float, dict[str, Any]]] = deque()
        self._newest: dict[tuple[str, str], dict[str, Any]] = {}
        self._last: dict[tuple[str, str], _Sent] = {}
        self._traded: dict[str, float] = {}
        self._seen: OrderedDict[tuple[Any, ...], None] = OrderedDict()

    def offer(self, topic: str, data: Mapping[str, Any], now: float) -> None:
        """Take a message of the bus; `now` is seconds of a monotonic clock.

        Raises
        ------
        TooSlowError
            Too many messages wait that may not be dropped.
        """
        kind, symbol = message_type(topic), str(data.get("symbol"))
        if self.rules.deduplicate and self._is_known(kind, symbol, data):
            self.duplicates += 1
            return
        if not self._moved(kind, symbol, data):
            self.filtered += 1
            return
        message = {"type": kind, "topic": topic, "data": data}
        if self.rules.conflate and kind in ("quotes", "level1", "level2"):
            waiting = self._newest.get((kind, symbol))
            if waiting is not None:
                waiting.update(message)
                self.conflated += 1
                return
            self._newest[kind, symbol] = message
        if len(self._waiting) >= MOST_WAITING:
            raise TooSlowError(f"{MOST_WAITING} messages wait; read faster or ask for less.")
        self._waiting.append((now, message))

    def take(self, now: float) -> list[dict[str, Any]]:
        """The next batch; empty while it is neither full nor due."""
        if not self._waiting:
            return []
        full = len(self._waiting) >= self.rules.batch_size
        if not full and now < self._waiting[0][0] + self.rules.max_latency_seconds:
            return []
        size = min(len(self._waiting), self.rules.batch_size)
        batch = [self._waiting.popleft()[1] for _ in range(size)]
        for message in batch:
            self._newest.pop((message["type"], str(message["data"].get("symbol"))), None)
        self.sent += len(batch)
        return batch

    @property
    def crowded(self) -> bool:
        """Half of what may wait waits already."""
        return len(self._waiting) >= MOST_WAITING // 2

    def wait(self, now: float) -> float | None:
        """Seconds until a batch is due; None while nothing waits."""
        if not self._waiting:
            return None
        if len(self._waiting) >= self.rules.batch_size:
            return 0.0
        return max(self._waiting[0][0] + self.rules.max_latency_seconds - now, 0.0)

    def _is_known(self, kind: str, symbol: str, data: Mapping[str, Any]) -> bool:
        sequence = data.get("sequence")
        told = (sequence,) if sequence is not None else tuple(map(str, data.items()))
        key = (data.get("source"), symbol, kind, *told)
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def _moved(self, kind: str, symbol: str, data: Mapping[str, Any]) -> bool:
        """Whether it is news; the first message of a symbol and type always is."""
        rules = self.rules
        if kind == "bars" or (rules.min_price_change is None and rules.min_volume_change is None):
            return True
        price = _price_of(data)
        last = self._last.get((kind, symbol))
        volume = self._volume_of(kind, symbol, data)
        if last is not None:
            moved = _at_least(abs(price - last.price), rules.min_price_change)
            traded = _at_least(abs(volume - last.volume), rules.min_volume_change)
            if not (moved or traded):
                return False
        self._last[kind, symbol] = _Sent(price, volume)
        return True

    def _volume_of(self, kind: str, symbol: str, data: Mapping[str, Any]) -> float:
        """Shares traded so far: as the message says, or the sum of the trades seen."""
        if kind != "trades":
            return float(data.get("volume") or 0.0)
        total = self._traded.get(symbol, 0.0) + float(data.get("size") or 0.0)
        self._traded[symbol] = total
        return total


def message_type(topic: str) -> str:
    """What a topic is called in a subscription.

    Examples
    --------
    >>> message_type("market.data.AAPL"), message_type("market.orderbook.AAPL")
    ('level1', 'level2')
    """
    return _TYPES.get(topic.split(".", 2)[1], "other")


def _price_of(data: Mapping[str, Any]) -> float:
    if "price" in data:
        return float(data["price"])
    if "bid" in data and "ask" in data:
        return 0.5 * (float(data["bid"]) + float(data["ask"]))
    bids, asks = data.get("bids"), data.get("asks")
    if bids and asks:
        return 0.5 * (float(bids[0][0]) + float(asks[0][0]))
    return math.nan


def _at_least(change: float, least: float | None) -> bool:
    return least is not None and change >= least - 1e-12
