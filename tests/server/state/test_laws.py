"""Whatever two processes do in turn, each reads what a plain dictionary would hold."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting import Fill, Position
from nautilus.core.errors import ConflictError, NotFoundError
from nautilus.server.state import NavHistory, Portfolios, open_database
from nautilus.server.state.held import held_after

AT = datetime(2024, 1, 2, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["create", "fill", "fill", "nav", "targets", "snapshot", "delete", "read"]),
        st.integers(0, 5),
    ),
    max_size=14,
)


class Model:
    """What should be stored of one portfolio; None while it is not."""

    def __init__(self):
        self.stored = None

    def do(self, what, number):
        if what == "create":
            if self.stored is not None:
                raise ConflictError("exists")
            self.stored = {"version": 1, "fills": {}, "nav": [], "targets": {}, "snapshot": None}
            return
        if self.stored is None and what != "snapshot":
            raise NotFoundError("unknown")
        getattr(self, what)(number)

    def fill(self, number):
        if number not in self.stored["fills"]:
            self.stored["fills"][number] = fill(number)
            self.stored["version"] += 1

    def nav(self, number):
        if self.stored["nav"] and self.stored["nav"][-1] >= number:
            raise ConflictError("not later")
        self.stored["nav"].append(number)
        self.stored["version"] += 1

    def targets(self, number):
        self.stored["targets"] = {"A": float(number)}
        self.stored["version"] += 1

    def snapshot(self, number):
        if self.stored is None:
            self.do("create", 0)
            self.stored["version"] = 0
        self.stored["snapshot"] = (number, len(self.stored["fills"]))
        self.stored["version"] += 1

    def delete(self, number):
        self.stored = None

    def read(self, number):
        return


def fill(number):
    return Fill(AT + timedelta(days=number), "A", 10.0 - 4 * number, 7.0, fill_id=str(number))


async def carry_out(portfolios, what, number):
    if what == "create":
        await portfolios.create("p")
    elif what == "fill":
        await portfolios.append_events("p", [fill(number)])
    elif what == "nav":
        times = np.datetime64("2024-01-01", "us") + np.array([np.timedelta64(number, "D")])
        await portfolios.append_nav("p", NavHistory(times, np.array([1.0 * number]), np.zeros(1)))
    elif what == "targets":
        await portfolios.set_targets("p", {"A": float(number)})
    elif what == "snapshot":
        await portfolios.save_snapshot("p", [Position("B", number, 1.0)])
    elif what == "delete":
        await portfolios.delete("p")
    else:
        await portfolios.get("p")


def agree(portfolio, stored):
    if stored is None:
        assert portfolio is None
        return
    fills = tuple(stored["fills"].values())
    assert portfolio.version == stored["version"]
    assert portfolio.events == fills
    assert portfolio.nav.values.tolist() == stored["nav"]
    assert dict(portfolio.targets) == stored["targets"]
    snapshot = stored["snapshot"]
    if snapshot is not None and snapshot[1] == len(fills):
        assert portfolio.positions == (Position("B", snapshot[0], 1.0),)
    else:
        assert portfolio.positions == held_after(fills).positions


@given(STEPS)
def test_two_processes_read_what_was_written(steps):
    now = [AT]

    def clock():
        now[0] += timedelta(microseconds=1)
        return now[0]

    async def scenario(databases):
        repositories = [Portfolios(database, clock=clock) for database in databases]
        model = Model()
        for who, what, number in steps:
            try:
                model.do(what, number)
                expected = None
            except (ConflictError, NotFoundError) as error:
                expected = type(error)
            try:
                await carry_out(repositories[who], what, number)
                found = None
            except (ConflictError, NotFoundError) as error:
                found = type(error)
            assert found is expected
            agree(await repositories[1 - who].find("p"), model.stored)
        for portfolios in repositories:
            agree(await portfolios.find("p"), model.stored)

    with tempfile.TemporaryDirectory() as folder:
        databases = [open_database(f"sqlite:///{folder}/state.db") for _ in range(2)]
        try:
            asyncio.run(scenario(databases))
        finally:
            for database in databases:
                database.close_now()
