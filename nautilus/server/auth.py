"""From a token to an identity: signature, required claims, and a memory of what was verified."""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NautilusError
from nautilus.server.identity import Identity
from nautilus.server.keys import Keys, keys_of
from nautilus.server.scopes import SCOPES

if TYPE_CHECKING:
    from nautilus.server.settings import Settings

__all__ = ["Authenticator", "TokenError", "authenticator_of"]

REMEMBERED = 4096
LONGEST_TOKEN = 8192
MOST_PORTFOLIOS = 1000
REQUIRED = ("exp", "iat", "aud", "iss", "sub")
_SUBJECT = re.compile(r"[\x21-\x7e]{1,200}")


class TokenError(NautilusError):
    """A token that proves nothing; the message names no part of it.

    Parameters
    ----------
    message : str
    code : str
        `invalid_token` or `token_expired`.
    """

    def __init__(self, message: str, code: str = "invalid_token") -> None:
        super().__init__(message)
        self.code = code


class Authenticator:
    """Checks tokens of one issuer, one audience and one algorithm.

    The header of a token chooses a key among ours by `kid` and nothing else: an algorithm, an
    address or a key that it brings along (`jku`, `x5u`, `jwk`) is not used.

    Parameters
    ----------
    keys : Keys
    algorithm : str
        The only one; what a token says about itself is compared with it.
    issuer, audience : str
    leeway : float
        Seconds by which clocks may differ.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        algorithm: str,
        issuer: str,
        audience: str,
        leeway: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._clock = clock
        self._verified: OrderedDict[bytes, Identity] = OrderedDict()
        self._version = 0

    async def identity(self, token: str) -> Identity:
        """Who a token is for.

        Raises
        ------
        TokenError
            Not signed by our key, of somebody else, for somebody else, too early or too late.
        """
        if not 0 < len(token) <= LONGEST_TOKEN or not token.isascii():
            raise TokenError("The token is no JSON Web Token.")
        version = await self._keys.current()
        if version != self._version:
            self._verified.clear()
            self._version = version
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is None:
            known = self._remembered(digest, await self._proved(token))
        elif known.expires_at <= self._clock():
            del self._verified[digest]
            raise TokenError("The token has expired.", "token_expired")
        else:
            self._verified.move_to_end(digest)
        return known

    def _remembered(self, digest: bytes, identity: Identity) -> Identity:
        self._verified[digest] = identity
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return identity

    async def _proved(self, token: str) -> Identity:
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header)
            claims = jwt.decode(
                token,
                key,
                algorithms=[self._algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway,
                options={"require": list(REQUIRED), "strict_aud": False},
            )
            return _identity(claims, self._leeway)
        except jwt.ExpiredSignatureError:
            raise TokenError("The token has expired.", "token_expired") from None
        except jwt.PyJWTError as error:
            raise TokenError(_explained(error)) from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise TokenError("The token is no JSON Web Token.") from None

    async def _key(self, header: Mapping[str, Any]) -> Any:
        if header.get("alg") != self._algorithm:
            raise TokenError(f"The token must be signed by {self._algorithm}.")
        kid = header.get("kid")
        key = await self._keys.key(kid if isinstance(kid, str) else None)
        if key is None:
            raise TokenError("The token names no key of this server in `kid`.")
        return key


def authenticator_of(settings: Settings) -> Authenticator | None:
    """What the settings ask for; None where authentication is off.

    Raises
    ------
    ParameterError
        A key that cannot be used.
    """
    if not settings.authenticated:
        return None
    return Authenticator(
        keys_of(settings),
        algorithm=settings.algorithm,
        issuer=settings.auth_issuer,
        audience=settings.auth_audience,
        leeway=settings.auth_leeway_seconds,
    )


def _identity(claims: Mapping[str, Any], leeway: float) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None:
        raise TokenError("`sub` must be 1 to 200 printable characters.")
    return Identity(
        subject=subject,
        scopes=_scopes(claims),
        portfolios=_portfolios(claims.get("portfolios")),
        expires_at=float(claims["exp"]) + leeway,
    )


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Of `scope` (words) or `scopes`/`scp` (list); those of other services are left out."""
    given = next((claims[name] for name in ("scope", "scopes", "scp") if name in claims), "")
    words = given.split() if isinstance(given, str) else given
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise TokenError("`scope` must be text with spaces, or a list of texts.")
    return frozenset(words) & SCOPES.keys()


def _portfolios(given: Any) -> tuple[str, ...] | None:
    """A claim that is there and unreadable must not open everything."""
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise TokenError("`portfolios` must be a list of ids.")
    if len(given) > MOST_PORTFOLIOS:
        raise TokenError(f"`portfolios` may have at most {MOST_PORTFOLIOS} ids.")
    return tuple(given)


def _explained(error: Exception) -> str:
    """What was wrong, in our words: those of the library may quote the token."""
    import jwt

    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token must have {', '.join(REQUIRED)}."
    texts = {
        jwt.InvalidAudienceError: "The token is for another audience.",
        jwt.InvalidIssuerError: "The token is of another issuer.",
        jwt.ImmatureSignatureError: "The token is not valid yet.",
        jwt.InvalidAlgorithmError: "The token is signed by another algorithm.",
        jwt.InvalidSignatureError: "The signature of the token is wrong.",
    }
    return next((text for kind, text in texts.items() if isinstance(error, kind)), _UNREADABLE)


_UNREADABLE = "The token is no JSON Web Token, or a claim of it has a wrong type."
