from __future__ import annotations

import asyncio
import math
import threading
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from sqlalchemy import insert

from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Mark,
    Position,
    Split,
    Transfer,
    run_ledger,
)
from nautilus.core.errors import (
    ConflictError,
    DataError,
    MissingInputError,
    NotFoundError,
    ParameterError,
)
from nautilus.server.state import NavHistory, Portfolios, open_database, rows
from nautilus.server.state.schema import portfolio_events

AT = datetime(2024, 1, 2, 14, 35, tzinfo=UTC)
AAPL = Position("AAPL", 100, 155.0, average_cost=150.0, sector="technology", asset_class="equity")


def fill(number: int, quantity: float = 10.0, symbol: str = "AAPL") -> Fill:
    return Fill(AT + timedelta(days=number), symbol, quantity, 100.1, 1.0, fill_id=f"f{number}")


def nav(*values: float, start: str = "2024-01-02") -> NavHistory:
    times = np.datetime64(start, "us") + np.arange(len(values)) * np.timedelta64(1, "D")
    return NavHistory(times, np.array(values), np.zeros(len(values)))


class Heard(list):
    """A journal that keeps what it is told of."""

    def origin(self):
        return None

    def write(self, connection, change, origin):
        self.append((change.portfolio_id, change.what, change.version))


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def portfolios(database, clock, heard):
    return Portfolios(database, journal=heard, clock=clock)


def test_every_kind_of_event_comes_back_to_the_bit(portfolios, database):
    new_york = timezone(timedelta(hours=-5))
    events = (
        Fill(AT, "BRK.B", -0.1, 1 / 3, fee=1e-17, multiplier=50.0, fill_id="x"),
        Dividend(AT, "AAPL", 0.24, "EUR"),
        Split(AT, "AAPL", 4.0),
        Fee(AT, -12.5, symbol="AAPL"),
        Transfer(AT.astimezone(new_york), 1e300),
        FxRate(AT, "EUR", 1.09),
        Mark(AT, {"AAPL": 185.64, "X": -1.5}),
    )

    async def scenario():
        await portfolios.create("p1", events=events)
        return await Portfolios(database).get("p1")

    stored = asyncio.run(scenario())
    assert stored.events == events
    assert [e.timestamp.utcoffset() for e in stored.events] == [
        e.timestamp.utcoffset() for e in events
    ]


def test_a_mark_without_a_price_comes_back(portfolios):
    async def scenario():
        await portfolios.create("p1", events=[Mark(AT, {"AAPL": float("nan")})])
        return await portfolios.get("p1")

    (mark,) = asyncio.run(scenario()).events
    assert math.isnan(mark.prices["AAPL"])


def test_a_new_portfolio_has_what_it_was_given(portfolios, clock, heard):
    limits = [{"limit_type": "position_size", "value": 0.1, "enabled": True}]

    async def scenario():
        change = await portfolios.create(
            "p1",
            base_currency="EUR",
            cash=1000.5,
            benchmark="SPY",
            targets={"AAPL": 0.6},
            limits=limits,
            name="Mine",
            positions=[AAPL],
        )
        return change, await portfolios.get("p1")

    change, stored = asyncio.run(scenario())
    assert (change.what, change.version, change.at) == ("created", 1, clock.now)
    assert (stored.version, stored.stored, stored.source, stored.simulated) == (
        1,
        True,
        "user",
        False,
    )
    assert (stored.base_currency, stored.cash, stored.benchmark, stored.name) == (
        "EUR",
        1000.5,
        "SPY",
        "Mine",
    )
    assert dict(stored.targets) == {"AAPL": 0.6}
    assert [dict(limit) for limit in stored.limits] == limits
    assert stored.positions == (AAPL,)
    assert stored.symbols == ("AAPL",)
    assert stored.created_at == stored.updated_at == clock.now
    assert heard == [("p1", "created", 1)]


