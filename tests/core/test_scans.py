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


@pytest.mark.parametrize("width", range(1, 9))
def test_an_array_buffer_holds_elements_of_every_width(width):
    element = tuple(float(i) for i in range(width))
    parts = scans.array_buffer(width)
    grid = np.zeros((3, width))
    parts["store"](grid, 1, element)
    assert parts["load"](grid, 1) == element
    assert not grid[[0, 2]].any()


def test_a_window_wider_than_eight_floats_says_so():
    with pytest.raises(ValueError, match="an element of a window has 1 to 8 floats, got 9"):
        scans.array_buffer(9)


def test_the_list_buffer_holds_the_elements_themselves():
    buffer = [(0.0,), (0.0,)]
    scans.LIST_BUFFER["store"](buffer, 1, (2.0,))
    assert scans.LIST_BUFFER["load"](buffer, 1) == (2.0,)


@pytest.mark.parametrize(
    "template", [scans.step, scans.lift, lambda x: scans.merge(x, x), scans.finish]
)
def test_a_template_is_never_run_unbound(template):
    with pytest.raises(AssertionError, match="a template is never run unbound"):
        template((0.0,))


def test_windows_of_one_and_two_inputs_are_one_loop():
    def spread(loop, *columns):
        out, buffer = [0.0] * 7, [(0.0,)] * 3
        loop(*columns, out, buffer, 0, False, (0.0,), 3, ())
        return out

    parts = {
        "merge": lambda e, x: (max(e[0], x[0]),),
        "finish": lambda t: t[0],
        **scans.LIST_BUFFER,
    }
    values = [3.0, 1.0, 2.0, 5.0, 4.0, 0.0, 1.0]
    one = spread(bound(scans.WINDOWS[1], lift=lambda a: (a,), **parts), values)
    two = spread(bound(scans.WINDOWS[2], lift=lambda a, b: (a * b,), **parts), values, [1.0] * 7)
    assert one[2:] == two[2:] == [3.0, 5.0, 5.0, 5.0, 4.0]
    assert all(math.isnan(x) for x in one[:2])
