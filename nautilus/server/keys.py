"""The keys that tokens are checked with: a secret, a public key, or a set of them by `kid`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nautilus.core.errors import ParameterError

if TYPE_CHECKING:
    from nautilus.server.settings import Settings

__all__ = ["Keys", "keys_of", "shared_secret"]

SHORTEST_SECRET = 32
SHORTEST_RSA = 2048
STAT_SECONDS = 5.0
REFRESH_SECONDS = 300.0
RETRY_SECONDS = 30.0
FETCH_SECONDS = 5.0
MOST_BYTES = 1024 * 1024

_KINDS = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}

KeySet = dict[str | None, Any]


class Keys:
    """Keys by `kid` (None where a token needs to name none), read again when they change.

    Parameters
    ----------
    load : callable
        Bytes of the source to keys by `kid`.
    path : Path, optional
        Looked at every few seconds.
    url : str, optional
        Fetched every few minutes, and for an unknown `kid`.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        load: Callable[[bytes], KeySet],
        *,
        path: Path | None = None,
        url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load, self._path, self._url, self._clock = load, path, url, clock
        self._keys: KeySet = {}
        self._looked = self._fetched = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._stamp: object = None
        self._source: bytes | None = None
        self.version = 0
        if path is not None:
            self._look()

    @classmethod
    def fixed(cls, key: Any) -> Keys:
        """One key that never changes."""
        keys = cls(lambda _: {None: key})
        keys._take(b"fixed")
        return keys

    async def current(self) -> int:
        """Version of the keys, after a look at their source when it is time for one."""
        now = self._clock()
        if self._path is not None and now - self._looked >= STAT_SECONDS:
            self._look_again(self._path)
        elif self._url is not None and (now - self._fetched >= REFRESH_SECONDS or not self._keys):
            await self._fetch()
        return self.version

    async def key(self, kid: str | None) -> Any:
        """The key that a token names; None if there is none."""
        if None in self._keys:
            return self._keys[None]
        if kid not in self._keys and self._url is not None:
            await self._fetch()
        return self._keys.get(kid) if kid else None

    def _look_again(self, path: Path) -> None:
        try:
            self._look()
        except (OSError, ParameterError) as error:
            _log_failure(str(path), error)

    def _look(self) -> None:
        assert self._path is not None
        self._looked = self._clock()
        state = self._path.stat()
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        if stamp != self._stamp:
            self._take(self._path.read_bytes())
            self._stamp = stamp

    async def _fetch(self) -> None:
        """Fetch them, or wait with the others for those on their way; not again at once."""
        if self._fetching is None:
            if self._clock() - self._fetched < RETRY_SECONDS:
                return
            self._fetching = asyncio.ensure_future(self._fetch_now())
            self._fetching.add_done_callback(self._fetch_done)
        await asyncio.shield(self._fetching)

    def _fetch_done(self, _: object) -> None:
        self._fetching = None

    async def _fetch_now(self) -> None:
        import httpx

        assert self._url is not None
        self._fetched = self._clock()
        limits: dict[str, Any] = {"timeout": FETCH_SECONDS, "follow_redirects": False}
        try:
            async with httpx.AsyncClient(trust_env=False, **limits) as client:
                reply = await client.get(self._url)
            reply.raise_for_status()
            self._take(reply.content[:MOST_BYTES])
        except (httpx.HTTPError, ParameterError) as error:
            _log_failure(self._url, error)

    def _take(self, source: bytes) -> None:
        """Use these from now on; the version changes only if they did."""
        if source != self._source:
            self._keys = self._load(source)
            self._source = source
            self.version += 1


