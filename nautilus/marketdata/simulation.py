"""A simulated market: regimes, a GJR-GARCH-t market, sectors, stocks, a bond and gold.

Every random stream belongs to one name and one purpose and is drawn from a fixed first day onward.
So a symbol's history depends neither on the other symbols asked for nor on the last day asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.core.results import Result
from nautilus.marketdata.corporate_actions import traded_basis
from nautilus.marketdata.expected import MINUTES
from nautilus.marketdata.intraday import day_paths, minute_bars, total_bars
from nautilus.marketdata.market_model import World, bars_of, stream_of
from nautilus.marketdata.reference import close_names, known_symbols
from nautilus.marketdata.trading_days import Date, check_day, new_york_trading_days

__all__ = [
    "FIRST_DAY",
    "SimulatedMarket",
    "checked_days",
    "checked_seed",
    "checked_symbols",
    "simulate_market",
    "simulated_symbols",
]

Floats = NDArray[np.float64]

FIRST_DAY = np.datetime64("2010-01-04")
LAST_DAY = np.datetime64("2060-12-31")
FIELDS = ("open", "high", "low", "close", "volume")
_LONGER = {"1w": "W", "1M": "M"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SimulatedMarket(Result):
    """Bars of a simulated market. Nothing in it happened.

    Parameters
    ----------
    symbols : tuple of str
    times : array (time,) of datetime64[ns]
        Of days and longer: session labels of the New York Stock Exchange, without a zone (of weeks
        and months the last session). Below a day: starts of the bars, UTC.
    open, high, low, close : array (time, symbol)
        Prices in USD, by default on a total-return basis: no dividends, no splits.
    volume : array (time, symbol)
        Whole shares.
    vwap : array (time, symbol) or None
        Mean price by volume, of bars below a day.
    regimes : array (time,)
        0 calm, 1 stressed: the state the market was drawn from at the end of the bar.
    seed : int
    timeframe : str
    adjustment : str
        What the prices are adjusted for: "total", "split" or "none" (as traded).
    source : str
        Always "simulated".

    Examples
    --------
    >>> market = simulate_market(["AAPL"], start="2024-01-02", end="2024-01-05")
    >>> market.close.shape, market.source
    ((4, 1), 'simulated')
    """

    symbols: tuple[str, ...]
    times: NDArray[np.datetime64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    regimes: NDArray[np.int64]
    seed: int
    vwap: Floats | None = None
    timeframe: str = "1d"
    adjustment: str = "total"
    source: str = "simulated"

    def prices(self, name: str = "close") -> Any:
        """One field as a pandas frame, time by symbol; `.attrs` says that it is simulated.

        Examples
        --------
        >>> market = simulate_market(["SPY"], start="2024-01-02", end="2024-01-02")
        >>> market.prices().attrs["source"]
        'simulated'
        """
        values = getattr(self, check_choice(name, "name", FIELDS))
        frame = self._by_time(self.times, dict(zip(self.symbols, values.T, strict=True)))
        frame.attrs.update(source=self.source, caveat=CAVEAT)
        return frame

    def bars(self, symbol: str) -> Any:
        """Open, high, low, close, volume of one symbol as a pandas frame by time."""
        column = self._position(symbol)
        fields = {name: getattr(self, name)[:, column] for name in self._fields}
        frame = self._by_time(self.times, fields)
        frame.attrs.update(source=self.source, caveat=CAVEAT)
        return frame

    def to_frame(self) -> Any:
        """Long pandas frame: one row for each time and symbol, `source` in every row."""
        n_symbols = len(self.symbols)
        columns = {name: getattr(self, name).reshape(-1) for name in self._fields}
        names = np.tile(np.array(self.symbols, dtype=object), len(self.times))
        source = np.full(len(names), self.source, dtype=object)
        times = np.repeat(self.times, n_symbols)
        return self._by_time(times, {"symbol": names, **columns, "source": source})

    @property
    def _fields(self) -> tuple[str, ...]:
        return FIELDS if self.vwap is None else (*FIELDS, "vwap")

    def _by_time(self, times: NDArray[np.datetime64], columns: dict[str, Any]) -> Any:
        from nautilus.core.frames import time_frame

        frame = time_frame(times, columns)
        return frame.tz_localize("UTC") if self.timeframe in MINUTES else frame

    def _position(self, symbol: str) -> int:
        if symbol not in self.symbols:
            raise NotFoundError(
                f"{symbol!r} is not in this market.{close_names(symbol, self.symbols)}",
                field="symbol",
            )
        return self.symbols.index(symbol)


CAVEAT = (
    "Simulated: drawn from a factor model with GJR-GARCH-t volatility and regimes. Real tickers"
    " are labels only; no price in it ever traded. By default on a total-return basis."
)


def simulated_symbols() -> tuple[str, ...]:
    """The published list: every symbol that `simulate_market` serves.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "AAPL" in simulated_symbols(), "SIM500" in simulated_symbols()
    (True, True)
    """
    return known_symbols()


def simulate_market(
    symbols: Iterable[str] | None = None,
    *,
    start: Date,
    end: Date,
    timeframe: str = "1d",
    adjustment: str = "total",
    seed: int = 0,
) -> SimulatedMarket:
    """Bars of a simulated market; the same seed gives the same bytes.

    Market log return f = drift + sqrt(regime multiplier) * e with e GJR-GARCH(1,1)-t; a stock is
    beta * f + load * sector + own GJR-GARCH-t + a jump on every 63rd session (earnings). SPY and
    SP500 are the market itself. TLT follows a mean-reverting long yield that falls with the market;
    GLD is a commodity with an inverse leverage effect. Open, high and low come from a bridge pinned
    to the closes, so high >= max(open, close) and low <= min(open, close) hold by construction.
    Minutes are a path through the day's open, high, low and close: bars of any length add up to the
    longer ones to the bit, half days included.

    Parameters
    ----------
    symbols : iterable of str, optional
        From `simulated_symbols()`. By default all but the 500 SIM names.
    start, end : str, date or datetime64
        First and last day, both included, from 2010-01-04 to 2060-12-31.
    timeframe : {"1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"}
        Below a day counted from the open: seven hourly bars in a session, the last of 30 minutes.
    adjustment : {"total", "split", "none"}
        total: what a holder earns. none: as traded, with the dividends and splits that
        `simulate_actions` lists; split: those, in shares of the last day.
    seed : int
        Another seed is another world. Not negative.

    Returns
    -------
    SimulatedMarket
        Extending `end` or adding symbols never changes a bar that was there before (but a week or
        month that was not over).

    Raises
    ------
    NotFoundError
        A symbol that is not published; close names are given.
    ParameterError

    References
    ----------
    Glosten, Jagannathan and Runkle (1993), Journal of Finance 48(5), eq. 8; Cont (2001),
    Quantitative Finance 1(2), for the stylised facts it is calibrated to.

    Examples
    --------
    >>> market = simulate_market(["SPY", "TLT"], start="2020-01-02", end="2020-12-31", seed=7)
    >>> bool((market.high >= market.close).all()), len(market.times)
    (True, 253)
    >>> hours = simulate_market(["SPY"], start="2025-08-01", end="2025-08-22", timeframe="1h")
    >>> len(hours.times), str(hours.times[0])[:16]
    (112, '2025-08-01T13:30')
    """
    check_choice(timeframe, "timeframe", (*MINUTES, "1d", *_LONGER))
    check_choice(adjustment, "adjustment", ("total", "split", "none"))
    names = checked_symbols(symbols)
    first, last = checked_days(start, end)
    all_days = new_york_trading_days(FIRST_DAY, last)
    world = World(checked_seed(seed), len(all_days))
    shown = slice(int(np.searchsorted(all_days, first)), None)
    days = all_days[shown]
    found = [_bars(name, world, days, shown, timeframe, adjustment) for name in names]
    times = found[0][0]
    regimes = world.regimes[shown][np.searchsorted(days, times.astype("M8[D]"))]
    fields = FIELDS if timeframe not in MINUTES else (*FIELDS, "vwap")
    stacked: dict[str, Any] = {f: np.column_stack([bars[f] for _, bars in found]) for f in fields}
    return SimulatedMarket(
        symbols=names,
        times=times.astype("datetime64[ns]"),
        regimes=regimes,
        seed=world.seed,
        timeframe=timeframe,
        adjustment=adjustment,
        **stacked,
    )


def _bars(
    name: str,
    world: World,
    days: NDArray[np.datetime64],
    shown: slice,
    timeframe: str,
    adjustment: str,
) -> tuple[NDArray[np.datetime64], dict[str, Floats]]:
    """Times and fields of one symbol."""
    whole = bars_of(name, world)
    daily = {field: values[shown] for field, values in whole.items()}
    if timeframe not in MINUTES:
        daily = _on_basis(daily, _factors(name, whole["close"], world, adjustment, shown))
        if timeframe == "1d" or not len(days):
            return days, daily
        return total_bars(days, daily, _LONGER[timeframe])
    parts = day_paths(stream_of(name), world, days, daily)
    bars = [minute_bars(part, MINUTES[timeframe]) for part in parts]
    times = np.concatenate([starts.ravel() for starts, _ in bars])
    order = np.argsort(times, kind="stable")
    fields = {
        field: np.concatenate([fields[field].ravel() for _, fields in bars])[order]
        for field in (*FIELDS, "vwap")
    }
    of_day = np.searchsorted(days, times[order].astype("M8[D]"))
    factors = _factors(name, whole["close"], world, adjustment, shown)
    return times[order], _on_basis(fields, factors and (factors[0][of_day], factors[1][of_day]))


def _factors(
    name: str, closes: Floats, world: World, adjustment: str, shown: slice
) -> tuple[Floats, Floats] | None:
    """What prices and volumes of the days shown are multiplied by; None for nothing."""
    if adjustment == "total":
        return None
    traded = traded_basis(name, closes, world)
    price, shares = traded.factor[shown], traded.shares[shown]
    if adjustment == "none" or not len(shares):
        return price, shares
    return price * shares / shares[-1], np.full(len(shares), shares[-1])


def _on_basis(
    fields: dict[str, Floats], factors: tuple[Floats, Floats] | None
) -> dict[str, Floats]:
    if factors is None:
        return fields
    return {
        field: values * factors[1] if field == "volume" else values * factors[0]
        for field, values in fields.items()
    }


def checked_symbols(symbols: Iterable[str] | None) -> tuple[str, ...]:
    """Published symbols, each once; by default all but the SIM names."""
    if symbols is None:
        return known_symbols(simulated=False)
    names = (symbols,) if isinstance(symbols, str) else tuple(symbols)
    published = set(simulated_symbols())
    for name in names:
        if name not in published:
            raise NotFoundError(
                f"{name!r} is not simulated.{close_names(str(name), published)}"
                " `simulated_symbols()` lists all.",
                field="symbols",
            )
    if not names or len(set(names)) != len(names):
        raise ParameterError(
            f"`symbols` must name each symbol once, got {', '.join(names) or 'none'}.",
            field="symbols",
        )
    return names


def checked_days(start: Date, end: Date) -> tuple[np.datetime64, np.datetime64]:
    """A first and a last day inside the simulation."""
    first, last = (check_day(value, name) for value, name in ((start, "start"), (end, "end")))
    for value, name in ((first, "start"), (last, "end")):
        if not FIRST_DAY <= value <= LAST_DAY:
            raise ParameterError(
                f"`{name}` must be in {FIRST_DAY}..{LAST_DAY}, where the simulation runs,"
                f" got {value}.",
                field=name,
            )
    if last < first:
        raise ParameterError(f"`end` {last} is before `start` {first}.", field="end")
    return first, last


def checked_seed(seed: int) -> int:
    """A seed as a plain number."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ParameterError(
            f"`seed` must be a whole number of at least 0, got {seed!r}.", field="seed"
        )
    return int(seed)
