"""The private mutable book behind `run_ledger` and its stream: one step for each kind of event.

Every event is checked before anything is booked, so a refused event leaves no trace.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nautilus.accounting.accounts import Account
from nautilus.accounting.events import Dividend, Event, Fee, Fill, FxRate, Mark, Split, Transfer
from nautilus.accounting.ledger import Ledger
from nautilus.accounting.ledger_records import ledger_from_dict, ledger_to_dict
from nautilus.accounting.lots import lot_method_code
from nautilus.core.checks import check_finite, check_positive
from nautilus.core.errors import DataError, MissingInputError, ParameterError

__all__ = ["Journal", "dump_journal", "load_journal", "market_value", "open_journal"]


def market_value(quantity: float, price: float, multiplier: float, rate: float) -> float:
    """Value in base currency, negative when short.

    Examples
    --------
    >>> market_value(-2.0, 5000.0, 50.0, 1.0)
    -500000.0
    """
    return quantity * price * multiplier * rate


@dataclass(slots=True, kw_only=True)
class Journal:
    """A ledger that is being written."""

    lot_method: str
    base_currency: str
    initial_cash: float
    cash: dict[str, float]
    cash_costs: dict[str, float]
    fx_rates: dict[str, float]
    accounts: dict[str, Account] = field(default_factory=dict)
    prices: dict[str, float] = field(default_factory=dict)
    fees: dict[str, float] = field(default_factory=dict)
    base_fees: dict[str, float] = field(default_factory=dict)
    transfers: dict[str, float] = field(default_factory=dict)
    base_transfers: float = 0.0
    fill_ids: set[str] = field(default_factory=set)
    duplicates: int = 0
    nav: float | None = None
    net_flow: float = 0.0
    pending_flow: float = 0.0
    marked_at: datetime | None = None
    method: int = 0

    def apply(self, event: Event) -> None:
        """Book one event."""
        step = _STEPS.get(type(event))
        if step is None:
            raise DataError(
                "`event` must be a Fill, Dividend, Split, Fee, Transfer, FxRate or Mark,"
                f" got {type(event).__name__}.",
                field="event",
            )
        step(self, event)

    def rate(self, currency: str, event: Any) -> float:
        """Base currency per unit of `currency`."""
        rate = self.fx_rates.get(currency)
        if rate is None:
            raise MissingInputError(
                f"no exchange rate of {currency} in {self.base_currency} is known at"
                f" {event.timestamp:%Y-%m-%d}. Pass fx_rates={{'{currency}': ...}} or put an"
                " FxRate before it.",
                field="fx_rates",
            )
        return rate

    def pay(self, currency: str, amount: float, rate: float) -> None:
        """Cash in, or out when negative."""
        self.cash[currency] = self.cash.get(currency, 0.0) + amount
        self.cash_costs[currency] = self.cash_costs.get(currency, 0.0) + amount * rate

    def freeze(self) -> Ledger:
        """The journal as a value."""
        holdings = {symbol: account.freeze() for symbol, account in self.accounts.items()}
        return Ledger(
            holdings=holdings,
            fill_ids=frozenset(self.fill_ids),
            **{name: getattr(self, name) for name in _SHARED},
        )

    @classmethod
    def of(cls, ledger: Ledger) -> Journal:
        """A journal that goes on from a ledger, which stays as it is."""
        values: dict[str, Any] = {name: getattr(ledger, name) for name in _SHARED}
        copied: dict[str, Any] = {
            n: dict(v) if isinstance(v, Mapping) else v for n, v in values.items()
        }
        return cls(
            accounts={symbol: Account.of(h) for symbol, h in ledger.holdings.items()},
            fill_ids=set(ledger.fill_ids),
            method=lot_method_code(ledger.lot_method),
            **copied,
        )


_SHARED = (
    "lot_method", "base_currency", "initial_cash", "cash", "cash_costs", "prices", "fx_rates",
    "fees", "base_fees", "transfers", "base_transfers", "duplicates", "nav", "net_flow",
    "pending_flow", "marked_at",
)  # fmt: skip


def open_journal(
    *,
    cash: float = 0.0,
    lot_method: str = "average",
    fx_rates: Mapping[str, float] | None = None,
    base_currency: str = "USD",
) -> Journal:
    """A journal before its first event."""
    method = lot_method_code(lot_method)
    balance = check_finite(cash, "cash")
    if not isinstance(base_currency, str) or not base_currency:
        raise ParameterError(
            f"`base_currency` must be a name such as 'USD', got {base_currency!r}.",
            field="base_currency",
        )
    if fx_rates is not None and not isinstance(fx_rates, Mapping):
        raise ParameterError(
            "`fx_rates` must map currency -> base currency per unit here,"
            f" got {type(fx_rates).__name__}. Rates over time come as FxRate events.",
            field="fx_rates",
        )
    rates = {c: check_positive(r, f"fx_rates[{c}]") for c, r in (fx_rates or {}).items()}
    if rates.get(base_currency, 1.0) != 1.0:
        raise ParameterError(
            f"`fx_rates` must give 1 for the base currency {base_currency},"
            f" got {rates[base_currency]}.",
            field="fx_rates",
        )
    return Journal(
        lot_method=lot_method,
        base_currency=base_currency,
        initial_cash=balance,
        cash={base_currency: balance},
        cash_costs={base_currency: balance},
        fx_rates={base_currency: 1.0, **rates},
        method=method,
    )


def dump_journal(journal: Journal) -> dict[str, Any]:
    """A journal as JSON-able values."""
    return ledger_to_dict(journal.freeze())


def load_journal(data: Mapping[str, Any], **options: Any) -> Journal:
    """The journal that `dump_journal` wrote; the options are part of what was written."""
    return Journal.of(ledger_from_dict(data))


def _account(journal: Journal, event: Any, multiplier: float | None = None) -> Account:
    """The account of the event's symbol, a new one where it is not there yet."""
    account = journal.accounts.get(event.symbol)
    if account is None:
        account = Account(event.symbol, event.currency, 1.0 if multiplier is None else multiplier)
    _check_same(account.currency, event.currency, "currency", event)
    if multiplier is not None and account.quantities:
        _check_same(account.multiplier, multiplier, "multiplier", event)
    return account


