"""What every source does alike: limits, breaker, retries, pages, latency."""

from __future__ import annotations

import asyncio
import statistics
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from nautilus.core.errors import MissingExtraError, ParameterError
from nautilus.core.rate_limit import WindowLimit
from nautilus.marketdata.sources.breaker import CircuitBreaker
from nautilus.marketdata.sources.errors import (
    NotConfigured,
    QuotaExhausted,
    SchemaChanged,
    SourceError,
    Throttled,
    Upstream,
)
from nautilus.marketdata.sources.interface import Capabilities, DataRequest, SourceConfig
from nautilus.marketdata.sources.limits import Limiter
from nautilus.marketdata.sources.payloads import RawPayload

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Connector"]

ATTEMPTS = 3
MOST_PAGES = 1000
_THREAD_FROM_BYTES = 65_536  # parsing more than this would hold up everybody else
_LATENCIES = 32
Read = TypeVar("Read")


class Connector(ABC):
    """Base of all sources; a source says how to ask and how to read the answer.

    Parameters
    ----------
    config : SourceConfig, optional

    Notes
    -----
    A new source sets `name` and `offers`, and writes `ask` and `parse`; `following` where answers
    come in pages. One that speaks HTTP is an `HttpSource`.
    """

    name: ClassVar[str]
    offers: ClassVar[Capabilities]
    zone: ClassVar[str] = "UTC"
    switch: ClassVar[str] = "API_KEY"

    def __init__(self, config: SourceConfig | None = None) -> None:
        self.config = config or SourceConfig()
        self._limits = self._windows()
        self._limiter = Limiter(
            self.name,
            self._limits,
            clock=self.config.clock,
            sleep=self.config.sleep,
            patience_seconds=self.config.timeout_seconds,
            path=self.config.state_path,
            zone=self.zone,
        )
        self._breaker = CircuitBreaker(self.name, self.config.clock)
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)

    # What a source writes.

    @abstractmethod
    async def ask(self, request: DataRequest) -> RawPayload:
        """Send a request and take the answer."""

    @abstractmethod
    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """A frame of the request's kind, or a `SourceError`. Pure."""

    def following(
        self, payload: RawPayload, found: pl.DataFrame, request: DataRequest
    ) -> Sequence[DataRequest]:
        """What is still to be asked after this answer."""
        return ()

    def parts(self, request: DataRequest) -> Sequence[DataRequest]:
        """A request as several, where the source allows only short windows."""
        return (request,)

    async def prepared(self, request: DataRequest) -> DataRequest:
        """A request after what has to be looked up first."""
        return request

    def joined(self, pages: Sequence[pl.DataFrame], request: DataRequest) -> pl.DataFrame:
        """All answers as one frame."""
        import polars as pl

        return pl.concat(pages) if len(pages) > 1 else pages[0]

    def configured(self) -> bool:
        """Whether it may be asked."""
        return bool(self.config.secret)

    # What callers use.

    def status(self) -> str:
        """One of "not_configured", "ready", "open", "exhausted"."""
        if not self.configured():
            return "not_configured"
        if self._limiter.quota.exhausted_until() is not None:
            return "exhausted"
        return "open" if self._breaker.state == "open" else "ready"

    def capabilities(self) -> Capabilities:
        """What it offers, with the limits it was given."""
        return replace(self.offers, limits=_words(self._limits))

    def latency(self) -> float | None:
        """Median milliseconds of the last requests, sent to last byte; None before the first."""
        return statistics.median(self._latencies) if self._latencies else None

    async def fetch(self, request: DataRequest) -> RawPayload:
        """One answer as it came, whatever its status; no limit, no retry.

        Raises
        ------
        NotConfigured, ParameterError, Upstream
        """
        self._check(request)
        return await self._timed(request)

    async def load(self, request: DataRequest) -> pl.DataFrame:
        """All pages of a request, parsed; waits for limits, retries what may pass.

        Raises
        ------
        SourceError
            One of its kinds.
        ParameterError
            The source has no such kind or timeframe.
        """
        self._check(request)
        whole = await self.prepared(request)
        pages: list[pl.DataFrame] = []
        left = self._affordable(whole)
        asked: list[DataRequest] = []
        while left:
            page = left.pop(0)
            if page in asked or len(asked) >= MOST_PAGES:
                raise SchemaChanged(
                    f"{self.name} keeps sending pages without an end for {request.symbol!r};"
                    " ask for a shorter window.",
                    source=self.name,
                )
            asked.append(page)
            payload, found = await self.retried(page, self.parse)
            pages.append(found)
            left.extend(self.following(payload, found, page))
        return self.joined(pages, whole)

    @abstractmethod
    async def aclose(self) -> None:
        """Close connections."""

    # How.

    async def retried(
        self, request: DataRequest, read: Callable[[RawPayload, DataRequest], Read]
    ) -> tuple[RawPayload, Read]:
        """One answer, read; asked again where that may help."""
        try:
            import stamina
        except ImportError:
            raise MissingExtraError(
                "sources need stamina: pip install 'nautilus-quant[sources]'.", field="sources"
            ) from None
        attempts = stamina.retry_context(
            on=self._backoff, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=5.0
        )
        async for attempt in attempts:
            with attempt:
                return await self._guarded(request, read)
        raise AssertionError("stamina raises after the last attempt")

    async def _guarded(
        self, request: DataRequest, read: Callable[[RawPayload, DataRequest], Read]
    ) -> tuple[RawPayload, Read]:
        self._breaker.enter()
        try:
            await self._limiter.acquire()
        except BaseException:
            self._breaker.withdrawn()
            raise
        try:
            answer = await self._read(request, read)
        except QuotaExhausted as error:
            self._breaker.succeeded()
            raise await asyncio.to_thread(self._limiter.quota.exhaust) from error
        except SourceError as error:
            (self._breaker.failed if _transient(error) else self._breaker.succeeded)()
            raise
        except BaseException:
            self._breaker.withdrawn()
            raise
        self._breaker.succeeded()
        return answer

    async def _read(
        self, request: DataRequest, read: Callable[[RawPayload, DataRequest], Read]
    ) -> tuple[RawPayload, Read]:
        payload = await self._timed(request)
        if len(payload.body) >= _THREAD_FROM_BYTES:
            return payload, await asyncio.to_thread(read, payload, request)
        return payload, read(payload, request)

    async def _timed(self, request: DataRequest) -> RawPayload:
        payload = await self.ask(request)
        self._latencies.append(payload.milliseconds)
        return payload

    def _affordable(self, request: DataRequest) -> list[DataRequest]:
        """Its parts, refused before the first where a whole day would not be enough."""
        parts = list(self.parts(request))
        most = self._limiter.quota.most
        if most is not None and len(parts) > most:
            raise ParameterError(
                f"`start` is too early: {self.name} needs {len(parts)} requests for this window and"
                f" allows {most:g} a day; ask for longer bars or a shorter window.",
                field="start",
            )
        return parts

    def _backoff(self, error: Exception) -> bool | float:
        if not isinstance(error, SourceError) or self._breaker.state == "open":
            return False
        if isinstance(error, Throttled) and error.retry_after is not None:
            wait = max(error.retry_after, 0.01)
            return wait if wait <= self.config.timeout_seconds else False
        return _transient(error)

    def _check(self, request: DataRequest) -> None:
        if not self.configured():
            raise NotConfigured(
                f"{self.name} is not configured; set"
                f" NAUTILUS_{self.name.upper()}_{self.switch} and start again.",
                source=self.name,
            )
        if request.kind not in self.offers.kinds:
            raise ParameterError(
                f"`kind` must be one that {self.name} has ({', '.join(self.offers.kinds)}),"
                f" got {request.kind!r}; ask another source.",
                field="kind",
            )
        frames = self.offers.timeframes
        if request.kind == "bars" and request.timeframe not in frames:
            raise ParameterError(
                f"`timeframe` must be one that {self.name} has ({', '.join(frames)}),"
                f" got {request.timeframe!r}; resample shorter bars.",
                field="timeframe",
            )

    def _windows(self) -> WindowLimit:
        limits = self.config.limits or self.offers.limits
        return limits if isinstance(limits, WindowLimit) else WindowLimit.parse(limits)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status()}>"


def _transient(error: SourceError) -> bool:
    if isinstance(error, Upstream):
        return error.status is None or not 400 <= error.status < 500 or error.status == 408
    return isinstance(error, Throttled)


def _words(limits: WindowLimit) -> str:
    names = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}
    return ", ".join(
        f"{count:g}/{names.get(seconds, f'{seconds:g} seconds')}"
        for count, seconds in limits.windows
    )
