"""Features of many symbols on one day as one table; one that fails does not fail the others."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NautilusError
from nautilus.server.features.bars import last_day, stored_bars
from nautilus.server.features.fundamental import company_of
from nautilus.server.features.technical import most_bars_needed, plan_of, technicals
from nautilus.server.market.historical import Histories

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FeatureBatch", "batch_of", "frame_of"]

TYPES = ("valuation", "profitability", "growth", "efficiency")


@dataclass(slots=True)
class FeatureBatch:
    """Rows of features by symbol, in the order asked for.

    Parameters
    ----------
    columns : tuple of str
        `symbol` and the features.
    rows : dict of symbol -> dict of column -> float
    failed : dict of symbol -> str
    sources : dict of symbol -> str
    simulated : bool
    last_bars : dict of symbol -> date
        Of the last bar that was read: one long before the day asked for is a stale one.
    """

    columns: tuple[str, ...] = ("symbol",)
    rows: dict[str, dict[str, float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    last_bars: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> list[list[Any]]:
        """Rows as lists; what could not be computed is None."""
        return [
            [symbol, *(_or_none(row.get(name)) for name in self.columns[1:])]
            for symbol, row in self.rows.items()
        ]


async def batch_of(
    histories: Histories,
    symbols: Sequence[str],
    kinds: Sequence[str],
    *,
    day: str | None,
    until: datetime,
    fallback: bool,
    run: Any = asyncio.to_thread,
) -> FeatureBatch:
    """Features of each symbol from what was known on a day.

    Parameters
    ----------
    symbols : sequence of str
    kinds : sequence of {"technical", "fundamental"}
    day : str or None
        As the request gave it; no later bar is read.
    until : datetime
        The moment that it means.
    """
    batch = FeatureBatch()
    names: dict[str, None] = {}
    for symbol in dict.fromkeys(symbols):
        try:
            row: dict[str, float] = {}
            if "technical" in kinds:
                row |= await _technical(histories, symbol, batch, day, until, fallback, run)
            if "fundamental" in kinds:
                row |= await _fundamental(histories, symbol, batch, until, fallback, run)
        except NautilusError as error:
            batch.failed[symbol] = str(error)
        else:
            batch.rows[symbol] = row
            names |= dict.fromkeys(row)
        await asyncio.sleep(0)
    batch.columns = ("symbol", *names)
    return batch


async def _technical(
    histories: Histories, symbol: str, batch: FeatureBatch, day: str | None, until: datetime,
    fallback: bool, run: Any,
) -> dict[str, float]:  # fmt: skip
    plan = plan_of(None, {})
    table = await stored_bars(
        histories,
        symbol,
        "1d",
        most_bars_needed(plan),
        until=until,
        fallback=fallback,
        as_of=None if day is None else until,
    )
    found = await run(technicals, plan, table)
    batch.sources[symbol], batch.simulated = table.source, batch.simulated or table.simulated
    batch.last_bars[symbol] = str(last_day(table))
    return {name: value for group in found.values.values() for name, value in group.items()}


async def _fundamental(
    histories: Histories, symbol: str, batch: FeatureBatch, until: datetime, fallback: bool,
    run: Any,
) -> dict[str, float]:  # fmt: skip
    company = await company_of(histories, symbol, TYPES, as_of=until, fallback=fallback, run=run)
    batch.sources.setdefault(symbol, company.source)
    batch.simulated = batch.simulated or company.simulated
    groups: Mapping[str, Mapping[str, float | None]] = company.features.fundamental_features
    return {
        name: math.nan if value is None else value
        for group in groups.values()
        for name, value in group.items()
        if name != "pe_relative_to_sector"
    }


def _or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def frame_of(batch: FeatureBatch, day: str | None) -> pl.DataFrame:
    """The table as a frame, with where each row is from."""
    import polars as pl

    columns = {
        "symbol": list(batch.rows),
        "source": [batch.sources.get(symbol) for symbol in batch.rows],
        "calculation_date": [day] * len(batch.rows),
        "last_bar": [batch.last_bars.get(symbol) for symbol in batch.rows],
        **{name: [row[i] for row in batch.table] for i, name in enumerate(batch.columns) if i},
    }
    texts = ("symbol", "source", "calculation_date", "last_bar")
    schema = {name: pl.String if name in texts else pl.Float64 for name in columns}
    return pl.DataFrame(columns, schema=schema)
