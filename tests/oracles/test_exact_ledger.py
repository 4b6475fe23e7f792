"""The ledger against the same book kept in exact rational arithmetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction as Exact
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.accounting import (
    Dividend,
    Fee,
    Fill,
    FxRate,
    Mark,
    Split,
    Transfer,
    explain_pnl,
    fills_pnl,
    run_ledger,
)

START = datetime(2024, 1, 2)
CURRENCY = {"A": "USD", "B": "EUR", "F": "EUR"}
MULTIPLIER = {"A": 1.0, "B": 1.0, "F": 50.0}
CASH = 100_000.0


def exact(x: float) -> Exact:
    """The decimal that was meant: 0.1 is one tenth."""
    return Exact(repr(x))


class ExactLedger:
    """Definition of the book: lots [quantity, cost, cost in base currency], all rational."""

    def __init__(self, lot_method: str) -> None:
        self.method = lot_method
        self.cash = {"USD": exact(CASH)}
        self.rates = {"USD": Exact(1), "EUR": exact(1.25)}
        self.lots: dict[str, list[list[Exact]]] = {}
        self.booked: dict[str, dict[str, Exact]] = {}
        self.flows = self.pending = self.gross = Exact(0)
        self.navs: list[Exact] = []
        self.net_flows: list[Exact] = []

    def pay(self, currency: str, amount: Exact) -> None:
        self.cash[currency] = self.cash.get(currency, Exact(0)) + amount
        self.gross += abs(amount * self.rates[currency])

    def book(self, symbol: str, name: str, amount: Exact) -> None:
        line = self.booked.setdefault(symbol, {})
        line[name] = line.get(name, Exact(0)) + amount

    def held(self, symbol: str) -> Exact:
        return sum((q for q, _, _ in self.lots.get(symbol, [])), Exact(0))

    def next_lot(self, lots: list[list[Exact]]) -> list[Exact]:
        if self.method == "lifo":
            return lots[-1]
        if self.method == "hifo":
            sign = 1 if lots[0][0] > 0 else -1
            return max(lots, key=lambda lot: sign * lot[1])
        return lots[0]

    def fill(self, e: Fill) -> None:
        left, price, rate = exact(e.quantity), exact(e.price), self.rates[e.currency]
        size = exact(e.multiplier)
        lots = self.lots.setdefault(e.symbol, [])
        self.pay(e.currency, -left * price * size - exact(e.fee))
        self.book(e.symbol, "fees", exact(e.fee) * rate)
        while left and lots and lots[0][0] * left < 0:
            lot = self.next_lot(lots)
            closed = -left if abs(left) < abs(lot[0]) else lot[0]
            self.book(e.symbol, "realised", closed * (price - lot[1]) * size * rate)
            self.book(e.symbol, "fx", closed * (lot[1] * rate - lot[2]) * size)
            lot[0], left = lot[0] - closed, left + closed
            if not lot[0]:
                lots.remove(lot)
        if left and lots and self.method == "average":
            q, cost, base = lots[0]
            both = q + left
            mean = (q * cost + left * price) / both
            lots[0] = [both, mean, (q * base + left * price * rate) / both]
        elif left:
            lots.append([left, price, price * rate])

    def apply(self, e: Any) -> None:
        if isinstance(e, Fill):
            self.fill(e)
        elif isinstance(e, Dividend):
            paid = self.held(e.symbol) * exact(e.amount) * exact(MULTIPLIER[e.symbol])
            if paid:
                self.pay(e.currency, paid)
                self.book(e.symbol, "dividends", paid * self.rates[e.currency])
        elif isinstance(e, Split):
            for lot in self.lots.get(e.symbol, []):
                lot[:] = lot[0] * exact(e.ratio), lot[1] / exact(e.ratio), lot[2] / exact(e.ratio)
        elif isinstance(e, Fee):
            self.pay(e.currency, -exact(e.amount))
            line = e.symbol or f"cash {e.currency}"
            self.book(line, "fees", exact(e.amount) * self.rates[e.currency])
        elif isinstance(e, Transfer):
            self.pay(e.currency, exact(e.amount))
            self.pending += exact(e.amount) * self.rates[e.currency]
        elif isinstance(e, FxRate):
            self.rates[e.currency] = exact(e.rate)
        else:
            self.mark(e)

    def mark(self, e: Mark) -> None:
        nav = sum((amount * self.rates[c] for c, amount in self.cash.items()), Exact(0))
        for symbol, lots in self.lots.items():
            price, rate = exact(e.prices[symbol]), self.rates[CURRENCY[symbol]]
            size = exact(MULTIPLIER[symbol])
            line = self.booked[symbol]
            line["unrealised"] = line["open_fx"] = Exact(0)
            for q, cost, base in lots:
                nav += q * price * size * rate
                self.gross += abs(q * price * size * rate)
                line["unrealised"] += q * (price - cost) * size * rate
                line["open_fx"] += q * (cost * rate - base) * size
        self.navs.append(nav)
        self.net_flows.append(self.pending)
        self.flows, self.pending = self.flows + self.pending, Exact(0)


cents = st.integers(1, 20_000).map(lambda k: k / 100)
sizes = st.integers(-5000, 5000).filter(bool).map(lambda k: k / 1000)
symbols = st.sampled_from(sorted(CURRENCY))
prices = st.fixed_dictionaries(dict.fromkeys(CURRENCY, cents))


@st.composite
def histories(draw: Any, ratios: tuple[float, ...] = (2.0, 0.5, 3.0, 0.1)) -> list[Any]:
    """Events in the order of booking, the last one a mark; `flat` closes all that is held."""
    held = {symbol: Exact(0) for symbol in CURRENCY}
    kinds = ("fill", "fill", "fill", "flat", "dividend", "split", "fee", "transfer", "rate", "mark")
    events: list[Any] = []
    for word in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=40)):
        when, symbol = START + timedelta(minutes=len(events)), draw(symbols)
        currency = CURRENCY[symbol]
        if word in ("fill", "flat"):
            quantity = draw(sizes) if word == "fill" else -float(held[symbol])
            if quantity == 0.0:
                continue
            held[symbol] += exact(quantity)
            fee = draw(st.integers(-50, 500)) / 100
            size = MULTIPLIER[symbol]
            events.append(Fill(when, symbol, quantity, draw(cents), fee, currency, size))
        elif word == "dividend":
            events.append(Dividend(when, symbol, draw(cents), currency))
        elif word == "split":
            ratio = draw(st.sampled_from(ratios))
            held[symbol] *= exact(ratio)
            events.append(Split(when, symbol, ratio))
        elif word == "fee":
            events.append(Fee(when, draw(cents), currency, draw(st.sampled_from([None, symbol]))))
        elif word == "transfer":
            events.append(Transfer(when, draw(sizes) * 1000, currency))
        elif word == "rate":
            events.append(FxRate(when, "EUR", draw(st.integers(500, 2000)) / 1000))
        else:
            events.append(Mark(when, draw(prices)))
    return [*events, Mark(START + timedelta(days=1), draw(prices))]


def check_same_book(events: list[Any], lot_method: str, shuffled: list[Any]) -> None:
    book = run_ledger(shuffled, cash=CASH, lot_method=lot_method, fx_rates={"EUR": 1.25})
    oracle = oracle_of(events, lot_method)
    scale = 1e-12 * float(oracle.gross + exact(CASH))

    def near(found: float, wanted: Exact) -> None:
        assert abs(found - float(wanted)) <= scale, (found, float(wanted))

    for values, wanted in (
        (book.nav_values.tolist(), oracle.navs),
        (book.flow_values.tolist(), oracle.net_flows),
        (list(book.ledger.cash.values()), list(oracle.cash.values())),
    ):
        assert len(values) == len(wanted)
        for found, truth in zip(values, wanted, strict=True):
            near(found, truth)
    lines = book.pnl
    for symbol, line in oracle.booked.items():
        for name in ("realised", "unrealised", "dividends", "fees"):
            near(lines.loc[symbol, name], line.get(name, Exact(0)))
        if not symbol.startswith("cash"):
            near(lines.loc[symbol, "fx"], line.get("fx", Exact(0)) + line.get("open_fx", Exact(0)))
    for symbol, lots in oracle.lots.items():
        found = book.ledger.holdings[symbol].lots
        assert len(found) == len(lots), (symbol, found, lots)
        for lot, (quantity, cost, base) in zip(found, lots, strict=True):
            assert lot.quantity == pytest.approx(float(quantity), rel=1e-9)
            near(lot.quantity * lot.cost, quantity * cost)
            near(lot.quantity * lot.base_cost, quantity * base)
    near(book.total_pnl, oracle.navs[-1] - exact(CASH) - oracle.flows)


@pytest.mark.parametrize("lot_method", ["average", "fifo", "lifo"])
@given(data=st.data())
def test_the_book_is_the_exact_one(lot_method: str, data: st.DataObject) -> None:
    events = data.draw(histories())
    check_same_book(events, lot_method, data.draw(st.permutations(events)))


@given(data=st.data())
def test_the_book_of_highest_cost_first_is_the_exact_one(data: st.DataObject) -> None:
    # Ratios that floats divide by exactly: which of two equal costs is dearer must not be noise.
    events = data.draw(histories(ratios=(2.0, 0.5, 4.0)))
    check_same_book(events, "hifo", data.draw(st.permutations(events)))


def oracle_of(events: list[Any], lot_method: str) -> ExactLedger:
    oracle = ExactLedger(lot_method)
    for event in events:
        oracle.apply(event)
    return oracle


LOT_METHODS = ["average", "fifo", "lifo", "hifo"]


@pytest.mark.parametrize("lot_method", LOT_METHODS)
@given(events=histories(ratios=(2.0, 0.5, 4.0)))
def test_fills_in_columns_realise_what_the_exact_book_does(
    lot_method: str, events: list[Any]
) -> None:
    fills = [e for e in events if isinstance(e, Fill)]
    rates = [1.0 if f.currency == "USD" else 1.25 for f in fills]
    columns = [[getattr(f, n) for f in fills] for n in ("symbol", "quantity", "price", "fee")]
    oracle = oracle_of(fills, lot_method)
    found = fills_pnl(*columns, multipliers=MULTIPLIER, fx_rates=rates, lot_method=lot_method)
    scale = 1e-12 * float(oracle.gross + 1)
    for symbol, realised, fees in zip(
        found.symbols, found.realised_by_symbol, found.fees_by_symbol, strict=True
    ):
        line = oracle.booked[symbol]
        assert abs(realised - float(line.get("realised", Exact(0)))) <= scale
        assert abs(fees - float(line["fees"])) <= scale


@pytest.mark.parametrize("lot_method", LOT_METHODS)
@given(events=histories(ratios=(2.0, 0.5, 4.0)))
def test_round_trips_sum_to_what_was_realised(lot_method: str, events: list[Any]) -> None:
    free = [replace(e, fee=0.0) if isinstance(e, Fill) else e for e in events]
    oracle = oracle_of(free, lot_method)
    book = run_ledger(free, cash=CASH, lot_method=lot_method, fx_rates={"EUR": 1.25})
    trades = book.trades
    scale = 1e-12 * float(oracle.gross + 1)
    for symbol, line in oracle.booked.items():
        wanted = line.get("realised", Exact(0)) + line.get("fx", Exact(0))
        assert abs(trades["pnl"][trades["symbol"] == symbol].sum() - float(wanted)) <= scale


@pytest.mark.parametrize("lot_method", ["average", "fifo"])
@given(events=histories(), data=st.data())
def test_causes_sum_to_the_profit_between_any_two_marks(
    lot_method: str, events: list[Any], data: st.DataObject
) -> None:
    oracle = oracle_of(events, lot_method)
    book = run_ledger(events, cash=CASH, lot_method=lot_method, fx_rates={"EUR": 1.25})
    last = data.draw(st.integers(0, len(oracle.navs) - 1))
    first = data.draw(st.integers(-1, last - 1))
    start = None if first < 0 else book.marked_at[first]
    why = explain_pnl(book, start, book.marked_at[last])
    opening = exact(CASH) if first < 0 else oracle.navs[first]
    earned = oracle.navs[last] - opening - sum(oracle.net_flows[first + 1 : last + 1], Exact(0))
    scale = 1e-12 * float(oracle.gross + exact(CASH))
    assert abs(why.total - float(earned)) <= scale
    causes = why.price + why.fx + why.cross + why.trading + why.dividends - why.fees
    assert abs(causes - float(earned)) <= scale


@pytest.mark.parametrize("lot_method", LOT_METHODS)
@pytest.mark.parametrize(
    "quantities",
    [
        pytest.param([0.1] * 10 + [-1.0], id="ten tenths are one"),
        pytest.param([33.3] + [-0.1] * 333, id="sold in tenths"),
        pytest.param([100_000.1, -100_000.0, -0.1], id="the last tenth of many"),
        pytest.param([1_000_000.1, -1_000_000.0, -0.1], id="the last tenth of a million"),
        pytest.param([-33.3] + [0.1] * 333, id="bought back in tenths"),
    ],
)
def test_a_position_sold_in_parts_is_flat(quantities: list[float], lot_method: str) -> None:
    fills = [Fill(START + timedelta(minutes=i), "A", q, 10.0) for i, q in enumerate(quantities)]
    # A mark of a flat book needs no price.
    book = run_ledger([*fills, Mark(START + timedelta(days=1), {})], lot_method=lot_method)
    assert book.ledger.holdings["A"].lots == ()
    assert len(book.positions) == 0


@pytest.mark.parametrize("lot_method", LOT_METHODS)
@pytest.mark.parametrize("held, sold", [(21.0, 20.99999999), (1e-6, 9e-7), (1e9, 999_999_999.0)])
def test_what_is_really_left_stays(held: float, sold: float, lot_method: str) -> None:
    fills = [Fill(START, "A", held, 10.0), Fill(START + timedelta(minutes=1), "A", -sold, 10.0)]
    left = run_ledger(fills, lot_method=lot_method).ledger.holdings["A"].quantity
    assert left == pytest.approx(float(exact(held) - exact(sold)), rel=1e-6)
