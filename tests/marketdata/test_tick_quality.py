"""Quotes and trades: what contradicts itself, its quote or its neighbours."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from nautilus.core.errors import LabelError, ParameterError
from nautilus.marketdata import tick_quality

START = dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC)


def at(seconds):
    return [START + dt.timedelta(seconds=s) for s in seconds]


def trades(prices, **columns):
    return pl.DataFrame({"timestamp": at(range(len(prices))), "price": prices, **columns})


def walk(count=300):
    steps = np.random.default_rng(1).choice([-0.01, 0.0, 0.01], count)
    return np.round(50 + np.cumsum(steps), 2)


def test_clean_ticks_raise_nothing():
    report = tick_quality(trades(walk(), sequence=range(300), size=[100.0] * 300))
    assert (report.issues, report.consistency, report.n_lost) == ((), 1.0, 0)


def test_a_bad_print_is_far_from_its_neighbours():
    prices = walk()
    prices[[50, 200]] += [1.0, -1.0]
    report = tick_quality(trades(prices), neighbours=20)
    assert report.filtered == (50, 200)
    assert report.issues[0].expected == pytest.approx(50, abs=0.5)


def test_a_move_that_stays_is_no_bad_print():
    prices = walk()
    prices[150:] += 1.0
    assert tick_quality(trades(prices), neighbours=20).filtered == ()


def test_the_first_and_last_trades_are_judged_by_those_that_there_are():
    prices = walk()
    prices[[0, 299]] += 5.0
    assert tick_quality(trades(prices), neighbours=20).filtered == (0, 299)


def test_quotes_cross_and_trades_leave_them():
    quotes = pl.DataFrame(
        {
            "timestamp": at([0, 2, 4, 6]),
            "bid": [9.9, 10.2, 10.0, 9.9],
            "ask": [10.0, 10.1, 10.0, 10.0],
        }
    )
    report = tick_quality(trades([9.95, 10.6, 10.0, 10.0, 10.0, 10.0, 9.0, 10.4]), quotes=quotes)
    assert report.issue_counts == {
        "crossed_quote": 1,
        "locked_quote": 1,
        "trade_outside_quote": 2,
    }
    assert report.checks["trade_outside_quote"]["checked"] == 6  # a crossed quote judges nobody
    assert report.n_quotes == 4


def test_numbers_that_repeat_or_are_missing():
    report = tick_quality(trades([10.0] * 6, sequence=[1, 2, 2, 5, 6, 9]))
    assert report.n_lost == 4
    assert report.issue_counts == {"duplicate": 1, "sequence_gap": 2}


def test_impossible_trades_and_disorder():
    broken = trades([10.0, np.nan, -1.0, 10.0], size=[1.0, 1.0, 1.0, 0.0])
    assert tick_quality(broken).issue_counts == {"bad_trade": 3}
    turned = trades([10.0] * 3).with_columns(pl.Series("timestamp", at([0, 2, 1])))
    assert tick_quality(turned).issue_counts == {"out_of_order": 1}


def test_bad_requests_are_refused():
    with pytest.raises(LabelError, match="`trades` must have a column `price`"):
        tick_quality(pl.DataFrame({"timestamp": at([0])}))
    with pytest.raises(ParameterError, match="`neighbours` must be at least 4"):
        tick_quality(trades([1.0]), neighbours=2)
