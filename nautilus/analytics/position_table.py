"""Positions, prices and the ledger's totals as arrays by symbol in one currency."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.holdings import Position
from nautilus.analytics.segments import read_segments
from nautilus.core.checks import check_positive
from nautilus.core.errors import DataError, LabelError, MissingInputError

__all__ = [
    "PositionTable",
    "Realised",
    "base_rates",
    "grouped",
    "held_prices",
    "ledger_totals",
    "position_table",
    "required_fields",
]

Floats = NDArray[np.float64]
UNCLASSIFIED = "UNCLASSIFIED"
ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Realised:
    """What the ledger over the events says, by symbol and in base currency.

    Fees that belong to no symbol stand under ``account``.
    """

    realised: Mapping[str, float] = field(default_factory=dict)
    dividends: Mapping[str, float] = field(default_factory=dict)
    fees: Mapping[str, float] = field(default_factory=dict)
    average_costs: Mapping[str, float] = field(default_factory=dict)
    quantities: Mapping[str, float] = field(default_factory=dict)

    def earned(self, symbol: str) -> float:
        """Realised P&L and dividends less fees of a symbol, 0.0 when it never traded."""
        gains = self.realised.get(symbol, 0.0) + self.dividends.get(symbol, 0.0)
        return gains - self.fees.get(symbol, 0.0)


def ledger_totals(
    events: Any,
    fx_rates: Mapping[str, float] | None,
    base_currency: str,
    since: datetime | None = None,
) -> Realised:
    """Run the ledger over the events; what was earned counts from `since`."""
    if since is None:
        return _totals(events, fx_rates, base_currency)
    whole = _totals(events, fx_rates, base_currency)
    before = _totals([e for e in events if e.timestamp < since], fx_rates, base_currency)
    return replace(
        whole,
        realised=_less(whole.realised, before.realised),
        dividends=_less(whole.dividends, before.dividends),
        fees=_less(whole.fees, before.fees),
    )


def _less(whole: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0.0) for name, value in whole.items()}


def _totals(events: Any, fx_rates: Mapping[str, float] | None, base_currency: str) -> Realised:
    from nautilus.accounting import run_ledger

    ledger = run_ledger(events, fx_rates=fx_rates, base_currency=base_currency).ledger
    held = ledger.holdings
    fees = {s: h.base_fees for s, h in held.items()}
    unassigned = math.fsum(ledger.base_fees.values())
    return Realised(
        realised={s: h.base_realised + h.base_fx for s, h in held.items()},
        dividends={s: h.base_dividends for s, h in held.items()},
        fees={**fees, ACCOUNT: unassigned} if unassigned else fees,
        average_costs={s: h.average_cost for s, h in held.items() if h.average_cost is not None},
        quantities={s: h.quantity for s, h in held.items()},
    )


@dataclass(frozen=True, slots=True, eq=False)
class PositionTable:
    """Positions by symbol, in base currency."""

    symbols: tuple[str, ...]
    sectors: tuple[str, ...]
    asset_classes: tuple[str, ...]
    quantities: Floats
    market_values: Floats
    cost_bases: Floats
    gross_costs: Floats


def required_fields(prices: Any) -> tuple[str, ...]:
    """Fields that every position must bring, given what else there is."""
    return ("symbol", "quantity") if prices is not None else ("symbol", "quantity", "price")


def held_prices(held: Sequence[Position], prices: Any) -> Floats:
    """The price of each position: from `prices` (of a panel the last row), else its own."""
    if prices is None:
        return _numbers([p.price for p in held], "price", held)
    known = _latest(prices)
    missing = sorted({p.symbol for p in held if p.symbol not in known})
    if missing:
        raise LabelError(
            f"`prices` must have a price for {', '.join(missing[:5])}"
            f"{f' and {len(missing) - 5} more' if len(missing) > 5 else ''}.",
            field="prices",
        )
    return _numbers([known[p.symbol] for p in held], "price", held)


def _latest(prices: Any) -> dict[Any, float]:
    part = read_segments(prices, "prices")
    return dict(zip(part.labels, part.values[-1].tolist(), strict=True))


def base_rates(
    held: Sequence[Position], fx_rates: Mapping[str, float] | None, base_currency: str | None
) -> tuple[str, Floats]:
    """The base currency, and the value in it of one unit of each position's currency."""
    used = {p.currency for p in held}
    if base_currency is None and len(used) == 1:
        return next(iter(used)), np.ones(len(held))
    if base_currency is None:
        raise MissingInputError(
            f"`positions` have several currencies ({', '.join(sorted(used))})."
            " Pass base_currency= and fx_rates=.",
            field="base_currency",
        )
    known = {**(fx_rates or {}), base_currency: 1.0}
    missing = sorted(used - set(known))
    if missing:
        raise MissingInputError(
            f"`fx_rates` must give the value of one {missing[0]} in {base_currency}.",
            field="fx_rates",
        )
    for name in sorted(used):
        check_positive(known[name], f"fx_rates[{name}]")
    return base_currency, np.array([float(known[p.currency]) for p in held])


def position_table(
    held: Sequence[Position], prices: Floats, ledger_costs: Mapping[str, float], rates: Floats
) -> PositionTable:
    """Rows of the same symbol added up; cost is NaN where no average cost is known."""
    quantities = _numbers([p.quantity for p in held], "quantity", held)
    multipliers = _numbers([p.multiplier for p in held], "multiplier", held)
    known = [_cost(p, ledger_costs) for p in held]
    given = _numbers([0.0 if c is None else c for c in known], "average_cost", held)
    costs = np.where([c is None for c in known], math.nan, given)
    members, symbols = grouped([p.symbol for p in held])
    units = quantities * multipliers * rates
    first = [held[i] for i in np.unique(members, return_index=True)[1]]

    def total(values: Floats) -> Floats:
        return np.bincount(members, values, len(symbols)).astype(np.float64)

    return PositionTable(
        symbols,
        tuple(p.sector or UNCLASSIFIED for p in first),
        tuple(p.asset_class or UNCLASSIFIED for p in first),
        total(quantities),
        total(units * prices),
        total(units * costs),
        total(np.abs(units * costs)),
    )


def _cost(position: Position, ledger_costs: Mapping[str, float]) -> float | None:
    if position.average_cost is not None:
        return position.average_cost
    return ledger_costs.get(position.symbol)


def _numbers(values: Sequence[Any], name: str, held: Sequence[Position]) -> Floats:
    """Finite numbers, or an error that names the position."""
    wrong = [not isinstance(v, (int, float, np.number)) for v in values]
    numbers = np.array(
        [math.nan if w else v for v, w in zip(values, wrong, strict=True)], dtype=np.float64
    )
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"`{name}` of {held[row].symbol} must be a finite number, got {values[row]!r}.",
            field=f"positions.{name}",
        )
    return numbers


def grouped(labels: Sequence[Any]) -> tuple[NDArray[np.intp], tuple[Any, ...]]:
    """For each label the number of its group, and the groups in order of appearance.

    Examples
    --------
    >>> grouped(["B", "A", "B"])[0].tolist()
    [0, 1, 0]
    """
    names = tuple(dict.fromkeys(labels))
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[x] for x in labels], dtype=np.intp), names
