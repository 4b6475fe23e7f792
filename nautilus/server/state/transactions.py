"""What the portfolio repository does inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from nautilus.accounting.events import Event, Fill
from nautilus.core.errors import ConflictError, NotFoundError
from nautilus.server.state import rows
from nautilus.server.state.portfolio import Portfolio, PortfolioSummary
from nautilus.server.state.schema import nav_history, portfolio_events, portfolios

__all__ = [
    "Change",
    "Steps",
    "count_portfolios",
    "create_portfolio",
    "delete_portfolio",
    "insert_events",
    "insert_nav",
    "list_portfolios",
    "read_portfolio",
    "unknown_portfolio",
    "update_portfolio",
]

MOST_BOUND = 500  # values in one query

Steps = Callable[[Connection, Row[Any]], tuple[dict[str, Any], int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a write did.

    Parameters
    ----------
    portfolio_id : str
    version : int
        After the write.
    what : str
        "created", "events", "snapshot", "nav", "targets", "limits", "settings" or "deleted".
    added : int
        Rows added.
    duplicates : int
        Fills left out because their id is known. Nothing but duplicates: the version stays.
    at : datetime
    before, after : mapping or None
        What the portfolio had and has in the fields that changed.
    """

    portfolio_id: str
    version: int
    what: str
    at: datetime
    added: int = 0
    duplicates: int = 0
    before: Mapping[str, Any] | None = field(default=None, repr=False)
    after: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def wrote(self) -> bool:
        """Whether there is a new version."""
        return bool(self.added or not self.duplicates)


def unknown_portfolio(portfolio_id: str) -> NotFoundError:
    """The error for an id that is not stored."""
    return NotFoundError(
        f"no portfolio {portfolio_id!r} is stored.",
        field="portfolio_id",
        hint="Create it, or send `positions` with the request.",
    )


def _row(connection: Connection, portfolio_id: str, *, lock: bool = False) -> Row[Any] | None:
    query = select(portfolios).where(portfolios.c.id == portfolio_id)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def read_portfolio(
    connection: Connection, portfolio_id: str, known: Portfolio | None
) -> Portfolio | None:
    """The aggregate, or None; `known` itself while nobody wrote since."""
    row = _row(connection, portfolio_id)
    if row is None:
        return None
    if known is not None and rows.moment(row.created_at) != known.created_at:
        known = None  # deleted and made anew
    if known is not None and row.version == known.version:
        return known
    return rows.portfolio_of(connection, row, known)


def _locked(connection: Connection, portfolio_id: str, expected: int | None) -> Row[Any]:
    row = _row(connection, portfolio_id, lock=True)
    if row is None:
        raise unknown_portfolio(portfolio_id)
    if expected is not None and row.version != expected:
        raise ConflictError(
            f"portfolio {portfolio_id!r} has version {row.version}, not {expected}: somebody else"
            " changed it. Read it again and repeat the change.",
            field="expected_version",
        )
    return row


def update_portfolio(
    connection: Connection,
    portfolio_id: str,
    what: str,
    expected: int | None,
    steps: Steps,
    now: datetime,
    missing: dict[str, Any] | None = None,
) -> Change:
    """Carry out `steps` on a locked row of the expected version, and raise the version.

    With `missing`, a portfolio that is not there is made of it first.
    """
    if missing is not None and _row(connection, portfolio_id, lock=True) is None:
        connection.execute(insert(portfolios).values(missing))
    row = _locked(connection, portfolio_id, expected)
    values, added, duplicates = steps(connection, row)
    version = row.version if duplicates and not added else row.version + 1
    changed = values | {"version": version}
    if version != row.version:
        connection.execute(
            update(portfolios)
            .where(portfolios.c.id == portfolio_id)
            .values(version=version, updated_at=rows.moment_text(now), **values)
        )
    return Change(
        portfolio_id=portfolio_id,
        version=version,
        what=what,
        at=now,
        added=added,
        duplicates=duplicates,
        before=rows.shown({name: row._mapping[name] for name in changed}),
        after=rows.shown(changed),
    )


