"""Every Result: frozen, one line of repr, plain JSON, and a reason for each number it lacks."""

import dataclasses
import html
import json

import numpy as np
import pytest

from nautilus.core.errors import NautilusError
from nautilus.core.results import Result, reasons, unexplained

from .cases import those
from .compare import floats
from .data import arrays, pandas

summaries = pytest.mark.parametrize("case", those(lambda c: c.inputs and c.gives == "result"))
every = pytest.mark.parametrize("case", those(lambda c: c.gives == "result"))


def results(case):
    """The Result that a row makes, in a list: some make none."""
    made = case(*[pandas(x) for x in arrays(case, width=0)])
    return [made] if isinstance(made, Result) else []


@every
def test_a_result_says_itself_in_one_line_and_one_table(case):
    for result in results(case):
        assert repr(result).startswith(type(result).__name__ + "(")
        assert "\n" not in repr(result)
        assert len(repr(result)) < 300
        shown = result._repr_html_()
        assert "<table" in shown
        assert "<script" not in shown
        assert html.unescape(shown)


@every
def test_a_result_is_plain_json(case):
    for result in results(case):
        text = json.dumps(result.to_dict(), allow_nan=False)
        assert json.loads(text)["reasons"] is not None


@every
def test_a_result_has_a_table(case):
    for result in results(case):
        frame = result.to_frame()
        assert len(frame.columns) > 0


@every
def test_a_result_never_changes(case):
    for result in results(case):
        name = dataclasses.fields(result)[-1].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, name, None)


@every
def test_every_missing_number_has_its_reason(case):
    for result in results(case):
        assert unexplained(result) == ()
        assert all(reason.message for _, reason in reasons(result))


def answer(case, data):
    """What comes back, or None where the data are refused in words."""
    try:
        return case(*data)
    except NautilusError:
        return None


@pytest.mark.parametrize(
    "length, missing", [(0, 0.0), (1, 0.0), (2, 0.0), (3, 0.0), (1, 1.1), (30, 1.1), (30, 0.9)]
)
@summaries
def test_short_and_empty_data_are_explained_or_refused(case, length, missing):
    for width in (0, 2) if case.panel else (0,):
        data = [pandas(x) for x in arrays(case, length=length, width=width, missing=missing)]
        result = answer(case, data)
        if isinstance(result, Result):
            assert unexplained(result) == ()


@summaries
def test_constant_data_have_documented_values_never_noise(case):
    data = [np.full_like(x, 0.001) for x in arrays(case, width=0)]
    result = answer(case, [pandas(x) for x in data])
    assert all(abs(x) < 1e6 for x in floats(result) if np.isfinite(x))
    if isinstance(result, Result):
        assert unexplained(result) == ()


metrics = pytest.mark.parametrize("case", those(lambda c: c.gives == "metric"))


@metrics
@pytest.mark.parametrize("level", [0.0, 0.001, -0.001, 0.1 + 0.2 - 0.3 + 0.01])
def test_a_metric_of_constant_returns_is_no_noise(case, level):
    value = case(*[np.full_like(x, level) for x in arrays(case, width=0)])
    assert value != value or abs(value) < 1e6
