"""Ids of requests that sort by time."""

from __future__ import annotations

import os
import random
import time

__all__ = ["new_request_id"]

# Ids are to differ and to sort, not to be unguessable: they grant nothing.
_random = random.Random(os.urandom(16))
if hasattr(os, "register_at_fork"):  # engines of one fork server must not count alike
    os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(16)))


def new_request_id() -> str:
    """A UUID of version 7 (RFC 9562): milliseconds since 1970, then 74 random bits.

    Examples
    --------
    >>> first = new_request_id()
    >>> len(first), first[14], first[19] in "89ab"
    (36, '7', True)
    """
    bits = _random.getrandbits(74)
    low = bits & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    text = f"{time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF:012x}7{bits >> 62:03x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
