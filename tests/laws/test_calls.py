"""Functions of no series: arguments are left alone, the same call gives the same answer."""

import copy
import dataclasses
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nautilus as nt
from nautilus.core.errors import NautilusError

from .calls import panel
from .cases import those
from .compare import assert_close
from .data import polars

calls = pytest.mark.parametrize("case", those(lambda c: c.call is not None))


def same(a, b):
    """Equal in kind and value, NaN equal to NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (pd.DataFrame, pd.Series, pd.Index)):
        return a.equals(b)
    if isinstance(a, (pl.DataFrame, pl.Series)):
        return a.equals(b)
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, NautilusError):
        return str(a) == str(b)
    return bool(a == b) or bool(a != a and b != b)


@calls
def test_arguments_are_never_written_to(case):
    args, kwargs = case.call.arguments()
    before = copy.deepcopy((args, kwargs))
    (case.call.by or case.function)(*args, **kwargs)
    assert same((args, kwargs), before)


@calls
def test_the_same_call_gives_the_same_answer(case):
    assert same(case(), case())


@calls
def test_an_answer_survives_a_process_pool(case):
    answer = case()
    assert same(pickle.loads(pickle.dumps(answer)), answer)


@pytest.mark.parametrize(
    "case", those(lambda c: c.call is not None and isinstance(c.function, type))
)
def test_a_record_is_made_of_its_own_kind_and_says_so(case):
    record = case()
    assert isinstance(record, case.function)
    assert case.function.__name__ in repr(record) or str(record)
    if dataclasses.is_dataclass(record):
        name = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, name, getattr(record, name))


OPTIMISERS = [nt.portfolio.min_variance, nt.portfolio.risk_parity]


@pytest.mark.parametrize("optimise", OPTIMISERS)
def test_an_optimiser_gives_the_same_weights_in_every_kind_and_order(optimise):
    frame = panel()
    expected = optimise(frame).weights
    assert_close(optimise(frame.to_numpy()).weights, expected, 1e-9)
    turned = optimise(frame[frame.columns[::-1]]).weights
    assert_close(turned[expected.index], expected, 1e-7)
    found = optimise(polars(frame.to_numpy())).weights
    assert_close(found.to_numpy().ravel(), expected, 1e-9)


@pytest.mark.parametrize("optimise", OPTIMISERS)
def test_an_optimiser_leaves_out_rows_that_lack_an_asset_and_refuses_infinity(optimise):
    frame = panel()
    frame.iloc[3, 1] = np.nan
    assert_close(optimise(frame).weights, optimise(frame.dropna()).weights)
    frame.iloc[3, 1] = np.inf
    with pytest.raises(NautilusError):
        optimise(frame)


@pytest.mark.parametrize("function", [*OPTIMISERS, nt.portfolio.estimate_moments])
@pytest.mark.parametrize("length", [0, 1])
def test_an_optimiser_refuses_too_little_in_words(function, length):
    with pytest.raises(NautilusError):
        function(panel().iloc[:length])
