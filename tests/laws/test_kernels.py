"""Compiled and interpreted kernels give the same bits."""

import os

import numpy as np
import pytest

import nautilus as nt
from nautilus.core import jit, segments
from nautilus.core.folds import Reduction, registered

from .cases import those
from .compare import assert_bits, columns, parts
from .data import arrays
from .test_streams import live

LENGTH = 400


def is_metric(case):
    return isinstance(registered(case.function).fold, Reduction)


folds = those(lambda c: c.stream is not None)
rolled = those(lambda c: c.stream is not None and is_metric(c))


def both_ways(run, monkeypatch):
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    monkeypatch.setattr(jit, "_price", lambda function: 0)
    before = jit.counted_work()
    fast = run()
    assert jit.counted_work() == before
    monkeypatch.setenv("NAUTILUS_JIT", "0")
    return fast, run()


def data_of(case):
    data = arrays(case, length=LENGTH, width=0, missing=0.05)
    data[0][50:90] = data[0][50]
    data[-1][200:230] = 0.0
    data[0][300] *= 20.0
    return data


@pytest.mark.parametrize("case", folds)
def test_a_stream_extended_by_compiled_kernels_is_the_interpreted_one(case, monkeypatch):
    def run():
        stream = live(case)
        stream.extend(*data_of(case))
        return stream.extend(*data_of(case))

    fast, slow = both_ways(run, monkeypatch)
    for a, b in zip(parts(fast), parts(slow), strict=True):
        assert_bits(columns(a), columns(b))


@pytest.mark.prove
@pytest.mark.parametrize("case", rolled)
def test_a_rolling_metric_is_the_same_compiled(case, monkeypatch):
    values, *rest = data_of(case)
    options = dict(case.parameters, **dict(zip(["benchmark_returns"], rest, strict=False)))
    fast, slow = both_ways(
        lambda: nt.analytics.rolling(case.function, values, window=70, **options), monkeypatch
    )
    assert np.isfinite(slow).any()
    assert_bits(fast, slow)


@pytest.mark.parametrize("case", those(lambda c: c.stream == "bits"))
def test_a_panel_in_threads_is_the_panel_in_turn(case, monkeypatch):
    data = arrays(case, length=60, width=3, missing=0.1)
    serial = case(*data)
    monkeypatch.setattr(segments, "_PARALLEL_WORK", 1)
    for a, b in zip(parts(case(*data)), parts(serial), strict=True):
        assert_bits(columns(a), columns(b))


def test_the_switch_is_read_at_each_call(monkeypatch):
    monkeypatch.setenv("NAUTILUS_JIT", "0")
    assert not jit.is_available()
    monkeypatch.delitem(os.environ, "NAUTILUS_JIT")
    assert jit.is_available()
