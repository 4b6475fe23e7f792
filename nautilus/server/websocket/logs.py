"""The numbered messages of each topic, the last of which are kept for those who come back."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nautilus.server.websocket.kinds import kind_of
from nautilus.server.websocket.prepared import Prepared, prepared

__all__ = ["Missed", "TopicLog", "TopicLogs"]

MOST_KEPT = 1000
KEPT_SECONDS = 300.0
KEPT_BYTES = 64 * 1024 * 1024
MOST_TOPICS = 10_000


@dataclass(frozen=True, slots=True)
class Missed:
    """What a client missed; `recovered` is False where some of it is gone."""

    messages: tuple[Prepared, ...]
    recovered: bool


class TopicLog:
    """Messages of one topic; a log that is begun anew has another epoch, so that old offsets mean
    nothing in it.
    """

    def __init__(self, topic: str, epoch: str) -> None:
        self.topic = topic
        self.kind = kind_of(topic)
        self.epoch = epoch
        self.offset = 0
        self.last_at: datetime | None = None
        self.kept: deque[Prepared] = deque()

    @property
    def position(self) -> dict[str, Any]:
        """Where it stands, as `resume` takes it."""
        return {"offset": self.offset, "epoch": self.epoch}

    def after(self, offset: int, epoch: str) -> Missed:
        """Messages after an offset.

        Examples
        --------
        >>> log = TopicLog("risk.alerts.p1", "one")
        >>> log.after(0, "one"), log.after(0, "another")
        (Missed(messages=(), recovered=True), Missed(messages=(), recovered=False))
        """
        known = epoch == self.epoch and 0 <= offset <= self.offset
        first = self.kept[0].offset if self.kept else self.offset + 1
        if not known or offset < first - 1:
            return Missed((), recovered=False)
        return Missed(tuple(one for one in self.kept if one.offset > offset), recovered=True)


class TopicLogs:
    """The logs of a hub: by topic, bounded in topics, messages, age and bytes.

    Parameters
    ----------
    most_topics, most_kept, kept_bytes : int
    kept_seconds : float
    """

    def __init__(
        self,
        *,
        most_topics: int = MOST_TOPICS,
        most_kept: int = MOST_KEPT,
        kept_seconds: float = KEPT_SECONDS,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._most_topics = most_topics
        self._most_kept = most_kept
        self._kept_seconds = kept_seconds
        self._kept_bytes = kept_bytes
        self._logs: OrderedDict[str, TopicLog] = OrderedDict()
        self._bytes = 0
        self._begun = secrets.token_hex(6)
        self._forgotten = 0
        self.sequence = 0

    @property
    def epoch(self) -> str:
        """Epoch of a log that is begun now."""
        return f"{self._begun}.{self._forgotten}"

    def position(self, topic: str) -> dict[str, Any]:
        """Where a topic stands, whether anything was sent on it or not."""
        log = self._logs.get(topic)
        return log.position if log else {"offset": 0, "epoch": self.epoch}

    def after(self, topic: str, offset: int, epoch: str) -> Missed:
        """Messages of a topic after an offset."""
        log = self._logs.get(topic)
        if log is None:
            return Missed((), recovered=epoch == self.epoch and offset == 0)
        return log.after(offset, epoch)

    def __len__(self) -> int:
        return len(self._logs)

    def find(self, topic: str) -> TopicLog | None:
        """The log of a topic that something was sent on."""
        return self._logs.get(topic)

    def open(self, topic: str) -> TopicLog:
        """The log of a topic; the one that was quiet for longest makes room."""
        log = self._logs.get(topic)
        if log is None:
            log = self._logs[topic] = TopicLog(topic, self.epoch)
            if len(self._logs) > self._most_topics:
                self._forget(next(iter(self._logs)))
        return log

    def append(
        self, topic: str, data: Any, at: datetime, *, message_type: str | None = None
    ) -> Prepared:
        """Number a message and keep it."""
        log = self.open(topic)
        self._logs.move_to_end(topic)
        self.sequence += 1
        log.offset += 1
        log.last_at = at
        message = prepared(
            topic,
            log.kind,
            data,
            at,
            offset=log.offset,
            epoch=log.epoch,
            sequence=self.sequence,
            message_type=message_type,
        )
        log.kept.append(message)
        self._bytes += len(message.payload)
        self._trim(log)
        return message

    def _trim(self, log: TopicLog) -> None:
        oldest = time.monotonic() - self._kept_seconds
        while len(log.kept) > self._most_kept or log.kept[0].at < oldest:
            self._bytes -= len(log.kept.popleft().payload)
        while self._bytes > self._kept_bytes and len(self._logs) > 1:
            self._forget(next(iter(self._logs)))

    def _forget(self, topic: str) -> None:
        log = self._logs.pop(topic)
        self._forgotten += 1
        self._bytes -= sum(len(one.payload) for one in log.kept)
