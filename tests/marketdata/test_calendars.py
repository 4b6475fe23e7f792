import importlib.util

import pandas as pd
import pytest

from nautilus.core.errors import (
    DataError,
    MissingExtraError,
    NotFoundError,
    ParameterError,
    TimeIndexError,
)
from nautilus.marketdata.calendars import align_to_sessions, exchange_calendar, sessions


def test_sixteen_sessions_in_august_2025():
    found = sessions("XNYS", "2025-08-01", "2025-08-22")
    assert len(found) == 16
    assert found.tz is None
    assert found[0] == pd.Timestamp("2025-08-01")


def test_long_ago():
    assert len(sessions("XNYS", "1990-01-01", "1990-12-31")) == 253


def test_a_missing_session_is_nan_and_a_weekend_is_left_out():
    days = pd.to_datetime(["2025-07-02", "2025-07-05", "2025-07-08"])
    found = align_to_sessions(pd.DataFrame({"A": [1.0, 2.0, 3.0]}, index=days), "XNYS")
    assert found.index.strftime("%m-%d").tolist() == ["07-02", "07-03", "07-07", "07-08"]
    assert found["A"].dropna().tolist() == [1.0, 3.0]


def test_an_empty_frame_stays_empty():
    empty = pd.Series([], index=pd.DatetimeIndex([]), dtype=float)
    assert len(align_to_sessions(empty, "XNYS")) == 0


def test_what_is_refused():
    with pytest.raises(NotFoundError, match=r"unknown calendar 'XNYY'. Did you mean .*XNY"):
        sessions("XNYY", "2025-01-02", "2025-01-03")
    with pytest.raises(ParameterError, match="`end` 2024-01-03 is before `start` 2025-01-02"):
        sessions("XNYS", "2025-01-02", "2024-01-03")
    with pytest.raises(DataError, match="calendar 'XKRX'"):
        sessions("XKRX", "1901-01-02", "1902-01-03")
    aware = pd.Series([1.0], index=pd.to_datetime(["2025-07-02"]).tz_localize("UTC"))
    with pytest.raises(TimeIndexError, match="session labels that carry no zone"):
        align_to_sessions(aware, "XNYS")
    with pytest.raises(TimeIndexError, match="some times have an hour"):
        align_to_sessions(pd.Series([1.0], index=pd.to_datetime(["2025-07-02 09:30"])), "XNYS")


def test_without_the_library_the_extra_is_named(monkeypatch):
    exchange_calendar.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="need the extra `data`"):
        sessions("XNYS", "2025-01-02", "2025-01-03")
