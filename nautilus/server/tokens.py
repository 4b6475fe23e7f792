"""Tokens that this installation makes itself, with the shared secret."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server.keys import shared_secret
from nautilus.server.scopes import known_scopes

if TYPE_CHECKING:
    from nautilus.server.settings import Settings

__all__ = ["duration", "minted_token", "service_token"]

SERVICE_SECONDS = 60.0
_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def minted_token(
    settings: Settings,
    subject: str,
    scopes: Iterable[str],
    *,
    seconds: float,
    portfolios: Iterable[str] | None = None,
) -> str:
    """A token that the servers of these settings accept.

    Parameters
    ----------
    settings : Settings
        With `auth_secret`.
    subject : str
        Who it is for; the actor in the audit log.
    scopes : iterable of str
        Of `SCOPES`.
    seconds : float
        How long it is good for, from now.
    portfolios : iterable of str, optional
        The only portfolios that it may name.

    Raises
    ------
    ParameterError
        No secret is configured, or an unknown scope.

    Examples
    --------
    >>> from nautilus.server.settings import Settings
    >>> settings = Settings(auth_secret="an example of 32 bytes or more..")
    >>> minted_token(settings, "alice", ["read"], seconds=60).count(".")
    2
    """
    import jwt

    secret = shared_secret(settings)
    if secret is None:
        raise ParameterError(
            "`auth_secret` must be set to make tokens. Set NAUTILUS_AUTH_SECRET_FILE to a file of"
            " at least 32 random bytes; with a public key, your identity provider makes them.",
            field="auth_secret",
        )
    now = time.time()
    claims = {
        "sub": subject,
        "iss": settings.auth_issuer,
        "aud": settings.auth_audience,
        "iat": int(now),
        "exp": int(now + seconds),
        "jti": uuid.uuid4().hex,
        "scope": " ".join(known_scopes(tuple(scopes))),
    }
    if portfolios is not None:
        claims["portfolios"] = list(portfolios)
    return jwt.encode(claims, secret, algorithm="HS256")


def service_token(settings: Settings, engine: str) -> str | None:
    """The token with which an engine asks another one; None without authentication.

    Made for a minute where there is a secret; else read from `auth_service_token_file`.

    Raises
    ------
    UnavailableError
        Neither is configured.
    """
    if not settings.authenticated:
        return None
    if shared_secret(settings) is not None:
        return minted_token(settings, f"engine:{engine}", ["read"], seconds=SERVICE_SECONDS)
    if settings.auth_service_token_file is None:
        raise UnavailableError(
            "Engines ask each other with a token of your identity provider: set"
            " NAUTILUS_AUTH_SERVICE_TOKEN_FILE to a file that holds one with the scope read."
        )
    return settings.auth_service_token_file.read_text(encoding="ascii").strip()


def duration(text: str) -> float:
    """Seconds of a duration such as 90s, 15m, 1h or 7d.

    Raises
    ------
    ParameterError
        Anything else.

    Examples
    --------
    >>> duration("15m"), duration("1h")
    (900.0, 3600.0)
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ParameterError(
            f"`expires` must be a number and one of s, m, h, d, such as 1h; got {text!r}.",
            field="expires",
        )
    return float(int(found[1]) * _SECONDS[found[2]])
