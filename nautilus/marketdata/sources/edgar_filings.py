"""The list of filings of a company: columns of arrays, older ones in further files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nautilus.marketdata.sources.errors import SchemaChanged
from nautilus.marketdata.sources.interface import DataRequest
from nautilus.marketdata.sources.payloads import instant, require

__all__ = ["filing_rows", "older_pages"]

_ARCHIVE = "https://www.sec.gov/Archives/edgar/data"
_COLUMNS = ("accessionNumber", "form", "acceptanceDateTime", "primaryDocument")


def filing_rows(answer: Any, request: DataRequest) -> list[tuple[Any, ...]]:
    """Rows of the layout "datasets", one per filing; known from the second of its acceptance.

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
    return [_row(one, owner, request) for one in zip(*found, strict=True)]


def older_pages(answer: Any) -> list[str]:
    """Names of the files with older filings.

    Raises
    ------
    SchemaChanged
    """
    files = require(_filings(answer), "files", list, "edgar")
    return [require(one, "name", str, "edgar") for one in files]


def _filings(answer: Any) -> Any:
    return require(answer, "filings", Mapping, "edgar")


def _row(one: tuple[Any, ...], owner: str, request: DataRequest) -> tuple[Any, ...]:
    accession, form, accepted, document = one
    if not all(isinstance(value, str) for value in (accession, form, document)):
        raise SchemaChanged("edgar sent a filing without number, form or document.", source="edgar")
    at = instant(accepted, "acceptanceDateTime", "edgar")
    cik = int(request.options.get("cik", 0))
    url = f"{_ARCHIVE}/{cik}/{accession.replace('-', '')}/{document}"
    owner = owner or request.symbol
    return (
        accession, f"{form} of {owner}", "SEC", owner, [form], at, [url], ["text/html"],
        "edgar", at,
    )  # fmt: skip
