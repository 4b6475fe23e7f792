"""Trading Economics: indicators of some two hundred countries, by a paid key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import ParameterError
from nautilus.marketdata.sources.errors import (
    AuthRequired,
    NotEntitled,
    SchemaChanged,
    SymbolNotFound,
    Throttled,
)
from nautilus.marketdata.sources.http_source import HttpSource, segment
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import frame, midnight, within
from nautilus.marketdata.sources.payloads import (
    RawPayload,
    check_status,
    decode,
    instant,
    number,
    require,
)
from nautilus.marketdata.sources.redaction import Secret

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TradingEconomicsSource"]

MOST_ROWS = 10_000  # more are cut off silently
LONGEST_URL = 260
_FIRST = date(1700, 1, 1)
_MONTHS = {"yearly": 12, "biannually": 6, "quarterly": 3, "monthly": 1}


class TradingEconomicsSource(HttpSource):
    """Series by "country/indicator", such as "mexico/gdp".

    Option of a request: `most_rows`, the length at which a window counts as cut off.
    """

    name = "trading_economics"
    address = "https://api.tradingeconomics.com"
    offers = Capabilities(
        kinds=("macro",),
        asset_classes=("macro",),
        limits="2/second",
        point_in_time="the newest row has its time of release, the others the time of download",
        terms="paid; the key guest:guest gives three sample rows of a few countries",
        documented_data_types=("global_indicators", "forecasts", "calendars"),
        documented_update_frequency="realtime",
        documented_factors=300_000,
    )

    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """`historical/country/{country}/indicator/{indicator}/{start}/{end}`."""
        country, _, indicator = request.symbol.partition("/")
        if not indicator:
            raise ParameterError(
                f"`symbol` must be like 'mexico/gdp' (country/indicator), got {request.symbol!r}.",
                field="symbol",
            )
        path = (
            f"historical/country/{segment(country.lower())}/indicator/{segment(indicator.lower())}"
        )
        if request.start or request.end:
            path += f"/{request.start or _FIRST}"
            path += f"/{request.end}" if request.end else ""
        if len(self.url(path, request)) > LONGEST_URL:
            raise ParameterError(
                f"`symbol` makes an address longer than {LONGEST_URL} characters.", field="symbol"
            )
        return path, {"f": "json"}

    def credentials(self, secret: Secret) -> tuple[dict[str, str], dict[str, str]]:
        """In the query, as "key:secret"."""
        return {"c": secret.reveal()}, {}

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """Macro rows by start of period; theirs are stamped with its end."""
        _check_refusal(payload, request)
        check_status(payload, self.name, request.symbol)
        found = decode(payload, self.name)
        if not isinstance(found, list):
            raise SchemaChanged(
                f"trading_economics sent {type(found).__name__} instead of an array.",
                source=self.name,
            )
        if not found and not (request.start or request.end):
            raise SymbolNotFound(
                f"trading_economics has nothing for {request.symbol!r}; check country and"
                " indicator.",
                source=self.name,
                field="symbol",
            )
        rows = [self._row(one, payload, request) for one in found]
        return _released(frame("macro", rows), found, payload)

    def following(
        self, payload: RawPayload, found: pl.DataFrame, request: DataRequest
    ) -> Sequence[DataRequest]:
        """Both halves of a window that was cut off."""
        most = request.whole("most_rows", MOST_ROWS)
        first, last = request.start or _FIRST, request.end or payload.received_at.date()
        if found.height < most or first >= last:
            return ()
        middle = first + (last - first) // 2
        options = request.options
        return (
            DataRequest(request.kind, request.symbol, "1d", first, middle, options),
            DataRequest(request.kind, request.symbol, "1d", middle + timedelta(1), last, options),
        )

    def joined(self, pages: Sequence[pl.DataFrame], request: DataRequest) -> pl.DataFrame:
        """Overlapping windows as one series, each period once, as it was last sent."""
        whole = (
            super()
            .joined(pages, request)
            .unique(["series", "timestamp"], keep="last", maintain_order=True)
        )
        return within(whole, "macro", None, request.end)

    def _row(self, one: Any, payload: RawPayload, request: DataRequest) -> tuple[Any, ...]:
        end = instant(require(one, "DateTime", str, self.name), "DateTime", self.name)
        frequency = require(one, "Frequency", str, self.name)
        if "Value" not in one:
            require(one, "Value", float, self.name)
        value = number(one["Value"], "Value", self.name)
        start = midnight(_period_start(end.date(), frequency))
        return request.symbol, start, value, payload.received_at, self.name, 0


def _released(found: pl.DataFrame, raw: list[Any], payload: RawPayload) -> pl.DataFrame:
    """`LastUpdate` belongs to the newest row alone, whichever row carries it."""
    import polars as pl

    if not raw or not isinstance(raw[0].get("LastUpdate"), str):
        return found
    released = instant(raw[0]["LastUpdate"], "LastUpdate", "trading_economics")
    newest = pl.col("timestamp") == pl.col("timestamp").max()
    known = pl.when(newest).then(pl.lit(min(released, payload.received_at)))
    kept = known.otherwise(pl.col("knowledge_ts")).cast(found.schema["knowledge_ts"])
    return found.with_columns(kept.alias("knowledge_ts"))


def _period_start(end: date, frequency: str) -> date:
    months = _MONTHS.get(frequency.strip().lower())
    if months is None:
        return end - timedelta(days=6) if frequency.strip().lower() == "weekly" else end
    index = end.year * 12 + end.month - months
    return date(max(index // 12, 1), index % 12 + 1, 1)


def _check_refusal(payload: RawPayload, request: DataRequest) -> None:
    lower = payload.body[:400].decode("utf-8", "replace").lower()
    if payload.status == 401:
        raise AuthRequired(
            "trading_economics refused the key; NAUTILUS_TRADING_ECONOMICS_API_KEY must be"
            " 'key:secret'.",
            source="trading_economics",
        )
    if payload.status == 403:
        raise NotEntitled(
            f"trading_economics: the plan does not include {request.symbol!r}.",
            source="trading_economics",
        )
    if payload.status in (409, 429) or (payload.status != 200 and "limit" in lower):
        raise Throttled(
            "trading_economics allows 2 requests a second; ask again.",
            source="trading_economics",
            retry_after=1.0,
        )
