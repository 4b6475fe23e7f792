from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from nautilus.core.errors import LabelError, ParameterError, ShapeError, TimeIndexError
from nautilus.server.panels import Given


def test_prices_become_returns_and_nulls_stay_missing():
    panel = Given({"A": [100, 110, None, 121], "B": [1.0, 1.0, 2.0, 2.0]}, kind="prices").panel(
        ["B", "A"]
    )
    assert panel.symbols == ("B", "A")
    assert np.allclose(panel.values, [[0, 0.1], [1, np.nan], [0, np.nan]], equal_nan=True)
    assert panel.times is None
    assert panel.as_of is None
    assert panel.returns.index.tolist() == [0, 1, 2]


def test_times_are_read_in_utc():
    times = ["2025-08-21T23:00:00-04:00", datetime(2025, 8, 22, 20, tzinfo=UTC), date(2025, 8, 25)]
    panel = Given({"A": [0.1, 0.2, 0.3]}, times=times).panel(["A"])
    assert panel.times.astype("M8[h]").astype(str).tolist() == [
        "2025-08-22T03",
        "2025-08-22T20",
        "2025-08-25T00",
    ]
    assert panel.as_of == date(2025, 8, 25)


def test_a_frame_has_its_own_times():
    index = pd.date_range("2025-08-20", periods=3)
    frame = pd.DataFrame({"A": [1.0, 2.0, 4.0], "SPY": [1.0, 1.0, 2.0]}, index=index)
    panel = Given(frame, kind="prices").panel(["A"], "SPY")
    assert panel.returns["A"].tolist() == [1.0, 1.0]
    assert panel.benchmark.tolist() == [0.0, 1.0]
    assert panel.returns.index.equals(index[1:])


def test_a_benchmark_that_was_not_sent_is_missing_for_a_reason():
    panel = Given({"A": [0.1]}).panel(["A"], "SPY")
    assert (panel.benchmark, panel.benchmark_symbol, panel.benchmark_values) == (None, None, None)
    (reason,) = panel.reasons
    assert reason.code == "NO_BENCHMARK"
    assert "lack SPY, and one answer never mixes sources" in reason.message


def test_a_benchmark_without_times_is_joined_by_position():
    panel = Given({"A": [0.1], "SPY": [0.2]}).panel(["A"], "SPY")
    assert panel.benchmark.tolist() == [0.2]


def test_bytes_are_counted_for_the_cache():
    panel = Given({"A": [0.1, 0.2]}, times=["2025-08-21", "2025-08-22"]).panel(["A"])
    assert panel.nbytes == 2 * 16 + 16


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (
            Given({"B": [0.1]}),
            LabelError,
            "the request's own series lack A; one answer never",
        ),
        (Given({"A": [0.1], "B": []}), ShapeError, "`returns` must have series of one length"),
        (Given({}), ShapeError, "got none"),
        (Given({"A": [0.1]}, times=[]), ShapeError, "`times` must have one entry for each of 1"),
        (
            Given({"A": [0.1, 0.1]}, times=["2025-08-22", "2025-08-22"]),
            TimeIndexError,
            "`times` must increase strictly",
        ),
    ],
)
def test_bad_series_are_refused(given, error, match):
    with pytest.raises(error, match=match):
        given.panel(["A"])


def test_returns_are_no_prices():
    with pytest.raises(ParameterError, match="prices are needed, the request gave returns"):
        Given({"A": [0.1]}).price_panel(["A"])
