"""Fills in columns: the same step as the ledger to the bit, compiled or not."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting import Fill, FxRate, fills_pnl, run_ledger
from nautilus.accounting.fill_scans import average_scan, currency_scan
from nautilus.accounting.lots import LOT_METHODS, trade_lots
from nautilus.core import jit
from nautilus.core.errors import DataError, ShapeError
from nautilus.core.results import unexplained

AT = datetime(2024, 1, 2)


def random_fills(n, symbols, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, symbols, n)
    quantities = rng.integers(1, 100, n) * rng.choice([-1.0, 1.0], n)
    return codes, quantities, np.round(100 * np.exp(rng.normal(0, 0.1, n)), 2)


@pytest.mark.parametrize("method", LOT_METHODS)
def test_columns_and_ledger_agree_to_the_bit(method):
    codes, quantities, prices = random_fills(400, 7)
    rates = np.where(np.arange(400) < 200, 1.1, 1.2)
    events = []
    for code, quantity, price, rate in zip(codes, quantities, prices, rates, strict=True):
        events += [FxRate(AT, "EUR", rate), Fill(AT, str(code), quantity, price, 0.7, "EUR", 5.0)]
    holdings = nt_ledger(events, method).holdings
    found = fills_pnl(
        codes.astype(str), quantities, prices, np.full(400, 0.7), fx_rates=rates,
        multipliers={str(c): 5.0 for c in range(7)}, lot_method=method,
    )  # fmt: skip
    assert found.symbols == tuple(holdings)
    for i, holding in enumerate(holdings.values()):
        assert found.realised_by_symbol[i] == holding.base_realised
        assert found.fx_by_symbol[i] == holding.base_fx
        assert found.fees_by_symbol[i] == holding.base_fees
        assert found.quantities[i] == holding.quantity
        paid = sum(lot.quantity * lot.cost for lot in holding.lots) * 5.0
        assert found.cost_bases[i] == pytest.approx(paid, rel=1e-13)
    assert found.realised.sum() == pytest.approx(found.total_realised)
    assert found.fx.sum() == pytest.approx(found.fx_by_symbol.sum())
    assert unexplained(found) == ()


def nt_ledger(events, method):
    from nautilus.accounting.journal import open_journal

    journal = open_journal(lot_method=method)
    for event in events:
        journal.apply(event)
    return journal.freeze()


@pytest.mark.parametrize("method", LOT_METHODS)
def test_compiled_and_interpreted_columns_agree_to_the_bit(method, monkeypatch):
    columns = random_fills(2_000, 5)
    rates = 1 + columns[2] / 1_000
    for scan in (average_scan, currency_scan, trade_lots):
        jit.compiled(scan)
    for options in ({}, {"fx_rates": rates}, {"multipliers": {0: 50.0}}):
        fast = fills_pnl(*columns, lot_method=method, **options)
        with monkeypatch.context() as patch:
            patch.setenv("NAUTILUS_JIT", "0")
            slow = fills_pnl(*columns, lot_method=method, **options)
        for name in ("realised", "realised_by_symbol", "quantities", "cost_bases"):
            assert (getattr(fast, name) == getattr(slow, name)).all()
        assert options.keys() != {"fx_rates"} or (fast.fx == slow.fx).all()


def test_every_kind_of_column_and_symbol():
    expected = fills_pnl([0, 1, 0], [10, 5, -15], [100.0, 20.0, 120.0])
    assert expected.realised.tolist() == [0.0, 0.0, 200.0]
    assert expected.fx is None
    assert str(expected.realised[1]) == "0.0"
    assert expected.total_fees == 0.0
    for symbols in (["A", "B", "A"], np.array([7_000, -3, 7_000]), pd.Series(["x", "y", "x"])):
        found = fills_pnl(symbols, pd.Series([10, 5, -15]), pl.Series([100.0, 20.0, 120.0]))
        assert sorted(found.realised_by_symbol) == [0.0, 200.0]
    table = fills_pnl(["A", "B"], [1, -2], [3.0, 4.0], [0.1, 0.2]).to_frame()
    assert table.loc["B"].tolist() == [0.0, 0.2, -2.0, -8.0]
    rated = fills_pnl(["A"], [1], [3.0], fx_rates=[2.0])
    assert "fx" in rated.to_frame().columns


def test_no_fills_make_no_profit():
    found = fills_pnl([], [], [])
    assert (found.symbols, found.total_realised) == ((), 0.0)
    assert fills_pnl([], [], [], lot_method="fifo").symbols == ()


@pytest.mark.parametrize("method", LOT_METHODS)
def test_bad_rows_are_named(method):
    with pytest.raises(DataError, match=r"`quantities` must not be 0, but row 1 is"):
        fills_pnl(["A", "A"], [1, 0], [1.0, 1.0], lot_method=method)
    with pytest.raises(DataError, match=r"`prices` must be finite, but row 1 is nan"):
        fills_pnl(["A", "A"], [1, 1], [1.0, np.nan], lot_method=method)
    with pytest.raises(DataError, match=r"`quantities` must be finite, but row 0 is inf"):
        fills_pnl(["A", "A"], [np.inf, 1], [1.0, 1.0], lot_method=method)
    with pytest.raises(DataError, match=r"`fx_rates` must be finite, but row 1 is nan"):
        fills_pnl(["A", "A"], [1, 1], [1.0, 1.0], fx_rates=[1.0, np.nan], lot_method=method)
    with pytest.raises(DataError, match=r"`fees` must be finite, but row 0 is nan"):
        fills_pnl(["A", "A"], [1, 1], [1.0, 1.0], [np.nan, 0.0], lot_method=method)
    with pytest.raises(DataError, match=r"`quantities` must not be 0, but row 0 is"):
        fills_pnl(["A"], [0], [1.0], fx_rates=[1.0], lot_method=method)


def test_columns_must_be_of_one_length():
    with pytest.raises(ShapeError, match=r"`prices` must have one value for each of the 2 symbols"):
        fills_pnl(["A", "A"], [1, 1], [1.0])
    with pytest.raises(ShapeError, match=r"`symbols` must be 1-D \(fill,\), got 2-D"):
        fills_pnl([["A"]], [1], [1.0])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(-9, 9).filter(bool),
            st.integers(1, 99).map(lambda n: n / 8),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_every_method_earns_the_same_in_total(fills):
    codes, quantities, prices = (list(column) for column in zip(*fills, strict=True))
    totals = []
    for method in LOT_METHODS:
        found = fills_pnl(codes, quantities, prices, lot_method=method)
        last = 10.0
        open_gain = (found.quantities * last - found.cost_bases).sum()
        totals.append(found.total_realised + open_gain)
    paid = sum(q * (10.0 - p) for q, p in zip(quantities, prices, strict=True))
    assert totals == pytest.approx([paid] * 4, rel=1e-10, abs=1e-9)


def test_run_ledger_over_the_same_fills_has_the_same_realised_profit():
    codes, quantities, prices = random_fills(300, 3)
    fills = [Fill(AT, f"S{c}", q, p) for c, q, p in zip(codes, quantities, prices, strict=True)]
    book = run_ledger(fills)
    found = fills_pnl([f.symbol for f in fills], quantities, prices)
    assert book.pnl["realised"].tolist() == found.realised_by_symbol.tolist()
