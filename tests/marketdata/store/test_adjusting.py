"""What a holder earns: stored prices stay as traded and are adjusted when they are read."""

import datetime as dt

import polars as pl
import pytest

from nautilus.marketdata.store import Store

NOW = dt.datetime(2024, 6, 30, tzinfo=dt.UTC)
DAYS = [dt.date(2024, 6, day) for day in (6, 7, 10, 11)]


@pytest.fixture
def store(tmp_path):
    """A splits two for one on the 10th and pays 1.04 on the 11th; B does nothing."""
    with Store(tmp_path / "market", clock=lambda: NOW) as opened:
        closes = {"A": [100.0, 104.0, 52.0, 51.0], "B": [10.0, 11.0, 12.0, 13.0]}
        for symbol, values in closes.items():
            rows = pl.DataFrame(
                {"symbol": symbol, "timestamp": DAYS, "close": values, "volume": [100.0] * 4}
            )
            opened.append("bars", rows, source="mine")
        events = [("A", DAYS[2], "split", 2.0), ("A", DAYS[3], "dividend", 1.04)]
        actions = pl.DataFrame(events, ("symbol", "timestamp", "kind", "value"), orient="row")
        opened.append("actions", actions, source="mine")
        yield opened


def closes(store, symbol, **how):
    return store.read("bars", [symbol], **how)["close"].to_list()


def test_prices_are_stored_as_traded(store):
    assert closes(store, "A") == [100.0, 104.0, 52.0, 51.0]


def test_splits_halve_earlier_prices_and_double_earlier_volumes(store):
    rows = store.read("bars", ["A", "B"], adjustment="split")
    assert rows.filter(pl.col("symbol") == "A")["close"].to_list() == [50.0, 52.0, 52.0, 51.0]
    assert rows.filter(pl.col("symbol") == "A")["volume"].to_list() == [200.0, 200.0, 100.0, 100.0]
    assert rows.filter(pl.col("symbol") == "B")["close"].to_list() == [10.0, 11.0, 12.0, 13.0]


def test_a_dividend_is_reinvested_at_the_close_before_less_itself(store):
    # 1 - 1.04 / 52 = 0.98 for everything before the 11th.
    expected = pytest.approx([49.0, 50.96, 50.96, 51.0], rel=1e-15)
    assert closes(store, "A", adjustment="total") == expected


def test_an_action_counts_from_when_it_was_known(store):
    assert closes(store, "A", adjustment="total", as_of="2024-06-10") == [50.0, 52.0, 52.0]


def test_a_window_is_in_terms_of_its_last_bar(store):
    """A later action changes no return, so a shorter window of the same returns suffices."""
    assert closes(store, "A", adjustment="split", end="2024-06-07") == [100.0, 104.0]
    assert closes(store, "A", adjustment="split", start="2024-06-10") == [52.0, 51.0]