def _check_same(before: Any, now: Any, name: str, event: Any) -> None:
    if before != now:
        raise DataError(
            f"`{name}` of {event.symbol} was {before} before and is {now} at"
            f" {event.timestamp:%Y-%m-%d}. Give each listing or contract a symbol of its own.",
            field=name,
        )


def _fill(journal: Journal, fill: Fill) -> None:
    if fill.fill_id is not None and fill.fill_id in journal.fill_ids:
        journal.duplicates += 1
        return
    rate = journal.rate(fill.currency, fill)
    account = _account(journal, fill, fill.multiplier)
    account.multiplier = fill.multiplier
    account.trade(fill.quantity, fill.price, rate, journal.method)
    account.fees += fill.fee
    account.base_fees += fill.fee * rate
    journal.accounts[fill.symbol] = account
    journal.pay(fill.currency, fill.cash_flow, rate)
    if fill.fill_id is not None:
        journal.fill_ids.add(fill.fill_id)


def _dividend(journal: Journal, dividend: Dividend) -> None:
    held = journal.accounts.get(dividend.symbol)
    if held is None or not held.quantities:
        return
    rate = journal.rate(dividend.currency, dividend)
    account = _account(journal, dividend)
    received = account.quantity * dividend.amount * account.multiplier
    account.dividends += received
    account.base_dividends += received * rate
    journal.pay(dividend.currency, received, rate)


def _split(journal: Journal, split: Split) -> None:
    account = journal.accounts.get(split.symbol)
    if account is not None:
        account.split(split.ratio)
        if split.symbol in journal.prices:
            journal.prices[split.symbol] /= split.ratio


def _fee(journal: Journal, fee: Fee) -> None:
    rate = journal.rate(fee.currency, fee)
    if fee.symbol is None:
        journal.fees[fee.currency] = journal.fees.get(fee.currency, 0.0) + fee.amount
        paid = journal.base_fees.get(fee.currency, 0.0) + fee.amount * rate
        journal.base_fees[fee.currency] = paid
    else:
        account = _account(journal, fee)
        account.fees += fee.amount
        account.base_fees += fee.amount * rate
        journal.accounts[fee.symbol] = account
    journal.pay(fee.currency, -fee.amount, rate)


def _transfer(journal: Journal, transfer: Transfer) -> None:
    rate = journal.rate(transfer.currency, transfer)
    currency = transfer.currency
    journal.transfers[currency] = journal.transfers.get(currency, 0.0) + transfer.amount
    journal.base_transfers += transfer.amount * rate
    journal.pending_flow += transfer.amount * rate
    journal.pay(currency, transfer.amount, rate)


def _fx_rate(journal: Journal, event: FxRate) -> None:
    if event.currency == journal.base_currency and event.rate != 1.0:
        raise DataError(
            f"`rate` of the base currency {event.currency} is 1, got {event.rate} at"
            f" {event.timestamp:%Y-%m-%d}. Give base currency per unit of a foreign one.",
            field="rate",
        )
    journal.fx_rates[event.currency] = event.rate


def _mark(journal: Journal, mark: Mark) -> None:
    rates, given = journal.fx_rates, mark.prices
    total = cash_value(journal.cash, rates)
    seen: dict[str, float] = {}
    for symbol, account in journal.accounts.items():
        if account.quantities:
            price = given.get(symbol, math.nan)
            if price != price:
                raise no_price(symbol, mark.timestamp, account.quantity)
            rate = rates[account.currency]
            total += market_value(account.quantity, price, account.multiplier, rate)
            seen[symbol] = price
    journal.prices.update(seen)
    journal.nav = total
    journal.net_flow, journal.pending_flow = journal.pending_flow, 0.0
    journal.marked_at = mark.timestamp


def cash_value(cash: Mapping[str, float], rates: Mapping[str, float]) -> float:
    """All balances in base currency."""
    total = 0.0
    for currency, amount in cash.items():
        total += amount * rates[currency]
    return total


def no_price(symbol: str, when: Any, quantity: float) -> DataError:
    """The error of a held symbol that cannot be valued."""
    at = f" at {when:%Y-%m-%d}" if when is not None else ""
    return DataError(
        f"`prices` must have a price of {symbol}{at}, where {quantity:g} are held. Fill the gap"
        " with the price that you would have used.",
        field="prices",
    )


_STEPS: dict[type[Any], Any] = {
    Fill: _fill,
    Dividend: _dividend,
    Split: _split,
    Fee: _fee,
    Transfer: _transfer,
    FxRate: _fx_rate,
    Mark: _mark,
}
