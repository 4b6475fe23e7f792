"""A connector that speaks HTTP: where to ask, and how the key is carried."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from nautilus.core.errors import ParameterError
from nautilus.marketdata.sources.connector import Connector
from nautilus.marketdata.sources.interface import DataRequest, SourceConfig
from nautilus.marketdata.sources.payloads import RawPayload
from nautilus.marketdata.sources.redaction import Secret
from nautilus.marketdata.sources.transport import HttpTransport, RecordingTransport

__all__ = ["HttpSource", "segment"]


class HttpSource(Connector):
    """Base of the sources with a REST API.

    Parameters
    ----------
    config : SourceConfig, optional

    Notes
    -----
    A new one sets `name`, `address` and `offers`, and writes `call` and `parse`; `following` where
    answers come in pages and `credentials` where a key is needed.
    """

    address: ClassVar[str]

    def __init__(self, config: SourceConfig | None = None) -> None:
        super().__init__(config)
        self.base_url = (self.config.base_url or self.address).rstrip("/")
        self._transport = self._open_transport()

    @abstractmethod
    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """Path and query of a request, without the key."""

    def credentials(self, secret: Secret) -> tuple[dict[str, str], dict[str, str]]:
        """Query parameters and headers that carry the key."""
        return {}, {}

    def url(self, path: str, request: DataRequest) -> str:
        """Address of a path."""
        return f"{self.base_url}/{path.lstrip('/')}"

    def user_agent(self) -> str:
        """What it calls itself."""
        return self.config.user_agent or "nautilus-quant"

    async def ask(self, request: DataRequest) -> RawPayload:
        """One GET."""
        path, params = self.call(request)
        return await self._transport.get(self.url(path, request), params)

    async def aclose(self) -> None:
        """Close connections."""
        await self._transport.aclose()

    def _open_transport(self) -> HttpTransport | RecordingTransport:
        transport = HttpTransport(
            self.name,
            self.config.secret,
            self.credentials,
            timeout_seconds=self.config.timeout_seconds,
            clock=self.config.clock,
            headers={"User-Agent": self.user_agent(), "Accept": "application/json"},
        )
        if self.config.record_to is None:
            return transport
        return RecordingTransport(transport, self.config.record_to, self.name)


def segment(text: str, field: str = "symbol") -> str:
    """`text` as one part of a path, whatever is in it.

    Raises
    ------
    ParameterError
        "." or "..", which would climb out of the path.

    Examples
    --------
    >>> segment("BRK/B")
    'BRK%2FB'
    """
    if text in (".", ".."):
        raise ParameterError(f"`{field}` must not have {text!r} as a part.", field=field)
    return quote(text, safe="")
