"""Pauses of background tasks that end at once when the server drains."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

__all__ = ["Wait", "waiting_for"]

Wait = Callable[[float], Awaitable[None]]


def waiting_for(draining: asyncio.Event) -> Wait:
    """`await wait(seconds)` returns after that time, or at once when draining is set.

    Examples
    --------
    >>> async def drained() -> bool:
    ...     draining = asyncio.Event()
    ...     draining.set()
    ...     await waiting_for(draining)(3600.0)
    ...     return draining.is_set()
    >>> asyncio.run(drained())
    True
    """

    async def wait(seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await draining.wait()
        except TimeoutError:  # the pause is over
            return

    return wait
