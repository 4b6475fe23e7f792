"""A message as it goes out: encoded once, framed once, projected once for each set of metrics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from nautilus.server.websocket.frames import text_frame
from nautilus.server.websocket.kinds import Kind, Policy

__all__ = ["Prepared", "prepared", "told"]

# What says whose figures they are stays in every projection.
IDENTIFYING = frozenset({"portfolio_id", "symbol", "timestamp", "source", "simulated"})
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


class Prepared:
    """One message for any number of clients.

    Attributes
    ----------
    payload : bytes
        JSON.
    topic : str
        Empty for replies to one client.
    policy : Policy
    data : mapping
    offset : int
        Its number within the topic.
    sequence : int
        Its number within the hub.
    at : float
        Monotonic seconds when it reached the hub.
    """

    __slots__ = ("_frame", "_projections", "at", "data", "offset", "payload", "policy", "sequence",
                 "topic")  # fmt: skip

    def __init__(
        self,
        payload: bytes,
        *,
        topic: str = "",
        policy: Policy = Policy.DISCONNECT,
        data: Mapping[str, Any] | None = None,
        offset: int = 0,
        sequence: int = 0,
    ) -> None:
        self.payload = payload
        self.topic = topic
        self.policy = policy
        self.data = data or {}
        self.offset = offset
        self.sequence = sequence
        self.at = time.monotonic()
        self._frame: bytes | None = None
        self._projections: dict[tuple[str, ...], Prepared] | None = None

    @property
    def frame(self) -> bytes:
        """The frame, made for the first client that needs it."""
        if self._frame is None:
            self._frame = text_frame(self.payload)
        return self._frame

    def projected(self, metrics: tuple[str, ...]) -> Prepared:
        """The same message with these fields of its data, and those that say whose they are."""
        if self._projections is None:
            self._projections = {}
        found = self._projections.get(metrics)
        if found is None:
            wanted = IDENTIFYING.union(metrics)
            body = orjson.loads(self.payload)
            body["data"] = {k: v for k, v in body["data"].items() if k in wanted}
            found = self._projections[metrics] = Prepared(
                orjson.dumps(body),
                topic=self.topic,
                policy=self.policy,
                data=self.data,
                offset=self.offset,
                sequence=self.sequence,
            )
        return found


def prepared(
    topic: str,
    kind: Kind,
    data: Any,
    at: datetime,
    *,
    offset: int,
    epoch: str,
    sequence: int,
    message_type: str | None = None,
) -> Prepared:
    """A numbered message in the documented form.

    Examples
    --------
    >>> from datetime import UTC
    >>> from nautilus.server.websocket.kinds import kind_of
    >>> at = datetime(2025, 8, 23, 10, 30, tzinfo=UTC)
    >>> one = prepared("market.data.AAPL", kind_of("market.data.AAPL"), {"price": 155.25}, at,
    ...     offset=1, epoch="e", sequence=1)
    >>> print(one.payload.decode())
    {"type":"market_data","topic":"market.data.AAPL","timestamp":"2025-08-23T10:30:00Z",\
"data":{"price":155.25},"offset":1,"epoch":"e"}
    """
    body = {
        "type": message_type or kind.type,
        "topic": topic,
        "timestamp": at,
        "data": data,
        "offset": offset,
        "epoch": epoch,
    }
    return Prepared(
        orjson.dumps(body, option=OPTIONS),
        topic=topic,
        policy=kind.policy,
        data=data if isinstance(data, dict) else {},
        offset=offset,
        sequence=sequence,
    )


def told(message_type: str, **fields: Any) -> Prepared:
    """A reply to one client; fields that are None are left out.

    Examples
    --------
    >>> told("pong", request_id="1", time=None).payload
    b'{"type":"pong","request_id":"1"}'
    """
    kept = {name: value for name, value in fields.items() if value is not None}
    return Prepared(orjson.dumps({"type": message_type, **kept}, option=OPTIONS))
