"""In which order events are booked, and at which times the book is marked.

A panel with one row per day is a list of sessions: an event belongs to the session of its date in
its own zone and comes before that session's close. A panel with several rows per day is compared
by instant.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from nautilus.accounting.events import Event, Fill, FxRate, Mark
from nautilus.core.errors import DataError, LabelError, TimeIndexError
from nautilus.core.frames import Like, read

__all__ = ["as_events", "ordered_events"]

_RATE, _FILL, _ACTION, _MARK = range(4)


def as_events(events: Any) -> list[Event]:
    """Any iterable of events as a list.

    Raises
    ------
    DataError
        Something else was given; the message says how to make events of it.
    """
    if hasattr(events, "columns") or isinstance(events, (Mapping, str, bytes)):
        raise DataError(
            f"`events` must be a sequence of events, got {type(events).__name__}."
            " Pass nautilus.accounting.read_fills(...) for a file or a frame of fills.",
            field="events",
        )
    listed = list(events) if isinstance(events, Iterable) else [events]
    for event in listed:
        if not isinstance(event, Event):
            raise DataError(
                "`events` must be Fill, Dividend, Split, Fee, Transfer, FxRate or Mark,"
                f" got {type(event).__name__}.",
                field="events",
            )
    return listed


def ordered_events(events: Sequence[Event], prices: Any = None, rates: Any = None) -> list[Event]:
    """All events in the order of booking, with a `Mark` for each row of the panel of prices.

    By time; at the same time exchange rates, then fills, then corporate actions and cash, then
    marks. Sessions before the first event are left out.

    Parameters
    ----------
    events : sequence of events
        In any order; those of one time keep theirs.
    prices : panel (time, symbol), optional
        Must have a column for each traded symbol.
    rates : panel (time, currency), optional
        Base currency per unit; the rates of a session hold for its fills as well.

    Raises
    ------
    LabelError, TimeIndexError
    """
    _check_awareness(events)
    panel_rates = _rate_events(rates)
    if prices is None:
        return _by_time([*panel_rates, *events])
    values, like = read(prices, "prices")
    times = _row_times(like, "prices")
    columns = _columns_of(_traded(events), like)
    days = np.array([t.date() for t in times], dtype="M8[D]")
    by_day = len(np.unique(days)) == len(days)
    first = _first_session(events, days) if by_day else _first_row(events, times)
    marks = [
        Mark(when, dict(zip(columns, row, strict=True)))
        for when, row in zip(
            times[first:], values[first:, list(columns.values())].tolist(), strict=True
        )
    ]
    if by_day:
        return _by_session(events, marks, panel_rates, days)
    return _by_time([*panel_rates, *events, *marks])


def _by_time(events: Sequence[Event]) -> list[Event]:
    _check_awareness(events)
    return sorted(events, key=lambda e: (e.timestamp, _rank(e)))


def _by_session(
    events: Sequence[Event], marks: Sequence[Event], rates: Sequence[Event], days: Any
) -> list[Event]:
    """Sort by session, in it by time; events after the last session stay without a mark."""
    by_session: list[list[Event]] = [[] for _ in range(len(days) + 1)]
    for session, rate in zip(_sessions_of(rates, days), rates, strict=True):
        by_session[session].append(rate)
    ordered = _by_time(events)
    for session, event in zip(_sessions_of(ordered, days), ordered, strict=True):
        by_session[session].append(event)
    first = len(days) - len(marks)
    for session, mark in enumerate(marks, start=first):
        by_session[session].append(mark)
    return [event for session in by_session for event in session]


def _first_session(events: Sequence[Event], days: Any) -> int:
    return min(_sessions_of(events, days), default=0)


def _sessions_of(events: Sequence[Event], days: Any) -> list[int]:
    dates = np.array([e.timestamp.date() for e in events], dtype="M8[D]")
    return [int(i) for i in np.searchsorted(days, dates, side="left")]


def _first_row(events: Sequence[Event], times: Sequence[datetime]) -> int:
    _check_awareness([*events, *(Mark(t, {}) for t in times[:1])])
    first = min((e.timestamp for e in events), default=None)
    return 0 if first is None else sum(1 for t in times if t < first)


def _rank(event: Event) -> int:
    if isinstance(event, Fill):
        return _FILL
    if isinstance(event, FxRate):
        return _RATE
    return _MARK if isinstance(event, Mark) else _ACTION


def _check_awareness(events: Sequence[Event]) -> None:
    kinds = {event.timestamp.tzinfo is not None: event.timestamp for event in events}
    if len(kinds) == 2:
        raise TimeIndexError(
            f"`events` mix times with a zone ({kinds[True]}) and without ({kinds[False]})."
            " Give all of them a zone, or none.",
            field="events",
        )


def _traded(events: Sequence[Event]) -> list[str]:
    return list(dict.fromkeys(e.symbol for e in events if isinstance(e, Fill)))


def _columns_of(symbols: Sequence[str], like: Like) -> dict[str, int]:
    positions = {str(label): i for i, label in enumerate(like.columns)}
    missing = [s for s in symbols if s not in positions]
    if missing:
        close = difflib.get_close_matches(missing[0], positions, n=3)
        hint = f"Close names: {', '.join(close)}." if close else None
        named = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        raise LabelError(
            f"`prices` must have a column for each traded symbol, it lacks {named}.",
            field="prices",
            hint=hint,
        )
    return {s: positions[s] for s in symbols}


def _row_times(like: Like, name: str) -> list[datetime]:
    if like.times is None or like.times.dtype.kind != "M":
        raise TimeIndexError(
            f"`{name}` must be indexed by time to be joined with events. Pass a pandas frame with"
            " a DatetimeIndex or a polars frame with a date column.",
            field=name,
        )
    if not like.aware:
        naive: list[datetime] = like.times.astype("M8[us]").tolist()
        return naive
    return [_plain_time(like.index[i]) for i in range(like.size)]


def _plain_time(value: Any) -> datetime:
    """The time in its own zone."""
    plain: datetime = value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
    return plain


def _rate_events(rates: Any) -> list[Event]:
    if rates is None:
        return []
    values, like = read(rates, "fx_rates")
    times = _row_times(like, "fx_rates")
    found: list[Event] = []
    for when, row in zip(times, values.tolist(), strict=True):
        for currency, rate in zip(like.columns, row, strict=True):
            if rate == rate:
                found.append(FxRate(when, str(currency), rate))
    return found
