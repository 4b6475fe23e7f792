"""THE position step over lots: first in first out, last in first out, highest cost first.

Lots of one symbol stand in three sequences (quantities, costs, base costs) from `head` to `tail`;
all have the same sign. The kernels run on lists (live ledger) and on float64 arrays (whole books,
compiled) to the same bit.
"""

from __future__ import annotations

from typing import Any

from nautilus.accounting.positions import close_lot, closing_gains, is_opposite
from nautilus.core.checks import check_choice

__all__ = ["LOT_METHODS", "dearest", "lot_method_code", "trade_lots"]

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


def dearest(quantities: Any, costs: Any, head: int, tail: int) -> int:
    """The lot whose closing gains least; the oldest among equals.

    Examples
    --------
    >>> costs = [10.0, 12.0]
    >>> dearest([5.0, 5.0], costs, 0, 2), dearest([-5.0, -5.0], costs, 0, 2)
    (1, 0)
    """
    best = head
    sign = 1.0 if quantities[head] > 0.0 else -1.0
    for j in range(head + 1, tail):
        if sign * costs[j] > sign * costs[best]:
            best = j
    return best


def trade_lots(
    codes: Any, traded: Any, prices: Any, rates: Any, rate_step: int, method: int,
    heads: Any, tails: Any, quantities: Any, costs: Any, base_costs: Any,
    gains: Any, fx_gains: Any,
) -> int:  # fmt: skip
    """Fills in their order: each closes what it closes, lot by lot, then opens the rest.

    A live ledger passes one fill, a whole book all of them: the loop is inside, since a call that
    takes arrays costs more than the step.

    Parameters
    ----------
    codes : list or array of int (fill,)
        The symbol of each fill.
    traded, prices, rates : list or array (fill,)
        `traded` is signed, not zero; `rates` holds one value when `rate_step` is 0.
    rate_step : {0, 1}
    method : int
        Position in `LOT_METHODS`, not average cost. Highest cost first closes the lot whose
        closing gains least: the dearest of a long position, the one sold cheapest of a short one.
    heads, tails : list or array of int (symbol,)
        Where the symbol's lots begin and end; changed in place.
    quantities, costs, base_costs : list or array (lot,)
        Lots of all symbols, with room for one more per fill; changed in place.
    gains, fx_gains : list or array (fill,)
        Where the gain and the FX effect of each fill are written (`closing_gains`).

    Returns
    -------
    int
        -1, or the first fill whose numbers are not finite or whose quantity is 0.

    Examples
    --------
    >>> lots = [10.0, 10.0, 0.0], [100.0, 110.0, 0.0], [100.0, 110.0, 0.0]
    >>> heads, tails, gains, fx = [0], [2], [0.0], [0.0]
    >>> trade_lots([0], [-15.0], [120.0], [1.0], 0, FIFO, heads, tails, *lots, gains, fx)
    -1
    >>> gains, heads, lots[0]
    ([250.0], [1], [0.0, 5.0, 0.0])
    """
    for i in range(len(codes)):
        left, price, rate = traded[i], prices[i], rates[i * rate_step]
        if left * price - left * price != 0.0 or left == 0.0:
            return i
        s = codes[i]
        head, tail = heads[s], tails[s]
        gain, moved = 0.0, 0.0
        while head < tail and is_opposite(quantities[head], left):
            j = head
            if method == LIFO:
                j = tail - 1
            elif method == HIFO:
                j = dearest(quantities, costs, head, tail)
            closed, kept, left = close_lot(quantities[j], left)
            gained, fx = closing_gains(closed, costs[j], base_costs[j], price, rate)
            gain += gained
            moved += fx
            quantities[j] = kept
            if kept == 0.0:
                if j == head:
                    head += 1
                else:
                    tail -= 1
                    for k in range(j, tail):
                        quantities[k] = quantities[k + 1]
                        costs[k] = costs[k + 1]
                        base_costs[k] = base_costs[k + 1]
        if left != 0.0:
            quantities[tail], costs[tail], base_costs[tail] = left, price, price * rate
            tail += 1
        heads[s], tails[s] = head, tail
        gains[i] = gain
        fx_gains[i * rate_step] = moved
    return -1
