"""Imported prices are used from then on, alone: no answer mixes them with simulated ones."""

import asyncio
import datetime as dt

import numpy as np
import polars as pl
import pytest

from nautilus.core.errors import MissingInputError
from nautilus.marketdata.store import Store
from nautilus.server.history import History
from nautilus.server.market.stored import MarketStore, StoredCloses

NOW = dt.datetime(2024, 1, 10, 22, tzinfo=dt.UTC)
DAYS = [dt.date(2024, 1, day) for day in (2, 3, 4, 5, 8)]


@pytest.fixture
def market(tmp_path):
    found = MarketStore(tmp_path / "market")
    yield found
    found.close()


@pytest.fixture
def history(market):
    return History(sources=[StoredCloses(market)], clock=lambda: NOW)


def put(market, symbol, closes, source="mine", **how):
    rows = pl.DataFrame({"symbol": symbol, "timestamp": DAYS[: len(closes)], "close": closes})
    market.open().append("bars", rows, source=source, **how)


def returns(history, *arguments, **options):
    return asyncio.run(history.returns(*arguments, **options))


def test_without_a_store_the_simulated_market_answers_and_no_folder_is_made(market, history):
    assert returns(history, ["AAPL"], 2).source == "simulated"
    assert not market.root.exists()


def test_stored_prices_are_used_from_the_moment_of_their_import(market, history):
    assert returns(history, ["AAPL"], 2).source == "simulated"
    put(market, "AAPL", [100.0, 110.0, 99.0])
    panel = returns(history, ["AAPL"], 2)
    assert (panel.source, panel.simulated, str(panel.as_of)) == ("mine", False, "2024-01-04")
    np.testing.assert_allclose(panel.values[:, 0], [0.1, -0.1], rtol=1e-15)


def test_real_and_simulated_prices_are_never_in_one_answer(market, history):
    put(market, "AAPL", [100.0, 110.0])
    with pytest.raises(MissingInputError, match="AAPL are stored, SPY are not"):
        returns(history, ["AAPL"], 1, benchmark="SPY")
    assert returns(history, ["MSFT"], 1, benchmark="SPY").source == "simulated"


def test_one_source_over_the_sessions_that_all_have(market, history):
    put(market, "AAPL", [100.0, 110.0, 121.0], source="one")
    put(market, "MSFT", [10.0, 11.0], source="two")
    with pytest.raises(MissingInputError, match="no single source has all"):
        returns(history, ["AAPL", "MSFT"], 1)
    put(market, "MSFT", [20.0, 21.0], source="one")
    panel = returns(history, ["AAPL", "MSFT"], 5)
    assert (panel.source, panel.n) == ("one", 1)
    assert panel.reasons[0].code == "SHORT_HISTORY"


def test_splits_and_dividends_are_applied(market, history):
    put(market, "AAPL", [100.0, 50.0])
    split = pl.DataFrame({"symbol": ["AAPL"], "timestamp": [DAYS[1]], "kind": "split",
                          "value": [2.0]})  # fmt: skip
    market.open().append("actions", split, source="mine")
    assert returns(history, ["AAPL"], 1).values.tolist() == [[0.0]]


def test_prices_that_came_adjusted_stay_so(market, history):
    put(market, "AAPL", [100.0, 50.0], basis="total")
    assert returns(history, ["AAPL"], 1).values.tolist() == [[-0.5]]


def test_another_process_may_import_while_this_one_serves(market, history):
    put(market, "AAPL", [100.0, 110.0])
    assert returns(history, ["AAPL"], 1).values[0, 0] == pytest.approx(0.1)
    with Store(market.root) as other:
        rows = pl.DataFrame({"symbol": "AAPL", "timestamp": DAYS[2:3], "close": [55.0]})
        other.append("bars", rows, source="mine")
    assert returns(history, ["AAPL"], 1).values[0, 0] == pytest.approx(-0.5)
