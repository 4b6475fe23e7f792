import math

import numpy as np
import pandas as pd
import pytest
import talib

from nautilus.core.errors import ParameterError
from nautilus.indicators import ema, sma
from nautilus.marketdata import load_sample

CLOSE = load_sample("sp500_ohlcv")["close"].to_numpy()


@pytest.mark.parametrize("period", [2, 5, 20, 200])
def test_equal_to_ta_lib_on_real_closes(period):
    np.testing.assert_allclose(sma(CLOSE, period), talib.SMA(CLOSE, period), rtol=1e-12)
    np.testing.assert_allclose(ema(CLOSE, period), talib.EMA(CLOSE, period), rtol=1e-12)


def test_first_seed_is_the_one_of_pandas():
    theirs = pd.Series(CLOSE).ewm(span=20, adjust=False).mean().to_numpy()
    ours = ema(CLOSE, 20, "first")
    assert np.isnan(ours[:19]).all()
    np.testing.assert_allclose(ours[19:], theirs[19:], rtol=1e-12)


def test_a_window_of_one_bar_is_the_series():
    np.testing.assert_array_equal(sma(CLOSE, 1), CLOSE)
    np.testing.assert_array_equal(ema(CLOSE, 1), CLOSE)


def test_one_enormous_tick_leaves_no_trace_in_a_window():
    close = CLOSE[:200].copy()
    close[50] = 1e12
    found = sma(close, 20)
    exact = [math.fsum(CLOSE[i - 19 : i + 1]) / 20 for i in range(70, 200)]
    np.testing.assert_allclose(found[70:], exact, rtol=1e-15)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_bar_spoils_exactly_the_windows_that_read_it(bad):
    close = CLOSE[:100].copy()
    close[50] = bad
    spoilt = ~np.isfinite(sma(close, 20))
    assert np.flatnonzero(spoilt).tolist() == [*range(19), *range(50, 70)]
    np.testing.assert_array_equal(sma(close, 20)[~spoilt], sma(CLOSE[:100], 20)[~spoilt])


def test_a_bad_bar_is_no_bar_of_an_exponential_average():
    spoilt = np.insert(CLOSE[:60], 30, np.nan)
    found = ema(spoilt, 14)
    assert np.isnan(found[30])
    np.testing.assert_array_equal(np.delete(found, 30), ema(CLOSE[:60], 14))


def test_a_constant_stays_itself():
    assert ema(np.full(50, 0.1), 20)[-1] == pytest.approx(0.1, rel=1e-15)
    assert sma(np.full(50, 0.1), 20)[-1] == pytest.approx(0.1, rel=1e-15)


@pytest.mark.parametrize("function", [sma, ema])
@pytest.mark.parametrize(
    "period, message",
    [
        (0, "`period` must be at least 1, got 0"),
        (2.5, "`period` must be a whole number of bars, got 2.5"),
        ("20", "`period` must be a number, got '20'"),
    ],
)
def test_options_out_of_range(function, period, message):
    with pytest.raises(ParameterError, match=message):
        function(CLOSE, period)


def test_an_unknown_seed():
    with pytest.raises(ParameterError, match="`seed` must be one of 'sma', 'first'"):
        ema(CLOSE, 20, "none")
