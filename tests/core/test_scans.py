"""The loops over bars: every number of inputs and outputs, and a buffer of either kind."""

import math

import numpy as np
import pytest

from nautilus.core import scans
from nautilus.core.jit import bound, compiled


def step_1(state, a, p):
    return (state[0] + a * p,), state[0] + a


def step_2(state, a, b, p):
    return (state[0] + a * b * p,), state[0] + a


def step_3(state, a, b, c, p):
    return (state[0] + a * b * c * p,), state[0] + a


def step_4(state, a, b, c, d, p):
    return (state[0] + a * b * c * d * p,), state[0] + a


def step_5(state, a, b, c, d, e, p):
    return (state[0] + a * b * c * d * e * p,), state[0] + a


def many_1(state, a, p):
    return (state[0] + a * p,), (state[0], a)


def many_2(state, a, b, p):
    return (state[0] + a * b * p,), (state[0], a)


def many_3(state, a, b, c, p):
    return (state[0] + a * b * c * p,), (state[0], a)


def many_4(state, a, b, c, d, p):
    return (state[0] + a * b * c * d * p,), (state[0], a)


def many_5(state, a, b, c, d, e, p):
    return (state[0] + a * b * c * d * e * p,), (state[0], a)


STEPS = {(i + 1, False): s for i, s in enumerate((step_1, step_2, step_3, step_4, step_5))}
STEPS |= {(i + 1, True): s for i, s in enumerate((many_1, many_2, many_3, many_4, many_5))}


def by_hand(count, columns):
    state, first, second = 0.0, [], []
    for bar in zip(*columns, strict=True):
        before, state = state, state + math.prod(bar) * 0.5
        first.append(before)
        second.append(bar[0])
    return state, first, second


@pytest.mark.parametrize("count, many", sorted(scans.SCANS))
def test_every_scan_feeds_each_input_to_its_place(count, many):
    columns = np.random.default_rng(count).integers(1, 9, (count, 6)).astype(float)
    loop = bound(scans.SCANS[count, many], step=STEPS[count, many])
    state, first, second = by_hand(count, columns.tolist())
    expected = [first, second] if many else [[f + s for f, s in zip(first, second, strict=True)]]
    lists = [[0.0] * 6 for _ in expected]
    assert loop(*columns.tolist(), lists if many else lists[0], (0.0,), (0.5,)) == (state,)
    assert lists == expected


@pytest.mark.parametrize("count, many", [(1, False), (5, False), (2, True)])
def test_compiled_scans_give_the_same(count, many):
    columns = np.random.default_rng(count).normal(size=(count, 50))
    loop = bound(scans.SCANS[count, many], step=STEPS[count, many])
    lists, grid = [[0.0] * 50 for _ in range(1 + many)], np.empty((1 + many, 50))
    slow = loop(*columns.tolist(), lists if many else lists[0], (0.0,), (0.5,))
    fast = compiled(loop)(*columns, grid if many else grid[0], (0.0,), (0.5,))
    assert slow == fast
    np.testing.assert_array_equal(lists, grid)


@pytest.mark.parametrize("template", [scans.step, scans.lift, lambda x: scans.merge(x, x)])
def test_a_template_is_never_run_unbound(template):
    with pytest.raises(AssertionError, match="a template is never run unbound"):
        template((0.0,))
