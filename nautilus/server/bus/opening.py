"""A broker by its address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from nautilus.server.bus.addresses import MEMORY, check_address
from nautilus.server.bus.memory import MemoryBroker

if TYPE_CHECKING:
    from nautilus.server.bus.interface import Broker

__all__ = ["open_broker"]


async def open_broker(
    address: str, *, clock: Callable[[], datetime], request_id: Callable[[], str | None]
) -> Broker:
    """A broker that is ready.

    Parameters
    ----------
    address : str
        `memory`, or `redis://`, `rediss://` or `unix://`.
    clock : callable
        The time now, UTC.
    request_id : callable
        Id of the HTTP request being served, or None.

    Raises
    ------
    ParameterError
        Another address.
    UnavailableError
        Redis does not answer; the message says what to do.

    Examples
    --------
    >>> import asyncio
    >>> from datetime import UTC
    >>> async def kind() -> str:
    ...     now = lambda: datetime.now(UTC)
    ...     broker = await open_broker("memory", clock=now, request_id=lambda: None)
    ...     return broker.status.kind
    >>> asyncio.run(kind())
    'memory'
    """
    if check_address(address) == MEMORY:
        return MemoryBroker(clock=clock, request_id=request_id)
    from nautilus.server.bus.redis_streams import RedisBroker

    return await RedisBroker(address, clock=clock, request_id=request_id).open()
