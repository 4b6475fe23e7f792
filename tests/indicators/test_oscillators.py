import numpy as np
import pytest
import talib

from nautilus.core.errors import ParameterError
from nautilus.indicators import rsi
from nautilus.marketdata import load_sample

CLOSE = load_sample("sp500_ohlcv")["close"].to_numpy()


@pytest.mark.parametrize("period", [2, 5, 14, 50])
def test_equal_to_ta_lib_on_real_closes(period):
    np.testing.assert_allclose(rsi(CLOSE, period), talib.RSI(CLOSE, period), atol=1e-9)


def test_by_hand():
    # differences +1 -1 +2: averages of the first two 0.5 and 0.5, then 1.25 and 0.25
    np.testing.assert_allclose(
        rsi(np.array([10.0, 11.0, 10.0, 12.0]), 2), [np.nan, np.nan, 50.0, 100 * 1.25 / 1.5]
    )


def test_first_seed_is_an_exponential_average_of_differences():
    import pandas as pd

    change = pd.Series(CLOSE[:300]).diff().iloc[1:]
    gain, loss = (
        part.ewm(alpha=1 / 14, adjust=False).mean().to_numpy()
        for part in (change.clip(lower=0), -change.clip(upper=0))
    )
    ours = rsi(CLOSE[:300], 14, "first")[1:]
    np.testing.assert_allclose(ours[13:], (100 * gain / (gain + loss))[13:], rtol=1e-12)
    assert np.isnan(ours[:13]).all()


def test_a_flat_price_says_nothing():
    assert rsi(np.full(30, 0.1), 14)[-1] == 50.0


@pytest.mark.parametrize("step, value", [(1.0, 100.0), (-1.0, 0.0)])
def test_only_gains_or_only_losses(step, value):
    assert rsi(100 + step * np.arange(20.0), 14)[-1] == value


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_bar_is_no_bar(bad):
    close = CLOSE[:60]
    spoilt = np.insert(close, 30, bad)
    found = rsi(spoilt, 14)
    assert np.isnan(found[30])
    np.testing.assert_array_equal(np.delete(found, 30), rsi(close, 14))


def test_options_out_of_range():
    with pytest.raises(ParameterError, match="`period` must be at least 1, got 0"):
        rsi(CLOSE, 0)
    with pytest.raises(ParameterError, match="`seed` must be one of 'sma', 'first', got 'wilder'"):
        rsi(CLOSE, 14, "wilder")
