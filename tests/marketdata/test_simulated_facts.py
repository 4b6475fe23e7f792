"""What stands around the simulated prices: actions, statements, macro series, headlines."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import DataError, NotFoundError, ParameterError
from nautilus.marketdata import (
    Store,
    adjust_prices,
    known_symbols,
    macro_series,
    simulate_actions,
    simulate_macro,
    simulate_market,
    simulate_news,
    simulate_statements,
)
from nautilus.marketdata.market_model import World, own_shocks
from nautilus.marketdata.trading_days import new_york_trading_days

ALL = {"start": "2010-01-04", "end": "2025-12-31"}
LATER = {"start": "2010-01-04", "end": "2026-06-30"}
SOME = ["AAPL", "MSFT", "SPY", "XOM", "TLT"]
MAKERS = {
    "actions": (simulate_actions, "timestamp", SOME),
    "statements": (simulate_statements, "knowledge_ts", ["AAPL", "XOM", "SIM042"]),
    "macro": (simulate_macro, "knowledge_ts", list(macro_series())),
    "news": (simulate_news, "timestamp", ["AAPL", "XOM", "SIM042"]),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_later_end_and_other_names_change_nothing_that_was_there(kind):
    make, time, names = MAKERS[kind]
    short, long = make(names, **ALL), make(names, **LATER)
    before = long.filter(pl.col(time) < dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert short.equals(before.filter(pl.col(time) <= short[time].max()))
    assert short.height == before.height
    one = make(names[:1], **ALL)
    owner = one.columns[0]
    assert one.equals(short.filter(pl.col(owner) == names[0]))
    assert short["source"].unique().to_list() == ["simulated"]
    assert not make(names, seed=1, **ALL).equals(short)


@given(st.sampled_from(SOME), st.integers(0, 3))
def test_prices_as_traded_adjusted_by_the_actions_are_the_total_returns(symbol, seed):
    raw = simulate_market([symbol], adjustment="none", seed=seed, **ALL).prices()[symbol]
    total = simulate_market([symbol], seed=seed, **ALL).prices()[symbol]
    events = {"split": {}, "dividend": {}}
    actions = simulate_actions([symbol], seed=seed, **ALL)
    for day, kind, value in actions.select("timestamp", "kind", "value").iter_rows():
        events[kind][str(day)[:10]] = value
    ours = adjust_prices(raw, splits=events["split"], dividends=events["dividend"])
    np.testing.assert_allclose(ours / ours.iloc[-1], total / total.iloc[-1], rtol=1e-9)


def test_the_store_adjusts_them_the_same_way(tmp_path):
    raw = simulate_market(SOME, adjustment="none", **ALL).to_frame().drop(columns="source")
    with Store(tmp_path) as store:
        store.append("bars", raw.rename_axis("timestamp"), source="own")
        store.append("actions", simulate_actions(SOME, **ALL).drop("source"), source="own")
        rows = store.read("bars", adjustment="total").pivot(
            "symbol", index="timestamp", values="close"
        )
    total = simulate_market(SOME, **ALL)
    for position, symbol in enumerate(SOME):
        ours, theirs = rows[symbol].to_numpy(), total.close[:, position]
        np.testing.assert_allclose(ours / ours[-1], theirs / theirs[-1], rtol=1e-9)


def test_splits_keep_prices_below_a_thousand_and_leave_split_adjusted_returns_alone():
    names = [n for n in known_symbols(simulated=False) if n != "SP500"]
    raw = simulate_market(names, adjustment="none", **LATER)
    assert raw.close.max() < 1_000
    assert not simulate_actions(["SP500", "GLD"], **ALL).height
    split = simulate_market(["XOM"], adjustment="split", **ALL).close[:, 0]
    assert np.abs(np.diff(np.log(split))).max() < 0.4
    assert np.abs(np.diff(np.log(simulate_market(["XOM"], adjustment="none", **ALL).close[:, 0])))\
        .max() > 1.0  # fmt: skip


def test_minutes_as_traded_are_those_of_the_day_as_traded():
    window = {"start": "2020-02-03", "end": "2020-02-07"}  # XOM splits on the 5th
    day = simulate_market(["XOM"], adjustment="none", **window)
    minutes = simulate_market(["XOM"], adjustment="none", timeframe="1m", **window)
    opens = minutes.open[::390, 0]
    np.testing.assert_array_equal(opens, day.open[:, 0])
    assert minutes.volume.sum() == day.volume.sum()


def test_the_balance_sheet_balances_and_is_filed_in_time():
    rows = simulate_statements(["AAPL", "SIM042"], **ALL)
    first = rows.filter(~pl.col("form").str.ends_with("/A"))
    wide = first.pivot("concept", index=["symbol", "period_end"], values="value")
    assert (wide["Assets"] == wide["Liabilities"] + wide["StockholdersEquity"]).all()
    delay = (first["knowledge_ts"] - first["period_end"]).dt.total_days()
    assert delay.is_between(25, 45).all()


def test_the_details_fit_the_main_lines():
    rows = simulate_statements(**ALL)
    first = rows.filter(~pl.col("form").str.ends_with("/A"))
    wide = first.pivot("concept", index=["symbol", "period_end"], values="value")
    wide = wide.sort("symbol", "period_end")
    current = (
        wide["InventoryNet"]
        + wide["AccountsReceivableNetCurrent"]
        + wide["CashAndCashEquivalentsAtCarryingValue"]
    )
    assert (current < wide["Assets"]).all()
    debt = wide["LongTermDebtNoncurrent"] + wide["LongTermDebtCurrent"]
    assert (debt < wide["Liabilities"]).all()
    assert (wide["OperatingIncomeLoss"] < wide["GrossProfit"]).all()
    # What is earned and not paid out is what equity grows by, to the dollar.
    kept = wide["NetIncomeLoss"] - wide["PaymentsOfDividends"]
    grown = wide["StockholdersEquity"].diff()
    same = (wide["symbol"] == wide["symbol"].shift()) & (wide["NetIncomeLoss"] > 0)
    assert (kept.filter(same) == grown.filter(same)).all()
    assert same.sum() > 1000


def test_a_restatement_is_not_known_before_it_was_filed(tmp_path):
    rows = simulate_statements(**ALL)
    again = rows.filter(pl.col("form").str.ends_with("/A")).row(0, named=True)
    with Store(tmp_path) as store:
        store.append("fundamentals", rows.drop("source"), source="own")
        of = pl.col("concept") == again["concept"], pl.col("period_end") == again["period_end"]
        before = again["knowledge_ts"] - dt.timedelta(days=1)
        then = store.read("fundamentals", again["symbol"], as_of=before).filter(*of)
        now = store.read("fundamentals", again["symbol"]).filter(*of)
    assert then["value"][0] != now["value"][0] == again["value"]


def test_a_figure_is_revised_twice_and_never_known_before_its_period_ends():
    rows = simulate_macro(["CPI", "GDP", "unemployment"], **ALL)
    counts = rows.group_by("series", "timestamp").len()
    whole = counts.filter(pl.col("timestamp") < dt.datetime(2025, 7, 1, tzinfo=dt.UTC))
    assert whole["len"].unique().to_list() == [3]
    length = pl.when(pl.col("series") == "GDP").then(pl.lit("3mo")).otherwise(pl.lit("1mo"))
    assert (rows["knowledge_ts"] >= rows.select(
        pl.col("timestamp").dt.offset_by(length)).to_series()).all()  # fmt: skip


def test_the_economy_knows_the_regime_of_the_market():
    market = simulate_market(["SPY"], **ALL)
    rows = simulate_macro(["VIX", "high_yield_spread", "T10Y2Y"], **ALL)
    for name in ("VIXCLS", "BAMLH0A0HYM2", "T10Y2Y"):
        values = rows.filter(pl.col("series") == name)["value"].to_numpy()
        assert len(values) == len(market.times)
        assert values[market.regimes == 1].mean() > values[market.regimes == 0].mean()
    vix = rows.filter(pl.col("series") == "VIXCLS")["value"].to_numpy()
    later = np.abs(np.diff(np.log(market.close[:, 0])))
    assert np.corrcoef(vix[:-1], later)[0, 1] > 0.2


def test_headlines_lean_a_little_towards_the_next_session():
    names = [f"SIM{n:03d}" for n in range(1, 121)]
    news = simulate_news(names, **ALL)
    days = new_york_trading_days(ALL["start"], "2026-01-31")
    world = World(0, len(days))
    shocks = {name: own_shocks(name, world) for name in names}
    row = np.searchsorted(days, news["timestamp"].dt.date().to_numpy().astype("M8[D]"))
    after = np.array([shocks[s][r + 1] for s, r in zip(news["symbol"], row, strict=True)])
    n = len(after)
    correlation = np.corrcoef(news["polarity"].to_numpy(), after)[0, 1]
    # 0.10 as drawn, within four standard errors, less what tanh takes.
    assert abs(correlation - 0.10) < 4.0 / np.sqrt(n) + 0.01
    same = np.array([shocks[s][r] for s, r in zip(news["symbol"], row, strict=True)])
    assert abs(np.corrcoef(news["polarity"].to_numpy(), same)[0, 1]) < 4.0 / np.sqrt(n)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: simulate_actions(["APPL"], **ALL), NotFoundError, "Did you mean"),
        (lambda: simulate_statements(["SPY"], **ALL), DataError, "files no statements"),
        (lambda: simulate_news(["GLD"], **ALL), DataError, "has no news"),
        (lambda: simulate_macro(["UNRAT"], **ALL), NotFoundError, "Did you mean UNRATE"),
        (lambda: simulate_macro(["CPI", "CPIAUCSL"], **ALL), ParameterError, "each series once"),
        (lambda: simulate_market(["KO"], adjustment="raw", **ALL), ParameterError, "`adjustment`"),
    ],
)
def test_what_there_is_none_of(call, error, words):
    with pytest.raises(error, match=words):
        call()
