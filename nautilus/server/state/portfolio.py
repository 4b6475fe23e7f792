"""The portfolio aggregate: what is known of one portfolio, at one version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.events import Event
from nautilus.accounting.holdings import Position
from nautilus.server.state.held import Held, held_after

__all__ = [
    "Limits",
    "NavHistory",
    "Portfolio",
    "PortfolioSummary",
    "Snapshot",
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
    _kept: list[Held] = field(default_factory=list, init=False, repr=False)

    @property
    def held(self) -> Held:
        """What the ledger says is held after all events; worked out once."""
        if not self._kept:
            self._kept.append(held_after(self.events, self.base_currency))
        return self._kept[0]

    def held_with(self, new: Sequence[Event]) -> Held:
        """What would be held after more events.

        Raises
        ------
        DataError
            An event that no ledger can book.
        """
        before = self.held if self.events else None
        return held_after((*self.events, *new), self.base_currency, before)

    def following(self, earlier: Portfolio) -> Portfolio:
        """Itself, with what an earlier version or another view of it has worked out."""
        if earlier._kept and earlier.events == self.events[: len(earlier.events)]:
            self._kept[:] = [held_after(self.events, self.base_currency, earlier._kept[0])]
        return self

    @property
    def positions(self) -> tuple[Position, ...]:
        """What is held: the snapshot, or the ledger's once events came after it.

        The ledger's carry the last price that a fill or a mark told.
        """
        if self.snapshot is not None and not self.outdated:
            return self.snapshot.positions
        return self.held.positions

    @property
    def outdated(self) -> bool:
        """Whether there is no snapshot, or events came after it."""
        return self.snapshot is None or self.snapshot.event_count < len(self.events)

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
