"""Answers as they came, and how their bytes become checked values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from nautilus.marketdata.sources.errors import (
    AuthRequired,
    NotEntitled,
    SchemaChanged,
    SymbolNotFound,
    Throttled,
    Upstream,
)

__all__ = ["RawPayload", "check_status", "day", "decode", "instant", "number", "require"]

_SHOWN = 120
_EARLIEST, _LATEST = date(1000, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPayload:
    """One answer of a source.

    Parameters
    ----------
    body : bytes
        As received, keys replaced.
    url : str
        What was asked, keys replaced.
    status : int
    headers : mapping of str to str
        Names in lower case.
    sent, first_byte, done : float
        Seconds of the monotonic clock: before sending, headers there, body there.
    received_at : datetime
        Aware; wall clock when the body was there.
    """

    body: bytes = field(repr=False)
    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sent: float = 0.0
    first_byte: float = 0.0
    done: float = 0.0
    received_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def milliseconds(self) -> float:
        """From before sending until the last byte."""
        return (self.done - self.sent) * 1000.0

    @property
    def text(self) -> str:
        """The body, undecodable bytes replaced."""
        return self.body.decode("utf-8", errors="replace")


def check_status(payload: RawPayload, source: str, symbol: str) -> None:
    """Raise what an HTTP status alone says; a source looks into its own bodies first.

    Raises
    ------
    AuthRequired, NotEntitled, SymbolNotFound, Throttled, Upstream

    Examples
    --------
    >>> check_status(RawPayload(body=b"", status=503), "fred", "CPI")
    Traceback (most recent call last):
        ...
    nautilus.marketdata.sources.errors.Upstream: fred answered HTTP 503 for 'CPI'; try again later.
    """
    status = payload.status
    if 200 <= status < 300:
        return
    said = f"{source} answered HTTP {status} for {symbol!r}"
    if status == 401:
        raise AuthRequired(f"{said}: the key is missing or wrong; check it.", source=source)
    if status == 403:
        raise NotEntitled(f"{said}: the key's plan does not include this.", source=source)
    if status == 404:
        raise SymbolNotFound(f"{said}: unknown symbol; check its spelling.", source=source)
    if status == 429:
        wait = _retry_after(payload)
        again = f"in {wait:g} s" if wait is not None else "later"
        raise Throttled(f"{said}: too many; ask again {again}.", source=source, retry_after=wait)
    raise Upstream(f"{said}; try again later.", source=source, status=status)


def _retry_after(payload: RawPayload) -> float | None:
    text = payload.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        if then.tzinfo is None:
            then = then.replace(tzinfo=UTC)
        return max(0.0, (then - payload.received_at).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def decode(payload: RawPayload, source: str) -> Any:
    """JSON of the body.

    Raises
    ------
    Upstream
        A web page, half an answer, or anything else that is not JSON.
    """
    start = payload.body[:64].lstrip().lower()
    if start.startswith(b"<"):
        raise Upstream(
            f"{source} answered a web page or XML instead of JSON; it may be under maintenance or"
            " `base_url` may point elsewhere.",
            source=source,
            status=payload.status,
        )
    try:
        return json.loads(payload.body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Upstream(
            f"{source} answered {len(payload.body)} bytes that are not complete JSON;"
            " the answer was cut off or is of another kind.",
            source=source,
            status=payload.status,
        ) from None


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def require(value: Any, key: str, kind: type | tuple[type, ...], source: str) -> Any:
    """`value[key]`, which must be there and of `kind`.

    Raises
    ------
    SchemaChanged

    Examples
    --------
    >>> require({"count": 3}, "count", int, "fred")
    3
    """
    if not isinstance(value, Mapping) or key not in value:
        raise SchemaChanged(
            f"{source} no longer sends `{key}`, which this connector needs;"
            " a newer version may know its new shape.",
            source=source,
            field=key,
        )
    found = value[key]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(found, kinds) or (isinstance(found, bool) and bool not in kinds):
        wanted = " or ".join(one.__name__ for one in kinds)
        raise SchemaChanged(
            f"{source} sent `{key}` as {type(found).__name__}, it was {wanted};"
            " a newer version may know its new shape.",
            source=source,
            field=key,
        )
    return found


def number(value: Any, name: str, source: str, *, missing: tuple[str, ...] = ("",)) -> float | None:
    """A finite number from a number or its text; None for null and the source's missing marks.

    Raises
    ------
    SchemaChanged

    Examples
    --------
    >>> number("4.4", "value", "fred"), number(".", "value", "fred", missing=(".",))
    (4.4, None)
    """
    if value is None or (isinstance(value, str) and value.strip() in missing):
        return None
    try:
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            raise ValueError
        found = float(value)
        if not math.isfinite(found):
            raise ValueError
    except (ValueError, OverflowError):
        raise _unreadable(value, name, source, "a number") from None
    return found


def day(value: Any, name: str, source: str) -> date:
    """A date from the first ten characters of an ISO text.

    Raises
    ------
    SchemaChanged
    """
    try:
        if not isinstance(value, str):
            raise ValueError
        found = date.fromisoformat(value[:10])
        if not _EARLIEST <= found <= _LATEST:
            raise ValueError
    except ValueError:
        raise _unreadable(value, name, source, "a date such as 2024-01-31") from None
    return found


def instant(value: Any, name: str, source: str) -> datetime:
    """An aware UTC time from an ISO text (naive is UTC) or from seconds since 1970.

    Raises
    ------
    SchemaChanged
    """
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            found = found.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        else:
            raise ValueError
        if not _EARLIEST <= found.date() <= _LATEST:
            raise ValueError
    except (ValueError, OverflowError, OSError):
        raise _unreadable(value, name, source, "a time") from None
    return found


def _unreadable(value: Any, name: str, source: str, wanted: str) -> SchemaChanged:
    shown = repr(value)[:_SHOWN] if isinstance(value, int | float | str) else type(value).__name__
    return SchemaChanged(
        f"{source} sent {shown} as `{name}`, which must be {wanted};"
        " a newer version may know its new shape.",
        source=source,
        field=name,
    )
