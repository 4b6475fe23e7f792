"""Events as JSON-able values and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from nautilus.accounting.events import EVENT_KINDS, EVENT_WORDS, Event, Mark
from nautilus.core.errors import DataError

__all__ = ["event_from_dict", "event_to_dict"]


def event_to_dict(event: Event) -> dict[str, Any]:
    """An event as JSON-able values, with its `kind`.

    Parameters
    ----------
    event : Fill, Dividend, Split, Fee, Transfer, FxRate or Mark

    Returns
    -------
    dict
        Times as ISO 8601, a missing price of a mark as None.

    Examples
    --------
    >>> from nautilus.accounting import Split
    >>> event_to_dict(Split(datetime(2020, 8, 31), "AAPL", 4.0))["kind"]
    'split'
    """
    data: dict[str, Any] = {f.name: getattr(event, f.name) for f in fields(event)}
    data["timestamp"] = event.timestamp.isoformat()
    if isinstance(event, Mark):
        # JSON has no NaN; None is read back as one.
        data["prices"] = {s: p if p == p else None for s, p in event.prices.items()}
    return {"kind": EVENT_WORDS[type(event)], **data}


def event_from_dict(data: Mapping[str, Any]) -> Event:
    """The event that `event_to_dict` wrote.

    Parameters
    ----------
    data : mapping

    Returns
    -------
    Fill, Dividend, Split, Fee, Transfer, FxRate or Mark

    Raises
    ------
    DataError
        Unknown kind or field, or values that the event refuses.

    Examples
    --------
    >>> from nautilus.accounting import Split
    >>> split = Split(datetime(2020, 8, 31), "AAPL", 4.0)
    >>> event_from_dict(event_to_dict(split)) == split
    True
    """
    values = dict(data)
    word = values.pop("kind", None)
    if word not in EVENT_KINDS:
        raise DataError(
            f"`kind` must be one of {', '.join(EVENT_KINDS)}, got {word!r}.", field="kind"
        )
    known = [f.name for f in fields(EVENT_KINDS[str(word)])]
    extra = [name for name in values if name not in known]
    if extra or "timestamp" not in values:
        fault = f"has no field `{extra[0]}`" if extra else "needs `timestamp`"
        raise DataError(
            f"a {word} {fault}. Its fields are {', '.join(known)}.",
            field=extra[0] if extra else "timestamp",
        )
    values["timestamp"] = _as_time(values["timestamp"])
    event: Event = EVENT_KINDS[str(word)](**values)
    return event


def _as_time(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise DataError(
            f"`timestamp` must be ISO 8601 such as 2024-01-02T15:30:00Z, got {value!r}.",
            field="timestamp",
        ) from error
