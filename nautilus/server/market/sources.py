"""Every source of a server: those of others, what was imported, and the simulated market."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NotFoundError
from nautilus.marketdata.history import SIMULATED
from nautilus.marketdata.reference import close_names, known_symbols
from nautilus.server.market.tally import Tallies

if TYPE_CHECKING:
    from nautilus.marketdata.sources import Source
    from nautilus.server.market.stored import MarketStore

__all__ = ["SIMULATED", "MarketSources", "SourceRow"]

# Who is asked first where a request names nobody.
ORDER = (
    "ibkr", "alpha_vantage", "yfinance", "fred", "edgar", "trading_economics", "dbnomics",
    "datagov",
)  # fmt: skip
DISPLAY_NAMES = {
    "ibkr": "Interactive Brokers",
    "alpha_vantage": "Alpha Vantage",
    "yfinance": "Yahoo Finance",
    "fred": "Federal Reserve Economic Data",
    "edgar": "SEC EDGAR",
    "trading_economics": "Trading Economics",
    "dbnomics": "DBnomics",
    "datagov": "Data.gov",
    SIMULATED: "Simulated market",
}
_STATES = {"ready": "active", "open": "resting"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source as `GET /marketdata/sources` shows it; documented figures stand apart."""

    source_id: str
    name: str
    status: str
    simulated: bool = False
    data_types: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    symbols_supported: int | None = None
    update_frequency: str | None = None
    rate_limit: str | None = None
    needs_key: bool = False
    adjustment: str | None = None
    point_in_time: str | None = None
    terms: str | None = None
    latency_ms: float | None = None
    requests: int = 0
    failures: int = 0
    documented: Mapping[str, Any] | None = None


class MarketSources:
    """Who can be asked, in which order, and how they have answered so far.

    Parameters
    ----------
    opened : mapping of name -> Source
        Connectors of other people's data, configured or not.
    market : MarketStore
    simulated : bool
        Whether the simulated market answers last.
    """

    def __init__(
        self, opened: Mapping[str, Source], market: MarketStore, *, simulated: bool
    ) -> None:
        order = {name: rank for rank, name in enumerate(ORDER)}
        ranked = sorted(opened, key=lambda name: (order.get(name, len(order)), name))
        self.opened = {name: opened[name] for name in ranked}
        self.market = market
        self.simulated = simulated
        self.tallies = Tallies()
        self._known: tuple[int, dict[str, frozenset[str]]] = (-1, {})

    async def close(self) -> None:
        """Close all connections."""
        for source in self.opened.values():
            await source.aclose()

    def status(self, name: str) -> str:
        """`active`, `resting` after failures, `exhausted`, `not_configured`, `imported`."""
        if name == SIMULATED:
            return "active" if self.simulated else "switched_off"
        if name in self.opened:
            status = self.opened[name].status()
            return _STATES.get(status, status)
        return "imported"

    def imported(self) -> dict[str, frozenset[str]]:
        """Symbols by source of what a user stored under a name of his own."""
        return {name: held for name, held in self._stored().items() if name not in self.opened}

    def real_symbols(self) -> frozenset[str]:
        """Symbols of which real prices are stored: simulated ones would not fit beside them."""
        return frozenset().union(*self._stored().values())

    def _stored(self) -> dict[str, frozenset[str]]:
        """Symbols by source of all that is stored and not simulated; looked up once a change."""
        if not self.market.filled:
            return {}
        store = self.market.open()
        revision = store.revision()
        if self._known[0] != revision:
            found: defaultdict[str, set[str]] = defaultdict(set)
            for row in store.coverage_rows():
                if row.source != SIMULATED:
                    found[row.source].add(row.owner)
            self._known = (revision, {name: frozenset(held) for name, held in found.items()})
        return self._known[1]

    def ready(self, kind: str, timeframe: str) -> list[str]:
        """Configured connectors that offer this, in order."""
        return [
            name
            for name, source in self.opened.items()
            if source.status() != "not_configured" and self.offers(name, kind, timeframe)
        ]

    def offers(self, name: str, kind: str, timeframe: str) -> bool:
        """Whether a connector answers such requests at all."""
        offered = self.opened[name].capabilities()
        return kind in offered.kinds and (kind != "bars" or timeframe in offered.timeframes)

    def hierarchy(self) -> list[str]:
        """Who is asked in which order: what is stored, the configured ones, the simulated one."""
        ready = [name for name, s in self.opened.items() if s.status() != "not_configured"]
        return [*self.imported(), *ready, *([SIMULATED] if self.simulated else [])]

    def checked(self, names: Iterable[str]) -> list[str]:
        """Names that a request gave, each once.

        Raises
        ------
        NotFoundError
            No such source; close names are given.
        """
        known = [*self.opened, SIMULATED, *self.imported()]
        for name in names:
            if name not in known:
                raise NotFoundError(
                    f"there is no source {name!r}.{close_names(name, known)}"
                    f" There are {', '.join(known)}.",
                    field="sources",
                )
        return list(dict.fromkeys(names))

    def rows(self) -> list[SourceRow]:
        """All of them, for `GET /marketdata/sources`."""
        return [
            *(self._connector(name) for name in self.opened),
            *(self._imported(name, symbols) for name, symbols in self.imported().items()),
            *([self._simulated()] if self.simulated else []),
        ]

    def _connector(self, name: str) -> SourceRow:
        source, tally = self.opened[name], self.tallies[name]
        offered = source.capabilities()
        return SourceRow(
            source_id=name,
            name=DISPLAY_NAMES.get(name, name),
            status=self.status(name),
            data_types=offered.kinds,
            timeframes=offered.timeframes,
            update_frequency=offered.documented_update_frequency,
            rate_limit=offered.limits or None,
            needs_key=offered.needs_key,
            adjustment=offered.adjustment,
            point_in_time=offered.point_in_time,
            terms=offered.terms,
            latency_ms=source.latency(),
            requests=tally.requests,
            failures=tally.failures,
            documented={
                "symbols": offered.documented_symbols,
                "rate_limit": offered.documented_rate_limit,
                "factors": offered.documented_factors,
                "asset_classes": list(offered.documented_asset_classes),
                "data_types": list(offered.documented_data_types),
            },
        )

    def _imported(self, name: str, symbols: frozenset[str]) -> SourceRow:
        tally = self.tallies[name]
        return SourceRow(
            source_id=name,
            name=name,
            status="imported",
            symbols_supported=len(symbols),
            update_frequency="when imported",
            requests=tally.requests,
            failures=tally.failures,
        )

    def _simulated(self) -> SourceRow:
        tally = self.tallies[SIMULATED]
        return SourceRow(
            source_id=SIMULATED,
            name=DISPLAY_NAMES[SIMULATED],
            status="active",
            simulated=True,
            data_types=("bars", "trades", "quotes", "actions", "fundamentals", "macro"),
            timeframes=("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"),
            symbols_supported=len(known_symbols()),
            update_frequency="real_time",
            adjustment="total",
            point_in_time="by construction: drawn from a fixed first day onward",
            terms="Nothing in it happened; real tickers are labels only.",
            requests=tally.requests,
            failures=tally.failures,
        )
