"""Messages as entries of a stream, and entries as messages."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from nautilus.core.errors import ParameterError
from nautilus.server.bus.handling import DeadLetter
from nautilus.server.bus.messages import Message
from nautilus.server.bus.queues import Delivery
from nautilus.server.bus.topics import check_topic, family_of

__all__ = [
    "Recent",
    "StoredDelivery",
    "dead_fields",
    "dead_letter_of",
    "delivery_of",
    "envelope_of",
]

Fields = dict[bytes, bytes]


@dataclass(slots=True, kw_only=True)
class StoredDelivery(Delivery):
    """A message that came out of a stream; `body` is the whole envelope."""

    stream: bytes
    entry: bytes

    def message(self) -> Message:
        """The message with data that nobody else holds."""
        return Message.from_bytes(self.body)


class Recent:
    """The last ids seen, so that a message that comes again is known.

    Examples
    --------
    >>> recent = Recent(2)
    >>> [recent.add(one) for one in ("a", "b", "a", "c")], "b" in recent
    ([True, True, False, True], True)
    """

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._ids

    def add(self, message_id: str) -> bool:
        """Whether it is new."""
        if message_id in self._ids:
            return False
        self._ids[message_id] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return True


def envelope_of(delivery: Delivery) -> bytes:
    """The documented envelope as JSON, around data that is JSON already."""
    message = Message(
        topic=delivery.topic,
        source_engine=delivery.source_engine,
        data=orjson.Fragment(delivery.body),
        id=delivery.id,
        timestamp=delivery.timestamp,
        target_engine=family_of(delivery.topic).target,
        request_id=delivery.request_id,
        correlation_id=delivery.correlation_id,
        reply_to=delivery.reply_to,
        deadline=delivery.deadline,
    )
    return orjson.dumps(message.to_dict(), option=orjson.OPT_UTC_Z)


def delivery_of(stream: bytes, entry: bytes, fields: Fields, deliveries: int = 1) -> StoredDelivery:
    """The message of an entry.

    Raises
    ------
    ParameterError
        Somebody wrote something else into the stream.
    """
    try:
        body = fields[b"m"]
        found = orjson.loads(body)
        return StoredDelivery(
            topic=check_topic(found["topic"]),
            source_engine=found["source_engine"],
            body=body,
            id=_text(found["id"]),
            timestamp=datetime.fromisoformat(found["timestamp"]),
            reply_to=found.get("reply_to"),
            deadline=_time(found.get("deadline")),
            deliveries=deliveries,
            stream=stream,
            entry=entry,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ParameterError(
            f"entry {entry.decode()} of {stream.decode()} is no message:"
            f" {type(error).__name__}: {error}.",
            field="m",
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"id must be text, got {type(value).__name__}")
    return value


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def dead_fields(letter: DeadLetter) -> dict[str, Any]:
    """A dead letter as the fields of an entry."""
    return {
        "m": letter.message.to_bytes(),
        "group": letter.group,
        "pattern": letter.pattern,
        "error": letter.error,
        "deliveries": letter.deliveries,
        "at": letter.at.isoformat(),
    }


def dead_letter_of(fields: Fields) -> DeadLetter:
    """What `dead_fields` wrote."""
    return DeadLetter(
        message=Message.from_bytes(fields[b"m"]),
        group=fields[b"group"].decode(),
        pattern=fields[b"pattern"].decode(),
        error=fields[b"error"].decode(),
        deliveries=int(fields[b"deliveries"]),
        at=datetime.fromisoformat(fields[b"at"].decode()),
    )
