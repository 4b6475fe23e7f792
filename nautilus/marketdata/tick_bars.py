"""Bars from trades: the same fold trade by trade and over arrays."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nautilus.core.errors import ParameterError, ShapeError

__all__ = ["TickBar", "TickBars"]

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class TickBar(NamedTuple):
    """A finished bar of one symbol.

    Parameters
    ----------
    symbol : str
    timestamp : datetime
        Start of the bar, UTC.
    open, high, low, close : float
    volume : float
    vwap : float
        Sum of price times size / volume; NaN where no trade had a size.
    trade_count : int
    """

    symbol: str
    timestamp: dt.datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    trade_count: int


class _Open:
    """The bar of one symbol that is still growing."""

    __slots__ = ("close", "count", "high", "low", "notional", "open", "start", "volume")

    def __init__(self, start: int, price: float) -> None:
        self.start = start
        self.open = self.high = self.low = self.close = price
        self.volume = self.notional = 0.0
        self.count = 0


class TickBars:
    """Bars of any length from trades, by symbol.

    A bar is finished by the first trade after it, or by `finish`. A trade older than the bar that
    grows comes too late: it is counted and left out, so that no finished bar ever changes.

    Parameters
    ----------
    timeframe : str
        A number and s, m, h or d: "1s", "5m", "1h".
    origin : datetime, aware, optional
        A start of a bar; 1970-01-01 UTC where not given. The open of the exchange gives hourly bars
        that begin at half past.

    Attributes
    ----------
    late : int
        Trades left out.

    Examples
    --------
    >>> bars = TickBars("1m")
    >>> bars.update("A", 1_704_205_800_000_000, 9.5, 100.0)
    []
    >>> bars.update("A", 1_704_205_859_000_000, 9.7, 50.0)
    []
    >>> bars.update("A", 1_704_205_860_000_000, 9.6, 10.0)[0].close
    9.7
    """

    __slots__ = ("_earliest", "_offset", "_open", "_step", "late", "timeframe")

    def __init__(self, timeframe: str, *, origin: dt.datetime | None = None) -> None:
        found = re.fullmatch(r"([1-9]\d*)([smhd])", timeframe)
        if found is None:
            raise ParameterError(
                f'`timeframe` must be a number and s, m, h or d, such as "5m", got {timeframe!r}.',
                field="timeframe",
            )
        if origin is not None and origin.tzinfo is None:
            raise ParameterError(
                f"`origin` must be aware, got {origin.isoformat()}.", field="origin"
            )
        self.timeframe = timeframe
        self._step = int(found[1]) * _UNITS[found[2]] * 1_000_000
        since = dt.timedelta(0) if origin is None else origin - _EPOCH
        self._offset = since // dt.timedelta(microseconds=1) % self._step
        self._open: dict[str, _Open] = {}
        # After `finish`: where the next bar of a symbol may start.
        self._earliest: dict[str, int] = {}
        self.late = 0

    def update(self, symbol: str, timestamp: int, price: float, size: float) -> list[TickBar]:
        """Take one trade; the bar that it finishes, if any.

        Parameters
        ----------
        symbol : str
        timestamp : int
            Microseconds since 1970 in UTC.
        price, size : float
        """
        start = timestamp - (timestamp - self._offset) % self._step
        bar = self._open.get(symbol)
        if start < (bar.start if bar is not None else self._earliest.get(symbol, start)):
            self.late += 1
            return []
        finished = []
        if bar is None or start > bar.start:
            if bar is not None:
                finished.append(self._finished(symbol, bar))
            bar = self._open[symbol] = _Open(start, price)
        if price > bar.high:
            bar.high = price
        if price < bar.low:
            bar.low = price
        bar.close = price
        bar.volume += size
        bar.notional += price * size
        bar.count += 1
        return finished

    def update_batch(
        self, symbol: str, timestamps: ArrayLike, prices: ArrayLike, sizes: ArrayLike
    ) -> list[TickBar]:
        """Take trades of one symbol in the order received: what `update` does, to the bit."""
        times = np.asarray(timestamps, dtype=np.int64)
        price, size = (np.asarray(x, dtype=np.float64) for x in (prices, sizes))
        if not times.shape == price.shape == size.shape or times.ndim != 1:
            raise ShapeError(
                f"timestamps, prices and sizes must be of one length, got {times.shape},"
                f" {price.shape}, {size.shape}.",
                field="prices",
            )
        if not len(times):
            return []
        starts = times - (times - self._offset) % self._step
        bar = self._open.get(symbol)
        least = bar.start if bar is not None else self._earliest.get(symbol, int(starts[0]))
        kept = starts == np.maximum(np.maximum.accumulate(starts), least)
        self.late += int((~kept).sum())
        return self._grow(symbol, starts[kept], price[kept], size[kept])

    def _grow(
        self,
        symbol: str,
        starts: NDArray[np.int64],
        price: NDArray[np.float64],
        size: NDArray[np.float64],
    ) -> list[TickBar]:
        finished = []
        cuts = np.flatnonzero(np.diff(starts)) + 1
        edges = [0, *cuts.tolist(), len(starts)]
        for first, end in itertools.pairwise(edges if len(starts) else []):
            bar = self._open.get(symbol)
            if bar is None or starts[first] > bar.start:
                if bar is not None:
                    finished.append(self._finished(symbol, bar))
                bar = self._open[symbol] = _Open(int(starts[first]), float(price[first]))
            _extend(bar, price[first:end], size[first:end])
        return finished

    def finish(self, before: int | None = None) -> list[TickBar]:
        """Bars that have ended, by time and not by a trade.

        Parameters
        ----------
        before : int, optional
            Microseconds since 1970: bars whose end is not after it; all bars where not given.
        """
        over = [
            symbol
            for symbol, bar in self._open.items()
            if before is None or bar.start + self._step <= before
        ]
        for symbol in over:
            self._earliest[symbol] = self._open[symbol].start + self._step
        return [self._finished(symbol, self._open.pop(symbol)) for symbol in sorted(over)]

    def _finished(self, symbol: str, bar: _Open) -> TickBar:
        start = _EPOCH + dt.timedelta(microseconds=bar.start)
        vwap = bar.notional / bar.volume if bar.volume > 0 else math.nan
        prices = bar.open, bar.high, bar.low, bar.close
        return TickBar(symbol, start, *prices, bar.volume, vwap, bar.count)

    def _state(self) -> dict[str, tuple[float, ...]]:
        return {
            symbol: tuple(getattr(bar, name) for name in _Open.__slots__)
            for symbol, bar in self._open.items()
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TickBars):
            return NotImplemented
        same = (self._step, self._offset, self.late) == (other._step, other._offset, other.late)
        return same and self._state() == other._state() and self._earliest == other._earliest

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"TickBars({self.timeframe!r}, growing={len(self._open)}, late={self.late})"


def _extend(bar: _Open, price: NDArray[np.float64], size: NDArray[np.float64]) -> None:
    """Sums one after the other, as `update` adds them: not pairwise."""
    bar.high = max(bar.high, float(price.max()))
    bar.low = min(bar.low, float(price.min()))
    bar.close = float(price[-1])
    bar.volume = float(np.add.accumulate(np.append(bar.volume, size))[-1])
    bar.notional = float(np.add.accumulate(np.append(bar.notional, price * size))[-1])
    bar.count += len(price)
