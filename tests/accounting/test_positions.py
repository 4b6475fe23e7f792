"""The position step at average cost: hand cases, exact arithmetic, compiled to the same bit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting.positions import (
    average_step,
    close_lot,
    closing_gains,
    is_opposite,
)
from nautilus.core import jit

FLAT = (0.0, 0.0, 0.0)


def run(fills, rate=1.0):
    state, gains = FLAT, []
    for quantity, price in fills:
        *state, gain, fx = average_step(*state, quantity, price, rate)
        gains.append(gain)
        assert fx == 0.0
    return tuple(state), gains


@pytest.mark.parametrize(
    "fills, quantity, cost, gains",
    [
        ([(10, 100.0)], 10, 100.0, [0]),
        ([(10, 100.0), (30, 120.0)], 40, 115.0, [0, 0]),
        ([(10, 100.0), (-4, 120.0)], 6, 100.0, [0, 80]),
        ([(10, 100.0), (-10, 90.0)], 0, None, [0, -100]),
        ([(10, 100.0), (-15, 120.0)], -5, 120.0, [0, 200]),
        ([(-10, 100.0), (-10, 80.0)], -20, 90.0, [0, 0]),
        ([(-10, 100.0), (4, 80.0)], -6, 100.0, [0, 80]),
        ([(-10, 100.0), (25, 110.0)], 15, 110.0, [0, -100]),
        ([(10, -5.0), (-10, -7.0)], 0, None, [0, -20]),
    ],
)
def test_hand_cases(fills, quantity, cost, gains):
    state, found = run([(float(q), p) for q, p in fills])
    assert state[0] == quantity
    assert found == gains
    if cost is not None:
        assert state[1] == pytest.approx(cost, rel=1e-15)


def test_nautilus_trader_933_flip_takes_the_flip_price_as_new_cost():
    state, _ = run([(-1.1, 2.7810247713884997), (375.8, 2.662)])
    assert state[0] == pytest.approx(374.7)
    assert state[1] == 2.662


def test_nautilus_trader_963_adding_after_a_flip_averages_from_the_flip_price():
    state, _ = run([(-1.1, 2.781), (375.8, 2.662), (1.1, 2.781)])
    assert state[1] == pytest.approx((374.7 * 2.662 + 1.1 * 2.781) / 375.8, rel=1e-14)


def test_nautilus_trader_1083_a_flip_realises_only_the_open_quantity():
    assert run([(10.0, 100.0), (-1_000.0, 101.0)])[1] == [0.0, 10.0]


def test_zipline_783_cost_basis_of_a_short_that_turns_long():
    state, _ = run([(-100.0, 20.0), (300.0, 10.0)])
    assert state[:2] == (200.0, 10.0)


def test_pyfolio_reloaded_33_fractional_sizes_end_flat():
    """0.1 + 0.2 - 0.3 leaves 5.6e-17 in floats; a book must be flat there, not long dust."""
    state, _ = run([(0.1, 10.0), (0.2, 10.0), (-0.3, 12.0)])
    assert state[0] == 0.0


def test_is_opposite_and_close_lot():
    assert not is_opposite(0.0, 1.0)
    assert close_lot(-10.0, 4.0) == (-4.0, -6.0, 0.0)
    assert close_lot(-10.0, 10.0) == (-10.0, 0.0, 0.0)
    assert close_lot(-10.0, 12.0) == (-10.0, 0.0, 2.0)
    assert close_lot(0.3, -0.30000000000000004) == (0.3, 0.0, 0.0)


def test_fx_effect_and_gain_make_the_whole_profit_in_base_currency():
    gain, fx = closing_gains(100.0, 10.0, 11.0, 12.0, 1.25)
    assert gain * 1.25 + fx == 100 * (12 * 1.25 - 10 * 1.1)


quantities = st.integers(-50, 50).filter(bool)
prices = st.integers(1, 400).map(lambda n: n / 4)


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=30))
def test_average_cost_is_that_of_exact_arithmetic(fills):
    held, cost, exact = Fraction(0), Fraction(0), []
    for quantity, price in fills:
        if held * quantity >= 0:
            cost = (held * cost + quantity * Fraction(price)) / (held + quantity)
            held += quantity
            exact.append(Fraction(0))
            continue
        closed = min(abs(held), abs(quantity)) * (1 if held > 0 else -1)
        exact.append(closed * (Fraction(price) - cost))
        flipped = abs(quantity) > abs(held)
        held += quantity
        cost = Fraction(price) if flipped else cost
    state, gains = run([(float(q), p) for q, p in fills])
    assert state[0] == float(held)
    assert gains == pytest.approx([float(g) for g in exact], rel=1e-12, abs=1e-9)


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=20))
def test_compiled_and_interpreted_steps_agree_to_the_bit(fills):
    fast = jit.compiled(average_step)
    slow_state = fast_state = (*FLAT, 0.0, 0.0)
    for quantity, price in fills:
        slow_state = average_step(*slow_state[:3], float(quantity), price, 1.09)
        fast_state = fast(*fast_state[:3], float(quantity), price, 1.09)
        assert slow_state == fast_state
