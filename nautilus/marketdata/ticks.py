"""Trades and quotes inside a simulated day: they add up to its minutes, to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import ParameterError
from nautilus.core.results import Result
from nautilus.marketdata.intraday import LEAST_SHARES, POINTS, DayPaths, day_paths
from nautilus.marketdata.market_model import World, bars_of, stream_of
from nautilus.marketdata.simulation import FIRST_DAY, checked_days, checked_seed, checked_symbols
from nautilus.marketdata.trading_days import Date, new_york_trading_days

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SimulatedTicks", "simulate_ticks"]

Floats = NDArray[np.float64]

SHARES_A_TRADE = 200.0
MOST_TRADES = 400  # of a minute
CLUSTERING = 0.4  # shape of the gamma gaps; 1 would be a Poisson process
SIZE_SPREAD = 0.9
STAY_ON_SIDE = 0.7
HALF_SPREAD, CENT = 0.00006, 0.01
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SimulatedTicks(Result):
    """Trades of one symbol in one session, and the quote in force at each. Nothing in it happened.

    Parameters
    ----------
    symbol : str
    day : datetime64[D]
    times : array (trade,) of datetime64[us]
        UTC, increasing or equal.
    price, size : array (trade,)
        In USD and whole shares.
    side : array (trade,)
        1 the buyer crossed the spread, -1 the seller.
    sequence : array (trade,)
        1, 2, 3 ... without a gap.
    bid, ask, bid_size, ask_size : array (trade,)
        Whole cents and shares; bid <= price <= ask.
    seed : int
    source : str
        Always "simulated".

    Examples
    --------
    >>> ticks = simulate_ticks("AAPL", "2025-08-01")
    >>> ticks.source, bool((ticks.bid <= ticks.price).all()), int(ticks.sequence[-1])
    ('simulated', True, 45056)
    """

    symbol: str
    day: np.datetime64
    times: NDArray[np.datetime64]
    price: Floats
    size: Floats
    side: NDArray[np.int64]
    sequence: NDArray[np.int64]
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    seed: int
    source: str = "simulated"

    def to_frame(self) -> Any:
        """One row for each trade with the quote in force, as a pandas frame by time in UTC."""
        from nautilus.core.frames import time_frame

        names = ("price", "size", "side", "sequence", "bid", "ask", "bid_size", "ask_size")
        columns: dict[str, Any] = {name: getattr(self, name) for name in names}
        source = np.full(len(self.times), self.source, dtype=object)
        return time_frame(self.times.astype("M8[ns]"), {**columns, "source": source}).tz_localize(
            "UTC"
        )

    def trades(self) -> pl.DataFrame:
        """Trades in the columns that the store takes, as a polars frame."""
        import polars as pl

        side = pl.Series(np.where(self.side > 0, "buy", "sell"))
        return self._rows({"price": self.price, "size": self.size, "sequence": self.sequence,
                           "side": side})  # fmt: skip

    def quotes(self) -> pl.DataFrame:
        """Quotes in the columns that the store takes, as a polars frame: one before each trade."""
        names = ("bid", "bid_size", "ask", "ask_size", "sequence")
        return self._rows({name: getattr(self, name) for name in names})

    def _rows(self, columns: dict[str, Any]) -> pl.DataFrame:
        import polars as pl

        times = pl.Series(self.times).dt.replace_time_zone("UTC")
        return pl.DataFrame({"symbol": [self.symbol] * len(times), "timestamp": times, **columns})


def simulate_ticks(symbol: str, day: Date, *, seed: int = 0) -> SimulatedTicks:
    """Trades and quotes of one simulated session; the same seed gives the same bytes.

    The trades of a minute begin with its open, touch its high and low, end with its close and sum
    to its volume exactly: they are what `simulate_market(timeframe="1m")` shows. They come in
    clusters (gaps are gamma with shape 0.4), at the bid or the ask for a while, in log-normal
    sizes; the quote around each is in whole cents.

    Parameters
    ----------
    symbol : str
        From `simulated_symbols()`.
    day : str, date or datetime64
        A session of the New York Stock Exchange.
    seed : int

    Returns
    -------
    SimulatedTicks

    Raises
    ------
    NotFoundError
        A symbol that is not published; close names are given.
    ParameterError
        No session on that day.

    References
    ----------
    Engle and Russell (1998), Econometrica 66(5), for clustered durations; Roll (1984), Journal of
    Finance 39(4), for the bounce between bid and ask.

    Examples
    --------
    >>> ticks = simulate_ticks("SPY", "2025-08-01")
    >>> str(ticks.times[0])[:19], float(ticks.size.sum()) > 1e6
    ('2025-08-01T13:30:00', True)
    """
    (name,) = checked_symbols([symbol])
    first, _ = checked_days(day, day)
    days = new_york_trading_days(FIRST_DAY, first)
    if days[-1] != first:
        raise ParameterError(
            f"`day` {first} is no session of the New York Stock Exchange; the last one before is"
            f" {days[-1]}.",
            field="day",
        )
    world = World(checked_seed(seed), len(days))
    daily = {field: values[-1:] for field, values in bars_of(name, world).items()}
    (paths,) = day_paths(stream_of(name), world, days[-1:], daily)
    generator = world.generator(stream_of(name), f"ticks/{first}")
    return SimulatedTicks(symbol=name, day=first, seed=world.seed, **_ticks(paths, generator))


def _ticks(paths: DayPaths, generator: np.random.Generator) -> dict[str, Any]:
    """All arrays over trades, drawn in one go for all minutes."""
    shares = paths.shares[0]
    rate = generator.poisson(shares / SHARES_A_TRADE)
    counts = np.minimum(np.clip(LEAST_SHARES + rate, LEAST_SHARES, MOST_TRADES), shares).astype(int)
    minute = np.repeat(np.arange(paths.minutes), counts)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.arange(len(minute)) - first[minute]
    middle, pinned = _prices(paths.prices[0], minute, place, counts)
    side = _sides(len(minute), generator)
    half = np.maximum(np.round(middle * HALF_SPREAD / CENT) * CENT, CENT)
    low, high = _extremes(paths.prices[0], paths.minutes)
    bounced = np.clip(np.round(middle + 0.5 * side * half, 2), low[minute], high[minute])
    price = np.where(pinned, middle, bounced)
    bid = np.minimum(np.floor((middle - half) / CENT + 1e-6), np.floor(price / CENT + 1e-6)) * CENT
    ask = np.maximum(np.ceil((middle + half) / CENT - 1e-6), np.ceil(price / CENT - 1e-6)) * CENT
    deep = generator.integers(1, 21, (2, len(minute))) * 100.0
    return {
        "times": _times(paths, minute, first, counts, generator),
        "price": price,
        "size": _sizes(shares, minute, first, counts, generator),
        "side": side.astype(np.int64),
        "sequence": np.arange(1, len(minute) + 1),
        "bid": np.round(np.maximum(bid, CENT), 2),
        "ask": np.round(ask, 2),
        "bid_size": deep[0],
        "ask_size": deep[1],
    }


def _prices(
    points: Floats, minute: NDArray[np.int64], place: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Prices along the points of each minute; those trades that hit a point have its price."""
    steps = np.maximum(counts[minute] - 1, 1)
    # Point i of a minute is hit by the trade nearest to i * steps / 4: from five on, five of them.
    along = POINTS * place / steps
    left = np.minimum(np.floor(along).astype(int), POINTS - 1)
    start = minute * POINTS + left
    share = along - left
    middle = points[start] * (1.0 - share) + points[start + 1] * share
    nearest = np.clip(np.round(along).astype(int), 0, POINTS)
    pinned = place == np.floor(nearest * steps / POINTS + 0.5).astype(int)
    return np.where(pinned, points[minute * POINTS + nearest], middle), pinned


