import datetime as dt

import numpy as np
import pandas as pd
import pytest

from nautilus.analytics import drawdown_table
from nautilus.reports.tables import (
    date_text,
    drawdown_rows,
    month_rows,
    number,
    percent,
    sentence,
)


@pytest.mark.parametrize(
    "value, digits, text",
    [(0.0, 2, "0.00"), (-0.004, 2, "0.00"), (-1.5, 0, "−2"), (1e6, 0, "1,000,000")],
)
def test_numbers_as_people_write_them(value, digits, text):
    assert number(value, digits) == text


@pytest.mark.parametrize("missing", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_a_number_is_a_dash(missing):
    assert number(missing) == percent(missing) == "–"


def test_percent_does_not_break_from_its_number():
    assert percent(0.125, 1, sign=True) == "+12.5\u00a0%"


@pytest.mark.parametrize(
    "when, text",
    [
        (pd.Timestamp("2024-03-01", tz="UTC"), "2024-03-01"),
        (dt.date(2024, 3, 1), "2024-03-01"),
        (np.int64(12), "12"),
        (0, "0"),
        (None, ""),
    ],
)
def test_times_are_days_and_positions_are_numbers(when, text):
    assert date_text(when) == text


def test_months_are_coloured_by_size_and_empty_where_there_is_no_return():
    table = np.full((2, 12), np.nan)
    table[0, 11], table[1, :3] = -0.02, [0.01, -0.04, 0.0]
    latest, first = month_rows([2023, 2024], table, [-0.02, -0.031])
    assert (latest.year, first.year) == ("2024", "2023")
    assert [c.kind for c in latest.months[:4]] == ["gain", "loss", "gain", "empty"]
    assert latest.months[1].strength == 100
    assert 0 < latest.months[0].strength < first.months[11].strength < 100
    assert latest.months[3].text == ""


def test_months_without_any_move_have_no_colour():
    row = month_rows([2024], np.zeros((1, 12)), [0.0])[0]
    assert {c.strength for c in row.months} == {0}


def test_an_open_drawdown_says_so():
    opened, closed = drawdown_rows(drawdown_table([-0.1, 0.2, -0.5, 0.1]).drawdowns)
    assert (opened.recovery, opened.is_open, opened.to_recovery) == ("not yet", True, "–")
    assert (closed.recovery, closed.is_open, closed.to_recovery) == ("1", False, "1")


def test_sentences():
    assert [sentence(t) for t in ("", "no loss", "No loss.")] == ["", "No loss.", "No loss."]
