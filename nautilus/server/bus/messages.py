"""The envelope of a message: the documented fields and what delivery needs."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from nautilus.core.errors import ParameterError

__all__ = ["LARGEST_MESSAGE", "Message", "data_from_bytes", "data_to_bytes", "new_id"]

LARGEST_MESSAGE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as its handler gets it.

    Parameters
    ----------
    topic : str
    source_engine : str
    data : Any
        The handler's own copy.
    target_engine : str, optional
        None for a broadcast.
    id : str
        Sorts by time; the same at every redelivery.
    request_id : str, optional
        Of the HTTP request that started it, kept along a pipeline.
    correlation_id : str, optional
        Id of the message that this one answers or follows from.
    reply_to : str, optional
        Where the answer goes; None when nobody waits for one.
    timestamp : datetime
        When it was published, UTC.
    deadline : datetime, optional
        Not handled after this.

    Examples
    --------
    >>> from datetime import UTC
    >>> message = Message(topic="risk.check.request", source_engine="analytics", data={},
    ...     target_engine="risk", id="1", timestamp=datetime(2025, 8, 23, tzinfo=UTC))
    >>> Message.from_bytes(message.to_bytes()) == message, message.broadcast
    (True, False)
    """

    topic: str
    source_engine: str
    data: Any
    id: str
    timestamp: datetime
    target_engine: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    deadline: datetime | None = None

    @property
    def broadcast(self) -> bool:
        """Whether it is for everybody."""
        return self.target_engine is None

    def expired(self, now: datetime) -> bool:
        """Whether its deadline has passed."""
        return self.deadline is not None and now > self.deadline

    def to_dict(self) -> dict[str, Any]:
        """The documented envelope; fields that are None are left out."""
        target = {"broadcast": True} if self.broadcast else {"target_engine": self.target_engine}
        optional = {
            "request_id": self.request_id,
            "correlation_id": self.correlation_id,
            "reply_to": self.reply_to,
            "deadline": self.deadline,
        }
        return {
            "topic": self.topic,
            "source_engine": self.source_engine,
            **target,
            "data": self.data,
            "id": self.id,
            "timestamp": self.timestamp,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def to_bytes(self) -> bytes:
        """The envelope as JSON."""
        return data_to_bytes(self.to_dict())

    @classmethod
    def from_bytes(cls, body: bytes) -> Message:
        """The message that `to_bytes` wrote; fields it does not know are left out."""
        fields: Mapping[str, Any] = orjson.loads(body)
        known = {name: fields[name] for name in cls.__slots__ if name in fields}
        for name in ("timestamp", "deadline"):
            if name in known:
                known[name] = datetime.fromisoformat(known[name])
        return cls(**known)


def data_to_bytes(data: Any) -> bytes:
    """Data as JSON; NaN and infinity travel as null, datetimes as ISO 8601 in UTC.

    Raises
    ------
    ParameterError
        Something that JSON cannot hold, or larger than `LARGEST_MESSAGE`.

    Examples
    --------
    >>> data_to_bytes({"price": 155.25})
    b'{"price":155.25}'
    """
    try:
        body = orjson.dumps(data, option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise ParameterError(
            f"`data` of a message must be what JSON can hold: {error}.", field="data"
        ) from error
    if len(body) > LARGEST_MESSAGE:
        raise ParameterError(
            f"`data` of a message must be at most {LARGEST_MESSAGE} bytes, got {len(body)}."
            " The bus carries events and requests: send an id and let the reader fetch the rest.",
            field="data",
        )
    return body


def data_from_bytes(body: bytes) -> Any:
    """Data that nobody else holds."""
    return orjson.loads(body)


def new_id(now: datetime) -> str:
    """A UUID of version 7: sorts by time to the millisecond (RFC 9562, section 5.7).

    Examples
    --------
    >>> from datetime import UTC
    >>> new_id(datetime(2025, 8, 23, tzinfo=UTC))[:15]
    '0198d439-9400-7'
    """
    text = f"{int(now.timestamp() * 1000):012x}"
    rest = _random_digits()
    return f"{text[:8]}-{text[8:]}-7{rest[:3]}-{_VARIANT[rest[3]]}{rest[4:7]}-{rest[7:19]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_spare: deque[str] = deque()
if hasattr(os, "register_at_fork"):  # a child must not give out what its parent gives out
    os.register_at_fork(after_in_child=_spare.clear)


def _random_digits() -> str:
    """Twenty hexadecimal digits; asking the system once for each id costs more than the id."""
    try:
        return _spare.pop()
    except IndexError:
        digits = os.urandom(10 * 256).hex()
        _spare.extend(digits[start : start + 20] for start in range(20, len(digits), 20))
        return digits[:20]