def test_what_is_read_cannot_be_changed_for_the_next_reader(portfolios):
    async def scenario():
        await portfolios.create("p1", targets={"A": 1.0}, limits={"var_limit": 0.02})
        await portfolios.append_nav("p1", nav(1.0))
        return await portfolios.get("p1"), await portfolios.get("p1")

    first, second = asyncio.run(scenario())
    assert first is second
    for mapping in (first.targets, first.limits):
        with pytest.raises(TypeError, match="does not support item assignment"):
            mapping["B"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        first.nav.values[0] = 2.0


def test_an_id_is_taken_once(portfolios):
    async def scenario():
        await portfolios.create("p1")
        await portfolios.create("p1")

    with pytest.raises(ConflictError, match="portfolio 'p1' exists already"):
        asyncio.run(scenario())


@pytest.mark.parametrize("portfolio_id", ["", "a b", "x" * 65, "../x"])
def test_ids_are_checked(portfolios, portfolio_id):
    with pytest.raises(ParameterError, match="`portfolio_id` must be 1 to 64 of letters"):
        asyncio.run(portfolios.create(portfolio_id))


@pytest.mark.parametrize(
    "write",
    [
        lambda p: p.create("p1", cash=float("nan")),
        lambda p: p.set_cash("p1", float("inf")),
        lambda p: p.save_snapshot("p1", [AAPL], cash=float("nan")),
    ],
)
def test_cash_is_a_number(portfolios, write):
    with pytest.raises(ParameterError, match="`cash` must be finite"):
        asyncio.run(write(portfolios))


def test_the_time_of_a_snapshot_has_a_zone(portfolios):
    with pytest.raises(DataError, match="`at` must have a time zone"):
        asyncio.run(portfolios.save_snapshot("p1", [AAPL], at=datetime(2024, 1, 2)))
    assert asyncio.run(portfolios.count()) == 0


def test_events_are_appended_in_order_and_read_together(portfolios):
    async def scenario():
        await portfolios.create("p1", events=[fill(1)])
        before = await portfolios.get("p1")
        change = await portfolios.append_events("p1", [fill(2), Transfer(AT, 5.0)])
        after = await portfolios.get("p1")
        return before, change, after

    before, change, after = asyncio.run(scenario())
    assert (change.what, change.version, change.added, change.duplicates) == ("events", 2, 2, 0)
    assert before.events == (fill(1),)
    assert after.events == (fill(1), fill(2), Transfer(AT, 5.0))
    assert after.events[0] is before.events[0]


def test_a_fill_that_comes_twice_is_kept_once(portfolios, heard):
    async def scenario():
        await portfolios.create("p1", events=[fill(1)])
        mixed = await portfolios.append_events("p1", [fill(1), fill(2), fill(2)])
        again = await portfolios.append_events("p1", [fill(2)])
        return mixed, again, (await portfolios.get("p1")).events

    mixed, again, events = asyncio.run(scenario())
    assert (mixed.added, mixed.duplicates, mixed.version) == (1, 2, 2)
    assert (again.added, again.duplicates, again.version) == (0, 1, 2)
    assert events == (fill(1), fill(2))
    assert heard[-1] == ("p1", "events", 2)
    assert len(heard) == 2


def test_duplicates_are_found_among_many(portfolios):
    async def scenario():
        await portfolios.create("p1")
        many = [fill(number) for number in range(1, 1203)]
        await portfolios.append_events("p1", many)
        return await portfolios.append_events("p1", [*many, fill(0)])

    change = asyncio.run(scenario())
    assert (change.added, change.duplicates) == (1, 1202)


def test_the_same_fill_id_in_two_portfolios_is_two_fills(portfolios):
    async def scenario():
        await portfolios.create("p1", events=[fill(1)])
        return await portfolios.create("p2", events=[fill(1)])

    assert asyncio.run(scenario()).added == 1


def test_an_event_without_a_zone_is_refused_and_nothing_is_kept(portfolios):
    naive = Fill(datetime(2024, 1, 2), "AAPL", 1, 1.0)

    async def scenario():
        await portfolios.create("p1")
        with pytest.raises(DataError, match="`timestamp` must have a time zone, got 2024-01-02T00"):
            await portfolios.append_events("p1", [fill(1), naive])
        return await portfolios.get("p1")

    stored = asyncio.run(scenario())
    assert (stored.version, stored.events) == (1, ())


def test_events_that_no_ledger_can_book_are_refused_and_nothing_is_kept(portfolios, database):
    euro = Fill(AT + timedelta(days=9), "AAPL", 1, 1.0, currency="EUR")

    async def scenario():
        with pytest.raises(DataError, match="AAPL"):
            await portfolios.create("p1", events=[fill(1), euro])
        assert await portfolios.find("p1") is None
        await portfolios.create("p1", events=[fill(1)])
        with pytest.raises(DataError, match="AAPL"):
            await portfolios.append_events("p1", [fill(2), euro])
        await portfolios.append_events("p1", [fill(3)])
        return (await Portfolios(database).get("p1")).events

    assert asyncio.run(scenario()) == (fill(1), fill(3))


def test_stored_events_that_cannot_be_booked_are_told_to_who_needs_them(
    portfolios, database, caplog
):
    bad = Fill(AT + timedelta(days=9), "AAPL", 1, 1.0, currency="EUR")

    def force(connection):
        connection.execute(insert(portfolio_events).values(rows.event_row("p1", 1, bad)))

    async def scenario():
        await portfolios.create("p1", events=[fill(1)])
        await database.write(force)
        return await Portfolios(database).get("p1")

    stored = asyncio.run(scenario())
    assert stored.events == (fill(1), bad)
    assert "the events of portfolio p1: " in caplog.text
    with pytest.raises(DataError, match="AAPL"):
        tuple(stored.positions)


def test_no_events_is_a_mistake(portfolios):
    with pytest.raises(MissingInputError, match="`events` must have at least one event"):
        asyncio.run(portfolios.append_events("p1", []))


@pytest.mark.parametrize(
    "write",
    [
        lambda p, **k: p.append_events("p1", [fill(9)], **k),
        lambda p, **k: p.append_nav("p1", nav(1.0), **k),
        lambda p, **k: p.save_snapshot("p1", [AAPL], **k),
        lambda p, **k: p.set_targets("p1", {"A": 1.0}, **k),
        lambda p, **k: p.set_limits("p1", {"var_limit": 0.02}, **k),
        lambda p, **k: p.set_benchmark("p1", "TLT", **k),
        lambda p, **k: p.rename("p1", "Yours", **k),
        lambda p, **k: p.set_cash("p1", 1.0, **k),
        lambda p, **k: p.set_base_currency("p1", "EUR", **k),
        lambda p, **k: p.delete("p1", **k),
    ],
    ids=[
        "events",
        "nav",
        "snapshot",
        "targets",
        "limits",
        "benchmark",
        "name",
        "cash",
        "currency",
        "delete",
    ],
)
def test_a_stale_version_is_a_conflict_and_changes_nothing(portfolios, write):
    async def scenario():
        await portfolios.create("p1")
        await portfolios.set_targets("p1", {"B": 1.0}, expected_version=1)
        before = await portfolios.get("p1")
        with pytest.raises(
            ConflictError, match="'p1' has version 2, not 1: somebody else"
        ) as caught:
            await write(portfolios, expected_version=1)
        assert await portfolios.get("p1") is before
        await write(portfolios, expected_version=2)
        return caught.value.field

    assert asyncio.run(scenario()) == "expected_version"


@pytest.mark.parametrize(
    "write",
    [
        lambda p: p.append_events("p9", [fill(9)]),
        lambda p: p.append_nav("p9", nav(1.0)),
        lambda p: p.save_snapshot("p9", [AAPL], expected_version=1),
        lambda p: p.set_targets("p9", {}),
        lambda p: p.delete("p9"),
        lambda p: p.get("p9"),
    ],
    ids=["events", "nav", "snapshot", "targets", "delete", "get"],
)
def test_an_unknown_id_is_not_found(portfolios, write):
    with pytest.raises(NotFoundError, match="no portfolio 'p9' is stored") as caught:
        asyncio.run(write(portfolios))
    assert caught.value.field == "portfolio_id"


def test_values_replace_what_was_there(portfolios):
    async def scenario():
        await portfolios.create("p1", targets={"A": 1.0}, limits={"var_limit": 0.02})
        await portfolios.set_targets("p1", {"B": 0.5})
        await portfolios.set_limits("p1", [{"limit_type": "var_limit", "value": 0.03}])
        await portfolios.set_benchmark("p1", "TLT")
        await portfolios.rename("p1", "Mine")
        await portfolios.set_cash("p1", 5)
        await portfolios.set_base_currency("p1", "EUR")
        return await portfolios.get("p1")

    stored = asyncio.run(scenario())
    assert (dict(stored.targets), stored.benchmark, stored.name) == ({"B": 0.5}, "TLT", "Mine")
    assert dict(stored.limits[0]) == {"limit_type": "var_limit", "value": 0.03}
    assert (stored.cash, stored.base_currency, stored.version) == (5.0, "EUR", 7)


def test_targets_and_limits_must_be_storable(portfolios):
    async def scenario():
        await portfolios.create("p1")
        with pytest.raises(DataError, match="`targets` of A must be a finite weight, got nan"):
            await portfolios.set_targets("p1", {"A": float("nan")})
        with pytest.raises(
            DataError, match="`limits` must be a mapping of name -> number or a list"
        ):
            await portfolios.set_limits("p1", {"var_limit": float("inf")})
        with pytest.raises(DataError, match="`limits` must be a mapping"):
            await portfolios.set_limits("p1", 5)

    asyncio.run(scenario())


def test_nav_grows_at_its_end_only(portfolios):
    async def scenario():
        await portfolios.create("p1")
        await portfolios.append_nav("p1", nav(100.0, 110.0))
        first = (await portfolios.get("p1")).nav
        await portfolios.append_nav("p1", nav(99.0, start="2024-01-04"))
        second = (await portfolios.get("p1")).nav
        with pytest.raises(ConflictError, match="`nav` of 'p1' begins at or before the last value"):
            await portfolios.append_nav("p1", nav(1.0, start="2024-01-04"))
        return first, second

    first, second = asyncio.run(scenario())
    assert first.values.tolist() == [100.0, 110.0]
    assert second.values.tolist() == [100.0, 110.0, 99.0]
    assert str(second.times[-1]) == "2024-01-04T00:00:00.000000"
    assert second.returns().round(6).tolist() == [0.1, -0.1]
    assert second.returns(200.0)[0] == -0.5


def test_returns_of_nav_are_those_of_the_book():
    marks = [Mark(AT + timedelta(days=n), {"A": p}) for n, p in enumerate((10.0, 11.0, 12.0))]
    events = [Fill(AT, "A", 5, 10.0), Transfer(AT + timedelta(days=1), 40.0), *marks]
    book = run_ledger(events, cash=100.0)
    times = np.array([t.replace(tzinfo=None) for t in book.marked_at], dtype="M8[us]")
    stored = NavHistory(times, book.nav_values, book.flow_values)
    assert stored.returns(100.0).tolist() == book.returns.tolist()
    assert stored.returns().tolist() == book.returns.tolist()[1:]


@pytest.mark.parametrize(
    ("history", "error", "match"),
    [
        (nav(), MissingInputError, "`nav` must have at least one value"),
        (nav(float("nan")), DataError, "`nav` must be finite"),
        (
            NavHistory(np.array(["2024-01-02"] * 2, dtype="M8[us]"), np.ones(2), np.zeros(2)),
            DataError,
            "times of `nav` must increase strictly",
        ),
        (
            NavHistory(np.array(["2024-01-02"], dtype="M8[us]"), np.ones(2), np.zeros(2)),
            DataError,
            r"`nav` must have one length, got \[1, 2\]",
        ),
    ],
)
def test_nav_is_checked(portfolios, history, error, match):
    with pytest.raises(error, match=match):
        asyncio.run(portfolios.append_nav("p1", history))


def test_a_snapshot_makes_the_portfolio_it_needs(portfolios, clock, heard):
    async def scenario():
        await portfolios.save_snapshot(
            "p1", [{"symbol": "AAPL", "quantity": 1, "price": 2}], cash=5
        )
        return await portfolios.get("p1")

    stored = asyncio.run(scenario())
    assert stored.positions == (Position("AAPL", 1, 2),)
    assert (stored.snapshot.at, stored.snapshot.cash, stored.cash) == (clock.now, 5, 5.0)
    assert heard == [("p1", "snapshot", 1)]


def test_positions_are_the_snapshot_until_events_come_after_it(portfolios):
    async def scenario():
        await portfolios.create("p1", events=[fill(1, 30.0)])
        only_events = (await portfolios.get("p1")).positions
        await portfolios.save_snapshot("p1", [AAPL])
        stated = (await portfolios.get("p1")).positions
        await portfolios.append_events("p1", [fill(2, -10.0), fill(3, 4.0, "MSFT")])
        return only_events, stated, (await portfolios.get("p1")).positions

    only_events, stated, later = asyncio.run(scenario())
    assert only_events == (Position("AAPL", 30.0, 100.1, average_cost=100.1),)
    assert stated == (AAPL,)
    assert later == (
        Position("AAPL", 20.0, 100.1, average_cost=100.1),
        Position("MSFT", 4.0, 100.1, average_cost=100.1),
    )


def test_ledger_positions_take_the_last_price_told_in_any_currency(portfolios):
    events = [
        Fill(AT, "SAP", 10, 100.0, currency="EUR"),
        Mark(AT + timedelta(days=1), {"SAP": 120.0}),
        Dividend(AT + timedelta(days=2), "SAP", 1.0, "EUR"),
    ]

    async def scenario():
        await portfolios.create("p1", events=events)
        return await portfolios.get("p1")

    (held,) = asyncio.run(scenario()).positions
    assert (held.price, held.average_cost, held.currency) == (120.0, 100.0, "EUR")


def test_resolve_puts_the_request_in_the_place_of_what_is_stored(portfolios):
    async def scenario():
        await portfolios.create(
            "p1", events=[fill(1)], benchmark="SPY", limits={"var_limit": 0.02}, cash=10.0
        )
        plain = await portfolios.resolve("p1")
        sent = await portfolios.resolve(
            "p1", positions=[AAPL], benchmark="TLT", limits={}, nav=nav(1.0), targets={"A": 1.0}
        )
        return plain, sent, await portfolios.get("p1")

    plain, sent, stored = asyncio.run(scenario())
    assert plain.version == stored.version
    assert (plain.version, plain.benchmark, plain.stored) == (1, "SPY", True)
    assert sent.positions == (AAPL,)
    assert (sent.benchmark, dict(sent.limits), len(sent.nav)) == ("TLT", {}, 1)
    assert (sent.events, sent.cash) == (stored.events, 10.0)
    assert (stored.benchmark, stored.snapshot, len(stored.nav)) == ("SPY", None, 0)


def test_resolve_makes_an_ephemeral_portfolio_of_inline_positions(portfolios, clock):
    async def scenario():
        found = await portfolios.resolve("p9", positions=[AAPL], cash=7.0)
        return found, await portfolios.count()

    found, count = asyncio.run(scenario())
    assert (found.stored, found.version, found.cash, count) == (False, 0, 7.0, 0)
    assert found.snapshot.at == clock.now
    assert found.positions == (AAPL,)


def test_resolve_with_inline_events_forgets_the_stored_snapshot(portfolios):
    async def scenario():
        await portfolios.save_snapshot("p1", [AAPL])
        return await portfolios.resolve("p1", events=[fill(1, 3.0, "MSFT")])

    assert asyncio.run(scenario()).symbols == ("MSFT",)


def test_resolve_needs_something(portfolios):
    with pytest.raises(NotFoundError, match=r"no portfolio 'p9' is stored\. Create it, or send"):
        asyncio.run(portfolios.resolve("p9", benchmark="SPY"))


def test_an_empty_list_of_positions_means_none_are_held(portfolios):
    assert asyncio.run(portfolios.resolve("p9", positions=[])).positions == ()


def test_pages_and_count(portfolios):
    async def scenario():
        for name in ("b", "a", "c"):
            await portfolios.create(name, events=[fill(1)] if name == "b" else ())
        first = await portfolios.list(limit=2)
        rest = await portfolios.list(limit=2, after=first[-1].id)
        return first, rest, await portfolios.count()

    first, rest, count = asyncio.run(scenario())
    assert [one.id for one in (*first, *rest)] == ["a", "b", "c"]
    assert first[1].event_count == 1
    assert count == 3


def test_what_is_deleted_leaves_nothing_for_its_successor(portfolios, clock, heard):
    async def scenario():
        await portfolios.create("p1", events=[fill(1)])
        await portfolios.append_nav("p1", nav(1.0))
        await portfolios.get("p1")
        await portfolios.delete("p1")
        assert await portfolios.find("p1") is None
        clock.forward(seconds=1)
        await portfolios.create("p1")
        return await portfolios.get("p1")

    stored = asyncio.run(scenario())
    assert (stored.events, len(stored.nav), stored.version) == ((), 0, 1)
    assert ("p1", "deleted", 2) in heard


def test_another_process_sees_each_write(url, portfolios, clock):
    other_database = open_database(url)
    other = Portfolios(other_database, clock=clock)

    async def scenario():
        await portfolios.create("p1", events=[fill(1)])
        seen = [len((await other.get("p1")).events)]
        await other.append_events("p1", [fill(2)])
        seen.append(len((await portfolios.get("p1")).events))
        await portfolios.append_events("p1", [fill(3)])
        seen.append(len((await other.get("p1")).events))
        await other.delete("p1")
        clock.forward(seconds=1)
        await other.create("p1")
        seen.append(len((await portfolios.get("p1")).events))
        return seen

    assert asyncio.run(scenario()) == [1, 2, 3, 0]
    other_database.close_now()


def test_writers_that_race_lose_nothing(url, clock):
    databases = [open_database(url) for _ in range(2)]
    first, second = (Portfolios(database, clock=clock) for database in databases)

    async def scenario():
        await first.create("p1")
        await asyncio.gather(
            *(
                repository.append_events("p1", [fill(2 * number + position)])
                for number in range(20)
                for position, repository in enumerate((first, second))
            )
        )
        return await first.get("p1")

    stored = asyncio.run(scenario())
    assert stored.version == 41
    assert {event.fill_id for event in stored.events} == {f"f{n}" for n in range(40)}
    for database in databases:
        database.close_now()


def test_of_two_writers_with_the_same_version_one_wins(portfolios):
    async def scenario():
        await portfolios.create("p1")
        return await asyncio.gather(
            *(portfolios.set_targets("p1", {"A": w}, expected_version=1) for w in (0.1, 0.2)),
            return_exceptions=True,
        )

    outcomes = asyncio.run(scenario())
    assert sorted(type(one).__name__ for one in outcomes) == ["Change", "ConflictError"]


def test_a_change_that_cannot_be_journalled_is_not_made(portfolios, heard, monkeypatch):
    def fail(*_):
        raise ConflictError("no room")

    monkeypatch.setattr(Heard, "write", fail)
    with pytest.raises(ConflictError, match="no room"):
        asyncio.run(portfolios.create("p1"))
    assert asyncio.run(portfolios.count()) == 0


def test_a_cancelled_writer_is_heard_all_the_same(portfolios, heard, monkeypatch):
    writing, go = threading.Event(), threading.Event()
    write = Heard.write

    def slow(*args):
        writing.set()
        go.wait(5)
        write(*args)

    async def scenario():
        task = asyncio.create_task(portfolios.create("p1"))
        await asyncio.to_thread(writing.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        return await portfolios.count(), await portfolios.delete("p1")

    monkeypatch.setattr(Heard, "write", slow)
    asyncio.run(scenario())
    assert heard == [("p1", "created", 1), ("p1", "deleted", 1)]


def test_the_cache_forgets_the_longest_unused(portfolios, monkeypatch):
    monkeypatch.setattr("nautilus.server.state.portfolios.CACHED", 1)

    async def scenario():
        await portfolios.create("a")
        await portfolios.create("b")
        first = await portfolios.get("a")
        await portfolios.get("b")
        return first, await portfolios.get("a")

    first, again = asyncio.run(scenario())
    assert first is not again
    assert first.id == again.id
