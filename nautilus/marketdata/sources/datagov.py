"""data.gov: the catalogue of public data sets of the United States; the data lives elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import ParameterError
from nautilus.core.rate_limit import WindowLimit
from nautilus.marketdata.sources.errors import AuthRequired, Throttled
from nautilus.marketdata.sources.http_source import HttpSource
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import frame
from nautilus.marketdata.sources.payloads import RawPayload, check_status, decode, instant, require
from nautilus.marketdata.sources.redaction import Secret

if TYPE_CHECKING:
    import polars as pl

__all__ = ["DataGovSource"]

MOST = 100
_DEMO_LIMITS = "30/hour, 50/day"
_OPTIONS = ("org_slug", "org_type", "sort")


class DataGovSource(HttpSource):
    """Search in the catalogue; `symbol` is what to search for.

    Options of a request: `most` (rows at most, 100), `per_page`, `org_slug`, `org_type`, `keyword`,
    `sort` ("relevance", "popularity", "last_harvested_date").
    """

    name = "datagov"
    address = "https://api.gsa.gov"
    offers = Capabilities(
        kinds=("datasets",),
        limits="1000/hour",
        point_in_time="a catalogue: `knowledge_ts` is when the entry was last harvested",
        terms="free key; DEMO_KEY has 30 an hour and 50 a day",
        documented_data_types=("government_data", "economic_census", "agriculture"),
        documented_update_frequency="weekly",
        documented_factors=50,
    )

    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """`technology/datagov/v4/search`."""
        options = request.options
        params = {"q": request.symbol, "per_page": str(_per_page(request))}
        params |= {key: str(options[key]) for key in (*_OPTIONS, "keyword") if key in options}
        if after := options.get("after"):
            params["after"] = str(after)
        return "technology/datagov/v4/search", params

    def credentials(self, secret: Secret) -> tuple[dict[str, str], dict[str, str]]:
        """In a header."""
        return {}, {"X-Api-Key": secret.reveal()}

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """One row per data set."""
        if payload.status in (403, 422, 429):
            raise _refused(payload)
        check_status(payload, self.name, request.symbol)
        answer = decode(payload, self.name)
        results = require(answer, "results", list, self.name)
        return frame("datasets", [self._row(one) for one in results])

    def following(
        self, payload: RawPayload, found: pl.DataFrame, request: DataRequest
    ) -> Sequence[DataRequest]:
        """The page after the cursor, until `most` rows are there."""
        seen = request.whole("seen", 0) + found.height
        after = decode(payload, self.name).get("after")
        if not after or not found.height or seen >= request.whole("most", MOST):
            return ()
        return (request.with_options(after=after, seen=seen),)

    def joined(self, pages: Sequence[pl.DataFrame], request: DataRequest) -> pl.DataFrame:
        """The first `most` data sets."""
        return super().joined(pages, request).head(request.whole("most", MOST))

    def _row(self, one: Any) -> tuple[Any, ...]:
        identifier, title = (require(one, key, str, self.name) for key in ("identifier", "title"))
        organization = require(one, "organization", Mapping, self.name)
        harvested = require(one, "last_harvested_date", str, self.name)
        keywords = require(one, "keyword", list, self.name)
        dcat = require(one, "dcat", Mapping, self.name)
        modified = dcat.get("modified")
        files = dcat.get("distribution") or []
        at = instant(harvested, "last_harvested_date", self.name)
        return (
            identifier,
            title,
            _text(one.get("publisher")),
            _text(organization.get("name")),
            [str(word) for word in keywords],
            _modified(modified, self.name),
            _texts(files, ("downloadURL", "accessURL")),
            _texts(files, ("mediaType", "format")),
            self.name,
            at,
        )

    def _windows(self) -> WindowLimit:
        demo = self.config.secret.reveal() == "DEMO_KEY" and not self.config.limits
        return WindowLimit.parse(_DEMO_LIMITS) if demo else super()._windows()


def _per_page(request: DataRequest) -> int:
    most = request.whole("most", MOST)
    return max(1, min(most, request.whole("per_page", MOST)))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _modified(value: Any, source: str) -> Any:
    """Publishers write it by hand: a day, a time, or a period such as R/P1Y, which is no time."""
    usable = isinstance(value, str) and value[:4].isdigit() and len(value) >= 10
    return instant(value, "modified", source) if usable else None


def _texts(files: Any, keys: tuple[str, ...]) -> list[str]:
    found = files if isinstance(files, list) else []
    entries = [one for one in found if isinstance(one, Mapping)]
    values = [next((one[key] for key in keys if one.get(key)), None) for one in entries]
    return [value for value in values if isinstance(value, str)]


def _refused(payload: RawPayload) -> Exception:
    answer = decode(payload, "datagov")
    if payload.status == 422:
        detail = str(answer.get("detail") if isinstance(answer, Mapping) else "")[:200]
        return ParameterError(f"datagov refused an option: {detail}", field="options")
    if payload.status == 429:
        return Throttled(
            "datagov allows 1,000 requests an hour (30 with DEMO_KEY); it counts anew in an hour.",
            source="datagov",
            retry_after=3600.0,
        )
    return AuthRequired(
        "datagov refused the key; check NAUTILUS_DATAGOV_API_KEY.", source="datagov"
    )
