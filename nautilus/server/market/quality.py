"""The quality of a symbol's bars: the first source that has them, held against all others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NotFoundError
from nautilus.marketdata.reference import find_instrument
from nautilus.server.market.historical import Asked, Histories
from nautilus.server.market.sources import SIMULATED

if TYPE_CHECKING:
    import polars as pl

    from nautilus.marketdata.quality import QualityReport

__all__ = ["Assessed", "Qualities", "calendar_of"]

# Exchanges that share the sessions of another one.
_CALENDARS = {"XNAS": "XNYS", "ARCX": "XNYS"}


@dataclass(frozen=True, slots=True)
class Assessed:
    """A report, whose bars it is about, and the scores of the others."""

    report: QualityReport
    source: str
    simulated: bool
    scores: dict[str, float]


class Qualities:
    """Reports on request; the last score of each source is remembered for `/sources`.

    Parameters
    ----------
    histories : Histories
    run : callable
        `await run(function, *args)` off the event loop.
    clock : callable
    """

    def __init__(
        self,
        histories: Histories,
        *,
        run: Callable[..., Awaitable[Any]],
        clock: Callable[[], datetime],
    ) -> None:
        self._histories = histories
        self._run = run
        self._clock = clock
        self.scores: dict[str, float] = {}

    async def of(self, asked: Asked) -> Assessed:
        """Bars of the first source that has them, against the same bars of every other."""
        first = await self._histories.find(asked)
        names = await self._run(self._others, asked, first.source)
        done: Assessed = await self._run(self._assessed, asked, first, names)
        self.scores.update(done.scores)
        return done

    def _others(self, asked: Asked, first: str) -> list[str]:
        """Stored sources with the same bars; simulated ones confirm nothing."""
        market = self._histories.sources.market
        if not market.filled or first == SIMULATED:
            return []
        rows = market.open().coverage(asked.kind, timeframe=asked.timeframe)
        of_symbol = rows.filter((rows["symbol"] == asked.symbol) & (rows["source"] != SIMULATED))
        return [name for name in of_symbol["source"].to_list() if name != first]

    def _assessed(self, asked: Asked, first: Any, names: list[str]) -> Assessed:
        bars = {first.source: first.rows, **{n: self._stored(n, asked) for n in names}}
        bars = {name: rows for name, rows in bars.items() if len(rows)}
        reports = {name: self._report(name, bars, asked) for name in bars}
        return Assessed(
            reports[first.source],
            first.source,
            first.simulated,
            {name: report.score for name, report in reports.items()},
        )

    def _stored(self, name: str, asked: Asked) -> pl.DataFrame:
        return self._histories.stored(name, asked).rows

    def _report(self, name: str, bars: dict[str, Any], asked: Asked) -> QualityReport:
        from nautilus.marketdata.quality import quality_report

        first, last = asked.window.days
        return quality_report(
            bars[name],
            timeframe=asked.timeframe,
            calendar=calendar_of(asked.symbol),
            others={other: rows for other, rows in bars.items() if other != name},
            actions=self._actions(name, asked),
            adjustment="total" if name == SIMULATED else self._adjustment(name, asked),
            start=first,
            end=last,
            now=self._clock(),
        )

    def _actions(self, name: str, asked: Asked) -> pl.DataFrame | None:
        market = self._histories.sources.market
        if not market.filled or asked.symbol not in market.open().symbols("actions", source=name):
            return None
        return market.open().read("actions", [asked.symbol], source=name)

    def _adjustment(self, name: str, asked: Asked) -> str:
        known = self._histories.sources.market.open().sources("bars", timeframe=asked.timeframe)
        return {"raw": "none"}.get(known.get(name, "raw"), known.get(name, "none"))


def calendar_of(symbol: str) -> str:
    """The calendar of the exchange of a symbol; New York's where it is not known."""
    try:
        exchange = find_instrument(symbol).exchange or "XNYS"
    except NotFoundError:
        return "24/7" if symbol.upper().endswith(("USDT", "-USD")) else "XNYS"
    return _CALENDARS.get(exchange, exchange)
