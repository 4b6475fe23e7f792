"""Windows: every number of inputs and outputs, read anew, and several in a row."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core import jit, window_loops
from nautilus.core.composed import Composed, Part
from nautilus.core.folds import apply
from nautilus.core.windows import Recent, Window

NAN = float("nan")


class Span(NamedTuple):
    low: float
    high: float


def lift_1(a, period):
    return a, a


def lift_2(a, b, period):
    return a * b, a * b


def lift_3(a, b, c, period):
    return a * b * c, a * b * c


def lift_4(a, b, c, d, period):
    return a * b * c * d, a * b * c * d


def extremes(earlier, later):
    return (
        earlier[0] if earlier[0] < later[0] else later[0],
        earlier[1] if earlier[1] > later[1] else later[1],
    )


def spread(aggregate, period):
    return aggregate[1] - aggregate[0]


def both(aggregate, period):
    return aggregate


def period_only(period=3):
    return (float(period),)


def middle(values, first, end, period):
    """The median of an odd number, by counting: no merge can give it."""
    for i in range(first, end):
        below = 0
        for j in range(first, end):
            if values[j] < values[i] or (values[j] == values[i] and j < i):
                below += 1
        if below == (end - first) // 2:
            return values[i]
    return NAN


LIFTS = (lift_1, lift_2, lift_3, lift_4)
WINDOWS = [
    Window(tuple("abcd"[: i + 1]), lift, extremes, finish, period_only, outputs=outputs)
    for i, lift in enumerate(LIFTS)
    for finish, outputs in ((spread, None), (both, Span))
]
MEDIAN = Recent(("a",), middle, period_only)
SPREAD = WINDOWS[0]
CHAIN = Composed(
    ("a",),
    (
        Part(SPREAD, ("a",), ("spread",), period_only),
        Part(MEDIAN, ("spread",), ("middle",), period_only),
        Part(WINDOWS[2], ("middle", "a"), ("last",), period_only),
    ),
    ("spread", "last"),
    period_only,
    Span,
)
FOLDS = [*WINDOWS, MEDIAN, CHAIN]
every = pytest.mark.parametrize("fold", FOLDS)


def data(fold, length=40, seed=3):
    grid = np.random.default_rng(seed).integers(1, 9, (len(fold.inputs), length)).astype(float)
    return list(grid)


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("fold", WINDOWS)
def test_a_window_reads_each_input_and_gives_each_output(fold):
    columns = data(fold)
    product = np.prod(columns, axis=0)
    found = apply(fold, columns, (3.0,))
    for i in range(2, 40):
        low, high = product[i - 2 : i + 1].min(), product[i - 2 : i + 1].max()
        expected = (low, high) if fold.outputs else (high - low,)
        assert tuple(out[i] for out in found) == expected
    assert all(np.isnan(out[:2]).all() for out in found)


def test_what_is_read_anew_reads_its_bars_in_order():
    (column,) = data(MEDIAN)
    found = apply(MEDIAN, (column,), (5.0,))[0]
    assert np.isnan(found[:4]).all()
    assert found[4:].tolist() == [np.median(column[i - 4 : i + 1]) for i in range(4, 40)]


def test_parts_read_what_earlier_parts_give():
    (column,) = data(CHAIN)
    first = apply(SPREAD, (column,), (3.0,))[0]
    second = apply(MEDIAN, (first,), (3.0,))[0]
    third = apply(WINDOWS[2], (second, column), (3.0,))[0]
    assert_same(apply(CHAIN, (column,), (3.0,)), (first, third))


@every
@given(seed=st.integers(0, 99), cut=st.integers(0, 20), more=st.integers(0, 20))
def test_in_pieces_bar_by_bar_and_compiled_it_is_the_same(fold, seed, cut, more):
    columns, parameters = data(fold, cut + more, seed), (4.0,)
    _, whole = fold.run(fold.start(parameters), columns, parameters, 0)
    state, head = fold.run(fold.start(parameters), [c[:cut] for c in columns], parameters, 0)
    kept = fold.copied(state)
    _, tail = fold.run(state, [c[cut:] for c in columns], parameters, 0)
    assert_same([np.append(h, t) for h, t in zip(head, tail, strict=True)], whole)
    once, bars = fold.updater(parameters), []
    for bar in zip(*[c[cut:].tolist() for c in columns], strict=True):
        kept, values = once(kept, bar)
        bars.append(values)
    assert_same(np.reshape(bars, (more, fold.width)).T, tail)


@every
def test_compiled_it_is_the_same(fold, monkeypatch):
    columns, parameters = data(fold, 60), (4.0,)
    slow = fold.run(fold.start(parameters), columns, parameters, 0)
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    monkeypatch.setattr(jit, "_price", lambda function: -1)
    fast = fold.run(fold.start(parameters), columns, parameters, 60)
    assert_same(slow[1], fast[1])
    more = data(fold, 9, 1)
    assert_same(
        fold.run(slow[0], more, parameters, 0)[1], fold.run(fast[0], more, parameters, 9)[1]
    )


@pytest.mark.parametrize("width", range(1, 9))
def test_an_array_buffer_holds_elements_of_every_width(width):
    element = tuple(float(i) for i in range(width))
    parts = window_loops.array_buffer(width)
    grid = np.zeros((3, width))
    parts["store"](grid, 1, element)
    assert parts["load"](grid, 1) == element
    assert not grid[[0, 2]].any()


def test_a_window_wider_than_eight_floats_says_so():
    with pytest.raises(ValueError, match="an element of a window has 1 to 8 floats, got 9"):
        window_loops.array_buffer(9)


def test_the_list_buffer_holds_the_elements_themselves():
    buffer = [(0.0,), (0.0,)]
    window_loops.LIST_BUFFER["store"](buffer, 1, (2.0,))
    assert window_loops.LIST_BUFFER["load"](buffer, 1) == (2.0,)


@pytest.mark.parametrize(
    "template",
    [
        window_loops.lift,
        lambda x: window_loops.merge(x, x),
        window_loops.finish,
        lambda x: window_loops.measure(x, 0, 1),
    ],
)
def test_a_template_is_never_run_unbound(template):
    with pytest.raises(AssertionError, match="a template is never run unbound"):
        template((0.0,))


def test_before_a_window_is_whole_there_is_nothing():
    assert all(math.isnan(out[0]) for out in apply(WINDOWS[1], ([1.0],), (2.0,)))