def create_portfolio(
    connection: Connection, values: dict[str, Any], events: tuple[Event, ...], now: datetime
) -> Change:
    """Insert a portfolio and its first events."""
    portfolio_id = values["id"]
    if _row(connection, portfolio_id) is not None:
        raise ConflictError(f"portfolio {portfolio_id!r} exists already.", field="portfolio_id")
    connection.execute(insert(portfolios).values(values | {"version": 1}))
    before = Portfolio(id=portfolio_id, base_currency=values["base_currency"])
    added, duplicates = insert_events(connection, before, events)
    if added:
        connection.execute(
            update(portfolios).where(portfolios.c.id == portfolio_id).values(event_count=added)
        )
    return Change(
        portfolio_id=portfolio_id,
        version=1,
        what="created",
        at=now,
        added=added,
        duplicates=duplicates,
        after=rows.shown(values | {"version": 1, "event_count": added}),
    )


def delete_portfolio(
    connection: Connection, portfolio_id: str, expected: int | None, now: datetime
) -> Change:
    """Remove a portfolio, its events and its values."""
    row = _locked(connection, portfolio_id, expected)
    for table in (portfolio_events, nav_history):
        connection.execute(delete(table).where(table.c.portfolio_id == portfolio_id))
    connection.execute(delete(portfolios).where(portfolios.c.id == portfolio_id))
    return Change(
        portfolio_id=portfolio_id,
        version=row.version,
        what="deleted",
        at=now,
        before=rows.shown(dict(row._mapping)),
    )


def insert_events(
    connection: Connection, before: Portfolio, events: tuple[Event, ...]
) -> tuple[int, int]:
    """(added, duplicates) after events of a portfolio; refused where no ledger can book them."""
    known = _known_fill_ids(connection, before.id, events)
    new: list[Event] = []
    for event in events:
        fill_id = event.fill_id if isinstance(event, Fill) else None
        if fill_id is None or fill_id not in known:
            new.append(event)
        if fill_id is not None:
            known.add(fill_id)
    first = len(before.events)
    table_rows = [rows.event_row(before.id, first + n, event) for n, event in enumerate(new)]
    if new:
        before.held_with(new)
        connection.execute(insert(portfolio_events), table_rows)
    return len(new), len(events) - len(new)


def _known_fill_ids(
    connection: Connection, portfolio_id: str, events: tuple[Event, ...]
) -> set[str]:
    asked = [e.fill_id for e in events if isinstance(e, Fill) and e.fill_id is not None]
    table, known = portfolio_events, set[str]()
    for first in range(0, len(asked), MOST_BOUND):
        query = select(table.c.fill_id).where(
            table.c.portfolio_id == portfolio_id,
            table.c.fill_id.in_(asked[first : first + MOST_BOUND]),
        )
        known.update(connection.execute(query).scalars())
    return known


def insert_nav(connection: Connection, portfolio_id: str, new: Sequence[Mapping[str, Any]]) -> None:
    """Append values that are later than all stored ones."""
    table = nav_history
    query = select(func.max(table.c.microseconds)).where(table.c.portfolio_id == portfolio_id)
    last = connection.execute(query).scalar()
    if last is not None and new[0]["microseconds"] <= last:
        raise ConflictError(
            f"`nav` of {portfolio_id!r} begins at or before the last value stored. Append later"
            " values only; history is not rewritten.",
            field="nav",
        )
    connection.execute(insert(table), list(new))


def list_portfolios(
    connection: Connection, limit: int, after: str | None
) -> tuple[PortfolioSummary, ...]:
    """Summaries in the order of their ids."""
    query = select(portfolios).order_by(portfolios.c.id).limit(limit)
    if after is not None:
        query = query.where(portfolios.c.id > after)
    return tuple(rows.summary_of(row) for row in connection.execute(query))


def count_portfolios(connection: Connection) -> int:
    """Number of stored portfolios."""
    return int(connection.execute(select(func.count()).select_from(portfolios)).scalar_one())
