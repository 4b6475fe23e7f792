"""How many lots to hold: whole lots below each target, then the largest gaps, within the cash."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Book", "cash_after", "quantities"]

Floats = NDArray[np.float64]

_ROUNDS = 20
_SLACK = 1e-9
_NOISE = 1e-7


@dataclass(frozen=True, slots=True)
class Book:
    """Holdings, targets and prices over the same symbols; `unit` is price * multiplier."""

    symbols: tuple[str, ...]
    held: Floats
    target: Floats
    price: Floats
    unit: Floats
    lot: Floats
    cash: float
    value: float


Cost = Callable[[Floats], Floats]


def quantities(book: Book, kept: NDArray[np.bool_], cost_of: Cost) -> Floats:
    """Final quantities at the portfolio value that is left after their own cost."""
    value, final = book.value, book.held
    for _ in range(_ROUNDS):
        ideal = book.target * value / book.unit
        whole = np.where(kept, book.held, _whole(book, ideal, cost_of))
        closed = kept | (book.lot <= 0.0)
        final = _filled(book, _within_cash(book, whole, cost_of), value, closed, cost_of)
        left = book.value - float(cost_of(final - book.held).sum())
        if abs(left - value) <= _SLACK * book.value:
            break
        value = left
    return final


def _whole(book: Book, ideal: Floats, cost_of: Cost) -> Floats:
    """Whole lots below each target; what is within one lot of it stays, if cash allows."""
    lot = np.where(book.lot > 0.0, book.lot, 1.0)
    floor = np.where(book.lot > 0.0, np.floor(ideal / lot + _SLACK) * lot, ideal)
    reach = np.where(book.lot > 0.0, lot * book.unit, _NOISE * book.value)
    near = np.abs(ideal - book.held) * book.unit < reach * (1.0 - _SLACK)
    near &= (book.target > 0.0) & (book.held >= 0.0)
    final = np.where(near, book.held, floor)
    if cash_after(book, final, cost_of) < 0.0:
        final = np.where(book.held > ideal, floor, final)
    # A sale that costs more than it brings is left alone.
    change = final - book.held
    worthless = (change < 0.0) & (cost_of(change) >= -change * book.unit)
    return np.where(worthless, book.held, final)


def _within_cash(book: Book, wanted: Floats, cost_of: Cost) -> Floats:
    """Cut all purchases alike until they are paid for."""
    final = wanted
    lot = np.where(book.lot > 0.0, book.lot, 1.0)
    for _ in range(_ROUNDS):
        short = -cash_after(book, final, cost_of)
        buys = np.maximum(final - book.held, 0.0)
        spent = float(buys @ book.unit)
        if short <= 0.0 or spent <= 0.0:
            return final
        cut = buys * max(1.0 - max(1.001 * short / spent, 1e-12), 0.0)
        whole = np.where(book.lot > 0.0, np.floor(cut / lot) * lot, cut)
        final = np.where(buys > 0.0, book.held + whole, final)
    return np.where(final > book.held, book.held, final)


def _filled(
    book: Book, final: Floats, value: float, closed: NDArray[np.bool_], cost_of: Cost
) -> Floats:
    """Buy lots where the gap in currency is largest while cash above its target pays for them."""
    ideal = book.target * value / book.unit
    reserve = max(1.0 - float(book.target.sum()), 0.0) * value
    while True:
        gap = np.where(closed, 0.0, (ideal - final) * book.unit)
        best = int(np.argmax(gap))
        if gap[best] <= _SLACK * book.value:
            return final
        spare = cash_after(book, final, cost_of) - reserve
        size = book.lot[best] * book.unit[best]
        tried = final.copy()
        tried[best] += book.lot[best] * max(math.floor(min(gap[best], 0.99 * spare) / size), 1)
        if cash_after(book, tried, cost_of) >= max(reserve - _SLACK * book.value, 0.0):
            final = tried
        else:
            closed = closed.copy()
            closed[best] = True


def cash_after(book: Book, final: Floats, cost_of: Cost) -> float:
    """Cash when these quantities are held, all trades and their costs paid."""
    change = final - book.held
    return book.cash - float(change @ book.unit) - float(cost_of(change).sum())
