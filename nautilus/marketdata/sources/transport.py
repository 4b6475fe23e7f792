"""The one door to HTTP. Keys are put in behind the client, so that nothing before it knows them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nautilus.core.errors import MissingExtraError
from nautilus.marketdata.sources.errors import Upstream
from nautilus.marketdata.sources.payloads import RawPayload
from nautilus.marketdata.sources.redaction import Secret, redacted_headers, redacted_url

if TYPE_CHECKING:
    import httpx2

__all__ = ["LARGEST_BODY", "HttpTransport", "RecordingTransport"]

LARGEST_BODY = 128 * 2**20  # the largest companyfacts are near 10 MB; more is an accident
Credentials = Callable[[Secret], tuple[dict[str, str], dict[str, str]]]


def _httpx2() -> Any:
    try:
        import httpx2
    except ImportError:
        raise MissingExtraError(
            "sources need httpx2: pip install 'nautilus-quant[sources]'.", field="sources"
        ) from None
    return httpx2


class HttpTransport:
    """GET with stamps; connections are kept.

    Parameters
    ----------
    source : str
    secret : Secret
    credentials : callable
        secret -> (query parameters, headers) that carry it.
    timeout_seconds : float
    clock : callable
        Wall clock of `RawPayload.received_at`.
    headers : mapping, optional
        Sent with every request.
    """

    def __init__(
        self,
        source: str,
        secret: Secret,
        credentials: Credentials,
        *,
        timeout_seconds: float,
        clock: Callable[[], datetime],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._source, self._secret, self._credentials = source, secret, credentials
        self._timeout, self._clock = timeout_seconds, clock
        self._headers = dict(headers or {})
        self._clients: dict[bool, httpx2.AsyncClient] = {}

    async def get(self, url: str, params: Mapping[str, str] | None = None) -> RawPayload:
        """The answer to one GET, whatever its status; redirects are not followed.

        Raises
        ------
        Upstream
            No connection, no complete answer in time, or one that is far too long.
        """
        httpx2 = _httpx2()
        client = self._client(url)
        shown = self._secret.hide(redacted_url(url))
        sent = time.monotonic()
        try:
            async with client.stream("GET", url, params=params or None) as response:
                first_byte = time.monotonic()
                body = await self._read(response)
                shown = self._secret.hide(redacted_url(str(response.request.url)))
        except httpx2.TimeoutException:
            raise self._failure(
                shown, f"sent nothing for {self._timeout:g} s; raise `timeout_seconds`"
            ) from None
        except httpx2.HTTPError as error:
            raise self._failure(shown, f"broke off ({type(error).__name__})") from None
        return RawPayload(
            body=self._secret.hide_bytes(body),
            url=shown,
            status=response.status_code,
            headers={
                name: self._secret.hide(value)
                for name, value in redacted_headers(response.headers).items()
            },
            sent=sent,
            first_byte=first_byte,
            done=time.monotonic(),
            received_at=self._clock(),
        )

    async def aclose(self) -> None:
        """Close connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def _read(self, response: httpx2.Response) -> bytes:
        parts: list[bytes] = []
        length = 0
        async for part in response.aiter_bytes():
            length += len(part)
            if length > LARGEST_BODY:
                raise Upstream(
                    f"{self._source} sent more than {LARGEST_BODY // 2**20} MB; ask for less.",
                    source=self._source,
                )
            parts.append(part)
        return b"".join(parts)

    def _client(self, url: str) -> httpx2.AsyncClient:
        local = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
        if local not in self._clients:
            httpx2 = _httpx2()
            # A proxy of the environment serves the world, not this machine.
            transports = {
                pattern: _keyed(
                    httpx2.AsyncHTTPTransport(verify=_trusted(), proxy=proxy), self._put_in
                )
                for pattern, proxy in ({} if local else _proxies()).items()
            }
            self._clients[local] = httpx2.AsyncClient(
                transport=_keyed(httpx2.AsyncHTTPTransport(verify=_trusted()), self._put_in),
                mounts=transports or None,
                timeout=self._timeout,
                headers=self._headers,
                trust_env=False,
            )
        return self._clients[local]

    def _put_in(self, request: httpx2.Request) -> httpx2.Request:
        params, headers = self._credentials(self._secret) if self._secret else ({}, {})
        url = request.url.copy_merge_params(params) if params else request.url
        merged = [*request.headers.raw, *((k.encode(), v.encode()) for k, v in headers.items())]
        return _httpx2().Request(  # type: ignore[no-any-return]
            request.method,
            url,
            headers=merged,
            stream=request.stream,
            extensions=request.extensions,
        )

    def _failure(self, shown: str, what: str) -> Upstream:
        return Upstream(f"{self._source} {what}; {shown} was not answered.", source=self._source)


@lru_cache(maxsize=1)
def _trusted() -> Any:
    """Certificates of the machine: reading them takes longer than a request, so only once."""
    return _httpx2().create_ssl_context(trust_env=True)


def _proxies() -> dict[str, str]:
    names = {"https://": ("HTTPS_PROXY", "https_proxy"), "http://": ("http_proxy",)}
    found = {
        pattern: next((os.environ[name] for name in known if os.environ.get(name)), "")
        for pattern, known in names.items()
    }
    return {pattern: proxy for pattern, proxy in found.items() if proxy}


def _keyed(inner: Any, put_in: Callable[[Any], Any]) -> Any:
    """A transport that adds the key to each request on its way out."""

    class Keyed(_httpx2().AsyncBaseTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            return await inner.handle_async_request(put_in(request))

        async def aclose(self) -> None:
            await inner.aclose()

    return Keyed()


class RecordingTransport:
    """Keeps every answer that passes in a folder, keys and addresses removed.

    Parameters
    ----------
    inner : HttpTransport
    folder : path
        Made if need be; one JSON file per answer, written whole or not at all.
    source : str
    """

    def __init__(self, inner: HttpTransport, folder: str | Path, source: str) -> None:
        self._inner, self._folder, self._source = inner, Path(folder), source

    async def get(self, url: str, params: Mapping[str, str] | None = None) -> RawPayload:
        """As `HttpTransport.get`."""
        payload = await self._inner.get(url, params)
        await asyncio.to_thread(self._save, payload)
        return payload

    async def aclose(self) -> None:
        """Close connections."""
        await self._inner.aclose()

    def _save(self, payload: RawPayload) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        stamp = payload.received_at.strftime("%Y%m%dT%H%M%S%f")
        name = f"{self._source}-{stamp}-{time.monotonic_ns()}.json"
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".recording-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(_record(payload), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._folder / name)


def _record(payload: RawPayload) -> dict[str, Any]:
    try:
        body = {"text": payload.body.decode("utf-8")}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(payload.body).decode("ascii")}
    return {
        "url": payload.url,
        "status": payload.status,
        "headers": {
            name: value
            for name, value in payload.headers.items()
            if name in {"content-type", "retry-after"} or name.startswith("x-ratelimit")
        },
        "received_at": payload.received_at.isoformat(),
        "milliseconds": payload.milliseconds,
        **body,
    }
