"""Binance's raw messages as ticks."""

import pytest

from nautilus.core.errors import DataError
from nautilus.marketdata import DepthTick
from nautilus.marketdata.binance_messages import binance_tick, captured_ticks


def test_depth_has_its_range_and_levels():
    raw = (
        b'{"stream": "x@depth", "data": {"e": "depthUpdate", "E": 17, "s": "X", "U": 3, "u": 5,'
        b' "b": [["9.4", "0.5"]], "a": []}}'
    )
    assert binance_tick(raw) == DepthTick("X", 17_000, 3, 5, ((9.4, 0.5),), ())


def test_a_snapshot_of_the_book_is_no_tick():
    assert list(captured_ticks([b'17 {"lastUpdateId": 5, "bids": [], "asks": []}'])) == []


@pytest.mark.parametrize(
    "raw",
    [b"{", b'{"data": {}}', b'{"data": {"s": "X", "e": "trade", "p": "many", "q": "1"}}', b"[]"],
)
def test_what_is_no_message_is_refused(raw):
    with pytest.raises(DataError, match="no message of Binance"):
        binance_tick(raw)
