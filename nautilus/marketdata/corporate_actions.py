"""Dividends and splits of the simulated market, and its prices as they would have been traded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.market_model import World, bars_of
from nautilus.marketdata.reference import find_instrument
from nautilus.marketdata.trading_days import Date, new_york_trading_days

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Traded", "simulate_actions", "traded_basis"]

Floats = NDArray[np.float64]

QUARTER = 63
PAYERS, LEAST_YIELD, MOST_YIELD = 0.65, 0.005, 0.035
FUND_YIELDS = {"SPY": 0.016, "TLT": 0.028, "GLD": 0.0, "SP500": 0.0}
SPLIT_ABOVE, SPLIT_TO, SPLIT_NOTICE = 500.0, 100.0, 21


@dataclass(frozen=True, slots=True)
class Traded:
    """What turns total-return prices of one symbol into prices as traded, by session.

    Parameters
    ----------
    factor : array (time,)
        As traded / total-return price; 1 on the first day.
    shares : array (time,)
        Shares that one of the first day has become.
    events : tuple of (row, kind, value)
        By the first session that trades without it: cash per share, or new shares for one.
    """

    factor: Floats
    shares: Floats
    events: tuple[tuple[int, str, float], ...]


def traded_basis(symbol: str, closes: Floats, world: World) -> Traded:
    """Dividends and splits of one symbol from the first simulated day on.

    A quarterly dividend is a quarter of the symbol's yield on the close before, in whole cents. A
    split follows 21 sessions after the first close above 500, to about 100. Both look back only, so
    a later end changes nothing.

    Examples
    --------
    >>> world = World(0, 300)
    >>> traded = traded_basis("SPY", bars_of("SPY", world)["close"], world)
    >>> [kind for _, kind, _ in traded.events][:2], float(traded.factor[0])
    (['dividend', 'dividend'], 1.0)
    """
    dividend_yield, offset = _policy(symbol, world)
    factor, shares = np.ones(len(closes)), np.ones(len(closes))
    events: list[tuple[int, str, float]] = []
    row, due = 0, None
    while find_instrument(symbol).kind != "index":
        if due is None:
            above = np.flatnonzero(closes[row:] * factor[row:] > SPLIT_ABOVE)
            due = row + int(above[0]) + SPLIT_NOTICE if len(above) else None
        paid = row + (offset - row) % QUARTER if dividend_yield else len(closes)
        paid += QUARTER if paid == row else 0
        nearest = min(paid, due if due is not None else len(closes))
        if nearest >= len(closes):
            break
        before = closes[nearest - 1] * factor[nearest - 1]
        if nearest == due:
            ratio = float(max(2, round(before / SPLIT_TO)))
            events.append((nearest, "split", ratio))
            factor[nearest:] /= ratio
            shares[nearest:] *= ratio
            due = None
        else:
            cash = round(before * dividend_yield / 4.0, 2)
            if cash > 0.0:
                events.append((nearest, "dividend", cash))
                factor[nearest:] *= 1.0 - cash / before
        row = nearest
    return Traded(factor, shares, tuple(events))


def _policy(symbol: str, world: World) -> tuple[float, int]:
    """Yield per annum, 0 for who pays nothing, and the session of the first payment."""
    draws = world.generator(symbol, "dividends").random(3)
    offset = 1 + int(draws[2] * QUARTER)
    if symbol in FUND_YIELDS:
        return FUND_YIELDS[symbol], offset
    pays = draws[0] < PAYERS
    return (LEAST_YIELD + (MOST_YIELD - LEAST_YIELD) * draws[1]) * pays, offset


def simulate_actions(
    symbols: Iterable[str] | None = None, *, start: Date, end: Date, seed: int = 0
) -> pl.DataFrame:
    """Dividends and splits of the simulated market, in the columns that the store takes.

    Parameters
    ----------
    symbols : iterable of str, optional
        From `simulated_symbols()`. By default all but the 500 SIM names.
    start, end : str, date or datetime64
        First and last ex-date, both included.
    seed : int

    Returns
    -------
    polars DataFrame
        ``symbol, timestamp`` (ex-date, midnight UTC), ``kind`` ("dividend" in USD per share as
        traded, "split" in new shares for one), ``value, source``. Adjusting prices as traded
        (`simulate_market(adjustment="none")`) by them gives the total-return ones.

    Raises
    ------
    NotFoundError
        A symbol that is not published; close names are given.
    ParameterError

    Examples
    --------
    >>> simulate_actions(["SPY"], start="2024-01-02", end="2024-12-31")["kind"].to_list()
    ['dividend', 'dividend', 'dividend', 'dividend']
    """
    import polars as pl

    from nautilus.marketdata.simulation import (
        FIRST_DAY,
        checked_days,
        checked_seed,
        checked_symbols,
    )

    names = checked_symbols(symbols)
    first, last = checked_days(start, end)
    days = new_york_trading_days(FIRST_DAY, last)
    world = World(checked_seed(seed), len(days))
    rows: list[tuple[str, Any, str, float]] = []
    for name in names:
        traded = traded_basis(find_instrument(name).symbol, bars_of(name, world)["close"], world)
        rows += [
            (name, days[row].item(), kind, value)
            for row, kind, value in traded.events
            if days[row] >= first
        ]
    schema = {"symbol": pl.String, "timestamp": pl.Date, "kind": pl.String, "value": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    stamp = pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return frame.with_columns(stamp, source=pl.lit("simulated")).sort("symbol", "timestamp")
