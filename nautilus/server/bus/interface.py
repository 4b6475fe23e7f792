"""What every bus offers, in memory or over a network; the documented patterns are in `patterns`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from nautilus.core import errors
from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.bus.messages import Message
from nautilus.server.bus.topics import families_of

__all__ = [
    "Broker",
    "Bus",
    "BusStatus",
    "Handler",
    "Mode",
    "NobodyAnswersError",
    "Overflow",
    "QueueFullError",
    "RemoteError",
    "Reply",
    "RequestTimeoutError",
    "Subscription",
    "error_from_problem",
    "problem_of",
    "usual_overflow",
]

Handler = Callable[[Message], Awaitable[Any]]
Mode = Literal["work", "broadcast"]
Overflow = Literal["wait", "drop_oldest", "error"]


class RequestTimeoutError(UnavailableError):
    """Nobody answered in time."""


class NobodyAnswersError(UnavailableError):
    """Nobody is subscribed to what was asked."""


class QueueFullError(UnavailableError):
    """A subscriber is too slow for what is published."""


class RemoteError(UnavailableError):
    """The handler of a request failed in a way that is not the asker's fault."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a fan-out: data, or the error that stands in its place."""

    topic: str
    data: Any = None
    error: NautilusError | None = None

    @property
    def ok(self) -> bool:
        """Whether it was answered."""
        return self.error is None


@dataclass(slots=True)
class BusStatus:
    """Counters of a bus since it was opened; `sent` by topic family, such as `risk.check`.

    Parameters
    ----------
    kind : str
    connected : bool
    sent : Counter
    received : int
        Messages given to handlers, redeliveries not counted.
    failed : int
        Handler calls that raised.
    redelivered : int
        Handler calls after a failed one.
    dead : int
        Messages given up after the last delivery.
    expired : int
        Messages dropped because their deadline had passed.
    dropped : int
        Messages dropped because a queue was full or its last subscription closed.
    timeouts : int
        Requests that nobody answered in time.
    waiting : int
        Messages in the queues of this process now.
    pending : int
        Messages that a group has taken and not yet handled, in all processes. Over a network as
        last asked.
    lag : int or None
        Messages that no member of their group has taken yet; None where the server cannot say.
    duplicates : int
        Messages that came a second time after they had been taken, and were not handled again.
    unsent : int
        Messages given up because the server of the bus did not take them in time.
    """

    kind: str
    connected: bool = True
    sent: Counter[str] = field(default_factory=Counter)
    received: int = 0
    failed: int = 0
    redelivered: int = 0
    dead: int = 0
    expired: int = 0
    dropped: int = 0
    timeouts: int = 0
    waiting: int = 0
    pending: int = 0
    lag: int | None = 0
    duplicates: int = 0
    unsent: int = 0


class Subscription(Protocol):
    """A handler that gets what matches its pattern, until it is closed."""

    pattern: str

    async def close(self) -> None:
        """Take no more messages; return once running handlers have ended."""
        ...


class Bus(Protocol):
    """The message bus as one engine sees it."""

    engine: str

    @property
    def status(self) -> BusStatus:
        """Counters of this engine's side."""
        ...

    async def publish(
        self, topic: str, data: Any, *, durable: bool = False, message_id: str | None = None
    ) -> None:
        """Send to every subscription that matches.

        Parameters
        ----------
        topic : str
            Of a known family; `nautilus.server.bus.topics` builds the names.
        data : Any
            What JSON can hold; copied.
        durable : bool
            Return only when it is stored as safely as this bus can.
        message_id : str, optional
            The id it had when it was published before, or when it was stored.

        Raises
        ------
        ParameterError
            Unknown topic, or data that JSON cannot hold.
        QueueFullError
            A subscriber's queue with `overflow="error"` is full, or one with "wait" stays full;
            over a network: what waits to be sent has no room.
        UnavailableError
            The bus is closed.
        """
        ...

    async def subscribe(
        self,
        pattern: str,
        handler: Handler,
        *,
        mode: Mode = "work",
        group: str | None = None,
        concurrency: int = 1,
        capacity: int = 1024,
        overflow: Overflow | None = None,
    ) -> Subscription:
        """Handle what matches a pattern from now on.

        Parameters
        ----------
        pattern : str
            A topic; `*` is one token, a trailing `>` one or more.
        handler : async callable
            Gets a `Message`. Its return value answers a request; an exception is the answer to a
            request, and otherwise brings the message back, five deliveries in all.
        mode : {"work", "broadcast"}
            "work": subscriptions with the same group and pattern share the messages, each goes to
            one of them, and only they answer requests. "broadcast": each gets every message.
        group : str, optional
            The engine's name by default.
        concurrency : int
            Messages handled at once; 1 keeps their order.
        capacity : int
            Messages that may wait.
        overflow : {"wait", "drop_oldest", "error"}, optional
            What a full queue does; `usual_overflow` by default: observers and readers of prices
            lose the oldest, all other work makes the publisher wait. Over a network "wait" and
            "error" leave in the stream what has no room here, and hold up no publisher.
        """
        ...

    async def request(self, topic: str, data: Any, *, timeout: float = 5.0) -> Any:
        """The first answer.

        Raises
        ------
        NobodyAnswersError, RequestTimeoutError
            Both are UnavailableError.
        RemoteError
            The handler failed. An error of the library is raised as what it was.
        """
        ...

    async def request_all(
        self, requests: Iterable[tuple[str, Any]], *, timeout: float = 5.0
    ) -> list[Reply]:
        """Ask all at once; one `Reply` for each (topic, data), in order, errors in their place."""
        ...

    async def close(self) -> None:
        """Close all subscriptions of this engine."""
        ...


class Broker(Protocol):
    """What carries the messages; gives each engine its bus."""

    @property
    def status(self) -> BusStatus:
        """Counters over all engines of this process."""
        ...

    def bus(self, engine: str) -> Bus:
        """A bus that speaks in this engine's name."""
        ...

    async def close(self) -> None:
        """Let running handlers end, then stop."""
        ...


def usual_overflow(pattern: str, mode: Mode) -> Overflow:
    """What a full queue does unless the subscription says otherwise.

    Examples
    --------
    >>> usual_overflow("risk.alerts.*", "work"), usual_overflow("market.quotes.*", "work")
    ('wait', 'drop_oldest')
    """
    lossy = mode == "broadcast" or all(family.latest for family in families_of(pattern))
    return "drop_oldest" if lossy else "wait"


_KINDS: dict[str, type[NautilusError]] = {
    kind.code: kind for kind in (getattr(errors, name) for name in errors.__all__)
}


def problem_of(error: BaseException) -> dict[str, Any]:
    """An exception as what may travel: no traceback, and no text of errors that are not ours."""
    if isinstance(error, NautilusError):
        return error.to_dict()
    return {"code": "internal_error", "message": f"The handler failed: {type(error).__name__}."}


def error_from_problem(problem: dict[str, Any], topic: str) -> NautilusError:
    """The error that a problem describes, of the kind it had on the other side.

    Examples
    --------
    >>> error_from_problem({"code": "not_found", "message": "no such id."}, "risk.check.request")
    NotFoundError('no such id.')
    """
    kind = _KINDS.get(str(problem.get("code")))
    message = str(problem.get("message"))
    if kind is None:
        return RemoteError(f"{topic} failed on the other side. {message}")
    return kind(message, field=problem.get("field"), hint=problem.get("hint"))
