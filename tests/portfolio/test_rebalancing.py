import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting import Costs, Position
from nautilus.core.errors import DataError, LabelError, NotBuiltError, ParameterError
from nautilus.core.results import unexplained
from nautilus.portfolio import rebalance, risk_parity

SYMBOLS = ("A", "B", "C", "D", "E")


@st.composite
def books(draw):
    n = draw(st.integers(1, 5))
    raw = draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    total = max(sum(raw), 1.0)
    return {
        "target_weights": {s: w / total for s, w in zip(SYMBOLS, raw, strict=False)},
        "holdings": {
            s: float(q)
            for s, q in zip(SYMBOLS, draw(st.lists(st.integers(0, 300), max_size=5)), strict=False)
        },
        "prices": {s: draw(st.floats(0.5, 900)) for s in SYMBOLS},
        "cash": draw(st.floats(1, 50_000)),
    }


options = st.fixed_dictionaries(
    {
        "costs": st.sampled_from([None, 0.0, 0.001, 0.02]),
        "lot_size": st.sampled_from([1, 0, 10]),
        "no_trade_band": st.sampled_from([0.0, 0.02, 0.1]),
        "min_trade": st.sampled_from([0.0, 500.0]),
    }
)


@given(book=books(), how=options)
def test_value_is_conserved_and_cash_never_negative(book, how):
    plan = rebalance(**book, **how)
    held = sum(q * book["prices"][s] for s, q in plan.quantities.items())
    assert held + plan.cash_after + plan.cost == pytest.approx(plan.portfolio_value, rel=1e-12)
    assert plan.cash_after >= 0
    assert all(q >= 0 for q in plan.quantities.values())
    assert plan.cost == pytest.approx(sum(t.cost for t in plan.orders))
    for trade in plan.orders:
        assert abs(trade.value) >= how["min_trade"]
        assert how["lot_size"] == 0 or trade.quantity == round(trade.quantity)
    assert unexplained(plan) == ()


@given(book=books(), how=options)
def test_a_second_time_trades_nothing(book, how):
    if how["costs"]:
        how = {**how, "lot_size": 0}
    plan = rebalance(**book, **how)
    again = rebalance(**{**book, "holdings": plan.quantities, "cash": plan.cash_after}, **how)
    if how["min_trade"] == 0 and how["no_trade_band"] == 0:
        assert again.orders == ()


@given(book=books(), order=st.permutations(SYMBOLS))
def test_order_of_labels_does_not_matter(book, order):
    shuffled = {
        key: {s: book[key][s] for s in order if s in book[key]}
        for key in ("target_weights", "holdings", "prices")
    }
    a = rebalance(**book, costs=0.001)
    b = rebalance(**{**book, **shuffled}, costs=0.001)
    assert {s: q for s, q in a.quantities.items() if q} == {
        s: q for s, q in b.quantities.items() if q
    }


@given(book=books())
def test_fractions_without_cost_reach_the_target_exactly(book):
    plan = rebalance(**book, lot_size=0)
    for symbol, weight in book["target_weights"].items():
        got = plan.quantities[symbol] * book["prices"][symbol] / plan.portfolio_value
        assert got == pytest.approx(weight, abs=2e-7)


@given(book=books())
def test_a_wider_band_never_wishes_more_trades(book):
    narrow, wide = (
        {s.symbol for s in rebalance(**book, no_trade_band=band, lot_size=0).skipped}
        for band in (0.01, 0.05)
    )
    assert narrow <= wide


def test_sells_come_first_and_purchases_are_paid_by_them():
    plan = rebalance({"B": 1.0}, {"A": 100}, {"A": 10.0, "B": 30.0})
    assert [(t.symbol, t.side, t.quantity) for t in plan.orders] == [
        ("A", "sell", -100.0),
        ("B", "buy", 33.0),
    ]
    assert plan.cash_after == pytest.approx(10.0)
    assert plan.trades.index.tolist() == ["A", "B"]
    assert plan.turnover == pytest.approx(0.5 * (1000 + 990 + 10) / 1000)


def test_cash_left_by_rounding_buys_where_the_gap_is_largest():
    plan = rebalance({"A": 0.5, "B": 0.5}, {}, {"A": 300.0, "B": 180.0}, cash=1000)
    # floors: A 1 (gap 200), B 2 (gap 140), 340 left: one more A
    assert plan.quantities == {"A": 2.0, "B": 2.0}
    assert plan.cash_after == pytest.approx(40.0)


def test_costs_are_paid_inside_the_cash():
    plan = rebalance({"A": 1.0}, {}, {"A": 10.0}, cash=1000, costs=0.01)
    assert plan.quantities == {"A": 99.0}
    assert plan.cost == pytest.approx(9.9)
    assert plan.cash_after == pytest.approx(0.1)
    assert plan.cost_bps == pytest.approx(100)


def test_lots_by_symbol():
    plan = rebalance({"A": 0.5, "B": 0.5}, {}, {"A": 3.0, "B": 7.0}, cash=1000, lot_size={"A": 100})
    assert plan.quantities == {"A": 100.0, "B": 72.0}
    assert plan.to_frame().equals(plan.trades)


