"""Who may reach the servers at all: hosts, origins, and settings that would leave a door open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nautilus.server.keys import SHORTEST_SECRET
from nautilus.server.settings import LOOPBACK

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from nautilus.server.settings import Settings

__all__ = ["AllowedHosts", "allowed_hosts", "exposure_problems", "with_cors"]

_HOST = re.compile(r"(\*\.)?[A-Za-z0-9_.:-]{1,253}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9_.\[\]:-]{1,253}")

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "X-Client-Version",
    "X-Request-ID",
)
RESPONSE_HEADERS = ("Idempotency-Replayed", "Retry-After", "WWW-Authenticate", "X-Request-ID")


class AllowedHosts:
    """Names under which this server may be asked, and pages that may ask.

    A page of another site that a person visits can reach a server on his own machine, also under
    a name that its owner binds to 127.0.0.1: the Host header then names that site.

    Parameters
    ----------
    hosts : iterable of str
        Besides loopback; `*.example.com` for every name below, `*` for any.
    origins : iterable of str
        `scheme://host[:port]`, exactly.

    Examples
    --------
    >>> allowed = AllowedHosts(["risk-engine"], ["https://desk.example.com"])
    >>> allowed.foreign("risk-engine:8200", None), allowed.foreign("evil.example", None)
    (False, True)
    >>> allowed.foreign("localhost:8200", "https://desk.example.com")
    False
    """

    def __init__(self, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        given = [host.lower() for host in hosts]
        self._any = "*" in given
        self._exact = frozenset((*LOOPBACK, *given))
        self._below = tuple(host[1:] for host in given if host.startswith("*."))
        self._origins = frozenset(origin.lower() for origin in origins)

    def foreign(self, host: str, origin: str | None) -> bool:
        """Whether a request names another host, or comes from a page of another site."""
        if not self._known(_name(host)):
            return True
        return origin is not None and self._foreign_page(host, origin.lower())

    def _known(self, name: str) -> bool:
        return self._any or name in self._exact or bool(self._below and name.endswith(self._below))

    def _foreign_page(self, host: str, origin: str) -> bool:
        """Pages of this machine, of this server itself, and of the list are at home."""
        if origin in self._origins:
            return False
        place = origin.partition("//")[2]
        return not (place and place == host.lower()) and _name(place) not in LOOPBACK


def allowed_hosts(settings: Settings) -> AllowedHosts | None:
    """The names that the settings allow; None where they do not ask for the check."""
    if not settings.check_host and not settings.authenticated:
        return None
    return AllowedHosts((settings.host, *settings.allowed_hosts), settings.allowed_origins)


def with_cors(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """The app for pages of these origins as well; as it is without any.

    Credentials of a browser are never allowed: tokens come in a header.
    """
    if not origins:
        return app
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=METHODS,
        allow_headers=REQUEST_HEADERS,
        expose_headers=RESPONSE_HEADERS,
    )


def exposure_problems(settings: Settings) -> list[str]:
    """Every setting of hosts, origins and keys that cannot be meant."""
    return [*_listed(settings), *_keyed(settings)]


def _listed(settings: Settings) -> Iterable[str]:
    for host in settings.allowed_hosts:
        if host == "*" and not (settings.authenticated or settings.insecure):
            yield "`allowed_hosts` may be * only with authentication; name the hosts instead."
        elif host != "*" and _HOST.fullmatch(host) is None:
            yield f"`allowed_hosts` must be names such as desk.example.com, got {host!r}."
    for origin in settings.allowed_origins:
        if _ORIGIN.fullmatch(origin) is None:
            yield (
                "`allowed_origins` must be scheme://host[:port], as browsers send it, and no *;"
                f" got {origin!r}."
            )


def _keyed(settings: Settings) -> Iterable[str]:
    names = ("auth_secret", "auth_secret_file", "auth_public_key_file", "auth_jwks")
    given = [name for name in names if getattr(settings, name) is not None]
    if len(given) > 1:
        yield f"only one of {', '.join(names)} may be set, got {' and '.join(given)}."
    if settings.auth == "on" and not given:
        yield f"`auth` is on, so one of {', '.join(names)} must be set."
    if settings.auth_secret is not None:
        length = len(settings.auth_secret.get_secret_value().encode())
        if length < SHORTEST_SECRET:
            yield f"`auth_secret` must have at least {SHORTEST_SECRET} bytes, got {length}."
    if given and ("secret" in given[0]) != (settings.algorithm == "HS256"):
        yield f"`auth_algorithm` {settings.algorithm} does not go with `{given[0]}`."
    where = urlsplit(settings.auth_jwks or "")
    if where.scheme and where.scheme != "https" and where.hostname not in LOOPBACK:
        yield "`auth_jwks` must be a file or an https:// address."


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
