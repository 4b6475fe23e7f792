"""A value at t reads data up to t, and a missing bar does what the row says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .cases import CASES, those
from .compare import assert_bits, assert_close, assert_within, columns, floats, parts
from .data import LENGTH, arrays, pandas

causal = pytest.mark.parametrize("case", those(lambda c: c.causal))
seeds = st.integers(0, 2**32 - 1)


def nan_policy(*policies):
    return pytest.mark.parametrize("case", those(lambda c: c.nan in policies and c.inputs))


left_out = pytest.mark.parametrize("case", those(lambda c: c.nan == "omit" and c.gives == "metric"))


def outputs(case, inputs):
    return [columns(part) for part in parts(case(*inputs))]


@causal
@given(seed=seeds, cut=st.integers(0, 40), future=st.sampled_from(["other", "nan", "inf", "none"]))
def test_the_future_never_changes_the_past(case, seed, cut, future):
    data = arrays(case, seed=seed, length=40, missing=0.1)
    changed = [x.copy() for x in data]
    for x, other in zip(changed, arrays(case, seed=seed + 1, length=40), strict=True):
        x[cut:] = {"other": other[cut:], "nan": np.nan, "inf": np.inf, "none": 0.0}[future]
    if future == "none":
        changed = [x[:cut] for x in changed]
    for before, after in zip(outputs(case, data), outputs(case, changed), strict=True):
        assert_bits(after[:cut], before[:cut])


def test_every_series_function_is_causal_and_has_a_policy_for_nan():
    silent = [
        c.name for c in CASES if c.inputs and c.gives == "series" and not (c.causal and c.nan)
    ]
    assert silent == []


@nan_policy("skip")
@given(seed=seeds, share=st.floats(0, 0.6))
def test_a_missing_bar_is_no_bar(case, seed, share):
    data = arrays(case, seed=seed, length=40, width=0, missing=share)
    there = ~np.isnan(data).any(axis=0)
    dropped = outputs(case, [x[there] for x in data])
    for whole, short in zip(outputs(case, data), dropped, strict=True):
        assert_bits(whole[there], short)
        assert np.isnan(whole[~there]).all()


@nan_policy("window")
@given(seed=seeds, at=st.integers(0, 39), bad=st.sampled_from([np.nan, np.inf]))
def test_a_missing_bar_spoils_exactly_the_bars_that_read_it(case, seed, at, bad):
    clean = arrays(case, seed=seed, length=40, width=0)
    spoiled = [x.copy() for x in clean]
    spoiled[0][at] = bad
    found = list(zip(outputs(case, clean), outputs(case, spoiled), strict=True))
    reads = [(0, case.reads)] * len(found) if isinstance(case.reads, int) else case.reads
    for (before, after), (first, end) in zip(found, reads, strict=True):
        touched = np.zeros(40, dtype=bool)
        touched[at + first : at + end] = True
        assert_bits(after[~touched], before[~touched])
        if bad != bad:
            assert np.isnan(after[touched]).all()


@nan_policy("ends")
@given(seed=seeds, at=st.integers(0, 39), bad=st.sampled_from([np.nan, np.inf]))
def test_a_missing_bar_spoils_the_bars_that_begin_and_end_with_it(case, seed, at, bad):
    clean = arrays(case, seed=seed, length=40, width=0)
    spoiled = [x.copy() for x in clean]
    spoiled[0][at] = bad
    touched = np.zeros(41, dtype=bool)
    touched[[at, min(at + case.reads - 1, 40)]] = True
    for before, after in zip(outputs(case, clean), outputs(case, spoiled), strict=True):
        assert_bits(after[~touched[:40]], before[~touched[:40]])
        assert np.isnan(after[touched[:40]]).all()


@left_out
@given(seed=seeds, share=st.floats(0, 0.6))
def test_missing_observations_are_left_out(case, seed, share):
    data = arrays(case, seed=seed, length=LENGTH, width=0, missing=share)
    there = ~np.isnan(data).any(axis=0)
    kept = [x[there] for x in data]
    assert_within(floats(case(*data)), lambda *shown: floats(case(*shown)), kept)


@left_out
def test_in_a_panel_each_column_leaves_out_its_own(case):
    data = arrays(case, width=3, missing=0.3)
    together = columns(case(*data)).ravel()
    for j in range(3):
        alone = [x if x.ndim == 1 else x[:, j] for x in data]
        there = ~np.isnan(alone).any(axis=0)
        assert_close(together[j], case(*[x[there] for x in alone]))


@pytest.mark.parametrize("case", those(lambda c: "benchmark_returns" in c.inputs))
def test_returns_and_benchmark_are_joined_on_time(case):
    values, benchmark = arrays(case, length=60, width=0)
    longer = pandas(np.concatenate([[0.5, -0.5], benchmark, [0.5]]))
    days = longer.index[2:]
    joined = case(pandas(values, days), longer)
    assert_close(floats(joined), floats(case(pandas(values, days), pandas(benchmark, days))))


@pytest.mark.parametrize("case", those(lambda c: "metric" in c.parameters))
def test_a_rolling_value_is_the_metric_of_its_slice(case):
    (values,) = arrays(case, width=0, missing=0.2)
    size, metric = case.parameters["window"], case.parameters["metric"]
    found = case(values)
    assert np.isnan(found[: size - 1]).all()
    for i in range(size - 1, LENGTH, 7):
        assert_close(found[i], metric(values[i - size + 1 : i + 1]))
