"""Metrics of stocks against SPY, each by its definition in numpy."""

import numpy as np
import pytest

from nautilus.analytics import (
    batting_average,
    correlation,
    down_capture,
    information_ratio,
    m_squared,
    net_selectivity,
    simple_returns,
    tracking_error,
    treynor_ratio,
    up_beta,
    up_capture,
)

YEAR = 252


def slope(a, b):
    return np.cov(a, b)[0, 1] / b.var(ddof=1)


def growth(a):
    return np.prod(1.0 + a) ** (1.0 / len(a)) - 1.0


def selectivity(a, b):
    return (a.mean() - a.std() / b.std() * b.mean()) * YEAR


DEFINITIONS = {
    tracking_error: lambda a, b: (a - b).std(ddof=1) * YEAR**0.5,
    information_ratio: lambda a, b: (a - b).mean() / (a - b).std(ddof=1) * YEAR**0.5,
    batting_average: lambda a, b: (a > b).mean(),
    correlation: lambda a, b: np.corrcoef(a, b)[0, 1],
    treynor_ratio: lambda a, b: a.mean() * YEAR / slope(a, b),
    m_squared: lambda a, b: a.mean() / a.std() * b.std() * YEAR,
    net_selectivity: selectivity,
    up_beta: lambda a, b: slope(a[b > 0], b[b > 0]),
    up_capture: lambda a, b: growth(a[b > 0]) / growth(b[b > 0]),
    down_capture: lambda a, b: growth(a[b < 0]) / growth(b[b < 0]),
}


@pytest.mark.parametrize("metric", DEFINITIONS, ids=lambda m: m.__name__)
def test_every_stock(metric, stocks, spy):
    returns = simple_returns(stocks)
    days = returns.index.intersection(spy.index)
    table, market = returns.loc[days], spy.loc[days]
    found = metric(table, market)
    for symbol in table.columns:
        known = table[symbol].notna().to_numpy()
        wanted = DEFINITIONS[metric](table[symbol][known].to_numpy(), market[known].to_numpy())
        assert found[symbol] == pytest.approx(wanted, rel=1e-11, abs=1e-12)
        if symbol in ("AAPL", "PTR", "GMRE"):
            alone = metric(table[symbol], market)
            assert alone == pytest.approx(found[symbol], rel=1e-11, abs=1e-13)
