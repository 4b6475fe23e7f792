"""Where a bus is: `memory`, or the address of a Redis."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from nautilus.core.errors import ParameterError

__all__ = ["MEMORY", "check_address", "masked"]

MEMORY = "memory"


def check_address(bus: str) -> str:
    """An address that `open_broker` accepts.

    Raises
    ------
    ParameterError
        Neither `memory` nor the address of a Redis.

    Examples
    --------
    >>> check_address("memory"), check_address("redis://127.0.0.1:6379/0")
    ('memory', 'redis://127.0.0.1:6379/0')
    """
    if bus == MEMORY:
        return bus
    if not _names_a_server(bus):
        raise ParameterError(
            f"`bus` must be memory, redis://host:port/0, rediss://host:port/0 or unix:///path, got"
            f" {masked(bus)}. One process needs memory only; several share a Redis.",
            field="bus",
        )
    return bus


def masked(url: str) -> str:
    """An address without its password.

    Examples
    --------
    >>> masked("redis://user:secret@bus.example:6379/0")
    'redis://user:***@bus.example:6379/0'
    >>> masked("unix:///run/redis.sock?password=secret")
    'unix:///run/redis.sock?password=***'
    """
    url = re.sub(r"(://[^:/@]*):[^/]*@", r"\1:***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", url)


def _names_a_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return bool(parts.path)
        return parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        return False
