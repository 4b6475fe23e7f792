"""Filters: the documented ones, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError
from nautilus.server.websocket.filters import filters_of


def test_severity_and_strategy_ids_are_lists_of_what_is_wanted():
    wanted = filters_of({"severity": ["HIGH", "CRITICAL"]})
    assert wanted.lets_through({"severity": "HIGH"}, None)
    assert not wanted.lets_through({"severity": "LOW"}, None)
    assert not wanted.lets_through({}, None)
    assert filters_of({"strategy_ids": "s1"}).lets_through({"strategy_id": "s1"}, None)


def test_a_quote_moves_by_its_mid():
    wanted = filters_of({"price_change_threshold": 0.01})
    assert not wanted.lets_through({"bid": 100.0, "ask": 101.0}, 100.0)
    assert wanted.lets_through({"bid": 101.0, "ask": 102.0}, 100.0)
    assert wanted.lets_through({"other": 1}, 100.0)


@given(st.floats(1.0, 1e6), st.floats(0.001, 0.5))
def test_a_move_of_exactly_the_threshold_counts(price, threshold):
    wanted = filters_of({"price_change_threshold": threshold})
    assert wanted.lets_through({"price": price * (1.0 + threshold)}, price)
    assert not wanted.lets_through({"price": price * (1.0 + threshold * 0.99)}, price)


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1.0), ("500ms", 0.5), ("2m", 120.0), ("0.25s", 0.25)]
)
def test_update_frequency(text, seconds):
    assert filters_of({"update_frequency": text}).update_frequency == seconds


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"severities": ["HIGH"]}, "Did you mean severity"),
        ({"colour": 1}, "Known: metrics"),
        ({"update_frequency": "often"}, "must be like"),
        ({"update_frequency": "2h"}, "must be like"),
        ({"update_frequency": "0s"}, "must be like"),
        ({"price_change_threshold": "1%"}, "must be a fraction"),
        ({"price_change_threshold": True}, "must be a fraction"),
        ({"price_change_threshold": float("nan")}, "must be a fraction"),
        ({"metrics": []}, "must be a list of 1 to 100 words"),
        ({"metrics": [1]}, "must be a list"),
        (["severity"], "must be like"),
    ],
)
def test_what_is_refused_says_what_is_known(given_, message):
    with pytest.raises(ParameterError, match=message):
        filters_of(given_)
