"""Results explain each missing number, print in one line and turn into plain JSON."""

import datetime as dt
import json
import math
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus.core.errors import DataError
from nautilus.core.results import Reason, Result, plain, reasons, unexplained

NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Result):
    value: float | None = 1.0
    n_used: int = 3
    label: str = "x"

    @property
    def percent(self) -> float:
        return 100.0 * (self.value or 0.0)

    @property
    def _hidden(self) -> float:
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary(Result):
    anything: Any = None
    ratio: Ratio | None = None


@dataclass(frozen=True)
class Row:
    value: float


class Band(NamedTuple):
    low: float
    high: float


def why(*fields):
    return (Reason("WHY", fields, "because"),)


def test_a_result_is_frozen_and_keyword_only():
    with pytest.raises(AttributeError):
        Ratio().value = 2.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        Ratio(1.0)  # type: ignore[call-arg]


def test_the_representation_is_one_line_of_scalars():
    assert (
        repr(Ratio(value=1234.56789))
        == "Ratio(value=1,234.57, n_used=3, label=x, percent=123,456.79)"
    )
    assert repr(Summary(anything=np.zeros(1000))) == "Summary(ratio=None)"
    assert repr(Summary(anything=np.int64(3))) == "Summary(anything=3, ratio=None)"
    assert "\n" not in repr(Ratio(label="a\nb"))


def test_html_is_a_small_table_with_user_text_escaped():
    shown = Ratio(
        value=NAN, label="<script>", reasons=(Reason("X", ("value",), "a < b"),)
    )._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<li>a &lt; b</li>" in shown
    assert "color:inherit" in shown
    assert "n used" in shown


def test_a_dictionary_has_fields_then_properties_then_reasons():
    found = Ratio(value=NAN, reasons=why("value")).to_dict()
    assert list(found) == ["value", "n_used", "label", "percent", "reasons"]
    assert found["value"] is None
    assert found["reasons"] == [
        {"code": "WHY", "fields": ["value"], "message": "because", "have": None, "need": None}
    ]
    json.dumps(found, allow_nan=False)


def test_the_default_frame_is_one_column_of_scalars():
    frame = Ratio().to_frame()
    assert frame.loc["n_used", "value"] == 3
    assert "reasons" not in frame.index


@pytest.mark.parametrize(
    "value, wanted",
    [
        (NAN, None),
        (-math.inf, None),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (True, True),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (pd.Timestamp("2024-01-02", tz="UTC"), "2024-01-02T00:00:00+00:00"),
        (pd.NaT, None),
        (pd.NA, None),
        (np.datetime64("2024-01-02", "D"), "2024-01-02"),
        (np.datetime64("NaT"), None),
        (Band(1.0, NAN), [1.0, None]),
        ({"a": (1, {"b": NAN})}, {"a": [1, {"b": None}]}),
        ({1: 2}, {"1": 2}),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (Row(NAN), {"value": None}),
        (np.array([[1.0, NAN]]), [[1.0, None]]),
        (pd.Series({"A": 1.0, "B": NAN}), {"A": 1.0, "B": None}),
        (pd.Series([1, None], dtype="Int64", index=["A", "B"]), {"A": 1, "B": None}),
        (pd.DataFrame({"t": [pd.NaT], "v": [1.0]}), [{"t": None, "v": 1.0}]),
        (pl.DataFrame({"a": [None, 1.0]}), [{"a": None}, {"a": 1.0}]),
    ],
)
def test_plain_is_what_json_knows(value, wanted):
    found = plain(value)
    assert found == wanted
    assert type(found) is type(wanted)
    json.dumps(found, allow_nan=False)


def test_a_set_of_words_is_listed_alike_in_every_process():
    script = "from nautilus.core.results import plain; print(plain({'a', 'b', 'c', 'd', 'e'}))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1


def test_what_has_no_plain_form_is_refused():
    with pytest.raises(DataError, match="cannot turn object into plain values"):
        plain(object())


def test_reasons_are_walked_with_their_paths():
    inner = Ratio(value=NAN, reasons=why("value", "n_used"))
    outer = Summary(ratio=inner, anything={"list": [inner]}, reasons=why())
    assert [path for path, _ in reasons(outer)] == [
        "",
        "anything.list.0.value",
        "anything.list.0.n_used",
        "ratio.value",
        "ratio.n_used",
    ]
    assert [path for path, _ in reasons({"a": inner}, "data")] == ["data.a.value", "data.a.n_used"]
    assert list(reasons(3.0)) == []


@pytest.mark.parametrize(
    "value",
    [
        NAN,
        math.inf,
        np.float64(NAN),
        np.array([1.0, NAN]),
        pd.Series([1.0, NAN]),
        pd.Series([1.0, None], dtype="Float64"),
        pl.Series([1.0, NAN]),
        [1.0, NAN],
        (1.0, (NAN,)),
        {"a": NAN},
        Row(NAN),
        [Row(1.0), Row(NAN)],
    ],
)
def test_a_missing_number_without_a_reason_is_found_wherever_it_hides(value):
    assert unexplained(Summary(anything=value)) == ("anything",)
    assert unexplained(Summary(anything=value, reasons=why("anything"))) == ()
    assert unexplained(Summary(anything=value, reasons=why("ratio"))) == ("anything",)
    assert unexplained(Summary(anything=value, reasons=why())) == ("anything",)


@pytest.mark.parametrize(
    "value", [None, "nan", b"x", 1, True, np.array([1, 2]), np.array(["nan"]), []]
)
def test_none_words_and_whole_numbers_need_no_reason(value):
    assert unexplained(Summary(anything=value)) == ()


def test_a_nested_result_keeps_its_own_reasons():
    silent, honest = Ratio(value=NAN), Ratio(value=NAN, reasons=why("value"))
    assert unexplained(Summary(ratio=silent, reasons=why("ratio"))) == ("ratio.value",)
    assert unexplained(Summary(ratio=honest, anything=[honest, silent])) == ("anything.value",)
