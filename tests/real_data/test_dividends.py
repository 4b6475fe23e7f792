"""A share bought and held, with its dividends: the ledger against adjusted closes of the vendor."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import polars
import pytest

from nautilus.accounting import Dividend, Fill, run_ledger
from nautilus.analytics import simple_returns, total_return
from nautilus.marketdata import adjust_prices

SHARES = 100.0


@pytest.fixture(scope="module", params=["AAPL", "COKE"])
def share(request, folder):
    table = polars.read_parquet(folder / "equities/wiki_raw_adjusted.parquet")
    rows = table.filter(polars.col("symbol") == request.param).sort("date")
    names = ("Close", "AdjClose", "ExDividend")
    days = pd.DatetimeIndex(rows["date"].to_numpy().astype("M8[ns]"))
    bars = pd.DataFrame({name: rows[name].to_numpy() for name in names}, days)
    return request.param, bars


def dividends_of(symbol, bars):
    paid = bars["ExDividend"][bars["ExDividend"] > 0]
    return [Dividend(day.to_pydatetime(), symbol, amount) for day, amount in paid.items()]


def at_close(day):
    return day.to_pydatetime() + timedelta(hours=16)


def test_bought_and_held_it_earns_price_change_and_dividends(share):
    symbol, bars = share
    first = Fill(at_close(bars.index[0]), symbol, SHARES, bars["Close"].iloc[0])
    cash = SHARES * bars["Close"].iloc[0]
    events = [first, *dividends_of(symbol, bars)]
    book = run_ledger(events, bars[["Close"]].set_axis([symbol], axis=1), cash=cash)
    collected = bars["ExDividend"].cumsum()
    np.testing.assert_allclose(book.nav, SHARES * (bars["Close"] + collected), rtol=1e-14)
    line = book.pnl.loc[symbol]
    change = bars["Close"].iloc[-1] - bars["Close"].iloc[0]
    assert line["unrealised"] == pytest.approx(SHARES * change, rel=1e-13)
    assert line["dividends"] == pytest.approx(SHARES * collected.iloc[-1], rel=1e-13)
    assert line["realised"] == line["fees"] == line["fx"] == 0.0
    assert book.cash == pytest.approx(SHARES * collected.iloc[-1], rel=1e-12)
    assert total_return(book.returns) == pytest.approx(book.nav.iloc[-1] / cash - 1, rel=1e-12)


def test_reinvested_at_the_ex_date_close_it_is_the_adjusted_close(share):
    symbol, bars = share
    held = SHARES
    events = [Fill(at_close(bars.index[0]), symbol, held, bars["Close"].iloc[0])]
    for dividend in dividends_of(symbol, bars):
        close = bars["Close"][dividend.timestamp]
        bought = held * dividend.amount / close
        held += bought
        when = dividend.timestamp + timedelta(hours=16)
        events += [dividend, Fill(when, symbol, bought, close)]
    cash = SHARES * bars["Close"].iloc[0]
    prices = bars[["Close"]].set_axis([symbol], axis=1)
    book = run_ledger(events, prices, cash=cash)
    wealth = bars["AdjClose"] / bars["AdjClose"].iloc[0]
    np.testing.assert_allclose(book.nav / cash, wealth, rtol=1e-11)
    np.testing.assert_allclose(
        book.returns.iloc[1:], simple_returns(bars["AdjClose"]).iloc[1:], atol=1e-12
    )
    assert book.cash == pytest.approx(0.0, abs=1e-9 * cash)


def test_our_adjusted_prices_reinvest_at_the_price_before_less_the_dividend(share):
    _, bars = share
    paid = bars["ExDividend"][bars["ExDividend"] > 0]
    ours = simple_returns(adjust_prices(bars["Close"], dividends=paid.to_dict())).iloc[1:]
    before, now = bars["Close"].shift(1).iloc[1:], bars["Close"].iloc[1:]
    dividend = bars["ExDividend"].iloc[1:]
    np.testing.assert_allclose(ours, now / (before - dividend) - 1, atol=1e-14)
    # The vendor reinvests at the close of the ex-date: both differ by the dividend's own return.
    theirs = simple_returns(bars["AdjClose"]).iloc[1:]
    np.testing.assert_allclose(ours - theirs, dividend / before * ours, atol=1e-12)


def test_a_short_seller_pays_what_the_holder_gets(share):
    symbol, bars = share
    prices = bars[["Close"]].set_axis([symbol], axis=1)
    day, close = at_close(bars.index[0]), bars["Close"].iloc[0]
    books = [
        run_ledger([Fill(day, symbol, q, close), *dividends_of(symbol, bars)], prices, cash=1e5)
        for q in (SHARES, -SHARES)
    ]
    np.testing.assert_allclose(books[0].nav - 1e5, 1e5 - books[1].nav, atol=1e-9)
    assert books[0].pnl.loc[symbol, "dividends"] == -books[1].pnl.loc[symbol, "dividends"]


@pytest.mark.parametrize("lot_method", ["average", "fifo", "lifo", "hifo"])
def test_traded_up_and_down_its_profit_is_that_of_the_position(share, lot_method):
    symbol, bars = share
    rng = np.random.default_rng(5)
    days = rng.choice(len(bars), 120, replace=False)
    fills = [
        Fill(at_close(bars.index[i]), symbol, float(q), bars["Close"].iloc[i], fee=1.0)
        for i, q in zip(days, rng.integers(-50, 50, 120), strict=True)
        if q
    ]
    prices = bars[["Close"]].set_axis([symbol], axis=1)
    dividends = dividends_of(symbol, bars)
    book = run_ledger([*fills, *dividends], prices, cash=1e6, lot_method=lot_method)
    traded = bars["Close"] * 0.0
    for fill in fills:
        traded[datetime.combine(fill.timestamp.date(), datetime.min.time())] += fill.quantity
    overnight = traded.cumsum().shift(1).fillna(0.0)
    earned = overnight * (bars["Close"].diff().fillna(0.0) + bars["ExDividend"])
    assert book.total_pnl == pytest.approx(earned.sum() - len(fills), abs=1e-7)
    assert book.nav.iloc[-1] == pytest.approx(1e6 + book.total_pnl, abs=1e-7)
