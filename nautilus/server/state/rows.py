"""Between the rows of the tables and the portfolio aggregate."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, select

from nautilus.accounting import event_from_dict, event_to_dict
from nautilus.accounting.events import Event, Fill
from nautilus.accounting.holdings import Position
from nautilus.core.errors import DataError
from nautilus.server.state.portfolio import (
    Limits,
    NavHistory,
    Portfolio,
    PortfolioSummary,
    Snapshot,
)
from nautilus.server.state.schema import nav_history, portfolio_events

__all__ = [
    "event_row",
    "limits_text",
    "moment",
    "moment_text",
    "nav_rows",
    "new_row",
    "portfolio_of",
    "shown",
    "snapshot_text",
    "summary_of",
    "targets_text",
]

_log = logging.getLogger("nautilus.server.state")
_EPOCH = np.datetime64(0, "us")
_SNAPSHOT = tuple(one.name for one in fields(Snapshot))
_POSITION = tuple(one.name for one in fields(Position))
_position_values = attrgetter(*_POSITION)


def new_row(
    portfolio_id: str,
    now: datetime,
    *,
    base_currency: str = "USD",
    cash: float = 0.0,
    benchmark: str | None = None,
    targets: str = "{}",
    limits: str = "{}",
    name: str | None = None,
    source: str = "user",
) -> dict[str, Any]:
    """A row of `portfolios` before its first write."""
    return {
        "id": portfolio_id,
        "version": 0,
        "name": name,
        "source": source,
        "base_currency": base_currency,
        "cash": cash,
        "benchmark": benchmark,
        "targets": targets,
        "limits": limits,
        "snapshot": None,
        "event_count": 0,
        "created_at": moment_text(now),
        "updated_at": moment_text(now),
    }


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of `portfolios` as an audit entry shows them; snapshots are too large for it."""
    return {
        name: json.loads(value) if name in ("targets", "limits") else value
        for name, value in values.items()
        if name != "snapshot"
    }


def portfolio_of(
    connection: Connection, row: Row[Any], known: Portfolio | None = None
) -> Portfolio:
    """The whole aggregate behind one row of `portfolios`.

    Events and net asset values are only ever appended, so those of an earlier version are kept.
    What is held is worked out here, off the event loop.
    """
    found = Portfolio(
        id=row.id,
        version=row.version,
        base_currency=row.base_currency,
        cash=row.cash,
        events=_events(connection, row.id, known.events if known else ()),
        snapshot=_snapshot(row.snapshot),
        nav=_nav(connection, row.id, known.nav if known else NavHistory()),
        benchmark=row.benchmark,
        targets=MappingProxyType(json.loads(row.targets)),
        limits=_limits(json.loads(row.limits)),
        name=row.name,
        source=row.source,
        stored=True,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
    )
    if known is not None:
        found.following(known)
    if found.outdated and found.events:
        _work_out(found)
    return found


def _work_out(portfolio: Portfolio) -> None:
    """What is held, for whoever reads it; events that cannot be booked are told to them as well."""
    try:
        portfolio.held  # noqa: B018
    except DataError as error:
        _log.warning("the events of portfolio %s: %s", portfolio.id, error)


def summary_of(row: Row[Any]) -> PortfolioSummary:
    """One row of a list."""
    return PortfolioSummary(
        id=row.id,
        version=row.version,
        name=row.name,
        source=row.source,
        base_currency=row.base_currency,
        benchmark=row.benchmark,
        event_count=row.event_count,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
    )


def event_row(portfolio_id: str, sequence: int, event: Event) -> dict[str, Any]:
    """A row of `portfolio_events`.

    Raises
    ------
    DataError
        A time without a zone.
    """
    _check_aware(event.timestamp, "timestamp")
    return {
        "portfolio_id": portfolio_id,
        "sequence": sequence,
        "fill_id": event.fill_id if isinstance(event, Fill) else None,
        "body": json.dumps(event_to_dict(event), separators=(",", ":")),
    }


