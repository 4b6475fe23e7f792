"""THE position step over lots: first in first out, last in first out, highest cost first.

Lots of one symbol stand in three sequences (quantities, costs, base costs) from `head` to `tail`;
all have the same sign. The kernels run on lists (live ledger) and on float64 arrays (whole books,
compiled) to the same bit.
"""

from __future__ import annotations

from typing import Any

from nautilus.accounting.positions import close_lot, closing_gains, is_opposite
from nautilus.core.checks import check_choice

__all__ = ["LOT_METHODS", "fill_lots", "lot_method_code", "next_lot"]

LOT_METHODS = ("average", "fifo", "lifo", "hifo")
AVERAGE, FIFO, LIFO, HIFO = 0, 1, 2, 3


def lot_method_code(lot_method: str) -> int:
    """The number that the kernels use for a lot method.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> lot_method_code("lifo")
    2
    """
    return LOT_METHODS.index(check_choice(lot_method, "lot_method", LOT_METHODS))


def next_lot(quantities: Any, costs: Any, head: int, tail: int, method: int) -> int:
    """The lot that is closed first.

    Highest cost means the lot whose closing gains least: the dearest of a long position, the one
    sold cheapest of a short one; the oldest among equals.

    Examples
    --------
    >>> costs = [10.0, 12.0]
    >>> next_lot([5.0, 5.0], costs, 0, 2, HIFO), next_lot([-5.0, -5.0], costs, 0, 2, HIFO)
    (1, 0)
    """
    if method == LIFO:
        return tail - 1
    best = head
    if method == HIFO:
        short = quantities[head] < 0.0
        for j in range(head + 1, tail):
            if (costs[j] < costs[best]) if short else (costs[j] > costs[best]):
                best = j
    return best


def fill_lots(
    quantities: Any,
    costs: Any,
    base_costs: Any,
    head: int,
    tail: int,
    traded: float,
    price: float,
    rate: float,
    method: int,
) -> tuple[int, int, float, float, float]:
    """Close what the fill closes, lot by lot, then open the rest at the fill's price.

    Parameters
    ----------
    quantities, costs, base_costs : list or array
        Lots from `head` to `tail`, with room for one more at `tail`; changed in place.
    head, tail : int
    traded : float
        Signed, not zero.
    price, rate : float
    method : int
        Position in `LOT_METHODS`.

    Returns
    -------
    tuple of (head, tail, gain, FX effect, cross effect)

    Examples
    --------
    >>> quantities, costs, bases = [10.0, 10.0, 0.0], [100.0, 110.0, 0.0], [100.0, 110.0, 0.0]
    >>> fill_lots(quantities, costs, bases, 0, 2, -15.0, 120.0, 1.0, FIFO)[:3], quantities[1]
    ((1, 2, 250.0), 5.0)
    """
    gain, fx, cross = 0.0, 0.0, 0.0
    left = traded
    while head < tail and is_opposite(quantities[head], left):
        j = next_lot(quantities, costs, head, tail, method)
        closed, kept, left = close_lot(quantities[j], left)
        gained, moved, both = closing_gains(closed, costs[j], base_costs[j], price, rate)
        gain += gained
        fx += moved
        cross += both
        quantities[j] = kept
        if kept == 0.0 and j == head:
            head += 1
        elif kept == 0.0:
            tail -= 1
            for k in range(j, tail):
                quantities[k] = quantities[k + 1]
                costs[k] = costs[k + 1]
                base_costs[k] = base_costs[k + 1]
    if left != 0.0:
        quantities[tail] = left
        costs[tail] = price
        base_costs[tail] = price * rate
        tail += 1
    return head, tail, gain, fx, cross