def test_costs_by_a_function():
    plan = rebalance(
        {"A": 1.0}, {}, {"A": 10.0}, cash=1000, costs=lambda symbol, quantity, price: 25.0
    )
    assert (plan.quantities["A"], plan.cost) == (97.0, 25.0)


def test_costs_by_a_cost_model_know_the_multiplier():
    held = [Position("ES", 0, 100.0, multiplier=50.0)]
    plan = rebalance({"ES": 1.0}, held, {"ES": 100.0}, cash=10_200, costs=Costs(spread=0.01))
    assert plan.quantities == {"ES": 2.0}
    assert plan.cost == pytest.approx(0.005 * 2 * 5000)
    small = rebalance({"A": 1.0}, {}, {"A": 10.0}, cash=1000, costs=Costs(min_commission=7.0))
    assert (small.quantities["A"], small.cost) == (99.0, 7.0)


def test_a_sale_that_costs_more_than_it_brings_is_left_alone():
    plan = rebalance({}, {"A": 1}, {"A": 2.0}, cash=100, costs=lambda s, q, p: 5.0)
    assert plan.orders == ()


def test_the_target_cash_stays_cash():
    plan = rebalance({"A": 0.5}, {}, {"A": 1.0}, cash=1000)
    assert plan.cash_after == pytest.approx(500)


def test_debt_is_paid_back_first():
    plan = rebalance({"A": 1.0}, {"A": 10}, {"A": 100.0}, cash=-50)
    assert plan.quantities == {"A": 9.0}
    assert plan.cash_after == pytest.approx(50)


def test_a_short_position_is_closed():
    plan = rebalance({"A": 0.5}, {"B": -10}, {"A": 10.0, "B": 20.0}, cash=1000)
    assert plan.quantities == {"A": 40.0, "B": 0.0}
    assert plan.portfolio_value == 800


def test_bands_and_small_trades_are_listed():
    plan = rebalance(
        {"A": 0.5, "B": 0.3, "C": 0.2},
        {"A": 59, "B": 20, "C": 29},
        {"A": 10.0, "B": 10.0, "C": 10.0},
        cash=120,
        no_trade_band=0.02,
        min_trade=95,
    )
    assert [(s.symbol, s.value, s.reason) for s in plan.skipped] == [
        ("A", pytest.approx(10.0), "no_trade_band"),
        ("C", pytest.approx(-50.0), "min_trade"),
    ]
    # C is not sold after all, so that B takes what cash there is
    assert [(t.symbol, t.quantity) for t in plan.orders] == [("B", 12.0)]


def test_positions_carry_multipliers():
    held = [Position("ES", 2, 100.0, multiplier=50.0), Position("A", 10, 10.0)]
    plan = rebalance({"ES": 0.5, "A": 0.5}, held, {"ES": 100.0, "A": 10.0})
    assert plan.portfolio_value == 10_100
    assert plan.quantities["ES"] == 1.0
    frame = pd.DataFrame({"symbol": ["A"], "quantity": [10.0]})
    assert rebalance({}, frame, {"A": 10.0}).quantities == {"A": 0.0}


def test_from_returns_to_orders(prices, returns):
    weights = risk_parity(returns).weights
    plan = rebalance(weights, {"KO": 100, "GE": 50}, prices.iloc[-1], cash=1_000_000, costs=0.0005)
    assert plan.max_drift_after < 0.001
    assert plan.cash_after < 1_000
    assert len(plan.trades) == 20


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"target_weights": {"A": 1.2}}, ParameterError, "must sum to at most 1, got 1.2"),
        ({"target_weights": {"A": -0.1}}, ParameterError, "must not be negative, got -0.1 for A"),
        ({"prices": {"B": 1.0}}, LabelError, "`prices` lacks A; every held or wanted symbol"),
        ({"prices": {"A": float("nan")}}, DataError, "`prices` must be positive, got A at nan"),
        ({"prices": {"A": 0.0}}, DataError, "`prices` must be positive, got A at 0"),
        ({"cash": -500.0}, DataError, "nothing to invest: holdings and cash are worth -400.00"),
        ({"costs": 10}, ParameterError, "must be a fraction of traded value, got 10. Pass 0.001"),
        ({"costs": -0.1}, ParameterError, "`costs` must be at least 0"),
        ({"lot_size": -1}, ParameterError, "`lot_size` must be at least 0"),
        ({"lots": []}, NotBuiltError, "`lots` .* is documented and not built yet"),
    ],
)
def test_what_is_refused(change, error, message):
    book = {"target_weights": {"A": 1.0}, "holdings": {"A": 10}, "prices": {"A": 10.0}}
    with pytest.raises(error, match=message):
        rebalance(**{**book, **change})


def test_fewer_than_n_lots_of_rounding_are_left():
    rng = np.random.default_rng(0)
    prices = dict(zip(SYMBOLS, rng.uniform(10, 400, 5), strict=True))
    plan = rebalance(dict.fromkeys(SYMBOLS, 0.2), {}, prices, cash=100_000)
    assert plan.cash_after < max(prices.values())
