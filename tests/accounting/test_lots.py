"""The position step over lots: which lot a closing takes, for every method."""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting.lots import (
    AVERAGE,
    FIFO,
    HIFO,
    LIFO,
    LOT_METHODS,
    dearest,
    lot_method_code,
    trade_lots,
)
from nautilus.core.errors import ParameterError


def run(fills, method):
    """Open lots as (quantity, cost), and the gain of each fill."""
    size = len(fills)
    lots = [0.0] * size, [0.0] * size, [0.0] * size
    heads, tails, gains, fx = [0], [0], [0.0] * size, [0.0]
    traded, prices = [float(q) for q, _ in fills], [float(p) for _, p in fills]
    bad = trade_lots([0] * size, traded, prices, [1.0], 0, method, heads, tails, *lots, gains, fx)
    assert bad == -1
    span = slice(heads[0], tails[0])
    return list(zip(lots[0][span], lots[1][span], strict=True)), gains


THREE = [(10, 100), (10, 130), (10, 110)]


@pytest.mark.parametrize(
    "method, lots, gain",
    [
        (FIFO, [(5, 130), (10, 110)], 10 * 20 + 5 * -10),
        (LIFO, [(10, 100), (5, 130)], 10 * 10 + 5 * -10),
        (HIFO, [(10, 100), (5, 110)], 10 * -10 + 5 * 10),
    ],
)
def test_which_lots_a_sale_closes(method, lots, gain):
    assert run([*THREE, (-15, 120)], method) == (lots, [0.0, 0.0, 0.0, gain])


def test_highest_cost_of_a_short_is_the_lot_sold_cheapest():
    lots, gains = run([(-10, 100), (-10, 130), (-10, 110), (10, 120)], HIFO)
    assert lots == [(-10, 130), (-10, 110)]
    assert gains[-1] == -10 * (120 - 100)


def test_highest_cost_takes_the_oldest_of_equals():
    assert dearest([1.0, 2.0, 3.0], [5.0, 7.0, 7.0], 0, 3) == 1


@pytest.mark.parametrize("method", [FIFO, LIFO, HIFO])
def test_flip_through_zero_closes_all_lots_and_opens_one_at_the_flip_price(method):
    lots, gains = run([*THREE, (-40, 120)], method)
    assert lots == [(-10, 120)]
    assert gains[-1] == 10 * 20 - 10 * 10 + 10 * 10


def test_a_row_that_is_no_trade_is_named():
    lots = [0.0] * 3, [0.0] * 3, [0.0] * 3
    for bad in (float("nan"), float("inf"), 0.0):
        out = [0.0] * 2
        found = trade_lots(
            [0, 0], [1.0, bad], [1.0, 1.0], [1.0], 0, FIFO, [0], [0], *lots, out, [0.0]
        )
        assert found == 1


def test_lot_methods_have_codes():
    assert [lot_method_code(m) for m in LOT_METHODS] == [AVERAGE, FIFO, LIFO, HIFO]
    with pytest.raises(ParameterError, match=r"`lot_method` must be one of 'average', 'fifo'"):
        lot_method_code("FIFO")


@given(
    st.lists(
        st.tuples(st.integers(-20, 20).filter(bool), st.integers(1, 200).map(lambda n: n / 4)),
        min_size=1,
        max_size=30,
    )
)
def test_fifo_is_that_of_a_queue_in_exact_arithmetic(fills):
    queue: deque = deque()
    exact = []
    for quantity, price in fills:
        left, gain = Fraction(quantity), Fraction(0)
        while queue and left and queue[0][0] * left < 0:
            lot, cost = queue.popleft()
            closed = lot if abs(lot) <= abs(left) else -left
            gain += closed * (Fraction(price) - cost)
            left += closed
            if lot - closed:
                queue.appendleft((lot - closed, cost))
        if left:
            queue.append((left, Fraction(price)))
        exact.append(float(gain))
    lots, gains = run(fills, FIFO)
    assert lots == [(float(q), float(c)) for q, c in queue]
    assert gains == pytest.approx(exact, rel=1e-13, abs=1e-10)
