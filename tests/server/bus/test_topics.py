from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError
from nautilus.server.bus import topics
from nautilus.server.bus.interface import usual_overflow
from nautilus.server.bus.topics import (
    FAMILIES,
    check_pattern,
    check_topic,
    escape,
    families_of,
    family_of,
    matches,
    unescape,
)

DOCUMENTED = (
    "market.data.AAPL",
    "market.quotes.AAPL",
    "market.trades.AAPL",
    "market.orderbook.AAPL",
    "portfolio.pnl.portfolio_001",
    "portfolio.positions.portfolio_001",
    "portfolio.performance.portfolio_001",
    "risk.alerts.portfolio_001",
    "risk.limits.portfolio_001",
    "risk.breaches.portfolio_001",
    "risk.check.request",
    "risk.breach.alert",
    "trading.orders.portfolio_001",
    "trading.executions.portfolio_001",
    "trading.positions.portfolio_001",
    "strategy.execution.strategy_001",
    "system.health.risk",
    "system.alert.x",
    "system.alerts.x",
    "system.maintenance.x",
    "websocket.broadcast",
    "market.feed.ensure.request",
    "portfolio.updated.portfolio_001",
)


@pytest.mark.parametrize("topic", DOCUMENTED)
def test_documented_topics_are_known(topic):
    assert check_topic(topic) == topic == check_pattern(topic)
    assert family_of(topic).name == ".".join(topic.split(".")[:2])


def test_targets_are_those_of_the_documented_messages():
    assert family_of("risk.check.request").target == "risk"
    assert family_of("risk.breach.alert").target is None
    assert family_of("websocket.broadcast").target == "websocket"


@pytest.mark.parametrize(
    ("pattern", "mode", "overflow"),
    [
        ("market.data.*", "work", "drop_oldest"),
        ("portfolio.pnl.*", "work", "drop_oldest"),
        ("risk.breaches.*", "broadcast", "drop_oldest"),
        ("risk.breaches.*", "work", "wait"),
        ("trading.>", "work", "wait"),
        (">", "work", "wait"),
    ],
)
def test_a_reader_that_is_too_slow_loses_prices_and_nothing_else(pattern, mode, overflow):
    assert usual_overflow(pattern, mode) == overflow


@given(st.text(min_size=1, max_size=20))
def test_any_id_is_one_token_and_comes_back(identifier):
    token = escape(identifier)
    assert "." not in token
    assert unescape(token) == identifier
    assert check_topic(f"market.data.{token}")


def test_an_empty_id_is_refused():
    with pytest.raises(ParameterError, match="an id in a topic must not be empty"):
        escape("")


@pytest.mark.parametrize(
    ("topic", "match"),
    [
        ("", "`topic` must be a topic such as risk.check.request"),
        (None, "`topic` must be a topic"),
        ("market.data.A B", r"a token must be 1 to 200 of .*, got 'A B'"),
        ("market.data.", r"got ''"),
        ("market.data.*", r"got '\*'.*Make ids tokens with escape"),
        ("market.dat.AAPL", r"no known family of topics. Did you mean market.data"),
        ("zzz.qqq", r"no known family of topics. Known: market.data, "),
        ("market", r"no known family"),
        ("market.data" + ".x" * 7, "`topic` must have at most 8 tokens, got 9"),
        ("market.data." + "x" * 250, "`topic` must have at most 256 characters, got 262"),
        ("market.data." + "x" * 201, "a token must be 1 to 200"),
    ],
)
def test_bad_topics_are_refused(topic, match):
    with pytest.raises(ParameterError, match=match):
        check_topic(topic)


@pytest.mark.parametrize(
    "pattern", [">", "market.>", "*.positions.*", "*.*.p1", "market.data.*", "websocket.*"]
)
def test_patterns(pattern):
    assert check_pattern(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "match"),
    [
        ("market.>.AAPL", "a token must be"),
        ("market.da*.AAPL", "a token must be"),
        ("*.nothing.x", r"no topic can match '\*\.nothing\.x'"),
        ("market.nothing.x", "no known family"),
        ("*", "no topic can match"),
        ("*" * 200, "a token must be"),
    ],
)
def test_bad_patterns_are_refused(pattern, match):
    with pytest.raises(ParameterError, match=match):
        check_pattern(pattern)


def test_patterns_expand_over_the_closed_list():
    assert families_of(">") == tuple(FAMILIES.values())
    assert {family.name for family in families_of("risk.*.p1")} == {
        "risk.alerts",
        "risk.limits",
        "risk.breaches",
        "risk.breach",
        "risk.check",
    }


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("market.data.*", "market.data.AAPL", True),
        ("market.data.*", "market.data", False),
        ("market.data.*", "market.data.AAPL.x", False),
        ("market.>", "market.data.AAPL", True),
        ("market.>", "market", False),
        (">", "market", True),
        ("*.data.AAPL", "market.data.AAPL", True),
        ("market.data.BRK%2EB", "market.data.BRK%2EB", True),
    ],
)
def test_matching(pattern, topic, expected):
    assert matches(pattern, topic) is expected


def test_builders_name_known_topics():
    for name in topics.__all__:
        builder = getattr(topics, name)
        if name.split("_")[0] in ("market", "portfolio", "risk", "system"):
            assert check_topic(builder("id.1")).endswith(".id%2E1")
