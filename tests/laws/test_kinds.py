"""Numbers do not depend on what holds them, and what came goes back."""

import dataclasses

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus.core.errors import NautilusError
from nautilus.risk import VarSummary

from .cases import those
from .compare import assert_bits, assert_same, columns, floats, parts
from .data import DATED, DAYS, KINDS, LABELS, LENGTH, arrays, labels, pandas, polars_one_column

WIDTHS = pytest.mark.parametrize("width", [0, 1, 3], ids=["1-D", "one column", "panel"])


def kinds_of(case):
    return {**DATED, "polars": polars_one_column} if case.dated else KINDS


def applies(case, width):
    return case.panel or width == 0


series = pytest.mark.parametrize("case", those(lambda c: c.gives == "series" and c.inputs))
metrics = pytest.mark.parametrize("case", those(lambda c: c.gives == "metric" and c.inputs))
every = pytest.mark.parametrize("case", those(lambda c: c.inputs))
panels = pytest.mark.parametrize("case", those(lambda c: c.inputs and c.panel))


@WIDTHS
@every
def test_the_numbers_are_the_same_in_every_kind(case, width):
    if not applies(case, width):
        return
    data = arrays(case, width=width, missing=0.05)
    first = next(iter(kinds_of(case).values()))
    expected = floats_of(case, [first(x) for x in data])
    assert expected
    for make in kinds_of(case).values():
        assert_same(floats_of(case, [make(x) for x in data]), expected, case.gives == "series")


def floats_of(case, inputs):
    return [x for part in parts(case(*inputs)) for x in floats(part)]


@WIDTHS
@series
def test_a_series_comes_back_as_it_came(case, width):
    data = arrays(case, width=width)
    for kind, make in kinds_of(case).items():
        inputs = [make(x) for x in data]
        for output in parts(case(*inputs)):
            assert columns(output).shape == (LENGTH, max(width, 1))
            assert_comes_back(output, inputs[0], kind, floating=True)


def assert_comes_back(output, given, kind, floating):
    wanted = np.ndarray if kind == "list" else type(given)
    assert type(output) is wanted
    if isinstance(output, (pd.Series, pd.DataFrame)):
        assert output.index.equals(given.index)
        assert output.index.dtype == given.index.dtype
    if isinstance(output, (pd.Series, pl.Series)):
        assert output.name == given.name
    if isinstance(output, (pd.DataFrame, pl.DataFrame)):
        assert list(output.columns) == list(given.columns)
    if isinstance(output, pl.DataFrame):
        assert output["day"].equals(given["day"])
    if isinstance(output, np.ndarray):
        assert output.dtype == np.dtype(np.float64)


@metrics
def test_a_metric_of_one_series_is_a_float(case):
    data = arrays(case, width=0)
    for make in kinds_of(case).values():
        assert type(case(*[make(x) for x in data])) is float


@pytest.mark.parametrize("width", [1, 3])
@metrics
def test_a_metric_of_a_panel_is_labelled_by_asset(case, width):
    data = arrays(case, width=width)
    for kind, make in kinds_of(case).items():
        output = case(*[make(x) for x in data])
        if kind.startswith("pandas"):
            assert isinstance(output, pd.Series)
            assert list(output.index) == list(LABELS[:width])
        elif kind == "polars":
            assert isinstance(output, pl.DataFrame)
            assert output.columns == list(LABELS[:width])
            assert output.height == 1
        else:
            assert isinstance(output, np.ndarray)
            assert output.shape == (width,)


@panels
def test_a_column_of_a_panel_is_its_series(case):
    data = arrays(case, width=3, missing=0.05)
    make = pandas if case.dated else np.ascontiguousarray
    together = columns_of(case, [make(x) for x in data])
    for j in range(3):
        alone = columns_of(case, [make(x if x.ndim == 1 else x[:, j]) for x in data])
        one = columns_of(case, [make(x if x.ndim == 1 else x[:, [j]]) for x in data])
        for whole, single, frame in zip(together, alone, one, strict=True):
            assert_same(whole[j], single[0], case.gives == "series")
            assert_same(frame[0], single[0], case.gives == "series")


def columns_of(case, inputs):
    """For each output one array per asset."""
    output = case(*inputs)
    if case.gives == "result":
        return per_asset(output, 1 if np.ndim(inputs[0]) == 1 else np.shape(inputs[0])[1])
    if case.gives == "metric":
        return [np.reshape(np.asarray(output, dtype=float), (-1, 1))]
    return [columns(part).T for part in parts(output)]


