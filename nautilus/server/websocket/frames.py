"""Text frames of RFC 6455, made once for all clients."""

from __future__ import annotations

import struct

__all__ = ["text_frame"]

_FINAL_TEXT = 0x81


def text_frame(payload: bytes) -> bytes:
    r"""An unmasked frame with the whole message, as servers send it (RFC 6455, section 5.2).

    Parameters
    ----------
    payload : bytes
        UTF-8.

    Examples
    --------
    >>> text_frame(b"hi"), text_frame(b"x" * 126)[:4], text_frame(b"x" * 65536)[:4]
    (b'\x81\x02hi', b'\x81~\x00~', b'\x81\x7f\x00\x00')
    """
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", _FINAL_TEXT, size) + payload
    if size < 65536:
        return struct.pack("!BBH", _FINAL_TEXT, 126, size) + payload
    return struct.pack("!BBQ", _FINAL_TEXT, 127, size) + payload
