"""run_ledger: net asset value, returns, P&L, positions and trades of a book."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nautilus as nt
from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Split,
    Transfer,
    read_positions,
    run_ledger,
)
from nautilus.accounting.book import flow_return
from nautilus.core.errors import DataError, LabelError, ParameterError, TimeIndexError
from nautilus.core.results import unexplained

SESSIONS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"])


@pytest.fixture
def prices():
    return pd.DataFrame(
        {"A": [10.0, 11.0, 12.0, 11.0], "B": [np.nan, 20.0, 19.0, 22.0]}, index=SESSIONS
    )


def test_nav_and_returns_of_a_hand_made_book(fill, prices):
    book = run_ledger([fill(2, "A", 10, 9.0, fee=1.0), fill(3, "B", 5, 20.0)], prices, cash=1_000)
    assert book.nav.tolist() == [1_009.0, 1_019.0, 1_024.0, 1_029.0]
    assert book.nav.index.equals(SESSIONS)
    assert book.nav.name == "nav"
    expected = [9 / 1_000, 10 / 1_009, 5 / 1_019, 5 / 1_024]
    assert book.returns.tolist() == pytest.approx(expected, rel=1e-13)


def test_quantstats_201_the_loss_of_the_first_day_counts(fill, prices):
    book = run_ledger([fill(2, "A", 10, 20.0)], prices, cash=1_000)
    assert book.returns.iloc[0] == pytest.approx(-0.10)


def test_pnl_by_symbol_adds_up_to_the_change_of_nav(fill, prices, day):
    events = [
        fill(2, "A", 10, 9.0, fee=1.0), fill(3, "B", 5, 20.0), fill(4, "A", -4, 12.5, fee=1.0),
        Dividend(day(4), "A", 0.5), Fee(day(4), 2.0), Transfer(day(3), 100.0),
    ]  # fmt: skip
    book = run_ledger(events, prices, cash=1_000)
    table = book.pnl
    assert table.columns.tolist() == ["realised", "unrealised", "fees", "dividends", "fx", "total"]
    assert table.loc["A"].tolist() == [14.0, 12.0, 2.0, 5.0, 0.0, 29.0]
    assert table.loc["B", "unrealised"] == 10.0
    assert table.loc["cash USD", "fees"] == 2.0
    assert table["total"].sum() == book.total_pnl == book.nav.iloc[-1] - 1_100


def test_sessions_before_the_first_event_are_left_out(fill, prices):
    assert len(run_ledger([fill(4, "A", 1, 12.0)], prices, cash=100).nav) == 2
    assert len(run_ledger([], prices, cash=100).nav) == 4


def test_an_event_on_a_day_without_session_belongs_to_the_next(fill, prices):
    book = run_ledger([fill(1, "A", 10, 9.0)], prices, cash=100)  # a holiday
    assert book.nav.iloc[0] == 110.0


def test_events_after_the_last_session_stay_unmarked(fill, prices):
    book = run_ledger([fill(2, "A", 1, 10.0), fill(9, "B", 1, 5.0)], prices, cash=100)
    assert len(book.nav) == 4
    assert np.isnan(book.positions.loc["B", "price"])
    assert book.ledger.holdings["B"].quantity == 1.0
    assert np.isnan(book.pnl.loc["B", "unrealised"])
    assert [r.code for r in book.reasons] == ["NO_PRICE"]


def test_a_fill_belongs_to_the_session_of_its_date_in_its_own_zone(prices):
    late = Fill(pd.Timestamp("2024-01-02 23:30", tz="America/New_York"), "A", 10, 9.0)
    book = run_ledger([late], prices, cash=100)  # 2024-01-03 in UTC, session 2024-01-02
    assert book.nav.iloc[0] == 110.0


def test_aware_session_labels_keep_their_zone(fill, prices):
    local = prices.tz_localize("America/New_York")
    book = run_ledger([fill(2, "A", 10, 9.0)], local, cash=100)
    assert str(book.nav.index.tz) == "America/New_York"
    assert book.nav.tolist() == run_ledger([fill(2, "A", 10, 9.0)], prices, cash=100).nav.tolist()


def test_intraday_prices_are_compared_by_instant(day):
    times = pd.DatetimeIndex(["2024-01-02 10:00", "2024-01-02 11:00", "2024-01-02 12:00"])
    bars = pd.DataFrame({"A": [10.0, 11.0, 12.0]}, index=times)
    fill = Fill(datetime(2024, 1, 2, 10, 30), "A", 10, 10.0)
    book = run_ledger([fill], bars, cash=100)
    assert book.nav.tolist() == [110.0, 120.0]
    aware = bars.tz_localize("UTC")
    with pytest.raises(TimeIndexError, match=r"`events` mix times with a zone .* and without"):
        run_ledger([fill], aware)
    instant = Fill(datetime(2024, 1, 2, 5, 30, tzinfo=UTC), "A", 10, 10.0)
    assert len(run_ledger([instant], aware, cash=100).nav) == 3


def test_mixed_zones_of_events_are_refused(fill, day):
    aware = Fill(datetime(2024, 1, 2, tzinfo=UTC), "A", 1, 1.0)
    with pytest.raises(TimeIndexError, match=r"Give all of them a zone, or none"):
        run_ledger([fill(2, "A", 1, 1.0), aware])


def test_ties_fills_then_actions_then_marks(day, mark):
    at = day(2, 16)
    events = [mark(2, A=5.0), Dividend(at, "A", 1.0), Split(at, "A", 2), Fill(at, "A", 10, 10.0)]
    book = run_ledger(events, cash=100)
    assert [type(e).__name__ for e in book.events] == ["Fill", "Dividend", "Split", "Mark"]
    assert book.nav.tolist() == [110.0]
    assert book.ledger.holdings["A"].quantity == 20.0


def test_transfers_do_not_count_as_return(fill, prices, day):
    flows = [Transfer(day(3), 5_000.0), Transfer(day(5), -3_000.0)]
    assert run_ledger(flows, prices, cash=1_000).returns.tolist() == [0.0, 0.0, 0.0]


def test_wealthfolio_1414_money_that_arrives_later_is_a_flow_and_not_a_gain(fill, prices, day):
    """A second account joins: the first gained 10 %, the second none; nothing else is a return."""
    early = [fill(2, "A", 100, 10.0)]
    joined = [*early, Transfer(day(3), 98_900.0)]
    assert run_ledger(early, prices, cash=1_000).returns.iloc[1] == pytest.approx(0.10)
    book = run_ledger(joined, prices, cash=1_000)
    assert book.returns.iloc[1] == pytest.approx(100 / 99_900)
    assert nt.accounting.reconcile(book).reconciled


def test_wealthfolio_497_taking_everything_out_is_no_loss(fill, prices, day):
    events = [fill(2, "A", 100, 10.0), fill(4, "A", -100, 12.0), Transfer(day(4, 12), -1_200.0)]
    returns = run_ledger(events, prices, cash=1_000).returns
    assert returns.iloc[2] == pytest.approx(12 / 11 - 1)
    assert np.isnan(returns.iloc[3])


def test_money_that_comes_in_at_first_is_invested_from_the_start(fill, prices, day):
    book = run_ledger([Transfer(day(2), 1_000.0), fill(2, "A", 100, 9.5)], prices)
    assert book.returns.iloc[0] == pytest.approx(0.05)


def test_flow_return_is_the_return_of_one_interval():
    assert flow_return(100.0, 110.0, 0.0) == pytest.approx(0.1)
    assert flow_return(0.0, 105.0, 100.0) == pytest.approx(0.05)
    assert np.isnan(flow_return(0.0, 0.0, 0.0))
    assert np.isnan(flow_return(-5.0, 1.0, 0.0))


@pytest.mark.parametrize("method", ["average", "fifo", "lifo", "hifo"])
def test_the_stream_of_the_booked_events_is_the_book_to_the_bit(fill, prices, day, method):
    events = [
        fill(2, "A", 10, 9.1, fee=0.3), fill(3, "B", 5, 20.7), fill(4, "A", -4, 12.3),
        Split(day(4), "B", 3), Dividend(day(5), "A", 0.1), Transfer(day(5), 7.7),
    ]  # fmt: skip
    book = run_ledger(events, prices.fillna(1.0), cash=1_000.1, lot_method=method)
    live = nt.stream(run_ledger, cash=1_000.1, lot_method=method)
    assert live.value.cash["USD"] == 1_000.1
    for i, event in enumerate(book.events):
        assert live.update(event) is None
        if i == 4:
            live = nt.Stream.of(json.loads(json.dumps(live.snapshot())))
    assert live.value == book.ledger
    assert live.copy().value == book.ledger
    assert live.ready
    assert live.peek(fill(6, "A", 1, 10.0)).holdings["A"].quantity == 7.0
    assert live.value == book.ledger


def test_positions_serve_wherever_positions_are_asked_for(fill, prices):
    book = run_ledger([fill(2, "A", 10, 9.0), fill(3, "B", -5, 20.0)], prices, cash=1_000)
    held = read_positions(book.positions)
    assert [(p.symbol, p.quantity, p.price, p.average_cost) for p in held] == [
        ("A", 10.0, 11.0, 9.0),
        ("B", -5.0, 22.0, 20.0),
    ]
    assert nt.analytics.portfolio_pnl(book.positions).total_pnl == 20.0 - 10.0
    assert read_positions(run_ledger([], prices).positions) == []


def test_prices_of_every_kind_give_the_same_book(fill, prices):
    events = [fill(2, "A", 10, 9.0)]
    expected = run_ledger(events, prices, cash=100).nav
    frame = pl.DataFrame({"date": SESSIONS.to_pydatetime().tolist(), "A": prices["A"].to_numpy()})
    dates = frame.with_columns(pl.col("date").cast(pl.Date))
    for same in (frame, dates, prices["A"], prices[["B", "A"]]):
        nav = run_ledger(events, same, cash=100).nav
        assert nav.tolist() == expected.tolist()
        assert (nav.index == expected.index).all()


def test_prices_must_have_times_and_every_traded_symbol(fill, prices):
    with pytest.raises(TimeIndexError, match=r"`prices` must be indexed by time to be joined"):
        run_ledger([fill(2, "A", 1, 1.0)], np.ones((3, 1)))
    with pytest.raises(LabelError, match=r"it lacks AA, C. Close names: A"):
        run_ledger([fill(2, "AA", 1, 1.0), fill(2, "C", 1, 1.0)], prices)


def test_nan_prices_are_refused_while_a_symbol_is_held(fill, prices):
    with pytest.raises(DataError, match=r"price of B at 2024-01-02, where 1 are held"):
        run_ledger([fill(2, "B", 1, 20.0)], prices)
    assert len(run_ledger([fill(2, "A", 1, 1.0), fill(3, "B", 1, 20.0)], prices).nav) == 4


def test_events_of_another_kind_are_refused(prices):
    with pytest.raises(DataError, match=r"got DataFrame. Pass nautilus.accounting.read_fills"):
        run_ledger(pd.DataFrame({"symbol": ["A"]}), prices)
    with pytest.raises(DataError, match=r"must be Fill, Dividend, .* got str"):
        run_ledger(["buy"], prices)
    with pytest.raises(DataError, match=r"must be Fill, Dividend, .* got int"):
        run_ledger(3, prices)


def test_exchange_rates_as_a_mapping_or_over_time(day):
    quotes = pd.DataFrame({"SAP": [100.0, 110.0]}, index=SESSIONS[:2])
    fill = Fill(day(2, 10), "SAP", 10, 100.0, currency="EUR")
    constant = run_ledger([fill], quotes, cash=2_000, fx_rates={"EUR": 1.1})
    assert constant.nav.tolist() == pytest.approx([2_000.0, 2_110.0])
    rates = pd.DataFrame({"EUR": [1.1, 1.2]}, index=SESSIONS[:2])
    moving = run_ledger([fill], quotes, cash=2_000, fx_rates=rates)
    assert moving.nav.tolist() == pytest.approx([2_000.0, 2_000 - 1_000 * 1.2 + 1_100 * 1.2])
    table = moving.pnl
    assert table.loc["SAP", "unrealised"] == pytest.approx(120.0)
    assert table.loc["SAP", "fx"] == pytest.approx(100.0)
    assert table.loc["cash EUR", "fx"] == pytest.approx(-100.0)
    assert table["total"].sum() == pytest.approx(moving.nav.iloc[-1] - 2_000)
    assert len(run_ledger([fill], quotes, fx_rates=rates["EUR"]).nav) == 2
    gap = rates.mask(rates == 1.2)
    assert run_ledger([fill], quotes, fx_rates=gap).ledger.fx_rates["EUR"] == 1.1
    with pytest.raises(TimeIndexError, match=r"`fx_rates` must be indexed by time"):
        run_ledger([fill], quotes, fx_rates=np.ones((2, 1)))


def test_explicit_rates_and_marks_without_a_panel(day, mark):
    events = [
        mark(2, SAP=110.0), Fill(day(2, 10), "SAP", 1, 100.0, currency="EUR"),
        FxRate(day(2, 10), "EUR", 1.1),
    ]  # fmt: skip
    assert run_ledger(events, cash=200).nav.tolist() == pytest.approx([211.0])


def test_base_currency_other_than_dollars(fill, day):
    book = run_ledger(
        [Fill(day(2), "SAP", 1, 100.0, currency="EUR")], cash=500, base_currency="EUR"
    )
    assert dict(book.ledger.cash) == {"EUR": 400.0}


def test_duplicates_are_reported(fill, prices):
    twice = [fill(2, "A", 1, 10.0, fill_id="x")] * 2
    book = run_ledger(twice, prices, cash=100)
    assert book.ledger.holdings["A"].quantity == 1.0
    assert [r.code for r in book.reasons] == ["DUPLICATE_FILLS"]


def test_an_empty_book_is_empty_everywhere():
    book = run_ledger([])
    assert len(book.nav) == len(book.returns) == len(book.pnl) == len(book.positions) == 0
    assert len(book.trades) == 0
    assert (book.cash, book.total_pnl) == (0.0, 0.0)


def test_a_book_shows_itself(fill, prices):
    book = run_ledger([fill(2, "A", 10, 9.0)], prices, cash=100)
    assert repr(book) == "Book(cash=10, total_pnl=20)"
    assert "total pnl" in book._repr_html_()
    assert book.to_frame().equals(book.pnl)
    assert json.loads(json.dumps(book.to_dict()))["cash"] == 10.0
    assert unexplained(book) == ()


def test_a_book_draws_itself(fill, prices):
    axes = run_ledger([fill(2, "A", 10, 9.0)], prices, cash=100).plot()
    assert axes.get_ylabel() == "net asset value, USD"
    assert axes.lines[0].get_ydata().tolist() == [110.0, 120.0, 130.0, 120.0]


def test_streams_take_no_panels():
    with pytest.raises(ParameterError, match=r"`prices` has no meaning for one event"):
        nt.stream(run_ledger, prices=1)
    with pytest.raises(ParameterError, match=r"Rates over time come as FxRate events"):
        nt.stream(run_ledger, fx_rates=pd.DataFrame({"EUR": [1.0]}))


def test_returns_after_ruin_are_undefined_and_say_so():
    prices = pd.DataFrame({"A": [10.0, 40.0, 50.0]}, index=pd.date_range("2024-01-02", periods=3))
    book = run_ledger([Fill(datetime(2024, 1, 2), "A", -100, 10.0)], prices, cash=1_000.0)
    assert book.nav.tolist() == [1_000.0, -2_000.0, -3_000.0]
    assert book.returns.isna().tolist() == [False, False, True]
    assert [(r.code, r.fields) for r in book.reasons] == [("NOTHING_INVESTED", ("returns",))]
