"""Live = batch: bar by bar, in pieces, through a snapshot, for numbers and for rows."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nautilus as nt
from nautilus.core.folds import Reduction, registered

from .cases import those
from .compare import assert_bits, assert_within, columns, parts
from .data import arrays, pandas

streamed = pytest.mark.parametrize("case", those(lambda c: c.stream is not None))
series = pytest.mark.parametrize("case", those(lambda c: c.stream == "bits"))
metrics = pytest.mark.parametrize("case", those(lambda c: isinstance(c.stream, float)))
histories = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(0, 70),
    st.sampled_from([0.0, 0.2, 1.0]),
    st.sampled_from(["plain", "constant", "tiny", "jumps", "zeros"]),
)


def history(case, drawn):
    """Columns (time,) of one series, in moods that break careless arithmetic."""
    seed, length, missing, mood = drawn
    data = arrays(case, seed=seed, length=length, width=0)
    for x in data:
        if mood == "constant":
            x[:] = x[:1].sum()
        elif mood == "tiny":
            x *= 1e-9
        elif mood == "jumps":
            x[::7] *= 15.0
        elif mood == "zeros":
            x[::2] = 0.0
    holes = np.random.default_rng(seed).uniform(size=(len(data), length)) < missing
    for x, hole in zip(data, holes, strict=True):
        x[hole] = np.nan
    return data


def live(case):
    batch_only = registered(case.function).batch_only
    options = {k: v for k, v in case.parameters.items() if k not in batch_only}
    return nt.stream(case.function, **options)


def through_json(stream):
    return nt.Stream.of(json.loads(json.dumps(stream.snapshot(), allow_nan=False)))


def bars(data):
    return zip(*[x.tolist() for x in data], strict=True)


def flat(value):
    return [np.asarray(part, dtype=float).ravel() for part in parts(value)]


@series
@given(drawn=histories)
def test_bar_by_bar_is_the_batch_to_the_bit(case, drawn):
    data, stream = history(case, drawn), live(case)
    found = [np.concatenate(flat(stream.update(*bar))) for bar in bars(data)]
    expected = np.column_stack([columns(p) for p in parts(case(*data))])
    assert_bits(np.reshape(found, expected.shape), expected)


@metrics
@given(drawn=histories)
def test_the_running_metric_is_the_metric_so_far(case, drawn):
    data, stream = history(case, drawn), live(case)
    for i, bar in enumerate(bars(data)):
        value = stream.update(*bar)
        if i % 23 == 0 or i == len(data[0]) - 1:
            assert_within(value, case, [x[: i + 1] for x in data], case.stream)


@streamed
@given(drawn=histories, cut=st.integers(0, 70))
def test_in_pieces_is_the_whole(case, drawn, cut):
    data = history(case, drawn)
    whole, pieces = live(case), live(case)
    all_at_once = whole.extend(*data)
    head = pieces.extend(*[x[:cut] for x in data])
    tail = pieces.extend(*[x[cut:] for x in data])
    if isinstance(registered(case.function).fold, Reduction):
        assert_bits(tail, all_at_once)
    else:
        for a, b, c in zip(
            *(map(columns, parts(x)) for x in (head, tail, all_at_once)), strict=True
        ):
            assert_bits(np.concatenate([a, b]), c)
    assert_same_state(pieces, whole)


@streamed
@given(drawn=histories, cut=st.integers(0, 70))
def test_resumed_from_json_is_the_unbroken_one(case, drawn, cut):
    data, whole, resumed = history(case, drawn), live(case), live(case)
    for i, bar in enumerate(bars(data)):
        if i == cut:
            resumed = through_json(resumed)
        for a, b in zip(flat(whole.update(*bar)), flat(resumed.update(*bar)), strict=True):
            assert_bits(b, a)
    assert_same_state(through_json(resumed), whole)


def assert_same_state(a, b):
    assert json.dumps(a.snapshot()) == json.dumps(b.snapshot())


@streamed
@given(drawn=histories)
def test_a_peek_is_the_update_and_moves_nothing(case, drawn):
    data, stream = history(case, drawn), live(case)
    for bar in list(bars(data))[:8]:
        before = json.dumps(stream.snapshot())
        peeked = flat(stream.peek(*bar))
        assert json.dumps(stream.snapshot()) == before
        for a, b in zip(peeked, flat(stream.update(*bar)), strict=True):
            assert_bits(a, b)


@streamed
def test_labelled_rows_are_the_panel(case):
    data = [pandas(x) for x in arrays(case, length=30, width=3, missing=0.1)]
    stream, columns_apart = live(case), [live(case) for _ in range(3)]
    for i in range(30):
        rows = [x.iloc[i] for x in data]
        value = stream.update(*[r[::-1] if i and np.ndim(r) else r for r in rows])
        single = [
            c.update(*[r if np.ndim(r) == 0 else r.iloc[j] for r in rows])
            for j, c in enumerate(columns_apart)
        ]
        for o, part in enumerate(parts(value)):
            assert_bits(part.to_numpy(), [flat(s)[o][0] for s in single])
            assert list(part.index) == list(data[0].columns)
    resumed = through_json(stream)
    assert_same_state(resumed, stream)


@pytest.mark.parametrize("case", those(lambda c: c.inputs))
def test_a_row_says_how_it_streams_exactly_when_there_is_a_stream(case):
    assert (case.stream is not None) == (registered(case.function) is not None)
