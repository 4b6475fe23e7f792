"""The message that a task is handling, and what becomes of one that nobody could handle."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from nautilus.core.errors import UnavailableError
from nautilus.server.bus.messages import Message

__all__ = ["CLOSED", "HANDLING", "MOST_DELIVERIES", "DeadLetter", "handled_message"]

MOST_DELIVERIES = 5
CLOSED = {"code": UnavailableError.code, "message": "The engine that was asked has closed."}
HANDLING: ContextVar[Message | None] = ContextVar("nautilus_handled_message", default=None)


def handled_message() -> Message | None:
    """The message that this task is handling."""
    return HANDLING.get()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up."""

    message: Message
    group: str
    pattern: str
    error: str
    deliveries: int
    at: datetime
