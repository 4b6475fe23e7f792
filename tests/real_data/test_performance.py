"""Metrics of real returns, against empyrical where it is right and by hand."""

import warnings

import numpy as np
import pytest

from nautilus.analytics import (
    alpha_beta,
    annualized_return,
    annualized_volatility,
    beta,
    calmar_ratio,
    compounded_alpha,
    downside_deviation,
    drawdown_series,
    drawdown_table,
    max_drawdown,
    omega_ratio,
    performance_summary,
    sharpe_ratio,
    simple_returns,
    sortino_ratio,
    total_return,
)
from nautilus.core.results import unexplained

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

PAIRS = {
    "total_return": (total_return, lambda r: empyrical.cum_returns_final(r)),
    "annualized_return": (annualized_return, lambda r: empyrical.cagr(r)),
    "annualized_volatility": (annualized_volatility, lambda r: empyrical.annual_volatility(r)),
    "sharpe_ratio": (sharpe_ratio, lambda r: empyrical.sharpe_ratio(r)),
    "sortino_ratio": (sortino_ratio, lambda r: empyrical.sortino_ratio(r)),
    "downside_deviation": (downside_deviation, lambda r: empyrical.downside_risk(r)),
    "omega_ratio": (omega_ratio, lambda r: empyrical.omega_ratio(r)),
    "max_drawdown": (max_drawdown, lambda r: empyrical.max_drawdown(r)),
    "calmar_ratio": (calmar_ratio, lambda r: empyrical.calmar_ratio(r)),
}


@pytest.fixture(scope="module")
def returns(stocks):
    return simple_returns(stocks).iloc[1:]


@pytest.mark.parametrize("name", PAIRS)
def test_of_88_stocks(name, returns):
    ours, theirs = PAIRS[name]
    table = ours(returns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = [theirs(returns[s].dropna()) for s in returns.columns]
    assert table.index.tolist() == returns.columns.tolist()
    np.testing.assert_allclose(table, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", PAIRS)
def test_of_spy(name, spy):
    ours, theirs = PAIRS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours(spy) == pytest.approx(theirs(spy), rel=1e-12)


def test_alpha_and_beta_of_88_stocks(returns, spy):
    shared = returns.index.intersection(spy.index)
    stocks, market = returns.loc[shared], spy.loc[shared]
    slopes, alphas = beta(stocks, market), compounded_alpha(stocks, market)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for symbol in stocks.columns:
            known = stocks[symbol].dropna()
            wanted = empyrical.alpha_beta(known, market.loc[known.index])
            found = (alphas[symbol], slopes[symbol])
            np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12)
    one = alpha_beta(stocks["AAPL"], market)
    assert one.beta == pytest.approx(slopes["AAPL"], rel=1e-12)


def test_the_fall_of_2008_by_hand(spy):
    wealth = peak = 1.0
    depth, first, trough, recovery, since = 0.0, None, None, None, None
    for day, r in spy.items():
        wealth *= 1.0 + r
        if wealth >= peak:
            peak, since = wealth, None
            recovery = recovery or (day if trough else None)
            continue
        since = since or day
        if wealth / peak - 1.0 < depth:
            depth, first, trough, recovery = wealth / peak - 1.0, since, day, None
    assert [str(d.date()) for d in (trough, recovery)] == ["2009-03-09", "2011-04-29"]
    deepest = drawdown_table(spy)[0]
    assert deepest.depth == pytest.approx(depth, rel=1e-12)
    found = [str(np.datetime64(d, "D")) for d in (deepest.start, deepest.trough, deepest.recovery)]
    assert found == [str(d.date()) for d in (first, trough, recovery)]
    assert deepest.periods_to_trough == spy.index.get_loc(trough) - spy.index.get_loc(first) + 1
    assert drawdown_series(spy).min() == deepest.depth == max_drawdown(spy)


def test_a_summary_explains_each_gap(returns, spy):
    for symbol in ("AAPL", "AGFS", "PTR"):
        assert unexplained(performance_summary(returns[symbol])) == ()
    assert performance_summary(returns["PTR"]).n_used == returns["PTR"].notna().sum()
