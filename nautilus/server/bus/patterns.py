"""The four documented ways in which engines work together, by their documented names."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nautilus.core.checks import check_positive
from nautilus.core.errors import NautilusError, ParameterError
from nautilus.server.bus.interface import Bus, Reply, RequestTimeoutError

__all__ = [
    "FanIn",
    "Pipeline",
    "event_broadcast",
    "fan_out_fan_in",
    "pipeline_processing",
    "request_response",
]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What the stages answered; the last reply holds the error where one failed.

    Parameters
    ----------
    topics : tuple of str
        All stages.
    replies : tuple of Reply
        Those that were asked, in order.
    """

    topics: tuple[str, ...]
    replies: tuple[Reply, ...]

    @property
    def complete(self) -> bool:
        """Whether every stage answered."""
        return len(self.replies) == len(self.topics) and self.replies[-1].ok

    @property
    def data(self) -> Any:
        """The answer of the last stage; None where it was not reached."""
        return self.replies[-1].data if self.complete else None

    @property
    def error(self) -> NautilusError | None:
        """Why it ended early; names the stage."""
        return self.replies[-1].error


@dataclass(frozen=True, slots=True)
class FanIn:
    """Answers to questions that were asked at once, in their order.

    Parameters
    ----------
    replies : tuple of Reply
        Errors stand in the place of their answer.
    """

    replies: tuple[Reply, ...]

    @property
    def complete(self) -> bool:
        """Whether all answered; otherwise what there is, is partial."""
        return all(reply.ok for reply in self.replies)

    @property
    def answered(self) -> tuple[Reply, ...]:
        """Replies with data."""
        return tuple(reply for reply in self.replies if reply.ok)

    @property
    def failed(self) -> tuple[Reply, ...]:
        """Replies with an error."""
        return tuple(reply for reply in self.replies if not reply.ok)


async def request_response(bus: Bus, topic: str, data: Any, *, timeout: float = 5.0) -> Any:
    """Ask one engine; see `Bus.request`.

    Examples
    --------
    >>> async def example() -> object:
    ...     bus = MemoryBroker().bus("risk")
    ...     async def double(message: Message) -> int:
    ...         return 2 * message.data
    ...     await bus.subscribe("risk.check.request", double)
    ...     return await request_response(bus, "risk.check.request", 21)
    >>> import asyncio
    >>> from nautilus.server.bus import MemoryBroker, Message
    >>> asyncio.run(example())
    42
    """
    return await bus.request(topic, data, timeout=timeout)


async def event_broadcast(bus: Bus, topic: str, data: Any, *, durable: bool = False) -> None:
    """Tell everybody who listens; see `Bus.publish`."""
    await bus.publish(topic, data, durable=durable)


async def pipeline_processing(
    bus: Bus, stages: Sequence[str], data: Any, *, timeout: float = 30.0
) -> Pipeline:
    """One engine after the other: the answer of a stage is the data of the next.

    Parameters
    ----------
    bus : Bus
    stages : sequence of str
        Topics.
    data : Any
        For the first.
    timeout : float
        Seconds for all stages together.

    Returns
    -------
    Pipeline
        What was finished stays in it when a stage fails or time is up.

    Raises
    ------
    ParameterError
        No stages, an unknown topic, or data that JSON cannot hold.

    Examples
    --------
    >>> async def example() -> object:
    ...     bus = MemoryBroker().bus("ml")
    ...     async def double(message: Message) -> int:
    ...         return 2 * message.data
    ...     await bus.subscribe("ml.prediction.request", double)
    ...     stages = ("ml.prediction.request", "risk.check.request")
    ...     return await pipeline_processing(bus, stages, 21)
    >>> import asyncio
    >>> from nautilus.server.bus import MemoryBroker, Message
    >>> found = asyncio.run(example())
    >>> found.complete, found.replies[0].data
    (False, 42)
    >>> print(found.error)
    stage 2 of 2 failed: nobody answers risk.check.request: the risk engine is not running.
    """
    if not stages:
        raise ParameterError("`stages` must hold at least one topic.", field="stages")
    ends = time.monotonic() + check_positive(timeout, "timeout")
    replies: list[Reply] = []
    for topic in stages:
        reply = await _stage(bus, topic, data, ends)
        if reply.error is not None:
            where = f"stage {len(replies) + 1} of {len(stages)}"
            replies.append(Reply(topic, error=_named(reply.error, where)))
            break
        replies.append(reply)
        data = reply.data
    return Pipeline(tuple(stages), tuple(replies))


async def fan_out_fan_in(
    bus: Bus, requests: Iterable[tuple[str, Any]], *, timeout: float = 5.0
) -> FanIn:
    """Ask several engines at once and gather what comes in time.

    Parameters
    ----------
    bus : Bus
    requests : iterable of (topic, data)
    timeout : float
        Seconds for all of them.

    Examples
    --------
    >>> async def example() -> object:
    ...     bus = MemoryBroker().bus("portfolio")
    ...     async def fine(message: Message) -> str:
    ...         return "fine"
    ...     await bus.subscribe("risk.check.request", fine)
    ...     asked = [("risk.check.request", {}), ("ml.prediction.request", {})]
    ...     return await fan_out_fan_in(bus, asked)
    >>> import asyncio
    >>> from nautilus.server.bus import MemoryBroker, Message
    >>> found = asyncio.run(example())
    >>> found.complete, [reply.data for reply in found.answered], found.failed[0].topic
    (False, ['fine'], 'ml.prediction.request')
    """
    return FanIn(tuple(await bus.request_all(requests, timeout=timeout)))


async def _stage(bus: Bus, topic: str, data: Any, ends: float) -> Reply:
    left = ends - time.monotonic()
    if left <= 0:
        return Reply(topic, error=RequestTimeoutError("no time was left for it."))
    (reply,) = await bus.request_all([(topic, data)], timeout=left)
    return reply


def _named(error: NautilusError, where: str) -> NautilusError:
    return type(error)(f"{where} failed: {error.message}", field=error.field, hint=error.hint)
