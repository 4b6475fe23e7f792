"""Keys that cannot be read by accident: not in a repr, a log, a URL, a pickle or an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

__all__ = ["HIDDEN", "Secret", "redacted_headers", "redacted_url"]

HIDDEN = "hidden"
_SHORTEST = 8  # a word such as "demo" is no secret, and hiding it would change data
_NAMES = frozenset({"api_key", "apikey", "c", "key", "token", "crumb", "access_token"})
_HEADERS = frozenset(
    {"authorization", "x-api-key", "cookie", "set-cookie", "proxy-authorization", "user-agent"}
)


class Secret:
    """A key that only `reveal` shows.

    Examples
    --------
    >>> key = Secret("abcdefgh12345678")
    >>> key, bool(key), key.hide("?api_key=abcdefgh12345678")
    (Secret('hidden'), True, '?api_key=hidden')
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        self._value = (value or "").strip()

    def reveal(self) -> str:
        """The key itself, for the request that is about to leave."""
        return self._value

    def hide(self, text: str) -> str:
        """`text` without the key or any long part of it ("user:password" has two)."""
        for part in self._parts():
            text = text.replace(part, HIDDEN)
        return text

    def hide_bytes(self, body: bytes) -> bytes:
        """The same for what came over the wire; some sources send the key back."""
        for part in self._parts():
            body = body.replace(part.encode(), HIDDEN.encode())
        return body

    def _parts(self) -> list[str]:
        parts = {self._value, *self._value.split(":")}
        return sorted((part for part in parts if len(part) >= _SHORTEST), key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({HIDDEN!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[type[Secret], tuple[None]]:
        return Secret, (None,)  # a copy in another process has to ask for its key itself


def redacted_url(url: str) -> str:
    """`url` without user, password and the values of parameters that carry keys.

    Examples
    --------
    >>> redacted_url("http://host/fred?series_id=CPI&api_key=abc")
    'http://host/fred?series_id=CPI&api_key=hidden'
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = [(name, HIDDEN if name.lower() in _NAMES else value) for name, value in pairs]
    host = re.sub(r"^[^@]*@", "", parts.netloc)
    encoded = urlencode(query) if pairs else parts.query
    return urlunsplit((parts.scheme, host, parts.path, encoded, ""))


def redacted_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` in lower case, the values of those that identify somebody replaced."""
    return {
        name.lower(): HIDDEN if name.lower() in _HEADERS else value
        for name, value in headers.items()
    }
