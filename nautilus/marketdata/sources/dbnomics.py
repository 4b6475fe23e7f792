"""DBnomics: macro series of some ninety statistical offices and central banks, without a key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import ParameterError
from nautilus.marketdata.sources.errors import SchemaChanged, SymbolNotFound, Upstream
from nautilus.marketdata.sources.http_source import HttpSource, segment
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import frame, midnight, within
from nautilus.marketdata.sources.payloads import (
    RawPayload,
    check_status,
    day,
    decode,
    instant,
    number,
    require,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["DBnomicsSource"]

PAGE = 1000


class DBnomicsSource(HttpSource):
    """Series by "provider/dataset/series", or all of "provider/dataset".

    Options of a request: `dimensions` (mapping of dimension to values, for a dataset), `page`.
    """

    name = "dbnomics"
    address = "https://api.db.nomics.world"
    switch = "ENABLED=true"
    offers = Capabilities(
        kinds=("macro",),
        asset_classes=("macro",),
        limits="2/second",
        needs_key=False,
        point_in_time="no vintages: `knowledge_ts` is when DBnomics last indexed the series",
        terms="each provider's own; no limit is published, 2 a second is ours",
        documented_data_types=("statistical_data", "central_bank", "institutional"),
        documented_update_frequency="daily",
        documented_factors=80_000,
    )

    def configured(self) -> bool:
        """Turned on by name, or by an address."""
        return self.config.enabled or self.config.base_url is not None

    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """`v22/series/...` with observations."""
        names = [name for name in request.symbol.split("/", 2) if name]
        if len(names) < 2:
            raise ParameterError(
                "`symbol` must be like 'IMF/IFS/M.FR.PCPI_IX' (provider/dataset/series),"
                f" got {request.symbol!r}.",
                field="symbol",
            )
        params = {
            "observations": "1",
            "limit": str(max(1, min(PAGE, request.whole("page", PAGE)))),
            "offset": str(request.whole("offset", 0)),
        }
        if dimensions := request.options.get("dimensions"):
            params["dimensions"] = json.dumps(dimensions, sort_keys=True)
        return "v22/series/" + "/".join(segment(name) for name in names), params

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """Macro rows by start of period; null and "NA" are null."""
        check_status(payload, self.name, request.symbol)
        answer = decode(payload, self.name)
        series = require(answer, "series", Mapping, self.name)
        documents = require(series, "docs", list, self.name)
        if answer.get("errors"):
            raise Upstream(
                f"dbnomics could not read all of {request.symbol!r} and says so in `errors`;"
                " a part of a series is not served.",
                source=self.name,
            )
        if not documents and not request.options.get("offset"):
            raise SymbolNotFound(
                f"dbnomics has no series {request.symbol!r}; check provider, dataset and code.",
                source=self.name,
                field="symbol",
            )
        rows = [row for one in documents for row in self._rows(one)]
        return within(frame("macro", rows), "macro", request.start, request.end)

    def following(
        self, payload: RawPayload, found: pl.DataFrame, request: DataRequest
    ) -> Sequence[DataRequest]:
        """The next page until `num_found` series were there."""
        series = decode(payload, self.name)["series"]
        total = require(series, "num_found", int, self.name)
        offset = request.whole("offset", 0) + len(series["docs"])
        return (request.with_options(offset=offset),) if offset < total else ()

    def _rows(self, one: Any) -> list[tuple[Any, ...]]:
        code = "/".join(
            require(one, key, str, self.name)
            for key in ("provider_code", "dataset_code", "series_code")
        )
        known = instant(require(one, "indexed_at", str, self.name), "indexed_at", self.name)
        days = require(one, "period_start_day", list, self.name)
        values = require(one, "value", list, self.name)
        if len(days) != len(values):
            raise SchemaChanged(
                f"dbnomics sent {len(days)} periods and {len(values)} values of {code}.",
                source=self.name,
                field="value",
            )
        return [
            (
                code,
                midnight(day(start, "period_start_day", self.name)),
                number(value, "value", self.name, missing=("NA", "")),
                known,
                self.name,
                0,
            )
            for start, value in zip(days, values, strict=True)
        ]
