"""Simulated macro series that know in which regime the simulated market is; with vintages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata.market_model import YEAR, World
from nautilus.marketdata.reference import close_names
from nautilus.marketdata.simulation import FIRST_DAY, checked_days, checked_seed
from nautilus.marketdata.trading_days import Date, new_york_trading_days

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MacroSeries", "macro_series", "simulate_macro"]

Floats = NDArray[np.float64]
Rows = list[tuple[str, dt.date, float, dt.date]]


@dataclass(frozen=True, slots=True)
class MacroSeries:
    """One simulated series.

    Parameters
    ----------
    series : str
        Id in the manner of FRED; the values are not FRED's.
    name, unit : str
    frequency : {"daily", "monthly", "quarterly"}
    releases : tuple of int
        Days from the end of a period to its first figure and to each revision.

    Examples
    --------
    >>> macro_series()["GDP"].releases
    (28, 58, 88)
    """

    series: str
    name: str
    unit: str
    frequency: str
    releases: tuple[int, ...] = (0,)


_SERIES = {
    one.series: one
    for one in (
        MacroSeries("VIXCLS", "implied volatility of the simulated market", "percent", "daily"),
        MacroSeries("T10Y2Y", "10-year less 2-year yield", "percent", "daily"),
        MacroSeries("DTWEXBGS", "broad dollar index", "index", "daily"),
        MacroSeries("BAMLH0A0HYM2", "high-yield spread", "percent", "daily"),
        MacroSeries("FEDFUNDS", "policy rate", "percent", "monthly", (1,)),
        MacroSeries("CPIAUCSL", "consumer prices", "index", "monthly", (12, 42, 72)),
        MacroSeries("UNRATE", "unemployment", "percent", "monthly", (5, 35, 65)),
        MacroSeries("GDP", "gross domestic product", "billions of USD", "quarterly", (28, 58, 88)),
    )
}
_ALIASES = {
    "VIX": "VIXCLS", "CPI": "CPIAUCSL", "UNEMPLOYMENT": "UNRATE", "POLICY_RATE": "FEDFUNDS",
    "DXY": "DTWEXBGS", "HIGH_YIELD_SPREAD": "BAMLH0A0HYM2", "YIELD_SLOPE": "T10Y2Y",
}  # fmt: skip
VIX_PREMIUM = 1.15
# Level in calm and in stress, share of the gap closed in a step, and the spread of a step.
SLOPE = (0.9, 1.9, 0.004, 0.035)
DOLLAR = (np.log(112.0), np.log(120.0), 0.003, 0.0035)
SPREAD = (3.6, 7.5, 0.02, 0.10)
JOBLESS = (4.2, 8.5, 0.06, 0.08)
INFLATION, INFLATION_SPREAD, INFLATION_MEMORY = 0.0020, 0.0012, 0.6
NEUTRAL_RATE, RATE_MEMORY = 2.5, 0.92
GDP_FIRST, GDP_CALM, GDP_STRESS, GDP_SPREAD = 14_700.0, 0.011, -0.010, 0.004
# Error of the first figure; of the second a third of it, of the last none.
FIRST_ERRORS = {"CPIAUCSL": 0.0006, "UNRATE": 0.08, "GDP": 0.004}


def macro_series() -> dict[str, MacroSeries]:
    """The published list: every series that `simulate_macro` serves.

    Returns
    -------
    dict of id -> MacroSeries

    Examples
    --------
    >>> list(macro_series())[:3]
    ['VIXCLS', 'T10Y2Y', 'DTWEXBGS']
    """
    return dict(_SERIES)


def simulate_macro(
    series: Iterable[str] | None = None, *, start: Date, end: Date, seed: int = 0
) -> pl.DataFrame:
    """Macro series of the simulated economy, every figure with the day it became known.

    Implied volatility follows the market's conditional variance; slope, dollar, credit spread,
    unemployment and output move to other levels while the market is in its stressed regime; the
    policy rate follows inflation and unemployment (Taylor 1993, in form). Prices, unemployment and
    output are revised twice.

    Parameters
    ----------
    series : iterable of str, optional
        Ids of `macro_series()`, or VIX, CPI, unemployment, policy_rate, DXY, yield_slope,
        high_yield_spread. By default all.
    start, end : str, date or datetime64
        What became known from `start` to `end`, both included.
    seed : int

    Returns
    -------
    polars DataFrame
        Rows as the store takes them: ``series, timestamp`` (start of the period), ``value,
        knowledge_ts`` (the last microsecond of the day of its release) and ``source``.

    Raises
    ------
    NotFoundError
        A series that is not published; close names are given.
    ParameterError

    Examples
    --------
    >>> rows = simulate_macro(["UNRATE"], start="2024-01-01", end="2024-12-31")
    >>> len(rows), rows["source"][0]
    (36, 'simulated')
    """
    import polars as pl

    names = _names(series)
    first, last = checked_days(start, end)
    # Beyond the end, so that a month that ends with a weekend is seen to have ended.
    days = new_york_trading_days(FIRST_DAY, last + 10)
    world = World(checked_seed(seed), len(days))
    economy = _Economy(world, days)
    rows = [row for name in names for row in economy.rows(name)]
    schema: dict[str, Any] = {
        "series": pl.String, "timestamp": pl.Date, "value": pl.Float64, "knowledge_ts": pl.Date,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    frame = frame.filter(pl.col("knowledge_ts").is_between(first.item(), last.item()))
    known = pl.col("knowledge_ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    evening = known + pl.duration(days=1) - pl.duration(microseconds=1)
    return frame.with_columns(
        pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        knowledge_ts=evening,
        source=pl.lit("simulated"),
    )


def _names(series: Iterable[str] | None) -> list[str]:
    given = list(_SERIES) if series is None else [series] if isinstance(series, str) else series
    names = [_ALIASES.get(str(name).upper(), str(name)) for name in given]
    for name in names:
        if name not in _SERIES:
            near = close_names(name, [*_SERIES, *_ALIASES])
            raise NotFoundError(
                f"{name!r} is no simulated series.{near} `macro_series()` lists all.",
                field="series",
            )
    if not names or len(set(names)) != len(names):
        raise ParameterError("`series` must name each series once.", field="series")
    return names


class _Economy:
    """All series over some sessions; periods that have not ended have no figure."""

    def __init__(self, world: World, days: NDArray[np.datetime64]) -> None:
        self._world = world
        self._days = days
        months = days.astype("M8[M]")
        first = np.flatnonzero(np.append(True, months[1:] != months[:-1]))
        # The last month may go on.
        counts = np.diff(np.append(first, len(days)))[:-1]
        stressed = np.add.reduceat(world.regimes.astype(np.float64), first)[:-1] / counts
        self._months = months[first][:-1]
        self._stressed = stressed

    def rows(self, name: str) -> Rows:
        kind = _SERIES[name]
        if kind.frequency == "daily":
            dates = [day.item() for day in self._days]
            values = self._daily(name).tolist()
            return [(name, day, value, day) for day, value in zip(dates, values, strict=True)]
        values, starts, ends = self._periods(name)
        error = FIRST_ERRORS.get(name, 0.0)
        noise = self._draws(name, "revisions", len(values))
        found: Rows = []
        for n, (begin, finish) in enumerate(zip(starts, ends, strict=True)):
            for rank, days in enumerate(kind.releases):
                share = (1.0, 1.0 / 3.0, 0.0)[rank] if len(kind.releases) > 1 else 0.0
                scale = 1.0 if name == "UNRATE" else values[n]
                value = round(float(values[n] + share * error * scale * noise[n]), 4)
                found.append((name, begin, value, finish + dt.timedelta(days=days)))
        return found

    def _daily(self, name: str) -> Floats:
        if name == "VIXCLS":
            level = np.sqrt(YEAR * self._world.market_variance)
            implied: Floats = (100.0 * VIX_PREMIUM * level).round(2)
            return implied
        stressed = self._world.regimes.astype(np.float64)
        shocks = self._draws(name, "levels", len(stressed))
        levels = {"T10Y2Y": SLOPE, "DTWEXBGS": DOLLAR, "BAMLH0A0HYM2": SPREAD}[name]
        path = _reverting(stressed, shocks, levels)
        if name == "DTWEXBGS":
            dollar: Floats = np.exp(path).round(4)
            return dollar
        found: Floats = np.round(np.maximum(path, 2.3) if name == "BAMLH0A0HYM2" else path, 2)
        return found

    def _periods(self, name: str) -> tuple[Floats, list[dt.date], list[dt.date]]:
        months = [month.astype("M8[D]").item() for month in self._months]
        ends = [_next_month(day) - dt.timedelta(days=1) for day in months]
        if name != "GDP":
            return self._monthly(name), months, ends
        whole = len(months) // 3 * 3
        quarters = self._stressed[:whole].reshape(-1, 3).mean(axis=1)
        shocks = self._draws(name, "levels", len(quarters))
        growth = GDP_CALM + (GDP_STRESS - GDP_CALM) * quarters + GDP_SPREAD * shocks
        level = GDP_FIRST * np.exp(np.cumsum(growth))
        return level, months[:whole:3], ends[2:whole:3]

    def _monthly(self, name: str) -> Floats:
        jobless = _reverting(self._stressed, self._draws("UNRATE", "levels", self._size), JOBLESS)
        if name == "UNRATE":
            return np.maximum(jobless, 2.5)
        inflation = self._inflation()
        if name == "CPIAUCSL":
            prices: Floats = 216.7 * np.exp(np.cumsum(inflation))
            return prices
        wanted = NEUTRAL_RATE + 1.5 * (1200.0 * inflation - 2.4) - 0.8 * (jobless - 4.5)
        rate: Floats = np.maximum(_smoothed(wanted, RATE_MEMORY), 0.05).round(2)
        return rate

    def _inflation(self) -> Floats:
        shocks = INFLATION_SPREAD * self._draws("CPIAUCSL", "levels", self._size)
        inflation: Floats = INFLATION + _smoothed(shocks - 0.001 * self._stressed, INFLATION_MEMORY)
        return inflation

    @property
    def _size(self) -> int:
        return len(self._months)

    def _draws(self, name: str, purpose: str, size: int) -> Floats:
        return self._world.generator(f"macro/{name}", purpose).standard_normal(size)


def _reverting(
    stressed: Floats, shocks: Floats, levels: tuple[float, float, float, float]
) -> Floats:
    """Towards one level in calm and another in stress, a share of the gap in each step."""
    calm, stress, speed, spread = levels
    targets, values, value = calm + (stress - calm) * stressed, [], calm
    for target, shock in zip(targets.tolist(), shocks.tolist(), strict=True):
        value += speed * (target - value) + spread * shock
        values.append(value)
    return np.array(values)


def _smoothed(values: Floats, memory: float) -> Floats:
    found, value = [], float(values[0]) if len(values) else 0.0
    for one in values.tolist():
        value = memory * value + (1.0 - memory) * one
        found.append(value)
    smooth: Floats = np.array(found)
    return smooth


def _next_month(day: dt.date) -> dt.date:
    return dt.date(day.year + day.month // 12, day.month % 12 + 1, 1)
