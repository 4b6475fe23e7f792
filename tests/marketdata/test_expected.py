"""Bars that should be there: counts and hours that can be looked up."""

import datetime as dt

import numpy as np
import pytest

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata import expected_bars, sessions
from nautilus.marketdata.expected import session_hours

AUGUST = ("XNYS", "2025-08-01", "2025-08-22")


@pytest.mark.parametrize(
    "timeframe, count",
    [("1d", 16), ("1m", 6_240), ("1h", 112), ("30m", 208), ("4h", 32), ("1w", 4), ("1M", 1)],
)
def test_august_2025_in_new_york(timeframe, count):
    assert len(expected_bars(*AUGUST, timeframe=timeframe)) == count


def minutes(calendar, day):
    return [str(t)[11:16] for t in expected_bars(calendar, day, day, timeframe="1m")[[0, -1]]]


def test_new_york_opens_at_half_past_nine_whatever_the_season():
    assert minutes("XNYS", "2025-08-01") == ["13:30", "19:59"]
    assert minutes("XNYS", "2025-01-02") == ["14:30", "20:59"]


def test_a_half_day_ends_early():
    assert minutes("XNYS", "2025-11-28") == ["14:30", "17:59"]
    assert str(session_hours("XNYS", "2025-11-28", "2025-11-28").close[0])[:16].endswith("18:00")
    assert len(expected_bars("XNYS", "2025-11-28", "2025-11-28", timeframe="1h")) == 4
    assert minutes("XLON", "2024-12-24") == ["08:00", "12:29"]


def test_hong_kong_has_a_lunch_break():
    found = expected_bars("XHKG", "2024-01-02", "2024-01-02", timeframe="30m")
    assert [str(t)[11:16] for t in found] == [
        *("01:30", "02:00", "02:30", "03:00", "03:30"),
        *("05:00", "05:30", "06:00", "06:30", "07:00", "07:30"),
    ]


def test_what_never_closes_has_every_minute():
    found = expected_bars("24/7", "2024-02-28", "2024-03-01", timeframe="1m")
    assert len(found) == 3 * 1440
    assert set(np.diff(found).astype(int)) == {60_000_000}


def test_daily_bars_are_the_sessions():
    assert (
        expected_bars(*AUGUST).astype("datetime64[D]").tolist() == sessions(*AUGUST).date.tolist()
    )


def test_nothing_is_expected_before_the_listing_or_after_the_end():
    listed = expected_bars(*AUGUST, listed="2025-08-20", delisted=dt.date(2025, 8, 21))
    assert [str(t)[:10] for t in listed] == ["2025-08-20", "2025-08-21"]
    assert len(expected_bars(*AUGUST, listed="2026-01-01")) == 0
    assert len(expected_bars("XNYS", "2025-08-23", "2025-08-24", timeframe="1m")) == 0


def test_a_calendar_that_begins_within_the_year_still_answers():
    assert len(expected_bars("XHKG", "1960-06-01", "1960-06-03")) == 3


def test_bad_requests_are_refused():
    with pytest.raises(ParameterError, match="`timeframe` must be one of '1m'"):
        expected_bars(*AUGUST, timeframe="7m")
    with pytest.raises(ParameterError, match="`end` 2025-08-01 is before `start`"):
        expected_bars("XNYS", "2025-08-02", "2025-08-01")
    with pytest.raises(NotFoundError, match="unknown calendar 'XNYZ'"):
        expected_bars("XNYZ", "2025-08-01", "2025-08-02")
