from __future__ import annotations

import asyncio
import threading
from datetime import UTC, date, datetime

import numpy as np
import pytest

from nautilus.analytics import simple_returns
from nautilus.core.errors import MissingInputError, NotFoundError, ParameterError
from nautilus.marketdata import simulate_market
from nautilus.server.history import History, SimulatedCloses, last_session
from nautilus.server.panels import Given

NOW = datetime(2025, 8, 25, 12, 0, tzinfo=UTC)
LAST = date(2025, 8, 22)


@pytest.fixture
def history():
    return History(clock=lambda: NOW)


def returns(history, *arguments, **options):
    return asyncio.run(history.returns(*arguments, **options))


class Counting:
    """A source that counts what it is asked; `known` is what it has."""

    name, simulated = "counting", False

    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked = 0
        self.version = "1"
        self.gate = threading.Event()
        self.gate.set()

    def revision(self):
        return self.version

    def serving(self, symbols):
        return self if set(symbols) <= set(self.known) else None

    def closes(self, symbols, start, end):
        self.asked += 1
        self.gate.wait(5)
        return SimulatedCloses(seed=5).closes(["SPY"] * len(symbols), start, end)


@pytest.mark.parametrize(
    ("now", "session"),
    [
        (datetime(2025, 8, 22, 20, 59, tzinfo=UTC), "2025-08-21"),
        (datetime(2025, 8, 22, 21, 0, tzinfo=UTC), "2025-08-22"),
        (datetime(2025, 8, 24, 12, 0, tzinfo=UTC), "2025-08-22"),
        (datetime(2025, 12, 26, 12, 0, tzinfo=UTC), "2025-12-24"),
    ],
)
def test_the_last_session_is_one_that_has_closed(now, session):
    assert str(last_session(now)) == session
    assert str(History(clock=lambda: now).session()) == session


def test_returns_are_those_of_the_simulated_closes(history):
    panel = returns(history, ["AAPL", "TLT"], "1M", benchmark="SPY")
    market = simulate_market(["AAPL", "TLT", "SPY"], start="2025-07-22", end="2025-08-22")
    expected = simple_returns(market.prices()).iloc[1:]
    assert np.allclose(panel.returns, expected[["AAPL", "TLT"]], rtol=1e-13, atol=0)
    assert panel.returns.index.equals(expected.index)
    assert np.allclose(panel.benchmark, expected["SPY"], rtol=1e-13, atol=0)
    assert panel.benchmark.name == panel.benchmark_symbol == "SPY"
    assert (panel.source, panel.simulated, panel.as_of, panel.n) == ("simulated", True, LAST, 23)
    assert panel.reasons == ()


def test_prices_of_the_window_begin_with_the_base_of_its_first_return(history):
    panel = asyncio.run(history.prices(["AAPL"], "1M"))
    assert panel.n == 24
    assert str(panel.times[0])[:10] == "2025-07-22"
    assert panel.last == {"AAPL": panel.prices["AAPL"].iloc[-1]}
    assert panel.prices.pct_change().iloc[1:].equals(returns(history, ["AAPL"], "1M").returns)


def test_a_number_is_a_number_of_rows(history):
    assert returns(history, ["AAPL"], 60).n == 60
    assert asyncio.run(history.prices(["AAPL"], 60)).n == 60
    assert returns(history, ["AAPL"], 1).n == 1


def test_all_goes_back_to_the_first_day(history):
    panel = returns(history, ["SPY"], "ALL")
    assert str(panel.times[0])[:10] == "2010-01-05"
    (reason,) = returns(history, ["SPY"], 9999).reasons
    assert (reason.code, reason.have, reason.need) == ("SHORT_HISTORY", float(panel.n), 9999.0)


def test_a_window_can_end_earlier_but_not_in_the_future(history):
    assert returns(history, ["SPY"], "1M", end="2024-03-30").as_of == date(2024, 3, 28)
    assert returns(history, ["SPY"], "1M", end="2030-01-01").as_of == LAST


def test_aliases_keep_the_name_that_was_asked_for(history):
    panel = returns(history, ["GOOG", "GOOGL"], 5)
    assert panel.symbols == ("GOOG", "GOOGL")
    assert (panel.returns["GOOG"] == panel.returns["GOOGL"]).all()


def test_the_benchmark_may_be_one_of_the_symbols(history):
    panel = returns(history, ["SPY", "AAPL"], 5, benchmark="SPY")
    assert (panel.benchmark == panel.returns["SPY"]).all()


