"""FRED and ALFRED of the St. Louis Fed: macro series with every vintage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import ParameterError
from nautilus.marketdata.sources.errors import AuthRequired, SymbolNotFound, Upstream
from nautilus.marketdata.sources.http_source import HttpSource
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import frame, known_by, midnight, with_revisions, within
from nautilus.marketdata.sources.payloads import (
    RawPayload,
    check_status,
    day,
    decode,
    number,
    require,
)
from nautilus.marketdata.sources.redaction import Secret

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FredSource"]

PAGE = 100_000
# The whole range of real time: every version of every value, each with the day it appeared.
ALL_VINTAGES = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}
_OPTIONS = ("units", "frequency", "aggregation_method", "realtime_start", "realtime_end")


class FredSource(HttpSource):
    """Series of FRED by id, such as "UNRATE".

    Options of a request: `vintages` (True: every version of each value), `units`, `frequency`,
    `aggregation_method`, `realtime_start`, `realtime_end` (as FRED documents them), `page`.
    """

    name = "fred"
    address = "https://api.stlouisfed.org"
    offers = Capabilities(
        kinds=("macro",),
        asset_classes=("macro",),
        limits="2/second, 120/minute",
        point_in_time="vintages=True gives the day of each version; without it the newest only",
        terms="free key; some series belong to others and may not be passed on",
        documented_data_types=("economic_indicators", "rates", "inflation"),
        documented_update_frequency="daily",
        documented_factors=32,
    )

    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """`series/observations`, always as JSON, oldest first."""
        params = {
            "series_id": request.symbol,
            "file_type": "json",
            "sort_order": "asc",
            "limit": str(_page(request)),
            "offset": str(request.whole("offset", 0)),
        }
        if request.start:
            params["observation_start"] = request.start.isoformat()
        if request.end:
            params["observation_end"] = request.end.isoformat()
        if request.options.get("vintages"):
            params |= ALL_VINTAGES
        params |= {key: str(request.options[key]) for key in _OPTIONS if key in request.options}
        return "fred/series/observations", params

    def credentials(self, secret: Secret) -> tuple[dict[str, str], dict[str, str]]:
        """In the query: FRED knows no header."""
        return {"api_key": secret.reveal()}, {}

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """Macro rows; "." is null. `knowledge_ts` is the end of `realtime_start`."""
        if payload.status in (400, 403, 404):
            raise _refused(payload, request)
        check_status(payload, self.name, request.symbol)
        answer = decode(payload, self.name)
        found = require(answer, "observations", list, self.name)
        _check_complete(answer, found, request)
        rows = [self._row(one, payload, request) for one in found]
        return frame("macro", rows)

    def following(
        self, payload: RawPayload, found: pl.DataFrame, request: DataRequest
    ) -> Sequence[DataRequest]:
        """The next page until `count`."""
        offset = request.whole("offset", 0) + found.height
        count = require(decode(payload, self.name), "count", int, self.name)
        return (request.with_options(offset=offset),) if offset < count else ()

    def joined(self, pages: Sequence[pl.DataFrame], request: DataRequest) -> pl.DataFrame:
        """Versions of each date numbered by the day they appeared."""
        whole = with_revisions(
            super().joined(pages, request), ("series", "timestamp"), ("knowledge_ts",)
        )
        return within(whole, "macro", request.start, request.end)

    def _row(self, one: Any, payload: RawPayload, request: DataRequest) -> tuple[Any, ...]:
        date = day(require(one, "date", str, self.name), "date", self.name)
        known = day(require(one, "realtime_start", str, self.name), "realtime_start", self.name)
        value = number(
            require(one, "value", (str, int, float), self.name), "value", self.name,
            missing=(".", ""),
        )  # fmt: skip
        known_ts = known_by(known, payload.received_at)
        return request.symbol, midnight(date), value, known_ts, self.name, 0


def _page(request: DataRequest) -> int:
    return max(1, min(PAGE, request.whole("page", PAGE)))


def _check_complete(answer: Any, found: list[Any], request: DataRequest) -> None:
    count = require(answer, "count", int, "fred")
    offset = request.whole("offset", 0)
    expected = min(_page(request), count - offset)
    if len(found) < expected:
        raise Upstream(
            f"fred sent {len(found)} of {expected} rows of {request.symbol!r}, which it does when"
            " it is asked too often; ask again later.",
            source="fred",
        )


def _refused(payload: RawPayload, request: DataRequest) -> Exception:
    text = str(require(decode(payload, "fred"), "error_message", str, "fred"))
    lower = text.lower()
    if "api_key" in lower or "api key" in lower:
        return AuthRequired(
            "fred refused the key: it must be 32 lower-case letters and digits; check"
            " NAUTILUS_FRED_API_KEY.",
            source="fred",
        )
    if "does not exist" in lower or payload.status == 404:
        return SymbolNotFound(
            f"fred has no series {request.symbol!r}; search for its id on its site.",
            source="fred",
            field="symbol",
        )
    return ParameterError(f"fred refused an option: {text[:200]}", field="options")