def per_asset(output, width):
    """What a result holds by asset, one array (asset, numbers) each."""
    if isinstance(output, (pd.Series, pd.DataFrame)):
        return [columns(output).T]
    if isinstance(output, VarSummary):
        return [np.reshape(floats(output.to_dict()["estimates"]), (width, -1))]
    fields = [f.name for f in dataclasses.fields(output) if f.type == "Any"]
    held = [getattr(output, name) for name in fields]
    held += [v for x in vars_of(output) if isinstance(x, dict) for v in x.values()]
    return [
        np.reshape(v, (width, -1)) for v in held if isinstance(v, (float, np.ndarray, pd.Series))
    ]


def vars_of(result):
    return [getattr(result, f.name) for f in dataclasses.fields(result)]


@panels
def test_the_order_of_the_columns_is_only_an_order(case):
    data = arrays(case, width=3)
    plain = columns_of(case, [pandas(x) for x in data])
    turned = columns_of(
        case, [pandas(x) if x.ndim == 1 else pandas(x)[labels(x)[::-1]] for x in data]
    )
    for first, second in zip(plain, turned, strict=True):
        assert_same(second, first[::-1], case.gives == "series")


@every
def test_whole_numbers_count_as_numbers(case):
    for width in (0, 3) if case.panel else (0,):
        data = zip(arrays(case, width=width), case.inputs, strict=True)
        whole = [np.rint(x * (40 if "returns" in name else 1)).astype(np.int64) for x, name in data]
        make = pandas if case.dated else np.asarray
        expected = floats_of(case, [make(x.astype(np.float64)) for x in whole])
        for dtype in (np.int64, np.int16):
            assert_same(floats_of(case, [make(x.astype(dtype)) for x in whole]), expected, True)


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars"])
@every
def test_nothing_one_row_and_nothing_but_nan_have_an_answer(case, kind):
    if kind not in kinds_of(case):
        kind = "pandas"
    make = kinds_of(case)[kind]
    for width in (0, 3) if case.panel else (0,):
        for length, missing in ((0, 0.0), (1, 0.0), (2, 0.0), (1, 1.1), (5, 1.1)):
            inputs = [make(x) for x in arrays(case, length=length, width=width, missing=missing)]
            assert_answers(case, inputs, kind, length, width)


def answered(case, inputs):
    """A result may also refuse, in words: no number of it would mean anything."""
    try:
        case(*inputs)
    except NautilusError as error:
        return str(error)
    return None


def assert_answers(case, inputs, kind, length, width):
    if case.gives == "result":
        answered(case, inputs)
        return
    output = case(*inputs)
    if case.gives == "metric":
        assert np.size(columns(output)) == max(width, 1)
        assert width or type(output) is float
    elif case.gives == "series":
        for part in parts(output):
            assert columns(part).shape == (length, max(width, 1))
            assert_comes_back(part, inputs[0], kind, floating=False)


@every
def test_a_polars_frame_of_one_column_may_stand_for_a_series(case):
    if case.panel and not case.dated:
        return
    data = arrays(case, width=0)
    assert_same(
        floats_of(case, [polars_one_column(x) for x in data]),
        floats_of(case, [pandas(x) for x in data]),
        case.gives == "series",
    )


@every
def test_inputs_are_never_written_to(case):
    for width in (0, 3) if case.panel else (0,):
        data = arrays(case, width=width, missing=0.05)
        inputs = [pandas(x) for x in data] if case.dated else data
        before = [np.array(x) for x in inputs]
        case(*inputs)
        for kept, now in zip(before, inputs, strict=True):
            assert_bits(np.asarray(now), kept)


@every
def test_the_same_input_gives_the_same_bytes(case):
    make = pandas if case.dated else np.ascontiguousarray
    inputs = [make(x) for x in arrays(case, width=3 if case.panel else 0, missing=0.05)]
    assert_bits(floats_of(case, inputs), floats_of(case, inputs))


@every
def test_an_aware_index_gives_what_the_same_naive_one_gives(case):
    data = arrays(case, width=0)
    utc = [pandas(x, DAYS.tz_localize("UTC")) for x in data]
    assert_same(
        floats_of(case, utc), floats_of(case, [pandas(x) for x in data]), case.gives == "series"
    )