def test_unknown_symbols_are_not_found_with_close_names(history):
    with pytest.raises(NotFoundError, match=r"'APPL'\. Did you mean AAPL") as caught:
        returns(history, ["APPL"])
    assert caught.value.field == "symbol"
    with pytest.raises(NotFoundError, match="unknown symbol 'SPYY'"):
        returns(history, ["AAPL"], benchmark="SPYY")


def test_without_the_fallback_an_input_is_missing():
    history = History(simulated_fallback=False, clock=lambda: NOW)
    with pytest.raises(MissingInputError, match=r"no source has prices of AAPL\. Send .*FALLBACK="):
        returns(history, ["AAPL"])


@pytest.mark.parametrize("symbols", [[], ["A", "A"], [f"S{n}" for n in range(2001)]])
def test_symbols_are_named_once_and_bounded(history, symbols):
    with pytest.raises(ParameterError, match="`symbols` must name 1 to 2000 symbols, each once"):
        returns(history, symbols)


@pytest.mark.parametrize(
    ("window", "match"),
    [
        ("1X", "`window` must be a count and a unit"),
        (0, "`window` must be at least 1"),
        (1.5, "`window` must be a whole number"),
    ],
)
def test_windows_are_checked(history, window, match):
    with pytest.raises(ParameterError, match=match):
        returns(history, ["AAPL"], window)


def test_the_first_source_that_has_all_symbols_answers_for_all():
    source = Counting("AAPL", "MSFT")
    history = History(sources=[source], clock=lambda: NOW)
    assert returns(history, ["AAPL", "MSFT"], 5).source == "counting"
    mixed = returns(history, ["AAPL", "TSLA"], 5)
    assert (mixed.source, mixed.simulated) == ("simulated", True)


def test_the_benchmark_comes_from_the_same_source():
    history = History(sources=[Counting("AAPL")], clock=lambda: NOW)
    assert returns(history, ["AAPL"], 5, benchmark="SPY").source == "simulated"


def test_a_panel_is_made_once_and_again_when_its_source_changes():
    source = Counting("AAPL")
    history = History(sources=[source], clock=lambda: NOW)
    first = returns(history, ["AAPL"], 5)
    assert returns(history, ["AAPL"], 5) is first
    assert (source.asked, history.hits, history.misses) == (1, 1, 1)
    source.version = "2"
    assert returns(history, ["AAPL"], 5) is not first
    assert source.asked == 2


def test_who_asks_for_the_same_at_once_waits_for_one_answer():
    source = Counting("AAPL")
    source.gate.clear()
    history = History(sources=[source], clock=lambda: NOW)

    async def scenario():
        tasks = [asyncio.create_task(history.returns(["AAPL"], 5)) for _ in range(4)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        source.gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    cancelled, *panels = asyncio.run(scenario())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert all(panel is panels[0] for panel in panels)
    assert source.asked == 1


def test_a_failure_is_not_kept():
    source = Counting("AAPL")
    history = History(sources=[source], clock=lambda: NOW)
    source.closes = lambda *_: (_ for _ in ()).throw(NotFoundError("gone."))
    with pytest.raises(NotFoundError, match=r"gone\."):
        returns(history, ["AAPL"], 5)
    del source.closes
    assert returns(history, ["AAPL"], 5).n == 5


def test_kept_panels_are_bounded_by_bytes():
    source = Counting("AAPL", "MSFT")
    history = History(sources=[source], clock=lambda: NOW, most_bytes=8_000)
    returns(history, ["AAPL"], 252)
    returns(history, ["MSFT"], 252)
    returns(history, ["MSFT"], 252)
    returns(history, ["AAPL"], 252)
    assert (history.hits, history.misses) == (1, 3)


def test_what_one_caller_writes_no_other_reads(history):
    frame = returns(history, ["AAPL"], 5).returns
    before = frame.iloc[0, 0]
    frame.iloc[0, 0] = 99.0
    again = returns(history, ["AAPL"], 5)
    assert again.returns.iloc[0, 0] == before
    with pytest.raises(ValueError, match="read-only"):
        again.values[0, 0] = 99.0


def test_series_of_the_request_win(history):
    given = Given({"AAPL": [0.01, 0.02], "SPY": [0.0, 0.01]}, times=["2025-08-21", "2025-08-22"])
    panel = returns(history, ["AAPL"], benchmark="SPY", given=given)
    assert (panel.source, panel.simulated, panel.as_of, panel.n) == ("request", False, LAST, 2)
    assert panel.returns["AAPL"].tolist() == [0.01, 0.02]
    assert panel.benchmark.tolist() == [0.0, 0.01]
    prices = Given({"AAPL": [100.0, 101.0]}, kind="prices")
    assert asyncio.run(history.prices(["AAPL"], given=prices)).last == {"AAPL": 101.0}
    assert (history.hits, history.misses) == (0, 0)
