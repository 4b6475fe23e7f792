"""A simulated daily market: regimes, a GJR-GARCH-t market, sectors, stocks, a bond and gold.

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
from nautilus.core.errors import NotBuiltError, NotFoundError, ParameterError
from nautilus.core.results import Result
from nautilus.marketdata.market_model import World, bars_of
from nautilus.marketdata.reference import close_names, known_symbols
from nautilus.marketdata.trading_days import Date, check_day, new_york_trading_days

__all__ = ["SimulatedMarket", "simulate_market", "simulated_symbols"]

Floats = NDArray[np.float64]

FIRST_DAY = np.datetime64("2010-01-04")
LAST_DAY = np.datetime64("2060-12-31")
FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SimulatedMarket(Result):
    """Daily bars of a simulated market. Nothing in it happened.

    Parameters
    ----------
    symbols : tuple of str
    times : array (time,) of datetime64[ns]
        Session labels of the New York Stock Exchange, without a zone.
    open, high, low, close : array (time, symbol)
        Prices in USD, total-return basis: no dividends, no splits.
    volume : array (time, symbol)
        Whole shares.
    regimes : array (time,)
        0 calm, 1 stressed: the state the market was drawn from.
    seed : int
    timeframe : str
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
    timeframe: str = "1d"
    source: str = "simulated"

    def prices(self, name: str = "close") -> Any:
        """One field as a pandas frame, time by symbol; `.attrs` says that it is simulated.

        Examples
        --------
        >>> market = simulate_market(["SPY"], start="2024-01-02", end="2024-01-02")
        >>> market.prices().attrs["source"]
        'simulated'
        """
        from nautilus.core.frames import time_frame

        values = getattr(self, check_choice(name, "name", FIELDS))
        frame = time_frame(self.times, dict(zip(self.symbols, values.T, strict=True)))
        frame.attrs.update(source=self.source, caveat=CAVEAT)
        return frame

    def bars(self, symbol: str) -> Any:
        """Open, high, low, close, volume of one symbol as a pandas frame by time."""
        from nautilus.core.frames import time_frame

        column = self._position(symbol)
        frame = time_frame(self.times, {name: getattr(self, name)[:, column] for name in FIELDS})
        frame.attrs.update(source=self.source, caveat=CAVEAT)
        return frame

    def to_frame(self) -> Any:
        """Long pandas frame: one row for each time and symbol, `source` in every row."""
        from nautilus.core.frames import time_frame

        n_symbols = len(self.symbols)
        columns = {name: getattr(self, name).reshape(-1) for name in FIELDS}
        names = np.tile(np.array(self.symbols, dtype=object), len(self.times))
        source = np.full(len(names), self.source, dtype=object)
        times = np.repeat(self.times, n_symbols)
        return time_frame(times, {"symbol": names, **columns, "source": source})

    def _position(self, symbol: str) -> int:
        if symbol not in self.symbols:
            raise NotFoundError(
                f"{symbol!r} is not in this market.{close_names(symbol, self.symbols)}",
                field="symbol",
            )
        return self.symbols.index(symbol)


CAVEAT = (
    "Simulated: drawn from a factor model with GJR-GARCH-t volatility and regimes. Real tickers"
    " are labels only; no price in it ever traded. No dividends, no splits."
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
    seed: int = 0,
) -> SimulatedMarket:
    """Daily bars of a simulated market; the same seed gives the same bytes.

    Market log return f = drift + sqrt(regime multiplier) * e with e GJR-GARCH(1,1)-t; a stock is
    beta * f + load * sector + own GJR-GARCH-t + a jump on every 63rd session (earnings). SPY and
    SP500 are the market itself. TLT follows a mean-reverting long yield that falls with the market;
    GLD is a commodity with an inverse leverage effect. Open, high and low come from a bridge pinned
    to the closes, so high >= max(open, close) and low <= min(open, close) hold by construction.

    Parameters
    ----------
    symbols : iterable of str, optional
        From `simulated_symbols()`. By default all but the 500 SIM names.
    start, end : str, date or datetime64
        First and last day, both included, from 2010-01-04 to 2060-12-31.
    timeframe : {"1d"}
    seed : int
        Another seed is another world. Not negative.

    Returns
    -------
    SimulatedMarket
        Extending `end` or adding symbols never changes a bar that was there before.

    Raises
    ------
    NotFoundError
        A symbol that is not published; close names are given.
    ParameterError, NotBuiltError

    References
    ----------
    Glosten, Jagannathan and Runkle (1993), Journal of Finance 48(5), eq. 8; Cont (2001),
    Quantitative Finance 1(2), for the stylised facts it is calibrated to.

    Examples
    --------
    >>> market = simulate_market(["SPY", "TLT"], start="2020-01-02", end="2020-12-31", seed=7)
    >>> bool((market.high >= market.close).all()), len(market.times)
    (True, 253)
    """
    if timeframe != "1d":
        raise NotBuiltError(
            f"`timeframe` {timeframe!r} is not simulated yet. Pass '1d'.", field="timeframe"
        )
    names = _checked_symbols(symbols)
    first, last = _checked_days(start, end)
    days = new_york_trading_days(FIRST_DAY, last)
    world = World(_checked_seed(seed), len(days))
    bars = [bars_of(name, world) for name in names]
    shown = slice(int(np.searchsorted(days, first)), None)
    stacked: dict[str, Any] = {f: np.column_stack([b[f] for b in bars])[shown] for f in FIELDS}
    return SimulatedMarket(
        symbols=names,
        times=days[shown].astype("datetime64[ns]"),
        regimes=world.regimes[shown],
        seed=world.seed,
        **stacked,
    )


def _checked_symbols(symbols: Iterable[str] | None) -> tuple[str, ...]:
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


def _checked_days(start: Date, end: Date) -> tuple[np.datetime64, np.datetime64]:
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


def _checked_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ParameterError(
            f"`seed` must be a whole number of at least 0, got {seed!r}.", field="seed"
        )
    return int(seed)