def keys_of(settings: Settings) -> Keys:
    """The keys that the settings name.

    Raises
    ------
    ParameterError
        A key that cannot be read, is too short, or does not fit the algorithm.
    """
    algorithm, only = settings.algorithm, frozenset(settings.auth_key_ids)
    if settings.auth_secret is not None:
        return Keys.fixed(_secret(settings.auth_secret.get_secret_value().encode()))
    if settings.auth_secret_file is not None:
        return _of_file(lambda b: {None: _secret(b.strip())}, settings.auth_secret_file)
    if settings.auth_public_key_file is not None:
        return _of_file(lambda b: {None: _pem(b, algorithm)}, settings.auth_public_key_file)
    where = settings.auth_jwks or ""
    if "://" in where:
        return Keys(lambda b: _jwks(b, algorithm, only), url=where)
    return _of_file(lambda b: _jwks(b, algorithm, only), Path(where))


def shared_secret(settings: Settings) -> bytes | None:
    """The secret with which this installation makes tokens; None if others make them."""
    if settings.auth_secret is not None:
        return _secret(settings.auth_secret.get_secret_value().encode())
    if settings.auth_secret_file is not None:
        return _secret(settings.auth_secret_file.read_bytes().strip())
    return None


def _of_file(load: Callable[[bytes], KeySet], path: Path) -> Keys:
    try:
        return Keys(load, path=path)
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror}.", field="auth") from None


def _secret(secret: bytes) -> bytes:
    if len(secret) < SHORTEST_SECRET:
        raise ParameterError(
            f"`auth_secret` must have at least {SHORTEST_SECRET} bytes, got {len(secret)}."
            " Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            field="auth_secret",
        )
    return secret


def _pem(text: bytes, algorithm: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(text)
    except ValueError:
        raise ParameterError(
            "`auth_public_key_file` must be a public key in PEM.", field="auth_public_key_file"
        ) from None
    return _fitting(key, algorithm, "auth_public_key_file")


def _jwks(text: bytes, algorithm: str, only: frozenset[str]) -> KeySet:
    """Usable keys of a set; a secret in it is none, so nobody signs with a published key."""
    try:
        rows = orjson.loads(text)["keys"]
        keys = {row["kid"]: _jwk(row, algorithm) for row in rows if _usable(row, algorithm, only)}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        keys = {}
    if not keys:
        raise ParameterError(
            f"`auth_jwks` must be a JSON Web Key Set with a `kid` for {algorithm}.",
            field="auth_jwks",
        )
    return keys


def _usable(row: dict[str, Any], algorithm: str, only: frozenset[str]) -> bool:
    kid = row.get("kid")
    return (
        row["kty"] == _KINDS[algorithm]
        and isinstance(kid, str)
        and (not only or kid in only)
        and row.get("use", "sig") == "sig"
        and row.get("alg", algorithm) == algorithm
    )


def _jwk(row: dict[str, Any], algorithm: str) -> Any:
    import jwt

    try:
        key = jwt.PyJWK(row, algorithm=algorithm).key
    except jwt.PyJWTError:
        raise ParameterError(
            "`auth_jwks` holds a key that cannot be read.", field="auth_jwks"
        ) from None
    return _fitting(key, algorithm, "auth_jwks")


def _fitting(key: Any, algorithm: str, field: str) -> Any:
    """The key, if it is a public one of the algorithm and long enough."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    fits = {
        "RS256": isinstance(key, rsa.RSAPublicKey) and key.key_size >= SHORTEST_RSA,
        "ES256": isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1",
        "EdDSA": isinstance(key, ed25519.Ed25519PublicKey),
    }
    if not fits.get(algorithm):
        kinds = "RS256 (RSA of 2048 bits), ES256 (P-256) or EdDSA (Ed25519)"
        raise ParameterError(
            f"`{field}` holds no public key for {algorithm}: it must be {kinds}, as"
            " NAUTILUS_AUTH_ALGORITHM says.",
            field=field,
        )
    return key


def _log_failure(source: str, error: Exception) -> None:
    import logging

    logging.getLogger("nautilus.server").warning(
        "keys of %s were not read (%s); those known before stay", source, type(error).__name__
    )
