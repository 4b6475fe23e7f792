"""THE position step over floats: what one fill closes, opens and realises at average cost.

Every P&L of the library runs these kernels: the live ledger and the whole book interpreted, a
million fills compiled, to the same bit. Money is per unit of quantity here; the multiplier of a
contract comes in where money is booked.
"""

from __future__ import annotations

__all__ = ["average_step", "close_lot", "closing_gains", "is_opposite"]

# What is left of a lot is rounding noise of fractional sizes below a billionth of a unit (of the
# trade, where that is less than one) and below DUST of a trade of very many units. DUST alone does
# not do: 33.3 sold in tenths leaves 2e-12 of the last one.
NOISE = 1e-9
DUST = 1e-12


def is_opposite(held: float, traded: float) -> bool:
    """Whether a trade closes (part of) what is held.

    Examples
    --------
    >>> is_opposite(10.0, -3.0), is_opposite(-10.0, -3.0), is_opposite(0.0, -3.0)
    (True, False, False)
    """
    return held * traded < 0.0


def close_lot(lot: float, traded: float) -> tuple[float, float, float]:
    """(closed, left of the lot, left of the trade) when a trade meets a lot of the other sign.

    closed = min(lot, trade) in size, with the sign of the lot.

    Examples
    --------
    >>> close_lot(10.0, -4.0), close_lot(10.0, -15.0)
    ((4.0, 6.0, 0.0), (10.0, 0.0, -5.0))
    """
    left = lot + traded
    larger = max(abs(lot), abs(traded))
    if abs(left) <= max(DUST * larger, NOISE * min(1.0, larger)):
        return lot, 0.0, 0.0
    if (left > 0.0) == (lot > 0.0):
        return -traded, left, 0.0
    return lot, 0.0, left


def closing_gains(
    closed: float, cost: float, base_cost: float, price: float, rate: float
) -> tuple[float, float]:
    """(gain, FX effect) of closing a quantity.

    With exchange rates r0 when opened (base_cost / cost) and r1 now: gain = q (p1 - p0) in the
    trade's currency, FX effect = q p0 (r1 - r0) in base currency; gain x r1 + FX effect =
    q (p1 r1 - p0 r0) is the whole P&L in base currency.

    Examples
    --------
    >>> closing_gains(100.0, 10.0, 11.0, 12.0, 1.25)
    (200.0, 150.0)
    """
    return closed * (price - cost), closed * (cost * rate - base_cost)


def average_step(
    quantity: float, cost: float, base_cost: float, traded: float, price: float, rate: float
) -> tuple[float, float, float, float, float]:
    """One fill on a position kept at average cost.

    Adding moves the cost to the quantity-weighted mean, closing leaves it, and a fill through
    zero closes what was held and opens the rest at its own price: with w = opened / quantity
    after, the cost after is (1 - w) cost + w price, and w is 0 when closing, 1 when flipping.

    Parameters
    ----------
    quantity : float
        Held before, negative when short.
    cost, base_cost : float
        Average price paid for one unit, in the trade's and in the base currency.
    traded : float
        Signed, not zero.
    price : float
    rate : float
        Base currency per unit of the trade's currency.

    Returns
    -------
    tuple of (quantity, cost, base_cost, gain, FX effect)
        Gain and FX effect as in `closing_gains`; the costs mean nothing when quantity is 0.0.

    Examples
    --------
    >>> average_step(10.0, 100.0, 100.0, -15.0, 120.0, 1.0)
    (-5.0, 120.0, 120.0, 200.0, 0.0)
    """
    # Without jumps: whether the next fill buys or sells cannot be predicted, and a mispredicted
    # jump costs more than all of this arithmetic. Each choice hangs on one comparison, for which
    # compilers have an instruction.
    against = -traded
    low = quantity if quantity < against else against
    high = quantity if quantity > against else against
    closed = (low if low > 0.0 else 0.0) + (high if high < 0.0 else 0.0)
    total = quantity + traded
    size, trade = abs(quantity), abs(traded)
    larger = size if size > trade else trade
    noise, dust = NOISE * (larger if larger < 1.0 else 1.0), DUST * larger
    total = total if abs(total) > (noise if noise > dust else dust) else 0.0
    closed = closed if total != 0.0 else quantity
    opened = total - (quantity - closed)
    weight = opened / (total if total != 0.0 else 1.0)
    kept = 1.0 - weight
    gain, fx = closing_gains(closed, cost, base_cost, price, rate)
    gain, fx = gain + 0.0, fx + 0.0  # nothing closed at a lower price is 0.0, not -0.0
    return total, kept * cost + weight * price, kept * base_cost + weight * (price * rate), gain, fx
