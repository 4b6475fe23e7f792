"""Statements of Alpha Vantage as rows of facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from nautilus.marketdata.sources.errors import SchemaChanged
from nautilus.marketdata.sources.interface import DataRequest
from nautilus.marketdata.sources.layouts import known_by
from nautilus.marketdata.sources.payloads import day, number, require

__all__ = ["STATEMENTS", "statement_rows"]

STATEMENTS = ("income_statement", "balance_sheet", "cash_flow", "earnings", "overview")
_MISSING = ("", "None", "-")
_EARNINGS = ("reportedEPS", "estimatedEPS", "surprise", "surprisePercentage")
_SOURCE = "alpha_vantage"
_REST = (_SOURCE, 0, None)  # source, revision, accession
Row = tuple[Any, ...]


def statement_rows(
    answer: Mapping[str, Any], request: DataRequest, received_at: datetime
) -> list[Row]:
    """Facts of a statement, yearly and quarterly, without those that are "None".

    Only earnings say when they were reported; everything else counts as known when received.

    Raises
    ------
    SchemaChanged
    """
    statement = str(request.options.get("statement", "income_statement"))
    if statement == "overview":
        return _overview(answer, request, received_at)
    if statement == "earnings":
        yearly, quarterly = "annualEarnings", "quarterlyEarnings"
    else:
        yearly, quarterly = "annualReports", "quarterlyReports"
    flows = statement != "balance_sheet"
    rows: list[Row] = []
    for key, months, period in ((yearly, 12, "FY"), (quarterly, 3, "Q")):
        for one in require(answer, key, list, _SOURCE):
            end = day(require(one, "fiscalDateEnding", str, _SOURCE), "fiscalDateEnding", _SOURCE)
            start = _months_before(end, months) if flows else None
            rows += _facts(one, request, (start, end, period), received_at)
    return _once(rows)


def _facts(
    one: Mapping[str, Any],
    request: DataRequest,
    span: tuple[date | None, date, str],
    received_at: datetime,
) -> list[Row]:
    start, end, period = span
    reported = one.get("reportedDate")
    filed = day(reported, "reportedDate", _SOURCE) if reported is not None else None
    known = known_by(filed, received_at) if filed else received_at
    unit = str(one.get("reportedCurrency") or "reported")
    return [
        (request.symbol, name, start, end, value, unit, filed, known, None, period, *_REST)
        for name, value in _numbers(one)
    ]  # fmt: skip


def _numbers(one: Mapping[str, Any]) -> list[tuple[str, float]]:
    """What is a number; words, such as `reportTime`, are no facts."""
    found: list[tuple[str, float]] = []
    for name, value in one.items():
        if name in {"fiscalDateEnding", "reportedDate", "reportedCurrency"}:
            continue
        try:
            amount = number(value, name, _SOURCE, missing=_MISSING)
        except SchemaChanged:
            if name in _EARNINGS:
                raise
            continue
        if amount is not None:
            found.append((name, amount))
    return found


def _overview(answer: Mapping[str, Any], request: DataRequest, received_at: datetime) -> list[Row]:
    require(answer, "Symbol", str, _SOURCE)
    latest = day(require(answer, "LatestQuarter", str, _SOURCE), "LatestQuarter", _SOURCE)
    unit = str(answer.get("Currency") or "reported")
    skipped = {"Symbol", "CIK", "FiscalYearEnd", "LatestQuarter"}
    facts = {name: value for name, value in answer.items() if name not in skipped}
    return [
        (request.symbol, name, None, latest, value, unit, None, received_at, None, None, *_REST)
        for name, value in _numbers(facts)
    ]  # fmt: skip


def _months_before(end: date, months: int) -> date:
    """First day of the stretch of `months` that ends at `end`."""
    month_end = (end + timedelta(days=1)).day == 1
    index = end.year * 12 + end.month - 1 - months + (1 if month_end else 0)
    year, month = divmod(index, 12)
    first = 1 if month_end else min(end.day, 27) + 1
    return date(max(year, 1), month + 1, first)


def _once(rows: list[Row]) -> list[Row]:
    """The balance sheet of a year's end is also that of its last quarter."""
    return list({row[:4]: row for row in rows}.values())
