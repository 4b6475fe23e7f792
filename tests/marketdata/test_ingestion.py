"""Ticks on their way in: one by one and by the array to the bit, repeats, holes, late ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError
from nautilus.marketdata import DepthTick, Ingestion, QuoteTick, TradeTick

T0 = 1_704_205_800_000_000  # microseconds
MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("trade"),
            "symbol": st.sampled_from(["A", "B"]),
            "timestamp": st.integers(T0, T0 + 50),
            "price": st.sampled_from([9.5, 9.6, 20.0, 0.0, -1.0, "x", None]),
            "size": st.sampled_from([1.0, 100]),
        },
        optional={"sequence": st.integers(0, 12), "side": st.sampled_from(["buy", "sell", "up"])},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("quote"),
            "symbol": st.sampled_from(["A", "B"]),
            "timestamp": st.one_of(st.none(), st.integers(T0, T0 + 50)),
            "bid": st.just(9.4),
            "bid_size": st.just(1),
            "ask": st.sampled_from([9.3, 9.5]),
            "ask_size": st.just(0),
            "sequence": st.integers(0, 12),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("depth"),
            "symbol": st.just("A"),
            "timestamp": st.just(T0),
            "first_sequence": st.integers(0, 6),
            "sequence": st.integers(6, 12),
        }
    ),
    st.just({"type": "news"}),
    st.just(7),
)


def fed(door):
    came = []
    live = Ingestion("test", came.extend, window=4)
    door(live)
    return live.counts(), live.latencies(), came


@given(st.lists(st.lists(MESSAGES, max_size=30), max_size=4))
def test_a_batch_is_the_messages_one_by_one_to_the_bit(batches):
    def one_by_one(live):
        for n, batch in enumerate(batches):
            for message in batch:
                live.update(json.dumps(message).encode(), (T0 + n) * 1_000)

    def by_array(live):
        for n, batch in enumerate(batches):
            live.update_batch(json.dumps(batch).encode(), (T0 + n) * 1_000)

    single, batch = fed(one_by_one), fed(by_array)
    assert single == batch
    counts = single[0]
    assert counts.received == sum(map(len, batches))
    assert counts.received == counts.published + counts.invalid + counts.duplicates + counts.late
    assert counts.published == len(single[2])


def trade(sequence=None, price=9.5, at=T0, symbol="A"):
    return TradeTick(symbol, at, price, 1.0, sequence)


def counted(ticks, **options):
    live = Ingestion("test", lambda new: None, **options)
    live.accept(ticks, T0 * 1_000)
    return live.counts()


def test_a_hole_is_lost_until_a_late_trade_fills_it():
    assert counted([trade(1), trade(2), trade(6)]).lost == 3
    filled = counted([trade(1), trade(6), trade(4), trade(4)])
    assert (filled.published, filled.lost, filled.duplicates) == (3, 3, 1)


def test_what_is_further_back_than_the_window_is_lost_for_good():
    counts = counted([trade(1), trade(1_000_000_000), trade(2), trade(999_999_999)], window=4)
    assert (counts.published, counts.duplicates, counts.lost) == (3, 1, 999_999_997)


def test_trades_without_numbers_are_the_same_by_time_and_content():
    counts = counted([trade(), trade(), trade(price=9.6), trade(at=T0 + 1), trade(symbol="B")])
    assert (counts.published, counts.duplicates) == (4, 1)
    forgotten = counted([trade(at=T0 + n) for n in (0, 1, 2, 0)], window=2)
    assert forgotten.duplicates == 0


def test_quotes_may_skip_numbers_and_old_ones_are_worthless():
    quotes = [QuoteTick("A", T0, 9.4, 1, 9.5, 1, n) for n in (3, 9, 9, 5)]
    counts = counted([*quotes, QuoteTick("A", None, 9.6, 1, 9.5, 1, 10)])
    assert (counts.published, counts.lost, counts.duplicates, counts.late) == (3, 0, 1, 1)
    assert counts.crossed == 1


def test_depth_covers_a_range_of_numbers():
    spans = [(1, 4), (5, 5), (8, 9), (8, 9), (6, 7), (9, 12)]
    counts = counted([DepthTick("A", T0, *span) for span in spans])
    assert (counts.published, counts.lost, counts.duplicates) == (5, 0, 1)


def test_a_range_without_bounds_or_the_wrong_way_round_costs_nothing():
    spans = [(1, 4), (9, 9), (0, 2**60), (7, 3), (2**60, 2**60 + 1)]
    counts = counted([DepthTick("A", T0, *span) for span in spans])
    assert (counts.published, counts.duplicates, counts.lost) == (4, 1, 0)


def test_jumps_are_counted_and_published():
    counts = counted([trade(1), trade(2, 11.0), trade(3, 11.1)], jump_limit=0.1)
    assert (counts.jumps, counts.published) == (1, 3)


def test_latency_is_relative_where_the_clocks_differ():
    live = Ingestion("test", lambda new: None)
    received = [(T0 + n) * 1_000 - 1_272_000_000 + late for n, late in enumerate((900, 0, 2_500))]
    live.accept([trade(n, at=T0 + n) for n in range(3)], received)
    counts, histogram = live.counts(), live.latencies()["A"]
    assert counts.latency_is_relative
    assert counts.clock_offset_ms == -1272.0
    assert (histogram.minimum, histogram.maximum) == (0, 2_500)
    assert live.recent_latencies(at=received[-1]).count == 3
    assert live.recent_latencies(at=received[-1] + 61_000_000_000).count == 0


def test_a_wrong_message_says_what_is_wrong_and_stops_nothing():
    live = Ingestion("test", lambda new: None)
    live.update(b"{", T0)
    assert live.counts().last_error == "Input data was truncated"
    live.update(b'{"type": "trade", "symbol": "", "timestamp": 1, "price": 1, "size": 1}', T0)
    assert "length >= 1" in live.counts().last_error
    live.update_batch(b"no array", T0)
    assert live.counts().invalid == 3
    assert repr(live) == "Ingestion('test', received=3, invalid=3)"
    with pytest.raises(ParameterError, match="`window` must be at least 1"):
        Ingestion("test", list, window=0)
