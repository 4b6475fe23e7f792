"""Bar by bar equals at once, to the bit, on 88 real stocks with their gaps."""

import numpy as np
import pytest

import nautilus as nt
from nautilus.analytics import drawdown_series, max_drawdown, sharpe_ratio, simple_returns
from nautilus.indicators import ema, rsi, sma

SERIES = {"rsi": (rsi, 14), "sma": (sma, 20), "ema": (ema, 20)}


def same(a, b):
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


def streamed(function, values, **parameters):
    stream = nt.stream(function, **parameters)
    return np.array([stream.update(float(x)) for x in values])


@pytest.mark.parametrize("name", SERIES)
def test_indicators(name, stocks):
    function, period = SERIES[name]
    whole = function(stocks, period)
    assert list(whole.columns) == list(stocks.columns)
    for symbol in stocks.columns:
        assert same(whole[symbol], streamed(function, stocks[symbol], period=period))
        assert same(whole[symbol], function(stocks[symbol], period))


def test_drawdowns(stocks):
    returns = simple_returns(stocks)
    whole = drawdown_series(returns)
    for symbol in stocks.columns:
        assert same(whole[symbol], streamed(drawdown_series, returns[symbol]))


@pytest.mark.parametrize("symbol", ["AAPL", "PTR", "GMRE"])
@pytest.mark.parametrize("name", SERIES)
def test_cut_anywhere_and_restored(name, symbol, stocks):
    function, period = SERIES[name]
    values = stocks[symbol].to_numpy()
    for cut in (1, 13, 960, 961):
        head = nt.stream(function, period=period)
        head.extend(values[:cut])
        tail = nt.Stream.of(head.snapshot()).extend(values[cut:])
        assert same(tail, function(values, period)[cut:])


@pytest.mark.parametrize("symbol", ["AAPL", "PTR", "GMRE"])
@pytest.mark.parametrize("metric", [sharpe_ratio, max_drawdown])
def test_metrics(metric, symbol, stocks):
    returns = simple_returns(stocks[symbol])
    assert streamed(metric, returns)[-1] == pytest.approx(metric(returns), rel=1e-12)


def test_a_panel_streams_by_row(stocks):
    stream = nt.stream(rsi, period=14)
    rows = [np.asarray(stream.update(row)) for row in stocks.to_numpy()[:60]]
    assert same(np.array(rows), rsi(stocks.to_numpy(), 14)[:60])
