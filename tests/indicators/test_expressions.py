"""Polars expressions: lazily, over groups, one output or several, equal to the functions."""

import numpy as np
import polars as pl
import pytest

from nautilus import indicators as i
from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.indicators.registry import indicator_named

from .test_features import FIELDS, bars

FRAME = pl.concat(
    pl.DataFrame({c: one[c].to_list() for c in ("symbol", *FIELDS)})
    for one in (bars("A", 90, 1), bars("B", 70, 2))
)


@pytest.mark.parametrize("name", [n for n in i.available() if n != "vwap"])
def test_every_indicator_is_an_expression_over_groups(name):
    found = FRAME.lazy().select("symbol", i.expression(name).over("symbol")).collect()
    column = found.columns[1]
    wide = found.unnest(column) if indicator_named(name).outputs else found
    expected = i.compute(FRAME, [name], by="symbol")
    assert wide.columns == expected.columns
    for one in expected.columns[1:]:
        np.testing.assert_array_equal(wide[one].to_numpy(), expected[one].to_numpy())


def test_other_columns_and_whole_numbers():
    frame = pl.DataFrame({"Kurs": [1, 2, 6]})
    assert frame.select(i.expression("sma", "Kurs", period=2))["sma_2"].to_list()[1:] == [1.5, 4.0]


def test_bad_expressions():
    with pytest.raises(NotFoundError, match="Did you mean rsi"):
        i.expression("rsii")
    with pytest.raises(ParameterError, match="period"):
        i.expression("rsi", period=0)
    with pytest.raises(ParameterError, match="reads high, low, close: pass 3 columns, got 1"):
        i.expression("atr", "close")


def test_sessions_are_a_column_of_their_own():
    frame = FRAME.with_columns(session=pl.int_range(pl.len()) // 7)
    found = frame.select(i.expression("vwap"))["vwap"].to_numpy()
    inputs = [frame[c].to_numpy() for c in ("high", "low", "close", "volume", "session")]
    np.testing.assert_array_equal(found, i.vwap(*inputs))
    whole = frame.select(i.expression("vwap", anchor="start"))["vwap"].to_numpy()
    np.testing.assert_array_equal(whole, i.vwap(*inputs, anchor="start"))
