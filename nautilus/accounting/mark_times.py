"""Which mark a date means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from nautilus.accounting.book import Book
from nautilus.core.errors import NotEnoughDataError, ParameterError

__all__ = ["mark_position"]


def mark_position(book: Book, marks: Sequence[int], when: Any, name: str) -> int:
    """Position in `book.events` of the last mark at or before a time."""
    if not marks:
        raise NotEnoughDataError(
            "`book` was never marked, so there is no P&L to explain. Pass prices to run_ledger.",
            field="book",
        )
    if when is None:
        return marks[-1]
    limit = _as_time(when, name)
    found = [i for i in marks if _is_by(book.events[i].timestamp, limit, name)]
    if not found:
        first = book.events[marks[0]].timestamp
        raise NotEnoughDataError(
            f"`{name}` ({when}) is before the first mark, {first:%Y-%m-%d}."
            + (" Leave it out to begin with the opening cash." if name == "start" else ""),
            field=name,
        )
    return found[-1]


def _as_time(when: Any, name: str) -> date:
    if isinstance(when, str):
        try:
            return date.fromisoformat(when) if len(when) <= 10 else datetime.fromisoformat(when)
        except ValueError as error:
            raise ParameterError(
                f"`{name}` must be a date such as 2024-03-31, got {when!r}.", field=name
            ) from error
    if not isinstance(when, date):
        raise ParameterError(
            f"`{name}` must be a date, a datetime or ISO 8601 text, got {when!r}.", field=name
        )
    return when


def _is_by(mark: datetime, limit: date, name: str) -> bool:
    if not isinstance(limit, datetime):
        return mark.date() <= limit
    if (mark.tzinfo is None) != (limit.tzinfo is None):
        words = "without" if mark.tzinfo is None else "with"
        raise ParameterError(
            f"`{name}` must be {words} a time zone like the marks of the book, got {limit}."
            " Or pass a date.",
            field=name,
        )
    return mark <= limit
