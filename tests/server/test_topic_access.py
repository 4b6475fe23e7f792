from __future__ import annotations

import pytest

from nautilus.server.bus.topics import FAMILIES, families_of
from nautilus.server.identity import Identity
from nautilus.server.topic_access import (
    _BY_PORTFOLIO,
    _ENGINES,
    hears_everything,
    may_receive,
    may_subscribe,
)

ALL = Identity("all", frozenset({"read"}))
ONE = Identity("one", frozenset({"read"}), ("p1", "BRK.B"))
NONE = Identity("none", frozenset({"read"}), ())
MARKET = Identity("market", frozenset({"websocket:read", "marketdata:read"}))

FOR_CLIENTS = [row.name for row in FAMILIES.values() if row.target is None]
BETWEEN_ENGINES = [row.name for row in FAMILIES.values() if row.target is not None]


def test_without_authentication_everything_may_be_heard():
    assert may_subscribe(None, "portfolio.>")
    assert may_receive(None, "portfolio.pnl.p1")
    assert hears_everything(None)


@pytest.mark.parametrize("family", FOR_CLIENTS)
def test_a_reader_hears_every_topic_for_clients(family):
    assert may_subscribe(ALL, f"{family}.*")
    assert may_receive(ALL, f"{family}.x")


@pytest.mark.parametrize("family", BETWEEN_ENGINES)
def test_nobody_hears_requests_between_engines(family):
    assert not may_subscribe(ALL, f"{family}.>")
    assert not may_receive(ALL, f"{family}.request")


@pytest.mark.parametrize("family", sorted(_BY_PORTFOLIO & FAMILIES.keys()))
@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("p1", True),
        ("BRK%2EB", True),
        ("p2", False),
        ("P1", False),
        ("p1%2E", False),
        ("BRK", False),
    ],
)
def test_a_portfolio_of_somebody_else_is_silent(family, last, expected):
    assert may_subscribe(ONE, f"{family}.{last}") is expected
    assert may_receive(ONE, f"{family}.{last}") is expected


@pytest.mark.parametrize("pattern", ["portfolio.pnl.*", "portfolio.pnl.>", "portfolio.>", "*.*.p1"])
def test_a_wildcard_is_accepted_and_filtered_by_message(pattern):
    assert may_subscribe(ONE, pattern)
    assert may_receive(ONE, "portfolio.pnl.p1")
    assert not may_receive(ONE, "portfolio.pnl.p2")


@pytest.mark.parametrize("pattern", ["portfolio.*.p2", "risk.*.p2", "risk.breach.>"])
def test_a_wildcard_that_can_match_nothing_allowed_is_refused(pattern):
    assert families_of(pattern)
    assert not may_subscribe(ONE, pattern)


def test_without_any_portfolio_only_what_is_of_nobody_is_heard():
    assert not may_subscribe(NONE, "portfolio.>")
    assert may_receive(NONE, "market.quotes.AAPL")


@pytest.mark.parametrize("topic", ["risk.breach.alert", "strategy.execution.s1"])
def test_what_may_tell_of_any_portfolio_is_not_for_the_restricted(topic):
    assert may_receive(ALL, topic)
    assert not may_receive(ONE, topic)


def test_a_topic_needs_the_engine_that_answers_the_same_over_http():
    assert may_receive(MARKET, "market.data.AAPL")
    assert not may_receive(MARKET, "portfolio.pnl.p1")
    assert may_subscribe(MARKET, "*.*.AAPL")
    assert [hears_everything(one) for one in (ALL, MARKET, ONE)] == [True, False, False]


def test_an_unknown_topic_is_silent():
    assert not may_receive(ALL, "nothing.known.p1")
    assert not may_receive(ALL, "portfolio")


def test_every_family_for_clients_belongs_to_an_engine():
    assert {name.partition(".")[0] for name in FOR_CLIENTS} <= _ENGINES.keys()
    assert FAMILIES.keys() >= _BY_PORTFOLIO