def _extremes(points: Floats, minutes: int) -> tuple[Floats, Floats]:
    inner = points[:-1].reshape(minutes, POINTS)
    ends = points[POINTS::POINTS]
    return np.minimum(inner.min(axis=1), ends), np.maximum(inner.max(axis=1), ends)


def _sides(size: int, generator: np.random.Generator) -> Floats:
    """1 or -1 in runs: the side changes with probability 0.3."""
    changes = generator.random(size) >= STAY_ON_SIDE
    sides: Floats = np.where(np.cumsum(changes) % 2 == 0, 1.0, -1.0)
    return sides


def _times(
    paths: DayPaths,
    minute: NDArray[np.int64],
    first: NDArray[np.int64],
    counts: NDArray[np.int64],
    generator: np.random.Generator,
) -> NDArray[np.datetime64]:
    """Microseconds within each minute: gaps in clusters, the first trade after the first gap."""
    gaps = generator.gamma(CLUSTERING, size=len(minute)) + 1e-9
    rest = generator.gamma(CLUSTERING, size=paths.minutes) + 1e-9
    passed = np.cumsum(gaps)
    before = np.concatenate([[0.0], passed[first[1:] - 1]])
    within = passed - before[minute]
    total = np.add.reduceat(gaps, first) + rest
    offset = np.floor(within / total[minute] * (MINUTE_US - 1)).astype(np.int64)
    opens = paths.opens[0].astype("M8[us]")
    times: NDArray[np.datetime64] = opens + (minute * MINUTE_US + offset).astype("m8[us]")
    return times


def _sizes(
    shares: Floats,
    minute: NDArray[np.int64],
    first: NDArray[np.int64],
    counts: NDArray[np.int64],
    generator: np.random.Generator,
) -> Floats:
    """Whole shares, at least one each, that sum to the shares of their minute."""
    weights = np.exp(SIZE_SPREAD * generator.standard_normal(len(minute)))
    passed = np.cumsum(weights)
    before = np.concatenate([[0.0], passed[first[1:] - 1]])
    share = (passed - before[minute]) / np.add.reduceat(weights, first)[minute]
    rest = shares - counts
    sums = np.floor(np.minimum(share, 1.0) * rest[minute] + 0.5)
    last = first + counts - 1
    sums[last] = rest
    sizes = np.diff(sums, prepend=0.0)
    sizes[first] = sums[first]
    whole: Floats = sizes + 1.0
    return whole
