"""One symbol of a book that is being written: its open lots, and what it has earned so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from nautilus.accounting.ledger import Holding, Lot
from nautilus.accounting.lots import trade_lots
from nautilus.accounting.positions import average_step

__all__ = ["Account"]


@dataclass(slots=True)
class Account:
    """A holding that is being written: its lots as lists that the position step changes."""

    symbol: str
    currency: str
    multiplier: float
    quantities: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    base_costs: list[float] = field(default_factory=list)
    quantity: float = 0.0
    realised: float = 0.0
    fees: float = 0.0
    dividends: float = 0.0
    base_realised: float = 0.0
    base_fees: float = 0.0
    base_dividends: float = 0.0
    base_fx: float = 0.0

    def trade(self, traded: float, price: float, rate: float, method: int) -> None:
        """Run THE position step and book what it realised."""
        if method == 0:
            gain, fx = self._trade_at_average(traded, price, rate)
        else:
            gain, fx = self._trade_lots(traded, price, rate, method)
        gain = gain * self.multiplier
        self.realised += gain
        self.base_realised += gain * rate
        self.base_fx += fx * self.multiplier

    def _trade_at_average(self, traded: float, price: float, rate: float) -> tuple[float, float]:
        held = (self.quantities[0], self.costs[0], self.base_costs[0]) if self.quantities else FLAT
        quantity, cost, base_cost, gain, fx = average_step(*held, traded, price, rate)
        still = quantity != 0.0
        self.quantities = [quantity] if still else []
        self.costs = [cost] if still else []
        self.base_costs = [base_cost] if still else []
        self.quantity = quantity
        return gain, fx

    def _trade_lots(
        self, traded: float, price: float, rate: float, method: int
    ) -> tuple[float, float]:
        lots = (self.quantities, self.costs, self.base_costs)
        heads, tails, gain, fx = [0], [len(self.quantities)], [0.0], [0.0]
        for values in lots:
            values.append(0.0)  # room for the lot that the fill may open
        trade_lots([0], [traded], [price], [rate], 0, method, heads, tails, *lots, gain, fx)
        for values in lots:
            del values[tails[0] :]
            del values[: heads[0]]
        self.quantity = _total(self.quantities)
        return gain[0], fx[0]

    def split(self, ratio: float) -> None:
        """More units at a lower cost; what was paid stays."""
        self.quantities = [q * ratio for q in self.quantities]
        self.costs = [c / ratio for c in self.costs]
        self.base_costs = [c / ratio for c in self.base_costs]
        self.quantity = _total(self.quantities)

    def freeze(self) -> Holding:
        """The account as a value."""
        lots = zip(self.quantities, self.costs, self.base_costs, strict=True)
        booked = {name: getattr(self, name) for name in _BOOKED}
        return Holding(lots=tuple(Lot(*lot) for lot in lots), **booked)

    @classmethod
    def of(cls, holding: Holding) -> Account:
        """The account that a holding was frozen from."""
        return cls(
            quantities=[lot.quantity for lot in holding.lots],
            costs=[lot.cost for lot in holding.lots],
            base_costs=[lot.base_cost for lot in holding.lots],
            quantity=holding.quantity,
            **{name: getattr(holding, name) for name in _BOOKED},
        )


FLAT = (0.0, 0.0, 0.0)
_BOOKED = (
    "symbol", "currency", "multiplier", "realised", "fees", "dividends",
    "base_realised", "base_fees", "base_dividends", "base_fx",
)  # fmt: skip


def _total(quantities: list[float]) -> float:
    total = 0.0
    for quantity in quantities:
        total += quantity
    return total
