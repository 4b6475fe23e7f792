"""Simulated headlines whose tone leans, a little, towards what the stock does next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from nautilus.core.errors import DataError
from nautilus.marketdata.market_model import World, own_shocks
from nautilus.marketdata.reference import find_instrument, known_symbols
from nautilus.marketdata.simulation import FIRST_DAY, checked_days, checked_seed
from nautilus.marketdata.trading_days import Date, new_york_trading_days

if TYPE_CHECKING:
    import polars as pl

__all__ = ["simulate_news"]

A_DAY = 0.08
CORRELATION = 0.10
_GOOD = (
    "{name} raises its outlook", "{name} wins a large order", "Analysts lift {name}",
    "{name} beats expectations", "{name} announces a buyback",
)  # fmt: skip
_EVEN = (
    "{name} to present at a conference", "{name} names a new board member",
    "{name} publishes its annual report",
)  # fmt: skip
_BAD = (
    "{name} cuts its outlook", "{name} faces an inquiry", "Analysts lower {name}",
    "{name} misses expectations", "{name} recalls a product",
)  # fmt: skip
_NEUTRAL = 0.25


def simulate_news(
    symbols: Iterable[str] | None = None, *, start: Date, end: Date, seed: int = 0
) -> pl.DataFrame:
    """Headlines of simulated stocks; nothing in them happened.

    A stock has one on 8 % of the sessions, after the close. Its polarity is correlated by 0.10 with
    the stock's own shock of the next session: an edge as small as real ones.

    Parameters
    ----------
    symbols : iterable of str, optional
        Stocks of the reference list. By default all but the 500 SIM names.
    start, end : str, date or datetime64
        First and last session, both included.
    seed : int

    Returns
    -------
    polars DataFrame
        ``symbol, timestamp`` (UTC), ``headline, polarity`` (-1 to 1) and ``source``, by time.

    Raises
    ------
    NotFoundError, ParameterError
    DataError
        A fund or an index, which has no news of its own.

    Examples
    --------
    >>> news = simulate_news(["AAPL"], start="2024-01-02", end="2024-12-31")
    >>> news["source"].unique().to_list(), bool(news["polarity"].is_between(-1, 1).all())
    (['simulated'], True)
    """
    import polars as pl

    given = known_symbols(simulated=False) if symbols is None else symbols
    names = [given] if isinstance(given, str) else list(given)
    stocks = [name for name in names if find_instrument(name).kind == "stock"]
    if symbols is not None and (others := sorted(set(names) - set(stocks))):
        raise DataError(f"{others[0]!r} is no stock and has no news.", field="symbols")
    first, last = checked_days(start, end)
    # One session more: a headline leans towards what comes after it.
    days = new_york_trading_days(FIRST_DAY, last + 10)
    world = World(checked_seed(seed), len(days))
    rows = [row for name in stocks for row in _headlines(name, world, days, first, last)]
    schema: dict[str, Any] = {
        "symbol": pl.String, "timestamp": pl.Datetime("us", "UTC"), "headline": pl.String,
        "polarity": pl.Float64,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(source=pl.lit("simulated")).sort("timestamp", "symbol")


def _headlines(
    name: str, world: World, days: np.ndarray[Any, Any], first: np.datetime64, last: np.datetime64
) -> list[tuple[str, dt.datetime, str, float]]:
    instrument = find_instrument(name)
    draws = world.generator(instrument.symbol, "news").random((world.size, 4))
    normal = world.generator(instrument.symbol, "tone").standard_normal(world.size)
    after = np.append(own_shocks(instrument.symbol, world)[1:], 0.0)
    tone = np.tanh(CORRELATION * after + np.sqrt(1.0 - CORRELATION**2) * normal)
    told = (draws[:, 0] < A_DAY) & (days >= first) & (days <= last)
    found = []
    for row in np.flatnonzero(told).tolist():
        polarity = round(float(tone[row]), 4)
        minutes = int(draws[row, 1] * 120)
        at = dt.datetime.combine(days[row].item(), dt.time(21, 30), dt.UTC)
        text = _text(polarity, draws[row, 2]).format(name=instrument.name)
        found.append((name, at + dt.timedelta(minutes=minutes), text, polarity))
    return found


def _text(polarity: float, draw: float) -> str:
    texts = _EVEN if abs(polarity) < _NEUTRAL else _GOOD if polarity > 0 else _BAD
    return texts[int(draw * len(texts))]
