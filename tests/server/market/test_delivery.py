"""What a subscriber is sent: news only, once, in batches, never a trade less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.server.market.delivery import MOST_WAITING, Delivery, Rules, TooSlowError


def trade(price, size=100, sequence=None, symbol="A"):
    return {"symbol": symbol, "price": price, "size": size, "sequence": sequence, "source": "x"}


def quote(bid, ask, symbol="A"):
    return {"symbol": symbol, "bid": bid, "ask": ask, "source": "x"}


def sent(delivery, now=1e9):
    found = []
    while batch := delivery.take(now):
        found.append([message["data"] for message in batch])
    return found


def offered(rules, messages, topic="market.trades.A"):
    delivery = Delivery(rules)
    for message in messages:
        delivery.offer(topic, message, 0.0)
    return delivery


def test_a_price_change_is_measured_from_the_last_message_that_was_sent():
    prices = [10.00, 10.02, 10.04, 10.05, 10.06, 9.99]
    delivery = offered(Rules(min_price_change=0.05), [trade(p) for p in prices])
    assert [b[0]["price"] for b in sent(delivery)] == [10.00, 10.05, 9.99]
    assert delivery.filtered == 3


def test_enough_volume_is_news_too():
    rules = Rules(min_price_change=1.0, min_volume_change=250)
    delivery = offered(rules, [trade(10.0, sequence=n) for n in range(7)])
    # The first, and then whenever 250 shares have traded since.
    assert [b[0]["sequence"] for b in sent(delivery)] == [0, 3, 6]


def test_a_repeat_is_known_by_its_sequence_or_by_its_content():
    same = [trade(10.0, sequence=1), trade(10.0, sequence=1), trade(10.0, sequence=2)]
    assert offered(Rules(), same).duplicates == 1
    plain = [quote(1.0, 2.0), quote(1.0, 2.0), quote(1.0, 2.1)]
    delivery = offered(Rules(conflate=False), plain, "market.quotes.A")
    assert (len(sent(delivery)), delivery.duplicates) == (2, 1)
    assert offered(Rules(deduplicate=False), same).duplicates == 0


def test_of_waiting_quotes_the_newest_stays_in_the_place_of_the_first():
    delivery = Delivery(Rules(batch_size=10))
    for n in range(3):
        delivery.offer("market.quotes.A", quote(1.0 + n, 2.0 + n), 0.0)
        delivery.offer("market.quotes.B", quote(5.0 + n, 6.0 + n, "B"), 0.0)
        delivery.offer("market.trades.A", trade(1.5, sequence=n), 0.0)
    ((a, b, *trades),) = sent(delivery)
    assert (a["bid"], b["bid"], len(trades)) == (3.0, 7.0, 3)
    assert delivery.conflated == 4


def test_a_batch_goes_when_it_is_full_or_when_its_first_message_has_waited():
    delivery = Delivery(Rules(batch_size=3, max_latency_seconds=0.5))
    delivery.offer("market.trades.A", trade(1.0, sequence=1), 10.0)
    assert delivery.take(10.4) == []
    assert delivery.wait(10.4) == pytest.approx(0.1)
    assert len(delivery.take(10.5)) == 1
    for n in (2, 3, 4, 5):
        delivery.offer("market.trades.A", trade(1.0, sequence=n), 11.0)
    assert (delivery.wait(11.0), len(delivery.take(11.0)), len(delivery.take(11.0))) == (0.0, 3, 0)


def test_who_cannot_keep_up_is_sent_away_rather_than_lied_to():
    delivery = Delivery(Rules())
    for n in range(MOST_WAITING):
        delivery.offer("market.trades.A", trade(1.0, sequence=n), 0.0)
    with pytest.raises(TooSlowError, match="10000 messages wait"):
        delivery.offer("market.trades.A", trade(1.0, sequence=-1), 0.0)


STEPS = st.lists(
    st.tuples(st.sampled_from("AB"), st.booleans(), st.integers(0, 6), st.booleans()), max_size=60
)


@given(STEPS, st.integers(1, 5))
def test_no_trade_is_lost_and_the_last_quote_arrives(steps, size):
    """Whenever it is read, every trade comes in order and each symbol ends at its last quote."""
    delivery, trades, last, seen = Delivery(Rules(batch_size=size)), [], {}, []
    for number, (symbol, is_trade, price, read) in enumerate(steps):
        if is_trade:
            message = trade(float(price), sequence=number, symbol=symbol)
            trades.append(number)
            delivery.offer(f"market.trades.{symbol}", message, 0.0)
        else:
            message = {**quote(float(price), price + 1.0, symbol), "sequence": number}
            last[symbol] = number
            delivery.offer(f"market.quotes.{symbol}", message, 0.0)
        if read:
            seen += delivery.take(float("inf"))
    while batch := delivery.take(float("inf")):
        seen += batch
    assert [m["data"]["sequence"] for m in seen if m["type"] == "trades"] == trades
    arrived = {m["data"]["symbol"]: m["data"]["sequence"] for m in seen if m["type"] == "quotes"}
    assert arrived == last
    assert delivery.sent == len(seen)
