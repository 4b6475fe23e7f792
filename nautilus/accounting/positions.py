"""THE position step over floats: what one fill closes, opens and realises at average cost.

Every P&L of the library runs these kernels: the live ledger and the whole book interpreted, a
million fills compiled, to the same bit. Money is per unit of quantity here; the multiplier of a
contract comes in where money is booked.
"""

from __future__ import annotations

__all__ = ["average_step", "close_lot", "closing_gains", "is_opposite"]

# What is left of a lot below this share of the trade is rounding noise of fractional sizes.
DUST = 1e-12


def is_opposite(held: float, traded: float) -> bool:
    """Whether a trade closes (part of) what is held.

    Examples
    --------
    >>> is_opposite(10.0, -3.0), is_opposite(-10.0, -3.0), is_opposite(0.0, -3.0)
    (True, False, False)
    """
    return (held > 0.0 and traded < 0.0) or (held < 0.0 and traded > 0.0)


def close_lot(lot: float, traded: float) -> tuple[float, float, float]:
    """(closed, left of the lot, left of the trade) when a trade meets a lot of the other sign.

    closed = min(lot, trade) in size, with the sign of the lot.

    Examples
    --------
    >>> close_lot(10.0, -4.0), close_lot(10.0, -15.0)
    ((4.0, 6.0, 0.0), (10.0, 0.0, -5.0))
    """
    left = lot + traded
    if abs(left) <= DUST * max(abs(lot), abs(traded)):
        return lot, 0.0, 0.0
    if (left > 0.0) == (lot > 0.0):
        return -traded, left, 0.0
    return lot, 0.0, left


def closing_gains(
    closed: float, cost: float, base_cost: float, price: float, rate: float
) -> tuple[float, float, float]:
    """(gain, FX effect, cross effect) of closing a quantity.

    With exchange rates r0 when opened (base_cost / cost) and r1 now: gain = q (p1 - p0) in the
    trade's currency; FX effect = q p0 (r1 - r0) and cross effect = q (p1 - p0) (r1 - r0) in base
    currency. gain x r1 + FX effect = q (p1 r1 - p0 r0) is the whole P&L in base currency, and the
    cross effect is the part of gain x r1 that needed both moves.

    Examples
    --------
    >>> gain, fx, cross = closing_gains(100.0, 10.0, 11.0, 12.0, 1.25)
    >>> gain, fx, round(cross, 9)
    (200.0, 150.0, 30.0)
    """
    gain = closed * (price - cost)
    fx = closed * (cost * rate - base_cost)
    if fx == 0.0 or cost == 0.0:
        return gain, fx, 0.0
    return gain, fx, gain * (rate - base_cost / cost)


def average_step(
    quantity: float, cost: float, base_cost: float, traded: float, price: float, rate: float
) -> tuple[float, float, float, float, float, float]:
    """One fill on a position kept at average cost.

    Adding moves the cost to the quantity-weighted mean; closing leaves it; a fill through zero
    closes what was held and opens the rest at its own price.

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
    tuple of (quantity, cost, base_cost, gain, FX effect, cross effect)
        The effects as in `closing_gains`.

    Examples
    --------
    >>> average_step(10.0, 100.0, 100.0, -15.0, 120.0, 1.0)
    (-5.0, 120.0, 120.0, 200.0, 0.0, 0.0)
    """
    if not is_opposite(quantity, traded):
        total = quantity + traded
        share = traded / total
        cost = cost + (price - cost) * share if share < 1.0 else price
        base = price * rate
        base_cost = base_cost + (base - base_cost) * share if share < 1.0 else base
        return total, cost, base_cost, 0.0, 0.0, 0.0
    closed, left, rest = close_lot(quantity, traded)
    gain, fx, cross = closing_gains(closed, cost, base_cost, price, rate)
    if rest != 0.0:
        return rest, price, price * rate, gain, fx, cross
    if left == 0.0:
        return 0.0, 0.0, 0.0, gain, fx, cross
    return left, cost, base_cost, gain, fx, cross
