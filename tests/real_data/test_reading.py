"""Real files as vendors write them."""

import numpy as np
import polars
import pytest

from nautilus.analytics import sharpe_ratio, simple_returns, total_return
from nautilus.core.errors import DataError, LabelError, NautilusError, UnitError
from nautilus.marketdata import read_prices


def test_a_long_file(folder, stocks):
    assert stocks.shape == (1258, 88)
    assert stocks.index.is_monotonic_increasing
    table = polars.read_parquet(folder / "equities/stocknet88_daily.parquet")
    for symbol in ("AAPL", "BABA", "PTR"):
        rows = table.filter((polars.col("symbol") == symbol) & polars.col("close").is_not_null())
        assert stocks[symbol].count() == len(rows)
        assert stocks[symbol].dropna().tolist() == rows.sort("date")["adj_close"].to_list()


def test_frames_read_like_their_files(folder):
    path = folder / "equities/long_daily.parquet"
    from_frame = read_prices(polars.read_parquet(path))
    assert from_frame.equals(read_prices(path))


def test_wide_files(folder):
    funds = read_prices(folder / "equities/etf23_close_wide.parquet")
    table = polars.read_parquet(folder / "equities/etf23_close_wide.parquet")
    assert funds.shape == (2141, 23)
    assert funds.columns.tolist() == table.columns[1:]
    assert np.array_equal(funds.to_numpy(), table.drop("date").to_numpy())


def test_raw_and_adjusted_closes_of_one_vendor(folder):
    path = folder / "equities/wiki_raw_adjusted.parquet"
    assert read_prices(path).loc["2015-01-02", "AAPL"] == 109.33
    adjusted = read_prices(path, field="adjusted_close")
    assert adjusted.loc["2015-01-02", "AAPL"] == pytest.approx(103.8639572, rel=1e-9)
    named = read_prices(path, columns={"close": "AdjClose"})
    assert named.equals(adjusted)
    with pytest.raises(LabelError, match="maps 'close' to 'Adj Close', which is not in the data"):
        read_prices(path, columns={"close": "Adj Close"})


@pytest.mark.parametrize("symbol", ["PTR", "REX", "SNP"])
def test_a_row_of_nulls_is_a_gap_of_two_returns(stocks, symbol):
    returns = simple_returns(stocks[symbol])
    gap = returns.index[returns.isna()]
    assert [str(d.date()) for d in gap] == ["2012-09-04", "2016-06-29", "2016-06-30"]
    assert np.isfinite(sharpe_ratio(returns))
    # Two returns are lost in the gap: the growth is that of the two sides.
    before, after = stocks[symbol][:"2016-06-28"], stocks[symbol]["2016-06-30":]
    sides = before.iloc[-1] / before.iloc[0] * after.iloc[-1] / after.iloc[0]
    assert total_return(returns) == pytest.approx(sides - 1.0, rel=1e-12)


def test_a_book_that_holds_through_the_gap_names_it(folder):
    from datetime import datetime

    from nautilus.accounting import Fill, run_ledger

    closes = read_prices(folder / "equities/stocknet88_daily.parquet")
    bought = Fill(datetime(2016, 6, 27, 15), "PTR", 10, 65.0)
    with pytest.raises(DataError, match="a price of PTR at 2016-06-29, where 10 are held"):
        run_ledger([bought], closes, cash=1000)
    sold = Fill(datetime(2016, 6, 28, 15), "PTR", -10, 66.0)
    book = run_ledger([bought, sold], closes, cash=1000)
    assert book.nav.iloc[-1] == 1010.0


def test_index_levels_are_no_returns(folder):
    path = folder / "macro/shiller_sp500_monthly.csv"
    levels = read_prices(path, columns={"close": "SP500"}).iloc[:, 0]
    with pytest.raises(UnitError, match="look like prices"):
        sharpe_ratio(levels, periods_per_year=12)


def test_monthly_returns_are_annualised_by_12(folder):
    path = folder / "macro/shiller_sp500_monthly.csv"
    monthly = simple_returns(read_prices(path, columns={"close": "SP500"}).iloc[:, 0]).iloc[1:]
    with pytest.raises(UnitError, match="spaced monthly; pass 12"):
        sharpe_ratio(monthly)
    wanted = monthly.mean() / monthly.std() * 12**0.5
    assert sharpe_ratio(monthly, periods_per_year=12) == pytest.approx(wanted, rel=1e-12)


def test_minutes_are_not_days(folder):
    path = folder / "intraday/sp500_index_1m_2019-11.parquet"
    minutes = simple_returns(read_prices(path).iloc[:, 0]).iloc[1:]
    assert len(minutes) == 1562
    with pytest.raises(UnitError, match="`periods_per_year` is 252"):
        sharpe_ratio(minutes)


def test_dates_that_could_be_two_days_are_refused(folder):
    from nautilus.core.frames import read_csv

    table = read_csv(folder / "macro/shiller_sp500_monthly.csv")
    table["Date"] = [d[5:7] + "/" + d[8:] + "/" + d[:4] for d in table["Date"]]
    with pytest.raises(NautilusError, match="'01/01/1871' in row 0 is no ISO date"):
        read_prices(table, columns={"close": "SP500"})
