"""Historical rows: what is stored, else from the first source that answers, and it says which."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import (
    NautilusError,
    NotFoundError,
    ParameterError,
)
from nautilus.core.results import Reason
from nautilus.marketdata.reference import close_names, known_symbols
from nautilus.marketdata.sources.errors import NoSourceAnswered
from nautilus.marketdata.sources.failover import Attempt
from nautilus.server.market.simulated import simulated_rows, simulated_versions
from nautilus.server.market.sources import SIMULATED, MarketSources
from nautilus.server.market.windows import Window

if TYPE_CHECKING:
    import polars as pl

    from nautilus.marketdata.sources import DataRequest, Source

__all__ = ["Asked", "Found", "Histories"]

# What a connector calls its prices, as the store and an answer call it.
_BASIS = {"as_traded": "raw", "split_adjusted": "split"}
_ADJUSTMENT = {"raw": "none", "split": "split", "total": "total"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ORDER = ("none", "split", "total")
_KEPT = ("bars", "macro", "fundamentals", "actions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One series over one window.

    Parameters
    ----------
    symbol, kind, timeframe : str
    window : Window
    sources : tuple of str
        Who is asked, in order; nobody named means everybody.
    fallback : bool
        Whether others may answer, the simulated market last.
    keep : bool
        Store what a source sends.
    adjustment : {"none", "split", "total"} or None
        None: as the source has it.
    at_least : bool
        Prices that the source has adjusted further than that are taken as they are.
    """

    symbol: str
    kind: str = "bars"
    timeframe: str = "1d"
    window: Window
    sources: tuple[str, ...] = ()
    fallback: bool = True
    keep: bool = True
    adjustment: str | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Rows of one source, and how they were come by."""

    rows: pl.DataFrame
    source: str
    simulated: bool = False
    adjustment: str | None = None
    attempts: tuple[Attempt, ...] = ()
    fallback_used: bool = False
    cache_hit: bool = False
    stale: bool = False
    latency_ms: float = 0.0
    reasons: tuple[Reason, ...] = field(default=())


class Histories:
    """Answers from the store, from sources and from the simulated market, never from two at once.

    Parameters
    ----------
    sources : MarketSources
    run : callable
        `await run(function, *args)` off the event loop.
    clock : callable
        The time now, UTC.
    """

    def __init__(
        self,
        sources: MarketSources,
        *,
        run: Callable[..., Awaitable[Any]],
        clock: Callable[[], datetime],
    ) -> None:
        self.sources = sources
        self._run = run
        self._clock = clock

    async def find(self, asked: Asked) -> Found:
        """The rows.

        Raises
        ------
        NotFoundError
            No such source, or nobody knows the symbol; close names are given.
        NoSourceAnswered
            Every source that was asked failed.
        """
        named = self.sources.checked(asked.sources)
        plan = await self._run(self._plan, asked, named)
        attempts: list[Attempt] = []
        for name in plan:
            started = time.perf_counter()
            try:
                found = await self._from(name, asked)
            except NautilusError as error:
                if name not in self.sources.opened and isinstance(error, ParameterError):
                    raise
                attempts.append(_tried(name, error.code, str(error), started))
                continue
            if len(found.rows):
                return replace(
                    found,
                    attempts=tuple(attempts),
                    fallback_used=bool(named) and name != named[0],
                    latency_ms=_since(started),
                    reasons=(*asked.window.reasons, *found.reasons),
                )
            nothing = f"{name} has nothing in this window."
            attempts.append(_tried(name, "no_data", nothing, started))
        stale = await self._stale(asked, plan, attempts)
        if stale is not None:
            return stale
        raise self._nobody(asked, attempts)

    async def last_stored(self, symbol: str, timeframe: str) -> datetime | None:
        """Time of the last bar that is stored of a symbol; None where there is none."""
        return await self._run(self._last_stored, symbol, timeframe)  # type: ignore[no-any-return]

    def _last_stored(self, symbol: str, timeframe: str) -> datetime | None:
        if not self.sources.market.filled:
            return None
        found = [
            row.last_time
            for row in self.sources.market.open().coverage_rows()
            if (row.kind, row.owner, row.timeframe) == ("bars", symbol, timeframe)
            and row.source != SIMULATED
        ]
        return EPOCH + timedelta(microseconds=max(found)) if found else None

    async def every_version(self, asked: Asked) -> pl.DataFrame:
        """Statements or macro values of one source with all their versions, to be read as of days.

        Raises
        ------
        NotFoundError
            Nobody has any, or not even the simulated market may answer.
        """
        return await self._run(self._every_version, asked)  # type: ignore[no-any-return]

    def _every_version(self, asked: Asked) -> pl.DataFrame:
        stored = self._stored_by(asked.symbol, asked.kind)
        if stored:
            store = self.sources.market.open()
            return store.read(asked.kind, [asked.symbol], source=stored[0], revisions=True)
        if not (asked.fallback and self.sources.simulated):
            raise self._nobody(asked, ())
        return simulated_versions(asked.symbol, asked.kind, self._clock())

    def _plan(self, asked: Asked, named: list[str]) -> list[str]:
        """Whom to ask, in order. Real data keep the simulated market out, unless it is named."""
        stored = self._stored_by(asked.symbol, asked.kind)
        imported = [name for name in stored if name not in self.sources.opened]
        others = [*imported, *self.sources.ready(asked.kind, asked.timeframe)]
        plan = list(named)
        if not named or asked.fallback:
            plan += [name for name in others if name not in plan]
        simulated = asked.fallback and self.sources.simulated and not stored
        return [*plan, SIMULATED] if simulated and SIMULATED not in plan else plan

    def _stored_by(self, symbol: str, kind: str) -> list[str]:
        if not self.sources.market.filled:
            return []
        rows = self.sources.market.open().coverage_rows()
        found = [r.source for r in rows if r.owner == symbol and r.kind == kind]
        return [name for name in dict.fromkeys(found) if name != SIMULATED]

    async def _from(self, name: str, asked: Asked) -> Found:
        if name == SIMULATED:
            found = await self._simulated(asked)
        elif name in self.sources.opened:
            return await self._asked(self.sources.opened[name], asked)
        else:
            found = await self._run(self.stored, name, asked)
        self.sources.tallies.answered(name)
        return found

    async def _simulated(self, asked: Asked) -> Found:
        rows = await self._run(
            simulated_rows, asked.symbol, asked.kind, asked.timeframe, asked.window, self._clock(),
            asked.adjustment,
        )  # fmt: skip
        basis = (asked.adjustment or "total") if asked.kind == "bars" else None
        return Found(rows=rows, source=SIMULATED, simulated=True, adjustment=basis)

    async def _asked(self, source: Source, asked: Asked) -> Found:
        """Rows of a connector: stored ones where they cover the window, else it is asked."""
        if await self._run(self._covered, source.name, asked):
            stored: Found = await self._run(self.stored, source.name, asked)
            return replace(stored, cache_hit=True)
        try:
            rows = await source.load(_request(asked))
        except NautilusError as error:
            if error.code != "not_configured":
                self.sources.tallies.failed(source.name)
            raise
        self.sources.tallies.answered(source.name)
        basis = _BASIS.get(source.capabilities().adjustment, "raw")
        actions, reasons = await self._actions(source, asked)
        found: Found = await self._run(self._taken, source.name, basis, rows, actions, asked)
        return replace(found, reasons=(*found.reasons, *reasons))

    async def _actions(self, source: Source, asked: Asked) -> tuple[Any, tuple[Reason, ...]]:
        """Splits and dividends of the same window: without them prices cannot be adjusted."""
        if asked.kind != "bars" or "actions" not in source.capabilities().kinds:
            return None, ()
        try:
            return await source.load(replace(_request(asked), kind="actions")), ()
        except NautilusError as error:
            message = f"{source.name} did not send splits and dividends: {error}"
            return None, (Reason("ACTIONS_MISSING", (), message),)

    def _taken(
        self, name: str, basis: str, rows: pl.DataFrame, actions: pl.DataFrame | None, asked: Asked
    ) -> Found:
        """What was sent, kept if it should be, in the terms that were asked for."""
        import polars as pl

        from nautilus.marketdata.store import StoreFullError

        reasons: tuple[Reason, ...] = ()
        rows = rows.drop([c for c in ("filed",) if c in rows.columns])
        if asked.keep and asked.kind in _KEPT and len(rows):
            try:
                self._keep(name, basis, rows, actions, asked)
                return self.stored(name, asked)
            except StoreFullError as error:
                reasons = (Reason("NOT_STORED", (), str(error)),)
        if asked.kind == "bars" and asked.adjustment is not None:
            from nautilus.marketdata.store.adjusting import adjusted

            facts = actions if actions is not None else pl.DataFrame(schema=_NO_ACTIONS)
            rows = adjusted(rows, facts, asked.adjustment, basis, name, "previous_close")
        return Found(
            rows=rows.with_columns(source=pl.lit(name)),
            source=name,
            adjustment=_told(asked, basis),
            reasons=reasons,
        )

    def _keep(self, name: str, basis: str, rows: Any, actions: Any, asked: Asked) -> None:
        store = self.sources.market.open()
        bars = asked.kind == "bars"
        store.append(
            asked.kind,
            rows,
            source=name,
            timeframe=_timeframe(asked),
            basis=basis if bars else "raw",
        )
        if actions is not None and len(actions):
            store.append("actions", actions, source=name)
        sessions = asked.window.sessions(self._clock())
        if sessions is not None:
            first = min(asked.window.days[0], sessions[0])
            store.note_loaded(
                asked.kind, asked.symbol, first, sessions[1], source=name,
                timeframe=_timeframe(asked),
            )  # fmt: skip

    def stored(self, name: str, asked: Asked) -> Found:
        """Rows of one source as they lie in the store."""
        store = self.sources.market.open()
        bars = asked.kind == "bars"
        basis = store.sources("bars", timeframe=asked.timeframe).get(name, "raw") if bars else "raw"
        if asked.at_least and _ORDER.index(_ADJUSTMENT[basis]) > _ORDER.index(
            str(asked.adjustment)
        ):
            asked = replace(asked, adjustment=_ADJUSTMENT[basis])
        rows = store.read(
            asked.kind,
            [asked.symbol],
            asked.window.start,
            asked.window.end,
            timeframe=_timeframe(asked),
            source=name,
            as_of=asked.window.as_of,
            adjustment=(asked.adjustment or _ADJUSTMENT[basis]) if bars else "none",
        )
        return Found(rows=rows, source=name, adjustment=_told(asked, basis))

    def _covered(self, name: str, asked: Asked) -> bool:
        """Whether a source was asked before for all closed sessions of the window."""
        sessions = asked.window.sessions(self._clock())
        if not self.sources.market.filled or sessions is None:
            return False
        return self.sources.market.open().loaded(
            asked.kind, asked.symbol, *sessions, source=name, timeframe=_timeframe(asked)
        )

    async def _stale(
        self, asked: Asked, plan: Sequence[str], attempts: list[Attempt]
    ) -> Found | None:
        """When nobody answers: what is stored of the window, and it says that it is not whole."""
        if not self.sources.market.filled:
            return None
        for name in plan:
            if name not in self.sources.opened:
                continue
            try:
                found: Found = await self._run(self.stored, name, asked)
            except NautilusError:
                continue
            if len(found.rows):
                message = f"{name} does not answer; this is what was stored of it before."
                return replace(
                    found, attempts=tuple(attempts), cache_hit=True, stale=True,
                    fallback_used=name != plan[0],
                    reasons=(*asked.window.reasons, Reason("STALE", (), message)),
                )  # fmt: skip
        return None

    def _nobody(self, asked: Asked, attempts: Sequence[Attempt]) -> NautilusError:
        said = "; ".join(f"{one.source}: {one.message}" for one in attempts) or "nobody to ask"
        unknown = {"not_found", "symbol_not_found", "not_configured", "no_data"}
        if not attempts or {one.error for one in attempts} <= unknown:
            known = [*known_symbols(), *self._symbols()]
            near = close_names(asked.symbol, known) if asked.symbol not in known else ""
            return NotFoundError(
                f"nobody has {asked.kind} of {asked.symbol!r} from {asked.window.days[0]} to"
                f" {asked.window.days[1]}.{near} ({said})",
                field="symbol",
            )
        return NoSourceAnswered(
            f"no source has {asked.kind} of {asked.symbol!r} now ({said}).",
            attempts=tuple(attempts),
        )

    def _symbols(self) -> list[str]:
        if not self.sources.market.filled:
            return []
        return sorted({row.owner for row in self.sources.market.open().coverage_rows()})


_NO_ACTIONS = {"symbol": str, "timestamp": datetime, "kind": str, "value": float}


def _request(asked: Asked) -> DataRequest:
    from nautilus.marketdata.sources import DataRequest

    first, last = asked.window.days
    return DataRequest(asked.kind, asked.symbol, asked.timeframe, first, last)


def _timeframe(asked: Asked) -> str | None:
    return asked.timeframe if asked.kind == "bars" else None


def _told(asked: Asked, basis: str) -> str | None:
    return (asked.adjustment or _ADJUSTMENT[basis]) if asked.kind == "bars" else None


def _tried(name: str, code: str, message: str, started: float) -> Attempt:
    return Attempt(name, code, message, _since(started))


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000.0, 3)
