"""THE portfolio repository: every engine reads and writes portfolios through it."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from sqlalchemy import Connection, Row

from nautilus.accounting.events import Event
from nautilus.accounting.holdings import Position, read_positions
from nautilus.core.checks import check_finite
from nautilus.core.errors import MissingInputError, NotFoundError, ParameterError
from nautilus.server.state import rows
from nautilus.server.state.database import Database
from nautilus.server.state.portfolio import (
    Limits,
    NavHistory,
    Portfolio,
    PortfolioSummary,
    Snapshot,
)
from nautilus.server.state.transactions import (
    Change,
    Steps,
    count_portfolios,
    create_portfolio,
    delete_portfolio,
    insert_events,
    insert_nav,
    list_portfolios,
    read_portfolio,
    unknown_portfolio,
    update_portfolio,
)

if TYPE_CHECKING:
    from nautilus.server.state.journal import Journal

__all__ = ["Change", "Portfolios"]

P = ParamSpec("P")
CACHED = 64
PAGE = 100
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Portfolios:
    """Portfolios by id, with optimistic versions.

    Every write takes `expected_version`: None writes in any case, a number raises ConflictError
    unless the portfolio still has that version.

    Parameters
    ----------
    database : Database
    journal : Journal, optional
        Tells others of each change and keeps who made it, in the transaction of the change.
    clock : callable
        The time now, UTC.
    """

    def __init__(
        self,
        database: Database,
        *,
        journal: Journal | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._journal = journal
        self._database = database
        self._clock = clock
        self._cache: OrderedDict[str, Portfolio] = OrderedDict()

    async def get(self, portfolio_id: str) -> Portfolio:
        """The stored portfolio.

        Raises
        ------
        NotFoundError
        """
        known = self._cache.get(portfolio_id)
        found = await self._database.read(read_portfolio, portfolio_id, known)
        if found is None:
            self._cache.pop(portfolio_id, None)
            raise unknown_portfolio(portfolio_id)
        self._remember(found)
        return found

    async def find(self, portfolio_id: str) -> Portfolio | None:
        """The stored portfolio, or None."""
        try:
            return await self.get(portfolio_id)
        except NotFoundError:
            return None

    async def resolve(
        self,
        portfolio_id: str,
        *,
        positions: Any = None,
        cash: float | None = None,
        events: Sequence[Event] | None = None,
        nav: NavHistory | None = None,
        limits: Limits | None = None,
        targets: Mapping[str, float] | None = None,
        benchmark: str | None = None,
        at: datetime | None = None,
    ) -> Portfolio:
        """The stored portfolio with what the request says in its place, or an ephemeral one.

        Nothing is stored.

        Parameters
        ----------
        portfolio_id : str
        positions : positions, optional
            As `read_positions` takes them. None means not sent; an empty list means none held.
        cash, events, nav, limits, targets, benchmark
            Instead of what is stored; None means not sent.
        at : datetime, optional
            Time of the positions; now by default.

        Raises
        ------
        NotFoundError
            Nothing is stored, and neither positions nor events were sent.
        """
        stored = await self.find(portfolio_id)
        if stored is None and positions is None and events is None:
            raise unknown_portfolio(portfolio_id)
        base = stored or Portfolio(id=portfolio_id)
        sent: dict[str, Any] = {
            "cash": cash,
            "events": None if events is None else tuple(events),
            "nav": nav,
            "limits": limits,
            "targets": targets,
            "benchmark": benchmark,
        }
        given = {name: value for name, value in sent.items() if value is not None}
        if positions is not None:
            held = tuple(read_positions(positions))
            count = len(base.events if events is None else events)
            given["snapshot"] = Snapshot(held, at or self._clock(), cash, count)
        elif events is not None:
            given["snapshot"] = None
        found = replace(base, **given).following(base) if given else base
        if positions is None and events is not None:
            await asyncio.to_thread(lambda: found.held)
        return found

    async def create(
        self,
        portfolio_id: str,
        *,
        base_currency: str = "USD",
        cash: float = 0.0,
        events: Sequence[Event] = (),
        positions: Sequence[Position] | None = None,
        benchmark: str | None = None,
        targets: Mapping[str, float] | None = None,
        limits: Limits | None = None,
        name: str | None = None,
        source: str = "user",
    ) -> Change:
        """Store a new portfolio, with its first events, at version 1.

        Raises
        ------
        ConflictError
            The id is taken.
        ParameterError
            Not an id.
        """
        now = self._clock()
        values = rows.new_row(
            _checked_id(portfolio_id),
            now,
            base_currency=base_currency,
            cash=check_finite(cash, "cash"),
            benchmark=benchmark,
            targets=rows.targets_text(targets or {}),
            limits=rows.limits_text({} if limits is None else limits),
            name=name,
            source=source,
        )
        if positions is not None:
            values["snapshot"] = rows.snapshot_text(
                Snapshot(tuple(positions), now, float(cash), len(events))
            )
        self._cache.pop(portfolio_id, None)
        return await self._change(create_portfolio, values, tuple(events), now)

    async def append_events(
        self, portfolio_id: str, events: Sequence[Event], *, expected_version: int | None = None
    ) -> Change:
        """Append fills, dividends, transfers ...; a fill whose id is known is left out.

        Raises
        ------
        NotFoundError, ConflictError
        DataError
            A time without a zone, or an event that no ledger can book: a symbol that changes its
            currency or multiplier.
        """
        if not events:
            raise MissingInputError("`events` must have at least one event.", field="events")
        appended, known = tuple(events), self._cache.get(portfolio_id)
        read: list[Portfolio] = []

        def steps(connection: Connection, row: Row[Any]) -> tuple[dict[str, Any], int, int]:
            before = read_portfolio(connection, row.id, known) or Portfolio(id=row.id)
            read.append(before)
            added, duplicates = insert_events(connection, before, appended)
            return {"event_count": row.event_count + added}, added, duplicates

        change = await self._write(portfolio_id, "events", expected_version, steps)
        self._remember(read[-1])
        return change

    async def save_snapshot(
        self,
        portfolio_id: str,
        positions: Any,
        *,
        at: datetime | None = None,
        cash: float | None = None,
        source: str = "request",
        expected_version: int | None = None,
    ) -> Change:
        """Keep positions as the last snapshot; an unknown portfolio is made for them.

        Raises
        ------
        ConflictError
        """
        held = tuple(read_positions(positions))
        when = at or self._clock()
        cash = None if cash is None else check_finite(cash, "cash")

        def steps(connection: Connection, row: Row[Any]) -> tuple[dict[str, Any], int, int]:
            text = rows.snapshot_text(Snapshot(held, when, cash, row.event_count, source))
            return {"snapshot": text}, len(held), 0

        missing = rows.new_row(_checked_id(portfolio_id), self._clock(), cash=cash or 0.0)
        return await self._write(
            portfolio_id,
            "snapshot",
            expected_version,
            steps,
            missing if expected_version is None else None,
        )

    async def append_nav(
        self, portfolio_id: str, nav: NavHistory, *, expected_version: int | None = None
    ) -> Change:
        """Append net asset values; all later than those stored.

        Raises
        ------
        NotFoundError
        ConflictError
            A value at or before the last one stored.
        """
        new = rows.nav_rows(portfolio_id, nav)
        if not new:
            raise MissingInputError("`nav` must have at least one value.", field="nav")

        def steps(connection: Connection, row: Row[Any]) -> tuple[dict[str, Any], int, int]:
            insert_nav(connection, row.id, new)
            return {}, len(new), 0

        return await self._write(portfolio_id, "nav", expected_version, steps)

    async def set_targets(
        self,
        portfolio_id: str,
        targets: Mapping[str, float],
        *,
        expected_version: int | None = None,
    ) -> Change:
        """Replace the target weights."""
        values = {"targets": rows.targets_text(targets)}
        return await self._set(portfolio_id, "targets", expected_version, values)

    async def set_limits(
        self, portfolio_id: str, limits: Limits, *, expected_version: int | None = None
    ) -> Change:
        """Replace the limits."""
        values = {"limits": rows.limits_text(limits)}
        return await self._set(portfolio_id, "limits", expected_version, values)

    async def set_benchmark(
        self, portfolio_id: str, benchmark: str | None, *, expected_version: int | None = None
    ) -> Change:
        """Replace the benchmark."""
        return await self._set(portfolio_id, "settings", expected_version, {"benchmark": benchmark})

    async def set_base_currency(
        self, portfolio_id: str, base_currency: str, *, expected_version: int | None = None
    ) -> Change:
        """Replace the currency of cash, values and P&L."""
        values = {"base_currency": base_currency}
        return await self._set(portfolio_id, "settings", expected_version, values)

    async def set_cash(
        self, portfolio_id: str, cash: float, *, expected_version: int | None = None
    ) -> Change:
        """Replace the cash before the first event; later flows are `Transfer` events."""
        values = {"cash": check_finite(cash, "cash")}
        return await self._set(portfolio_id, "settings", expected_version, values)

    async def rename(
        self, portfolio_id: str, name: str | None, *, expected_version: int | None = None
    ) -> Change:
        """Replace the name for people."""
        return await self._set(portfolio_id, "settings", expected_version, {"name": name})

    async def delete(self, portfolio_id: str, *, expected_version: int | None = None) -> Change:
        """Remove a portfolio with all that is stored of it."""
        return await self._change(delete_portfolio, portfolio_id, expected_version, self._clock())

    async def list(
        self, *, limit: int = PAGE, after: str | None = None
    ) -> tuple[PortfolioSummary, ...]:
        """Portfolios by id, those after a given id; pass the last id to get the next page."""
        return await self._database.read(list_portfolios, limit, after)

    async def count(self) -> int:
        """Number of stored portfolios."""
        return await self._database.read(count_portfolios)

    def _remember(self, portfolio: Portfolio) -> None:
        """For the next reader, who takes from it whatever is still true."""
        self._cache[portfolio.id] = portfolio
        self._cache.move_to_end(portfolio.id)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)

    async def _set(
        self, portfolio_id: str, what: str, expected: int | None, values: dict[str, Any]
    ) -> Change:
        return await self._write(portfolio_id, what, expected, lambda *_: (values, 0, 0))

    async def _write(
        self,
        portfolio_id: str,
        what: str,
        expected: int | None,
        steps: Steps,
        missing: dict[str, Any] | None = None,
    ) -> Change:
        now = self._clock()
        return await self._change(
            update_portfolio, portfolio_id, what, expected, steps, now, missing
        )

    async def _change(
        self,
        function: Callable[Concatenate[Connection, P], Change],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Change:
        """Write, and what the journal keeps of it, or nothing."""
        journal = self._journal
        if journal is None:
            return await self._database.write(function, *args, **kwargs)
        origin = journal.origin()

        def both(connection: Connection) -> Change:
            change = function(connection, *args, **kwargs)
            if change.wrote:
                journal.write(connection, change, origin)
            return change

        return await self._database.write(both)


def _checked_id(portfolio_id: str) -> str:
    if _ID.fullmatch(portfolio_id) is None:
        raise ParameterError(
            f"`portfolio_id` must be 1 to 64 of letters, digits and . _ : -, got {portfolio_id!r}.",
            field="portfolio_id",
        )
    return portfolio_id
