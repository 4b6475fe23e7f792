import datetime as dt

import numpy as np
import pytest

from nautilus.core.errors import ParameterError
from nautilus.marketdata.trading_days import (
    check_day,
    easter_sunday,
    new_york_holidays,
    new_york_trading_days,
)


def test_equal_to_the_exchange_calendar_from_2010_on():
    from nautilus.marketdata.calendars import sessions

    ours = new_york_trading_days("2010-01-04", "2027-06-30")
    theirs = sessions("XNYS", "2010-01-04", "2027-06-30").to_numpy().astype("datetime64[D]")
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    "year, day", [(1818, "03-22"), (2000, "04-23"), (2019, "04-21"), (2038, "04-25")]
)
def test_easter_of_published_tables(year, day):
    assert str(easter_sunday(year)) == f"{year}-{day}"


def test_new_year_on_a_saturday_is_not_made_up_for():
    assert np.datetime64("2021-12-31") not in new_york_holidays(2021)
    assert np.datetime64("2022-01-03") in new_york_trading_days("2022-01-01", "2022-01-05")


def test_christmas_on_a_weekend_moves():
    assert np.datetime64("2022-12-26") in new_york_holidays(2022)
    assert np.datetime64("2021-12-24") in new_york_holidays(2021)


def test_juneteenth_only_since_2022():
    assert np.datetime64("2021-06-18") not in new_york_holidays(2021)
    assert np.datetime64("2022-06-20") in new_york_holidays(2022)


@pytest.mark.parametrize(
    "value", ["2024-01-31", dt.date(2024, 1, 31), dt.datetime(2024, 1, 31, 9, 30, tzinfo=dt.UTC)]
)
def test_a_day_in_any_kind(value):
    assert str(check_day(value, "start")) == "2024-01-31"


def test_no_date_is_refused():
    with pytest.raises(ParameterError, match="`start` must be a date such as '2024-01-31', got"):
        check_day("yesterday", "start")
    with pytest.raises(ParameterError, match="`end` must be a date, got NaT"):
        check_day(np.datetime64("NaT"), "end")
