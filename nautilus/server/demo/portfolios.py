"""Two demo portfolios: orders that were decided on, filled at the simulated market's opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DEMO", "DemoPortfolio", "Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """Money to buy (negative: to sell) at the open of a session, in whole shares."""

    day: str
    symbol: str
    money: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPortfolio:
    """A portfolio of the demo set before it meets prices."""

    id: str
    name: str
    cash: float
    orders: tuple[Order, ...]
    targets: Mapping[str, float]
    limits: Mapping[str, float]
    benchmark: str = "SPY"

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols traded, each once."""
        return tuple(dict.fromkeys(order.symbol for order in self.orders))


_FIRST = "2023-01-03"

TECHNOLOGY = DemoPortfolio(
    id="portfolio_001",
    name="Demo: large technology companies",
    cash=1_000_000.0,
    orders=(
        Order(_FIRST, "AAPL", 200_000),
        Order(_FIRST, "MSFT", 180_000),
        Order(_FIRST, "GOOGL", 150_000),
        Order(_FIRST, "TSLA", 120_000),
        Order(_FIRST, "NVDA", 100_000),
        Order("2023-06-15", "TSLA", -40_000),
        Order("2023-06-15", "NVDA", 40_000),
        Order("2023-11-01", "AAPL", -60_000),
        Order("2024-02-12", "MSFT", 50_000),
        Order("2024-08-07", "GOOGL", -45_000),
        Order("2025-01-15", "NVDA", -30_000),
        Order("2025-04-08", "AAPL", 55_000),
        Order("2025-07-21", "TSLA", 20_000),
    ),
    targets=MappingProxyType(
        {"AAPL": 0.20, "MSFT": 0.18, "GOOGL": 0.15, "TSLA": 0.12, "NVDA": 0.10}
    ),
    limits=MappingProxyType(
        {
            "position_size": 0.35,
            "sector_exposure": 1.0,
            "leverage_limit": 2.0,
            "var_limit": 0.06,
        }
    ),
)

BALANCED = DemoPortfolio(
    id="portfolio_002",
    name="Demo: stocks, bonds and gold",
    cash=1_000_000.0,
    orders=(
        Order(_FIRST, "AAPL", 150_000),
        Order(_FIRST, "MSFT", 150_000),
        Order(_FIRST, "GOOGL", 150_000),
        Order(_FIRST, "TLT", 300_000),
        Order(_FIRST, "GLD", 230_000),
        Order("2023-10-02", "TLT", -80_000),
        Order("2023-10-02", "GLD", 70_000),
        Order("2024-05-20", "AAPL", -50_000),
        Order("2024-05-20", "TLT", 50_000),
        Order("2025-03-03", "GLD", -60_000),
        Order("2025-03-03", "MSFT", 60_000),
    ),
    targets=MappingProxyType({"AAPL": 0.15, "MSFT": 0.15, "GOOGL": 0.15, "TLT": 0.30, "GLD": 0.25}),
    limits=MappingProxyType(
        {
            "position_size": 0.45,
            "sector_exposure": 0.70,
            "leverage_limit": 1.5,
            "var_limit": 0.04,
        }
    ),
)

DEMO = (TECHNOLOGY, BALANCED)