def nav_rows(portfolio_id: str, nav: NavHistory) -> list[dict[str, Any]]:
    """Rows of `nav_history`.

    Raises
    ------
    DataError
        Lengths that differ, values that are not finite, times that do not increase.
    """
    lengths = {len(nav.times), len(nav.values), len(nav.flows)}
    if len(lengths) != 1:
        raise DataError(f"`nav` must have one length, got {sorted(lengths)}.", field="nav")
    if not (np.isfinite(nav.values).all() and np.isfinite(nav.flows).all()):
        raise DataError("`nav` must be finite: leave out what is not known.", field="nav")
    times = (nav.times.astype("M8[us]") - _EPOCH).astype(np.int64)
    if (np.diff(times) <= 0).any():
        raise DataError("times of `nav` must increase strictly.", field="nav")
    return [
        {"portfolio_id": portfolio_id, "microseconds": time, "nav": value, "flow": flow}
        for time, value, flow in zip(
            times.tolist(), nav.values.tolist(), nav.flows.tolist(), strict=True
        )
    ]


def snapshot_text(snapshot: Snapshot) -> str:
    """A snapshot as JSON."""
    _check_aware(snapshot.at, "at")
    body = {name: getattr(snapshot, name) for name in _SNAPSHOT}
    body["at"] = moment_text(snapshot.at)
    # `dataclasses.asdict` takes ten times as long for a thousand positions.
    body["positions"] = [
        dict(zip(_POSITION, _position_values(one), strict=True)) for one in snapshot.positions
    ]
    return json.dumps(body, separators=(",", ":"))


def targets_text(targets: Mapping[str, float]) -> str:
    """Target weights as JSON.

    Raises
    ------
    DataError
        A weight that is no finite number.
    """
    weights = {str(symbol): float(weight) for symbol, weight in targets.items()}
    for symbol, weight in weights.items():
        if not np.isfinite(weight):
            raise DataError(
                f"`targets` of {symbol} must be a finite weight, got {weight}.", field="targets"
            )
    return json.dumps(weights)


def limits_text(limits: Limits) -> str:
    """Limits as JSON, as they came.

    Raises
    ------
    DataError
        Something that JSON cannot hold.
    """
    try:
        plain = dict(limits) if isinstance(limits, Mapping) else [dict(one) for one in limits]
        return json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"`limits` must be a mapping of name -> number or a list of limits: {error}.",
            field="limits",
        ) from error


def moment(text: str) -> datetime:
    """The time that `moment_text` wrote."""
    return datetime.fromisoformat(text)


def moment_text(value: datetime) -> str:
    """A time in UTC as text that sorts."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _snapshot(text: str | None) -> Snapshot | None:
    if text is None:
        return None
    body = json.loads(text)
    positions = tuple(Position(**one) for one in body.pop("positions"))
    return Snapshot(positions, moment(body.pop("at")), **body)


def _limits(stored: Any) -> Limits:
    if isinstance(stored, dict):
        return MappingProxyType(stored)
    return tuple(MappingProxyType(one) for one in stored)


def _events(
    connection: Connection, portfolio_id: str, known: tuple[Event, ...]
) -> tuple[Event, ...]:
    table = portfolio_events
    query = (
        select(table.c.body)
        .where(table.c.portfolio_id == portfolio_id, table.c.sequence >= len(known))
        .order_by(table.c.sequence)
    )
    bodies = connection.execute(query).scalars()
    return known + tuple(event_from_dict(json.loads(body)) for body in bodies)


def _nav(connection: Connection, portfolio_id: str, known: NavHistory) -> NavHistory:
    table = nav_history
    query = (
        select(table.c.microseconds, table.c.nav, table.c.flow)
        .where(table.c.portfolio_id == portfolio_id)
        .order_by(table.c.microseconds)
    )
    if len(known):
        query = query.where(table.c.microseconds > int(known.times[-1].astype(np.int64)))
    found = connection.execute(query).all()
    if not found:
        return known
    columns = zip(*found, strict=True)
    stored = (known.times, known.values, known.flows)
    kinds = ("M8[us]", "f8", "f8")
    arrays = [
        np.concatenate([old, np.array(new, dtype=kind)])
        for old, new, kind in zip(stored, columns, kinds, strict=True)
    ]
    for array in arrays:
        array.flags.writeable = False
    return NavHistory(*arrays)


def _check_aware(value: datetime, name: str) -> datetime:
    """A time with a zone, as it came.

    Raises
    ------
    DataError
        Naive: the state has no zone to read it in.
    """
    if value.tzinfo is None:
        raise DataError(
            f"`{name}` must have a time zone, got {value.isoformat()}. Add tzinfo=UTC.", field=name
        )
    return value
