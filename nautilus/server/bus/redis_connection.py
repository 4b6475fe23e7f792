"""Connections to Redis: the only file that imports its client."""

from __future__ import annotations

import logging
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from nautilus.server.bus.addresses import masked

__all__ = ["FAILURES", "Link", "ResponseError", "connect", "group_is_gone"]

FAILURES = (RedisError, OSError)
CONNECT_SECONDS = 2.0

_log = logging.getLogger("nautilus.server.bus")


def connect(url: str, *, socket_seconds: float) -> Any:
    """A client that tries each command once: whoever uses it decides what is tried again.

    Parameters
    ----------
    url : str
    socket_seconds : float
        Longer than any `block`: the client would silently drop a read that blocks longer.
    """
    # Typed as Any: the annotations of redis-py describe two protocols and two of its APIs at once.
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=socket_seconds,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def group_is_gone(error: BaseException) -> bool:
    """Whether somebody emptied Redis under a reader."""
    return isinstance(error, ResponseError) and str(error).startswith(("NOGROUP", "UNBLOCKED"))


class Link:
    """Whether Redis answers now: what any connection saw last.

    Examples
    --------
    >>> link = Link("redis://127.0.0.1:6379/0")
    >>> link.found()
    >>> link.up
    True
    """

    def __init__(self, url: str) -> None:
        self.address = masked(url)
        self.up = False
        self.why = ""

    def found(self) -> None:
        """A command was answered."""
        if not self.up and self.why:
            _log.warning("Redis at %s answers again", self.address)
        self.up = True

    def lost(self, error: BaseException) -> None:
        """A command was not answered."""
        self.why = f"{type(error).__name__}: {error}"
        if self.up:
            _log.error("Redis at %s does not answer: %s", self.address, self.why)
        self.up = False
