from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from nautilus.core.errors import DataError
from nautilus.server.state.client_subscriptions import ClientSubscriptions


@pytest.fixture
def repository(database, clock):
    return ClientSubscriptions(database, clock=clock, keep=timedelta(hours=1))


def test_what_was_asked_for_comes_back(repository, clock):
    async def scenario():
        await repository.add("c1", [("market.>", None), ("risk.alerts.p1", {"severity": ["HIGH"]})])
        await repository.add("c2", [("system.>", {})])
        return await repository.of("c1")

    first, second = asyncio.run(scenario())
    assert (first.topic, first.filters, first.subject) == ("market.>", {}, None)
    assert (second.topic, second.filters) == ("risk.alerts.p1", {"severity": ["HIGH"]})
    assert first.expires_at - first.created_at == timedelta(hours=1)
    assert first.created_at == clock.now


def test_clients_of_another_subject_are_others(repository):
    async def scenario():
        await repository.add("c1", [("a", {})], subject="ann")
        await repository.add("c1", [("b", {})])
        await repository.remove("c1", ["a", "b"], subject="bob")
        found = [await repository.of("c1", subject=who) for who in ("ann", None, "bob")]
        return [[(one.topic, one.subject) for one in each] for each in found]

    assert asyncio.run(scenario()) == [[("a", "ann")], [("b", None)], []]


def test_a_topic_asked_for_again_has_the_new_filters_and_a_new_time(repository, clock):
    async def scenario():
        await repository.add("c1", [("a", {"x": 1}), ("a", {"x": 2})])
        clock.forward(minutes=40)
        await repository.add("c1", [("a", {"x": 3})])
        clock.forward(minutes=40)
        return await repository.of("c1")

    (only,) = asyncio.run(scenario())
    assert only.filters == {"x": 3}


def test_removing_says_how_many_were_there(repository):
    async def scenario():
        await repository.add("c1", [("a", {}), ("b", {}), ("c", {}), ("d", {})])
        some = await repository.remove("c1", ["a", "b", "z"])
        rest = await repository.remove("c1")
        return some, rest, await repository.of("c1")

    assert asyncio.run(scenario()) == (2, 2, ())


def test_what_has_expired_is_not_shown_and_then_purged(repository, clock):
    async def scenario():
        await repository.add("c1", [("a", {})])
        await repository.add("c2", [("a", {})])
        clock.forward(minutes=61)
        shown = await repository.of("c1")
        return shown, await repository.purge(), await repository.purge()

    assert asyncio.run(scenario()) == ((), 2, 0)


def test_filters_that_json_cannot_hold_are_refused_and_nothing_is_kept(repository):
    async def scenario():
        await repository.add("c1", [("a", {})])
        with pytest.raises(DataError, match="`filters` of 'b' must be what JSON can hold"):
            await repository.add("c1", [("a", {"x": 1}), ("b", {"x": float("nan")})])
        return [one.filters for one in await repository.of("c1")]

    assert asyncio.run(scenario()) == [{}]
