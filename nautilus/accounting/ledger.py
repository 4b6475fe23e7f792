"""The ledger: what a book holds and has earned, as a value; and THE accounting fold over events.

`apply_event(ledger, event) -> ledger` is pure. `run_ledger` and its stream run the same step on a
private journal (`nautilus.accounting.journal`) and freeze it when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from nautilus.accounting.events import Event, Fill

__all__ = ["Holding", "Ledger", "Lot", "apply_event", "apply_fill", "open_ledger"]


@dataclass(frozen=True, slots=True)
class Lot:
    """Units of one symbol bought (or sold short) together; with average cost there is one.

    Parameters
    ----------
    quantity : float
        Negative when short.
    cost : float
        Price of one unit in the holding's currency.
    base_cost : float
        The same at the exchange rate of that time, in base currency.

    Examples
    --------
    >>> Lot(100.0, 10.0, 11.0).base_cost
    11.0
    """

    quantity: float
    cost: float
    base_cost: float


@dataclass(frozen=True, slots=True)
class Holding:
    """One symbol of a ledger: its open lots, and all that it has earned and cost so far.

    Parameters
    ----------
    symbol, currency : str
    multiplier : float
    lots : tuple of Lot
        Empty when flat; the oldest first.
    realised, fees, dividends : float
        Money in `currency`.
    base_realised, base_fees, base_dividends : float
        Money in base currency at the rates of their times. `base_realised` is the gain in
        `currency` at the closing rate.
    base_fx : float
        FX effect on the cost of what was closed, in base currency; not part of `base_realised`.

    Examples
    --------
    >>> holding = Holding("A", lots=(Lot(10.0, 100.0, 100.0), Lot(30.0, 120.0, 120.0)))
    >>> holding.quantity, holding.average_cost
    (40.0, 115.0)
    """

    symbol: str
    currency: str = "USD"
    multiplier: float = 1.0
    lots: tuple[Lot, ...] = ()
    realised: float = 0.0
    fees: float = 0.0
    dividends: float = 0.0
    base_realised: float = 0.0
    base_fees: float = 0.0
    base_dividends: float = 0.0
    base_fx: float = 0.0

    @property
    def quantity(self) -> float:
        """Units held, negative when short, 0.0 when flat."""
        total = 0.0
        for lot in self.lots:
            total += lot.quantity
        return total

    @property
    def average_cost(self) -> float | None:
        """Price paid for one unit held; None when flat."""
        if len(self.lots) == 1:
            return self.lots[0].cost
        paid = sum(lot.quantity * lot.cost for lot in self.lots)
        return paid / self.quantity if self.lots else None


def _read_only(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(values))


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything that the next event needs to know.

    Open one with `open_ledger`, move it with `apply_event`.

    Parameters
    ----------
    lot_method, base_currency : str
    initial_cash : float
        In base currency.
    cash : mapping of currency -> balance
    cash_costs : mapping of currency -> what the balance cost in base currency, flow by flow
    holdings : mapping of symbol -> Holding
    prices : mapping of symbol -> last marked price
    fx_rates : mapping of currency -> base currency per unit
    fees, base_fees : mapping of currency -> fees that belong to no symbol
    transfers : mapping of currency -> external flows
    base_transfers : float
        External flows in base currency at the rates of their times.
    fill_ids : frozenset of str
        Ids already booked.
    duplicates : int
        Fills left out because their id was booked before.
    nav : float or None
        Net asset value after the last mark; None before the first.
    net_flow : float
        External flows between the last two marks, in base currency.
    pending_flow : float
        External flows since the last mark.
    marked_at : datetime or None
        Time of the last mark.

    Examples
    --------
    >>> open_ledger(cash=100.0).nav is None
    True
    """

    lot_method: str = "average"
    base_currency: str = "USD"
    initial_cash: float = 0.0
    cash: Mapping[str, float] = field(default_factory=dict)
    cash_costs: Mapping[str, float] = field(default_factory=dict)
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)
    fx_rates: Mapping[str, float] = field(default_factory=dict)
    fees: Mapping[str, float] = field(default_factory=dict)
    base_fees: Mapping[str, float] = field(default_factory=dict)
    transfers: Mapping[str, float] = field(default_factory=dict)
    base_transfers: float = 0.0
    fill_ids: frozenset[str] = frozenset()
    duplicates: int = 0
    nav: float | None = None
    net_flow: float = 0.0
    pending_flow: float = 0.0
    marked_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in MAPPINGS:
            object.__setattr__(self, name, _read_only(getattr(self, name)))

    def __reduce__(self) -> Any:
        return Ledger.from_dict, (self.to_dict(),)

    def __hash__(self) -> int:
        return hash((self.nav, self.marked_at, tuple(self.cash.items()), len(self.fill_ids)))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able values; `Ledger.from_dict` reads them back to the bit."""
        from nautilus.accounting.ledger_records import ledger_to_dict

        return ledger_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ledger:
        """The ledger that `to_dict` wrote.

        Examples
        --------
        >>> ledger = open_ledger(cash=100.0)
        >>> Ledger.from_dict(ledger.to_dict()) == ledger
        True
        """
        from nautilus.accounting.ledger_records import ledger_from_dict

        return ledger_from_dict(data)


MAPPINGS = (
    "cash", "cash_costs", "holdings", "prices", "fx_rates", "fees", "base_fees", "transfers",
)  # fmt: skip


def open_ledger(
    *,
    cash: float = 0.0,
    lot_method: str = "average",
    fx_rates: Mapping[str, float] | None = None,
    base_currency: str = "USD",
) -> Ledger:
    """A ledger before its first event.

    Parameters
    ----------
    cash : float
        Opening balance in base currency.
    lot_method : {"average", "fifo", "lifo", "hifo"}
    fx_rates : mapping of currency -> base currency per unit, optional
        Known rates; `FxRate` events change them.
    base_currency : str

    Returns
    -------
    Ledger

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> dict(open_ledger(cash=1_000_000).cash)
    {'USD': 1000000.0}
    """
    from nautilus.accounting.journal import open_journal

    return open_journal(
        cash=cash, lot_method=lot_method, fx_rates=fx_rates, base_currency=base_currency
    ).freeze()


def apply_event(ledger: Ledger, event: Event) -> Ledger:
    """The ledger after one event; the one before stays as it was.

    Parameters
    ----------
    ledger : Ledger
    event : Fill, Dividend, Split, Fee, Transfer, FxRate or Mark

    Returns
    -------
    Ledger
        Equal to the bit to what `run_ledger` and its stream hold after the same events. Copying
        costs more than the event: for many events use those.

    Raises
    ------
    DataError
        A symbol that changes its currency or multiplier; a mark without a price for a held symbol.
    MissingInputError
        A currency whose exchange rate is not known.

    Examples
    --------
    >>> from datetime import datetime
    >>> ledger = open_ledger(cash=10_000)
    >>> ledger = apply_event(ledger, Fill(datetime(2024, 1, 2), "AAPL", 10, 185.0, fee=1.0))
    >>> ledger.cash["USD"], ledger.holdings["AAPL"].quantity
    (8149.0, 10.0)
    """
    from nautilus.accounting.journal import Journal

    journal = Journal.of(ledger)
    journal.apply(event)
    return journal.freeze()


def apply_fill(ledger: Ledger, fill: Fill) -> Ledger:
    """The ledger after one fill: `apply_event` for the most common event.

    Parameters
    ----------
    ledger : Ledger
    fill : Fill

    Returns
    -------
    Ledger

    Raises
    ------
    DataError, MissingInputError
        As `apply_event`.

    Examples
    --------
    >>> from datetime import datetime
    >>> apply_fill(open_ledger(), Fill(datetime(2024, 1, 2), "AAPL", -1, 185.0)).cash["USD"]
    185.0
    """
    return apply_event(ledger, fill)
