"""Fundamental features of a company beside those of its industry, as they were known on a day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from nautilus.core.errors import NautilusError
from nautilus.factors import FundamentalFeatures, fundamental_features, industry_relative
from nautilus.marketdata.reference import find_instrument, known_symbols
from nautilus.server.features.bars import BarTable, last_day, stored_bars
from nautilus.server.market.historical import Asked, Found, Histories
from nautilus.server.market.windows import window_of

__all__ = ["Company", "company_of", "fundamentals_of", "peers_of"]

FIRST = "2000-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Features of one company, and what they were made of."""

    features: FundamentalFeatures
    source: str
    simulated: bool
    fallback_used: bool
    price: float | None
    price_date: date | None


def peers_of(symbol: str) -> tuple[str | None, list[str]]:
    """(sector, the other stocks of the reference list in it)."""
    try:
        sector = find_instrument(symbol).sector
    except NautilusError:
        return None, []
    others = [s for s in known_symbols() if s != symbol]
    return sector, [s for s in others if sector and find_instrument(s).sector == sector]


async def company_of(
    histories: Histories,
    symbol: str,
    types: Sequence[str],
    *,
    as_of: datetime,
    sources: Sequence[str] = (),
    fallback: bool = True,
    run: Any = asyncio.to_thread,
) -> Company:
    """Features of one company, not yet beside others.

    Raises
    ------
    NotFoundError, NoSourceAnswered
        Nobody has statements of it.
    """
    window = window_of(FIRST, None, as_of.isoformat(), as_of)
    asked = Asked(
        symbol=symbol, kind="fundamentals", window=window, sources=tuple(sources),
        fallback=fallback,
    )  # fmt: skip
    found = await histories.find(asked)
    table = await _prices(histories, symbol, as_of, fallback)
    price = None if table is None else float(table.columns["close"][-1])
    features = await run(_features, found, symbol, types, as_of, price)
    return Company(
        features=features,
        source=found.source,
        simulated=found.simulated,
        fallback_used=found.fallback_used,
        price=price,
        price_date=None if table is None else last_day(table),
    )


async def _prices(
    histories: Histories, symbol: str, as_of: datetime, fallback: bool
) -> BarTable | None:
    try:
        # As traded: a split after that day is in the adjusted price and not in the shares filed.
        table = await stored_bars(
            histories, symbol, "1d", 10, until=as_of, fallback=fallback, as_of=as_of,
            adjustment="none",
        )  # fmt: skip
    except NautilusError:
        return None
    return table if len(table) else None


def _features(
    found: Found, symbol: str, types: Sequence[str], as_of: datetime, price: float | None
) -> FundamentalFeatures:
    return fundamental_features(
        found.rows, as_of=as_of, symbol=symbol, price=price, feature_types=tuple(types)
    )


async def fundamentals_of(
    histories: Histories,
    symbol: str,
    types: Sequence[str],
    *,
    as_of: datetime,
    relative: bool,
    sources: Sequence[str] = (),
    fallback: bool = True,
    run: Any = asyncio.to_thread,
) -> tuple[Company, str | None, list[str]]:
    """(the company beside its peers, its sector, the peers that have statements).

    Raises
    ------
    NotFoundError, NoSourceAnswered
        Nobody has statements of it.
    """
    options: dict[str, Any] = {"as_of": as_of, "sources": sources, "fallback": fallback, "run": run}
    company = await company_of(histories, symbol, types, **options)
    sector, names = peers_of(symbol) if relative else (None, [])
    others = {}
    for name in names:
        try:
            other = await company_of(histories, name, types, **options)
        except NautilusError:  # a peer without statements is no peer
            continue
        if other.source == company.source:  # what two sources say is not compared
            others[name] = other.features
    if relative:
        ranked = industry_relative({symbol: company.features, **others})
        company = replace(company, features=ranked[symbol])
    return company, sector, list(others)
