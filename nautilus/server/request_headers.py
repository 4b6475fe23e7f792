"""Headers of a request by name, at the cost of one pass however many are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload

__all__ = ["RequestHeaders"]


class RequestHeaders:
    """The headers of an ASGI scope, whose names are lower case.

    Parameters
    ----------
    raw : iterable of (bytes, bytes)

    Examples
    --------
    >>> headers = RequestHeaders([(b"host", b"localhost"), (b"accept", b"a"), (b"accept", b"b")])
    >>> headers.get("host"), headers.get("origin"), headers.all("accept")
    ('localhost', None, ['a', 'b'])
    """

    __slots__ = ("_first", "_raw")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)
        self._first = dict(reversed(self._raw))

    def __contains__(self, name: str) -> bool:
        return name.encode() in self._first

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a name."""
        value = self._first.get(name.encode())
        return default if value is None else value.decode("latin-1")

    def all(self, name: str) -> list[str]:
        """Every value of a name."""
        wanted = name.encode()
        return [value.decode("latin-1") for given, value in self._raw if given == wanted]
