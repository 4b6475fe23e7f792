"""Latencies: percentiles against numpy, merging to the bit, and two clocks that differ."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import DataError, ParameterError
from nautilus.marketdata import ClockOffset, LatencyHistogram
from nautilus.marketdata.latency import LatencyWindow

LATENCIES = st.lists(
    st.one_of(st.integers(0, 300), st.integers(0, 10**7), st.integers(0, 2**62)),
    min_size=1,
    max_size=200,
)
SECOND = 1_000_000_000


def histogram(values):
    made = LatencyHistogram()
    made.record(np.array(values, dtype=np.int64))
    return made


@given(LATENCIES, st.floats(0.0, 1.0))
def test_a_percentile_is_within_1_1_percent_of_numpys(values, q):
    exact = float(np.quantile(np.array(values, dtype=np.float64), q))
    assert histogram(values).percentile(q) == pytest.approx(exact, rel=0.011, abs=1e-9)


@given(LATENCIES, LATENCIES)
def test_merged_is_the_histogram_of_the_union_to_the_bit(some, others):
    merged = histogram(some).merge(histogram(others))
    assert merged == histogram([*some, *others])
    assert merged.mean == histogram([*some, *others]).mean


@given(LATENCIES)
def test_one_by_one_is_the_batch(values):
    single = LatencyHistogram()
    for value in values:
        single.record(value)
    assert single == histogram(values)


@given(LATENCIES)
def test_a_snapshot_survives_json(values):
    made = histogram(values)
    assert LatencyHistogram.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_mean_count_and_extremes_are_exact():
    days = [2 * 10**14] * 100_000  # their sum does not fit into 64 bits
    made = histogram([*days, 1])
    assert (made.count, made.minimum, made.maximum) == (100_001, 1, 2 * 10**14)
    assert made.mean == (2 * 10**19 + 1) / 100_001


def test_an_empty_histogram_has_no_percentile():
    empty = LatencyHistogram()
    assert np.isnan(empty.percentile(0.5))
    assert np.isnan(empty.mean)
    assert repr(empty) == "LatencyHistogram(count=0)"
    empty.record([])
    assert empty.count == 0


def test_what_is_no_latency_is_refused():
    with pytest.raises(DataError, match="at least 0 ns, got -3"):
        LatencyHistogram().record([5, -3])
    with pytest.raises(DataError, match="whole nanoseconds, got float64"):
        LatencyHistogram().record([0.5])
    with pytest.raises(DataError, match="unit 'ns'"):
        LatencyHistogram.from_dict({"unit": "us"})
    broken = histogram([1, 2]).to_dict() | {"count": 3}
    with pytest.raises(DataError, match="do not add up"):
        LatencyHistogram.from_dict(broken)


def test_a_window_forgets_what_is_older():
    window = LatencyWindow(seconds=3)
    for second in range(5):
        window.record([second + 1], at=second * SECOND)
    assert window.histogram(at=4 * SECOND).count == 3
    assert window.histogram(at=5 * SECOND).minimum == 4
    window.record([9], at=1 * SECOND)  # too late for the window
    assert window.histogram(at=4 * SECOND).maximum == 5


@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 10**9)), max_size=60),
    st.sampled_from([None, 0, -500_000_000]),
)
def test_a_batch_of_two_clocks_is_the_stream_to_the_bit(pairs, known):
    received = np.cumsum([step for _, step in pairs], dtype=np.int64)
    events = received - np.array([difference for difference, _ in pairs], dtype=np.int64)
    single, batch = (ClockOffset(known, window_seconds=5) for _ in range(2))
    one_by_one = [single.latency(int(e), int(r)) for e, r in zip(events, received, strict=True)]
    half = len(pairs) // 2
    parts = [batch.latencies(events[s], received[s]) for s in (slice(half), slice(half, None))]
    assert np.concatenate(parts).tolist() == one_by_one
    assert all(value >= 0 for value in one_by_one)
    assert (single.clock_offset_ms, single.latency_is_relative) == (
        batch.clock_offset_ms,
        batch.latency_is_relative,
    )


def test_a_known_offset_makes_latency_absolute_until_it_proves_wrong():
    clock = ClockOffset(1_000)
    assert clock.clock_offset_ms == 0.001
    assert clock.latency(0, 1_500) == 500
    assert not clock.latency_is_relative
    assert clock.latency(2_000, 2_400) == 0  # 400 - 1000 would be negative
    assert clock.latency_is_relative
    assert clock.clock_offset_ms == 0.0004


def test_the_offset_follows_a_drift_after_its_window():
    clock = ClockOffset(window_seconds=10)
    assert clock.latency(0, 5) == 0
    assert clock.latency(9 * SECOND - 100, 9 * SECOND) == 95
    assert clock.latency(10 * SECOND - 100, 10 * SECOND) == 0
    with pytest.raises(ParameterError, match="whole nanoseconds"):
        ClockOffset(0.5)
