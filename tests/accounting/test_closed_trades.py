"""Round trips: what was opened and closed, at which prices, fees and profit."""

from __future__ import annotations

import pytest

from nautilus.accounting import FxRate, Split, run_ledger
from nautilus.accounting.closed_trades import round_trips

COLUMNS = [
    "symbol", "side", "opened", "closed", "quantity", "entry", "exit", "fees", "pnl",
    "holding_days",
]  # fmt: skip


def test_one_row_for_each_lot_that_a_fill_closes(fill, day):
    events = [fill(1, "A", 10, 10.0), fill(2, "A", 10, 12.0), fill(5, "A", -15, 13.0)]
    first, second = round_trips(events, lot_method="fifo")
    assert (first.quantity, first.entry, first.pnl, first.holding_days) == (10.0, 10.0, 30.0, 4.0)
    assert (second.quantity, second.entry, second.pnl) == (5.0, 12.0, 5.0)
    last, _ = round_trips(events, lot_method="lifo")
    assert (last.entry, last.opened) == (12.0, day(2, 10))
    dearest, _ = round_trips(events, lot_method="hifo")
    assert dearest.entry == 12.0
    (average,) = round_trips(events)
    assert (average.entry, average.pnl, average.opened) == (11.0, 30.0, day(1, 10))


def test_a_flip_closes_one_trip_and_opens_the_next(fill):
    long, short = round_trips(
        [fill(1, "A", 10, 10.0), fill(2, "A", -15, 12.0), fill(3, "A", 5, 9.0)]
    )
    assert (long.side, long.pnl, long.quantity) == ("long", 20.0, 10.0)
    assert (short.side, short.entry, short.pnl, short.quantity) == ("short", 12.0, 15.0, 5.0)


def test_pyfolio_558_round_trips_count_the_fees(fill):
    (trip,) = round_trips([fill(1, "A", 10, 10.0, fee=2.0), fill(2, "A", -5, 10.0, fee=1.0)])
    assert (trip.fees, trip.pnl) == (2.0, -2.0)
    flip = [
        fill(1, "A", 10, 10.0, fee=1.0),
        fill(2, "A", -20, 10.0, fee=4.0),
        fill(3, "A", 10, 10.0),
    ]
    assert [t.fees for t in round_trips(flip)] == [3.0, 2.0]


def test_pyfolio_641_round_trips_of_futures_count_the_multiplier(fill):
    (trip,) = round_trips(
        [fill(1, "ES", 1, 5_000.0, multiplier=50), fill(2, "ES", -1, 5_010.0, multiplier=50)]
    )
    assert trip.pnl == 500.0


def test_pyfolio_510_profits_of_round_trips_are_those_of_the_book_over_a_split(fill, day):
    events = [fill(1, "A", 10, 400.0, fee=1.0), Split(day(2), "A", 4), fill(3, "A", -40, 110.0)]
    (trip,) = round_trips(events)
    assert (trip.quantity, trip.entry, trip.pnl) == (40.0, 100.0, 399.0)
    assert trip.pnl == run_ledger(events).total_pnl
    assert round_trips([Split(day(2), "B", 4)]) == []


def test_pyfolio_602_several_entries_and_exits_of_one_symbol_in_one_day(fill):
    events = [
        fill(1, "A", 10, 10.0), fill(1, "A", -4, 11.0), fill(1, "A", 3, 12.0),
        fill(1, "A", -9, 13.0),
    ]  # fmt: skip
    for method in ("average", "fifo", "lifo", "hifo"):
        trips = round_trips(events, lot_method=method)
        assert sum(t.quantity for t in trips) == 13.0
        assert sum(t.pnl for t in trips) == pytest.approx(44 + 117 - 100 - 36)


def test_pyfolio_reloaded_33_fractional_sizes_make_whole_trips(fill):
    events = [fill(1, "A", 0.1, 10.0), fill(2, "A", 0.2, 10.0), fill(3, "A", -0.3, 11.0)]
    (trip,) = round_trips(events)
    assert trip.quantity == pytest.approx(0.3)
    assert len(round_trips(events, lot_method="fifo")) == 2


def test_pyfolio_reloaded_36_all_winning_and_no_trades(fill):
    wins = run_ledger([fill(1, "A", 1, 10.0), fill(2, "A", -1, 11.0)]).trades
    assert wins["pnl"].tolist() == [1.0]
    assert wins.columns.tolist() == COLUMNS
    for events in ([], [fill(1, "A", 1, 10.0)]):
        trades = run_ledger(events).trades
        assert len(trades) == 0
        assert trades.columns.tolist() == COLUMNS


def test_profit_of_a_foreign_share_holds_the_exchange_rate(fill, day):
    events = [
        FxRate(day(1), "EUR", 1.1), fill(1, "SAP", 100, 100.0, currency="EUR", fee=10.0),
        FxRate(day(2), "EUR", 1.2), fill(2, "SAP", -100, 120.0, currency="EUR"),
    ]  # fmt: skip
    (trip,) = round_trips(events)
    assert trip.fees == pytest.approx(11.0)
    assert trip.pnl == pytest.approx(120 * 120 - 110 * 100 - 11)


def test_a_repeated_id_is_one_trade(fill):
    sale = fill(2, "A", -1, 11.0, fill_id="s")
    assert len(round_trips([fill(1, "A", 2, 10.0), sale, sale])) == 1


@pytest.mark.parametrize("method", ["average", "fifo", "lifo", "hifo"])
def test_profits_of_trades_are_realised_profit_less_their_fees(fill, method):
    events = [
        fill(1, "A", 10, 10.0, fee=1.0), fill(2, "A", 5, 13.0, fee=1.0),
        fill(3, "A", -12, 12.0, fee=1.0), fill(4, "A", -6, 9.0, fee=1.0),
        fill(5, "A", 3, 10.0, fee=1.0),
    ]  # fmt: skip
    book = run_ledger(events, lot_method=method)
    assert book.trades["pnl"].sum() == pytest.approx(book.pnl.loc["A", "realised"] - 5.0)
