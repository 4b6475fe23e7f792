"""Bars adjusted when they are read: what is stored stays as it came."""

from __future__ import annotations

import numpy as np
import polars as pl

from nautilus.core.errors import DataError
from nautilus.marketdata.bars import adjustment_factors

__all__ = ["ADJUSTMENTS", "BASES", "adjusted"]

# What prices may already be adjusted for when they come, and what a reader may ask for.
BASES = ("raw", "split", "total")
ADJUSTMENTS = ("none", "split", "total")
_PRICES = ("open", "high", "low", "close", "vwap")


def adjusted(
    bars: pl.DataFrame,
    actions: pl.DataFrame,
    adjustment: str,
    basis: str,
    source: str,
    reinvest_at: str,
) -> pl.DataFrame:
    """Bars in the terms of the last one of each symbol.

    Parameters
    ----------
    bars : frame sorted by symbol and time
    actions : frame of symbol, timestamp (ex-date), kind ("split" or "dividend") and value
    adjustment : {"none", "split", "total"}
        total: splits and dividends, as a holder earns who reinvests.
    basis : {"raw", "split", "total"}
        What the prices are adjusted for as they are stored.
    reinvest_at : {"previous_close", "ex_date_close"}

    Raises
    ------
    DataError
        Prices that are adjusted for more than is asked for: that cannot be undone.
    """
    kinds = _missing_kinds(adjustment, basis, source)
    wanted = actions.filter(pl.col("kind").is_in(kinds)) if kinds else actions.clear()
    if not len(wanted) or not len(bars):
        return bars
    prices, shares = np.ones(len(bars)), np.ones(len(bars))
    acted = set(wanted["symbol"])
    for symbol, start, size in _runs(bars["symbol"]):
        if symbol in acted:
            rows = slice(start, start + size)
            own = wanted.filter(pl.col("symbol") == symbol)
            prices[rows], shares[rows] = _factors(bars[rows], own, reinvest_at)
    price, share = pl.Series(prices), pl.Series(shares)
    return bars.with_columns(
        *(pl.col(name) * price for name in _PRICES if name in bars.columns),
        *(pl.col(name) * share for name in ("volume",) if name in bars.columns),
    )


def _missing_kinds(adjustment: str, basis: str, source: str) -> list[str]:
    if ADJUSTMENTS.index(adjustment) < BASES.index(basis):
        raise DataError(
            f"the prices of source {source!r} are stored adjusted ({basis}), which cannot be"
            f" undone. Ask for adjustment={ADJUSTMENTS[BASES.index(basis)]!r}.",
            field="adjustment",
        )
    todo = {"none": [], "split": ["split"], "total": ["split", "dividend"]}[adjustment]
    done = {"raw": [], "split": ["split"], "total": ["split", "dividend"]}[basis]
    return [kind for kind in todo if kind not in done]


def _runs(symbols: pl.Series) -> list[tuple[str, int, int]]:
    runs = symbols.rle()
    lengths, values = runs.struct.field("len").to_list(), runs.struct.field("value").to_list()
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).tolist()
    return [(str(v), int(s), int(n)) for v, s, n in zip(values, starts, lengths, strict=True)]


def _factors(
    bars: pl.DataFrame, actions: pl.DataFrame, reinvest_at: str
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]
]:
    """An action counts from the first bar on or after its day; before the first bar, for none."""
    times = bars["timestamp"].to_numpy()
    events: dict[str, list[tuple[int, float]]] = {"split": [], "dividend": []}
    for day, kind, value in actions.select("timestamp", "kind", "value").iter_rows():
        row = int(np.searchsorted(times, np.datetime64(day.replace(tzinfo=None), "us")))
        if 0 < row < len(times):
            events[kind].append((row, float(value)))
    closes = bars["close"].fill_null(np.nan).to_numpy()
    return adjustment_factors(
        closes, splits=events["split"], dividends=events["dividend"], reinvest_at=reinvest_at
    )
