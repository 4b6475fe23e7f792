"""Stored returns and prices, the one way: one source and one window for each answer."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_window
from nautilus.core.errors import MissingInputError, ParameterError
from nautilus.core.periods import parse_period
from nautilus.core.results import Reason
from nautilus.marketdata.reference import find_instrument
from nautilus.marketdata.simulation import FIRST_DAY, simulate_market
from nautilus.marketdata.trading_days import Date, check_day, new_york_trading_days
from nautilus.server.panels import Given, Panel, PricePanel, simple_changes

__all__ = ["Closes", "Days", "Floats", "History", "SimulatedCloses", "last_session"]

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]
P = TypeVar("P", Panel, PricePanel)

MOST_SYMBOLS = 2000
# New York closes at 21:00 UTC in winter and an hour earlier in summer: at this hour it has closed.
CLOSED_HOUR = 21


def last_session(now: datetime) -> np.datetime64:
    """The last session of the New York Stock Exchange that has closed.

    Examples
    --------
    >>> str(last_session(datetime(2025, 8, 25, 12, 0, tzinfo=UTC)))
    '2025-08-22'
    """
    day = now.astimezone(UTC) - timedelta(hours=CLOSED_HOUR)
    last = np.datetime64(day.date(), "D")
    found: np.datetime64 = new_york_trading_days(last - 10, last)[-1]
    return found


class Closes(Protocol):
    """A source of daily closes."""

    name: str
    simulated: bool

    def revision(self) -> str:
        """Changes whenever an answer may change."""
        ...

    def serving(self, symbols: Sequence[str]) -> Closes | None:
        """Who answers for all of them, as a rule itself; None if it cannot."""
        ...

    def closes(
        self, symbols: Sequence[str], start: np.datetime64, end: np.datetime64
    ) -> tuple[Days, Floats]:
        """Sessions and closes (time, symbol), from the last session at or before `start`."""
        ...


class SimulatedCloses:
    """The simulated market: the last source, and said so in every answer.

    Parameters
    ----------
    seed : int

    Examples
    --------
    >>> source = SimulatedCloses()
    >>> first, last = np.datetime64("2024-01-06"), np.datetime64("2024-01-09")
    >>> days, closes = source.closes(["AAPL"], first, last)
    >>> str(days[0]), closes.shape
    ('2024-01-05', (3, 1))
    """

    name = "simulated"
    simulated = True

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._lock = threading.Lock()
        self._last = FIRST_DAY
        self._kept: dict[str, Floats] = {}

    def revision(self) -> str:
        """Its history never changes."""
        return str(self.seed)

    def serving(self, symbols: Sequence[str]) -> Closes | None:
        """It is the last one: it answers, or says which names are close."""
        return self

    def closes(
        self, symbols: Sequence[str], start: np.datetime64, end: np.datetime64
    ) -> tuple[Days, Floats]:
        """Sessions and closes (time, symbol), from the last session at or before `start`."""
        names = [find_instrument(symbol).symbol for symbol in symbols]
        last = max(end, FIRST_DAY)
        with self._lock:
            series = self._series(names, last)
        days = new_york_trading_days(FIRST_DAY, last)
        shown = slice(int(np.searchsorted(days, start, side="right")) - 1, len(days))
        shown = slice(max(shown.start, 0), shown.stop)
        return days[shown], np.column_stack([one[shown] for one in series])

    def _series(self, names: Sequence[str], last: np.datetime64) -> list[Floats]:
        """Closes from the first day on, kept until a later day is asked for (34 kB each)."""
        if last > self._last:
            self._kept.clear()
            self._last = last
        new = [name for name in dict.fromkeys(names) if name not in self._kept]
        if new:
            market = simulate_market(new, start=FIRST_DAY, end=self._last, seed=self.seed)
            self._kept.update(zip(new, market.close.T.copy(), strict=True))
        return [self._kept[name] for name in names]


class History:
    """Returns and prices for the engines of a process.

    Parameters
    ----------
    sources : sequence of Closes, optional
        Asked in this order; by default the simulated one, or none when that is switched off.
    simulated_fallback : bool
        Let the simulated source answer last.
    seed : int
        World of the simulated source.
    clock : callable
        The time now, UTC.
    run : callable
        `await run(function, *args)` off the event loop.
    most_bytes : int
        Panels kept; the longest unused go first.

    Examples
    --------
    >>> history = History(clock=lambda: datetime(2025, 8, 25, 12, 0, tzinfo=UTC))
    >>> panel = asyncio.run(history.returns(["AAPL", "TLT"], "1M", benchmark="SPY"))
    >>> panel.n, panel.source, str(panel.as_of), panel.benchmark_symbol
    (23, 'simulated', '2025-08-22', 'SPY')
    """

    def __init__(
        self,
        *,
        sources: Sequence[Closes] = (),
        simulated_fallback: bool = True,
        seed: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        run: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        most_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        last = (SimulatedCloses(seed),) if simulated_fallback else ()
        self.sources: tuple[Closes, ...] = (*sources, *last)
        self.hits = 0
        self.misses = 0
        self._clock = clock
        self._run = run
        self._most_bytes = most_bytes
        self._held = 0
        self._kept: OrderedDict[tuple[Any, ...], Panel | PricePanel] = OrderedDict()
        self._coming: dict[tuple[Any, ...], asyncio.Task[Any]] = {}

    def session(self) -> date:
        """The last session that has closed."""
        return date.fromisoformat(str(last_session(self._clock())))

    async def returns(
        self,
        symbols: Sequence[str],
        window: str | int = "1Y",
        *,
        benchmark: str | None = None,
        end: Date | None = None,
        given: Given | None = None,
    ) -> Panel:
        """Simple returns of symbols, and of a benchmark over the same sessions.

        Parameters
        ----------
        symbols : sequence of str
            Each once, at most 2,000.
        window : str or int
            A period up to `end` such as "1Y", "YTD", "ALL", or a number of returns.
        benchmark : str, optional
        end : date, optional
            The last session on or before it; by default the last one that has closed.
        given : Given, optional
            Series of the request: then nothing stored is read, and all of them are used.

        Raises
        ------
        NotFoundError
            A symbol that no source knows; close names are given.
        MissingInputError
            No source can answer.
        ParameterError, LabelError
        """
        names = _checked(symbols)
        if given is not None:
            return given.panel(names, benchmark)
        asked = names if benchmark is None else (*names, benchmark)

        def make(source: Closes, start: np.datetime64 | int, last: np.datetime64) -> Panel:
            days, closes = _window(source, asked, start, last)
            changes = simple_changes(closes)
            panel = Panel(
                symbols=names,
                times=days[1:].astype("M8[ns]"),
                values=_frozen(changes[:, : len(names)]),
                source=source.name,
                simulated=source.simulated,
                as_of=days[-1].item(),
                reasons=_short(window, len(changes)),
                benchmark_symbol=benchmark,
                benchmark_values=None if benchmark is None else _frozen(changes[:, -1]),
            )
            panel.returns  # noqa: B018 - the frame is made here, off the event loop
            return panel

        return await self._panel(("returns", names, benchmark), asked, window, end, make)

    async def prices(
        self,
        symbols: Sequence[str],
        window: str | int = "1Y",
        *,
        end: Date | None = None,
        given: Given | None = None,
        frame: bool = True,
    ) -> PricePanel:
        """Closes of symbols: those of the window and the one before, its first return's base.

        Parameters
        ----------
        symbols, window, end, given
            As for `returns`; a number is a number of closes.
        frame : bool
            Make the frame now, off the event loop; False leaves pandas alone until it is asked for.
        """
        names = _checked(symbols)
        if given is not None:
            return given.price_panel(names)

        def make(source: Closes, start: np.datetime64 | int, last: np.datetime64) -> PricePanel:
            days, closes = _window(source, names, start, last)
            cut = 1 if isinstance(window, int) else 0
            panel = PricePanel(
                symbols=names,
                times=days[cut:].astype("M8[ns]"),
                values=_frozen(closes[cut:]),
                source=source.name,
                simulated=source.simulated,
                as_of=days[-1].item(),
                reasons=_short(window, len(closes) - cut),
            )
            if frame:
                panel.prices  # noqa: B018 - the frame is made here, off the event loop
            return panel

        return await self._panel(("prices", names, frame), names, window, end, make)

    async def _panel(
        self,
        key: tuple[Any, ...],
        asked: Sequence[str],
        window: str | int,
        end: Date | None,
        make: Callable[[Closes, np.datetime64 | int, np.datetime64], P],
    ) -> P:
        source = self._source(asked)
        last = last_session(self._clock())
        if end is not None:
            last = min(last, check_day(end, "end"))
        start = _start(window, last)
        full = (*key, source.name, source.revision(), start, last)
        found: Any = self._kept.get(full)
        if found is not None:
            self.hits += 1
            self._kept.move_to_end(full)
            return cast(P, found)
        task = self._coming.get(full)
        if task is None:
            self.misses += 1
            task = asyncio.create_task(self._made(full, lambda: make(source, start, last)))
            self._coming[full] = task
            task.add_done_callback(lambda _: self._coming.pop(full, None))
        # Shielded: others may wait for the same panel.
        return cast(P, await asyncio.shield(task))

    async def _made(self, key: tuple[Any, ...], make: Callable[[], P]) -> P:
        panel: P = await self._run(make)
        self._kept[key] = panel
        self._held += panel.nbytes
        while self._held > self._most_bytes and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._held -= oldest.nbytes
        return panel

    def _source(self, symbols: Sequence[str]) -> Closes:
        for source in self.sources:
            found = source.serving(symbols)
            if found is not None:
                return found
        raise MissingInputError(
            f"no source has prices of {', '.join(symbols[:5])}. Send `returns` with the request,"
            " import data, configure a source, or set NAUTILUS_SIMULATED_FALLBACK=true.",
            field="symbols",
        )


def _checked(symbols: Sequence[str]) -> tuple[str, ...]:
    names = (symbols,) if isinstance(symbols, str) else tuple(symbols)
    if not names or len(names) > MOST_SYMBOLS or len(set(names)) != len(names):
        raise ParameterError(
            f"`symbols` must name 1 to {MOST_SYMBOLS} symbols, each once, got {len(names)}.",
            field="symbols",
        )
    return names


def _start(window: str | int, last: np.datetime64) -> np.datetime64 | int:
    if isinstance(window, str):
        start: np.datetime64 = parse_period(window, "window").start(last)
        return start
    return check_window(window, "window")


def _window(
    source: Closes, symbols: Sequence[str], start: np.datetime64 | int, last: np.datetime64
) -> tuple[Days, Floats]:
    """Closes after `start` and the one at or before it; of a number, one more than that."""
    if isinstance(start, int):
        # Sessions are at least 250 a year: this many days hold enough of them.
        days, closes = source.closes(symbols, last - (start * 3 // 2 + 14), last)
        return days[-start - 1 :], closes[-start - 1 :]
    return source.closes(symbols, start, last)


def _short(window: str | int, have: int) -> tuple[Reason, ...]:
    if isinstance(window, str) or have >= window:
        return ()
    message = f"There are {have} sessions, {window} were asked for."
    return (Reason("SHORT_HISTORY", (), message, float(have), float(window)),)


def _frozen(values: Floats) -> Floats:
    copied = np.ascontiguousarray(values)
    copied.flags.writeable = False
    return copied
