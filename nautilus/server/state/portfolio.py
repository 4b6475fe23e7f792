"""The portfolio aggregate: what is known of one portfolio, at one version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.events import Event, Fill, Mark
from nautilus.accounting.holdings import Position
from nautilus.core.errors import DataError

__all__ = [
    "Limits",
    "NavHistory",
    "Portfolio",
    "PortfolioSummary",
    "Snapshot",
    "check_aware",
    "ledger_positions",
]

Floats = NDArray[np.float64]
Limits = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Positions as somebody last stated them.

    Parameters
    ----------
    positions : tuple of Position
    at : datetime
        Time of their prices, UTC.
    cash : float, optional
        None when only positions were stated.
    event_count : int
        Events of the portfolio when it was saved; later events make it out of date.
    source : str
        "request", "ledger", "simulated".
    """

    positions: tuple[Position, ...]
    at: datetime
    cash: float | None = None
    event_count: int = 0
    source: str = "request"


@dataclass(frozen=True, slots=True, eq=False)
class NavHistory:
    """Net asset values in base currency, oldest first.

    Parameters
    ----------
    times : array (time,) of datetime64[us]
        UTC, strictly increasing.
    values : array (time,)
    flows : array (time,)
        Cash put in (or taken out, negative) since the value before, already in `values`.

    Examples
    --------
    >>> times = np.array(["2024-01-02", "2024-01-03"], dtype="M8[us]")
    >>> NavHistory(times, np.array([100.0, 110.0]), np.array([0.0, 5.0])).returns()
    array([0.04761905])
    """

    times: NDArray[np.datetime64] = field(default_factory=lambda: np.empty(0, dtype="M8[us]"))
    values: Floats = field(default_factory=lambda: np.empty(0))
    flows: Floats = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return len(self.values)

    def returns(self, opening: float | None = None) -> Floats:
        """Simple returns, flows removed as in `Book.returns`; NaN where nothing was invested.

        Parameters
        ----------
        opening : float, optional
            Value before the first one; with it there is a return for each value, else one less.
        """
        from nautilus.accounting.book import period_returns

        if opening is not None:
            return period_returns(opening, self.values, self.flows)
        return period_returns(1.0, self.values, self.flows)[1:]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Portfolio:
    """One portfolio; stored, or ephemeral for one request.

    Parameters
    ----------
    id : str
    version : int
        0 when it is not stored; grows with every write.
    base_currency : str
    cash : float
        Before the first event, in base currency: `run_ledger(portfolio.events, cash=...)`.
    events : tuple of Event
        In the order they were appended.
    snapshot : Snapshot or None
    nav : NavHistory
    benchmark : str or None
    targets : mapping of symbol -> weight
    limits : mapping of name -> number, or sequence of mappings
        As sent; `nautilus.risk` reads both.
    name : str or None
    source : str
        "user", or "simulated" for the demo set.
    stored : bool
    created_at, updated_at : datetime or None

    Examples
    --------
    >>> Portfolio(id="p1", cash=1_000.0).symbols
    ()
    """

    id: str
    version: int = 0
    base_currency: str = "USD"
    cash: float = 0.0
    events: tuple[Event, ...] = ()
    snapshot: Snapshot | None = None
    nav: NavHistory = field(default_factory=NavHistory)
    benchmark: str | None = None
    targets: Mapping[str, float] = field(default_factory=_nothing)
    limits: Limits = field(default_factory=_nothing)
    name: str | None = None
    source: str = "user"
    stored: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def positions(self) -> tuple[Position, ...]:
        """What is held: the snapshot, or the ledger's once events came after it.

        The ledger's carry the last price that a fill or a mark told.
        """
        if self.snapshot is not None and self.snapshot.event_count >= len(self.events):
            return self.snapshot.positions
        return ledger_positions(self.events, self.base_currency)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols held, each once, in order."""
        return tuple(dict.fromkeys(position.symbol for position in self.positions))

    @property
    def simulated(self) -> bool:
        """Whether it is of the demo set."""
        return self.source == "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioSummary:
    """One row of a list of portfolios."""

    id: str
    version: int
    name: str | None
    source: str
    base_currency: str
    benchmark: str | None
    event_count: int
    created_at: datetime
    updated_at: datetime


def ledger_positions(events: Sequence[Event], base_currency: str = "USD") -> tuple[Position, ...]:
    """Open holdings after these events, at the last price that a fill or a mark told.

    Examples
    --------
    >>> fill = Fill(datetime(2024, 1, 2), "AAPL", 10, 185.0)
    >>> ledger_positions([fill])[0].average_cost
    185.0
    """
    from nautilus.accounting.book import run_ledger

    if not events:
        return ()
    # Quantities and costs need no exchange rate: cash and base amounts are not read here.
    rates = {e.currency: 1.0 for e in events if hasattr(e, "currency")}
    book = run_ledger(events, fx_rates=rates, base_currency=base_currency)
    prices: dict[str, float] = {}
    for event in book.events:
        prices.update(_prices_told(event))
    return tuple(
        Position(
            held.symbol,
            held.quantity,
            prices[held.symbol],
            average_cost=held.average_cost,
            currency=held.currency,
            multiplier=held.multiplier,
        )
        for held in book.ledger.holdings.values()
        if held.lots
    )


def _prices_told(event: Event) -> Mapping[str, float]:
    if isinstance(event, Fill):
        return {event.symbol: event.price}
    return event.prices if isinstance(event, Mark) else {}


def check_aware(value: datetime, name: str) -> datetime:
    """A time with a zone, as it came.

    Raises
    ------
    DataError
        Naive: the state has no zone to read it in.
    """
    if value.tzinfo is None:
        raise DataError(
            f"`{name}` must have a time zone, got {value.isoformat()}. Add tzinfo=UTC.", field=name
        )
    return value
