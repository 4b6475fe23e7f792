"""Which features told of the returns that followed, over many symbols and days."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import NautilusError, NotEnoughDataError, NotFoundError
from nautilus.factors import fundamental_features
from nautilus.indicators.features import run_plan
from nautilus.indicators.plan import Plan, planned
from nautilus.indicators.registry import GROUPS, indicator_named
from nautilus.ml import FeatureImportance, feature_importance
from nautilus.ml.targets import forward_returns, volume_ratio
from nautilus.server.features.bars import BarTable, stored_bars
from nautilus.server.features.fundamental import FIRST
from nautilus.server.features.technical import MOST_BARS, most_bars_needed
from nautilus.server.market.historical import Asked, Histories
from nautilus.server.market.windows import window_of

__all__ = ["DEMO_UNIVERSE", "Measured", "measured_importance"]

Floats = NDArray[np.float64]
DEMO_UNIVERSE = ("AAPL", "MSFT", "GOOGL", "NVDA", "TSLA", "JPM", "JNJ", "KO", "PG", "XOM")
FUNDAMENTAL = (
    "pe_ratio", "price_to_book", "price_to_sales", "ev_to_ebitda", "roe", "roa", "gross_margin",
    "operating_margin", "net_margin", "revenue_growth_5y", "earnings_growth_5y",
    "dividend_growth_5y", "asset_turnover", "inventory_turnover", "receivables_turnover",
)  # fmt: skip
# Volume over its mean of the 20 bars before: the bar itself is not in the mean.
VOLUME_RATIO, VOLUME_BARS = "volume_ratio", 20
# Statements change four times a year; between these sessions the last value stands.
EVERY = 21
CLOSE, NEW_YORK = time(16), ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Measured:
    """The result, and whose data it is of."""

    result: FeatureImportance
    symbols: tuple[str, ...]
    source: str
    simulated: bool
    last: datetime | None


async def measured_importance(
    histories: Histories,
    features: Sequence[str],
    symbols: Sequence[str] | None,
    *,
    horizon: int,
    sessions: int,
    method: str,
    n_permutations: int,
    seed: int,
    until: datetime,
    fallback: bool,
    run: Any = asyncio.to_thread,
    process: Any = asyncio.to_thread,
) -> Measured:
    """Features of each symbol and day against the return of the `horizon` sessions after it.

    Raises
    ------
    NotFoundError
        No such feature; close names are given.
    NotEnoughDataError
        Fewer sessions than an importance can be measured on.
    """
    names = list(dict.fromkeys(features))
    plan, places = _plan(names)
    tables: dict[str, BarTable] = {}
    n = sessions + horizon + max(most_bars_needed(plan) if plan else 0, VOLUME_BARS)
    for symbol in dict.fromkeys(symbols or DEMO_UNIVERSE):
        table = await stored_bars(histories, symbol, "1d", n, until=until, fallback=fallback)
        tables[symbol] = table
    _one_source(tables)
    facts = {}
    if any(name in FUNDAMENTAL for name in names):
        facts = {s: await _facts(histories, s, until, fallback) for s in tables}
    times = _common(tables)
    columns, target = await run(_panel, names, plan, places, tables, facts, times, horizon)
    used = slice(max(0, len(times) - sessions - horizon), len(times) - horizon)
    result = await process(
        _measure, {k: v[used] for k, v in columns.items()}, target[used], method, horizon,
        n_permutations, seed,
    )  # fmt: skip
    first = next(iter(tables.values()))
    last = times[-1].astype("datetime64[us]").item() if len(times) else None
    return Measured(result, tuple(tables), first.source, first.simulated, last)


def _measure(
    columns: dict[str, Floats], target: Floats, method: str, horizon: int, n_permutations: int,
    seed: int,
) -> FeatureImportance:  # fmt: skip
    groups = {name: "fundamental" if name in FUNDAMENTAL else "technical" for name in columns}
    return feature_importance(
        columns, target, method=method, horizon=horizon, n_permutations=n_permutations, seed=seed,
        groups=groups,
    )  # fmt: skip


def _plan(names: Sequence[str]) -> tuple[Plan | None, dict[str, int]]:
    """The plan of the technical ones, and which of its columns each is."""
    every = {c.name: c for c in planned([n for ns in GROUPS.values() for n in ns]).columns}
    specs: dict[str, tuple[Any, ...]] = {}
    for name in names:
        if name in FUNDAMENTAL or name == VOLUME_RATIO:
            continue
        indicator, options = _technical(name, every)
        several = indicator_named(indicator).outputs
        # One output is called as it was asked for; several are called after their indicator.
        specs[indicator if several else name] = (
            (indicator, options) if several else (indicator, options, name)
        )
    if not specs:
        return None, {}
    plan = planned(specs.values())
    return plan, {one.name: place for place, one in enumerate(plan.columns)}


def _technical(name: str, every: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """(indicator, options) of a column such as `rsi_14`, `rsi_21` or `macd_signal`."""
    if name in every:
        return every[name].indicator, {}
    stem, _, period = name.rpartition("_")
    known = [n for ns in GROUPS.values() for n in ns]
    found = indicator_named(stem) if stem in known else None
    single = found is not None and "period" in found.parameters and not found.outputs
    if single and period.isdigit() and 0 < int(period) <= MOST_BARS:
        return stem, {"period": int(period)}
    choices = [*every, *FUNDAMENTAL, VOLUME_RATIO]
    near = difflib.get_close_matches(name, choices, n=3)
    meant = f" Did you mean {', '.join(near)}?" if near else ""
    raise NotFoundError(
        f"there is no feature {name!r}.{meant} Indicators are named as in the answers of"
        " /features/technical.",
        field="features",
    )


def _one_source(tables: dict[str, BarTable]) -> None:
    found = {table.source for table in tables.values()}
    if len(found) > 1:
        raise NotEnoughDataError(
            f"the symbols have bars of {', '.join(sorted(found))}, and an answer has one source."
            " Ask for symbols of one.",
            field="symbols",
        )


def _common(tables: dict[str, BarTable]) -> NDArray[Any]:
    """Times that all of them have."""
    found: NDArray[Any] | None = None
    for table in tables.values():
        assert table.times is not None
        found = table.times if found is None else np.intersect1d(found, table.times)
    assert found is not None
    return found


async def _facts(histories: Histories, symbol: str, until: datetime, fallback: bool) -> Any:
    window = window_of(FIRST, None, None, until)
    asked = Asked(symbol=symbol, kind="fundamentals", window=window, fallback=fallback)
    try:
        return await histories.every_version(asked)
    except NautilusError:
        return None


def _panel(
    names: Sequence[str], plan: Plan | None, places: dict[str, int], tables: dict[str, BarTable],
    facts: dict[str, Any], times: NDArray[Any], horizon: int,
) -> tuple[dict[str, Floats], Floats]:  # fmt: skip
    """({feature: (time, symbol)}, returns of the sessions after)."""
    columns = {name: np.full((len(times), len(tables)), np.nan) for name in names}
    target = np.full((len(times), len(tables)), np.nan)
    for j, (symbol, table) in enumerate(tables.items()):
        assert table.times is not None
        at = np.searchsorted(table.times, times)
        close = table.columns["close"]
        values = _technical_values(plan, table)
        known = _fundamental_values(names, symbol, facts.get(symbol), times, close[at])
        for name in names:
            if name in places:
                columns[name][:, j] = values[places[name]][at]
            elif name == VOLUME_RATIO:
                columns[name][:, j] = volume_ratio(table.field_named("volume"), VOLUME_BARS)[at]
            else:
                columns[name][:, j] = known[name]
        target[:, j] = forward_returns(close[at], horizon)
    return columns, target


def _technical_values(plan: Plan | None, table: BarTable) -> Floats:
    if plan is None:
        return np.empty((0, len(table)))
    fields = [table.field_named(name) for name in plan.fields]
    return run_plan(plan, fields, np.array([0, len(table)]))


def _fundamental_values(
    names: Sequence[str], symbol: str, facts: Any, times: NDArray[Any], close: Floats
) -> dict[str, Floats]:
    """As known at each session, looked up every 21 of them."""
    wanted = [name for name in names if name in FUNDAMENTAL]
    found = {name: np.full(len(times), np.nan) for name in wanted}
    if facts is None:
        return found
    for first in range(0, len(times) if wanted else 0, EVERY):
        # The return that follows begins at this close: what is filed after it is not known.
        day = times[first].astype("datetime64[D]").item()
        known = datetime.combine(day, CLOSE, NEW_YORK)
        features = fundamental_features(
            facts, as_of=known, symbol=symbol, price=float(close[first])
        )
        for name in wanted:
            value = getattr(features, name)
            found[name][first : first + EVERY] = np.nan if value is None else value
    return found
