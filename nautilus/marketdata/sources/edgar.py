"""SEC EDGAR: every fact of every filing with the day it was filed, and the filings themselves."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nautilus.marketdata.sources.edgar_filings import filing_rows, older_pages
from nautilus.marketdata.sources.errors import AuthRequired, SymbolNotFound, Throttled
from nautilus.marketdata.sources.http_source import HttpSource, segment
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import empty, frame, known_by, with_revisions
from nautilus.marketdata.sources.payloads import (
    RawPayload,
    check_status,
    day,
    decode,
    number,
    require,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EdgarSource"]

MAP_ADDRESS = "https://www.sec.gov"
_CIK = re.compile(r"(?:CIK)?(\d{1,10})", re.IGNORECASE)
_FACT = ("symbol", "concept", "unit", "period_start", "period_end")
_BLOCKED_SECONDS = 600.0


class EdgarSource(HttpSource):
    """Companies by ticker or CIK. `fundamentals` are facts, `datasets` the list of filings.

    Options of a request: `concepts` (names to keep, such as "Assets"), `concept` (only this one is
    downloaded, of `taxonomy`, "us-gaap").
    """

    name = "edgar"
    address = "https://data.sec.gov"
    switch = "USER_AGENT"
    offers = Capabilities(
        kinds=("fundamentals", "datasets"),
        asset_classes=("stocks",),
        limits="10/second",
        needs_key=False,
        point_in_time="`filed` of each version; the hour is not told, so it counts from the end"
        " of that day",
        terms="no key; a User-Agent with a name and an address to write to is compulsory",
        documented_data_types=("financials", "filings", "governance"),
        documented_update_frequency="quarterly",
        documented_factors=25,
    )
    _tickers: Mapping[str, int] | None = None

    def configured(self) -> bool:
        """The SEC wants to know who asks; a name of ours would not be honest."""
        return bool(self.config.user_agent)

    def url(self, path: str, request: DataRequest) -> str:
        """The map of tickers lives on another host."""
        elsewhere = request.options.get("tickers") and self.config.base_url is None
        return f"{MAP_ADDRESS if elsewhere else self.base_url}/{path}"

    async def prepared(self, request: DataRequest) -> DataRequest:
        """With the CIK, which needs the map of tickers once."""
        if found := _CIK.fullmatch(request.symbol):
            return request.with_options(cik=int(found[1]))
        if self._tickers is None:
            answer = await self.retried(request.with_options(tickers=True), _ticker_map)
            self._tickers = answer[1]
        return request.with_options(cik=_find(request.symbol, self._tickers))

    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """`companyfacts`, `companyconcept`, `submissions`, or the map of tickers."""
        options = request.options
        if options.get("tickers"):
            return "files/company_tickers.json", {}
        if page := options.get("page_name"):
            return f"submissions/{segment(str(page))}", {}
        digits = _CIK.fullmatch(request.symbol)
        cik = int(options.get("cik", digits[1] if digits else 0))
        if request.kind == "datasets":
            return f"submissions/CIK{cik:010d}.json", {}
        if concept := options.get("concept"):
            taxonomy = segment(str(options.get("taxonomy", "us-gaap")))
            name = segment(str(concept))
            return f"api/xbrl/companyconcept/CIK{cik:010d}/{taxonomy}/{name}.json", {}
        return f"api/xbrl/companyfacts/CIK{cik:010d}.json", {}

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """Facts with every version, or filings."""
        _check_refusal(payload, request)
        answer = decode(payload, self.name)
        if request.kind == "datasets":
            return frame("datasets", filing_rows(answer, request, payload.received_at))
        rows = [
            row for fact in _facts(answer, request) for row in self._rows(*fact, payload, request)
        ]
        if not rows:
            return empty("fundamentals")
        return with_revisions(frame("fundamentals", rows), _FACT, ("filed", "accession"))

    def following(
        self, payload: RawPayload, found: pl.DataFrame, request: DataRequest
    ) -> Sequence[DataRequest]:
        """Older filings come in files of their own."""
        if request.kind != "datasets" or "page_name" in request.options:
            return ()
        pages = older_pages(decode(payload, self.name))
        return tuple(request.with_options(page_name=page) for page in pages)

    def _rows(
        self, concept: str, unit: str, one: Any, payload: RawPayload, request: DataRequest
    ) -> list[tuple[Any, ...]]:
        end = day(require(one, "end", str, self.name), "end", self.name)
        start = one.get("start")
        if (request.start and end < request.start) or (request.end and end > request.end):
            return []
        filed = day(require(one, "filed", str, self.name), "filed", self.name)
        value = number(require(one, "val", (int, float, str), self.name), "val", self.name)
        accession, form = (require(one, key, str, self.name) for key in ("accn", "form"))
        period = f"{one.get('fy') or ''}{one.get('fp') or ''}" or None
        return [
            (
                request.symbol, concept,
                day(start, "start", self.name) if start is not None else None,
                end, value, unit, filed, known_by(filed, payload.received_at), form, period,
                self.name, 0, accession,
            )
        ]  # fmt: skip


def _facts(answer: Any, request: DataRequest) -> list[tuple[str, str, Any]]:
    """(concept, unit, fact) of a whole company or of one concept."""
    wanted = request.options.get("concepts")
    if request.options.get("concept"):
        tags = {str(require(answer, "tag", str, "edgar")): answer}
    else:
        groups = require(answer, "facts", Mapping, "edgar")
        tags = {
            str(tag): one
            for taxonomy in groups
            for tag, one in require(groups, taxonomy, Mapping, "edgar").items()
            if wanted is None or tag in wanted
        }
    return [
        (tag, str(unit), fact)
        for tag, one in tags.items()
        for unit in require(one, "units", Mapping, "edgar")
        for fact in require(one["units"], unit, list, "edgar")
    ]


def _check_refusal(payload: RawPayload, request: DataRequest) -> None:
    text = payload.body[:4000].decode("utf-8", "replace").lower()
    if payload.status == 403 and "undeclared" in text:
        raise AuthRequired(
            "edgar wants a User-Agent with a name and an address to write to; set"
            " NAUTILUS_EDGAR_USER_AGENT='Your Name you@example.com'.",
            source="edgar",
        )
    if payload.status in (403, 429):
        raise Throttled(
            "edgar blocks an address that asks more than 10 times a second for about ten minutes.",
            source="edgar",
            retry_after=_BLOCKED_SECONDS,
        )
    check_status(payload, "edgar", request.symbol)


def _ticker_map(payload: RawPayload, request: DataRequest) -> dict[str, int]:
    _check_refusal(payload, request)
    answer = decode(payload, "edgar")
    return {
        str(require(answer[key], "ticker", str, "edgar")): require(
            answer[key], "cik_str", int, "edgar"
        )
        for key in answer
    }


def _find(symbol: str, tickers: Mapping[str, int]) -> int:
    ticker = symbol.upper().replace(".", "-")
    if ticker not in tickers:
        close = difflib.get_close_matches(ticker, tickers, n=3)
        hint = f"did you mean {', '.join(close)}?" if close else "give its CIK instead."
        raise SymbolNotFound(
            f"edgar has no company with ticker {symbol!r}; {hint}", source="edgar", field="symbol"
        )
    return tickers[ticker]
