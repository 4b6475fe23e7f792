"""read_fills: broker tables to fills, losing nothing and saying where a cell is wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting import Fill, fills_pnl, read_fills, reconcile, run_ledger
from nautilus.core.errors import DataError, LabelError, NotFoundError, ParameterError

EXAMPLES = Path(__file__).parents[2] / "examples"
NEW_YORK = ZoneInfo("America/New_York")


def table(**changes):
    columns = {
        "Date": ["2024-01-02", "2024-01-03"], "Ticker": ["AAPL", "MSFT"], "Side": ["BUY", "SELL"],
        "Qty": ["1,000", "5"], "Price": ["185.64", "370.60"], "Commission": ["-5.00", "-1.00"],
    }  # fmt: skip
    return pd.DataFrame({**columns, **changes})


def test_a_generic_table():
    assert read_fills(table()) == [
        Fill(datetime(2024, 1, 2), "AAPL", 1_000, 185.64, fee=5.0),
        Fill(datetime(2024, 1, 3), "MSFT", -5, 370.6, fee=1.0),
    ]


def test_files_frames_and_polars_are_read_alike(tmp_path):
    path = tmp_path / "fills.csv"
    for separator in (",", ";", "\t"):
        table().to_csv(path, index=False, sep=separator)
        assert read_fills(path) == read_fills(str(path)) == read_fills(table())
    assert read_fills(pl.DataFrame(table().to_dict("list"))) == read_fills(table())
    assert read_fills(table().to_dict("records")) == read_fills(table())


def test_signed_quantities_need_no_side():
    data = table(Qty=[1_000, -5]).drop(columns="Side")
    assert [f.quantity for f in read_fills(data)] == [1_000.0, -5.0]
    both = table(Qty=["1000", "-5"])
    assert [f.quantity for f in read_fills(both)] == [1_000.0, -5.0]


def test_a_side_against_the_sign_of_its_quantity_is_refused():
    with pytest.raises(DataError, match=r"row 0: `quantity` is -1000 and the side is 'BUY'"):
        read_fills(table(Qty=["-1000", "5"]))


def test_signs_of_commissions():
    assert [f.fee for f in read_fills(table(Commission=["5", "1"]))] == [5.0, 1.0]
    assert [f.fee for f in read_fills(table(Commission=["5", "-1"]))] == [5.0, -1.0]
    assert [f.fee for f in read_fills(table(Commission=["-5", "0"]))] == [5.0, 0.0]
    assert [f.fee for f in read_fills(table(Commission=["", "-1"]))] == [0.0, 1.0]
    turned = read_fills(table(Commission=["5", "-1"]), columns={"fee": "-Commission"})
    assert [f.fee for f in turned] == [-5.0, 1.0]
    taxed = read_fills(table(Tax=["1", "2"]), columns={"fee": ["-Commission", "Tax"]})
    assert [f.fee for f in taxed] == [6.0, 3.0]


def test_date_and_time_in_two_columns():
    data = table(Time=["09:30:01", ""])
    assert [f.timestamp for f in read_fills(data)] == [
        datetime(2024, 1, 2, 9, 30, 1),
        datetime(2024, 1, 3),
    ]


def test_zones():
    assert read_fills(table(), timezone="America/New_York")[0].timestamp == datetime(
        2024, 1, 2, tzinfo=NEW_YORK
    )
    aware = table(Date=["2024-01-02T20:00:00Z", "2024-01-03T20:00:00Z"])
    local = read_fills(aware, timezone="America/New_York")[0].timestamp
    assert (local.hour, local.tzinfo) == (15, NEW_YORK)
    with pytest.raises(ParameterError, match=r"`timezone` must be a zone .* got 'Mars'"):
        read_fills(table(), timezone="Mars")


def test_optional_columns():
    data = table(Currency=["EUR", ""], Multiplier=["50", ""], id=[1.0, 2.0])
    first, second = read_fills(data)
    assert (first.currency, first.multiplier, first.fill_id) == ("EUR", 50.0, "1")
    assert (second.currency, second.multiplier, second.fill_id) == ("USD", 1.0, "2")


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"Price": ["x", "1"]}, r"row 0: `price` must be a number, got 'x'"),
        ({"Price": ["1", ""]}, r"row 1: `price` is empty; a missing number is not 0"),
        ({"Qty": ["0", "1"]}, r"row 0: `quantity` of the fill of AAPL at 2024-01-02 must not be 0"),
        ({"Side": ["swap", "BUY"]}, r"row 0: `side` must be buy or sell, got 'swap'"),
        ({"Date": ["01/02/2024", "2024-01-03"]}, r"row 0: `date` must be a time such as"),
        ({"Date": ["", "2024-01-03"]}, r"row 0: the time is empty"),
        ({"Commission": ["1", "x"]}, r"row 1: `Commission` must be a number, got 'x'"),
        ({"Ticker": ["AAPL", " "]}, r"row 1: `symbol` is empty"),
        ({"Ticker": ["AAPL", None]}, r"row 1: `symbol` is empty"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(changes, text):
    with pytest.raises(DataError, match=text):
        read_fills(table(**changes))


def test_lines_of_a_file_are_counted_with_the_header(tmp_path):
    path = tmp_path / "fills.csv"
    table(Price=["1", "x"]).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"line 3: `price` must be a number"):
        read_fills(path)


def test_blank_rows_and_repeated_headers_are_no_trades():
    header = {name: name for name in table()}
    data = pd.concat([table(), pd.DataFrame([header, dict.fromkeys(header, "")])])
    assert len(read_fills(data)) == 2


def test_the_id_of_an_order_is_not_the_id_of_a_fill():
    data = table(id=["7", "7"])
    with pytest.raises(DataError, match=r"row 1: id '7' is that of row 0, a different trade"):
        read_fills(data)
    assert len(read_fills(data, columns={"fill_id": None})) == 2
    same = pd.concat([table(id=["7", "8"])] * 2)
    assert len(read_fills(same)) == 4


def test_missing_files_and_columns():
    with pytest.raises(NotFoundError, match=r"there is no file 'nowhere.csv'"):
        read_fills("nowhere.csv")
    with pytest.raises(LabelError, match=r"Pass columns=\{'price': 'Prize'\}"):
        read_fills(table().rename(columns={"Price": "Prize"}))
    with pytest.raises(DataError, match=r"has no rows, so there are no fills to read"):
        read_fills(table().iloc[:0])
    with pytest.raises(DataError, match=r"expected a frame or rows as mappings"):
        read_fills(3)


fills = st.lists(
    st.builds(
        Fill,
        st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(fold=0)),
        st.sampled_from(["AAPL", "BRK.B", "ES=F", "NA"]),
        st.floats(-1e9, 1e9, allow_subnormal=False).filter(bool),
        st.floats(-1e6, 1e6),
        st.floats(0, 1e3),
        st.sampled_from(["USD", "EUR"]),
        st.sampled_from([1.0, 50.0]),
    ),
    min_size=1,
    max_size=8,
)


@given(fills)
def test_what_is_written_is_read_back_to_the_bit(fills):
    columns = {
        name: [getattr(f, name) for f in fills]
        for name in ("timestamp", "symbol", "quantity", "price", "fee", "currency", "multiplier")
    }
    texts = {name: [str(v) for v in values] for name, values in columns.items()}
    for form in (pd.DataFrame(columns), pl.DataFrame(columns), pd.DataFrame(texts)):
        assert read_fills(form) == fills


def test_flex_query_keeps_executions_only():
    fills = read_fills(EXAMPLES / "ibkr_flex_trades.csv", timezone="America/New_York")
    assert [(f.symbol, f.quantity, f.price) for f in fills] == [
        ("AAPL", 200.0, 126.93), ("AAPL", 100.0, 126.96), ("SAP", 150.0, 100.24),
        ("ESH3", -2.0, 3936.25), ("ESH3", 3.0, 3982.5), ("AAPL", -120.0, 135.42),
    ]  # fmt: skip
    assert fills[0].timestamp == datetime(2023, 1, 5, 9, 30, 5, tzinfo=NEW_YORK)
    assert [f.fee for f in fills] == pytest.approx([1.0, 0.5, 7.52, 4.5, 6.75, 1.4])
    assert (fills[2].currency, fills[3].multiplier, fills[0].fill_id) == ("EUR", 50.0, "5012340001")


def flex(**changes):
    row = {
        "CurrencyPrimary": "USD", "Symbol": "AAPL", "Multiplier": "1", "TradeID": "1",
        "DateTime": "20230105;093005", "Quantity": "-10", "TradePrice": "100", "Taxes": "0",
        "IBCommission": "-1", "IBCommissionCurrency": "USD", "Buy/Sell": "SELL",
    }  # fmt: skip
    return {**row, **changes}


def test_a_cancelled_flex_trade_is_booked_by_its_sign():
    trades = [
        flex(),
        flex(**{"TradeID": "2", "Quantity": "10", "Buy/Sell": "SELL (Ca.)", "IBCommission": "1"}),
    ]
    fills = read_fills(trades)
    assert [f.quantity for f in fills] == [-10.0, 10.0]
    assert [f.fee for f in fills] == [1.0, -1.0]


def test_orders_are_read_where_there_are_no_executions():
    assert len(read_fills([flex(LevelOfDetail="ORDER")])) == 1
    assert len(read_fills([flex(LevelOfDetail="SYMBOL_SUMMARY")])) == 1


def test_a_commission_in_another_currency_is_refused():
    with pytest.raises(DataError, match=r"row 0: the fee is in CHF and the trade in USD"):
        read_fills([flex(IBCommissionCurrency="CHF")])
    assert read_fills([flex(IBCommissionCurrency="CHF")], columns={"fee": None})[0].fee == 0.0


def test_a_fee_currency_of_a_generic_table_is_compared():
    data = table(Currency=["EUR", "USD"])
    data["Fee Currency"] = ["EUR", "USD"]
    assert [f.fee for f in read_fills(data)] == [5.0, 1.0]
    with pytest.raises(DataError, match=r"row 0: the fee is in EUR and the trade in USD"):
        read_fills(data.drop(columns="Currency"))
    same = read_fills(data.drop(columns="Currency"), columns={"currency": "Fee Currency"})
    assert [f.currency for f in same] == ["EUR", "USD"]
    data["Fee Currency"] = ["EUR", "BNB"]
    with pytest.raises(DataError, match=r"row 1: the fee is in BNB and the trade in USD"):
        read_fills(data)


def test_the_example_book_reconciles_with_the_sample():
    from nautilus.marketdata import load_sample

    fills = read_fills(EXAMPLES / "fills.csv")
    prices = load_sample("us_stocks")
    for fill in fills:  # the made-up trades are at real closes
        assert prices.loc[fill.timestamp.strftime("%Y-%m-%d"), fill.symbol] == fill.price
    book = run_ledger(fills, prices, cash=1_000_000)
    assert len(fills) == 96
    assert reconcile(book).reconciled
    assert str(book.nav.index[0].date()) == "2007-01-03"
    assert "short" in set(book.trades["side"])
    assert (run_ledger(fills, cash=1_000_000).ledger.cash["USD"]) == book.cash
    columns = [[getattr(f, n) for f in sorted(fills, key=lambda f: f.timestamp)]
               for n in ("symbol", "quantity", "price", "fee")]  # fmt: skip
    assert fills_pnl(*columns).total_realised == pytest.approx(book.pnl["realised"].sum())
