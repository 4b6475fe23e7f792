"""What a source is: a request in, a frame out, and what it says about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from nautilus.core.checks import check_choice, check_positive
from nautilus.core.errors import ParameterError
from nautilus.core.rate_limit import WindowLimit
from nautilus.marketdata.sources.redaction import Secret

if TYPE_CHECKING:
    import polars as pl

    from nautilus.marketdata.sources.payloads import RawPayload

__all__ = ["KINDS", "STATUSES", "Capabilities", "DataRequest", "Source", "SourceConfig"]

KINDS = ("bars", "macro", "fundamentals", "actions", "datasets", "quotes")
STATUSES = ("not_configured", "ready", "open", "exhausted")
_LONGEST_SYMBOL = 200
_SCHEMES = ("https://", "http://", "tcp://")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DataRequest:
    """One series of one source, or one search.

    Parameters
    ----------
    kind : {"bars", "macro", "fundamentals", "actions", "datasets", "quotes"}
    symbol : str
        As the source spells it: a ticker, a series id, "country/indicator", or words to search.
    timeframe : str
        Of bars: "1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M".
    start, end : date, optional
        Both included.
    options : mapping
        What only one source knows; its page in the documentation lists them.

    Raises
    ------
    ParameterError
        Unknown kind, empty symbol, or `end` before `start`.

    Examples
    --------
    >>> DataRequest("bars", "AAPL", start=date(2024, 1, 2)).timeframe
    '1d'
    """

    kind: str
    symbol: str
    timeframe: str = "1d"
    start: date | None = None
    end: date | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice(self.kind, "kind", KINDS)
        symbol = self.symbol.strip()
        if not symbol or len(symbol) > _LONGEST_SYMBOL or not symbol.isprintable():
            raise ParameterError(
                f"`symbol` must be 1 to {_LONGEST_SYMBOL} printable characters,"
                f" got {self.symbol[:40]!r}.",
                field="symbol",
            )
        for name in ("start", "end"):
            given = getattr(self, name)
            if given is not None and (not isinstance(given, date) or isinstance(given, datetime)):
                raise ParameterError(
                    f"`{name}` must be a date without a time, got {given!r}; pass"
                    " datetime.date(2024, 1, 31).",
                    field=name,
                )
        if self.start and self.end and self.end < self.start:
            raise ParameterError(
                f"`end` {self.end} is before `start` {self.start}; swap them.", field="end"
            )

    def whole(self, option: str, default: int) -> int:
        """An option that is a number of rows, pages or the like.

        Raises
        ------
        ParameterError
            It is not a whole number, or negative.
        """
        given = self.options.get(option, default)
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            raise ParameterError(
                f"`options[{option!r}]` must be a whole number from 0, got {given!r}.",
                field=option,
            )
        return given

    def with_options(self, **options: Any) -> DataRequest:
        """The same request with more options."""
        return replace(self, options={**self.options, **options})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a source offers, and how its numbers are to be read.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of `DataRequest` it answers.
    timeframes, asset_classes : tuple of str
    limits : str
        Requests that are allowed, such as "2/second, 120/minute".
    needs_key : bool
    adjustment : {"as_traded", "split_adjusted", "none"}
        What its prices are; "none" where it has none.
    point_in_time : str
        What `knowledge_ts` of its rows is worth.
    terms : str
        What its owner asks for.
    documented_data_types, documented_asset_classes : tuple of str
        As the documented REST API lists them.
    documented_update_frequency, documented_rate_limit : str, optional
    documented_symbols, documented_factors : int, optional
        Figures of that documentation, not counted here.
    """

    kinds: tuple[str, ...]
    timeframes: tuple[str, ...] = ()
    asset_classes: tuple[str, ...] = ()
    limits: str = ""
    needs_key: bool = True
    adjustment: str = "none"
    point_in_time: str = ""
    terms: str = ""
    documented_data_types: tuple[str, ...] = ()
    documented_asset_classes: tuple[str, ...] = ()
    documented_update_frequency: str | None = None
    documented_rate_limit: str | None = None
    documented_symbols: int | None = None
    documented_factors: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """How one source is reached.

    Parameters
    ----------
    base_url : str, optional
        Instead of the source's own address.
    key : str or Secret, optional
    clock : callable
        () -> aware datetime in UTC; limits, quota and breaker go by it.
    timeout_seconds : float
        For connecting, and for each wait for more bytes; also the longest wait for a rate limit.
    limits : str or WindowLimit, optional
        Instead of the source's own, for paid plans; a window of a day is the daily quota.
    user_agent : str, optional
    state_path : path, optional
        SQLite file of the daily quotas; without one a restart forgets them.
    enabled : bool
        For sources without a key: whether they may be asked at all.
    record_to : path, optional
        Folder in which every answer is kept, keys removed.
    sleep : async callable
        Waits for rate limits, in seconds.
    """

    base_url: str | None = None
    key: str | Secret | None = None
    clock: Callable[[], datetime] = _now
    timeout_seconds: float = 20.0
    limits: str | WindowLimit | None = None
    user_agent: str | None = None
    state_path: str | Path | None = None
    enabled: bool = False
    record_to: str | Path | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __post_init__(self) -> None:
        check_positive(self.timeout_seconds, "timeout_seconds")
        if not isinstance(self.key, Secret):
            object.__setattr__(self, "key", Secret(self.key))
        if self.base_url is not None and not self.base_url.startswith(_SCHEMES):
            raise ParameterError(
                f"`base_url` must begin with one of {', '.join(_SCHEMES)}; give the whole address.",
                field="base_url",
            )

    @property
    def secret(self) -> Secret:
        """The key, hidden."""
        return self.key if isinstance(self.key, Secret) else Secret(self.key)


@runtime_checkable
class Source(Protocol):
    """What the engine, the failover and other people's sources agree on."""

    @property
    def name(self) -> str:
        """Short name, as rows carry it in `source`."""

    def status(self) -> str:
        """One of "not_configured", "ready", "open" (resting after failures), "exhausted"."""

    def capabilities(self) -> Capabilities:
        """What it offers."""

    async def fetch(self, request: DataRequest) -> RawPayload:
        """One answer as it came, whatever its status."""

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """A frame in the one layout of its kind, or a `SourceError`. Pure."""

    async def load(self, request: DataRequest) -> pl.DataFrame:
        """Limits, retries, all pages, parsed."""

    def latency(self) -> float | None:
        """Median milliseconds of the last requests; None before the first."""

    async def aclose(self) -> None:
        """Close connections."""
