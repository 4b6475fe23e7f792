"""The list of filings of a company: columns of arrays, older ones in further files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from nautilus.marketdata.sources.errors import SchemaChanged
from nautilus.marketdata.sources.interface import DataRequest
from nautilus.marketdata.sources.payloads import day, instant, require

__all__ = ["filing_rows", "older_pages", "public_since"]

_ARCHIVE = "https://www.sec.gov/Archives/edgar/data"
_COLUMNS = ("accessionNumber", "form", "filingDate", "acceptanceDateTime", "primaryDocument")
_NEW_YORK = ZoneInfo("America/New_York")
_OPENS = time(6)  # EDGAR passes on from 06:00 what was accepted too late the day before


def filing_rows(answer: Any, request: DataRequest, received_at: datetime) -> list[tuple[Any, ...]]:
    """Rows of the layout "datasets", one per filing.

    Raises
    ------
    SchemaChanged
    """
    older = "page_name" in request.options
    columns = answer if older else require(_filings(answer), "recent", Mapping, "edgar")
    found = [require(columns, name, list, "edgar") for name in _COLUMNS]
    if len({len(column) for column in found}) > 1:
        raise SchemaChanged("edgar sent columns of filings of different lengths.", source="edgar")
    owner = "" if older else str(require(answer, "name", str, "edgar"))
    return [_row(one, owner, request, received_at) for one in zip(*found, strict=True)]


def older_pages(answer: Any) -> list[str]:
    """Names of the files with older filings.

    Raises
    ------
    SchemaChanged
    """
    files = require(_filings(answer), "files", list, "edgar")
    return [require(one, "name", str, "edgar") for one in files]


def public_since(accepted: str, filed: str, received_at: datetime) -> datetime:
    """When a filing could be read at the latest.

    `acceptanceDateTime` ends in Z and is UTC for most companies; for about a fifth of the S&P 500
    it is the clock of New York with the same Z, and nothing in the file tells which. Read as New
    York time it is never too early, and up to five hours late.

    Raises
    ------
    SchemaChanged

    Examples
    --------
    >>> from datetime import UTC
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> public_since("2025-05-01T16:21:59.000Z", "2025-05-01", now).isoformat()
    '2025-05-01T20:21:59+00:00'
    >>> public_since("2025-05-01T18:21:59.000Z", "2025-05-02", now).isoformat()
    '2025-05-02T10:00:00+00:00'
    """
    clock = instant(accepted, "acceptanceDateTime", "edgar").replace(tzinfo=None)
    opening = datetime.combine(day(filed, "filingDate", "edgar"), _OPENS)
    latest = max(clock, opening).replace(tzinfo=_NEW_YORK)
    return min(instant(latest.isoformat(), "acceptanceDateTime", "edgar"), received_at)


def _filings(answer: Any) -> Any:
    return require(answer, "filings", Mapping, "edgar")


def _row(
    one: tuple[Any, ...], owner: str, request: DataRequest, received_at: datetime
) -> tuple[Any, ...]:
    accession, form, filed, accepted, document = one
    if not all(isinstance(value, str) for value in one):
        raise SchemaChanged(
            "edgar sent a filing without number, form, dates or document.", source="edgar"
        )
    at = public_since(accepted, filed, received_at)
    cik = int(request.options.get("cik", 0))
    url = f"{_ARCHIVE}/{cik}/{accession.replace('-', '')}/{document}"
    owner = owner or request.symbol
    return (
        accession, f"{form} of {owner}", "SEC", owner, [form], at, [url], ["text/html"],
        "edgar", at,
    )  # fmt: skip
