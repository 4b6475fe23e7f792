"""Cells of broker tables: numbers, sides, times."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from nautilus.accounting.cells import is_empty, read_number, read_side, read_time
from nautilus.core.errors import DataError


@pytest.mark.parametrize(
    "text, number",
    [
        ("1,234,567.50", 1_234_567.5), ("-1,000", -1000.0), ("(12.30)", -12.3), ("$5.00", 5.0),
        (" 7 ", 7.0), ("\u22123", -3.0), ("1e3", 1000.0), (".5", 0.5), ("+2", 2.0), (4, 4.0),
        (np.float64(2.5), 2.5),
    ],
)  # fmt: skip
def test_numbers_as_brokers_write_them(text, number):
    assert read_number(text, "x") == number


@pytest.mark.parametrize("text", ["abc", "1,23", "1.234,56", "12,3456", "1 2x"])
def test_numbers_that_could_mean_two_things_are_refused(text):
    with pytest.raises(DataError, match=r"line 3: `price` must be a number, got "):
        read_number(text, "line 3: `price`")


def test_decimal_commas_get_a_hint():
    with pytest.raises(DataError, match=r"Write decimals with a point"):
        read_number("12,5", "x")


def test_sides():
    assert [read_side(s, "x") for s in ("BUY", "b", "Bot", "BUY_TO_OPEN", "cover")] == [1.0] * 5
    assert [read_side(s, "x") for s in ("SELL", "S", "sld", "Sell Short", "sto")] == [-1.0] * 5
    with pytest.raises(DataError, match=r"line 2: `side` must be buy or sell, got 'swap'"):
        read_side("swap", "line 2: `side`")


@pytest.mark.parametrize(
    "text, when",
    [
        ("2023-01-05", datetime(2023, 1, 5)),
        ("2023-01-05 09:30:05", datetime(2023, 1, 5, 9, 30, 5)),
        ("2023-01-05, 09:30:05", datetime(2023, 1, 5, 9, 30, 5)),
        ("20230105", datetime(2023, 1, 5)),
        ("20230105;093005", datetime(2023, 1, 5, 9, 30, 5)),
        ("20230105;09:30:05", datetime(2023, 1, 5, 9, 30, 5)),
        ("20230105 0930", datetime(2023, 1, 5, 9, 30)),
        (date(2023, 1, 5), datetime(2023, 1, 5)),
        (datetime(2023, 1, 5, 9), datetime(2023, 1, 5, 9)),
        (pd.Timestamp("2023-01-05 09:00"), datetime(2023, 1, 5, 9)),
    ],
)
def test_times(text, when):
    assert read_time(text, "x") == when


@pytest.mark.parametrize("text", ["01/05/2023", "20231305", "soon", 5])
def test_times_that_could_mean_two_days_are_refused(text):
    with pytest.raises(DataError, match=r"line 9: `date` must be a time such as"):
        read_time(text, "line 9: `date`")


def test_empty_cells():
    assert all(is_empty(x) for x in (None, "", " ", "NaN", "--", float("nan"), pd.NaT))
    assert not any(is_empty(x) for x in (0, "0", "x", datetime(2023, 1, 5)))
