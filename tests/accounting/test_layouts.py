"""Columns by name: what is recognised, what is refused and how that is said."""

from __future__ import annotations

import pytest

from nautilus.accounting.layouts import find_layout
from nautilus.core.errors import LabelError, ParameterError

PLAIN = ["Date", "Ticker", "Qty", "Price"]


def test_names_are_found_whatever_their_case_and_punctuation():
    layout = find_layout(["Trade Date", "SYMBOL", "buy/sell", "Filled Qty", "avg. price"], None)
    assert layout.columns == {
        "date": "Trade Date", "symbol": "SYMBOL", "side": "buy/sell", "quantity": "Filled Qty",
        "price": "avg. price",
    }  # fmt: skip


def test_given_columns_go_first_and_none_means_none():
    names = [*PLAIN, "Fill price", "id"]
    layout = find_layout(names, {"price": "Fill price", "fill_id": None})
    assert layout.columns["price"] == "Fill price"
    assert "fill_id" not in layout.columns


def test_fees_can_be_several_columns_and_turned():
    names = [*PLAIN, "Commission", "Tax"]
    layout = find_layout(names, {"fee": ["-Commission", "Tax"]})
    assert layout.fees == (("Commission", -1.0), ("Tax", 1.0))
    assert layout.signed_fees


def test_an_unmapped_column_error_lists_close_names():
    with pytest.raises(LabelError, match=r"no column is recognised as `price` among .*Prise"):
        find_layout(["Date", "Ticker", "Qty", "Prise"], None)
    with pytest.raises(LabelError, match=r"Close names: Prise. Pass columns=\{'price': 'Prise'\}"):
        find_layout(["Date", "Ticker", "Qty", "Prise"], None)
    with pytest.raises(LabelError, match=r"`timestamp` among Ticker, Qty, Price, Datum"):
        find_layout(["Ticker", "Qty", "Price", "Datum"], None)
    with pytest.raises(LabelError, match=r"as `symbol` among Date, Qty, Price. Pass"):
        find_layout(["Date", "Qty", "Price"], None)


def test_a_given_column_that_is_not_there_lists_close_names():
    with pytest.raises(LabelError, match=r"`price` is in 'Pric', .* Close names: Price"):
        find_layout(PLAIN, {"price": "Pric"})


def test_an_unknown_role_is_refused():
    with pytest.raises(
        ParameterError, match=r"'qauntity' is none of ours. Did you mean 'quantity'"
    ):
        find_layout(PLAIN, {"qauntity": "Qty"})
    with pytest.raises(ParameterError, match=r"'zzz' is none of ours. They are timestamp, date"):
        find_layout(PLAIN, {"zzz": "Qty"})


def test_a_cost_that_would_be_left_out_is_refused():
    with pytest.raises(
        LabelError, match=r"'SEC Fee' looks like a cost .*'fee': \['Comm', 'SEC Fee'\]"
    ):
        find_layout([*PLAIN, "Comm", "SEC Fee"], None)


def test_a_flex_query_is_recognised():
    names = [
        "CurrencyPrimary", "Symbol", "Multiplier", "TradeID", "TradeDate", "DateTime", "Quantity",
        "TradePrice", "Taxes", "IBCommission", "IBCommissionCurrency", "Buy/Sell", "LevelOfDetail",
    ]  # fmt: skip
    layout = find_layout(names, None)
    assert layout.columns["timestamp"] == "DateTime"
    assert layout.fees == (("IBCommission", -1.0), ("Taxes", -1.0))
    assert (layout.detail, layout.fee_currency) == ("LevelOfDetail", "IBCommissionCurrency")
    assert find_layout(names, {"fee": None}).fees == ()
    assert find_layout(names, {"fee": "IBCommission"}).fees == (("IBCommission", 1.0),)
