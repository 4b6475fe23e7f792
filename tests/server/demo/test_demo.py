"""The demo set: labelled, whole, current, and never in the way of what is the user's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from nautilus.accounting import Fill, Position, run_ledger
from nautilus.marketdata import simulate_market
from nautilus.server.demo.books import demo_books
from nautilus.server.demo.installing import install_portfolios
from nautilus.server.demo.portfolios import DEMO, TECHNOLOGY, Order
from nautilus.server.state import Portfolios, open_database

AUGUST = datetime(2025, 8, 25, 12, 0, tzinfo=UTC)
SEPTEMBER = datetime(2025, 9, 25, 12, 0, tzinfo=UTC)
IDS = ["portfolio_001", "portfolio_002"]


@pytest.fixture
def portfolios(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield Portfolios(database)
    database.close_now()


def install(portfolios, now=AUGUST):
    return asyncio.run(install_portfolios(portfolios, lambda: now))


def both(portfolios):
    async def read():
        return [await portfolios.get(name) for name in IDS]

    return asyncio.run(read())


def test_both_portfolios_are_there_and_say_that_they_are_simulated(portfolios):
    assert install(portfolios) == IDS
    for stored in both(portfolios):
        assert stored.simulated
        assert stored.snapshot.source == "simulated"
        assert stored.benchmark == "SPY"
        assert stored.name.startswith("Demo: ")
        assert stored.limits["var_limit"] > 0
        assert set(stored.targets) == set(stored.symbols)
        assert str(stored.nav.times[-1]) == "2025-08-22T21:00:00.000000"


def test_the_book_kept_from_the_stored_fills_gives_the_stored_values(portfolios):
    install(portfolios)
    for stored in both(portfolios):
        market = simulate_market(stored.symbols, start="2023-01-03", end="2025-08-22")
        book = run_ledger(stored.events, market.prices(), cash=stored.cash)
        assert np.allclose(book.nav_values, stored.nav.values, rtol=1e-13, atol=0)
        assert book.cash == stored.snapshot.cash
        earned = book.nav_values[-1] - stored.cash
        assert book.total_pnl == pytest.approx(earned, abs=1e-6)
        held = {p.symbol: (p.quantity, p.price, p.average_cost) for p in stored.positions}
        assert held == {
            row.Index: (row.quantity, row.price, row.average_cost)
            for row in book.positions.itertuples()
        }


def test_fills_are_whole_shares_at_the_open_of_their_session(portfolios):
    install(portfolios)
    stored = both(portfolios)[0]
    market = simulate_market(["AAPL"], start="2023-01-03", end="2023-01-03")
    first = stored.events[0]
    assert (first.symbol, first.price) == ("AAPL", market.open[0, 0])
    assert first.quantity == round(200_000 / first.price)
    assert first.fee >= 1.0
    assert len({event.fill_id for event in stored.events}) == len(stored.events)


def test_it_is_installed_once(portfolios):
    install(portfolios)
    versions = [stored.version for stored in both(portfolios)]
    assert install(portfolios) == []
    assert [stored.version for stored in both(portfolios)] == versions


def test_later_sessions_are_appended_and_nothing_else_changes(portfolios, tmp_path):
    install(portfolios)
    before = both(portfolios)
    assert install(portfolios, SEPTEMBER) == IDS
    after = both(portfolios)
    for old, new in zip(before, after, strict=True):
        assert new.nav.values[: len(old.nav)].tolist() == old.nav.values.tolist()
        assert str(new.nav.times[-1])[:10] == "2025-09-24"
        assert new.events == old.events
        assert new.snapshot.at > old.snapshot.at
    fresh = Portfolios(open_database(f"sqlite:///{tmp_path / 'fresh.db'}"))
    install(fresh, SEPTEMBER)
    assert [p.nav.values.tolist() for p in both(fresh)] == [p.nav.values.tolist() for p in after]


def test_orders_that_fall_due_later_are_filled_then(portfolios):
    june = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
    install(portfolios, june)
    early = both(portfolios)[0]
    install(portfolios)
    late = both(portfolios)[0]
    assert (len(early.events), len(late.events)) == (12, 13)
    assert late.events[:12] == early.events
    assert late.events == demo_books([TECHNOLOGY], np.datetime64("2025-08-22"))[0].fills


def test_a_portfolio_of_the_users_stays_as_it_is(portfolios):
    mine = Position("AAPL", 1, 2.0)
    asyncio.run(portfolios.save_snapshot("portfolio_001", [mine]))
    before = asyncio.run(portfolios.get("portfolio_001"))
    assert install(portfolios) == ["portfolio_002"]
    assert asyncio.run(portfolios.get("portfolio_001")) is before


def test_fills_that_the_user_added_are_kept_and_the_demo_goes_no_further(portfolios):
    install(portfolios)
    mine = Fill(AUGUST, "AAPL", 1, 100.0, fill_id="mine")
    asyncio.run(portfolios.append_events("portfolio_001", [mine]))
    before = asyncio.run(portfolios.get("portfolio_001"))
    assert install(portfolios, SEPTEMBER) == ["portfolio_002"]
    assert asyncio.run(portfolios.get("portfolio_001")) is before


def test_positions_that_the_user_stated_are_kept(portfolios):
    install(portfolios)
    mine = Position("AAPL", 1, 2.0)
    asyncio.run(portfolios.save_snapshot("portfolio_001", [mine]))
    install(portfolios, SEPTEMBER)
    stored = both(portfolios)[0]
    assert stored.positions == (mine,)
    assert str(stored.nav.times[-1])[:10] == "2025-09-24"


def test_a_start_that_was_cut_short_is_finished_by_the_next(portfolios):
    book = demo_books([TECHNOLOGY], np.datetime64("2025-08-22"))[0]
    create = portfolios.create("portfolio_001", cash=1e6, events=book.fills, source="simulated")
    asyncio.run(create)
    assert install(portfolios) == IDS
    assert both(portfolios)[0].nav.values.tolist() == book.nav.values.tolist()


def test_processes_that_start_together_install_once(tmp_path):
    code = (
        "import asyncio, sys; from datetime import UTC, datetime;"
        "from nautilus.server.state import Portfolios, open_database;"
        "from nautilus.server.demo.installing import install_portfolios;"
        "database = open_database(sys.argv[1]);"
        "now = datetime(2025, 8, 25, 12, tzinfo=UTC);"
        "asyncio.run(install_portfolios(Portfolios(database), lambda: now));"
        "database.close_now();"
        "heavy = {'pandas', 'scipy', 'polars', 'numba'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    url = f"sqlite:///{tmp_path / 'state.db'}"
    started = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    database = open_database(url)
    for stored in both(Portfolios(database)):
        assert len(stored.nav) == len(np.unique(stored.nav.times))
        assert len(stored.events) in (11, 13)
    database.close_now()


def test_orders_name_sessions():
    bad = replace(TECHNOLOGY, orders=(*TECHNOLOGY.orders, Order("2025-07-20", "AAPL", 1e4)))
    with pytest.raises(ValueError, match="is not in list"):
        demo_books([bad], np.datetime64("2025-08-22"))
    assert {order.symbol for one in DEMO for order in one.orders} >= {"AAPL", "TLT", "GLD"}
