"""Round trips: each closing of a lot as one row, with what it cost to open and to close it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nautilus.accounting.events import Event, Fill, FxRate, Split
from nautilus.accounting.lots import HIFO, LIFO, dearest, lot_method_code
from nautilus.accounting.positions import average_step, close_lot, closing_gains, is_opposite

__all__ = ["RoundTrip", "round_trips"]

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One lot, or part of it, opened and closed.

    Parameters
    ----------
    symbol : str
    side : {"long", "short"}
    opened, closed : datetime
        With average cost `opened` is when the position left flat.
    quantity : float
        Units closed, positive.
    entry, exit : float
        Prices of one unit; the entry is split-adjusted.
    fees : float
        Fees of opening and closing these units, in base currency.
    pnl : float
        Profit after fees in base currency, FX effect included.
    holding_days : float
        Calendar days.

    Examples
    --------
    >>> times = datetime(2024, 1, 2), datetime(2024, 1, 5)
    >>> RoundTrip("A", "long", *times, 10.0, 10.0, 11.0, 2.0, 8.0, 3.0).pnl
    8.0
    """

    symbol: str
    side: str
    opened: datetime
    closed: datetime
    quantity: float
    entry: float
    exit: float
    fees: float
    pnl: float
    holding_days: float


@dataclass(slots=True)
class _Open:
    """Open lots of one symbol, and who opened each at which fee per unit."""

    quantities: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    base_costs: list[float] = field(default_factory=list)
    opened: list[datetime] = field(default_factory=list)
    unit_fees: list[float] = field(default_factory=list)

    def columns(self) -> tuple[list[Any], ...]:
        return self.quantities, self.costs, self.base_costs, self.opened, self.unit_fees


def round_trips(
    events: Iterable[Event],
    *,
    lot_method: str = "average",
    fx_rates: Mapping[str, float] | None = None,
) -> list[RoundTrip]:
    """Every closing in the order of the fills, from the position step's own kernels.

    The sum of `pnl` is realised P&L and its FX effect less the fees of what was closed.

    Parameters
    ----------
    events : iterable of events
        In the order of booking; fills, splits and rates count, a repeated `fill_id` does not.
    lot_method : {"average", "fifo", "lifo", "hifo"}
    fx_rates : mapping of currency -> base currency per unit, optional
        1 where a currency has none.

    Examples
    --------
    >>> buy = Fill(datetime(2024, 1, 2), "AAPL", 10, 180.0, fee=1.0)
    >>> sell = Fill(datetime(2024, 1, 12), "AAPL", -4, 190.0, fee=1.0)
    >>> [trip] = round_trips([buy, sell])
    >>> trip.quantity, trip.fees, trip.pnl, trip.holding_days
    (4.0, 1.4, 38.6, 10.0)
    """
    method = lot_method_code(lot_method)
    rates = dict(fx_rates or {})
    seen: set[str] = set()
    held: dict[str, _Open] = {}
    trips: list[RoundTrip] = []
    for event in events:
        if isinstance(event, Fill) and event.fill_id not in seen:
            if event.fill_id is not None:
                seen.add(event.fill_id)
            lots = held.setdefault(event.symbol, _Open())
            rate = rates.get(event.currency, 1.0)
            left, closings = _close(lots, event, rate, method)
            trips.extend(closings)
            if left != 0.0:
                _open(lots, event, left, rate, method)
        elif isinstance(event, Split) and event.symbol in held:
            _split(held[event.symbol], event.ratio)
        elif isinstance(event, FxRate):
            rates[event.currency] = event.rate
    return trips


def _close(lots: _Open, fill: Fill, rate: float, method: int) -> tuple[float, list[RoundTrip]]:
    """What is left of the fill, and the lots that it closed."""
    left = fill.quantity
    trips: list[RoundTrip] = []
    while lots.quantities and is_opposite(lots.quantities[0], left):
        j = len(lots.quantities) - 1 if method == LIFO else 0
        if method == HIFO:
            j = dearest(lots.quantities, lots.costs, 0, len(lots.quantities))
        closed, kept, left = close_lot(lots.quantities[j], left)
        cost, base_cost = lots.costs[j], lots.base_costs[j]
        gain, fx = closing_gains(closed, cost, base_cost, fill.price, rate)
        trips.append(_trip(lots, j, fill, closed, (gain * rate + fx) * fill.multiplier, rate))
        lots.quantities[j] = kept
        if kept == 0.0:
            for column in lots.columns():
                del column[j]
    return left, trips


def _trip(lots: _Open, j: int, fill: Fill, closed: float, gross: float, rate: float) -> RoundTrip:
    size = abs(closed)
    fees = size * lots.unit_fees[j] + size / abs(fill.quantity) * fill.fee * rate
    return RoundTrip(
        symbol=fill.symbol,
        side="long" if closed > 0.0 else "short",
        opened=lots.opened[j],
        closed=fill.timestamp,
        quantity=size,
        entry=lots.costs[j],
        exit=fill.price,
        fees=fees,
        pnl=gross - fees,
        holding_days=(fill.timestamp - lots.opened[j]).total_seconds() / _DAY,
    )


def _open(lots: _Open, fill: Fill, left: float, rate: float, method: int) -> None:
    unit_fee = fill.fee * rate / abs(fill.quantity)
    if method == 0 and lots.quantities:
        held = (lots.quantities[0], lots.costs[0], lots.base_costs[0])
        total, cost, base_cost, *_ = average_step(*held, left, fill.price, rate)
        lots.unit_fees[0] += (unit_fee - lots.unit_fees[0]) * (left / total)
        lots.quantities[0], lots.costs[0], lots.base_costs[0] = total, cost, base_cost
        return
    row = (left, fill.price, fill.price * rate, fill.timestamp, unit_fee)
    for column, value in zip(lots.columns(), row, strict=True):
        column.append(value)


def _split(lots: _Open, ratio: float) -> None:
    lots.quantities = [q * ratio for q in lots.quantities]
    lots.costs = [c / ratio for c in lots.costs]
    lots.base_costs = [c / ratio for c in lots.base_costs]
    lots.unit_fees = [f / ratio for f in lots.unit_fees]
