"""Whether something answers now: asked once at a time, and given up in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

__all__ = ["Reachable"]


class Reachable:
    """The last answer that is still awaited is shared, so that a stuck thing is not asked again.

    Parameters
    ----------
    ask : async callable
        True when it answers.
    seconds : float
        After which it counts as unreachable; below the second that others wait for `/health`.

    Examples
    --------
    >>> async def never() -> bool:
    ...     return await asyncio.Event().wait()
    >>> async def found() -> bool:
    ...     stuck = Reachable(never, seconds=0.01)
    ...     try:
    ...         return await stuck.now()
    ...     finally:
    ...         stuck.close()
    >>> asyncio.run(found())
    False
    """

    def __init__(self, ask: Callable[[], Awaitable[bool]], seconds: float = 0.5) -> None:
        self._ask = ask
        self._seconds = seconds
        self._asked: asyncio.Future[bool] | None = None

    async def now(self) -> bool:
        """Whether it answers in time."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.ensure_future(self._ask())
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(self._asked)
        except TimeoutError:
            return False

    def close(self) -> None:
        """Stop waiting."""
        if self._asked is not None:
            self._asked.cancel()
